package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// money is how fast requests are decided and submitted: with one client and with
// many, each on rows of its own and all on one allowance and one budget. The
// whole way is measured, from the bytes of an HTTP request to the answer's:
// token, contract, policy, locks, rules, ledger, audit trail, event.
//
// It is held against pgbench sending the same statements, and nothing around
// them; against the least that a Go service could be, which has net/http, pgx and
// no rules; and, so that nobody is flattered, against the same statements in one
// call of a function on the server.
type money struct {
	each    int // requests of each kind to work on
	rounds  int
	seconds int
	spread  float64 // the least share of pgbench's rate
	hot     float64
	tail    float64 // the most that the p99 may be, in medians
}

var clients = []int{1, 8, 32}

// supply is a range of requests that nothing was done to yet.
type supply struct{ next, end int }

// contender is one way to do the work: with so many clients for so long on
// requests from number base on. It says how many numbers it used up.
type contender struct {
	name string
	run  func(ctx context.Context, clients int, long time.Duration, base int) (s spell, used int, err error)
}

// result is what came of a contender's rounds.
type result struct {
	name      string
	perSecond float64       // the median of the rounds
	p50, p99  time.Duration // of all calls; 0 where they are not timed one by one
}

// race lets contenders work in turns, so that whatever else the machine does
// falls on all of them alike.
func (m money) race(ctx context.Context, contenders []contender, clients int, work *supply) ([]result, error) {
	rates := make([][]float64, len(contenders))
	calls := make([][]time.Duration, len(contenders))
	for round := -1; round < m.rounds; round++ { // the first fills caches and is not counted
		for turn := range contenders {
			i := (turn + max(round, 0)) % len(contenders) // nobody always goes first
			s, used, err := contenders[i].run(ctx, clients, time.Duration(m.seconds)*time.Second, work.next)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", contenders[i].name, err)
			}
			if work.next += used; work.next > work.end {
				return nil, errors.New("ran out of requests to work on: ask for more with -each")
			}
			if round >= 0 {
				rates[i] = append(rates[i], s.perSecond)
				calls[i] = append(calls[i], s.latencies...)
			}
		}
	}
	results := make([]result, len(contenders))
	for i, c := range contenders {
		slices.Sort(rates[i])
		results[i] = result{name: c.name, perSecond: rates[i][len(rates[i])/2]}
		if len(calls[i]) > 0 {
			results[i].p50, results[i].p99 = at(calls[i], 0.5), at(calls[i], 0.99)
		}
	}
	return results, nil
}

func (m money) run(ctx context.Context, out io.Writer) error {
	if m.rounds < 5 {
		return errors.New("fewer than 5 rounds say nothing")
	}
	s, err := start(ctx, "")
	if err != nil {
		return err
	}
	defer s.stop()
	goods := stock{each: m.each, manager: s.manager, coach: s.coach}
	began := time.Now()
	if err := goods.fill(ctx, s.superuser, financialYear(time.Now())); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d requests made in %v\n", goods.all(), time.Since(began).Round(time.Second))
	if err := s.capture(ctx, goods.waiting(false).end-1, goods.drafts(false).end-1); err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "work\trows\tclients\tinstead /s\tp50\tp99\tp99/p50\tpgbench /s\tshare\tnet/http+pgx /s\tone call /s\t")
	var short []string
	for _, work := range []task{deciding, submitting} {
		for _, hot := range []bool{false, true} {
			from := goods.waiting(hot)
			if work.name == submitting.name {
				from = goods.drafts(hot)
			}
			contenders, err := work.contenders(ctx, s, goods, hot)
			if err != nil {
				return err
			}
			for _, n := range clients {
				r, err := m.race(ctx, contenders, n, from)
				if err != nil {
					return fmt.Errorf("%s, hot %v, %d clients: %w", work.name, hot, n, err)
				}
				rows, least := "spread", m.spread
				if hot {
					rows, least = "hot", m.hot
				}
				ours, bench, bare, call := r[0], r[1], r[2], r[3]
				share, tail := ours.perSecond/bench.perSecond, float64(ours.p99)/float64(ours.p50)
				fmt.Fprintf(table, "%s\t%s\t%d\t%.0f\t%s\t%s\t%.1f\t%.0f\t%.2f\t%.0f\t%.0f\t\n", work.name, rows, n, ours.perSecond, ms(ours.p50), ms(ours.p99), tail,
					bench.perSecond, share, bare.perSecond, call.perSecond)
				if share < least {
					short = append(short, fmt.Sprintf("%s, %s, %d clients: %.2f of pgbench, and %.2f is the least", work.name, rows, n, share, least))
				}
				if tail > m.tail {
					short = append(short, fmt.Sprintf("%s, %s, %d clients: the p99 is %.1f medians, and %.1f is the most", work.name, rows, n, tail, m.tail))
				}
			}
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, s := range short {
		fmt.Fprintln(out, s)
	}
	if len(short) > 0 {
		return errors.New("slower than it may be")
	}
	return nil
}

func financialYear(now time.Time) int {
	if now.Month() < time.April {
		return now.Year() - 1
	}
	return now.Year()
}
