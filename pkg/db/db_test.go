package db_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
)

var migrations = fstest.MapFS{"migrations/00001_thing.sql": {Data: []byte(`-- +goose Up
CREATE TABLE thing (
	id   uuid PRIMARY KEY,
	name text NOT NULL CONSTRAINT thing_name UNIQUE,
	size int NOT NULL CONSTRAINT thing_size CHECK (size > 0),
	at   timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON thing TO things;
`)}}

// thing is a row to try things on.
type thing struct {
	ID   uuid.UUID
	Name string
	Size int
	At   time.Time
}

func (thing) TableName() string { return "thing" }

func add(ctx context.Context, g *gorm.DB, name string, size int) error {
	return gorm.G[thing](g).Create(ctx, &thing{ID: uuid.New(), Name: name, Size: size, At: g.NowFunc()})
}

func count(t *testing.T, d *db.DB) (n int64) {
	t.Helper()
	n, err := gorm.G[thing](d.Gorm).Count(t.Context(), "*")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTimesComeBackAsTheyWent(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, migrations, "things")
	was := thing{ID: uuid.New(), Name: "a", Size: 1, At: d.Gorm.NowFunc()}
	if err := gorm.G[thing](d.Gorm).Create(t.Context(), &was); err != nil {
		t.Fatal(err)
	}
	got, err := gorm.G[thing](d.Gorm).Where("id = ?", was.ID).Take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got != was { // with ==, since the location counts too
		t.Errorf("read %v, wrote %v", got, was)
	}
}

func TestTheServingLoginHasOnlyWhatItWasGranted(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, migrations, "things")
	for _, sql := range []string{
		"DELETE FROM thing",
		"DROP TABLE thing",
		"CREATE TABLE mine (id int)",
		"CREATE TEMPORARY TABLE mine (id int)",
		"CREATE TABLE public.mine (id int)",
		"UPDATE schema_version SET version_id = 0",
		"UPDATE idempotency SET hash = ''",
	} {
		if err := d.Gorm.Exec(sql).Error; err == nil {
			t.Errorf("%s was allowed", sql)
		}
	}
}

func TestAFailedTransactionLeavesNothing(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, migrations, "things")
	oops := errors.New("oops")
	err := db.Tx(t.Context(), d.Gorm, func(tx *gorm.DB) error {
		if err := add(t.Context(), tx, "a", 1); err != nil {
			return err
		}
		return oops
	})
	if !errors.Is(err, oops) || count(t, d) != 0 {
		t.Errorf("Tx() = %v and %d rows, want oops and none", err, count(t, d))
	}
}

func TestATransactionWithinAnotherFailsAlone(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, migrations, "things")
	err := db.Tx(t.Context(), d.Gorm, func(tx *gorm.DB) error {
		if err := add(t.Context(), tx, "outer", 1); err != nil {
			return err
		}
		if err := db.Tx(t.Context(), tx, func(tx *gorm.DB) error { return add(t.Context(), tx, "inner", 0) }); err == nil {
			t.Error("the inner one was taken")
		}
		return nil
	})
	if err != nil || count(t, d) != 1 {
		t.Errorf("Tx() = %v and %d rows, want the outer one", err, count(t, d))
	}
}

func TestADeadlockIsTriedAgain(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, migrations, "things")
	for _, name := range []string{"a", "b"} {
		if err := add(t.Context(), d.Gorm, name, 1); err != nil {
			t.Fatal(err)
		}
	}
	grow := func(tx *gorm.DB, name string) error {
		return tx.Exec("UPDATE thing SET size = size + 1 WHERE name = ?", name).Error
	}
	// Each takes its first row and then waits until the other has too, the first
	// time round; from there they block one another.
	var both, done sync.WaitGroup
	both.Add(2)
	for _, names := range [][2]string{{"a", "b"}, {"b", "a"}} {
		done.Go(func() {
			first := sync.OnceFunc(func() { both.Done(); both.Wait() })
			err := db.Tx(t.Context(), d.Gorm, func(tx *gorm.DB) error {
				if err := grow(tx, names[0]); err != nil {
					return err
				}
				first()
				return grow(tx, names[1])
			})
			if err != nil {
				t.Errorf("Tx(%v) = %v", names, err)
			}
		})
	}
	done.Wait()
	all, err := gorm.G[thing](d.Gorm).Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range all {
		if row.Size != 3 {
			t.Errorf("%s grew to %d, want 3: each once", row.Name, row.Size)
		}
	}
}

func TestWhatNeverPassesIsUnavailableInTheEnd(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, migrations, "things")
	tries := 0
	err := db.Tx(t.Context(), d.Gorm, func(tx *gorm.DB) error {
		tries++
		return tx.Exec("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'serialization_failure'; END $$").Error
	})
	if !fault.Is(err, fault.Unavailable) || tries < 2 {
		t.Errorf("Tx() = %v after %d tries, want unavailable after several", err, tries)
	}
}

func TestADatabaseThatGoesAwayIsUnavailableAndNoFaultOfOurs(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, migrations, "things")
	const away = "SELECT pg_terminate_backend(pg_backend_pid())"
	for where, err := range map[string]error{
		"in a transaction": db.Tx(t.Context(), d.Gorm, func(tx *gorm.DB) error { return tx.Exec(away).Error }),
		"outside of one":   db.OrLost(d.Gorm.Exec(away).Error),
		"in an exchange": db.Exchange{Lock: db.Statement{SQL: "SELECT 1"}, Read: db.Statement{SQL: away}, Decide: func(row pgx.Row) (db.Statement, error) {
			var gone bool
			return db.Statement{}, row.Scan(&gone)
		}}.Run(t.Context(), d.Gorm),
	} {
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", where, err)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := db.OrLost(d.Gorm.WithContext(gone).Exec("SELECT 1").Error); fault.Is(err, fault.Unavailable) || err == nil {
		t.Errorf("whoever asked has gone: %v", err)
	}
}

func TestWaitingTooLongForALockIsUnavailableAtOnce(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, migrations, "things")
	if err := add(t.Context(), d.Gorm, "a", 1); err != nil {
		t.Fatal(err)
	}
	err := db.Tx(t.Context(), d.Gorm, func(tx *gorm.DB) error {
		if err := tx.Exec("UPDATE thing SET size = 2").Error; err != nil {
			return err
		}
		tries := 0
		err := db.Tx(t.Context(), d.Gorm, func(tx *gorm.DB) error {
			tries++
			return tx.Exec("SET LOCAL lock_timeout = '10ms'; UPDATE thing SET size = 3").Error
		})
		if !fault.Is(err, fault.Unavailable) || tries != 1 {
			t.Errorf("Tx() = %v after %d tries, want unavailable after one", err, tries)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestASpanHasTheStatementAndNotItsArguments(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	before := otel.GetTracerProvider()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	otel.SetTracerProvider(provider)
	d := dbtest.Open(t, migrations, "things")
	otel.SetTracerProvider(before)

	ctx, span := provider.Tracer("test").Start(t.Context(), "a request")
	for range 2 { // the second breaks a constraint, whose detail quotes the name
		_ = add(ctx, d.Gorm, "Nadia Hussain", 1)
	}
	span.End()
	all := fmt.Sprintf("%+v", spans.GetSpans())
	if !strings.Contains(all, "INSERT INTO") || !strings.Contains(all, "thing_name") {
		t.Errorf("the spans have no statement or no error: %s", all)
	}
	if strings.Contains(all, "Nadia") {
		t.Error("a span has a person's name")
	}
}

func TestABrokenConstraintIsTheFaultOfItsName(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, migrations, "things")
	taken := fault.New(fault.Conflict, "There is one of that name.").With("name", "a")
	faults := db.Faults{"thing_name": taken}
	if err := add(t.Context(), d.Gorm, "a", 1); err != nil {
		t.Fatal(err)
	}
	err := faults.Translate(add(t.Context(), d.Gorm, "a", 1))
	f := fault.As(err)
	if f.Kind != taken.Kind || f.Message != taken.Message || f.Extra["name"] != "a" {
		t.Errorf("Translate(unique) = %v, want %v", f, taken)
	}
	if !strings.Contains(err.Error(), "thing_name") {
		t.Errorf("%q hides the cause from the log", err)
	}
	if err := faults.Translate(add(t.Context(), d.Gorm, "b", 0)); err == nil || fault.Is(err, fault.Conflict) {
		t.Errorf("Translate(a constraint without a fault) = %v, want it as it was", err)
	}
	if err := faults.Translate(nil); err != nil {
		t.Errorf("Translate(nil) = %v", err)
	}
}

func person(ctx context.Context) context.Context {
	return identity.With(ctx, identity.Person{ID: uuid.New()})
}

// send makes a thing, once for each key, as a store would.
func send(ctx context.Context, d *db.DB, name string) (id uuid.UUID, err error) {
	err = db.Tx(ctx, d.Gorm, func(tx *gorm.DB) error {
		was, seen, err := db.Once(ctx, tx, "add-thing", map[string]string{"name": name})
		if err != nil || seen {
			id = was
			return err
		}
		id = uuid.New()
		if err := gorm.G[thing](tx).Create(ctx, &thing{ID: id, Name: uuid.NewString(), Size: 1}); err != nil {
			return err
		}
		return db.Did(ctx, tx, id)
	})
	return id, err
}

func TestTheSameMessageManyTimesAtOnceDoesItsWorkOnce(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, migrations, "things")
	ctx := db.WithKey(person(t.Context()), "k")
	ids := make([]uuid.UUID, 8)
	var done sync.WaitGroup
	for i := range ids {
		done.Go(func() {
			var err error
			if ids[i], err = send(ctx, d, "a"); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	for _, id := range ids {
		if id != ids[0] || id == uuid.Nil {
			t.Fatalf("the answers differ: %v", ids)
		}
	}
	if n := count(t, d); n != 1 {
		t.Errorf("%d things were made, want 1", n)
	}
}

func TestAMessageIsTheSameOnlyFromTheSamePersonWithTheSameKeyAndBody(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, migrations, "things")
	ann, bob := person(t.Context()), person(t.Context())
	for _, ctx := range []context.Context{
		db.WithKey(ann, "k"), db.WithKey(bob, "k"), db.WithKey(ann, "l"), ann, ann, db.WithKey(ann, ""),
	} {
		if _, err := send(ctx, d, "a"); err != nil {
			t.Error(err)
		}
	}
	if n := count(t, d); n != 6 {
		t.Errorf("%d things were made, want 6", n)
	}
	if _, err := send(db.WithKey(ann, "k"), d, "b"); !fault.Is(err, fault.Conflict) {
		t.Errorf("another body with a used key = %v, want conflict", err)
	}
	if _, err := send(db.WithKey(ann, strings.Repeat("k", 256)), d, "a"); !fault.Is(err, fault.Invalid) {
		t.Errorf("an endless key = %v, want invalid", err)
	}
	if _, err := send(db.WithKey(t.Context(), "k"), d, "a"); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("nobody's message = %v, want unauthenticated", err)
	}
}

func TestAKeyIsOfOneOperationAndOneBody(t *testing.T) {
	t.Parallel()
	m, err := db.MessageOf(db.WithKey(person(t.Context()), "k"), "approve", "a")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		operation string
		hash      []byte
		same      bool
	}{
		"the same message":  {"approve", m.Hash, true},
		"another operation": {"decline", m.Hash, false},
		"another body":      {"approve", append([]byte{m.Hash[0] + 1}, m.Hash[1:]...), false},
	} {
		if err := m.Was(c.operation, c.hash); c.same != (err == nil) || err != nil && !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: Was() = %v, want the same: %v", name, err, c.same)
		}
	}
}

func TestAMessageThatFailedMayBeSentAgain(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, migrations, "things")
	ctx := db.WithKey(person(t.Context()), "k")
	oops := errors.New("oops")
	err := db.Tx(ctx, d.Gorm, func(tx *gorm.DB) error {
		if _, _, err := db.Once(ctx, tx, "add-thing", map[string]string{"name": "a"}); err != nil {
			return err
		}
		return oops
	})
	if !errors.Is(err, oops) {
		t.Fatal(err)
	}
	if _, err := send(ctx, d, "a"); err != nil || count(t, d) != 1 {
		t.Errorf("sent again: %v and %d things, want one", err, count(t, d))
	}
}

func TestMigratingAgainAndAtOnceChangesNothing(t *testing.T) {
	t.Parallel()
	urls := dbtest.URLs(t, migrations, "things")
	var done sync.WaitGroup
	for range 3 {
		done.Go(func() {
			if err := db.Migrate(t.Context(), urls.Owner, migrations); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
}

func TestAFingerprintChangesWithTheMigrations(t *testing.T) {
	t.Parallel()
	a, err := db.Fingerprint(migrations)
	if err != nil {
		t.Fatal(err)
	}
	b, err := db.Fingerprint(fstest.MapFS{"00001_other.sql": {Data: []byte("-- +goose Up\n")}})
	if err != nil {
		t.Fatal(err)
	}
	again, err := db.Fingerprint(migrations)
	if a == b || a != again || err != nil {
		t.Errorf("fingerprints %s, %s and %s again (%v)", a, b, again, err)
	}
}

func TestOpenDoesNotSayThePassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"postgres://u:hunter2@127.0.0.1:1/x", "postgres://u:hunter2@127.0.0.1:x/x"} {
		_, err := db.Open(t.Context(), url)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Open(%q) = %v", url, err)
		}
	}
}

// database/sql gives up with this once every connection that it tries turns out to be
// gone.
func TestAConnectionThatIsFoundBrokenIsALostDatabase(t *testing.T) {
	err := db.OrLost(fmt.Errorf("reading: %w", driver.ErrBadConn))
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v, want unavailable", err)
	}
}

func TestMigrationsRefuseToGoThroughAPooler(t *testing.T) {
	t.Parallel()
	access := dbtest.URLs(t, migrations, "things")
	if err := db.Migrate(t.Context(), access.Owner+"&pooler=transaction", migrations); err == nil || !strings.Contains(err.Error(), "straight") {
		t.Errorf("Migrate() through a pooler = %v, want it refused", err)
	}
	if d, err := db.Open(t.Context(), access.Serve+"&pooler=session"); err == nil {
		d.Close()
		t.Error("a kind of pooler that nobody knows is taken for none")
	}
}
