package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/instead-support/instead/pkg/telemetry"
	"github.com/instead-support/instead/services/standalone/internal/demo"
	"github.com/instead-support/instead/services/standalone/internal/seed"
	"github.com/instead-support/instead/services/standalone/internal/system"
)

// serve is the command that runs everything.
type serve struct {
	Empty bool `help:"Start without demo courses and jobseekers."`
}

// Run starts the system, fills it the first time, and serves until interrupted.
func (s *serve) Run(ctx context.Context, c *commands) error {
	began := time.Now()
	// Asked for first: a port in use is told of before anything is started.
	listener, err := system.Listen(c.origin())
	if err != nil {
		return err
	}
	defer listener.Close()
	logFile, err := openLog(c.log())
	if err != nil {
		return err
	}
	defer logFile.Close()
	stop, err := telemetry.Start(ctx, "instead-standalone")
	if err != nil {
		return err
	}
	defer func() {
		flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = stop(flush)
	}()
	step := func(what string) { fmt.Printf("  %5.1fs  %s\n", time.Since(began).Seconds(), what) }
	clock := &seed.Clock{}
	running, err := system.Start(ctx, system.Config{Dir: c.Data, Origin: c.origin(), Log: telemetry.Logger(logFile), Now: clock.Now, Step: step})
	if err != nil {
		return err
	}
	defer func() {
		fmt.Println("\nStopping. What was entered is kept in " + c.Data + ".")
		running.Stop()
	}()
	if !s.Empty {
		if err := fill(ctx, c, running, clock, step); err != nil {
			return err
		}
	}
	welcome(c)
	return running.Serve(ctx, listener)
}

// fill makes the demo data the first time, and marks that it was made: what the
// people do with it afterwards is theirs.
func fill(ctx context.Context, c *commands, s *system.System, clock *seed.Clock, step func(string)) error {
	mark := filepath.Join(c.Data, "filled")
	switch _, err := os.Stat(mark); {
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	filler := &seed.Seed{Providers: s.Providers, Transport: s.Transport, Clock: clock, Step: step}
	if err := filler.Fill(ctx); err != nil {
		return fmt.Errorf("the demo data could not be made: %w", err)
	}
	return os.WriteFile(mark, nil, 0o600)
}

func openLog(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("the folder for its data can't be made: %w", err)
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// welcome says where to go and who to be.
func welcome(c *commands) {
	fmt.Printf("\nInstead is running. Open\n\n    %s\n\nand sign in, without a password, as one of\n\n", c.origin())
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, p := range demo.Staff {
		roles := make([]string, len(p.Roles))
		for i, r := range p.Roles {
			roles[i] = string(r)
		}
		fmt.Fprintf(w, "    %s\t%s, %s\t%s\n", p.Name, strings.Join(roles, " and "), strings.Join(p.Areas, " and "), p.About)
	}
	fmt.Fprintf(w, "    %s\tjobseeker\t%s\n", demo.Jobseekers[0].Name, "See what was agreed. Others are on the sign-in page.")
	_ = w.Flush()
	fmt.Printf("\nThe APIs: %[1]s/api/needs/docs, %[1]s/api/funding/docs, %[1]s/api/outcomes/docs and %[1]s/api/reporting/docs. The log: %[2]s. Ctrl-C stops everything.\n", c.origin(), c.log())
}
