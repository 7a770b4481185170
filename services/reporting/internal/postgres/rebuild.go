package postgres

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/events"
)

// next is the schema in which figures are built afresh, beside those that serve.
const next = "reporting_next"

// Rebuild builds every fact and total from nothing, with the tables and functions
// of the same migrations, in a schema of its own, and then puts them in the place of
// those that served meanwhile. It works as the owner of the tables.
type Rebuild struct{ DB *db.DB }

// OpenRebuild makes the schema, empty, whatever a rebuild that was broken off left.
// owner is the way in of the owner.
func OpenRebuild(ctx context.Context, owner string) (*Rebuild, error) {
	beside, err := url.Parse(owner)
	if err != nil {
		return nil, err
	}
	// What is not made anew, such as append_only, is found where it is.
	q := beside.Query()
	q.Set("search_path", next+",reporting,extensions")
	beside.RawQuery = q.Encode()
	d, err := db.Open(ctx, beside.String())
	if err != nil {
		return nil, err
	}
	if err := makeNext(ctx, d); err != nil {
		d.Close()
		return nil, err
	}
	return &Rebuild{d}, nil
}

func makeNext(ctx context.Context, d *db.DB) error {
	made := "DROP SCHEMA IF EXISTS " + next + " CASCADE; CREATE SCHEMA " + next + "; CREATE TABLE " + next + ".inbox (LIKE reporting.inbox INCLUDING ALL);"
	files, err := fs.Glob(Migrations, "migrations/*.sql") // in the order of their numbers
	if err != nil {
		return err
	}
	for _, name := range files {
		text, err := Migrations.ReadFile(name)
		if err != nil {
			return err
		}
		made += string(text)
	}
	// Several statements at once are one transaction.
	if _, err := d.Pool.Exec(ctx, made); err != nil {
		return fmt.Errorf("the schema %s: %w", next, err)
	}
	return keepHolidays(ctx, d.Gorm)
}

// Close gives back what Open took, and leaves nothing of the schema.
func (r *Rebuild) Close(ctx context.Context) error {
	_, err := r.DB.Pool.Exec(ctx, "DROP SCHEMA IF EXISTS "+next+" CASCADE")
	r.DB.Close()
	return err
}

// Facts takes a batch of events into the facts alone, which is quicker than to count
// each as it comes.
func (r *Rebuild) Facts(ctx context.Context, tx *gorm.DB, all []events.Envelope) error {
	return hear(ctx, tx, "facts", all)
}

// counted is how many facts are counted in one transaction: few enough for memory
// and many enough to put few differences on each total.
const counted = 10_000

// Count counts all the facts, and says on out how far it is.
func (r *Rebuild) Count(ctx context.Context, out io.Writer) error {
	for _, of := range []struct{ what, ids, count string }{
		{"requests", "SELECT request_id FROM request", "SELECT settle($1), add_requests(NULL::total[], $1)"},
		{"allowances", "SELECT allowance_id FROM allowance", "SELECT add_offers(NULL::offer_total[], $1)"},
		{"outcomes", "SELECT outcome_id FROM outcome", "SELECT add_outcomes(NULL::outcome_total[], $1)"},
	} {
		began, done := time.Now(), 0
		for after := uuid.Nil; ; {
			ids, err := db.Find[struct{ ID uuid.UUID }](ctx, r.DB.Gorm, "SELECT id FROM ("+of.ids+") x (id) WHERE id > ? ORDER BY id LIMIT ?", after, counted)
			if err != nil {
				return err
			}
			if len(ids) == 0 {
				break
			}
			all := make([]uuid.UUID, len(ids))
			for i, row := range ids {
				all[i] = row.ID
			}
			if _, err := r.DB.Pool.Exec(ctx, of.count, all); err != nil {
				return fmt.Errorf("counting %s: %w", of.what, err)
			}
			after = all[len(all)-1]
			if done += len(all); done%(10*counted) == 0 {
				fmt.Fprintf(out, "%d %s counted, %.0f a second\n", done, of.what, float64(done)/time.Since(began).Seconds())
			}
		}
		fmt.Fprintf(out, "%d %s counted\n", done, of.what)
	}
	_, err := r.DB.Pool.Exec(ctx, "ANALYZE")
	return err
}

// Swap puts what was built in the place of what served, in one transaction, if ready
// says that it has all that the other has. Nothing is taken meanwhile: whoever takes
// events notes them in the inbox first.
func (r *Rebuild) Swap(ctx context.Context, ready func() (bool, error)) (done bool, err error) {
	err = db.Tx(ctx, r.DB.Gorm, func(tx *gorm.DB) error {
		if err := tx.Exec("SET LOCAL lock_timeout = '20s'; LOCK TABLE reporting.inbox IN EXCLUSIVE MODE").Error; err != nil {
			return err
		}
		if done, err = ready(); err != nil || !done {
			return err
		}
		// What is of figures is whatever is in the migrations and was not typed in or
		// noted of somebody.
		return tx.Exec(`
			DO $$
			DECLARE
				name text;
			BEGIN
				DROP TABLE reporting_next.inbox, reporting_next.proxy, reporting_next.export;
				FOR name IN SELECT p.oid::regprocedure::text FROM pg_proc p WHERE pronamespace = 'reporting_next'::regnamespace LOOP
					EXECUTE format('DROP FUNCTION IF EXISTS reporting.%s CASCADE', replace(replace(name, 'reporting_next.', ''), 'reporting_next.', ''));
				END LOOP;
				FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'reporting_next'::regnamespace AND relkind = 'r' LOOP
					EXECUTE format('DROP TABLE reporting.%I CASCADE', name);
					EXECUTE format('ALTER TABLE reporting_next.%I SET SCHEMA reporting', name);
				END LOOP;
				FOR name IN SELECT p.oid::regprocedure::text FROM pg_proc p WHERE pronamespace = 'reporting_next'::regnamespace LOOP
					EXECUTE format('ALTER FUNCTION %s SET SCHEMA reporting', name);
				END LOOP;
			END $$`).Error
	})
	return done && err == nil, err
}
