package audit_test

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"go.opentelemetry.io/otel/trace"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
)

var migrations = fstest.MapFS{"00001_none.sql": {Data: []byte("-- +goose Up\nSELECT 1;\n")}}

func acting(t *testing.T) (context.Context, identity.Person) {
	t.Helper()
	p := identity.Person{ID: uuid.New(), Name: "Carol Coach", Roles: []identity.Role{identity.Coach, identity.Manager}}
	return identity.With(t.Context(), p), p
}

func look() audit.Entry {
	return audit.Entry{Action: "see-jobseeker", Subject: "jobseeker", SubjectID: uuid.New()}
}

func TestAnEntrySaysWhoDidWhatToWhomAndWhen(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, migrations, "watched")
	ctx, person := acting(t)
	traceID := trace.TraceID{1, 2, 3}
	ctx = trace.ContextWithSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: trace.SpanID{4}}))
	entry := look()
	entry.Jobseeker = entry.SubjectID
	if err := audit.Write(ctx, d.Gorm, entry); err != nil {
		t.Fatal(err)
	}

	type row struct {
		Person, SubjectID, JobseekerID  uuid.UUID
		Roles, Action, Subject, TraceID string
		At                              time.Time
	}
	var got row
	err := d.Gorm.Raw("SELECT *, array_to_string(roles, ',') AS roles FROM audit_entry").Scan(&got).Error
	if err != nil {
		t.Fatal(err)
	}
	if age := time.Since(got.At); age < -time.Minute || age > time.Minute {
		t.Errorf("At = %v, want now", got.At)
	}
	got.At = time.Time{}
	want := row{
		Person: person.ID, Roles: "coach,manager", Action: "see-jobseeker", Subject: "jobseeker",
		SubjectID: entry.SubjectID, JobseekerID: entry.Jobseeker, TraceID: traceID.String(),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnEntryGoesWithItsTransaction(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, migrations, "watched")
	ctx, _ := acting(t)
	refused := fault.New(fault.Conflict, "No.")
	err := db.Tx(ctx, d.Gorm, func(tx *gorm.DB) error {
		if err := audit.Write(ctx, tx, look()); err != nil {
			return err
		}
		return refused
	})
	if !fault.Is(err, fault.Conflict) {
		t.Fatal(err)
	}
	if n := entries(t, d); n != 0 {
		t.Errorf("%d entries outlived their transaction", n)
	}
}

func TestNobodyLeavesNoEntry(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, migrations, "watched")
	if err := audit.Write(t.Context(), d.Gorm, look()); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("Write() = %v, want unauthenticated", err)
	}
}

func TestAnEntryCanNotBeChangedOrRemoved(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, migrations, "watched")
	ctx, _ := acting(t)
	if err := audit.Write(ctx, d.Gorm, look()); err != nil {
		t.Fatal(err)
	}
	for login, g := range map[string]*gorm.DB{"the service": d.Gorm, "the owner": dbtest.Owner(t, d).Gorm} {
		want := "is only ever added to"
		if login == "the service" {
			want = "permission denied"
		}
		for _, sql := range []string{
			"UPDATE audit_entry SET action = 'nothing'",
			"UPDATE audit_entry SET action = 'nothing' WHERE false",
			"DELETE FROM audit_entry",
			"TRUNCATE audit_entry",
		} {
			if err := g.Exec(sql).Error; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %s = %v, want %q", login, sql, err, want)
			}
		}
	}
	if err := d.Gorm.Exec("ALTER TABLE audit_entry DISABLE TRIGGER ALL").Error; err == nil {
		t.Error("the service switched the trigger off")
	}
	if n := entries(t, d); n != 1 {
		t.Errorf("%d entries are left, want 1", n)
	}
}

func entries(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	if err := d.Gorm.Raw("SELECT count(*) FROM audit_entry").Scan(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAListLeavesAnEntryForEachPersonShown(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, migrations, "watched")
	ctx, _ := acting(t)
	if err := audit.Write(ctx, d.Gorm, look(), look(), look()); err != nil {
		t.Fatal(err)
	}
	if err := audit.Write(ctx, d.Gorm); err != nil { // a list of nobody
		t.Fatal(err)
	}
	var n int
	if err := d.Gorm.Raw("SELECT count(DISTINCT subject_id) FROM audit_entry").Scan(&n).Error; err != nil || n != 3 {
		t.Errorf("%d entries, %v, want 3", n, err)
	}
}
