package main

import (
	"context"
	"fmt"
	"os"

	"github.com/instead-support/instead/services/standalone/internal/system"
)

// rebuilds is the command that has every figure of what the money did worked out
// anew.
type rebuilds struct{}

// Run starts Instead for as long as it takes: everything is told again, and counted
// from nothing.
func (*rebuilds) Run(ctx context.Context, c *commands) error {
	return briefly(ctx, c, func(s *system.System) error {
		for _, step := range [][2]string{{"needs", "retell"}, {"funding", "retell"}, {"outcomes", "retell"}, {"reporting", "rebuild"}} {
			fmt.Fprintf(os.Stderr, "%s %s: ", step[0], step[1])
			if err := s.Command(ctx, step[0], step[1], nil, os.Stdout); err != nil {
				return fmt.Errorf("%s %s: %w", step[0], step[1], err)
			}
		}
		return nil
	})
}
