package db

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
)

type keyOf struct{}

// WithKey returns a context for a message that its sender marked with key, so
// that it can be told from another like it. An empty key marks nothing.
func WithKey(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, keyOf{}, key)
}

// Key is what the sender marked the message with, or "".
func Key(ctx context.Context) string {
	key, _ := ctx.Value(keyOf{}).(string)
	return key
}

// longestKey is what the table takes, in characters.
const longestKey = 255

// Once notes, in tx, that the acting person's message was taken, and reports
// whether it had been taken before; subject is then what it made at the time, as
// told to Did, and nothing more must be done. A second message that arrives
// while the first is at work waits for it to end.
//
// body is whatever the message asks for, anything that encoding/json takes. The
// same key on another operation or body is a Conflict. Without a key nothing is
// noted and nothing was seen.
func Once(ctx context.Context, tx *gorm.DB, operation string, body any) (subject uuid.UUID, seen bool, err error) {
	key := Key(ctx)
	if key == "" {
		return uuid.Nil, false, nil
	}
	if utf8.RuneCountInString(key) > longestKey {
		return uuid.Nil, false, fault.New(fault.Invalid, "The Idempotency-Key is longer than 255 characters.")
	}
	person, err := identity.From(ctx)
	if err != nil {
		return uuid.Nil, false, err
	}
	b, err := json.Marshal(body)
	if err != nil {
		return uuid.Nil, false, fmt.Errorf("body of %s: %w", operation, err)
	}
	hash := sha256.Sum256(b)

	done := tx.WithContext(ctx).Exec(`INSERT INTO idempotency (person, key, operation, hash) VALUES (?, ?, ?, ?)
		ON CONFLICT (person, key) DO NOTHING`, person.ID, key, operation, hash[:])
	if done.Error != nil || done.RowsAffected == 1 {
		return uuid.Nil, false, done.Error
	}
	var was struct {
		Same    bool
		Subject *uuid.UUID
	}
	err = tx.WithContext(ctx).Raw(`SELECT operation = ? AND hash = ? AS same, subject FROM idempotency
		WHERE person = ? AND key = ?`, operation, hash[:], person.ID, key).Scan(&was).Error
	switch {
	case err != nil:
		return uuid.Nil, false, err
	case !was.Same:
		return uuid.Nil, false, fault.New(fault.Conflict, "This form was already used for something else.")
	case was.Subject == nil:
		return uuid.Nil, false, errors.New("the message was taken before, but what it made was never told to db.Did")
	}
	return *was.Subject, true, nil
}

// Did records, in the tx of Once, the id of what the message made or changed.
func Did(ctx context.Context, tx *gorm.DB, subject uuid.UUID) error {
	key := Key(ctx)
	if key == "" {
		return nil
	}
	person, err := identity.From(ctx)
	if err != nil {
		return err
	}
	return tx.WithContext(ctx).Exec("UPDATE idempotency SET subject = ? WHERE person = ? AND key = ?",
		subject, person.ID, key).Error
}
