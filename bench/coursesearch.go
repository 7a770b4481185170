package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	api "github.com/instead-support/instead/api/funding"
)

// courseSearch is how long a coach waits for a course by words among 100,000.
// The whole way is measured: a call with the generated client, the token's
// verification, the contract's, the service, its store and back; against the
// same query sent to PostgreSQL with the same arguments and nothing around it.
type courseSearch struct {
	courses int
	rounds  int
	limit   float64
}

// searchFile is the query that the service asks.
var searchFile = filepath.FromSlash("services/funding/internal/postgres/catalogue_search.sql")

// budget is how long any search may take.
const budget = 50 * time.Millisecond

// questions are what coaches type: whole names and beginnings, slips of the
// fingers, codes, and words that thousands of courses have.
var questions = []string{
	"bricklayer", "bricklayer level 2", "plumbing and heat", "plumer heating", "health social care", "care", "hgv driver", "electrical instalation",
	"business admin oldham", "warehouse", "software developer", "custmer service", "engineering", "engineering level 3", "oldham college",
	"diploma in hospitality", "level", "a", "c0042", "c004217", "welding rochdale", "teaching assistant",
}

// timing is how long one question took, both ways, each round.
type timing struct {
	question string
	matches  int
	bare     []time.Duration
	whole    []time.Duration
}

func (s courseSearch) run(ctx context.Context, out io.Writer) error {
	if s.rounds < 5 {
		return errors.New("fewer than 5 rounds say nothing")
	}
	sql, err := os.ReadFile(searchFile)
	if err != nil {
		return fmt.Errorf("run it from the project's folder: %w", err)
	}
	fmt.Fprintf(out, "course search among %d courses\n", s.courses)
	service, err := start(ctx, "")
	if err != nil {
		return err
	}
	defer service.stop()
	service.work(ctx)
	if err := s.stock(ctx, out, service); err != nil {
		return err
	}
	pool, err := pgxpool.New(ctx, service.database)
	if err != nil {
		return err
	}
	defer pool.Close()

	timings := make([]timing, len(questions))
	for round := -1; round < s.rounds; round++ { // the first fills caches and is not counted
		for i, q := range questions {
			bare := func() (time.Duration, error) { return askPostgres(ctx, pool, string(sql), q) }
			whole := func() (time.Duration, error) { return service.ask(ctx, q, &timings[i].matches) }
			first, second := bare, whole
			if (round+i)%2 != 0 { // neither has always the warmer caches
				first, second = whole, bare
			}
			a, errA := first()
			b, errB := second()
			if err := errors.Join(errA, errB); err != nil {
				return fmt.Errorf("%q: %w", q, err)
			}
			if (round+i)%2 != 0 {
				a, b = b, a
			}
			if t := &timings[i]; round >= 0 {
				t.question, t.bare, t.whole = q, append(t.bare, a), append(t.whole, b)
			}
		}
	}
	return s.report(out, timings)
}

// askPostgres asks as the service does, planned for the words at hand, and reads
// every row. The questions are folded already, so that splitting them
// is all that is left to do of what the service does to them.
func askPostgres(ctx context.Context, pool *pgxpool.Pool, sql, question string) (time.Duration, error) {
	code, upTo := strings.ReplaceAll(question, " ", ""), strings.ReplaceAll(question, " ", "")
	if strings.ContainsAny(code, "0123456789") && len(code) >= 3 {
		upTo += "\uffff"
	}
	today := time.Now().UTC().Truncate(24 * time.Hour)
	began := time.Now()
	rows, err := pool.Query(ctx, sql, pgx.QueryExecModeCacheDescribe, strings.Fields(question), code, upTo, question, today, today, 1000, 25, 0)
	if err != nil {
		return 0, err
	}
	for rows.Next() {
		if _, err := rows.Values(); err != nil {
			return 0, err
		}
	}
	return time.Since(began), rows.Err()
}

// stock fills the catalogue through the API, as a manager would: one list with
// the price of this year, another with last year's of every third course.
func (s courseSearch) stock(ctx context.Context, out io.Writer, service *service) error {
	names, err := vocabulary()
	if err != nil {
		return err
	}
	for _, list := range []struct {
		from  string
		every int
	}{{"2024-08-01", 1}, {"2022-08-01", 3}} {
		began := time.Now()
		imp, err := service.importList(ctx, names.list(s.courses, list.every), list.from)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "imported %d of %d rows in %v\n", imp.Added, imp.Total, time.Since(began).Round(100*time.Millisecond))
		if imp.Added != imp.Total {
			return fmt.Errorf("the import says: %s (%d bad)", imp.Message, imp.Bad)
		}
	}
	return service.analyse(ctx)
}

func (s courseSearch) report(out io.Writer, timings []timing) error {
	var bare, whole []time.Duration
	var bareSum, wholeSum time.Duration // of the medians: one hiccup of the machine weighs nothing
	slow := 0
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "question\tmatches\tquery p50\tp99\tAPI p50\tp99\tratio\tunder 50 ms\t")
	for _, t := range timings {
		within := "yes"
		if at(t.whole, 0.5) > budget {
			within = "NO"
			slow++
		}
		matches := fmt.Sprint(t.matches)
		if t.matches == 1000 {
			matches = "1000+"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%.2f\t%s\t\n", t.question, matches, ms(at(t.bare, 0.5)), ms(at(t.bare, 0.99)),
			ms(at(t.whole, 0.5)), ms(at(t.whole, 0.99)), float64(at(t.whole, 0.5))/float64(at(t.bare, 0.5)), within)
		bare, whole = append(bare, t.bare...), append(whole, t.whole...)
		bareSum, wholeSum = bareSum+at(t.bare, 0.5), wholeSum+at(t.whole, 0.5)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "query: p50 %s, p99 %s; API: p50 %s, p99 %s\n", ms(at(bare, 0.5)), ms(at(bare, 0.99)), ms(at(whole, 0.5)), ms(at(whole, 0.99)))
	fmt.Fprintf(out, "%d of %d questions take the API under 50 ms\n", len(timings)-slow, len(timings))
	ratio := float64(wholeSum) / float64(bareSum)
	fmt.Fprintf(out, "ratio: %.2f, of the sums of the medians of %d rounds; limit %.2f\n", ratio, s.rounds, s.limit)
	if ratio > s.limit {
		return fmt.Errorf("the API takes %.2f times as long as its query, and %.2f is the limit", ratio, s.limit)
	}
	return nil
}

// at is the time within which this share of the questions was answered.
func at(times []time.Duration, share float64) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

// ask searches through the API and notes how many courses match.
func (s *service) ask(ctx context.Context, question string, matches *int) (time.Duration, error) {
	began := time.Now()
	today := dateOf(began)
	resp, err := s.client.SearchCoursesWithResponse(s.signedIn(ctx), &api.SearchCoursesParams{Q: &question, PricedOn: &today})
	if err != nil {
		return 0, err
	}
	*matches = resp.JSON200.Total
	return time.Since(began), nil
}
