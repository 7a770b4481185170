package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/instead-support/instead/pkg/telemetry"
	"github.com/instead-support/instead/services/standalone/internal/system"
)

// retells is the command that has services tell again all that they ever told for
// others to count.
type retells struct {
	Service string `arg:"" optional:"" enum:"all,needs,funding,outcomes" default:"all" help:"Which service: all, needs, funding or outcomes."`
	After   string `help:"Go on after the place that a retelling of this service named when it broke off." placeholder:"PLACE"`
}

// Run starts Instead for as long as it takes. What is told lies in its stream after
// that, and is counted as soon as somebody counts.
func (r *retells) Run(ctx context.Context, c *commands) error {
	services, args := []string{"needs", "funding", "outcomes"}, []string(nil)
	if r.Service != "all" {
		services = []string{r.Service}
	}
	if r.After != "" {
		if len(services) > 1 {
			return errors.New("say which service to go on with, such as: retell funding --after PLACE")
		}
		args = []string{"--after", r.After}
	}
	return briefly(ctx, c, func(s *system.System) error {
		for _, name := range services {
			fmt.Fprintf(os.Stderr, "%s: ", name)
			if err := s.Command(ctx, name, "retell", args, os.Stdout); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	})
}

// briefly starts Instead for as long as do takes.
func briefly(ctx context.Context, c *commands, do func(*system.System) error) error {
	logFile, err := openLog(c.log())
	if err != nil {
		return err
	}
	defer logFile.Close()
	s, err := system.Start(ctx, system.Config{Dir: c.Data, Origin: c.origin(), Log: telemetry.Logger(logFile)})
	if err != nil {
		return err // which says what to do if it runs already
	}
	defer s.Stop()
	return do(s)
}
