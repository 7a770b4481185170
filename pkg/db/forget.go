package db

import (
	"context"

	"gorm.io/gorm"
)

// Remembered is for how many days a message or an event that was taken is known
// again. It is as long as events are kept, and far longer than anybody retries.
const Remembered = 30

// atOnce is how many rows are forgotten in one transaction, so that it is short.
const atOnce = 1000

// Forget deletes what is older of the service's idempotency and inbox. It may be
// cut off at any time.
func Forget(ctx context.Context, g *gorm.DB) error {
	for _, sql := range []string{
		"DELETE FROM idempotency WHERE (person, key) IN (SELECT person, key FROM idempotency WHERE at < now() - make_interval(days => ?) ORDER BY at LIMIT ?)",
		"DELETE FROM inbox WHERE event_id IN (SELECT event_id FROM inbox WHERE at < now() - make_interval(days => ?) ORDER BY at LIMIT ?)",
	} {
		for {
			done := g.WithContext(ctx).Exec(sql, Remembered, atOnce)
			if done.Error != nil {
				return done.Error
			}
			if done.RowsAffected < atOnce {
				break
			}
		}
	}
	return nil
}
