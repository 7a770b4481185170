// Package postgres keeps the portal's sessions, and nothing else: all that the
// portal shows belongs to other services. It holds no secret that can be used
// without the cookie it belongs to.
package postgres

import (
	"context"
	"embed"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/instead-support/instead/pkg/db"
)

// Migrations make the portal's schema.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Sessions keeps sessions for scs. It is an scs.CtxStore, whose token is a hash
// already.
type Sessions struct {
	pool *pgxpool.Pool
	now  func() time.Time
}

// NewSessions returns the sessions in d.
func NewSessions(d *db.DB, now func() time.Time) *Sessions { return &Sessions{d.Pool, now} }

// FindCtx returns what was kept under token, unless it has ended.
func (s *Sessions) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	err = s.pool.QueryRow(ctx, "SELECT data FROM session WHERE token = $1 AND ends_at > $2", token, s.now()).Scan(&data)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, false, nil
	}
	return data, err == nil, err
}

// CommitCtx keeps data under token until ends.
func (s *Sessions) CommitCtx(ctx context.Context, token string, data []byte, ends time.Time) error {
	_, err := s.pool.Exec(ctx, `INSERT INTO session (token, data, ends_at) VALUES ($1, $2, $3)
		ON CONFLICT (token) DO UPDATE SET data = excluded.data, ends_at = excluded.ends_at`, token, data, ends)
	return err
}

// DeleteCtx forgets what was kept under token.
func (s *Sessions) DeleteCtx(ctx context.Context, token string) error {
	_, err := s.pool.Exec(ctx, "DELETE FROM session WHERE token = $1", token)
	return err
}

// Find, Commit and Delete are asked for by scs.Store and called by nobody who
// has a context.

// Find is FindCtx without a context.
func (s *Sessions) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx without a context.
func (s *Sessions) Commit(token string, data []byte, ends time.Time) error {
	return s.CommitCtx(context.Background(), token, data, ends)
}

// Delete is DeleteCtx without a context.
func (s *Sessions) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

// SignIns keeps who is signed in.
type SignIns struct {
	pool *pgxpool.Pool
	now  func() time.Time
	idle time.Duration
}

// NewSignIns returns the sign-ins in d. One that was not used for as long as
// idle has ended.
func NewSignIns(d *db.DB, now func() time.Time, idle time.Duration) *SignIns {
	return &SignIns{d.Pool, now, idle}
}

// Begin keeps a new sign-in until ends, and clears away whatever has ended, so
// that as many rows go as come.
func (s *SignIns) Begin(ctx context.Context, id uuid.UUID, sealed []byte, ends time.Time) error {
	now := s.now()
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO sign_in (id, sealed, seen_at, ends_at) VALUES ($1, $2, $3, $4)", id, sealed, now, ends)
		if err == nil {
			_, err = tx.Exec(ctx, "DELETE FROM session WHERE ends_at <= $1", now)
		}
		if err == nil {
			_, err = tx.Exec(ctx, "DELETE FROM sign_in WHERE ends_at <= $1", now)
		}
		return err
	})
}

// Find returns a sign-in and notes that it was used, to the minute: a row
// written at every request would cost more than the precision is worth. found
// is false for one that has ended.
func (s *SignIns) Find(ctx context.Context, id uuid.UUID) (sealed []byte, found bool, err error) {
	now := s.now()
	err = s.pool.QueryRow(ctx, `
		WITH used AS (
			UPDATE sign_in SET seen_at = $2
			WHERE id = $1 AND ends_at > $2 AND seen_at > $3 AND seen_at <= $4
		)
		SELECT sealed FROM sign_in WHERE id = $1 AND ends_at > $2 AND seen_at > $3`,
		id, now, now.Add(-s.idle), now.Add(-time.Minute)).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, false, nil
	}
	return sealed, err == nil, err
}

// Change replaces what is kept of a sign-in by what fn makes of it. Only one
// fn runs at a time for one sign-in, on however many machines; the others wait
// and then see what it did. found is false, and fn does not run, if the sign-in
// has ended meanwhile.
func (s *SignIns) Change(ctx context.Context, id uuid.UUID, fn func(sealed []byte) ([]byte, error)) (found bool, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var sealed []byte
		err := tx.QueryRow(ctx, "SELECT sealed FROM sign_in WHERE id = $1 AND ends_at > $2 FOR UPDATE", id, s.now()).Scan(&sealed)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		found = true
		if sealed, err = fn(sealed); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "UPDATE sign_in SET sealed = $2 WHERE id = $1", id, sealed)
		return err
	})
	return found, err
}

// End forgets a sign-in.
func (s *SignIns) End(ctx context.Context, id uuid.UUID) error {
	_, err := s.pool.Exec(ctx, "DELETE FROM sign_in WHERE id = $1", id)
	return err
}
