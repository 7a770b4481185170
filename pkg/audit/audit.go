// Package audit writes down who changed or looked at what, in the transaction
// that does it, into the service's own audit_entry table. The database refuses
// to change or remove an entry.
//
// It keeps ids alone, so that the trail can be kept long after a name has to be
// forgotten. It decides nothing: who may do what is each service's policy.
package audit

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/trace"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/identity"
)

// Entry is what was done to what. Who, when and in which trace are known.
type Entry struct {
	Action    string    // such as "approve-request" or "see-jobseeker"
	Subject   string    // the kind of thing, such as "request"
	SubjectID uuid.UUID // the thing
	Jobseeker uuid.UUID // whose record it is part of, or uuid.Nil if nobody's
}

// Write adds entries for the person acting in ctx, in one statement however many
// they are. Nobody acting is an Unauthenticated fault, and nothing is written.
func Write(ctx context.Context, tx *gorm.DB, entries ...Entry) error {
	person, err := identity.From(ctx)
	if err != nil || len(entries) == 0 {
		return err
	}
	var traceID string
	if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
		traceID = span.TraceID().String()
	}
	rows, values := make([]string, len(entries)), []any{}
	for i, e := range entries {
		id, err := uuid.NewV7()
		if err != nil {
			return err
		}
		rows[i] = "(?, ?, string_to_array(?, ' '), ?, ?, ?, ?, ?)"
		values = append(values, id, person.ID, roles(person), e.Action, e.Subject, e.SubjectID,
			uuid.NullUUID{UUID: e.Jobseeker, Valid: e.Jobseeker != uuid.Nil}, traceID)
	}
	err = tx.WithContext(ctx).Exec(`INSERT INTO audit_entry
		(id, person, roles, action, subject, subject_id, jobseeker_id, trace_id)
		VALUES `+strings.Join(rows, ", "), values...).Error
	if err != nil {
		return fmt.Errorf("audit entry: %w", err)
	}
	return nil
}

// roles lists the person's roles. No role has a space in it.
func roles(p identity.Person) string {
	names := make([]string, len(p.Roles))
	for i, r := range p.Roles {
		names[i] = string(r)
	}
	return strings.Join(names, " ")
}
