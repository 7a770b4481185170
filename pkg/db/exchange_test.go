package db_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/fault"
)

// grow is an exchange that makes a thing so much larger, and says how large it
// found it.
func grow(id uuid.UUID, by int, found func(size int) error) db.Exchange {
	return db.Exchange{
		Lock: db.Statement{SQL: "SELECT FROM thing WHERE id = $1 FOR UPDATE", Args: []any{id}},
		Read: db.Statement{SQL: "SELECT size FROM thing WHERE id = $1", Args: []any{id}},
		Decide: func(row pgx.Row) (db.Statement, error) {
			var size int
			if err := row.Scan(&size); err != nil {
				return db.Statement{}, err
			}
			if err := found(size); err != nil {
				return db.Statement{}, err
			}
			return db.Statement{SQL: "UPDATE thing SET size = $2 WHERE id = $1 RETURNING size", Args: []any{id, size + by}}, nil
		},
		Wrote: func(row pgx.Row) error {
			var size int
			return row.Scan(&size)
		},
	}
}

func fine(int) error { return nil }

func TestAnExchangeThatFailsLeavesNothingAndItsConnectionFitForTheNext(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, migrations, "things")
	one := thing{ID: uuid.New(), Name: "one", Size: 5, At: d.Gorm.NowFunc()}
	if err := d.Gorm.Create(&one).Error; err != nil {
		t.Fatal(err)
	}
	faults := db.Faults{"thing_size": fault.New(fault.Invalid, "Too small.")}
	refused := errors.New("refused by the rules")
	for _, c := range []struct {
		name string
		x    db.Exchange
		want func(error) bool
	}{
		{"refused by the rules", grow(one.ID, 1, func(int) error { return refused }), func(err error) bool { return errors.Is(err, refused) }},
		{"refused by the database", grow(one.ID, -9, fine), func(err error) bool { return fault.Is(err, fault.Invalid) }},
		{"not there", grow(uuid.New(), 1, fine), func(err error) bool { return errors.Is(err, pgx.ErrNoRows) }},
		{"fine", grow(one.ID, 2, fine), func(err error) bool { return err == nil }},
	} {
		if err := faults.Translate(c.x.Run(t.Context(), d.Gorm)); !c.want(err) {
			t.Errorf("%s: Run() = %v", c.name, err)
		}
	}
	var size int
	if err := d.Gorm.Raw("SELECT size FROM thing").Scan(&size).Error; err != nil || size != 7 {
		t.Errorf("size is %d (%v), want 7", size, err)
	}
}

func TestAnExchangeReadsWhatWasThereOnceItHadItsLocks(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, migrations, "things")
	one := thing{ID: uuid.New(), Name: "one", Size: 5, At: d.Gorm.NowFunc()}
	if err := d.Gorm.Create(&one).Error; err != nil {
		t.Fatal(err)
	}
	inside, goOn := make(chan struct{}), make(chan struct{})
	first := make(chan error, 1)
	go func() {
		first <- grow(one.ID, 1, func(int) error {
			close(inside)
			<-goOn
			return nil
		}).Run(t.Context(), d.Gorm)
	}()
	<-inside
	second := make(chan error, 1)
	go func() { second <- grow(one.ID, 10, fine).Run(t.Context(), d.Gorm) }()
	for waiting := 0; waiting == 0; {
		if err := d.Gorm.Raw("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&waiting).Error; err != nil {
			t.Fatal(err)
		}
	}
	close(goOn)
	if err := errors.Join(<-first, <-second); err != nil {
		t.Fatal(err)
	}
	var size int
	if err := d.Gorm.Raw("SELECT size FROM thing").Scan(&size).Error; err != nil || size != 16 {
		t.Errorf("size is %d (%v), want 16", size, err)
	}
}
