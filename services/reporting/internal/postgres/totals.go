package postgres

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/workday"
	"github.com/instead-support/instead/services/reporting/internal/report"
)

// array is a list as an array of PostgreSQL.
func array[T any](values []T) clause.Expr {
	list, err := json.Marshal(values)
	if err != nil {
		panic(err) // texts and ids can always be written down
	}
	return clause.Expr{SQL: "ARRAY(SELECT json_array_elements_text(?))", Vars: []any{string(list)}}
}

func read(list string, into any) error { return json.Unmarshal([]byte(list), into) }

// sums are the columns of a total, added up.
const sums = `sum(requests)::bigint AS requests, sum(asked_pence)::bigint AS asked_pence, sum(approved_pence)::bigint AS approved_pence,
	sum(given_back_pence)::bigint AS given_back_pence, sum(committed_pence)::bigint AS committed_pence, sum(paid_pence)::bigint AS paid_pence,
	sum(recovered_pence)::bigint AS recovered_pence, sum(released_pence)::bigint AS released_pence, sum(supplier_pence)::bigint AS supplier_pence,
	sum(local_pence)::bigint AS local_pence, sum(decided)::bigint AS decided, sum(approved)::bigint AS approved, sum(declined)::bigint AS declined,
	sum(automatic)::bigint AS automatic, sum(timed)::bigint AS timed, sum(days)::bigint AS days, sum(late)::bigint AS late,
	sum(took0)::bigint AS took0, sum(took1)::bigint AS took1, sum(took2)::bigint AS took2, sum(took5)::bigint AS took5,
	sum(took10)::bigint AS took10, sum(took20)::bigint AS took20, sum(equity_timed)::bigint AS equity_timed, sum(equity_days)::bigint AS equity_days`

// something is true of a total in which anything is. What is late or timed is
// decided, and what is committed was approved, but perhaps at another time.
const something = `(sum(requests), sum(asked_pence), sum(approved_pence), sum(given_back_pence), sum(committed_pence), sum(paid_pence), sum(recovered_pence), sum(released_pence), sum(decided)) <> (0, 0, 0, 0, 0, 0, 0, 0, 0)`

// largest says how a breakdown is sorted by a measure.
var largest = map[report.Measure]string{
	report.Requests: "sum(requests)", report.Asked: "sum(asked_pence)", report.Approved: "sum(approved_pence)", report.GivenBack: "sum(given_back_pence)",
	report.Committed: "sum(committed_pence)", report.Paid: "sum(paid_pence)", report.Recovered: "sum(recovered_pence)",
	report.Spent: "sum(paid_pence) - sum(recovered_pence)", report.Released: "sum(released_pence)", report.Supplier: "sum(supplier_pence)",
	report.Local: "sum(local_pence)", report.Decided: "sum(decided)", report.Late: "sum(late)",
}

// cut is how a breakdown is found in the totals: in which cut, and by which key.
func cut(by report.By) (name, key string) {
	switch by {
	case report.Months:
		return "all", "to_char(period, 'YYYY-MM')"
	case report.Areas:
		return "all", "area"
	case report.Funds:
		return "all", "fund_id::text"
	case "":
		return "all", "''"
	default:
		return string(by), "key"
	}
}

// within is the totals of a filter. It reads financial years where it can, and
// months besides; by month, months alone.
func (s Store) within(f report.Filter, cut string, monthly bool) clause.Expr {
	years, months := f.Parts(s.now())
	if monthly {
		years, months = nil, nil
		for _, m := range f.Months() {
			months = append(months, m.Day())
		}
	}
	var e clause.Expr
	var parts []string
	for grain, periods := range map[string][]time.Time{"year": years, "month": months} {
		if len(periods) == 0 {
			continue
		}
		part := "SELECT * FROM total WHERE cut = ? AND area IN ? AND grain = ? AND period IN ?"
		e.Vars = append(e.Vars, cut, f.Areas, grain, periods)
		if f.Fund != nil {
			part += " AND fund_id = ?"
			e.Vars = append(e.Vars, *f.Fund)
		}
		parts = append(parts, part)
	}
	e.SQL = "(" + strings.Join(parts, " UNION ALL ") + ") t"
	return e
}

// row is a row of a breakdown as it is read.
type row[T any] struct {
	Key     string
	Count   int
	Figures T `gorm:"embedded"`
}

func rowsOf[T any](found []row[T]) (rows []report.Row[T], count int) {
	for i := range found {
		rows = append(rows, report.Row[T]{Key: found[i].Key, Figures: &found[i].Figures})
		count = found[i].Count
	}
	return rows, count
}

// Totals is a page of a breakdown, and how many rows there are.
func (s Store) Totals(ctx context.Context, f report.Filter, by report.By, sort report.Measure, page report.Page) ([]report.Row[report.Sums], int, error) {
	name, key := cut(by)
	order := largest[sort]
	if order == "" {
		order = largest[report.Spent]
	}
	if order += " DESC, 1"; by == report.Months {
		order = "1"
	}
	find := func(number, size int) ([]report.Row[report.Sums], int, error) {
		found, err := db.Find[row[report.Sums]](ctx, s.db.Gorm, "SELECT "+key+" AS key, count(*) OVER () AS count, "+sums+" FROM ? GROUP BY 1 HAVING "+something+" ORDER BY "+order+" LIMIT ? OFFSET ?",
			s.within(f, name, by == report.Months), size, (number-1)*size)
		rows, count := rowsOf(found)
		return rows, count, err
	}
	rows, count, err := find(page.Number, page.Size)
	if err == nil && len(rows) == 0 && page.Number > 1 {
		_, count, err = find(1, 1) // a page behind the last shows nothing, and still how many there are
	}
	return rows, count, err
}

// Sum is all of it.
func (s Store) Sum(ctx context.Context, f report.Filter) (report.Sums, error) {
	found, err := db.Find[row[report.Sums]](ctx, s.db.Gorm, "SELECT '' AS key, "+sums+" FROM ? HAVING count(*) > 0", s.within(f, "all", false))
	if err != nil || len(found) == 0 {
		return report.Sums{}, err
	}
	return found[0].Figures, nil
}

// Everywhere are the totals by area of all areas there are.
func (s Store) Everywhere(ctx context.Context, f report.Filter) ([]report.Row[report.Sums], error) {
	areas, err := db.Find[string](ctx, s.db.Gorm, `
		WITH RECURSIVE each AS (
			(SELECT area FROM total WHERE cut = 'all' ORDER BY area LIMIT 1)
			UNION ALL SELECT (SELECT area FROM total t WHERE t.cut = 'all' AND t.area > each.area ORDER BY area LIMIT 1) FROM each WHERE each.area IS NOT NULL
		) SELECT area FROM each WHERE area IS NOT NULL`)
	if err != nil {
		return nil, err
	}
	f.Areas = areas
	rows, _, err := s.Totals(ctx, f, report.Areas, report.Decided, report.Page{Number: 1, Size: len(areas) + 1})
	return rows, err
}

// Since is the first month of which anything is known in these areas.
func (s Store) Since(ctx context.Context, areas []string) (report.Month, error) {
	found, err := db.First[struct{ Since *time.Time }](ctx, s.db.Gorm, `
		SELECT min(period) AS since FROM unnest(?::text[]) of (area) CROSS JOIN LATERAL (
			SELECT period FROM total t WHERE t.cut = 'all' AND t.area = of.area AND t.grain = 'month' ORDER BY period LIMIT 1) first`, array(areas))
	if err != nil || found.Since == nil {
		return report.Month{}, err
	}
	return report.MonthOf(*found.Since), nil
}

const offers = `sum(opened)::bigint AS opened, sum(unasked)::bigint AS unasked, sum(unasked_cap_pence)::bigint AS unasked_cap_pence,
	sum(allowances)::bigint AS allowances, sum(cap_pence)::bigint AS cap_pence, sum(approved_pence)::bigint AS approved_pence,
	sum(settled)::bigint AS settled, sum(settled_cap_pence)::bigint AS settled_cap_pence, sum(settled_spent_pence)::bigint AS settled_spent_pence,
	sum(instead)::bigint AS instead, sum(instead_started)::bigint AS instead_started, sum(instead_sustained)::bigint AS instead_sustained,
	sum(course)::bigint AS course, sum(course_started)::bigint AS course_started, sum(course_sustained)::bigint AS course_sustained`

// Offers are allowances. With until only those opened up to that day are there: of
// the month in which it is, day by day.
func (s Store) Offers(ctx context.Context, f report.Filter, by report.By, until *time.Time) ([]report.Row[report.Offers], error) {
	name, key := cut(by)
	last := f.To.Add(1).Day()
	var days [2]time.Time // from the one, before the other
	if until != nil {
		if month := report.MonthOf(*until).Day(); month.Before(last) {
			last, days = month, [2]time.Time{month, workday.On(*until).AddDate(0, 0, 1)}
		}
	}
	if days[0].Before(f.From.Day()) {
		days = [2]time.Time{}
	}
	found, err := db.Find[row[report.Offers]](ctx, s.db.Gorm, "SELECT "+key+" AS key, "+offers+` FROM offer_total
		WHERE cut = ? AND area IN ? AND (grain = 'month' AND period >= ? AND period < ? OR grain = 'day' AND period >= ? AND period < ?) GROUP BY 1`,
		name, f.Areas, f.From.Day(), last, days[0], days[1])
	rows, _ := rowsOf(found)
	return rows, err
}

const cameSums = `sum(starts)::bigint AS starts, sum(sustained)::bigint AS sustained, sum(not_sustained)::bigint AS not_sustained, sum(open)::bigint AS open,
	sum(not_counted)::bigint AS not_counted, sum(training)::bigint AS training, sum(cost_pence)::bigint AS cost_pence,
	sum(costed_starts)::bigint AS costed_starts, sum(costed_sustained)::bigint AS costed_sustained`

// Came are outcomes.
func (s Store) Came(ctx context.Context, f report.Filter, by report.By) ([]report.Row[report.Came], error) {
	key := map[report.By]string{"": "''", report.Months: "to_char(day, 'YYYY-MM')", report.Areas: "area", report.Kinds: "kind", report.Routes: "route", report.Occupations: "occupation"}[by]
	found, err := db.Find[row[report.Came]](ctx, s.db.Gorm, "SELECT "+key+" AS key, "+cameSums+` FROM outcome_total
		WHERE area IN ? AND day >= ? AND day < ? GROUP BY 1 HAVING (sum(starts), sum(training)) <> (0, 0)`, f.Areas, f.From.Day(), f.To.Add(1).Day())
	rows, _ := rowsOf(found)
	return rows, err
}

// Proxies are all there are.
func (s Store) Proxies(ctx context.Context) ([]report.Proxy, error) {
	return db.Find[report.Proxy](ctx, s.db.Gorm, "SELECT * FROM proxy ORDER BY name, valid_from DESC")
}

// Worth is what the outcomes come to by each version of each proxy.
func (s Store) Worth(ctx context.Context, f report.Filter) ([]report.Worth, error) {
	return db.Find[report.Worth](ctx, s.db.Gorm, `
		SELECT p.name, p.unit, p.pence, p.year, p.source, p.attribution_percent, p.deadweight_percent, p.valid_from, coalesce(o.units, 0) AS units
		FROM (SELECT *, lead(valid_from) OVER (PARTITION BY name ORDER BY valid_from) AS next FROM proxy) p CROSS JOIN LATERAL (
			SELECT sum(CASE p.unit WHEN 'start' THEN starts ELSE sustained END)::bigint AS units FROM outcome_total o
			WHERE o.area IN ? AND o.route = 'instead' AND o.day >= greatest(?::date, p.valid_from) AND o.day < least(?::date, coalesce(p.next, 'infinity'))) o
		WHERE p.valid_from < ? AND coalesce(p.next > ?, true) ORDER BY p.name, p.valid_from`,
		f.Areas, f.From.Day(), f.To.Add(1).Day(), f.To.Add(1).Day(), f.From.Day())
}

// budgets are those of the years of a filter, with how they stand.
func budgets(f report.Filter) clause.Expr {
	e := clause.Expr{
		SQL: `(SELECT b.budget_id, b.fund_id, b.area, b.year, b.allocated_pence, coalesce(t.committed_pence, 0) AS committed_pence, coalesce(t.spent_pence, 0) AS spent_pence
			FROM budget b LEFT JOIN budget_total t ON t.budget_id = b.budget_id WHERE b.year IN ? AND b.area IN ?`,
		Vars: []any{f.Years(), f.Areas},
	}
	if f.Fund != nil {
		e.SQL += " AND b.fund_id = ?"
		e.Vars = append(e.Vars, *f.Fund)
	}
	e.SQL += ") b"
	return e
}

// Budgets are a page of those of the financial years of the period.
func (s Store) Budgets(ctx context.Context, f report.Filter, page report.Page) ([]report.Budget, int, error) {
	type standing struct {
		BudgetID, FundID                           uuid.UUID
		Area                                       string
		Year, Count                                int
		AllocatedPence, CommittedPence, SpentPence int64
	}
	found, err := db.Find[standing](ctx, s.db.Gorm, `SELECT *, count(*) OVER () AS count FROM ? ORDER BY year DESC, allocated_pence - committed_pence - spent_pence DESC, budget_id LIMIT ? OFFSET ?`,
		budgets(f), page.Size, (page.Number-1)*page.Size)
	all, count := make([]report.Budget, len(found)), 0
	for i, b := range found {
		all[i] = report.Budget{BudgetID: b.BudgetID, FundID: b.FundID, Area: b.Area, Year: b.Year, Standing: report.Standing{
			AllocatedPence: b.AllocatedPence, CommittedPence: b.CommittedPence, SpentPence: b.SpentPence,
		}}
		count = b.Count
	}
	return all, count, err
}

// Standing is how they stand together, if there are any.
func (s Store) Standing(ctx context.Context, f report.Filter) (report.Standing, bool, error) {
	found, err := db.Find[report.Standing](ctx, s.db.Gorm, `SELECT sum(allocated_pence)::bigint AS allocated_pence, sum(committed_pence)::bigint AS committed_pence, sum(spent_pence)::bigint AS spent_pence
		FROM ? HAVING count(*) > 0`, budgets(f))
	if err != nil || len(found) == 0 {
		return report.Standing{}, false, err
	}
	return found[0], true, nil
}

// AddProxies adds proxies, all or none. One of the same name and first day stands.
func (s Store) AddProxies(ctx context.Context, all []report.Proxy) error {
	return db.Tx(ctx, s.db.Gorm, func(tx *gorm.DB) error {
		for _, p := range all {
			err := tx.Exec("INSERT INTO proxy (name, unit, pence, year, source, attribution_percent, deadweight_percent, valid_from) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
				p.Name, p.Unit, p.Pence, p.Year, p.Source, p.AttributionPercent, p.DeadweightPercent, p.ValidFrom).Error
			if err != nil {
				return faults.Translate(err)
			}
		}
		return nil
	})
}
