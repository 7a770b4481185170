package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// promiseOver reads, beside a request r, its promise and what of it is on its way.
// Where that is not wanted it costs nothing.
func promiseOver(also award.Also) clause.Expr {
	if !also.Promise {
		return clause.Expr{SQL: "NULL::json"}
	}
	return clause.Expr{SQL: `CASE WHEN r.awarded > 0 THEN json_build_object('in_flight', ` + inFlight + `,
		'promise', (SELECT row_to_json(p) FROM promise p WHERE p.request_id = r.id),
		'kept', (SELECT row_to_json(k) FROM kept_on k WHERE k.request_id = r.id)) END`}
}

// promisedRow is what promiseOver answers with.
type promisedRow struct {
	InFlight int64 `json:"in_flight"`
	Promise  *struct {
		ExpiresDays int        `json:"expires_days"`
		WarnDays    int        `json:"warn_days"`
		EndsOn      string     `json:"ends_on"`
		Kept        bool       `json:"kept"`
		WarnedAt    *time.Time `json:"warned_at"`
		RunsOutOn   *string    `json:"runs_out_on"`
	} `json:"promise"`
	Kept *keptRow `json:"kept"`
}

func (r promisedRow) toDomain() (p *award.Promise, inFlight money.Pence, k *award.Kept) {
	if r.Promise != nil {
		p = &award.Promise{Expires: r.Promise.ExpiresDays, Warn: r.Promise.WarnDays, Ends: dayOf(r.Promise.EndsOn), Kept: r.Promise.Kept}
		if r.Promise.WarnedAt != nil && r.Promise.RunsOutOn != nil {
			p.Warned, p.RunsOut = r.Promise.WarnedAt.UTC(), dayOf(*r.Promise.RunsOutOn)
		}
	}
	if r.Kept != nil {
		k = &award.Kept{At: r.Kept.At.UTC(), By: r.Kept.ByID, ByName: r.Kept.ByName, Words: r.Kept.Words, Until: dayOf(r.Kept.Until)}
	}
	return p, money.Pence(r.InFlight), k
}

// keptRow is a row of table kept_on.
type keptRow struct {
	At     time.Time `json:"at"`
	ByID   uuid.UUID `json:"by_id"`
	ByName string    `json:"by_name"`
	Words  string    `json:"words"`
	Until  string    `json:"until"`
}

// Unwarned is award.Promises's. It goes through what is approved area by area, as
// an index has it.
func (s Awards) Unwarned(ctx context.Context, day time.Time) ([]uuid.UUID, error) {
	return db.Find[uuid.UUID](ctx, s.db.Gorm, `SELECT p.request_id FROM promise p
		WHERE p.area IN (SELECT area FROM budget) AND p.warned_at IS NULL AND p.ends_on - p.warn_days <= ? ORDER BY p.ends_on, p.request_id`, day)
}

// Overdue is award.Promises's.
func (s Awards) Overdue(ctx context.Context, day time.Time) ([]uuid.UUID, error) {
	return db.Find[uuid.UUID](ctx, s.db.Gorm, `SELECT p.request_id FROM promise p
		WHERE p.area IN (SELECT area FROM budget) AND p.runs_out_on <= ? ORDER BY p.runs_out_on, p.request_id`, day)
}

// Warn is award.Promises's.
func (s Awards) Warn(ctx context.Context, act award.Act, id uuid.UUID, warn func(award.Case) (award.Warning, error)) error {
	_, err := s.beside(ctx, act, id, func(tx *gorm.DB, c award.Case) error {
		w, err := warn(c)
		if err != nil {
			return err
		}
		err = tx.Exec("INSERT INTO warning (request_id, after_kept, at, runs_out_on) VALUES (?, ?, ?, ?)", id, c.Promise.Kept, w.At, w.RunsOut).Error
		return noteRequest(ctx, tx, act, c.Request, err)
	})
	return err
}

// Keep is award.Promises's. The request has another version after it, so that
// whoever has the one before open finds out.
func (s Awards) Keep(ctx context.Context, act award.Act, id uuid.UUID, keep func(award.Case) (award.Kept, error)) (award.Case, error) {
	return s.beside(ctx, act, id, func(tx *gorm.DB, c award.Case) error {
		was, had := *c.Request, *c.Allowance
		k, err := keep(c)
		if err != nil {
			return err
		}
		err = tx.Exec("INSERT INTO kept_on (request_id, at, by_id, by_name, words, until) VALUES (?, ?, ?, ?, ?, ?)", id, k.At, k.By, k.ByName, k.Words, k.Until).Error
		if err != nil {
			return err
		}
		w, err := s.difference(ctx, act, award.Case{Request: &was, Allowance: &had}, c)
		if err != nil {
			return err
		}
		return w.in(tx)
	})
}

// beside locks a request, has do write what is kept beside it, and answers with
// how it then stands. The same message again does nothing.
func (s Awards) beside(ctx context.Context, act award.Act, id uuid.UUID, do func(tx *gorm.DB, c award.Case) error) (c award.Case, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		_, seen, err := takeOnce(ctx, tx, act, func() (uuid.UUID, error) {
			lock := lockCase(tx, id)
			if _, err := tx.Statement.ConnPool.ExecContext(ctx, lock.SQL, lock.Args...); err != nil {
				return uuid.Nil, err
			}
			found, err := readCase(tx, act.Who, id, award.Also{Promise: true})
			if err != nil {
				return uuid.Nil, err
			}
			return id, do(tx, found)
		})
		if err != nil {
			return err
		}
		c, err = readCase(tx, act.Who, id, award.Also{Promise: true})
		if seen {
			act.Operation = policy.ReadRequest
			return noteRequest(ctx, tx, act, c.Request, err)
		}
		return err
	})
	return c, err
}
