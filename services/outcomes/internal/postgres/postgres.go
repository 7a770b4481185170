// Package postgres keeps what the outcomes service knows in PostgreSQL, and writes
// the audit trail of who changed or looked at what, and what other services are
// told, in the same transaction.
//
// It has no rules of its own: what a change does is decided by the domain, between
// a lock and a save.
package postgres

import (
	"context"
	"embed"
	"strings"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/services/outcomes/internal/outcome"
	"github.com/instead-support/instead/services/outcomes/internal/policy"
)

// Migrations make the service's schema.
//
//go:embed migrations/*.sql
var Migrations embed.FS

var errTooLate = fault.New(fault.Conflict, "Somebody else changed this at the same moment. Look at it again before you go on.")

// faults say what a broken constraint means to the person who broke it. They are
// the second wall: what reaches them got past the domain.
var faults = db.Faults{
	"entry_next":          errTooLate,
	"entry_goes_on":       errTooLate,
	"entry_answered_once": errTooLate,
	"entry_struck_once":   errTooLate,
	"rating_next":         errTooLate,
	"ballot_over":         fault.New(fault.Conflict, "This vote is over, so nothing of it changes any more."),
	"ballot_ends_once":    errTooLate,
}

// Store keeps outcomes and ratings. It is the outcome.Store and the rating.Store.
type Store struct {
	db   *db.DB
	tell *events.Publisher
}

// NewStore returns the store in d.
func NewStore(d *db.DB) (Store, error) {
	tell, err := events.NewPublisher()
	return Store{d, tell}, err
}

// tx runs f in one transaction, and says in plain words what a constraint refused.
func (s Store) tx(ctx context.Context, f func(tx *gorm.DB) error) error {
	return faults.Translate(db.Tx(ctx, s.db.Gorm, f))
}

// within is the policy as a WHERE on jobseeker j, or on whatever else has an area and
// is read as j: those on whose record who may do op. With no reach at all it holds for none. A test holds it against
// policy.Reaches.
func within(who policy.Actor, op policy.Operation) clause.Expr {
	ways := []string{"false"}
	var in clause.Expr
	for _, rule := range policy.Rules(who.Person, op) {
		switch rule.Whose {
		case policy.Own:
			ways = append(ways, "j.id = ?")
			in.Vars = append(in.Vars, who.Jobseeker)
		case policy.Caseload:
			ways = append(ways, "j.coach_id = ?")
			in.Vars = append(in.Vars, who.ID)
		case policy.InArea:
			ways = append(ways, "j.area IN ?")
			in.Vars = append(in.Vars, who.Areas)
		case policy.AtHome:
			ways = append(ways, "j.area = ?")
			in.Vars = append(in.Vars, who.Home)
		}
	}
	in.SQL = "(" + strings.Join(ways, " OR ") + ")"
	return in
}

// keep keeps what needs has just said of a jobseeker, unless something newer is
// known. It writes only what changed, so that two people who look at once do not
// wait for each other.
func keep(ctx context.Context, tx *gorm.DB, j outcome.Jobseeker) error {
	return tx.WithContext(ctx).Exec(`
		INSERT INTO jobseeker AS j (id, area, coach_id, coach_name, version)
		SELECT v.* FROM (VALUES (?::uuid, ?::text, ?::uuid, ?::text, ?::bigint)) v
		WHERE NOT EXISTS (SELECT FROM jobseeker k WHERE (k.id, k.area, k.coach_id, k.coach_name, k.version) = v)
		ON CONFLICT (id) DO UPDATE SET area = excluded.area, coach_id = excluded.coach_id, coach_name = excluded.coach_name, version = excluded.version
		WHERE j.version <= excluded.version`,
		j.ID, j.Area, j.CoachID, j.CoachName, j.Version).Error
}

// once runs do, which returns the id of what it made or changed, unless the same
// message did so before. It returns that id either way, and whether it was seen.
func once(ctx context.Context, tx *gorm.DB, act outcome.Act, do func() (uuid.UUID, error)) (uuid.UUID, bool, error) {
	id, seen, err := db.Once(ctx, tx, string(act.Operation), act.Body)
	if err != nil || seen {
		return id, seen, err
	}
	if id, err = do(); err != nil {
		return uuid.Nil, false, err
	}
	return id, false, db.Did(ctx, tx, id)
}

// note writes into the audit trail that act was done to a thing of a jobseeker's.
func note(ctx context.Context, tx *gorm.DB, act outcome.Act, subject string, id, jobseeker uuid.UUID) error {
	return audit.Write(ctx, tx, audit.Entry{Action: string(act.Operation), Subject: subject, SubjectID: id, Jobseeker: jobseeker})
}

// noteShown writes one entry for each of the jobseekers shown in a list, so that
// who looked at somebody is the same question however they came to be looked at.
func noteShown(ctx context.Context, tx *gorm.DB, act outcome.Act, shown []uuid.UUID) error {
	var looks []audit.Entry
	seen := map[uuid.UUID]bool{}
	for _, id := range shown {
		if !seen[id] {
			looks = append(looks, audit.Entry{Action: string(act.Operation), Subject: "jobseeker", SubjectID: id, Jobseeker: id})
		}
		seen[id] = true
	}
	return audit.Write(ctx, tx, looks...)
}
