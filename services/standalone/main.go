// Command standalone runs the whole of Instead on one machine, with demo
// sign-in: for trying it, for developing it, and for importing a course list
// from the command line.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands is the command line.
type commands struct {
	Data string `help:"Folder that keeps everything." default:"var/instead" type:"path" env:"INSTEAD_DATA"`
	Port int    `help:"Port of the address to open." default:"8080" env:"INSTEAD_PORT"`

	Serve  serve   `cmd:"" default:"withargs" help:"Start everything and say which address to open."`
	Import imports `cmd:"" help:"Import something from a file."`

	Reconcile reconciles `cmd:"" help:"Say whether the books agree, and where not. Fails if they do not."`
	Retell    retells    `cmd:"" help:"Tell everything again, as it stands, to whoever counts it."`
	Rebuild   rebuilds   `cmd:"" help:"Tell everything again, and work out every figure of what the money did from nothing."`
}

func (c *commands) origin() string { return fmt.Sprintf("http://localhost:%d", c.Port) }
func (c *commands) log() string    { return filepath.Join(c.Data, "instead.log") }

func main() {
	var c commands
	parsed := kong.Parse(&c, kong.Name("standalone"), kong.UsageOnError(),
		kong.Description("Instead pays for what a jobseeker needs instead of a course. This is all of it on one machine, with demo sign-in."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second Ctrl-C ends the process at once.
	context.AfterFunc(ctx, stop)
	parsed.BindTo(ctx, (*context.Context)(nil))
	if err := parsed.Run(&c); err != nil {
		fmt.Fprintln(os.Stderr, "instead: "+err.Error())
		os.Exit(1)
	}
}
