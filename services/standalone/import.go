package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/pkg/telemetry"
	"github.com/instead-support/instead/services/standalone/internal/demo"
	"github.com/instead-support/instead/services/standalone/internal/system"
)

// imports is the command with one subcommand for each thing to import.
type imports struct {
	Courses importCourses `cmd:"" help:"Import standard courses and their dated prices from a CSV file."`
}

// importCourses uploads a file to funding, as a manager, and follows it.
type importCourses struct {
	File string   `arg:"" type:"existingfile" help:"The CSV file."`
	Map  []string `help:"A heading that is not understood, such as --map price='Cost (£)'." placeholder:"FIELD=HEADING" sep:"none"`
	From string   `help:"The day the prices start, where the file has no such column." placeholder:"2026-04-01"`
}

// Run imports through the Instead that runs on this machine, or starts one for
// as long as the import takes.
func (i *importCourses) Run(ctx context.Context, c *commands) error {
	params := &funding.UploadImportParams{FileName: filepath.Base(i.File)}
	if len(i.Map) > 0 {
		params.Map = &i.Map
	}
	if i.From != "" {
		day, err := time.Parse(time.DateOnly, i.From)
		if err != nil {
			return fmt.Errorf("--from must be a day such as 2026-04-01, not %q", i.From)
		}
		params.From = &openapi.Date{Time: day}
	}
	client, token, stop, err := connect(ctx, c)
	if err != nil {
		return err
	}
	defer stop()
	return i.follow(httpx.WithToken(ctx, token), client, params)
}

func (i *importCourses) follow(ctx context.Context, client *funding.ClientWithResponses, params *funding.UploadImportParams) error {
	f, err := os.Open(i.File)
	if err != nil {
		return err
	}
	defer f.Close()
	up, err := client.UploadImportWithBodyWithResponse(ctx, params, "text/csv", f)
	if err != nil {
		return err
	}
	state := up.JSON202
	for state.State == funding.Running {
		if state.Total > 0 {
			fmt.Printf("\r  %d of %d rows", state.Done, state.Total)
		}
		select {
		case <-ctx.Done():
			return errors.New("the import goes on in the background while Instead runs")
		case <-time.After(200 * time.Millisecond):
		}
		read, err := client.ReadImportWithResponse(ctx, state.Id)
		if err != nil {
			return err
		}
		state = read.JSON200
	}
	fmt.Print("\r")
	return i.report(ctx, client, state)
}

func (i *importCourses) report(ctx context.Context, client *funding.ClientWithResponses, state *funding.Import) error {
	if state.State == funding.NeedsMapping {
		return fmt.Errorf("%s was not imported. %s Add --map, such as --map name='Course title'", i.File, state.Message)
	}
	if state.State != funding.Done {
		return fmt.Errorf("%s was not imported. %s", i.File, state.Message)
	}
	fmt.Printf("%s: %d rows. %d prices added, %d updated, %d there already, %d repeated. %d to be confirmed before they can be a cap. %d rows not taken.\n",
		state.FileName, state.Total, state.Added, state.Updated, state.Unchanged, state.Duplicates, state.Flagged, state.Bad)
	size := 200
	for page := 1; (page-1)*size < state.Bad; page++ {
		problems, err := client.ListImportProblemsWithResponse(ctx, state.Id, &funding.ListImportProblemsParams{Page: &page, Size: &size})
		if err != nil {
			return err
		}
		for _, p := range problems.JSON200.Items {
			fmt.Printf("  line %d, %s: %s\n", p.Line, p.Column, p.Reason)
		}
	}
	return nil
}

// importer is who an import from the command line is done as.
const importer = "marcus-reid"

// connect returns a client of funding and a manager's token for it.
func connect(ctx context.Context, c *commands) (client *funding.ClientWithResponses, token string, stop func(), err error) {
	logFile, err := openLog(c.log())
	if err != nil {
		return nil, "", nil, err
	}
	s, err := system.Start(ctx, system.Config{Dir: c.Data, Origin: c.origin(), Log: telemetry.Logger(logFile)})
	var providers *demo.Providers
	var transport http.RoundTripper
	server := "http://funding"
	switch {
	case err == nil:
		providers, transport, stop = s.Providers, s.Transport, func() { s.Stop(); _ = logFile.Close() }
	case system.Running(err):
		// It has the same signing keys, so it takes a token that is made here.
		providers, err = system.SignIn(c.Data, c.origin())
		transport, server, stop = http.DefaultTransport, c.origin()+"/api/funding", func() { _ = logFile.Close() }
	}
	if err != nil {
		_ = logFile.Close()
		return nil, "", nil, err
	}
	for _, p := range demo.Staff {
		if p.Subject == importer {
			token, err = providers.Staff.Token(ctx, p)
		}
	}
	if err == nil {
		client, err = funding.NewClientWithResponses(server, funding.WithHTTPClient(httpx.NewClient(transport)))
	}
	if err != nil {
		stop()
		return nil, "", nil, err
	}
	return client, token, stop, nil
}
