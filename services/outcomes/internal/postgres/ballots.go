package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/services/outcomes/internal/outcome"
	"github.com/instead-support/instead/services/outcomes/internal/policy"
	"github.com/instead-support/instead/services/outcomes/internal/voice"
)

// ballotRow is a row of table ballot, with the vote of whoever asks.
type ballotRow struct {
	ID          uuid.UUID
	Area        string
	Kind        string
	OpensOn     time.Time
	ClosesOn    time.Time
	ByID        uuid.UUID
	ByName      string
	At          time.Time
	ClosedAt    *time.Time
	CancelledAt *time.Time
	CancelledBy string
	Why         string
	Mine        int
}

func (r ballotRow) toDomain() *voice.Ballot {
	return &voice.Ballot{
		ID: r.ID, Area: r.Area, Kind: voice.Kind(r.Kind), OpensOn: r.OpensOn, ClosesOn: r.ClosesOn, ByID: r.ByID, ByName: r.ByName, At: r.At,
		ClosedAt: or(r.ClosedAt), CancelledAt: or(r.CancelledAt), CancelledBy: r.CancelledBy, Why: r.Why, Mine: r.Mine,
	}
}

func or(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

type optionRow struct {
	BallotID uuid.UUID
	Number   int
	Text     string
	CourseID *uuid.UUID
	Votes    int
}

// selectBallots reads ballots as j, which within takes for whatever has an area, with
// the vote of one member.
const selectBallots = `SELECT j.*, coalesce((SELECT v.option FROM vote v WHERE v.ballot_id = j.id AND v.member_id = ?), 0) AS mine FROM ballot j `

// ballots reads those of a query, with their options.
func ballots(ctx context.Context, tx *gorm.DB, sql string, args ...any) ([]*voice.Ballot, error) {
	rows, err := db.Find[ballotRow](ctx, tx, sql, args...)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	ids := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	options, err := db.Find[optionRow](ctx, tx, `SELECT o.*, coalesce(c.votes, 0) AS votes
		FROM ballot_option o LEFT JOIN ballot_count c ON c.ballot_id = o.ballot_id AND c.option = o.number WHERE o.ballot_id IN ? ORDER BY o.number`, ids)
	if err != nil {
		return nil, err
	}
	all := make([]*voice.Ballot, len(rows))
	for i, r := range rows {
		all[i] = r.toDomain()
		for _, o := range options {
			if o.BallotID == r.ID {
				option := voice.Option{Number: o.Number, Text: o.Text, Votes: o.Votes}
				if o.CourseID != nil {
					option.CourseID = *o.CourseID
				}
				all[i].Options = append(all[i].Options, option)
			}
		}
	}
	return all, nil
}

// ballot is the one with this id, if act may see it.
func ballot(ctx context.Context, tx *gorm.DB, act outcome.Act, member, id uuid.UUID) (*voice.Ballot, error) {
	all, err := ballots(ctx, tx, selectBallots+"WHERE j.id = ? AND ?", member, id, within(act.Who, policy.ReadBallot))
	if err == nil && len(all) == 0 {
		err = policy.Missing()
	}
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// Ballots is voice.Store's.
type Ballots struct{ Store }

// changes runs change once for each message, and then reads the ballot as it stands.
// That somebody did something is kept, and not what: it is no part of a jobseeker's
// record.
func (s Ballots) changes(ctx context.Context, act outcome.Act, member, id uuid.UUID, change func(tx *gorm.DB) error) (b *voice.Ballot, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		was, seen, err := once(ctx, tx, act, func() (uuid.UUID, error) { return id, change(tx) })
		if err != nil {
			return err
		}
		if b, err = ballot(ctx, tx, act, member, was); err != nil || seen {
			return err
		}
		return note(ctx, tx, act, "ballot", id, uuid.Nil)
	})
	return b, err
}

// Open is voice.Store's.
func (s Ballots) Open(ctx context.Context, act outcome.Act, b *voice.Ballot) (*voice.Ballot, error) {
	return s.changes(ctx, act, uuid.Nil, b.ID, func(tx *gorm.DB) error {
		if err := tx.Exec("INSERT INTO ballot (id, area, kind, opens_on, closes_on, by_id, by_name, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			b.ID, b.Area, b.Kind, b.OpensOn, b.ClosesOn, b.ByID, b.ByName, b.At).Error; err != nil {
			return err
		}
		for _, o := range b.Options {
			var course *uuid.UUID
			if o.CourseID != uuid.Nil {
				course = &o.CourseID
			}
			if err := tx.Exec("INSERT INTO ballot_option (ballot_id, number, text, course_id) VALUES (?, ?, ?, ?)", b.ID, o.Number, o.Text, course).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

// Ballots is voice.Store's.
func (s Ballots) Ballots(ctx context.Context, act outcome.Act, member uuid.UUID, p outcome.Page) (found []*voice.Ballot, total int, err error) {
	reach := within(act.Who, act.Operation)
	err = s.tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Raw("SELECT count(*) FROM ballot j WHERE ?", reach).Scan(&total).Error; err != nil {
			return err
		}
		found, err = ballots(ctx, tx, selectBallots+"WHERE ? ORDER BY j.closes_on DESC, j.id DESC LIMIT ? OFFSET ?", member, reach, p.Size, (p.Number-1)*p.Size)
		return err
	})
	return found, total, err
}

// Ballot is voice.Store's.
func (s Ballots) Ballot(ctx context.Context, act outcome.Act, member, id uuid.UUID) (b *voice.Ballot, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		b, err = ballot(ctx, tx, act, member, id)
		return err
	})
	return b, err
}

// Vote is voice.Store's.
func (s Ballots) Vote(ctx context.Context, act outcome.Act, member, id uuid.UUID, option int, vote func(*voice.Ballot) error) (*voice.Ballot, error) {
	return s.changes(ctx, act, member, id, func(tx *gorm.DB) error {
		if err := tx.Exec("SELECT FROM ballot WHERE id = ? FOR SHARE", id).Error; err != nil {
			return err
		}
		b, err := ballot(ctx, tx, act, member, id)
		if err != nil {
			return err
		}
		if err := vote(b); err != nil {
			return err
		}
		return tx.Exec("INSERT INTO vote (ballot_id, member_id, option) VALUES (?, ?, ?) ON CONFLICT (ballot_id, member_id) DO UPDATE SET option = excluded.option",
			id, member, option).Error
	})
}

// Cancel is voice.Store's.
func (s Ballots) Cancel(ctx context.Context, act outcome.Act, id uuid.UUID, cancel func(*voice.Ballot) error) (*voice.Ballot, error) {
	return s.changes(ctx, act, uuid.Nil, id, func(tx *gorm.DB) error {
		if err := tx.Exec("SELECT FROM ballot WHERE id = ? FOR NO KEY UPDATE", id).Error; err != nil {
			return err
		}
		b, err := ballot(ctx, tx, act, uuid.Nil, id)
		if err != nil {
			return err
		}
		if err := cancel(b); err != nil {
			return err
		}
		return tx.Exec("UPDATE ballot SET cancelled_at = ?, cancelled_by = ?, why = ? WHERE id = ?", b.CancelledAt, b.CancelledBy, b.Why, id).Error
	})
}

// Close is voice.Store's. Of two processes at once the second waits, and finds
// nothing left to close. What counts and takes the votes away is the database.
func (s Ballots) Close(ctx context.Context, day, at time.Time) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		var ids []uuid.UUID
		if err := tx.Raw("UPDATE ballot SET closed_at = ? WHERE closes_on < ? AND closed_at IS NULL AND cancelled_at IS NULL RETURNING id", at, day).Scan(&ids).Error; err != nil || len(ids) == 0 {
			return err
		}
		closed, err := ballots(ctx, tx, selectBallots+"WHERE j.id IN ?", uuid.Nil, ids)
		if err != nil {
			return err
		}
		var notes []audit.Entry
		for _, b := range closed {
			notes = append(notes, audit.Entry{Action: string(policy.CloseBallot), Subject: "ballot", SubjectID: b.ID})
			if err := s.tell.Publish(ctx, tx, tellingClosed(b)); err != nil {
				return err
			}
		}
		return audit.Write(ctx, tx, notes...)
	})
}
