package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	told "github.com/instead-support/instead/api/events"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/services/outcomes/internal/outcome"
	"github.com/instead-support/instead/services/outcomes/internal/rating"
)

// Told is all that outcomes tells for others to count, to be told again as it
// stands. That a check is due is told to be acted on, once.
func (s Store) Told() []events.Source {
	return []events.Source{
		{Name: "outcomes", Page: s.outcomesAgain},
		events.Each("ratings", s.db, selectSums+" WHERE s.id > $1 ORDER BY s.id LIMIT $2", func(r sumRow) (uuid.UUID, events.Event) { return r.ID, r.toEvent() }),
		{Name: "ballots", Page: s.ballotsAgain},
	}
}

// ballotsAgain tells how some ballots ended of which votes were counted.
func (s Store) ballotsAgain(ctx context.Context, after uuid.UUID, n int) (all []events.Event, last uuid.UUID, err error) {
	closed, err := ballots(ctx, s.db.Gorm, selectBallots+"WHERE j.closed_at IS NOT NULL AND j.id > ? ORDER BY j.id LIMIT ?", uuid.Nil, after, n)
	for _, b := range closed {
		last = b.ID
		all = append(all, tellingClosed(b))
	}
	return all, last, err
}

// outcomesAgain tells of some outcomes how they stand, and of each of their checks
// of which an answer stands what it is, all with the version of now.
func (s Store) outcomesAgain(ctx context.Context, after uuid.UUID, n int) (all []events.Event, last uuid.UUID, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		all, last = nil, uuid.Nil
		if err := tx.Exec("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").Error; err != nil {
			return err
		}
		whose, err := db.Find[whoseRow](ctx, tx, selectWhose+"WHERE o.id > ? ORDER BY o.id LIMIT ?", after, n)
		if err != nil {
			return err
		}
		rows := make([]outcomeRow, len(whose))
		for i, w := range whose {
			rows[i] = outcomeRow{w.ID, w.JobseekerID}
		}
		found, err := assemble(ctx, tx, rows)
		if err != nil {
			return err
		}
		rules, err := s.rules(ctx, tx)
		if err != nil {
			return err
		}
		for i, o := range found {
			last = o.ID
			all = append(all, tellingAgain(o, outcome.Jobseeker{Area: whose[i].Area}, o.Sustained(rules))...)
		}
		return nil
	})
	return all, last, err
}

// tellingAgain is how o stands, and then each answer that stands.
func tellingAgain(o *outcome.Outcome, j outcome.Jobseeker, v outcome.Verdict) []events.Event {
	all := []events.Event{telling(o, outcome.Entry{At: o.Entries[len(o.Entries)-1].At}, j, v)}
	for _, c := range o.Checks {
		if c.Answer == nil {
			continue
		}
		for i := len(o.Entries) - 1; i >= 0; i-- {
			if e := o.Entries[i]; e.Answer != nil && e.CheckID == c.ID {
				all = append(all, telling(o, e, j, v))
				break
			}
		}
	}
	return all
}

// sumRow is how many say what of one kind of thing of one course in one area.
type sumRow struct {
	ID       uuid.UUID
	Area     string
	Kind     string
	CourseID uuid.UUID
	Version  int64
	At       time.Time
	Counts   []told.Count `gorm:"serializer:json"`
}

const selectSums = `SELECT s.id, s.area, s.kind, s.course_id, s.version, s.at, (
	SELECT jsonb_agg(jsonb_build_object('helped', c.helped, 'course_would_help_more', c.course_would_help_more, 'answers', c.answers) ORDER BY c.helped, c.course_would_help_more)
	FROM rating_count c WHERE c.sum_id = s.id AND c.answers > 0) AS counts
	FROM rating_sum s`

func (r sumRow) toEvent() told.Rated {
	return told.Rated{Area: r.Area, Kind: r.Kind, CourseID: r.CourseID, At: r.At.UTC(), Version: r.Version, Counts: r.Counts}
}

// tellRated tells others in tx that somebody said this, in place of what they said
// before, and what everybody says now.
func (s Store) tellRated(ctx context.Context, tx *gorm.DB, now, before rating.Rating, j outcome.Jobseeker) error {
	rows, err := db.Find[sumRow](ctx, tx, selectSums+" WHERE s.area = (SELECT area FROM jobseeker WHERE id = ?) AND s.kind = ? AND s.course_id = ?", j.ID, string(now.Kind), now.CourseID)
	if err != nil {
		return err
	}
	e := rows[0].toEvent() // there is one since somebody said something
	e.Now, e.Before, e.At = answered(now.Said), answered(before.Said), now.At
	return s.tell.Publish(ctx, tx, e)
}
