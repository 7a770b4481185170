package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/seal"
	"github.com/instead-support/instead/services/funding/internal/postgres"
	"github.com/instead-support/instead/services/funding/internal/supplier"
)

// book is suppliers over a desk's database, with two finance officers.
type book struct {
	*supplier.Suppliers
	*desk
	store    postgres.Suppliers
	fin, fay identity.Person
}

func newBook(t *testing.T) *book {
	t.Helper()
	d := newDesk(t, 1000)
	keys := must(seal.NewKeys())(t)
	vault := must(seal.Open(keys))(t)
	person := func(name string) identity.Person {
		return identity.Person{ID: uuid.New(), Name: name, Roles: []identity.Role{identity.Finance}, Areas: []string{"Oldham"}}
	}
	store := postgres.NewSuppliers(d.db, vault)
	return &book{
		Suppliers: supplier.New(supplier.Deps{Store: store, Vault: vault, Now: time.Now}),
		desk:      d, store: store, fin: person("Fin Doyle"), fay: person("Fay Kerr"),
	}
}

func (b *book) add(name string) supplier.Payee {
	b.t.Helper()
	s := must(b.Suppliers.Add(b.as(b.fin), supplier.Newcomer{Facts: supplier.Facts{Name: name, Postcode: "OL1 3LG"}}))(b.t)
	return supplier.Payee{Kind: supplier.ASupplier, ID: s.ID}
}

// account is one whose number is found nowhere by chance.
var account = supplier.Account{Holder: "Quillfeather Cycles", SortCode: "08-99-99", Number: "66374958"}

func TestASupplierIsKeptOnce(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	n := supplier.Newcomer{Facts: supplier.Facts{Name: "Quillfeather Cycles Ltd", Postcode: "OL1 3LG", Company: "01234567"}, LocalTo: []string{"Oldham"}}
	ctx := db.WithKey(b.as(b.fin), "a form")
	first := must(b.Suppliers.Add(ctx, n))(t)
	if again := must(b.Suppliers.Add(ctx, n))(t); again.ID != first.ID {
		t.Error("the same form added it twice")
	}
	alike := supplier.Newcomer{Facts: supplier.Facts{Name: "The QUILLFEATHER Cycle Company", Postcode: "OL1 3LG"}}
	_, err := b.Suppliers.Add(b.as(b.fin), alike)
	if duplicate, ok := errors.AsType[*supplier.PossibleDuplicate](err); !ok || len(duplicate.Candidates) != 1 || duplicate.Candidates[0].ID != first.ID {
		t.Fatalf("Add(alike) = %v", err)
	}
	alike.Different = true
	must(b.Suppliers.Add(b.as(b.fin), alike))(t)
	if _, err := b.Suppliers.Add(b.as(b.fin), supplier.Newcomer{Facts: supplier.Facts{Name: "Other", Postcode: "OL1 3LG", Company: "1234567"}, Different: true}); !fault.Is(err, fault.Conflict) {
		t.Errorf("two with one number: %v", err)
	}
	found, total, err := b.Suppliers.List(b.as(b.fin), supplier.Filter{Text: "quillf cycles", LocalTo: "Oldham"}, supplier.Page{Number: 1, Size: 10})
	if err != nil || total != 1 || len(found) != 1 || found[0].ID != first.ID || found[0].LocalTo[0] != "Oldham" {
		t.Errorf("List() = %+v %d %v", found, total, err)
	}
	if _, err := b.Suppliers.Edit(b.as(b.fay), first.ID, first.Version+1, first.Facts, nil, false); !fault.Is(err, fault.Stale) {
		t.Errorf("Edit(stale) = %v", err)
	}
	changed := must(b.Suppliers.Edit(b.as(b.fay), first.ID, first.Version, first.Facts, nil, true))(t)
	if changed.Version != 2 || !changed.Closed || len(changed.LocalTo) != 0 || changed.ChangedByName != "Fay Kerr" {
		t.Errorf("Edit() = %+v", changed)
	}
}

func (b *book) inForce(p supplier.Payee) (a supplier.Account, err error) {
	err = db.Tx(b.as(b.fin), b.desk.db.Gorm, func(tx *gorm.DB) error {
		a, err = b.store.PayeeDetails(b.as(b.fin), tx, p)
		return err
	})
	return a, err
}

func TestBankDetailsChangeOnlyByTwoPeople(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	for name, p := range map[string]supplier.Payee{"a supplier": b.add("Spokes"), "a jobseeker": {Kind: supplier.APerson, ID: b.SamsRecord}} {
		first := account
		if p.Kind == supplier.APerson {
			first.Number = "11112222"
		}
		if _, err := b.inForce(p); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s without any: %v", name, err)
		}
		proposed := must(b.Suppliers.Propose(b.as(b.fin), p, first, ""))(t)
		if _, err := b.Suppliers.Propose(b.as(b.fin), p, first, ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s proposed twice: %v", name, err)
		}
		if _, err := b.Suppliers.Confirm(b.as(b.fin), proposed.ID, first); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s confirmed by who proposed: %v", name, err)
		}
		if _, err := b.inForce(p); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s in force before it was confirmed: %v", name, err)
		}
		must(b.Suppliers.Confirm(b.as(b.fay), proposed.ID, first))(t)
		second := first
		second.Number = "33334444"
		if p.Kind == supplier.APerson {
			second.Number = "55556666"
		}
		next := must(b.Suppliers.Propose(b.as(b.fay), p, second, ""))(t)
		if got, err := b.inForce(p); err != nil || got.Number != first.Number {
			t.Errorf("%s: what was in force stays so until then: %v %v", name, got, err)
		}
		must(b.Suppliers.Confirm(b.as(b.fin), next.ID, second))(t)
		if got, err := b.inForce(p); err != nil || got.Number != second.Number || got.SortCode != "089999" || got.Holder != "Quillfeather Cycles" {
			t.Errorf("%s once confirmed: %v %v", name, got, err)
		}
		all := must(b.Suppliers.Details(b.as(b.fin), p))(t)
		if len(all) != 2 || all[0].State != supplier.Confirmed || all[1].State != supplier.Replaced || all[0].LastFour != second.Number[4:] {
			t.Errorf("%s: %+v", name, all)
		}
	}
}

func TestEachLookAtAnAccountAndEachChangeIsInTheAuditTrail(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	p := b.add("Spokes")
	proposed := must(b.Suppliers.Propose(b.as(b.fin), p, account, ""))(t)
	must(b.Suppliers.Confirm(b.as(b.fay), proposed.ID, account))(t)
	must(b.inForce(p))(t)
	var trail []string
	if err := b.desk.db.Gorm.Raw("SELECT action FROM audit_entry WHERE subject_id = ? ORDER BY at, id", proposed.ID).Scan(&trail).Error; err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(trail, " "); got != "proposeSupplierBankDetails confirmBankDetails openBankDetails" {
		t.Errorf("the trail is %q", got)
	}
}

func TestTheSameAccountIsNotUnderTwoPayeesUnlessSomebodySaysWhy(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	one, other := b.add("Spokes"), supplier.Payee{Kind: supplier.APerson, ID: b.SamsRecord}
	must(b.Suppliers.Propose(b.as(b.fin), one, account, ""))(t)
	if _, err := b.Suppliers.Propose(b.as(b.fin), other, account, ""); !fault.Is(err, fault.Conflict) || !strings.HasPrefix(err.Error(), "Spokes has the same account.") {
		t.Errorf("Propose(alike) = %v", err)
	}
	d := must(b.Suppliers.Propose(b.as(b.fin), other, account, "Sam owns the shop."))(t)
	if d.Alike != "Sam owns the shop." {
		t.Errorf("the reason is lost: %+v", d)
	}
}

func TestTheDatabaseHoldsBankDetailsWhoeverAsks(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	p := b.add("Spokes")
	d := must(b.Suppliers.Propose(b.as(b.fin), p, account, ""))(t)
	other := b.add("Different Wheels")
	for what, c := range map[string]struct {
		sql    string
		values []any
		want   string
	}{
		"confirmed by who proposed": {"UPDATE bank_details SET state = 'confirmed', answered_by = by_id, answered_at = now() WHERE id = ?", []any{d.ID}, "bank_details_confirmed_by_another"},
		"confirmed by nobody":       {"UPDATE bank_details SET state = 'confirmed' WHERE id = ?", []any{d.ID}, "bank_details_answer"},
		"another account":           {"UPDATE bank_details SET sealed = 'x' WHERE id = ?", []any{d.ID}, "no right"},
		"another payee":             {"UPDATE bank_details SET payee_id = ? WHERE id = ?", []any{other.ID, d.ID}, "no right"},
		"removed":                   {"DELETE FROM bank_details", nil, "no right"},
		"replaced unconfirmed":      {"UPDATE bank_details SET state = 'replaced', answered_by = ?, answered_at = now() WHERE id = ?", []any{b.fay.ID, d.ID}, "bank_details_arrow"},
		"in force from the start": {`INSERT INTO bank_details (id, payee_kind, payee_id, sealed, print, last_four, alike, by_id, by_name, at, state)
			VALUES (gen_random_uuid(), 'supplier', ?, 'x', ?, '1234', '', gen_random_uuid(), '', now(), 'confirmed')`, []any{other.ID, d.Print}, "no right"},
		"the same account": {`INSERT INTO bank_details (id, payee_kind, payee_id, sealed, print, last_four, alike, by_id, by_name, at)
			VALUES (gen_random_uuid(), 'supplier', ?, 'x', ?, '1234', '', gen_random_uuid(), '', now())`, []any{other.ID, d.Print}, "bank_details_alike"},
		"nobody's": {`INSERT INTO bank_details (id, payee_kind, payee_id, sealed, print, last_four, alike, by_id, by_name, at)
			VALUES (gen_random_uuid(), 'person', gen_random_uuid(), 'x', decode(repeat('ab', 32), 'hex'), '1234', '', gen_random_uuid(), '', now())`, nil, "bank_details_of_payee"},
	} {
		if got := refused(b.desk.db.Gorm.Exec(c.sql, c.values...).Error); got != c.want {
			t.Errorf("%s: refused by %q, want %q", what, got, c.want)
		}
	}
	must(b.Suppliers.Confirm(b.as(b.fay), d.ID, account))(t)
	second := account
	second.Number = "33334444"
	next := must(b.Suppliers.Propose(b.as(b.fin), p, second, ""))(t)
	const confirm = "UPDATE bank_details SET state = 'confirmed', answered_by = ?, answered_at = now() WHERE id = ?"
	if got := refused(b.desk.db.Gorm.Exec(confirm, b.fay.ID, next.ID).Error); got != "bank_details_in_force" {
		t.Errorf("two accounts in force: refused by %q", got)
	}
	// Not even who owns the tables changes what was proposed.
	if got := refused(dbtest.Owner(t, b.desk.db).Gorm.Exec("UPDATE bank_details SET sealed = 'x' WHERE id = ?", d.ID).Error); got != "bank_details_arrow" {
		t.Errorf("by the owner: refused by %q", got)
	}
}

func TestAnAccountIsInNoTableInClear(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	p := b.add("Spokes")
	ctx := db.WithKey(b.as(b.fin), "a form")
	d := must(b.Suppliers.Propose(ctx, p, account, ""))(t)
	must(b.Suppliers.Confirm(db.WithKey(b.as(b.fay), "another"), d.ID, account))(t)
	owner := dbtest.Owner(t, b.desk.db).Gorm
	var tables []string
	if err := owner.Raw("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema::regnamespace").Scan(&tables).Error; err != nil || len(tables) < 10 {
		t.Fatalf("%d tables, %v", len(tables), err)
	}
	for _, table := range tables {
		var n int
		err := owner.WithContext(context.Background()).Raw(`SELECT count(*) FROM "` + table + `" x WHERE x::text LIKE '%66374958%' OR x::text LIKE '%08-99-99%' OR x::text LIKE '%089999%'
			OR x::text LIKE '%3636333734393538%' OR x::text LIKE '%Quillfeather%'`).Scan(&n).Error
		if err != nil || n > 0 {
			t.Errorf("%s has it in %d rows: %v", table, n, err)
		}
	}
}
