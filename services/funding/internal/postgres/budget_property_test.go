package postgres_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"pgregory.net/rapid"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/award/awardtest"
	"github.com/instead-support/instead/services/funding/internal/budget"
	"github.com/instead-support/instead/services/funding/internal/postgres"
)

// promises is a treasury whose Oldham budget of 2026 requests are approved out of.
type promises struct {
	*treasury
	*awardtest.World
	awards    *award.Awards
	allowance uuid.UUID
	budget    uuid.UUID
	fund      budget.Fund
}

func newPromises(t testing.TB, d *db.DB) *promises {
	t.Helper()
	p := &promises{treasury: newTreasury(t, d), World: awardtest.NewWorld()}
	store := postgres.NewAwards(d, events.Rows)
	p.awards = award.New(award.Deps{Store: store, Catalogue: p.Catalogue, Needs: p.Needs, Funds: &awardtest.Funds{}, Now: func() time.Time { return p.now }})
	p.fund = p.treasury.fund(strings.ToUpper(uuid.NewString()[:8]))
	p.budget = p.treasury.budget(p.fund, "Oldham", 2026, 0)
	granted := p.Granted
	granted.Fund = p.fund.ID
	if err := give(t, d)(p.Oldham, granted); err != nil { // another fund's budget, which stays out of it
		t.Fatal(err)
	}
	a := must(p.awards.Open(p.as(p.Amina), award.Opening{JobseekerID: p.SamsRecord, CourseID: p.Catalogue.Add(money.Most).CourseID}))(t)
	p.allowance = a.ID
	return p
}

// asked is a request for this much that waits for a decision.
func (p *promises) asked(pence money.Pence) *award.Request {
	p.t.Helper()
	r := must(p.awards.Draft(p.as(p.Amina), p.allowance, p.fund.ID))(p.t).Request
	r = must(p.awards.Edit(p.as(p.Amina), r.ID, r.Version, award.Ask{Lines: []award.Line{p.Line(p.SamsRecord, pence)}}))(p.t).Request
	return must(p.awards.Submit(p.as(p.Amina), r.ID, r.Version))(p.t).Request
}

func (p *promises) approve(r *award.Request) (*award.Request, error) {
	s, err := p.awards.Approve(p.as(p.Priya), r.ID, r.Version, because)
	return s.Request, err
}

// expire has an approval end unused, past award.
func (p *promises) expire(r *award.Request) {
	p.t.Helper()
	err := db.Tx(p.t.Context(), p.db.Gorm, func(tx *gorm.DB) error {
		step := len(r.History) + 1
		if err := tx.Exec("INSERT INTO history (request_id, step, from_state, to_state, at, by_id, by_name, code, words) VALUES (?, ?, 'approved', 'cancelled', ?, ?, 'Priya', '', 'Never used.')",
			r.ID, step, p.now, uuid.New()).Error; err != nil {
			return err
		}
		return tx.Exec("INSERT INTO entry (id, allowance_id, request_id, step, kind, pence, budget_id) VALUES (?, ?, ?, ?, 'uncommit', ?, ?)",
			uuid.New(), r.AllowanceID, r.ID, step, int64(r.Awarded), p.budget).Error
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// Whatever is given, taken, moved and promised, in whichever order and by
// whomever: no budget goes below what it owes, each has what was confirmed for it
// and no more, and how it stood on any day can still be said.
func TestBudgetsAddUpWhateverAnybodyDoes(t *testing.T) { // not parallel: it sets a flag
	fewer(t, 12)
	d := dbtest.Open(t, postgres.Migrations, "funding")
	rapid.Check(t, func(rt *rapid.T) {
		tr := newPromises(t, d)
		second := tr.both
		second.ID, second.Name = uuid.New(), "Another"
		ids := []uuid.UUID{tr.budget, tr.treasury.budget(tr.fund, "Rochdale", 2026, 0), tr.treasury.budget(tr.fund, "Oldham", 2027, 0)}
		want := map[uuid.UUID]budget.Totals{}
		stood := map[time.Time]map[uuid.UUID]budget.Totals{}
		var waiting []*budget.Proposal
		var approved []*award.Request

		some := func(label string) uuid.UUID { return rapid.SampledFrom(ids).Draw(rt, label) }
		pence := func() money.Pence { return money.Pence(rapid.IntRange(1, 500).Draw(rt, "pence")) }
		fits := func(of budget.Totals) bool { return of.Committed >= 0 && of.Paid >= 0 && of.Left() >= 0 }
		is := func(err error, kinds ...fault.Kind) {
			for _, k := range kinds {
				if fault.Is(err, k) {
					return
				}
			}
			rt.Fatalf("%v, want one of %v", err, kinds)
		}
		rt.Repeat(map[string]func(*rapid.T){
			"propose": func(*rapid.T) {
				from, to, n := some("from"), some("to"), pence()
				switch rapid.SampledFrom([]string{"give", "take", "transfer"}).Draw(rt, "way") {
				case "give":
					from = uuid.Nil
				case "take":
					to = uuid.Nil
				}
				p, err := tr.Move(tr.as(tr.both), from, to, n, "So.")
				switch {
				case from == to:
					is(err, fault.Invalid)
				case from != uuid.Nil && n > want[from].Left():
					is(err, fault.OverBudget)
				case err != nil:
					rt.Fatal(err)
				default:
					waiting = append(waiting, p.Proposal)
				}
			},
			"answer": func(*rapid.T) {
				if len(waiting) == 0 {
					rt.Skip()
				}
				i := rapid.IntRange(0, len(waiting)-1).Draw(rt, "which")
				p := waiting[i]
				by := rapid.SampledFrom([]identity.Person{tr.both, second, second}).Draw(rt, "by")
				if rapid.IntRange(0, 4).Draw(rt, "refuse") == 0 {
					if _, err := tr.Refuse(tr.as(by), p.ID, "No."); err != nil {
						rt.Fatal(err)
					}
					waiting = append(waiting[:i:i], waiting[i+1:]...)
					return
				}
				from, to, m := p.Movement.From, p.Movement.To, p.Movement
				_, err := tr.Confirm(tr.as(by), p.ID)
				switch {
				case by.ID == tr.both.ID:
					is(err, fault.Forbidden)
				case from != nil && m.Pence > want[from.ID].Left():
					is(err, fault.OverBudget)
				case err != nil:
					rt.Fatal(err)
				default:
					if from != nil {
						w := want[from.ID]
						w.Allocated -= m.Pence
						want[from.ID] = w
					}
					if to != nil {
						w := want[to.ID]
						w.Allocated += m.Pence
						want[to.ID] = w
					}
					waiting = append(waiting[:i:i], waiting[i+1:]...)
				}
			},
			"approve": func(*rapid.T) {
				n := pence()
				r, err := tr.approve(tr.asked(n))
				switch of := want[tr.budget]; {
				case n > of.Left():
					is(err, fault.OverBudget)
				case err != nil:
					rt.Fatal(err)
				default:
					of.Committed += n
					want[tr.budget], approved = of, append(approved, r)
				}
			},
			"expire": func(*rapid.T) {
				if len(approved) == 0 {
					rt.Skip()
				}
				i := rapid.IntRange(0, len(approved)-1).Draw(rt, "which")
				tr.expire(approved[i])
				of := want[tr.budget]
				of.Committed -= approved[i].Awarded
				want[tr.budget], approved = of, slices.Delete(approved, i, i+1)
			},
			"sleep": func(*rapid.T) {
				day := tr.today()
				stood[day] = map[uuid.UUID]budget.Totals{}
				for _, id := range ids {
					stood[day][id] = want[id]
				}
				tr.now = tr.now.AddDate(0, 0, rapid.IntRange(1, 9).Draw(rt, "days")) // all within the year
			},
			"": func(*rapid.T) {
				for _, id := range ids {
					if got := tr.totals(id); got != want[id] || !fits(got) {
						rt.Fatalf("a budget has %+v, want %+v", got, want[id])
					}
					for day, then := range stood {
						if got := must(tr.Get(tr.as(tr.both), id, day))(t); got.Totals != then[id] {
							rt.Fatalf("as at %v it had %+v, want %+v", day, got.Totals, then[id])
						}
					}
				}
			},
		})
	})
	agrees(t, d)
}
