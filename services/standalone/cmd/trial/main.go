// Command trial tries an Instead that runs somewhere else, as three people who are
// not people: a work coach, a manager and a finance officer. It does the main job
// once, which is what helm test runs, or again and again, and then looks whether
// anything was lost or done twice.
//
// It goes the way that any caller goes: a token from the sign-in provider, and the
// services' contracts. So that it can be had where there is no provider, it can
// also be one: a sign-in at which anybody is anybody, for clusters without people's
// data in them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/instead-support/instead/pkg/config"
	"github.com/instead-support/instead/pkg/seal"
)

const usage = "usage: trial sign-in | main-job | load [-for 1m] [-workers 2] | bank-keys"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, config.FromOS(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "trial: "+err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context, env config.Env, args []string) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	switch args[0] {
	case "sign-in":
		return signIn(ctx, env)
	case "main-job":
		t, err := newTrial(ctx, env, http.DefaultTransport)
		if err != nil {
			return err
		}
		return t.once(ctx)
	case "load":
		flags := flag.NewFlagSet("load", flag.ContinueOnError)
		length := flags.Duration("for", time.Minute, "how long")
		workers := flags.Int("workers", 2, "how many coaches at once")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		t, err := newTrial(ctx, env, http.DefaultTransport)
		if err != nil {
			return err
		}
		return t.load(ctx, *length, *workers, os.Stdout)
	case "bank-keys":
		keys, err := seal.NewKeys()
		if err == nil {
			fmt.Println(keys)
		}
		return err
	default:
		return errors.New(usage)
	}
}
