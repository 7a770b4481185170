package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// matching is the WHERE of everything that f lets through and act may see.
func matching(act award.Act, f award.Filter) clause.Expr {
	return both(within(act.Who, act.Operation, ofRequest), narrowing(act, f))
}

// narrowing is what f itself asks for, but for states.
func narrowing(act award.Act, f award.Filter) clause.Expr {
	where := clause.Expr{SQL: "true"}
	and := func(sql string, values ...any) {
		where = both(where, clause.Expr{SQL: sql, Vars: values})
	}
	if len(f.States) > 0 {
		and("r.state IN ?", f.States)
	}
	if f.Text != "" {
		and("r.search LIKE ?", "%"+literally.Replace(award.SearchText(f.Text))+"%")
	}
	if f.Mine {
		and("r.coach_id = ?", act.Who.ID)
	}
	if f.Decidable {
		and("r.state = ?", award.Submitted)
		and("?", within(act.Who, policy.ApproveRequest, ofRequest))
		// OFFSET 0 has it looked up for each request that the list comes to, and not
		// for all there are.
		and("NOT EXISTS (SELECT FROM history h WHERE h.request_id = r.id AND h.to_state IN ? AND h.by_id = ? OFFSET 0)",
			[]award.State{award.Submitted, award.Declined}, act.Who.ID)
	}
	if f.Exception {
		and("r.exception = ?", award.ExceptionAsked)
		and("r.state IN ?", award.Editable)
		and("NOT asks(r.id, ?)", act.Who.ID)
	}
	if f.Automatic {
		and("r.automatic")
	}
	if f.Area != "" {
		and("r.area = ?", f.Area)
	}
	if f.JobseekerID != uuid.Nil {
		and("r.jobseeker_id = ?", f.JobseekerID)
	}
	if f.AllowanceID != uuid.Nil {
		and("r.allowance_id = ?", f.AllowanceID)
	}
	return where
}

func both(a, b clause.Expr) clause.Expr {
	return clause.Expr{SQL: a.SQL + " AND " + b.SQL, Vars: slices.Concat(a.Vars, b.Vars)}
}

// literally takes from LIKE what it would read into a text.
var literally = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// mostCounted is how many requests a list counts and leads to. Whoever looks for
// one of more than that narrows the list: nobody turns a thousand pages.
const mostCounted = 1000

// oldestFirst reports whether a list is a queue, in which those that have waited
// longest come first.
func oldestFirst(f award.Filter) bool {
	return f.Decidable || f.Exception || slices.Equal(f.States, []award.State{award.Submitted})
}

// first is a query for the ids of the first requests of the list, each with the
// time that it is ordered by, and one more than is counted at most.
//
// It is put together from branches: one for each way in which act may see a
// request, each area of theirs and each state asked for. One index has the
// requests of a branch in the list's order, so it is read as far as the list
// goes and no further, where a WHERE with all the ways in it would have
// PostgreSQL gather and sort whatever there is.
func first(act award.Act, f award.Filter) clause.Expr {
	at, order := "r.changed_at", "DESC"
	if oldestFirst(f) {
		at, order = "r.submitted_at", "ASC"
	}
	if f.Exception { // of what is not submitted yet
		at = "r.changed_at"
	}
	narrow := narrowing(act, f)
	var sql []string
	var vars []any
	for _, way := range ways(act.Who, act.Operation, f) {
		branch := both(way, narrow)
		sql = append(sql, fmt.Sprintf("(SELECT r.id, %s AS at FROM request r WHERE %s ORDER BY %s %s, r.id %s LIMIT %d)",
			at, branch.SQL, at, order, order, mostCounted+1))
		vars = append(vars, branch.Vars...)
	}
	// UNION has a request once that can be seen in two ways.
	return clause.Expr{SQL: fmt.Sprintf("SELECT id, at FROM (%s) u ORDER BY at %s, id %s LIMIT %d", strings.Join(sql, " UNION "), order, order, mostCounted+1), Vars: vars}
}

// ways lists the ways in which who may see requests through op, one area and one
// state at a time. Together they are within: a test holds the two alike.
func ways(who policy.Actor, op policy.Operation, f award.Filter) []clause.Expr {
	var all []clause.Expr
	rules := policy.Rules(who.Person, op)
	whole := slices.IndexFunc(rules, func(r policy.Rule) bool { return r.Whose == policy.Caseload && len(r.States) == 0 })
	if f.Mine && whole >= 0 {
		rules = rules[whole : whole+1] // nothing of one's own caseload is seen in another way only
	}
	for _, rule := range rules {
		var reach []clause.Expr
		switch rule.Whose {
		case policy.Own:
			reach = append(reach, clause.Expr{SQL: "r.jobseeker_id = ?", Vars: []any{who.Jobseeker}})
		case policy.Caseload:
			reach = append(reach, clause.Expr{SQL: "r.coach_id = ?", Vars: []any{who.ID}})
		case policy.InArea:
			for _, area := range who.Areas {
				if f.Area == "" || f.Area == area {
					reach = append(reach, clause.Expr{SQL: "r.area = ?", Vars: []any{area}})
				}
			}
		}
		for _, one := range reach {
			for _, state := range statesOf(rule, f) {
				all = append(all, both(one, state))
			}
		}
	}
	if len(all) == 0 {
		return []clause.Expr{{SQL: "false"}}
	}
	return all
}

// statesOf lists, one by one, the states that both rule and f name, or a
// condition that holds in all of them if neither names any.
func statesOf(rule policy.Rule, f award.Filter) []clause.Expr {
	named := rule.States
	if f.Decidable {
		f.States = []award.State{award.Submitted}
	}
	if len(f.States) > 0 {
		named = nil
		for _, s := range f.States {
			if len(rule.States) == 0 || slices.Contains(rule.States, string(s)) {
				named = append(named, string(s))
			}
		}
	} else if len(named) == 0 {
		return []clause.Expr{{SQL: "true"}}
	}
	all := make([]clause.Expr, len(named))
	for i, s := range named {
		all[i] = clause.Expr{SQL: "r.state = ?", Vars: []any{s}}
	}
	return all
}

// Requests is award.Store's.
func (s Awards) Requests(ctx context.Context, act award.Act, f award.Filter, p award.Page) (found []award.Summary, total int, err error) {
	order := " ORDER BY f.at DESC, f.id DESC"
	if oldestFirst(f) {
		order = " ORDER BY f.at, f.id"
	}
	list := first(act, f)
	err = s.still(ctx, func(tx *gorm.DB) error {
		rows, err := db.Find[summaryRow](ctx, tx, `
			WITH found AS MATERIALIZED (?), page AS (SELECT f.id, f.at FROM found f`+order+` LIMIT ? OFFSET ?)
			SELECT `+summaryColumns+`, (SELECT count(*) FROM found) AS total
			FROM page f JOIN request r ON r.id = f.id JOIN allowance a ON a.id = r.allowance_id`+order,
			list, p.Size, min((p.Number-1)*p.Size, mostCounted))
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			total = min(rows[0].Total, mostCounted)
		} else if p.Number > 1 { // past the end, where no row says how many there are
			if err := tx.Raw("SELECT count(*) FROM (?) found", list).Scan(&total).Error; err != nil {
				return err
			}
			total = min(total, mostCounted)
		}
		var looks []audit.Entry
		found = make([]award.Summary, len(rows))
		for i, row := range rows {
			found[i] = row.toDomain()
			look := audit.Entry{Action: string(act.Operation), Subject: "jobseeker", SubjectID: row.JobseekerID, Jobseeker: row.JobseekerID}
			if !slices.Contains(looks, look) {
				looks = append(looks, look)
			}
		}
		return audit.Write(ctx, tx, looks...)
	})
	return found, total, err
}

// Totals is award.Store's. Counting says nothing of anybody, so it leaves no
// trace in the audit trail.
func (s Awards) Totals(ctx context.Context, act award.Act, f award.Filter) ([]award.StateTotal, error) {
	rows, err := db.Find[totalRow](ctx, s.db.Gorm,
		"SELECT r.state, count(*) AS count, sum(r.asked) AS asked, sum(r.awarded) AS awarded, min(r.since) AS oldest"+
			" FROM request r WHERE ? GROUP BY r.state", matching(act, f))
	if err != nil {
		return nil, err
	}
	totals := make([]award.StateTotal, len(award.States))
	for i, state := range award.States {
		totals[i].State = state
		for _, row := range rows {
			if row.State == string(state) {
				totals[i] = row.toDomain()
			}
		}
	}
	return totals, nil
}

// changeRow is an entry of the audit trail that changed a request.
type changeRow struct {
	Operation string
	Name      string
	At        time.Time
}

// Changes is award.Store's. Each change of a request raises its version by one
// and leaves one entry in the audit trail. The trail keeps no names: those of
// staff are in the request's history and on its allowance.
func (s Awards) Changes(ctx context.Context, who policy.Actor, id uuid.UUID, by []policy.Operation, since int64) (done []award.Change, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		c, err := readCase(tx, who, id, award.Also{})
		if err != nil {
			return err
		}
		var rows []changeRow
		err = tx.WithContext(ctx).Raw(`
			SELECT e.action AS operation, e.at, CASE WHEN 'jobseeker' = ANY (e.roles) THEN 'The jobseeker' ELSE coalesce(
				(SELECT h.by_name FROM history h WHERE h.request_id = e.subject_id AND h.by_id = e.person ORDER BY h.step DESC LIMIT 1),
				(SELECT k.by_name FROM kept_on k WHERE k.request_id = e.subject_id AND k.by_id = e.person),
				(SELECT a.coach_name FROM allowance a WHERE a.id = ? AND a.coach_id = e.person), 'A work coach') END AS name
			FROM audit_entry e WHERE e.subject_id = ? AND e.action IN ? ORDER BY e.at DESC, e.id DESC LIMIT ?`,
			c.Request.AllowanceID, id, by, max(0, c.Request.Version-since)).Scan(&rows).Error
		done = make([]award.Change, len(rows))
		for i, row := range rows {
			done[i] = award.Change{Operation: policy.Operation(row.Operation), By: row.Name, At: row.At}
		}
		return err
	})
	return done, err
}

// Trail is award.Store's. This look is added after, and is seen by the next.
func (s Awards) Trail(ctx context.Context, act award.Act, id uuid.UUID, p award.Page) (trail []award.Trace, total int, err error) {
	err = s.still(ctx, func(tx *gorm.DB) error {
		c, err := readCase(tx, act.Who, id, award.Also{})
		if err != nil {
			return err
		}
		if err := tx.Raw("SELECT count(*) FROM audit_entry WHERE subject_id = ?", id).Scan(&total).Error; err != nil {
			return err
		}
		rows, err := db.Find[traceRow](ctx, tx,
			"SELECT at, person, action, subject, subject_id FROM audit_entry WHERE subject_id = ? ORDER BY at DESC, id DESC LIMIT ? OFFSET ?",
			id, p.Size, (p.Number-1)*p.Size)
		trail = make([]award.Trace, len(rows))
		for i, row := range rows {
			trail[i] = award.Trace(row)
		}
		return noteRequest(ctx, tx, act, c.Request, err)
	})
	return trail, total, err
}

// still runs f while, for it, nothing moves: a page and its total are of the
// same moment.
func (s Awards) still(ctx context.Context, f func(tx *gorm.DB) error) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Exec("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").Error; err != nil {
			return err
		}
		return f(tx)
	})
}

// summaryColumns are those of a request r with its allowance a that make a
// summaryRow, but for the total.
const summaryColumns = `r.id, r.reference, r.jobseeker_id, r.allowance_id, r.area, r.state, a.coach_id, a.coach_name, a.course_name,
	(SELECT l.what FROM line l WHERE l.request_id = r.id AND l.position = 1) AS first_line,
	(SELECT count(*) FROM line l WHERE l.request_id = r.id) AS lines,
	r.asked, r.awarded, greatest(0, a.cap - a.held - a.committed - a.paid) AS available,
	greatest(0, a.held + a.committed + a.paid - r.held - r.committed - r.paid + r.asked - a.cap) AS over, r.submitted_at, r.decided_at, r.changed_at`

// summaryRow is a request as a list shows it.
type summaryRow struct {
	ID          uuid.UUID
	Reference   string
	JobseekerID uuid.UUID
	AllowanceID uuid.UUID
	Area        string
	State       string
	CoachID     uuid.UUID
	CoachName   string
	CourseName  string
	FirstLine   *string
	Lines       int
	Asked       int64
	Awarded     int64
	Available   int64
	Over        int64
	SubmittedAt *time.Time
	DecidedAt   *time.Time
	ChangedAt   time.Time
	Total       int // of the whole list, the same in each row
}

func (r summaryRow) toDomain() award.Summary {
	s := award.Summary{
		ID: r.ID, Reference: r.Reference, JobseekerID: r.JobseekerID, AllowanceID: r.AllowanceID,
		Area: r.Area, State: award.State(r.State), CoachID: r.CoachID, CoachName: r.CoachName, CourseName: r.CourseName,
		Lines: r.Lines, Asked: money.Pence(r.Asked), Awarded: money.Pence(r.Awarded), Available: money.Pence(r.Available), Over: money.Pence(r.Over),
		SubmittedAt: r.SubmittedAt, DecidedAt: r.DecidedAt, ChangedAt: r.ChangedAt,
	}
	if r.FirstLine != nil {
		s.FirstLine = *r.FirstLine
	}
	return s
}

// totalRow is what the requests of one state come to.
type totalRow struct {
	State   string
	Count   int
	Asked   int64
	Awarded int64
	Oldest  *time.Time
}

func (r totalRow) toDomain() award.StateTotal {
	return award.StateTotal{
		State: award.State(r.State), Count: r.Count,
		Asked: money.Pence(r.Asked), Awarded: money.Pence(r.Awarded), Oldest: r.Oldest,
	}
}

// traceRow is a row of table audit_entry, as far as it is shown.
type traceRow struct {
	At        time.Time
	Person    uuid.UUID
	Action    string
	Subject   string
	SubjectID uuid.UUID
}
