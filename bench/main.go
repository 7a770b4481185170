// Command bench measures what must stay quick, each against the least that the
// same work could cost, taken in the same run on the same machine. A ratio can be
// held to a limit where a time can't: it hardly moves when the machine is slow or
// busy.
//
// Run it from the project's folder with `make bench` or `go run ./bench`. Name
// courses, money, growth or retell to measure one of them alone. It exits with an error if a
// ratio is beyond its limit.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"time"
)

func main() {
	var c courseSearch
	flag.IntVar(&c.courses, "courses", 100_000, "how many courses to search among")
	flag.IntVar(&c.rounds, "searches", 15, "how often to ask for each course, at least 5")
	flag.Float64Var(&c.limit, "search-limit", 1.6, "the most that a search may take, as a multiple of its query")
	var m money
	flag.IntVar(&m.each, "each", 150_000, "how many requests of each kind to work on")
	flag.IntVar(&m.rounds, "rounds", 5, "how many rounds to take the median of, at least 5")
	flag.IntVar(&m.seconds, "seconds", 3, "how long each turn of a round is")
	flag.Float64Var(&m.spread, "spread", 0.9, "the least share of pgbench's rate, on rows of one's own")
	flag.Float64Var(&m.hot, "hot", 1.0, "the least share of pgbench's rate, where all want the same rows")
	flag.Float64Var(&m.tail, "tail", 5, "the most that the p99 may be, in medians")
	g := growth{each: 30_000, page: 10 * time.Millisecond}
	flag.IntVar(&g.few, "few", 10_000, "how many requests are few")
	flag.IntVar(&g.many, "many", 10_000_000, "how many requests are many; a million take some 3 GB of disk and minutes to make")
	flag.Float64Var(&g.limit, "growth", 1.2, "the most that deciding may take among many requests, as a multiple of among few")
	flag.StringVar(&g.keep, "keep", "", "a folder to keep those requests in, and to find them in the next time")
	var t retell
	flag.IntVar(&t.requests, "told", 200_000, "how many requests to tell again")
	flag.DurationVar(&t.most, "retell", 180*time.Microsecond, "the most processor time that telling a request again may take")
	flag.Parse()
	g.rounds, g.seconds = m.rounds, m.seconds
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var failed error
	for _, one := range []struct {
		name string
		run  func(context.Context, io.Writer) error
	}{{"courses", c.run}, {"money", m.run}, {"growth", g.run}, {"retell", t.run}} {
		if flag.NArg() > 0 && !slices.Contains(flag.Args(), one.name) {
			continue
		}
		if err := one.run(ctx, os.Stdout); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", one.name, err))
		}
	}
	if failed != nil {
		fmt.Fprintln(os.Stderr, "bench:", failed)
		os.Exit(1)
	}
}
