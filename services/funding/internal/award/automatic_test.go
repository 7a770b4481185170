package award_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/authority"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/award/awardtest"
)

// ruledDesk is a desk whose fund approves licences up to 100 pence by itself.
func ruledDesk(t *testing.T, change func(*award.Rule)) *desk {
	t.Helper()
	d := newDesk(t, 1000)
	u := award.Rule{Version: 3, UpTo: 100, Categories: []award.Category{"licence"}, OneIn: 1}
	if change != nil {
		change(&u)
	}
	_ = d.store.Agree(d.Fund, u, false)
	return d
}

func (d *desk) submit(amounts ...money.Pence) *award.Request {
	d.t.Helper()
	r := d.draft(amounts...)
	return must(d.Submit(as(d.Amina), r.ID, r.Version))(d.t).Request
}

func TestTheFundsRuleApprovesWhatFitsAndLeavesTheRestToAManager(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change  func(*award.Rule)
		amounts []money.Pence
		want    award.State
	}{
		"all that it allows":                 {nil, []money.Pence{60, 40}, award.Approved},
		"a penny more":                       {nil, []money.Pence{60, 41}, award.Submitted},
		"the rule is off":                    {func(u *award.Rule) { *u = award.Rule{} }, []money.Pence{1}, award.Submitted},
		"an amount of nothing":               {func(u *award.Rule) { u.UpTo = 0 }, []money.Pence{1}, award.Submitted},
		"terms that cannot be told":          {func(u *award.Rule) { u.Version = 0 }, []money.Pence{1}, award.Submitted},
		"a sample that cannot be read":       {func(u *award.Rule) { u.OneIn = 0 }, []money.Pence{1}, award.Submitted},
		"what was approved cannot be read":   {func(u *award.Rule) { u.Standing = -50 }, []money.Pence{1}, award.Submitted},
		"other kinds of thing":               {func(u *award.Rule) { u.Categories = []award.Category{"tools"} }, []money.Pence{1}, award.Submitted},
		"no kinds at all":                    {func(u *award.Rule) { u.Categories = nil }, []money.Pence{1}, award.Submitted},
		"with what was approved so before":   {func(u *award.Rule) { u.Standing = 60 }, []money.Pence{40}, award.Approved},
		"too much with what was before":      {func(u *award.Rule) { u.Standing = 60 }, []money.Pence{41}, award.Submitted},
		"more approved than it allows today": {func(u *award.Rule) { u.Standing = 300 }, []money.Pence{1}, award.Submitted},
	} {
		if r := ruledDesk(t, c.change).submit(c.amounts...); r.State() != c.want || (r.Automatic != nil) != (c.want == award.Approved) {
			t.Errorf("%s: it is %s, automatic: %v", name, r.State(), r.Automatic)
		}
	}
}

func TestNothingGetsThroughTheRuleInPieces(t *testing.T) {
	t.Parallel()
	d := ruledDesk(t, nil)
	one, two := d.submit(60), d.submit(60)
	if one.State() != award.Approved || two.State() != award.Submitted {
		t.Fatalf("60 and 60 of 100: %s and %s", one.State(), two.State())
	}
	other := must(d.Open(as(d.Amina), award.Opening{JobseekerID: d.SamsRecord, CourseID: d.Catalogue.Add(1000).CourseID}))(t)
	d.allowance = other
	if three := d.submit(60); three.State() != award.Submitted {
		t.Errorf("against another allowance: %s", three.State())
	}
	if four := d.submit(40); four.State() != award.Approved {
		t.Errorf("what is left of the rule: %s", four.State())
	}
	must(d.Cancel(as(d.Amina), one.ID, one.Version, "Not needed."))(t)
	if five := d.submit(60); five.State() != award.Approved {
		t.Errorf("what was given back no longer counts: %s", five.State())
	}
}

func TestWhatSomebodyHasLookedAtIsForPeopleToDecide(t *testing.T) {
	t.Parallel()
	d := ruledDesk(t, nil)
	r := d.submit(200)
	r = must(d.Return(as(d.Priya), r.ID, r.Version, awardtest.Yes("quote-needed", "Which?")))(t).Request
	r = must(d.Edit(as(d.Amina), r.ID, r.Version, award.Ask{Lines: []award.Line{d.Line(d.SamsRecord, 50)}}))(t).Request
	if r = must(d.Submit(as(d.Amina), r.ID, r.Version))(t).Request; r.State() != award.Submitted {
		t.Errorf("sent back, made smaller and submitted again, it is %s", r.State())
	}
}

func TestTheRulePromisesOnlyOutOfABudgetThatHasTheMoney(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*award.Budget){
		"too little left": func(b *award.Budget) { b.Allocated = 49 },
		"of another year": func(b *award.Budget) { b.Year-- },
		"of another area": func(b *award.Budget) { b.Area = "Rochdale" },
	} {
		d := ruledDesk(t, nil)
		r := d.draft(50)
		b := d.Oldham
		change(&b)
		_ = d.store.Give(b, d.Granted)
		if s := must(d.Submit(as(d.Amina), r.ID, r.Version))(t); s.Request.State() != award.Submitted || s.Allowance.Held != 50 {
			t.Errorf("%s: %s with %d held", name, s.Request.State(), s.Allowance.Held)
		}
	}
}

func TestChanceDrawsAboutOneInSoMany(t *testing.T) {
	t.Parallel()
	drawn := 0
	for range 10_000 {
		if award.OneIn(10) {
			drawn++
		}
	}
	if drawn < 800 || drawn > 1200 { // some six standard deviations
		t.Errorf("%d of 10,000 drawn, one in ten", drawn)
	}
	if !award.OneIn(1) || !award.OneIn(0) {
		t.Error("where every one is drawn, and where the number cannot be read, one was not")
	}
}

func TestWhoeverSubmittedOrReviewedWhatNobodyDecidedNeverPaysIt(t *testing.T) {
	t.Parallel()
	d := ruledDesk(t, nil)
	r := d.submit(50)
	r.Automatic.Review = &award.Review{By: d.Priya.ID}
	decided := d.submit(500)
	decided = must(d.Approve(as(d.Bilal), decided.ID, decided.Version, awardtest.Yes("other", "")))(t).Request
	var cannot []string
	for _, p := range d.Everyone() {
		if r.DecidedBy(p.ID) {
			cannot = append(cannot, p.Name)
		}
	}
	if !slices.Equal(cannot, []string{"Amina", "Priya"}) {
		t.Errorf("%v may not pay it", cannot)
	}
	if decided.DecidedBy(d.Amina.ID) || !decided.DecidedBy(d.Bilal.ID) {
		t.Error("where a manager decided, it is the manager who may not pay")
	}
}

// reviewed is a store that knows of one case to review.
type reviewed struct {
	award.ReviewStore
	award.Case
}

func (c reviewed) Review(_ context.Context, _ award.Act, _ uuid.UUID, _ award.Also, review func(award.Case) error) (award.Case, error) {
	return c.Case, review(c.Case)
}

func TestAReviewIsOfWhatWasDrawnOnceAndByWhoCouldHaveApprovedAsMuch(t *testing.T) {
	t.Parallel()
	drawn := award.Automatic{Version: 3, Sampled: true}
	left, done := drawn, drawn
	left.Sampled, done.Review = false, &award.Review{ByName: "Quinn"}
	for name, c := range map[string]struct {
		how    *award.Automatic
		by     func(*desk) identity.Person
		limit  money.Pence
		agrees bool
		words  string
		want   fault.Kind
	}{
		"yes":                           {&drawn, nil, 50, true, "", ""},
		"no, and why":                   {&drawn, nil, 50, false, "Too dear.", ""},
		"no, and not why":               {&drawn, nil, 50, false, " ", fault.Invalid},
		"what a person decided":         {nil, nil, 50, true, "", fault.Conflict},
		"what chance left":              {&left, nil, 50, true, "", fault.Conflict},
		"what somebody reviewed":        {&done, nil, 50, true, "", fault.Conflict},
		"by whoever submitted it":       {&drawn, func(d *desk) identity.Person { p := d.Amina; p.Roles = d.Bilal.Roles; return p }, 50, true, "", fault.Forbidden},
		"by who may approve less":       {&drawn, nil, 49, true, "", fault.Forbidden},
		"by who may approve nothing":    {&drawn, nil, 0, true, "", fault.Forbidden},
		"by a manager of another place": {&drawn, func(d *desk) identity.Person { return d.Rochdale }, 50, true, "", fault.NotFound},
	} {
		d := ruledDesk(t, nil)
		r, by := d.submit(50), d.Priya
		if r.Automatic = nil; c.how != nil {
			how := *c.how
			r.Automatic = &how
		}
		if c.by != nil {
			by = c.by(d)
		}
		store := reviewed{Case: award.Case{Request: r, Allowance: d.allowance, Authority: authority.Authority{Limit: c.limit, Alone: c.limit}}}
		_, err := award.New(award.Deps{Reviews: store, Now: d.Now}).Review(as(by), r.ID, c.agrees, c.words)
		if c.want != "" && !fault.Is(err, c.want) || c.want == "" && (err != nil || r.Automatic.Review.Agrees != c.agrees || r.Automatic.Review.By != by.ID) {
			t.Errorf("%s: Review() = %v, want %q", name, err, c.want)
		}
	}
}
