// Command bench measures what must stay quick, each as a ratio to the least that
// the same work could cost, taken in the same run on the same machine. A ratio
// can be held to a limit where a time can't: it hardly moves when the machine is
// slow or busy.
//
// Run it from the project's folder with `make bench` or `go run ./bench`. It
// exits with an error if a ratio is over its limit.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	var s courseSearch
	flag.IntVar(&s.courses, "courses", 100_000, "how many courses to search among")
	flag.IntVar(&s.rounds, "rounds", 15, "how often to ask each question, at least 5")
	flag.Float64Var(&s.limit, "limit", 1.6, "the most that the API may take, as a multiple of its query")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := s.run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
