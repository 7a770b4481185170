package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	api "github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/httpx"
)

// growth is what it costs that there are many requests: to decide one, as a share
// of the rate with few, and to read a page of any list, as time in the database.
type growth struct {
	few, many int // requests done with long ago
	each      int // and to work on
	rounds    int
	seconds   int
	limit     float64       // the most that the rate may fall by, as a multiple
	page      time.Duration // the most that a page may take the database
	keep      string        // a folder for the requests, or "" to make them each time
}

func (g growth) run(ctx context.Context, out io.Writer) error {
	if g.rounds < 5 {
		return errors.New("fewer than 5 rounds say nothing")
	}
	var worlds [2]*service
	var goods [2]stock
	var work [2]*supply
	for i, done := range []int{g.few, g.many} {
		goods[i] = stock{each: g.each, done: done}
		s, err := g.world(ctx, out, &goods[i])
		if err != nil {
			return err
		}
		defer s.stop()
		if work[i], err = left(ctx, s.superuser, goods[i].waiting(false), "submitted"); err != nil {
			return err
		}
		drafts, err := left(ctx, s.superuser, goods[i].drafts(false), "draft")
		if err != nil {
			return err
		}
		work[i].end--
		if err := s.capture(ctx, work[i].end, drafts.end-1); err != nil {
			return err
		}
		worlds[i] = s
	}
	rates := [2][]float64{}
	for round := -1; round < g.rounds; round++ {
		for turn := range worlds {
			i := (turn + max(round, 0)) % 2
			s, used, err := httpLoad(ctx, worlds[i].address, 8, time.Duration(g.seconds)*time.Second, func(n int) call { return deciding.call(worlds[i], work[i].next+n) })
			if err != nil {
				return err
			}
			if work[i].next += used; work[i].next > work[i].end {
				return errors.New("ran out of requests to work on: ask for more with -each")
			}
			if round >= 0 {
				rates[i] = append(rates[i], s.perSecond)
			}
		}
	}
	for i := range rates {
		slices.Sort(rates[i])
	}
	few, many := rates[0][len(rates[0])/2], rates[1][len(rates[1])/2]
	fmt.Fprintf(out, "decide, 8 clients: %.0f/s among %d requests, %.0f/s among %d; ratio %.2f, limit %.2f\n", few, goods[0].all(), many, goods[1].all(), few/many, g.limit)
	var failed error
	if few/many > g.limit {
		failed = fmt.Errorf("deciding takes %.2f times as long among many requests, and %.2f is the limit", few/many, g.limit)
	}
	if err := worlds[1].plans(ctx, out, goods[1], work[1].next); err != nil {
		return err
	}
	return errors.Join(failed, g.pages(ctx, out, worlds[1], goods[1]))
}

// world is a service with these requests, which it makes unless they were kept.
func (g growth) world(ctx context.Context, out io.Writer, goods *stock) (*service, error) {
	began, dir, kept := time.Now(), "", ""
	if g.keep != "" {
		dir = filepath.Join(g.keep, strconv.Itoa(goods.all()))
		kept = filepath.Join(dir, "whole")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	s, err := start(ctx, dir)
	if err != nil {
		return nil, err
	}
	goods.manager, goods.coach = s.manager, s.coach
	if _, err := os.Stat(kept); kept != "" && err == nil {
		fmt.Fprintf(out, "%d requests found\n", goods.all())
		return s, nil
	}
	if err := goods.fill(ctx, s.superuser, financialYear(time.Now())); err != nil {
		s.stop()
		return nil, err
	}
	fmt.Fprintf(out, "%d requests made in %v\n", goods.all(), time.Since(began).Round(time.Second))
	if kept != "" {
		if err := os.WriteFile(kept, nil, 0o600); err != nil {
			s.stop()
			return nil, err
		}
	}
	return s, nil
}

// plans prints how PostgreSQL goes about the statements of a decision.
func (s *service) plans(ctx context.Context, out io.Writer, goods stock, n int) error {
	conn, err := pgx.Connect(ctx, s.database)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	lock, err := inlined(s.sent[deciding.name].lock, lockArgs)
	if err != nil {
		return err
	}
	read, err := inlined(s.sent[deciding.name].read, deciding.readArgs(s.manager))
	if err != nil {
		return err
	}
	write, err := inlined(s.sent[deciding.name].write, deciding.writeArgs(s.manager, goods, false))
	if err != nil {
		return err
	}
	say := strings.NewReplacer(":n::bigint", strconv.Itoa(n), "(:n)::bigint", strconv.Itoa(n), ":version::bigint", "1")
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }() // nothing of it is kept
	for _, sql := range []string{lock, read, write} {
		fmt.Fprintln(out)
		rows, err := tx.Query(ctx, "EXPLAIN (ANALYZE, COSTS OFF, SUMMARY OFF) "+say.Replace(sql), pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			return err
		}
		var line string
		if _, err := pgx.ForEachRow(rows, []any{&line}, func() error { _, err := fmt.Fprintln(out, "  "+line); return err }); err != nil {
			return err
		}
	}
	return nil
}

// pages reads a page of 50 by each filter, many times, and has PostgreSQL say how
// long it was at work for it, the audit trail of the look included.
func (g growth) pages(ctx context.Context, out io.Writer, s *service, goods stock) error {
	conn, err := pgx.Connect(ctx, s.superuser)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements SCHEMA public"); err != nil {
		return err
	}
	yes, oldham, size, last := true, "Oldham", 50, 20
	n := goods.all() - goods.all()%10 - 10 // one of the manager's area
	part, whole := "0A1", fmt.Sprintf("FR-%04X-%04X", n>>16, n&0xffff)
	someone, one := uuid.MustParse(goID(aPerson, n+1000)), uuid.MustParse(goID(anAllowance, n))
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\npage of 50\twho\tfound\tin the database\t")
	const times = 20
	var slow []string
	for _, l := range []struct {
		name string
		who  person
		by   api.ListRequestsParams
	}{
		{"all", s.manager, api.ListRequestsParams{}},
		{"all", s.coach, api.ListRequestsParams{}},
		{"waiting", s.manager, api.ListRequestsParams{State: &[]api.State{"submitted"}}},
		{"mine to decide", s.manager, api.ListRequestsParams{Decidable: &yes}},
		{"mine to decide, page 20", s.manager, api.ListRequestsParams{Decidable: &yes, Page: &last}},
		{"closed", s.manager, api.ListRequestsParams{State: &[]api.State{"closed"}}},
		{"paid, closed or expired", s.manager, api.ListRequestsParams{State: &[]api.State{"paid", "closed", "expired"}}},
		{"of one area", s.manager, api.ListRequestsParams{Area: &oldham}},
		{"my caseload", s.coach, api.ListRequestsParams{Mine: &yes}},
		{"my drafts", s.coach, api.ListRequestsParams{Mine: &yes, State: &[]api.State{"draft"}}},
		{"a reference", s.manager, api.ListRequestsParams{Q: &whole}},
		{"part of a reference", s.manager, api.ListRequestsParams{Q: &part}},
		{"a jobseeker's", s.manager, api.ListRequestsParams{JobseekerId: &someone}},
		{"an allowance's", s.manager, api.ListRequestsParams{AllowanceId: &one}},
	} {
		l.by.Size = &size
		found := 0
		for n := -1; n < times; n++ { // the first fills caches and is not counted
			if n == 0 {
				if _, err := conn.Exec(ctx, "SELECT public.pg_stat_statements_reset()"); err != nil {
					return err
				}
			}
			resp, err := s.client.ListRequestsWithResponse(httpx.WithToken(ctx, l.who.token), &l.by)
			if err != nil {
				return err
			}
			found = resp.JSON200.Total
		}
		var total float64 // in milliseconds
		if err := conn.QueryRow(ctx, "SELECT sum(total_exec_time + total_plan_time) FROM public.pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%'").Scan(&total); err != nil {
			return err
		}
		took := time.Duration(total / times * float64(time.Millisecond))
		fmt.Fprintf(table, "%s\ta %s\t%d\t%s\t\n", l.name, l.who.role, found, ms(took))
		if took > g.page {
			slow = append(slow, l.name)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(slow) > 0 {
		return fmt.Errorf("these pages take the database more than %v: %s", g.page, strings.Join(slow, ", "))
	}
	return nil
}
