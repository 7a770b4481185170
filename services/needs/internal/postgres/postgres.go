// Package postgres keeps what the needs service knows in PostgreSQL, and writes
// the audit trail of who changed or looked at it, in the same transaction.
//
// It has no rules of its own. Whose record a person may reach comes from policy,
// as a WHERE and as a question about the row that was found; what a change does
// to a record is decided by the domain, between a lock and a save.
package postgres

import (
	"context"
	"embed"
	"errors"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/needs/internal/policy"
)

// Migrations make the service's schema.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// faults says what a broken constraint means to the person who broke it.
var faults = db.Faults{
	"jobseeker_person": fault.New(fault.Conflict, "Your sign-in is already linked to a record. Ask your work coach to help if it is not the right one."),
	"assessment_pkey":  fault.New(fault.Conflict, "Someone else saved this assessment while you had it open, so yours was not saved. Open it as it stands now, then make your changes to it."),
}

// act runs f in one transaction, on behalf of p.
func act(ctx context.Context, d *db.DB, p identity.Person, f func(tx *gorm.DB) error) error {
	err := db.Tx(ctx, d.Gorm, func(tx *gorm.DB) error {
		if err := remember(ctx, tx, p); err != nil {
			return err
		}
		return f(tx)
	})
	return faults.Translate(err)
}

// remember keeps a member of staff's name and areas as they are today, so that
// whatever they do next can be told to be theirs. It writes only what changed:
// a row that is the same is not even locked, for the sake of somebody who does
// two things at once.
func remember(ctx context.Context, tx *gorm.DB, p identity.Person) error {
	if !p.Is(identity.Coach) && !p.Is(identity.Manager) && !p.Is(identity.Finance) && !p.Is(identity.Auditor) {
		return nil
	}
	areas := p.Areas
	if areas == nil {
		areas = []string{}
	}
	// GORM would spell a slice out as a list; the driver knows it as an array.
	_, err := db.SQLTx(tx).ExecContext(ctx, `
		INSERT INTO staff (id, name, coach, areas)
		SELECT $1::uuid, $2::text, $3::boolean, $4::text[]
		WHERE NOT EXISTS (SELECT FROM staff WHERE (id, name, coach, areas) = ($1, $2, $3, $4))
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, coach = excluded.coach, areas = excluded.areas`,
		p.ID, p.Name, p.Is(identity.Coach), areas)
	return err
}

// reach is the policy as a condition on jobseeker j: the records to which p may
// do op. With no reach at all it holds for none.
func reach(p identity.Person, op policy.Operation) clause.Expr {
	in := clause.Expr{SQL: "(false"}
	or := func(rule policy.Rule, sql string, value any) {
		if rule.State == policy.Unspoken {
			sql += " AND NOT j.spoken"
		}
		in.SQL += " OR " + sql
		in.Vars = append(in.Vars, value)
	}
	for _, rule := range policy.Reach(p, op) {
		switch rule.Whose {
		case policy.Own:
			or(rule, "j.person_id = ?", p.ID)
		case policy.Caseload:
			or(rule, "j.coach_id = ?", p.ID)
		case policy.Area:
			or(rule, "j.area IN ?", p.Areas)
		}
	}
	in.SQL += ")"
	return in
}

// lock keeps the record as it is until tx ends, if p may see it. It is a step of
// its own because only a statement that begins after the wait sees everything
// that the one waited for has done.
func lock(ctx context.Context, tx *gorm.DB, p identity.Person, id uuid.UUID) error {
	return tx.WithContext(ctx).Exec("SELECT FROM jobseeker j WHERE j.id = ? AND ? FOR NO KEY UPDATE",
		id, reach(p, policy.ReadJobseeker)).Error
}

// errDisagree is what comes of a query that reaches further, or less far, than
// the policy. It is our mistake, and nothing is shown or done.
var errDisagree = errors.New("the query and the policy disagree about a record")

// note writes the audit entry of p doing op, which is the one acting in ctx.
func note(ctx context.Context, tx *gorm.DB, op policy.Operation, subject string, id, jobseeker uuid.UUID) error {
	return audit.Write(ctx, tx, audit.Entry{Action: string(op), Subject: subject, SubjectID: id, Jobseeker: jobseeker})
}
