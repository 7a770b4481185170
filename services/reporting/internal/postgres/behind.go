package postgres

import (
	"context"
	"strings"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/services/reporting/internal/report"
)

// source is where the requests behind a measure are found: in entries of some kinds,
// or in the requests of a month.
type source struct {
	kinds []string // of entries; none where it is in the requests themselves
	month string   // the column that says when
	where string
}

var sources = map[report.Measure]source{
	report.Requests:  {nil, "submitted_month", "x.submitted_month IS NOT NULL"},
	report.Asked:     {nil, "submitted_month", "x.submitted_month IS NOT NULL"},
	report.Decided:   {nil, "decided_month", "x.decided_month IS NOT NULL"},
	report.Late:      {nil, "decided_month", "x.late"},
	report.Committed: {nil, "commit_month", "x.committed_pence <> 0"},
	report.Approved:  {[]string{"commit"}, "month", ""},
	report.GivenBack: {[]string{"uncommit"}, "month", ""},
	report.Paid:      {[]string{"pay"}, "month", ""},
	report.Recovered: {[]string{"recover"}, "month", ""},
	report.Spent:     {[]string{"pay", "recover"}, "month", ""},
	report.Released:  {[]string{"release"}, "month", ""},
	report.Supplier:  {[]string{"pay", "recover"}, "month", "x.supplier_id IS NOT NULL"},
	report.Local:     {[]string{"pay", "recover"}, "month", "x.local"},
}

// candidates are the ids of the n newest requests behind a figure that are older
// than after, or of all of them if n is 0. Each area, month and kind gives its own n
// newest, from the index that has just those in order, and of them all the n newest
// are taken: so a figure of millions is opened as quickly as one of ten.
func candidates(d report.Drill, after uuid.UUID, n int) clause.Expr {
	from := sources[d.Measure]
	var e clause.Expr
	add := func(sql string, vars ...any) { e.SQL += sql; e.Vars = append(e.Vars, vars...) }
	table := "request"
	months := d.Months()
	days := make([]string, len(months))
	for i, m := range months {
		days[i] = m.Day().Format("2006-01-02")
	}
	add("SELECT DISTINCT request_id FROM unnest(?::text[]) a (area) CROSS JOIN unnest(?::date[]) m (day)", array(d.Areas), array(days))
	if from.kinds != nil {
		table = "entry"
		add(" CROSS JOIN unnest(?::text[]) k (kind)", array(from.kinds))
	}
	add(" CROSS JOIN LATERAL (SELECT x.request_id FROM " + table + " x")
	of := "x" // the request
	if from.kinds != nil && (d.Fund != nil || d.By == report.Coaches || d.By == report.Courses || d.By == report.Funds) {
		of = "r"
		add(" JOIN request r ON r.request_id = x.request_id")
	}
	add(" WHERE x.area = a.area AND x."+from.month+" = m.day AND x.request_id < ?", after)
	if from.kinds != nil {
		add(" AND x.kind = k.kind")
	}
	if from.where != "" {
		add(" AND " + from.where)
	}
	if d.Fund != nil {
		add(" AND "+of+".fund_id = ?", *d.Fund)
	}
	switch d.By {
	case report.Funds:
		add(" AND "+of+".fund_id = ?", d.Key)
	case report.Coaches:
		add(" AND "+of+".coach_id = ?", d.Key)
	case report.Courses:
		if d.Key == "" {
			add(" AND " + of + ".course_id IS NULL")
		} else {
			add(" AND "+of+".course_id = ?", d.Key)
		}
	case report.Suppliers:
		switch {
		case from.kinds == nil:
			add(" AND false") // what is told of whole requests is no supplier's
		case d.Key == "":
			add(" AND x.supplier_id IS NULL AND x.kind IN ('pay', 'recover')")
		default:
			add(" AND x.supplier_id = ?", d.Key)
		}
	case report.Categories:
		add(" AND EXISTS (SELECT FROM request_line l WHERE l.request_id = x.request_id AND l.category = ?)", d.Key)
	case report.Needs:
		add(" AND EXISTS (SELECT FROM request_line l LEFT JOIN need n ON n.need_id = l.need_id WHERE l.request_id = x.request_id AND coalesce(n.category, '') = ?)", d.Key)
	}
	if n > 0 {
		add(" ORDER BY x.request_id DESC LIMIT ?", n)
	}
	add(") x")
	if n > 0 {
		add(" ORDER BY request_id DESC LIMIT ?", n)
	}
	return e
}

// Count is how many there are.
func (s Store) Count(ctx context.Context, d report.Drill) (int64, error) {
	row, err := db.First[struct{ Count int64 }](ctx, s.db.Gorm, "SELECT count(*) AS count FROM (?) x", candidates(d, uuid.Max, 0))
	return row.Count, err
}

// Requests are the n newest of those behind a figure that are older than after, with
// what each adds to it.
func (s Store) Requests(ctx context.Context, d report.Drill, after uuid.UUID, n int) ([]report.Request, error) {
	ids, err := db.Find[uuid.UUID](ctx, s.db.Gorm, candidates(d, after, n).SQL, candidates(d, after, n).Vars...)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	name, _ := cut(d.By)
	parts := strings.ReplaceAll(sums, "sum(", "sum(c.")
	return db.Find[report.Request](ctx, s.db.Gorm, `
		SELECT r.request_id, r.reference, r.area, r.coach_id, r.fund_id, r.allowance_id, r.course_id, r.state, r.automatic, r.submitted_at, r.decided_at, w.*, p.part
		FROM unnest(?::uuid[]) x (id) JOIN request r ON r.request_id = x.id
		CROSS JOIN LATERAL (SELECT `+parts+` FROM contribution(ARRAY[x.id]) c WHERE c.cut = 'all' AND c.grain = 'month' AND c.period BETWEEN ? AND ?) w
		CROSS JOIN LATERAL (SELECT coalesce(`+largest[d.Measure]+`, 0)::bigint AS part FROM contribution(ARRAY[x.id]) c
			WHERE c.cut = ? AND (c.cut = 'all' OR c.key = ?) AND c.grain = 'month' AND c.period BETWEEN ? AND ?) p
		ORDER BY r.request_id DESC`,
		array(ids), d.From.Day(), d.To.Day(), name, d.Key, d.From.Day(), d.To.Day())
}
