package postgres_test

import (
	"context"
	"encoding/json"
	"flag"
	"strconv"
	"testing"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/authority"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/award/awardtest"
	"github.com/instead-support/instead/services/funding/internal/postgres"
)

// desk is a world over a database of its own, with an allowance for Sam.
type desk struct {
	*awardtest.World
	*award.Awards
	t         testing.TB
	db        *db.DB
	store     postgres.Awards
	allowance *award.Allowance
}

func newDesk(t testing.TB, limit money.Pence) *desk {
	t.Helper()
	return deskOn(t, dbtest.Open(t, postgres.Migrations, "funding"), limit)
}

func deskOn(t testing.TB, d *db.DB, limit money.Pence) *desk {
	t.Helper()
	store := postgres.NewAwards(d, events.Rows)
	w := awardtest.NewWorld()
	desk := &desk{World: w, Awards: w.Awards(store), t: t, db: d, store: store}
	if err := give(t, d)(w.Oldham, w.Granted); err != nil {
		t.Fatal(err)
	}
	desk.allowance = must(desk.Open(desk.as(w.Amina), award.Opening{JobseekerID: w.SamsRecord, CourseID: w.Catalogue.Add(limit).CourseID}))(t)
	return desk
}

// give returns what makes a budget and its fund there already, and grants.
func give(t testing.TB, d *db.DB) func(award.Budget, ...authority.Grant) error {
	owner := dbtest.Owner(t, d)
	return func(b award.Budget, grants ...authority.Grant) error {
		return db.Tx(t.Context(), owner.Gorm, func(tx *gorm.DB) error {
			err := tx.Exec("INSERT INTO fund VALUES (?, ?, ?, '2025-04-01') ON CONFLICT DO NOTHING", b.Fund.ID, b.Fund.Code, b.Fund.Name).Error
			if err != nil {
				return err
			}
			if err := tx.Exec("INSERT INTO budget (id, fund_id, area, year) VALUES (?, ?, ?, ?)", b.ID, b.Fund.ID, b.Area, b.Year).Error; err != nil {
				return err
			}
			for _, sql := range []string{
				"INSERT INTO proposal VALUES (@id, @fund, 'movement', 'For a test.', gen_random_uuid(), 'Fin', now())",
				"INSERT INTO movement (id, fund_id, to_budget, pence) VALUES (@id, @fund, @id, @pence)",
				"INSERT INTO proposal_answer VALUES (@id, true, gen_random_uuid(), 'Priya', now(), '')",
			} {
				if err := tx.Exec(sql, map[string]any{"id": b.ID, "fund": b.Fund.ID, "pence": int64(b.Allocated)}).Error; err != nil {
					return err
				}
			}
			for _, g := range grants {
				err = tx.Exec(`INSERT INTO authority_grant (id, kind, holder_role, holder_name, whose, fund_id, area, most, alone, first_day, why, proposed_by, proposed_name, proposed_at)
					VALUES (?, ?, ?, '', ?, ?, ?, ?, ?, ?, ?, ?, ?, now()) ON CONFLICT DO NOTHING`,
					g.ID, g.Kind, g.Holder.Role, g.Whose, g.Fund, g.Area, int64(g.Limit), int64(g.Alone), g.FirstDay, g.Why, g.Proposed.By, g.Proposed.Name).Error
				if err != nil {
					return err
				}
				err = tx.Exec("UPDATE authority_grant SET confirmed_by = ?, confirmed_name = ?, confirmed_at = now() WHERE id = ? AND confirmed_by IS NULL",
					g.Confirmed.By, g.Confirmed.Name, g.ID).Error
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// agree returns what makes a fund approve something by itself, from long before any
// test begins; or nothing, where the rule is off.
func agree(t testing.TB, d *db.DB) func(award.Fund, award.Rule, bool) error {
	owner := dbtest.Owner(t, d)
	return func(f award.Fund, u award.Rule, exceptions bool) error {
		return db.Tx(t.Context(), owner.Gorm, func(tx *gorm.DB) error {
			id := uuid.New()
			content := map[string]any{
				"first_day": "2026-04-01", "auto_up_to": u.UpTo, "auto_categories": u.Categories, "sample_one_in": u.OneIn,
				"expires_days": 90, "warn_days": 14, "challenge_days": 20, "decide_days": 5, "receipt_days": 10, "exceptions": exceptions,
			}
			terms, err := json.Marshal(content)
			if err != nil {
				return err
			}
			err = tx.Exec("INSERT INTO proposal (id, fund_id, kind, reason, by_id, by_name, at, content) VALUES (?, ?, 'terms', 'For a test.', gen_random_uuid(), 'Fin', '2026-04-01', ?)",
				id, f.ID, string(terms)).Error
			if err != nil {
				return err
			}
			return tx.Exec("INSERT INTO proposal_answer VALUES (?, true, gen_random_uuid(), 'Priya', '2026-04-01', '')", id).Error
		})
	}
}

func (d *desk) as(p identity.Person) context.Context { return identity.With(context.Background(), p) }

// must unwraps what cannot fail here.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// draft is a draft of Amina's for these amounts.
func (d *desk) draft(amounts ...money.Pence) *award.Request {
	d.t.Helper()
	r := must(d.Draft(d.as(d.Amina), d.allowance.ID, d.Fund.ID))(d.t).Request
	var ask award.Ask
	for _, p := range amounts {
		ask.Lines = append(ask.Lines, d.Line(d.SamsRecord, p))
	}
	return must(d.Edit(d.as(d.Amina), r.ID, r.Version, ask))(d.t).Request
}

// submitted is a request of Amina's that waits for a decision.
func (d *desk) submitted(amounts ...money.Pence) *award.Request {
	d.t.Helper()
	r := d.draft(amounts...)
	return must(d.Submit(d.as(d.Amina), r.ID, r.Version))(d.t).Request
}

var because = awardtest.Yes("other", "Because.")

// fewer makes rapid try so many times, since each step of this test is many
// round trips. The same test in memory tries more.
func fewer(t *testing.T, checks int) {
	f := flag.Lookup("rapid.checks")
	was := f.Value.String()
	if was != f.DefValue {
		return // somebody asked for so many
	}
	_ = f.Value.Set(strconv.Itoa(checks))
	t.Cleanup(func() { _ = f.Value.Set(was) })
}

// agrees fails the test unless everything that the database keeps for speed is
// what it follows from.
func agrees(t testing.TB, d *db.DB) {
	t.Helper()
	var found []struct {
		What string
		ID   uuid.UUID
	}
	if err := d.Gorm.Raw("SELECT what, id FROM disagreement UNION ALL SELECT what, id FROM exception_disagreement").Scan(&found).Error; err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Errorf("%s: %s", f.What, f.ID)
	}
}

func TestTheStoreKeepsEveryRuleWhateverAnybodyDoes(t *testing.T) { // not parallel: it sets a flag
	fewer(t, 20)
	d := newDesk(t, 1)
	awardtest.Rules(t, d.store, db.WithKey, give(t, d.db), agree(t, d.db))
	agrees(t, d.db)
}
