package award_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/authority"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/award/awardtest"
)

func as(p identity.Person) context.Context { return identity.With(context.Background(), p) }

// desk is a world with an allowance for Sam, and Sam's coach Amina at work.
type desk struct {
	*awardtest.World
	*award.Awards
	t         *testing.T
	store     *awardtest.Memory
	allowance *award.Allowance
}

func newDesk(t *testing.T, limit money.Pence) *desk {
	t.Helper()
	w := awardtest.NewWorld()
	store := awardtest.NewMemory()
	d := &desk{World: w, Awards: w.Awards(store), t: t, store: store}
	_ = store.Give(w.Oldham, w.Granted) // memory takes anything
	price := w.Catalogue.Add(limit)
	d.allowance = must(d.Open(as(w.Amina), award.Opening{JobseekerID: w.SamsRecord, CourseID: price.CourseID}))(t)
	return d
}

// must unwraps what cannot fail here.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
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
	s := must(d.Draft(as(d.Amina), d.allowance.ID, d.Fund.ID))(d.t)
	var ask award.Ask
	for _, p := range amounts {
		ask.Lines = append(ask.Lines, d.Line(d.SamsRecord, p))
	}
	return must(d.Edit(as(d.Amina), s.Request.ID, s.Request.Version, ask))(d.t).Request
}

// in brings a new request for 100p into this state.
func (d *desk) in(state award.State) *award.Request {
	d.t.Helper()
	r := d.draft(100)
	no := awardtest.Yes("other", "Not this one.")
	if state != award.Draft {
		r = must(d.Submit(as(d.Amina), r.ID, r.Version))(d.t).Request
	}
	s := award.Standing{Case: award.Case{Request: r}}
	switch state {
	case award.Approved:
		s = must(d.Approve(as(d.Priya), r.ID, r.Version, no))(d.t)
	case award.Declined:
		s = must(d.Decline(as(d.Priya), r.ID, r.Version, no))(d.t)
	case award.Returned:
		s = must(d.Return(as(d.Priya), r.ID, r.Version, no))(d.t)
	case award.Withdrawn:
		s = must(d.Withdraw(as(d.Amina), r.ID, r.Version, ""))(d.t)
	case award.Challenged, award.Paid, award.Closed, award.Cancelled, award.Expired:
		d.store.Leave(r.ID, state)
	}
	return s.Request
}

func TestAnySequenceOfVerbsByAnyPeopleKeepsEveryRule(t *testing.T) {
	store := awardtest.NewMemory()
	awardtest.Rules(t, store, awardtest.WithKey, store.Give, store.Agree)
}

func TestARequestGoesAlongTheArrowsAndNoOther(t *testing.T) {
	t.Parallel()
	why := awardtest.Yes("other", "Because.")
	verbs := map[award.State]func(*desk, *award.Request) error{
		award.Submitted: func(d *desk, r *award.Request) error { _, err := d.Submit(as(d.Amina), r.ID, r.Version); return err },
		award.Approved: func(d *desk, r *award.Request) error {
			_, err := d.Approve(as(d.Priya), r.ID, r.Version, why)
			return err
		},
		award.Declined: func(d *desk, r *award.Request) error {
			_, err := d.Decline(as(d.Priya), r.ID, r.Version, why)
			return err
		},
		award.Returned: func(d *desk, r *award.Request) error {
			_, err := d.Return(as(d.Priya), r.ID, r.Version, why)
			return err
		},
		award.Withdrawn: func(d *desk, r *award.Request) error {
			_, err := d.Withdraw(as(d.Amina), r.ID, r.Version, "")
			return err
		},
	}
	for _, from := range award.States {
		for to, verb := range verbs {
			t.Run(string(from+" to "+to), func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, 1000)
				err := verb(d, d.in(from))
				allowed := slices.Contains(award.Arrows(), award.Arrow{From: from, To: to})
				if allowed && err != nil || !allowed && !fault.Is(err, fault.Conflict) {
					t.Errorf("%s to %s: %v, want allowed: %v", from, to, err, allowed)
				}
			})
		}
	}
}

func TestOnlyWhatIsApprovedIsPaidAndOnlyWhatIsPaidComesBack(t *testing.T) {
	t.Parallel()
	at, payment := time.Date(2026, 6, 4, 9, 0, 0, 0, time.UTC), uuid.New()
	for _, state := range award.States {
		d := newDesk(t, 1000)
		r := must(d.Get(as(d.Amina), d.in(state).ID))(t).Request
		approved, paid, closed := state == award.Approved, state == award.Paid, state == award.Closed
		for verb, c := range map[string]struct {
			do  func(*award.Request, *award.Allowance, *award.Budget) error
			may bool
		}{
			"pay": {func(r *award.Request, a *award.Allowance, b *award.Budget) error {
				return r.Pay(a, b, payment, 1, d.Finn, at)
			}, approved},
			"recover": {func(r *award.Request, a *award.Allowance, b *award.Budget) error {
				return r.Recover(a, b, payment, 1, "Taken back.", d.Finn, at)
			}, approved || paid || closed},
			"give back the rest": {func(r *award.Request, a *award.Allowance, b *award.Budget) error {
				r.History = append(r.History, award.Step{Act: award.Paying, From: award.Approved, To: r.State()})
				return r.ReleaseRest(a, b, 1, "Not needed.", d.Finn, at)
			}, approved},
			"close": {func(r *award.Request, _ *award.Allowance, _ *award.Budget) error { return r.Close(d.Finn, at) }, paid},
		} {
			own, b := *r, d.Oldham
			own.Totals, own.BudgetID = award.Totals{Committed: 50, Paid: 50}, b.ID
			b.Committed, b.Paid = 50, 50
			err := c.do(&own, &award.Allowance{ID: r.AllowanceID, Cap: 1000, Totals: own.Totals}, &b)
			if c.may != (err == nil) || err != nil && !fault.Is(err, fault.Conflict) {
				t.Errorf("%s of a %s request: %v, want allowed: %v", verb, state, err, c.may)
			}
		}
	}
}

func TestLinesChangeOnlyInADraftAReturnedOrAChallengedRequest(t *testing.T) {
	t.Parallel()
	for _, state := range award.States {
		d := newDesk(t, 1000)
		r := d.in(state)
		_, err := d.Edit(as(d.Amina), r.ID, r.Version, award.Ask{Lines: []award.Line{d.Line(d.SamsRecord, 50)}})
		if editable := state == award.Draft || state == award.Returned || state == award.Challenged; editable != (err == nil) || err != nil && !fault.Is(err, fault.Conflict) {
			t.Errorf("editing in state %s: %v, want allowed: %v", state, err, editable)
		}
	}
}

func TestSubmittingHoldsAndEveryAnswerSettlesTheHold(t *testing.T) {
	t.Parallel()
	for state, want := range map[award.State]award.Totals{
		award.Draft:     {},
		award.Submitted: {Held: 100},
		award.Approved:  {Committed: 100},
		award.Declined:  {},
		award.Returned:  {},
		award.Withdrawn: {},
	} {
		d := newDesk(t, 250)
		r := d.in(state)
		a, postings, err := d.Allowance(as(d.Amina), d.allowance.ID)
		if err != nil {
			t.Fatal(err)
		}
		if a.Totals != want || r.Totals != want {
			t.Errorf("%s: allowance %+v and request %+v, want %+v", state, a.Totals, r.Totals, want)
		}
		if a.Available() != 250-want.Held-want.Committed {
			t.Errorf("%s: %d available", state, a.Available())
		}
		for _, p := range postings {
			if p.RequestID != r.ID || p.Pence != 100 {
				t.Errorf("%s: entry %+v names another request or amount", state, p)
			}
		}
	}
}

func TestAskingForMoreThanIsAvailableSaysAskedAvailableAndOver(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 250)
	d.in(award.Approved) // 100p are gone, so the cap itself is no measure
	r := d.draft(100, 80)
	_, err := d.Submit(as(d.Amina), r.ID, r.Version)
	if !fault.Is(err, fault.OverCap) {
		t.Fatalf("Submit() = %v, want over-cap", err)
	}
	want := map[string]any{"asked_pence": int64(180), "available_pence": int64(150), "over_pence": int64(30)}
	if diff := cmp.Diff(want, fault.As(err).Extra["cap"]); diff != "" {
		t.Error(diff)
	}
	if s := must(d.Get(as(d.Amina), r.ID))(t); s.Request.State() != award.Draft || s.Allowance.Held != 0 {
		t.Errorf("refused, and yet %s with %d held", s.Request.State(), s.Allowance.Held)
	}

	// Taking the proposal makes it fit, to the penny.
	p := must(d.Reduction(as(d.Amina), r.ID))(t)
	if p.Asked != 180 || p.Available != 150 || p.Over != 30 {
		t.Errorf("Reduction() = %+v", p)
	}
	r = must(d.Edit(as(d.Amina), r.ID, r.Version, award.Ask{Lines: p.Lines}))(t).Request
	s := must(d.Submit(as(d.Amina), r.ID, r.Version))(t)
	if s.Allowance.Available() != 0 {
		t.Errorf("%d left after a request reduced to what was available", s.Allowance.Available())
	}
	if p := must(d.Reduction(as(d.Amina), r.ID))(t); p.Over != 0 || len(p.Lines) != 2 {
		t.Errorf("a request that fits is offered a reduction: %+v", p)
	}
}

func TestAShortfallMetFromElsewhereIsNotAskedOfTheAllowance(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 150)
	r := d.draft(100, 80)
	r = must(d.Edit(as(d.Amina), r.ID, r.Version, award.Ask{
		Lines: r.Lines, Elsewhere: award.Elsewhere{Pence: 30, From: " The Prince's Trust "},
	}))(t).Request
	s := must(d.Submit(as(d.Amina), r.ID, r.Version))(t)
	if s.Request.Asked() != 150 || s.Allowance.Held != 150 || s.Request.Elsewhere.From != "The Prince's Trust" {
		t.Errorf("asked %d, held %d, from %q", s.Request.Asked(), s.Allowance.Held, s.Request.Elsewhere.From)
	}
}

func TestTheAwardIsTheSmallerOfAskedAndAvailableNeverTheCap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ asked, available, want money.Pence }{{100, 150, 100}, {150, 100, 100}, {100, 100, 100}, {1, 0, 0}} {
		if got := award.Award(c.asked, c.available); got != c.want {
			t.Errorf("Award(%d, %d) = %d, want %d", c.asked, c.available, got, c.want)
		}
	}
}

func TestNobodyDecidesWhatTheySubmitted(t *testing.T) {
	t.Parallel()
	why := awardtest.Yes("other", "Fine by me.")
	w := awardtest.NewWorld()
	store := awardtest.NewMemory()
	_ = store.Give(w.Oldham, w.Granted)
	awards := w.Awards(store)
	bilal := as(w.Bilal) // Ravi's coach, and a manager of the same area
	price := w.Catalogue.Add(500)
	a := must(awards.Open(bilal, award.Opening{JobseekerID: w.RavisRecord, CourseID: price.CourseID}))(t)
	r := must(awards.Draft(bilal, a.ID, w.Fund.ID))(t).Request
	r = must(awards.Edit(bilal, r.ID, r.Version, award.Ask{Lines: []award.Line{w.Line(w.RavisRecord, 100)}}))(t).Request
	s := must(awards.Submit(bilal, r.ID, r.Version))(t)
	if diff := cmp.Diff([]award.Verb{award.VerbWithdraw}, s.Can); diff != "" {
		t.Errorf("what the submitter is offered:\n%s", diff)
	}
	for name, decide := range map[string]func(context.Context, uuid.UUID, int64, award.Reason) (award.Standing, error){
		"approve": awards.Approve, "decline": awards.Decline, "return": awards.Return,
	} {
		if _, err := decide(bilal, r.ID, s.Request.Version, why); !fault.Is(err, fault.Forbidden) {
			t.Errorf("the submitter may %s: %v", name, err)
		}
	}

	// Neither once somebody else has looked at it in between.
	s = must(awards.Return(as(w.Priya), r.ID, s.Request.Version, why))(t)
	s = must(awards.Submit(bilal, r.ID, s.Request.Version))(t)
	if _, err := awards.Approve(bilal, r.ID, s.Request.Version, why); !fault.Is(err, fault.Forbidden) {
		t.Errorf("the submitter may approve the second time: %v", err)
	}
	must(awards.Approve(as(w.Priya), r.ID, s.Request.Version, why))(t)
}

func TestAuthorityThatIsMissingOrCannotBeReadIsNone(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	manager := func(areas ...string) identity.Person {
		return identity.Person{ID: uuid.New(), Roles: []identity.Role{identity.Manager}, Areas: areas}
	}
	enough, nothing := authority.Authority{Limit: 100, Alone: 100}, authority.Authority{}
	for name, c := range map[string]struct {
		by      identity.Person
		may     authority.Authority
		area    string // of the request
		allowed bool
	}{
		"a manager of its area who has enough": {manager("Oldham"), enough, "Oldham", true},
		"a manager without any grant":          {manager("Oldham"), nothing, "Oldham", false},
		"nobody":                               {identity.Person{Roles: []identity.Role{identity.Manager}, Areas: []string{"Oldham"}}, enough, "Oldham", false},
		"no role":                              {identity.Person{ID: uuid.New(), Areas: []string{"Oldham"}}, enough, "Oldham", false},
		"a coach":                              {identity.Person{ID: uuid.New(), Roles: []identity.Role{identity.Coach}, Areas: []string{"Oldham"}}, enough, "Oldham", false},
		"finance":                              {identity.Person{ID: uuid.New(), Roles: []identity.Role{identity.Finance}, Areas: []string{"Oldham"}}, enough, "Oldham", false},
		"a manager of no area":                 {manager(), enough, "Oldham", false},
		"a manager of another area":            {manager("Rochdale"), enough, "Oldham", false},
		"a manager of an area without a name":  {manager(""), enough, "Oldham", false},
		"a request that lost its area":         {manager(""), enough, "", false},
	} {
		coach, asked := uuid.New(), []award.Line{{ID: uuid.New(), Amount: 50}}
		decide := map[string]func(*award.Request, *award.Allowance) error{
			"approve": func(r *award.Request, a *award.Allowance) error {
				b := award.Budget{ID: uuid.New(), Area: c.area, Year: 2026, Allocated: 100}
				return r.Approve(a, &b, awardtest.Yes("other", ""), c.by, c.may, at)
			},
			"decline": func(r *award.Request, a *award.Allowance) error {
				return r.Decline(a, awardtest.Yes("other", "No."), c.by, c.may, at)
			},
			"return": func(r *award.Request, a *award.Allowance) error {
				return r.Return(a, awardtest.Yes("other", "Why?"), c.by, c.may, at)
			},
			"endorse": func(r *award.Request, _ *award.Allowance) error {
				may := c.may
				may.Alone = 0
				return r.Endorse(awardtest.Yes("other", ""), c.by, may, at)
			},
		}
		for verb, decide := range decide {
			a := &award.Allowance{ID: uuid.New(), Cap: 100, Totals: award.Totals{Held: 50}}
			r := &award.Request{Area: c.area, Lines: asked, Totals: award.Totals{Held: 50}, History: []award.Step{
				{To: award.Draft, By: coach}, {From: award.Draft, To: award.Submitted, By: coach},
			}}
			if err := decide(r, a); c.allowed != (err == nil) || err != nil && !fault.Is(err, fault.Forbidden) {
				t.Errorf("%s: %s = %v, want allowed: %v", name, verb, err, c.allowed)
			}
		}
	}
}

func TestADecisionGivesItsReasonsFromTheListAndInWords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		to   award.State
		why  award.Reason
		want []string
	}{
		"yes needs no words":      {award.Approved, award.Reason{Code: "removes-need"}, nil},
		"yes needs a code":        {award.Approved, award.Reason{Words: "Fine."}, []string{"/code"}},
		"a code of another":       {award.Approved, award.Reason{Code: "quote-needed"}, []string{"/code"}},
		"no needs words":          {award.Declined, award.Reason{Code: "other", Words: " \n "}, []string{"/words"}},
		"no needs both":           {award.Declined, award.Reason{}, []string{"/code", "/words"}},
		"a return needs words":    {award.Returned, award.Reason{Code: "quote-needed"}, []string{"/words"}},
		"a return with its words": {award.Returned, award.Reason{Code: "quote-needed", Words: "Which shop?"}, nil},
		"too many words":          {award.Declined, award.Reason{Code: "other", Words: long(2001)}, []string{"/words"}},
	} {
		d := newDesk(t, 500)
		r := d.in(award.Submitted)
		decide := map[award.State]func(context.Context, uuid.UUID, int64, award.Reason) (award.Standing, error){
			award.Approved: d.Approve, award.Declined: d.Decline, award.Returned: d.Return,
		}[c.to]
		c.why.Approval = awardtest.Yes("", "").Approval
		_, err := decide(as(d.Priya), r.ID, r.Version, c.why)
		if diff := cmp.Diff(c.want, pointers(err)); diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

func long(n int) string { return string(slices.Repeat([]byte("é"), n)) }

// pointers are the fields that an error names.
func pointers(err error) []string {
	if err == nil {
		return nil
	}
	var all []string
	for _, f := range fault.As(err).Fields {
		all = append(all, f.Pointer)
	}
	return all
}

func TestEveryWrongFieldOfALineIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 500)
	good := d.Line(d.SamsRecord, 100)
	for name, c := range map[string]struct {
		change func(*award.Ask)
		want   []string
	}{
		"good":               {func(*award.Ask) {}, nil},
		"no lines yet":       {func(a *award.Ask) { a.Lines = nil }, nil},
		"an empty line":      {func(a *award.Ask) { a.Lines = append(a.Lines, award.Line{}) }, []string{"/lines/1/what", "/lines/1/why", "/lines/1/need_id", "/lines/1/category", "/lines/1/amount_pence"}},
		"nothing":            {func(a *award.Ask) { a.Lines[0].Amount = 0 }, []string{"/lines/0/amount_pence"}},
		"less":               {func(a *award.Ask) { a.Lines[0].Amount = -5 }, []string{"/lines/0/amount_pence"}},
		"too much":           {func(a *award.Ask) { a.Lines[0].Amount = money.Most + 1 }, []string{"/lines/0/amount_pence"}},
		"wordy":              {func(a *award.Ask) { a.Lines[0].Supplier = long(201) }, []string{"/lines/0/supplier"}},
		"a nul":              {func(a *award.Ask) { a.Lines[0].What = "\x00" }, []string{"/lines/0/what"}},
		"a thing of no kind": {func(a *award.Ask) { a.Lines[0].Category = "" }, []string{"/lines/0/category"}},
		"all elsewhere":      {func(a *award.Ask) { a.Elsewhere = award.Elsewhere{Pence: 100, From: "A charity"} }, []string{"/elsewhere/pence"}},
		"by nobody":          {func(a *award.Ask) { a.Elsewhere = award.Elsewhere{Pence: 10} }, []string{"/elsewhere/from"}},
		"of nothing":         {func(a *award.Ask) { a.Elsewhere = award.Elsewhere{From: "A charity"} }, []string{"/elsewhere/pence"}},
		"31 lines":           {func(a *award.Ask) { a.Lines = slices.Repeat(a.Lines, 31) }, []string{"/lines"}},
	} {
		s := must(d.Draft(as(d.Amina), d.allowance.ID, d.Fund.ID))(t)
		ask := award.Ask{Lines: []award.Line{good}}
		c.change(&ask)
		_, err := d.Edit(as(d.Amina), s.Request.ID, s.Request.Version, ask)
		if diff := cmp.Diff(c.want, pointers(err)); diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

func TestALineKeepsItsIdAcrossEditsAndOnlyItsOwn(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 500)
	r := d.draft(100, 50)
	first, other := r.Lines[0], d.Line(d.SamsRecord, 20)
	other.ID = uuid.New() // not one of this request's
	s := must(d.Edit(as(d.Amina), r.ID, r.Version, award.Ask{Lines: []award.Line{first, first, other}}))(t)
	got := s.Request.Lines
	if got[0].ID != first.ID || got[1].ID == first.ID || got[2].ID == other.ID || got[1].ID == uuid.Nil {
		t.Errorf("ids %v %v %v; the first was %v, the stray one %v", got[0].ID, got[1].ID, got[2].ID, first.ID, other.ID)
	}
}

func TestEachLineMustMeetANeedThatStandsInThisJobseekersWay(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 500)
	r := d.draft(100, 50)
	r.Lines[1].NeedID = d.Needs.Ways[d.RavisRecord][0]
	r = must(d.Edit(as(d.Amina), r.ID, r.Version, award.Ask{Lines: r.Lines}))(t).Request
	_, err := d.Submit(as(d.Amina), r.ID, r.Version)
	if diff := cmp.Diff([]string{"/lines/1/need_id"}, pointers(err)); diff != "" {
		t.Error(diff)
	}
	empty := must(d.Draft(as(d.Amina), d.allowance.ID, d.Fund.ID))(t).Request
	_, err = d.Submit(as(d.Amina), empty.ID, empty.Version)
	if diff := cmp.Diff([]string{"/lines"}, pointers(err)); diff != "" {
		t.Error(diff)
	}
}

func TestNothingIsSubmittedWhileTheNeedsCannotBeChecked(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 500)
	r := d.draft(100)
	d.Needs.Down.Store(true)
	if _, err := d.Submit(as(d.Amina), r.ID, r.Version); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Submit() = %v, want unavailable", err)
	}
	s := must(d.Get(as(d.Amina), r.ID))(t) // a coach is not looked up in needs
	if diff := cmp.Diff(r, s.Request); diff != "" || s.Allowance.Held != 0 {
		t.Errorf("changed, with %d held:\n%s", s.Allowance.Held, diff)
	}
	d.Needs.Down.Store(false)
	must(d.Submit(as(d.Amina), r.ID, r.Version))(t)
}

func TestAnOldVersionIsRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 500)
	r := d.in(award.Submitted)
	if _, err := d.Approve(as(d.Priya), r.ID, r.Version-1, award.Reason{Code: "other"}); !fault.Is(err, fault.Stale) || !strings.HasPrefix(err.Error(), "Somebody submitted it on ") {
		t.Errorf("Approve() of what was not read = %v, want who did what since", err)
	}
}

func TestTheHistoryTellsWhoWhenAndWhy(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 500)
	r := d.in(award.Returned)
	want := []award.Step{
		{From: award.Unbegun, To: award.Draft, By: d.Amina.ID, ByName: "Amina"},
		{From: award.Draft, To: award.Submitted, By: d.Amina.ID, ByName: "Amina"},
		{From: award.Submitted, To: award.Returned, By: d.Priya.ID, ByName: "Priya", Code: "other", Words: "Not this one."},
	}
	if diff := cmp.Diff(want, r.History, cmpopts.IgnoreFields(award.Step{}, "At")); diff != "" {
		t.Error(diff)
	}
	if s, ok := r.Decision(); !ok || s.By != d.Priya.ID {
		t.Errorf("Decision() = %+v, %v", s, ok)
	}
	r = must(d.Submit(as(d.Amina), r.ID, r.Version))(t).Request
	if _, ok := r.Decision(); ok {
		t.Error("a request submitted again shows the answer to the time before")
	}
	if s, ok := r.Submission(); !ok || s.At != r.History[3].At {
		t.Errorf("Submission() = %+v, %v, want the latest", s, ok)
	}
}

func TestNobodyDecidesMoreThanTheirAuthority(t *testing.T) {
	t.Parallel()
	why := awardtest.Yes("other", "Because.")
	other := identity.Person{ID: uuid.New(), Name: "Petra", Roles: []identity.Role{identity.Manager}, Areas: []string{"Oldham"}}
	for name, c := range map[string]struct {
		change func(*authority.Grant)
		want   map[award.Verb]bool // whether Priya alone may
	}{
		"as much as is asked":       {func(g *authority.Grant) { g.Limit, g.Alone = 100, 100 }, map[award.Verb]bool{award.VerbApprove: true, award.VerbDecline: true, award.VerbReturn: true}},
		"a penny less":              {func(g *authority.Grant) { g.Limit, g.Alone = 99, 99 }, map[award.Verb]bool{award.VerbDecline: true, award.VerbReturn: true}},
		"enough, but not alone":     {func(g *authority.Grant) { g.Limit, g.Alone = 100, 99 }, map[award.Verb]bool{award.VerbEndorse: true, award.VerbDecline: true, award.VerbReturn: true}},
		"none that two people gave": {func(g *authority.Grant) { g.Confirmed = authority.Hand{} }, nil},
		"none that still counts":    {func(g *authority.Grant) { g.LastDay = g.FirstDay }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, store := awardtest.NewWorld(), awardtest.NewMemory()
			c.change(&w.Granted)
			_ = store.Give(w.Oldham, w.Granted)
			d := &desk{World: w, Awards: w.Awards(store), t: t, store: store}
			d.allowance = must(d.Open(as(w.Amina), award.Opening{JobseekerID: w.SamsRecord, CourseID: w.Catalogue.Add(1000).CourseID}))(t)
			for verb, decide := range map[award.Verb]func(context.Context, uuid.UUID, int64, award.Reason) (award.Standing, error){
				award.VerbApprove: d.Approve, award.VerbEndorse: d.Endorse, award.VerbDecline: d.Decline, award.VerbReturn: d.Return,
			} {
				r := d.in(award.Submitted)
				if told := must(d.Get(as(w.Priya), r.ID))(t).Can; slices.Contains(told, verb) != c.want[verb] {
					t.Errorf("told %v, want %s: %v", told, verb, c.want[verb])
				}
				s, err := decide(as(w.Priya), r.ID, r.Version, why)
				if (err == nil) != c.want[verb] {
					t.Errorf("%s: %v, want allowed: %v", verb, err, c.want[verb])
				}
				if verb != award.VerbEndorse || err != nil {
					continue
				}
				if s.Request.State() != award.Submitted || s.Request.Committed != 0 {
					t.Errorf("endorsed, and already %s with %v promised", s.Request.State(), s.Request.Committed)
				}
				if _, err := d.Approve(as(w.Priya), r.ID, s.Request.Version, why); !fault.Is(err, fault.Forbidden) {
					t.Errorf("the first of two approved as well: %v", err)
				}
				if _, err := d.Endorse(as(other), r.ID, s.Request.Version, why); !fault.Is(err, fault.Conflict) {
					t.Errorf("endorsed twice: %v", err)
				}
				if _, err := d.Approve(as(other), r.ID, s.Request.Version, why); err != nil {
					t.Errorf("the second of two: %v", err)
				}
			}
		})
	}
}

func TestAnEndorsementIsOfWhatWasSubmittedThenAndOfNothingLater(t *testing.T) {
	t.Parallel()
	w, store := awardtest.NewWorld(), awardtest.NewMemory()
	w.Granted.Limit, w.Granted.Alone = 100, 99
	_ = store.Give(w.Oldham, w.Granted)
	d := &desk{World: w, Awards: w.Awards(store), t: t, store: store}
	d.allowance = must(d.Open(as(w.Amina), award.Opening{JobseekerID: w.SamsRecord, CourseID: w.Catalogue.Add(1000).CourseID}))(t)
	why := awardtest.Yes("other", "Because.")
	r := d.in(award.Submitted)
	r = must(d.Endorse(as(w.Priya), r.ID, r.Version, why))(t).Request
	r = must(d.Return(as(w.Bilal), r.ID, r.Version, why))(t).Request
	r = must(d.Submit(as(w.Amina), r.ID, r.Version))(t).Request
	if s, err := d.Approve(as(w.Bilal), r.ID, r.Version, why); !fault.Is(err, fault.Forbidden) {
		t.Fatalf("approved on what was endorsed before it was sent back: %v, %v", s.Request, err)
	}
	r = must(d.Endorse(as(w.Priya), r.ID, r.Version, why))(t).Request
	r = must(d.Approve(as(w.Bilal), r.ID, r.Version, why))(t).Request
	if !r.DecidedBy(w.Priya.ID) || !r.DecidedBy(w.Bilal.ID) || r.DecidedBy(w.Amina.ID) {
		t.Error("both who said yes have decided it, and whoever submitted it has not")
	}
}

func TestWhoTookPartInWhatWasChallengedTakesNoOtherLook(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1000)
	manager := func(name string) identity.Person {
		return identity.Person{ID: uuid.New(), Name: name, Roles: []identity.Role{identity.Manager}, Areas: []string{"Oldham"}}
	}
	endorsed, returned, declined, fresh := manager("who endorsed it"), manager("who returned it"), manager("who declined it"), manager("somebody else")
	alone, two := authority.Authority{Limit: 100, Alone: 100}, authority.Authority{Limit: 100, Alone: 99}
	why, at := awardtest.Yes("other", "Because."), time.Date(2026, 6, 2, 9, 0, 0, 0, time.UTC)
	ways, rulings := d.Needs.Ways[d.SamsRecord], must(d.Funds.Rulings(t.Context(), d.Fund.ID, at))(t)
	r, a := d.draft(100), &award.Allowance{Cap: 1000, Area: "Oldham"}
	for i, err := range []error{
		r.Submit(a, ways, d.Amina, at), r.Return(a, why, returned, alone, at), r.Submit(a, ways, d.Amina, at),
		r.Endorse(why, endorsed, two, at), r.Decline(a, why, declined, alone, at),
		r.Challenge(a, nil, "Look again.", ways, rulings, d.Amina, at),
	} {
		if err != nil || i == 5 && r.State() != award.Submitted {
			t.Fatalf("step %d: %v, and it is %s", i, err, r.State())
		}
	}
	for who, says := range map[*identity.Person]string{
		&endorsed: "You took part in the decision that was challenged", &returned: "You took part in the decision that was challenged",
		&declined: "You declined this request before",
	} {
		for verb, err := range map[string]error{
			"endorse": r.Endorse(why, *who, two, at), "decline": r.Decline(a, why, *who, alone, at), "return": r.Return(a, why, *who, alone, at),
		} {
			if !fault.Is(err, fault.Forbidden) || !strings.HasPrefix(err.Error(), says) {
				t.Errorf("%s may %s it: %v", who.Name, verb, err)
			}
		}
	}
	if err := r.Decline(a, why, fresh, alone, at); err != nil {
		t.Errorf("%s may not: %v", fresh.Name, err)
	}
}

func TestAnApprovalGrantsLineByLineAndReleasesTheRest(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		elsewhere    money.Pence
		granted      []money.Pence // of lines for 100 and 50
		code         award.Code
		want         award.Totals
		wrong        []string
		kind         fault.Kind
		interest     award.Conflict
		other, words string
	}{
		"all, when no line is named":           {want: award.Totals{Committed: 150}},
		"all of each":                          {granted: []money.Pence{100, 50}, want: award.Totals{Committed: 150}},
		"a part of one":                        {granted: []money.Pence{60, 50}, code: "not-value-for-money", want: award.Totals{Committed: 110}},
		"none of one":                          {granted: []money.Pence{0, 50}, code: "not-allowed", want: award.Totals{Committed: 50}},
		"less what somebody else pays":         {elsewhere: 30, granted: []money.Pence{60, 50}, code: "other", want: award.Totals{Committed: 80}},
		"no more than what somebody else pays": {elsewhere: 50, granted: []money.Pence{0, 50}, code: "other", wrong: []string{"/lines"}, kind: fault.Invalid},
		"nothing at all":                       {granted: []money.Pence{0, 0}, code: "other", wrong: []string{"/lines"}, kind: fault.Invalid},
		"a part without why":                   {granted: []money.Pence{60, 50}, wrong: []string{"/lines/0/code"}, kind: fault.Invalid},
		"more than a line asks":                {granted: []money.Pence{101, 50}, wrong: []string{"/lines/0/granted_pence"}, kind: fault.Invalid},
		"less than nothing":                    {granted: []money.Pence{-1, 50}, code: "other", wrong: []string{"/lines/0/granted_pence"}, kind: fault.Invalid},
		"of only one of them":                  {granted: []money.Pence{100}, wrong: []string{"/lines"}, kind: fault.Invalid},
		"no word of other funding":             {other: " ", wrong: []string{"/other_funding"}, kind: fault.Invalid},
		"nothing to show the public":           {words: " ", wrong: []string{"/scrutiny"}, kind: fault.Invalid},
		"no word of an interest":               {interest: "perhaps", wrong: []string{"/conflict"}, kind: fault.Invalid},
		"an interest":                          {interest: award.Declared, kind: fault.Forbidden},
	} {
		d := newDesk(t, 1000)
		r := d.draft(100, 50)
		if c.elsewhere > 0 {
			r = must(d.Edit(as(d.Amina), r.ID, r.Version, award.Ask{Lines: r.Lines, Elsewhere: award.Elsewhere{Pence: c.elsewhere, From: "A charity"}}))(t).Request
		}
		r = must(d.Submit(as(d.Amina), r.ID, r.Version))(t).Request
		why := awardtest.Yes("other", "")
		for i, g := range c.granted {
			said := award.Granted{Line: r.Lines[i].ID, Pence: g}
			if g < r.Lines[i].Amount {
				said.Code = c.code
			}
			why.Lines = append(why.Lines, said)
		}
		if c.other != "" {
			why.OtherFunding = c.other
		}
		if c.words != "" {
			why.Scrutiny = c.words
		}
		if c.interest != "" {
			why.Conflict = c.interest
		}
		s, err := d.Approve(as(d.Priya), r.ID, r.Version, why)
		if c.kind != "" {
			if diff := cmp.Diff(c.wrong, pointers(err)); diff != "" || !fault.Is(err, c.kind) {
				t.Errorf("%s: %v\n%s", name, err, diff)
			}
			continue
		}
		if err != nil || s.Request.Totals != c.want || s.Allowance.Totals != c.want || s.Request.Awarded != c.want.Committed || s.Budget.Committed != c.want.Committed {
			t.Errorf("%s: %v; request %+v, allowance %+v, want %+v", name, err, s.Request, s.Allowance, c.want)
			continue
		}
		for i, g := range c.granted {
			if l := s.Request.Lines[i]; l.Granted != g || (l.GrantedCode == "") != (g == l.Amount) {
				t.Errorf("%s: line %d is granted %d, %q", name, i, l.Granted, l.GrantedCode)
			}
		}
	}
}

func TestCancellingGivesBackAllThatWasPromised(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 250)
	for _, by := range []identity.Person{d.Amina, d.Bilal} {
		r := d.in(award.Approved)
		if _, err := d.Cancel(as(by), r.ID, r.Version, " "); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s cancels without a word: %v", by.Name, err)
		}
		s := must(d.Cancel(as(by), r.ID, r.Version, "The job fell through."))(t)
		b := must(d.Get(as(d.Priya), r.ID))(t).Budget // which a coach is not shown
		if s.Request.State() != award.Cancelled || s.Request.Committed != 0 || s.Request.Awarded != 100 || s.Allowance.Available() != 250 || b.Committed != 0 {
			t.Errorf("%s: %+v, %d available, budget %+v", by.Name, s.Request.Totals, s.Allowance.Available(), b)
		}
	}
	r := d.in(award.Approved)
	if _, err := d.Cancel(as(d.Chloe), r.ID, r.Version, "No."); !fault.Is(err, fault.Forbidden) {
		t.Errorf("another coach cancels: %v", err)
	}
	r.Paid, r.Committed = 40, 60
	if err := r.Cancel(d.allowance, &d.Oldham, "No.", d.Priya, time.Now()); !fault.Is(err, fault.Conflict) {
		t.Errorf("what is paid in part is cancelled: %v", err)
	}
}

func TestABudgetIsNeverPromisedPastWhatItWasGivenNorOutsideItsYear(t *testing.T) {
	t.Parallel()
	june := time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		change func(*award.Budget)
		at     time.Time
		kind   fault.Kind // "" for nothing wrong
		left   int64
	}{
		"as much as is left":           {func(b *award.Budget) { b.Allocated = 100 }, june, "", 0},
		"a penny less":                 {func(b *award.Budget) { b.Allocated = 99 }, june, fault.OverBudget, 99},
		"all but promised to others":   {func(b *award.Budget) { b.Allocated, b.Committed = 1000, 950 }, june, fault.OverBudget, 50},
		"all but paid to others":       {func(b *award.Budget) { b.Allocated, b.Paid = 1000, 950 }, june, fault.OverBudget, 50},
		"the last moment of its year":  {func(*award.Budget) {}, time.Date(2027, 3, 31, 22, 59, 59, 0, time.UTC), "", 0},
		"the first moment of the next": {func(*award.Budget) {}, time.Date(2027, 3, 31, 23, 0, 0, 0, time.UTC), fault.Conflict, 0},
		"the last of the one before":   {func(*award.Budget) {}, time.Date(2026, 3, 31, 22, 59, 59, 0, time.UTC), fault.Conflict, 0},
		"another area's":               {func(b *award.Budget) { b.Area = "Bury" }, june, fault.Internal, 0},
		"another fund's":               {func(b *award.Budget) { b.Fund.ID = uuid.New() }, june, fault.Internal, 0},
	} {
		d := newDesk(t, 1000)
		r, b := d.in(award.Submitted), d.Oldham
		c.change(&b)
		before := b
		err := r.Approve(&award.Allowance{ID: r.AllowanceID, Cap: 1000, Totals: award.Totals{Held: 100}}, &b, awardtest.Yes("other", ""), d.Priya,
			authority.Authority{Limit: 100, Alone: 100}, c.at)
		if c.kind == "" && (err != nil || b.Committed != before.Committed+100) || c.kind != "" && (!fault.Is(err, c.kind) || b != before) {
			t.Errorf("%s: Approve() = %v, budget %+v", name, err, b)
		}
		if c.kind == fault.OverBudget {
			want := map[string]any{"asked_pence": int64(100), "left_pence": c.left, "over_pence": 100 - c.left}
			if diff := cmp.Diff(want, fault.As(err).Extra["budget"]); diff != "" {
				t.Errorf("%s:\n%s", name, diff)
			}
		}
	}
	d := newDesk(t, 1000)
	r := d.in(award.Submitted)
	err := r.Approve(&award.Allowance{Cap: 1000, Totals: award.Totals{Held: 100}}, nil, awardtest.Yes("other", ""), d.Priya, authority.Authority{Limit: 100, Alone: 100}, june)
	if !fault.Is(err, fault.OverBudget) {
		t.Errorf("without any budget: %v, want over-budget", err)
	}
}
