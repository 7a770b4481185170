package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Everything in the benchmarks' world has a number, and its id is made of that,
// so that pgbench can name it too.
const (
	aRequest = iota
	anAllowance
	aFund
	aBudget
	aNeed
	aPerson
	aLine // two to a request: those of request n are 2n and 2n + 1
)

// sqlID is the id, in SQL, of the thing of this kind whose number n is, which is
// SQL as well.
func sqlID(kind int, n string) string {
	return fmt.Sprintf("('01900000-0000-7000-80%02d-' || lpad(to_hex((%s)::bigint), 12, '0'))::uuid", kind, n)
}

// goID is the same id.
func goID(kind, n int) string { return fmt.Sprintf("01900000-0000-7000-80%02d-%012x", kind, n) }

// numberOf is the number in such an id.
func numberOf(id string) int {
	n, _ := strconv.ParseInt(id[24:], 16, 64) // of our own making
	return int(n)
}

// funds is over how many budgets the work is spread; the last of them is hot.
const funds = 500

// Every request asks for this much, in two lines.
const (
	firstLine  = 7_000
	secondLine = 5_000
	asked      = firstLine + secondLine
)

// stock is what there is to work on: so many requests that wait for a decision,
// each against an allowance of its own and spread over budgets; as many against
// one allowance and out of one budget; as many drafts of both kinds. Behind them
// are requests that were done with long ago.
type stock struct {
	each, done     int
	manager, coach person
}

func (s stock) all() int { return 4*s.each + s.done }

func (s stock) waiting(hot bool) *supply { return s.part(0, hot) }
func (s stock) drafts(hot bool) *supply  { return s.part(2, hot) }

func (s stock) part(at int, hot bool) *supply {
	if hot {
		at++
	}
	return &supply{at * s.each, (at + 1) * s.each}
}

// allowanceOf is the number of the allowance that request n is against, and
// budgetOf that of its fund and budget.
func (s stock) allowanceOf(n int) int {
	if s.hot(n) {
		return n / s.each * s.each
	}
	return n
}

func (s stock) budgetOf(n int) int {
	if s.hot(n) {
		return funds - 1
	}
	return n % (funds - 1)
}

func (s stock) hot(n int) bool { return n < 4*s.each && n/s.each%2 == 1 }

// filling makes the world, in bulk. The states of what is done are those of a
// fund that has run for two years. Each area has a tenth of it but for Oldham,
// which has three tenths.
var filling = []string{
	`CREATE UNLOGGED TABLE bench_seed AS
		SELECT n, {request} AS request, {allowance} AS allowance, {fund} AS fund, {budget} AS budget,
			{jobseeker} AS jobseeker, CASE WHEN n < 4 * {each} THEN {coach} ELSE {acoach} END AS coach,
			CASE WHEN n < 4 * {each} OR n % 10 < 3 THEN 'Oldham' ELSE 'Area ' || n % 10 END AS area,
			CASE WHEN n < 2 * {each} THEN 'submitted' WHEN n < 4 * {each} THEN 'draft'
				ELSE (ARRAY['closed', 'closed', 'closed', 'closed', 'paid', 'paid', 'approved', 'approved', 'declined', 'declined', 'withdrawn', 'expired', 'submitted'])[1 + n % 13] END AS state,
			date_trunc('second', now()) - interval '2 hours' - CASE WHEN n < 4 * {each} THEN interval '0' ELSE (n - 4 * {each})::float8 / {all} * interval '700 days' END AS at
		FROM generate_series(0, {all} - 1) n`,
	`INSERT INTO fund (id, code, name, first_day) SELECT {fund n}, 'F' || n, 'Fund ' || n, '2020-04-01' FROM generate_series(0, {funds} - 1) n`,
	`INSERT INTO budget (id, fund_id, area, year, allocated, committed, paid)
		SELECT {budget n}, {fund n}, 'Oldham', {year}, 1000000000000,
			coalesce(t.committed, 0), coalesce(t.paid, 0)
		FROM generate_series(0, {funds} - 1) n LEFT JOIN (SELECT budget, {asked} * count(*) FILTER (WHERE state = 'approved') AS committed,
			{asked} * count(*) FILTER (WHERE state IN ('paid', 'closed')) AS paid FROM bench_seed GROUP BY budget) t ON t.budget = {budget n}`,
	`INSERT INTO proposal (id, fund_id, kind, reason, by_id, by_name, at)
		SELECT b.id, b.fund_id, 'movement', 'The year''s money', {manager}, 'Mo', now() FROM budget b`,
	`INSERT INTO movement (id, fund_id, to_budget, pence) SELECT b.id, b.fund_id, b.id, b.allocated FROM budget b`,
	`INSERT INTO proposal_answer (proposal_id, confirmed, by_id, by_name, at, words) SELECT b.id, true, {coach}, 'Cy', now(), '' FROM budget b`,
	`INSERT INTO fund_category (fund_id, category, allowed, label, words, first_day, proposal_id)
		SELECT f.id, c, true, c, 'What the work asks for', '2020-04-01', f.id FROM fund f, unnest(ARRAY['licence', 'work-clothing']) c`,
	`INSERT INTO authority_grant (id, kind, holder_role, holder_name, whose, area, most, alone, first_day, why, proposed_by, proposed_name, proposed_at, confirmed_by, confirmed_name, confirmed_at)
		VALUES ({need}, 'decide', 'manager', 'Managers of Oldham', 'any', 'Oldham', 1000000, 1000000, '2020-04-01', 'The scheme of delegation', {officer}, 'Fi', now(), {coach}, 'Cy', now())`,
	`INSERT INTO allowance (id, jobseeker_id, course_id, course_code, course_name, price_id, cap, priced_on, source, area, coach_id, coach_name, opened_at, held, committed, paid)
		SELECT allowance, min(jobseeker::text)::uuid, {need}, 'C1', 'Diploma in Plumbing and Domestic Heating', {need}, 100000000000, '2026-01-05', 'courses.csv', min(area), min(coach::text)::uuid, 'Cy Coach', min(at),
			{asked} * count(*) FILTER (WHERE state = 'submitted'), {asked} * count(*) FILTER (WHERE state = 'approved'), {asked} * count(*) FILTER (WHERE state IN ('paid', 'closed'))
		FROM bench_seed GROUP BY allowance`,
	`INSERT INTO request (id, reference, allowance_id, jobseeker_id, coach_id, area, fund_id, budget_id, asked, awarded, changed_at, version, state, step, since,
			submitted_by, submitted_at, decided_by, decided_at, held, committed, paid, given_back)
		SELECT request, 'FR-' || substr(x, 1, 4) || '-' || substr(x, 5), allowance, jobseeker, coach, area, fund,
			CASE WHEN state IN ('approved', 'paid', 'closed', 'expired') THEN budget END, {asked}, CASE WHEN state IN ('approved', 'paid', 'closed', 'expired') THEN {asked} ELSE 0 END,
			at, 3, state, steps, at, CASE WHEN steps > 1 THEN coach END, CASE WHEN steps > 1 THEN at END,
			CASE WHEN steps > 2 AND state <> 'withdrawn' THEN {manager} END, CASE WHEN steps > 2 AND state <> 'withdrawn' THEN at END,
			CASE WHEN state = 'submitted' THEN {asked} ELSE 0 END, CASE WHEN state = 'approved' THEN {asked} ELSE 0 END,
			CASE WHEN state IN ('paid', 'closed') THEN {asked} ELSE 0 END, CASE WHEN state = 'expired' THEN {asked} ELSE 0 END
		FROM (SELECT *, lpad(upper(to_hex(n)), 8, '0') AS x,
			CASE state WHEN 'draft' THEN 1 WHEN 'submitted' THEN 2 WHEN 'paid' THEN 4 WHEN 'closed' THEN 5 WHEN 'expired' THEN 4 ELSE 3 END AS steps FROM bench_seed) s`,
	`INSERT INTO line (id, request_id, position, what, why, need_id, category, supplier, amount, quote)
		SELECT {line 1}, request, 1, 'A CSCS card and its test', 'The site asks for it on the first day', {need}, 'licence', 'CITB', {first}, 'online' FROM bench_seed`,
	`INSERT INTO line (id, request_id, position, what, why, need_id, category, supplier, amount, quote)
		SELECT {line 2}, request, 2, 'Safety boots and a jacket', 'Nobody may enter the site without', {need}, 'work-clothing', 'Toolstation', {second}, '' FROM bench_seed`,
	step(1, "''", "'draft'", "coach", "true", "''", "''"),
	step(2, "'draft'", "'submitted'", "coach", "state <> 'draft'", "''", "''"),
	step(3, "'submitted'", "CASE WHEN state IN ('declined', 'withdrawn') THEN state ELSE 'approved' END", "CASE WHEN state = 'withdrawn' THEN coach ELSE {manager} END", "state NOT IN ('draft', 'submitted')", "''",
		"CASE state WHEN 'declined' THEN 'not-value-for-money' WHEN 'withdrawn' THEN '' ELSE 'removes-need' END"),
	step(4, "'approved'", "CASE WHEN state = 'expired' THEN state ELSE 'paid' END", "{officer}", "state IN ('paid', 'closed', 'expired')", "CASE WHEN state = 'expired' THEN '' ELSE 'pay' END", "''"),
	step(5, "'paid'", "'closed'", "{officer}", "state = 'closed'", "''", "''"),
	`INSERT INTO decision (request_id, step, other_funding, scrutiny) SELECT request, 3, 'None', 'It leads to work' FROM bench_seed WHERE state IN ('approved', 'paid', 'closed', 'expired')`,
	`INSERT INTO decision_line (request_id, line_id, granted, code) SELECT request, {line 1}, {first}, '' FROM bench_seed WHERE state IN ('approved', 'paid', 'closed', 'expired')`,
	`INSERT INTO decision_line (request_id, line_id, granted, code) SELECT request, {line 2}, {second}, '' FROM bench_seed WHERE state IN ('approved', 'paid', 'closed', 'expired')`,
	posting(2, "hold", "state <> 'draft'", "NULL::uuid"),
	posting(3, "release", "state IN ('declined', 'withdrawn')", "NULL::uuid"),
	posting(3, "commit", "state IN ('approved', 'paid', 'closed', 'expired')", "budget"),
	posting(4, "pay", "state IN ('paid', 'closed')", "budget"),
	posting(4, "uncommit", "state = 'expired'", "budget"),
	`INSERT INTO audit_entry (id, at, person, roles, action, subject, subject_id, jobseeker_id, trace_id)
		SELECT gen_random_uuid(), at, coach, '{coach}', 'submitRequest', 'request', request, jobseeker, '' FROM bench_seed`,
	`DROP TABLE bench_seed`,
}

func step(n int, from, to, by, which, act, code string) string {
	return fmt.Sprintf(`INSERT INTO history (request_id, step, from_state, to_state, at, by_id, by_name, code, words, act)
		SELECT request, %d, %s, %s, at, %s, 'Somebody', %s, 'Because', %s FROM bench_seed WHERE %s`, n, from, to, by, code, act, which)
}

func posting(step int, kind, which, budget string) string {
	return fmt.Sprintf(`INSERT INTO entry (id, allowance_id, request_id, budget_id, step, kind, pence)
		SELECT gen_random_uuid(), allowance, request, %s, %d, '%s', {asked} FROM bench_seed WHERE %s`, budget, step, kind, which)
}

// left is what is left of a supply once some of it has been used up, at either end:
// all that are still in this state.
func left(ctx context.Context, superuser string, of *supply, state string) (*supply, error) {
	conn, err := pgx.Connect(ctx, superuser)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	var first, last string
	err = conn.QueryRow(ctx, `SELECT coalesce(min(id::text), ''), coalesce(max(id::text), '') FROM funding.request WHERE id >= $1 AND id < $2 AND state = $3`,
		goID(aRequest, of.next), goID(aRequest, of.end), state).Scan(&first, &last)
	if err != nil {
		return nil, err
	}
	if first == last {
		return nil, fmt.Errorf("no request is left that is %s", state)
	}
	return &supply{numberOf(first), numberOf(last) + 1}, nil
}

// fill makes the stock as the superuser, with triggers, foreign keys and all
// indexes off that are not a primary key's. That the books agree all the same is
// asked of the service afterwards.
func (s stock) fill(ctx context.Context, superuser string, year int) error {
	conn, err := pgx.Connect(ctx, superuser)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	hot := fmt.Sprintf("(n < 4 * %d AND n / %d %% 2 = 1)", s.each, s.each)
	budget := fmt.Sprintf("CASE WHEN %s THEN %d ELSE n %% %d END", hot, funds-1, funds-1)
	say := strings.NewReplacer(
		"{request}", sqlID(aRequest, "n"),
		"{allowance}", sqlID(anAllowance, fmt.Sprintf("CASE WHEN %s THEN n / %d * %d ELSE n END", hot, s.each, s.each)),
		"{fund}", sqlID(aFund, budget), "{budget}", sqlID(aBudget, budget), "{fund n}", sqlID(aFund, "n"), "{budget n}", sqlID(aBudget, "n"),
		"{jobseeker}", sqlID(aPerson, fmt.Sprintf("CASE WHEN %s THEN n / %d ELSE n + 1000 END", hot, s.each)), "{acoach}", sqlID(aPerson, "500 + n % 300"),
		"{officer}", sqlID(aPerson, "400"), "{line 1}", sqlID(aLine, "2 * n"), "{line 2}", sqlID(aLine, "2 * n + 1"), "{need}", sqlID(aNeed, "1"), "'{coach}'", "'{coach}'", "{manager}", "'"+s.manager.id+"'::uuid", "{coach}", "'"+s.coach.id+"'::uuid",
		"{each}", fmt.Sprint(s.each), "{all}", fmt.Sprint(s.all()), "{funds}", fmt.Sprint(funds), "{year}", fmt.Sprint(year),
		"{asked}", fmt.Sprint(asked), "{first}", fmt.Sprint(firstLine), "{second}", fmt.Sprint(secondLine),
	)
	for _, sql := range []string{"SET search_path = funding", "SET session_replication_role = replica", "SET synchronous_commit = off", "SET maintenance_work_mem = '1GB'"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	again, err := dropIndexes(ctx, conn)
	if err != nil {
		return err
	}
	for _, sql := range append(filling, again...) {
		if _, err := conn.Exec(ctx, say.Replace(sql)); err != nil {
			return fmt.Errorf("%w in %s", err, say.Replace(sql))
		}
	}
	_, err = conn.Exec(ctx, "VACUUM ANALYZE")
	return err
}

// dropIndexes drops the indexes of the tables that are filled, and returns the
// statements that make them again: one by one they are made in a fraction of the
// time that they take to keep up.
func dropIndexes(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	rows, err := conn.Query(ctx, `SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
		WHERE i.indrelid = ANY (ARRAY['request', 'line', 'history', 'entry', 'allowance', 'audit_entry']::regclass[])
			AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)`)
	if err != nil {
		return nil, err
	}
	var names, made []string
	var name, def string
	if _, err := pgx.ForEachRow(rows, []any{&name, &def}, func() error {
		names, made = append(names, name), append(made, def)
		return nil
	}); err != nil {
		return nil, err
	}
	_, err = conn.Exec(ctx, "DROP INDEX "+strings.Join(names, ", "))
	return made, err
}
