// Package audit writes down who changed or looked at what, in the transaction
// that does it, into the service's own audit_entry table. The database refuses
// to change or remove an entry.
//
// It keeps ids alone, so that the trail can be kept long after a name has to be
// forgotten. It decides nothing: who may do what is each service's policy.
package audit

import (
	"context"
	"encoding/json"
	"fmt"

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

// Row is an entry as its table has it, in JSON too.
type Row struct {
	ID        uuid.UUID       `json:"id"`
	Person    uuid.UUID       `json:"person"`
	Roles     []identity.Role `json:"roles"`
	Action    string          `json:"action"`
	Subject   string          `json:"subject"`
	SubjectID uuid.UUID       `json:"subject_id"`
	Jobseeker *uuid.UUID      `json:"jobseeker_id"`
	Trace     string          `json:"trace_id"`
}

// Insert adds rows, given as a JSON list, in a statement of its own or as part
// of a larger one.
const Insert = `INSERT INTO audit_entry (id, person, roles, action, subject, subject_id, jobseeker_id, trace_id)
	SELECT id, person, roles, action, subject, subject_id, jobseeker_id, trace_id FROM jsonb_populate_recordset(null::audit_entry, ?)`

// Rows are the entries of the person acting in ctx. Nobody acting is an
// Unauthenticated fault.
func Rows(ctx context.Context, entries ...Entry) ([]Row, error) {
	person, err := identity.From(ctx)
	if err != nil {
		return nil, err
	}
	var traceID string
	if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
		traceID = span.TraceID().String()
	}
	rows := make([]Row, len(entries))
	for i, e := range entries {
		id, err := uuid.NewV7()
		if err != nil {
			return nil, err
		}
		rows[i] = Row{
			ID: id, Person: person.ID, Roles: person.Roles, Action: e.Action, Subject: e.Subject, SubjectID: e.SubjectID, Trace: traceID,
		}
		if rows[i].Roles == nil {
			rows[i].Roles = []identity.Role{} // [] and not null
		}
		if e.Jobseeker != uuid.Nil {
			rows[i].Jobseeker = &e.Jobseeker
		}
	}
	return rows, nil
}

// Write adds entries for the person acting in ctx, in one statement however many
// they are. Nobody acting is an Unauthenticated fault, and nothing is written.
func Write(ctx context.Context, tx *gorm.DB, entries ...Entry) error {
	rows, err := Rows(ctx, entries...)
	if err != nil || len(rows) == 0 {
		return err
	}
	b, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	if err := tx.WithContext(ctx).Exec(Insert, string(b)).Error; err != nil {
		return fmt.Errorf("audit entry: %w", err)
	}
	return nil
}
