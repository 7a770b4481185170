package authority_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/authority"
)

var (
	helen = identity.Person{ID: uuid.New(), Name: "Helen", Roles: []identity.Role{identity.Manager}, Areas: []string{"Oldham"}}
	fund  = uuid.New()
	today = day(2026, 6, 1)
)

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

func hand() authority.Hand { return authority.Hand{By: uuid.New(), Name: "Somebody", At: today} }

// sound is a grant to all managers of Oldham that counts today.
func sound() authority.Grant {
	return authority.Grant{
		ID: uuid.New(), Holder: authority.Holder{Role: identity.Manager}, Kind: authority.Decide, Whose: authority.Any, Area: "Oldham",
		Limit: 500_00, Alone: 200_00, FirstDay: day(2026, 4, 1), LastDay: day(2027, 3, 31), Proposed: hand(), Confirmed: hand(),
	}
}

func asked() authority.Question {
	return authority.Question{Person: helen, Kind: authority.Decide, Fund: fund, Area: "Oldham", Day: today}
}

func TestAGrantCountsOnlyForWhatItSays(t *testing.T) {
	t.Parallel()
	granted := authority.Authority{Limit: 500_00, Alone: 200_00}
	none := authority.Authority{}
	for name, c := range map[string]struct {
		change func(*authority.Grant, *authority.Question)
		want   authority.Authority
	}{
		"as it is":       {func(*authority.Grant, *authority.Question) {}, granted},
		"to her by name": {func(g *authority.Grant, _ *authority.Question) { g.Holder = authority.Holder{Person: helen.ID} }, granted},
		"to her, for every area": {func(g *authority.Grant, _ *authority.Question) {
			g.Holder, g.Area = authority.Holder{Person: helen.ID}, ""
		}, granted},
		"of this fund":            {func(g *authority.Grant, _ *authority.Question) { g.Fund = fund }, granted},
		"without an end":          {func(g *authority.Grant, _ *authority.Question) { g.LastDay = time.Time{} }, granted},
		"on its first day":        {func(g *authority.Grant, _ *authority.Question) { g.FirstDay = today }, granted},
		"on its last day":         {func(g *authority.Grant, _ *authority.Question) { g.LastDay = today }, granted},
		"for her own line, of it": {func(g *authority.Grant, q *authority.Question) { g.Whose, q.LineManager = authority.Line, helen.ID }, granted},
		"to another role":         {func(g *authority.Grant, _ *authority.Question) { g.Holder.Role = identity.Finance }, none},
		"to somebody else":        {func(g *authority.Grant, _ *authority.Question) { g.Holder = authority.Holder{Person: uuid.New()} }, none},
		"to nobody":               {func(g *authority.Grant, _ *authority.Question) { g.Holder = authority.Holder{} }, none},
		"to a role and a person":  {func(g *authority.Grant, _ *authority.Question) { g.Holder.Person = helen.ID }, none},
		"to a role, everywhere":   {func(g *authority.Grant, _ *authority.Question) { g.Area = "" }, none},
		"of another fund":         {func(g *authority.Grant, _ *authority.Question) { g.Fund = uuid.New() }, none},
		"in another area":         {func(g *authority.Grant, _ *authority.Question) { g.Area = "Rochdale" }, none},
		"where she does not work": {func(g *authority.Grant, q *authority.Question) { g.Area, q.Area = "Rochdale", "Rochdale" }, none},
		"of another kind":         {func(g *authority.Grant, _ *authority.Question) { g.Kind = authority.Except }, none},
		"of no kind":              {func(g *authority.Grant, q *authority.Question) { g.Kind, q.Kind = "", "" }, none},
		"for a line of another's": {func(g *authority.Grant, q *authority.Question) { g.Whose, q.LineManager = authority.Line, uuid.New() }, none},
		"for a line nobody knows": {func(g *authority.Grant, _ *authority.Question) { g.Whose = authority.Line }, none},
		"for who knows whose":     {func(g *authority.Grant, _ *authority.Question) { g.Whose = "" }, none},
		"not begun":               {func(g *authority.Grant, _ *authority.Question) { g.FirstDay = today.AddDate(0, 0, 1) }, none},
		"begun nobody knows when": {func(g *authority.Grant, _ *authority.Question) { g.FirstDay = time.Time{} }, none},
		"expired":                 {func(g *authority.Grant, _ *authority.Question) { g.LastDay = today.AddDate(0, 0, -1) }, none},
		"over before it began":    {func(g *authority.Grant, _ *authority.Question) { g.LastDay = g.FirstDay.AddDate(0, 0, -1) }, none},
		"not confirmed":           {func(g *authority.Grant, _ *authority.Question) { g.Confirmed = authority.Hand{} }, none},
		"proposed by nobody":      {func(g *authority.Grant, _ *authority.Question) { g.Proposed = authority.Hand{} }, none},
		"proposed by nobody, for one person": {func(g *authority.Grant, _ *authority.Question) {
			g.Holder = authority.Holder{Person: helen.ID}
			g.Proposed = authority.Hand{}
		}, none},
		"made by one person": {func(g *authority.Grant, _ *authority.Question) { g.Confirmed.By = g.Proposed.By }, none},
		"proposed by its holder": {func(g *authority.Grant, _ *authority.Question) {
			g.Holder = authority.Holder{Person: helen.ID}
			g.Proposed.By = helen.ID
		}, none},
		"confirmed by its holder": {func(g *authority.Grant, _ *authority.Question) {
			g.Holder = authority.Holder{Person: helen.ID}
			g.Confirmed.By = helen.ID
		}, none},
		"of nothing":                {func(g *authority.Grant, _ *authority.Question) { g.Limit, g.Alone = 0, 0 }, none},
		"of less than nothing":      {func(g *authority.Grant, _ *authority.Question) { g.Limit, g.Alone = -1, -1 }, none},
		"of more than is money":     {func(g *authority.Grant, _ *authority.Question) { g.Limit = money.Most + 1 }, none},
		"of more alone than at all": {func(g *authority.Grant, _ *authority.Question) { g.Alone = g.Limit + 1 }, none},
		"asked by nobody":           {func(_ *authority.Grant, q *authority.Question) { q.Person.ID = uuid.Nil }, none},
		"asked about no fund":       {func(_ *authority.Grant, q *authority.Question) { q.Fund = uuid.Nil }, none},
		"asked about no area":       {func(_ *authority.Grant, q *authority.Question) { q.Area = "" }, none},
		"asked about no day":        {func(_ *authority.Grant, q *authority.Question) { q.Day = time.Time{} }, none},
	} {
		g, q := sound(), asked()
		c.change(&g, &q)
		if got := authority.Of([]authority.Grant{g}, q); got != c.want {
			t.Errorf("%s: Of() = %+v, want %+v", name, got, c.want)
		}
	}
}

func TestTheWidestOfSeveralGrantsCounts(t *testing.T) {
	t.Parallel()
	wide, alone := sound(), sound()
	wide.Limit, wide.Alone = 5000_00, 0
	alone.Limit, alone.Alone = 300_00, 300_00
	got := authority.Of([]authority.Grant{wide, alone}, asked())
	if want := (authority.Authority{Limit: 5000_00, Alone: 300_00}); got != want {
		t.Errorf("Of() = %+v, want %+v", got, want)
	}
}

func TestWithoutAuthorityNothingMayBeDecided(t *testing.T) {
	t.Parallel()
	some := authority.Authority{Limit: 500_00, Alone: 200_00}
	for name, c := range map[string]struct {
		a        authority.Authority
		amount   money.Pence
		seconded bool
		ok       bool
	}{
		"alone, up to the most alone":      {some, 200_00, false, true},
		"alone, above the most alone":      {some, 200_01, false, false},
		"with a second, up to the limit":   {some, 500_00, true, true},
		"with a second, above the limit":   {some, 500_01, true, false},
		"a request of nothing":             {some, 0, true, false},
		"no authority":                     {authority.Authority{}, 1, false, false},
		"no authority and a second person": {authority.Authority{}, 1, true, false},
	} {
		if err := c.a.Check(c.amount, c.seconded); (err == nil) != c.ok || err != nil && !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s: Check() = %v", name, err)
		} else if none := c.a == (authority.Authority{}); none != (err != nil && strings.HasPrefix(err.Error(), "You have no authority")) {
			t.Errorf("%s: says %q", name, err)
		}
	}
}

// within reports whether a allows nothing that b does not.
func within(a, b authority.Authority) bool { return a.Limit <= b.Limit && a.Alone <= b.Alone }

func TestAuthorityComesFromGrantsAndFromNothingElse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := asked()
		q.Day = today.AddDate(0, 0, rapid.IntRange(-20, 20).Draw(t, "day"))
		if rapid.Bool().Draw(t, "line manager") {
			q.LineManager = helen.ID
		}
		grants := rapid.SliceOfN(rapid.Custom(drawGrant), 0, 6).Draw(t, "grants")
		all := authority.Of(grants, q)

		// Nothing comes from nothing, and an amount is allowed if, and only if,
		// some grant allows it by itself.
		for _, amount := range []money.Pence{1, 50, 100, 101, 200} {
			for _, seconded := range []bool{false, true} {
				by := func(g authority.Grant) bool {
					return authority.Of([]authority.Grant{g}, q).Check(amount, seconded) == nil
				}
				if got, want := all.Check(amount, seconded) == nil, slices.ContainsFunc(grants, by); got != want {
					t.Fatalf("%v, seconded %v: allowed %v together, %v by one of %+v", amount, seconded, got, want, grants)
				}
			}
		}
		if len(grants) == 0 {
			return
		}
		i := rapid.IntRange(0, len(grants)-1).Draw(t, "which")

		// To take a grant away widens nothing, nor does the order of them matter.
		if less := authority.Of(slices.Delete(slices.Clone(grants), i, i+1), q); !within(less, all) {
			t.Fatalf("without grant %d: %+v, with it %+v", i, less, all)
		}
		back := slices.Clone(grants)
		slices.Reverse(back)
		if got := authority.Of(back, q); got != all {
			t.Fatalf("the other way round: %+v, not %+v", got, all)
		}

		// More days allow nothing on a day that is not among them, and take
		// nothing from one that is.
		longer := slices.Clone(grants)
		g := &longer[i]
		g.FirstDay = g.FirstDay.AddDate(0, 0, -rapid.IntRange(0, 5).Draw(t, "earlier"))
		if !g.LastDay.IsZero() {
			g.LastDay = g.LastDay.AddDate(0, 0, rapid.IntRange(0, 5).Draw(t, "later"))
		}
		outside := q.Day.Before(g.FirstDay) || !g.LastDay.IsZero() && q.Day.After(g.LastDay)
		switch got := authority.Of(longer, q); {
		case outside && got != all:
			t.Fatalf("days that do not come into it changed %+v to %+v", all, got)
		case !outside && grants[i].LastDay != (time.Time{}) && grants[i].LastDay.Before(grants[i].FirstDay):
			// Days that could not be read can be now.
		case !within(all, got):
			t.Fatalf("more days took something away: %+v became %+v", all, got)
		}
	})
}

// drawGrant is a grant of which most parts fit the question, so that a good many
// grants do.
func drawGrant(t *rapid.T) authority.Grant {
	g := sound()
	mostly := func(label string) bool { return rapid.IntRange(0, 5).Draw(t, label) > 0 }
	g.Limit = money.Pence(rapid.SampledFrom([]int{100, 100, 200, 1, 0, -1}).Draw(t, "limit"))
	g.Alone = money.Pence(rapid.SampledFrom([]int{100, 50, 0, 200, -1}).Draw(t, "alone"))
	g.FirstDay = today.AddDate(0, 0, rapid.IntRange(-15, 5).Draw(t, "first"))
	if g.LastDay = today.AddDate(0, 0, rapid.IntRange(-10, 15).Draw(t, "last")); !mostly("ends") {
		g.LastDay = time.Time{}
	}
	if !mostly("whose") {
		g.Whose = authority.Line
	}
	if !mostly("role") {
		g.Holder = authority.Holder{Person: helen.ID}
	}
	if !mostly("confirmed") {
		g.Confirmed = authority.Hand{}
	}
	if !mostly("area") {
		g.Area = ""
	}
	return g
}
