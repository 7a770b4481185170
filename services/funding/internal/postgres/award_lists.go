package postgres

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// fromRequests is where a list and the totals beside it both look. They share
// their WHERE too, so that a total counts the very rows of its list.
const fromRequests = " FROM request r JOIN allowance a ON a.id = r.allowance_id WHERE ?"

// matching is the WHERE of everything that f lets through and act may see.
func matching(act award.Act, f award.Filter) clause.Expr {
	where := within(act.Who, act.Operation, ofRequest)
	and := func(sql string, values ...any) {
		where.SQL += " AND " + sql
		where.Vars = append(where.Vars, values...)
	}
	if len(f.States) > 0 {
		and("r.state IN ?", f.States)
	}
	if f.Text != "" {
		and("r.search LIKE ?", "%"+literally.Replace(award.SearchText(f.Text))+"%")
	}
	if f.Mine {
		and("a.coach_id = ?", act.Who.ID)
	}
	if f.Decidable {
		and("r.state = ?", award.Submitted)
		and("?", within(act.Who, policy.ApproveRequest, ofRequest))
		and("NOT EXISTS (SELECT FROM history h WHERE h.request_id = r.id AND h.to_state = ? AND h.by_id = ?)", award.Submitted, act.Who.ID)
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

// literally takes from LIKE what it would read into a text.
var literally = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// Requests is award.Store's.
func (s Awards) Requests(ctx context.Context, act award.Act, f award.Filter, p award.Page) (found []award.Summary, total int, err error) {
	order := " ORDER BY r.changed_at DESC, r.id DESC"
	if f.Decidable || slices.Equal(f.States, []award.State{award.Submitted}) {
		order = " ORDER BY r.submitted_at, r.id"
	}
	where := matching(act, f)
	err = s.still(ctx, func(tx *gorm.DB) error {
		if err := tx.Raw("SELECT count(*)"+fromRequests, where).Scan(&total).Error; err != nil {
			return err
		}
		rows, err := gorm.G[summaryRow](tx).Raw(`
			SELECT r.id, r.reference, r.jobseeker_id, r.allowance_id, r.area, r.state, a.coach_id, a.coach_name, a.course_name,
				(SELECT l.what FROM line l WHERE l.request_id = r.id AND l.position = 1) AS first_line,
				(SELECT count(*) FROM line l WHERE l.request_id = r.id) AS lines,
				r.asked, r.awarded, a.cap - a.held - a.committed - a.paid AS available, r.submitted_at, r.decided_at, r.changed_at`+
			fromRequests+order+" LIMIT ? OFFSET ?", where, p.Size, (p.Number-1)*p.Size).Find(ctx)
		if err != nil {
			return err
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
	rows, err := gorm.G[totalRow](s.db.Gorm).Raw(
		"SELECT r.state, count(*) AS count, sum(r.asked) AS asked, sum(r.awarded) AS awarded, min(r.since) AS oldest"+
			fromRequests+" GROUP BY r.state", matching(act, f)).Find(ctx)
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

// Trail is award.Store's. This look is added after, and is seen by the next.
func (s Awards) Trail(ctx context.Context, act award.Act, id uuid.UUID, p award.Page) (trail []award.Trace, total int, err error) {
	err = s.still(ctx, func(tx *gorm.DB) error {
		r, _, err := readRequest(ctx, tx, act.Who, id, "")
		if err != nil {
			return err
		}
		if err := tx.Raw("SELECT count(*) FROM audit_entry WHERE subject_id = ?", id).Scan(&total).Error; err != nil {
			return err
		}
		rows, err := gorm.G[traceRow](tx).Raw(
			"SELECT at, person, action, subject, subject_id FROM audit_entry WHERE subject_id = ? ORDER BY at DESC, id DESC LIMIT ? OFFSET ?",
			id, p.Size, (p.Number-1)*p.Size).Find(ctx)
		trail = make([]award.Trace, len(rows))
		for i, row := range rows {
			trail[i] = award.Trace(row)
		}
		return noteRequest(ctx, tx, act, r, err)
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
	SubmittedAt *time.Time
	DecidedAt   *time.Time
	ChangedAt   time.Time
}

func (r summaryRow) toDomain() award.Summary {
	s := award.Summary{
		ID: r.ID, Reference: r.Reference, JobseekerID: r.JobseekerID, AllowanceID: r.AllowanceID,
		Area: r.Area, State: award.State(r.State), CoachID: r.CoachID, CoachName: r.CoachName, CourseName: r.CourseName,
		Lines: r.Lines, Asked: money.Pence(r.Asked), Awarded: money.Pence(r.Awarded), Available: money.Pence(r.Available),
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
