package db

import (
	"bytes"
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

// Message is an unsafe call as its sender marked it. The zero Message is one
// without a mark, of which nothing is noted and nothing was seen.
type Message struct {
	Person    uuid.UUID
	Key       string
	Operation string
	Hash      []byte // of what it asks for
}

// MessageOf is the acting person's message. body is whatever it asks for,
// anything that encoding/json takes.
func MessageOf(ctx context.Context, operation string, body any) (Message, error) {
	key := Key(ctx)
	if key == "" {
		return Message{}, nil
	}
	if utf8.RuneCountInString(key) > longestKey {
		return Message{}, fault.New(fault.Invalid, "The Idempotency-Key is longer than 255 characters.")
	}
	person, err := identity.From(ctx)
	if err != nil {
		return Message{}, err
	}
	b, err := json.Marshal(body)
	if err != nil {
		return Message{}, fmt.Errorf("body of %s: %w", operation, err)
	}
	hash := sha256.Sum256(b)
	return Message{person.ID, key, operation, hash[:]}, nil
}

// Was returns Conflict unless the message that was taken under this key before
// asked for the same.
func (m Message) Was(operation string, hash []byte) error {
	if operation != m.Operation || !bytes.Equal(hash, m.Hash) {
		return fault.New(fault.Conflict, "This form was already used for something else.")
	}
	return nil
}

// Once notes, in tx, that the acting person's message was taken, and reports
// whether it had been taken before; subject is then what it made at the time, as
// told to Did, and nothing more must be done. A second message that arrives
// while the first is at work waits for it to end. body is as for MessageOf, and
// the same key on another operation or body is a Conflict.
func Once(ctx context.Context, tx *gorm.DB, operation string, body any) (subject uuid.UUID, seen bool, err error) {
	m, err := MessageOf(ctx, operation, body)
	if err != nil || m.Key == "" {
		return uuid.Nil, false, err
	}
	done := tx.WithContext(ctx).Exec(`INSERT INTO idempotency (person, key, operation, hash) VALUES (?, ?, ?, ?)
		ON CONFLICT (person, key) DO NOTHING`, m.Person, m.Key, m.Operation, m.Hash)
	if done.Error != nil || done.RowsAffected == 1 {
		return uuid.Nil, false, done.Error
	}
	var was struct {
		Operation string
		Hash      []byte
		Subject   *uuid.UUID
	}
	err = tx.WithContext(ctx).Raw("SELECT operation, hash, subject FROM idempotency WHERE person = ? AND key = ?", m.Person, m.Key).Scan(&was).Error
	if err != nil {
		return uuid.Nil, false, err
	}
	if err := m.Was(was.Operation, was.Hash); err != nil {
		return uuid.Nil, false, err
	}
	if was.Subject == nil {
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
