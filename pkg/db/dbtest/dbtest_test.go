package dbtest_test

import (
	"testing"
	"testing/fstest"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
)

var migrations = fstest.MapFS{"00001_thing.sql": {Data: []byte(`-- +goose Up
CREATE TABLE thing (id int PRIMARY KEY);
GRANT SELECT, INSERT ON thing TO tested;
`)}}

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	for range 2 {
		d := dbtest.Open(t, migrations, "tested")
		if err := d.Gorm.Exec("INSERT INTO thing VALUES (1)").Error; err != nil {
			t.Error(err) // a second 1 would break the key
		}
	}
}

func TestTheOwnerSeesWhatTheServiceWrote(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, migrations, "tested")
	if err := d.Gorm.Exec("INSERT INTO thing VALUES (1)").Error; err != nil {
		t.Fatal(err)
	}
	gone := dbtest.Owner(t, d).Gorm.Exec("DELETE FROM thing")
	if gone.Error != nil || gone.RowsAffected != 1 {
		t.Errorf("the owner deleted %d rows (%v), want 1", gone.RowsAffected, gone.Error)
	}
}

func TestADatabaseIsDroppedAfterItsTest(t *testing.T) {
	t.Parallel()
	var url string
	t.Run("a test that leaves a connection open", func(t *testing.T) {
		url = dbtest.URLs(t, migrations, "tested").Serve
		d, err := db.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		_ = d.Pool // left open
	})
	if d, err := db.Open(t.Context(), url); err == nil {
		d.Close()
		t.Error("the database is still there")
	}
}
