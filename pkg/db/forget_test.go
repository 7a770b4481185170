package db_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/identity"
)

func TestAMessageIsKnownAgainForThirtyDaysAndThenForgotten(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, migrations, "things")
	ctx := db.WithKey(identity.With(t.Context(), identity.Person{ID: uuid.New()}), "k")
	take := func() (seen bool) {
		t.Helper()
		err := db.Tx(ctx, d.Gorm, func(tx *gorm.DB) (err error) {
			if _, seen, err = db.Once(ctx, tx, "do", "this"); err == nil && !seen {
				err = db.Did(ctx, tx, uuid.New())
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return seen
	}
	owner := dbtest.Owner(t, d)
	age := func(days int) {
		t.Helper()
		for _, sql := range []string{
			"UPDATE idempotency SET at = now() - make_interval(days => ?)",
			"INSERT INTO inbox SELECT gen_random_uuid(), now() - make_interval(days => ?) FROM generate_series(1, 2500)",
		} {
			if err := owner.Gorm.Exec(sql, days).Error; err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Forget(context.Background(), d.Gorm); err != nil {
			t.Fatal(err)
		}
	}
	take()
	age(29)
	if !take() {
		t.Error("a message of 29 days ago did its work again")
	}
	age(31)
	if take() {
		t.Error("a message of 31 days ago is still known")
	}
	var left int
	if err := owner.Gorm.Raw("SELECT count(*) FROM inbox").Scan(&left).Error; err != nil || left != 2500 {
		t.Errorf("%d events are known, of which 2500 came 29 days ago: %v", left, err)
	}
}
