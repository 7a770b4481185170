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
	"github.com/instead-support/instead/services/outcomes/internal/outcome"
	"github.com/instead-support/instead/services/outcomes/internal/policy"
)

// Begin is outcome.Store's.
func (s Store) Begin(ctx context.Context, act outcome.Act, j outcome.Jobseeker, begin func() (*outcome.Outcome, error)) (o *outcome.Outcome, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		id, seen, err := once(ctx, tx, act, func() (uuid.UUID, error) {
			if o, err = begin(); err != nil {
				return uuid.Nil, err
			}
			if err := keep(ctx, tx, j); err != nil {
				return uuid.Nil, err
			}
			if err := tx.Create(&outcomeRow{o.ID, o.JobseekerID}).Error; err != nil {
				return uuid.Nil, err
			}
			for _, c := range o.Checks {
				if err := tx.Exec("INSERT INTO work_check (id, outcome_id, weeks, due_on, waits) VALUES (?, ?, ?, ?, ?)",
					c.ID, o.ID, c.Weeks, c.DueOn, c.Waits).Error; err != nil {
					return uuid.Nil, err
				}
			}
			return o.ID, s.add(ctx, tx, act, j, o)
		})
		if err == nil && seen {
			o, err = again(ctx, tx, act, id)
		}
		return err
	})
	return o, err
}

// Change is outcome.Store's.
func (s Store) Change(ctx context.Context, act outcome.Act, id uuid.UUID, j outcome.Jobseeker, change func(*outcome.Outcome) error) (o *outcome.Outcome, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		_, seen, err := once(ctx, tx, act, func() (uuid.UUID, error) {
			if err := keep(ctx, tx, j); err != nil {
				return uuid.Nil, err
			}
			// A statement of its own, because only one that begins after the wait sees
			// all that the one waited for has done.
			if err := tx.Exec("SELECT FROM outcome WHERE id = ? FOR NO KEY UPDATE", id).Error; err != nil {
				return uuid.Nil, err
			}
			if o, _, err = read(ctx, tx, act.Who, act.Operation, id); err != nil {
				return uuid.Nil, err
			}
			if err := change(o); err != nil {
				return uuid.Nil, err
			}
			for _, c := range o.Checks {
				if err := tx.Exec("UPDATE work_check SET due_on = ?, waits = ? WHERE id = ? AND (due_on, waits) <> (?, ?)",
					c.DueOn, c.Waits, c.ID, c.DueOn, c.Waits).Error; err != nil {
					return uuid.Nil, err
				}
			}
			return id, s.add(ctx, tx, act, j, o)
		})
		if err == nil && seen {
			o, err = again(ctx, tx, act, id)
		}
		return err
	})
	return o, err
}

// add writes the latest entry of o, which is the one that act made, and tells of it.
func (s Store) add(ctx context.Context, tx *gorm.DB, act outcome.Act, j outcome.Jobseeker, o *outcome.Outcome) error {
	e := o.Entries[len(o.Entries)-1]
	row := toEntryRow(o.ID, e)
	if err := tx.Create(&row).Error; err != nil {
		return err
	}
	rules, err := s.rules(ctx, tx)
	if err != nil {
		return err
	}
	if err := s.tell.Publish(ctx, tx, telling(o, e, j, o.Sustained(rules))); err != nil {
		return err
	}
	return note(ctx, tx, act, "outcome", o.ID, o.JobseekerID)
}

// again is what a message led to before, as it now stands. That it is sent again
// is a look, and no more.
func again(ctx context.Context, tx *gorm.DB, act outcome.Act, id uuid.UUID) (*outcome.Outcome, error) {
	o, _, err := read(ctx, tx, act.Who, policy.ReadOutcome, id)
	if err != nil {
		return nil, err
	}
	act.Operation = policy.ReadOutcome
	return o, note(ctx, tx, act, "outcome", o.ID, o.JobseekerID)
}

// whoseRow is an outcome and what the policy needs to know of it.
type whoseRow struct {
	ID          uuid.UUID
	JobseekerID uuid.UUID
	CoachID     uuid.UUID
	Area        string
}

func (r whoseRow) record() policy.Record {
	return policy.Record{Jobseeker: r.JobseekerID, Coach: r.CoachID, Area: r.Area}
}

const selectWhose = `SELECT o.id, o.jobseeker_id, j.coach_id, j.area FROM outcome o JOIN jobseeker j ON j.id = o.jobseeker_id `

// Whose is outcome.Store's.
func (s Store) Whose(ctx context.Context, who policy.Actor, id uuid.UUID) (uuid.UUID, policy.Record, error) {
	rows, err := db.Find[whoseRow](ctx, s.db.Gorm, selectWhose+
		"WHERE o.id IN (SELECT ?::uuid UNION SELECT c.outcome_id FROM work_check c WHERE c.id = ?) AND ?", id, id, within(who, policy.ReadOutcome))
	if err == nil && len(rows) == 0 {
		err = policy.Missing()
	}
	if err != nil {
		return uuid.Nil, policy.Record{}, err
	}
	return rows[0].ID, rows[0].record(), nil
}

// read is the outcome with this id, if who may do op to it.
func read(ctx context.Context, tx *gorm.DB, who policy.Actor, op policy.Operation, id uuid.UUID) (*outcome.Outcome, policy.Record, error) {
	rows, err := db.Find[whoseRow](ctx, tx, selectWhose+"WHERE o.id = ? AND ?", id, within(who, op))
	if err == nil && len(rows) == 0 {
		err = policy.Missing()
	}
	if err != nil {
		return nil, policy.Record{}, err
	}
	all, err := assemble(ctx, tx, []outcomeRow{{rows[0].ID, rows[0].JobseekerID}})
	if err != nil {
		return nil, policy.Record{}, err
	}
	return all[0], rows[0].record(), nil
}

// Outcome is outcome.Store's.
func (s Store) Outcome(ctx context.Context, act outcome.Act, id uuid.UUID) (o *outcome.Outcome, rec policy.Record, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		if o, rec, err = read(ctx, tx, act.Who, act.Operation, id); err != nil {
			return err
		}
		return note(ctx, tx, act, "outcome", o.ID, o.JobseekerID)
	})
	return o, rec, err
}

// Outcomes is outcome.Store's.
func (s Store) Outcomes(ctx context.Context, act outcome.Act, j outcome.Jobseeker) (all []*outcome.Outcome, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		if err := keep(ctx, tx, j); err != nil {
			return err
		}
		rows, err := db.Find[outcomeRow](ctx, tx, `
			SELECT o.id, o.jobseeker_id FROM outcome o JOIN jobseeker j ON j.id = o.jobseeker_id CROSS JOIN LATERAL (`+lastStart+`) s
			WHERE o.jobseeker_id = ? AND ? ORDER BY s.started_on DESC, o.id DESC`, j.ID, within(act.Who, act.Operation))
		if err != nil {
			return err
		}
		if all, err = assemble(ctx, tx, rows); err != nil {
			return err
		}
		return note(ctx, tx, act, "jobseeker", j.ID, j.ID)
	})
	return all, err
}

// lastStart is what stands of the start of outcome o.
const lastStart = `SELECT e.* FROM entry e WHERE e.outcome_id = o.id AND e.kind IS NOT NULL ORDER BY e.number DESC LIMIT 1`

// waitingRow is a check that waits.
type waitingRow struct {
	Check       checkRow `gorm:"embedded"`
	JobseekerID uuid.UUID
	Kind        string
	Employer    string
	StartedOn   time.Time
	Area        string
	CoachName   string
	Version     int64
}

// mostCounted is how many checks a list counts and leads to, as with requests:
// nobody turns a thousand pages.
const mostCounted = 1000

// waiting is a query for the first checks of the list, and one more than is counted
// at most. It is put together from branches, one for each way in which act may see
// a check, because one index has the checks of a branch in the list's order.
func waiting(act outcome.Act, f outcome.Filter) clause.Expr {
	narrow := clause.Expr{SQL: "c.waits"}
	and := func(sql string, values ...any) {
		narrow.SQL += " AND " + sql
		narrow.Vars = append(narrow.Vars, values...)
	}
	if !f.Upcoming {
		and("c.due_on <= ?", f.Today)
	}
	if f.Mine {
		and("c.coach_id = ?", act.Who.ID)
	}
	if f.Jobseekers != nil {
		and("c.outcome_id IN (SELECT id FROM outcome WHERE jobseeker_id IN ?)", f.Jobseekers)
	}
	var sql []string
	var vars []any
	for _, way := range waysToChecks(act.Who, act.Operation, f.Mine) {
		sql = append(sql, fmt.Sprintf("(SELECT c.id, c.due_on FROM work_check c WHERE %s AND %s ORDER BY c.due_on, c.id LIMIT %d)", way.SQL, narrow.SQL, mostCounted+1))
		vars = slices.Concat(vars, way.Vars, narrow.Vars)
	}
	// UNION has a check once that can be seen in two ways.
	return clause.Expr{SQL: fmt.Sprintf("SELECT id, due_on FROM (%s) u ORDER BY due_on, id LIMIT %d", strings.Join(sql, " UNION "), mostCounted+1), Vars: vars}
}

// waysToChecks lists the ways in which who may see checks through op, one area at a
// time. Together they are within: a test holds the two alike.
func waysToChecks(who policy.Actor, op policy.Operation, mine bool) []clause.Expr {
	rules := policy.Rules(who.Person, op)
	if i := slices.IndexFunc(rules, func(r policy.Rule) bool { return r.Whose == policy.Caseload }); mine && i >= 0 {
		rules = rules[i : i+1] // nothing of one's own caseload is seen in another way only
	}
	all := []clause.Expr{}
	for _, rule := range rules {
		switch rule.Whose {
		case policy.Own:
			all = append(all, clause.Expr{SQL: "c.outcome_id IN (SELECT id FROM outcome WHERE jobseeker_id = ?)", Vars: []any{who.Jobseeker}})
		case policy.Caseload:
			all = append(all, clause.Expr{SQL: "c.coach_id = ?", Vars: []any{who.ID}})
		case policy.InArea:
			for _, area := range who.Areas {
				all = append(all, clause.Expr{SQL: "c.area = ?", Vars: []any{area}})
			}
		}
	}
	if len(all) == 0 {
		return []clause.Expr{{SQL: "false"}}
	}
	return all
}

// Checks is outcome.Store's.
func (s Store) Checks(ctx context.Context, act outcome.Act, f outcome.Filter, p outcome.Page) (found []outcome.Waiting, total, overdue int, err error) {
	list := waiting(act, f)
	err = s.tx(ctx, func(tx *gorm.DB) error {
		var counts struct{ Total, Overdue int }
		if err := tx.Raw("SELECT count(*) AS total, count(*) FILTER (WHERE due_on < ?) AS overdue FROM (?) found",
			outcome.LateBefore(f.Today), list).Scan(&counts).Error; err != nil {
			return err
		}
		total, overdue = min(counts.Total, mostCounted), min(counts.Overdue, mostCounted)
		rows, err := db.Find[waitingRow](ctx, tx, `
			WITH page AS (SELECT id FROM (?) found ORDER BY due_on, id LIMIT ? OFFSET ?)
			SELECT c.id, c.outcome_id, c.weeks, c.due_on, c.waits, (SELECT max(r.day) FROM reminder r WHERE r.check_id = c.id) AS reminded_on,
				o.jobseeker_id, s.kind, s.employer, s.started_on, j.area, j.coach_name,
				(SELECT max(e.number) FROM entry e WHERE e.outcome_id = o.id) AS version
			FROM page JOIN work_check c ON c.id = page.id JOIN outcome o ON o.id = c.outcome_id JOIN jobseeker j ON j.id = o.jobseeker_id
				CROSS JOIN LATERAL (`+lastStart+`) s
			ORDER BY c.due_on, c.id`, list, p.Size, min((p.Number-1)*p.Size, mostCounted))
		if err != nil {
			return err
		}
		found = make([]outcome.Waiting, len(rows))
		shown := make([]uuid.UUID, len(rows))
		for i, r := range rows {
			found[i] = outcome.Waiting{
				Check: r.Check.toDomain(), OutcomeID: r.Check.OutcomeID, JobseekerID: r.JobseekerID, Kind: outcome.Kind(r.Kind),
				Employer: r.Employer, StartedOn: r.StartedOn, Area: r.Area, CoachName: r.CoachName, Version: r.Version,
			}
			shown[i] = r.JobseekerID
		}
		return noteShown(ctx, tx, act, shown)
	})
	return found, total, overdue, err
}

// Trail is outcome.Store's.
func (s Store) Trail(ctx context.Context, act outcome.Act, jobseeker uuid.UUID, p outcome.Page) (found []outcome.Trace, total int, err error) {
	where := within(act.Who, act.Operation)
	err = s.tx(ctx, func(tx *gorm.DB) error {
		const from = " FROM audit_entry a JOIN jobseeker j ON j.id = a.jobseeker_id WHERE a.jobseeker_id = ? AND ?"
		if err := tx.Raw("SELECT count(*)"+from, jobseeker, where).Scan(&total).Error; err != nil {
			return err
		}
		if found, err = db.Find[outcome.Trace](ctx, tx, "SELECT a.at, a.person, a.action, a.subject, a.subject_id"+from+
			" ORDER BY a.at DESC, a.id DESC LIMIT ? OFFSET ?", jobseeker, where, p.Size, (p.Number-1)*p.Size); err != nil || total == 0 {
			return err
		}
		return note(ctx, tx, act, "jobseeker", jobseeker, jobseeker)
	})
	return found, total, err
}

// Rules is outcome.Store's.
func (s Store) Rules(ctx context.Context) (outcome.Rules, error) { return s.rules(ctx, s.db.Gorm) }

type wageRow struct {
	FirstDay time.Time
	Pence    int64
	Source   string
}

func (s Store) rules(ctx context.Context, tx *gorm.DB) (outcome.Rules, error) {
	definitions, err := db.Find[outcome.Definition](ctx, tx, "SELECT * FROM sustained_definition ORDER BY first_day DESC")
	if err != nil {
		return outcome.Rules{}, err
	}
	wages, err := db.Find[wageRow](ctx, tx, "SELECT * FROM living_wage ORDER BY first_day DESC")
	rules := outcome.Rules{Definitions: definitions}
	for _, w := range wages {
		rules.Wages = append(rules.Wages, outcome.Wage{FirstDay: w.FirstDay, Pence: money.Pence(w.Pence), Source: w.Source})
	}
	return rules, err
}

// dueRow is a check of which a coach is reminded, unless another process just did.
type dueRow struct {
	ID          uuid.UUID
	OutcomeID   uuid.UUID
	JobseekerID uuid.UUID
	Weeks       int
	DueOn       time.Time
	CoachID     uuid.UUID
	Reminded    bool
}

// Remind is outcome.Store's. Of two processes at once, the one that writes a reminder
// second waits for the first and tells of nothing.
func (s Store) Remind(ctx context.Context, day time.Time, after outcome.Place, most int) (last outcome.Place, n int, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		rows, err := db.Find[dueRow](ctx, tx, `
			WITH due AS (
				SELECT c.id, c.outcome_id, c.weeks, c.due_on, c.coach_id FROM work_check c
				WHERE c.waits AND c.due_on <= ? AND (c.due_on, c.id) > (?, ?)
					AND NOT EXISTS (SELECT FROM reminder r WHERE r.check_id = c.id AND r.day > ?::date - 7)
				ORDER BY c.due_on, c.id LIMIT ?
			), reminded AS (
				INSERT INTO reminder (check_id, day) SELECT id, ?::date FROM due ON CONFLICT DO NOTHING RETURNING check_id
			)
			SELECT due.*, o.jobseeker_id, reminded.check_id IS NOT NULL AS reminded
			FROM due JOIN outcome o ON o.id = due.outcome_id LEFT JOIN reminded ON reminded.check_id = due.id
			ORDER BY due.due_on, due.id`, day, after.DueOn, after.ID, day, most, day)
		if err != nil {
			return err
		}
		n = len(rows)
		var notes []audit.Entry
		for _, r := range rows {
			last = outcome.Place{DueOn: r.DueOn, ID: r.ID}
			if !r.Reminded {
				continue
			}
			notes = append(notes, audit.Entry{Action: string(policy.RemindCoach), Subject: "check", SubjectID: r.ID, Jobseeker: r.JobseekerID})
			if err := s.tell.Publish(ctx, tx, tellingDue(r)); err != nil {
				return err
			}
		}
		return audit.Write(ctx, tx, notes...)
	})
	return last, n, err
}
