package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/httpx"
)

// reconciles is the command that holds every total against what it follows from.
type reconciles struct{}

// errDisagree is the failure that a script sees.
var errDisagree = errors.New("the books do not agree")

// Run reconciles the Instead that runs on this machine, or starts one for as long
// as it takes.
func (*reconciles) Run(ctx context.Context, c *commands) error {
	client, token, stop, err := connect(ctx, c)
	if err != nil {
		return err
	}
	defer stop()
	resp, err := client.ReadReconciliationWithResponse(httpx.WithToken(ctx, token), &funding.ReadReconciliationParams{})
	if err != nil {
		return err
	}
	for _, checked := range resp.JSON200.Checked {
		fmt.Printf("%10d %s checked\n", checked.Count, checked.What)
	}
	for _, d := range resp.JSON200.Disagreements {
		fmt.Printf("  %s %s: %s\n", d.Id, d.Area, d.What)
	}
	if n := resp.JSON200.Disagree; n > 0 {
		return fmt.Errorf("%w: %d disagree", errDisagree, n)
	}
	fmt.Println("Everything agrees.")
	return nil
}
