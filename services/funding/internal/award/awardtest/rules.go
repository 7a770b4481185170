package awardtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/authority"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Rules checks that any sequence of verbs, by any people, in any order, sent
// once or twice, keeps every rule of an award. withKey marks an act in the way
// that the store understands, give makes a budget and grants there are, and agree
// what a fund approves by itself and whether it has exceptions to the cap.
func Rules(t *testing.T, store award.Store, withKey func(context.Context, string) context.Context,
	give func(award.Budget, ...authority.Grant) error, agree func(award.Fund, award.Rule, bool) error) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{World: NewWorld(), store: store, withKey: withKey}
		m.awards = m.Awards(store)
		m.Oldham.Allocated = money.Pence(1 + evenly(1200).Draw(t, "budget"))
		m.Granted.Limit = money.Pence(1 + evenly(1200).Draw(t, "limit"))
		m.Granted.Alone = money.Pence(evenly(int(m.Granted.Limit)+1).Draw(t, "alone"))
		m.Excepts.Limit = money.Pence(1 + evenly(600).Draw(t, "exceptions up to"))
		m.Excepts.Alone = money.Pence(evenly(int(m.Excepts.Limit)+1).Draw(t, "exceptions alone"))
		m.exceptions = evenly(4).Draw(t, "exceptions") > 0
		if err := give(m.Oldham, m.Granted, m.Excepts); err != nil {
			t.Fatal(err)
		}
		m.rule = award.Rule{Version: 1, UpTo: money.Pence(evenly(600).Draw(t, "automatic")), Categories: []award.Category{"licence"}, OneIn: 3}
		if err := agree(m.Fund, m.rule, m.exceptions); err != nil {
			t.Fatal(err)
		}
		m.openAllowances(t)
		m.last = m.everything(t)
		t.Repeat(map[string]func(*rapid.T){"": m.check, "verb": m.step})
		m.checkTotals(t)
	})
}

type machine struct {
	*World
	store      award.Store
	awards     *award.Awards
	withKey    func(context.Context, string) context.Context
	allowances []uuid.UUID
	requests   []uuid.UUID
	last       Snapshot
	keys       int
	rule       award.Rule // which may be off
	exceptions bool       // to the cap, that the fund has
}

// Snapshot is everything there is, as an auditor finds it.
type Snapshot struct {
	Allowances map[uuid.UUID]award.Allowance
	Entries    map[uuid.UUID][]award.Entry // by allowance
	Requests   map[uuid.UUID]award.Request
	Budgets    map[uuid.UUID]award.Budget // that the requests would be or were promised out of
}

func (m *machine) openAllowances(t *rapid.T) {
	for _, o := range []struct {
		by        identity.Person
		jobseeker uuid.UUID
	}{{m.Amina, m.SamsRecord}, {m.Amina, m.SamsRecord}, {m.Bilal, m.RavisRecord}} {
		price := m.Catalogue.Add(money.Pence(1 + evenly(1000).Draw(t, "cap")))
		a, err := m.awards.Open(as(o.by), award.Opening{JobseekerID: o.jobseeker, CourseID: price.CourseID})
		if err != nil {
			t.Fatal(err)
		}
		m.allowances = append(m.allowances, a.ID)
	}
}

// step takes a verb, with somebody to say it and something to say it to: mostly
// one that may succeed and is worth the while, so that much happens; sometimes
// one that would, if only somebody else said it; and sometimes any.
func (m *machine) step(t *rapid.T) {
	type try struct {
		verb award.Verb
		r    award.Request
		by   identity.Person
	}
	may, tempting, all := map[award.Verb][]try{}, map[award.Verb][]try{}, map[award.Verb][]try{}
	for verb := range m.verbs() {
		for _, id := range m.requests {
			r := m.last.Requests[id]
			possible := slices.ContainsFunc(m.Everyone(), func(p identity.Person) bool { return m.may(verb, r, p) })
			idle := verb == award.VerbSubmit && len(r.Lines) == 0 || verb == award.VerbWithdraw && r.State() == award.Draft
			for _, p := range m.Everyone() {
				s := try{verb, r, p}
				all[verb] = append(all[verb], s)
				switch ok := m.may(verb, r, p); {
				case ok && !idle:
					may[verb] = append(may[verb], s)
				case !ok && possible:
					tempting[verb] = append(tempting[verb], s)
				}
			}
		}
	}
	from := one(t, "from", []map[award.Verb][]try{may, may, may, may, tempting, all})
	if few := len(m.requests) < 5; len(from) == 0 || few && evenly(4).Draw(t, "draft") == 0 {
		m.draft(t)
		return
	}
	verb := one(t, "verb", slices.Sorted(maps.Keys(from)))
	s := one(t, "who", from[verb])
	t.Logf("%s by %v %s of a %s request", verb, s.by.Roles, s.by.Name, s.r.State())
	m.verbs()[verb](t, s.r, s.by)
}

func (m *machine) verbs() map[award.Verb]func(*rapid.T, award.Request, identity.Person) {
	return map[award.Verb]func(*rapid.T, award.Request, identity.Person){
		award.VerbEdit:     m.edit,
		award.VerbSubmit:   m.submit,
		award.VerbApprove:  m.decide(award.VerbApprove, award.Approved, m.awards.Approve),
		award.VerbEndorse:  m.decide(award.VerbEndorse, award.Approved, m.awards.Endorse),
		award.VerbDecline:  m.decide(award.VerbDecline, award.Declined, m.awards.Decline),
		award.VerbReturn:   m.decide(award.VerbReturn, award.Returned, m.awards.Return),
		award.VerbWithdraw: m.withdraw,
		award.VerbCancel:   m.cancel,

		award.VerbAskException:    m.askException,
		award.VerbAllowException:  m.allowException,
		award.VerbRefuseException: m.refuseException,
	}
}

func (m *machine) draft(t *rapid.T) {
	by := one(t, "by", []identity.Person{m.Amina, m.Bilal, m.Chloe, m.Priya})
	allowance := one(t, "allowance", m.allowances)
	s := m.act(t, by, func(ctx context.Context) (award.Standing, error) { return m.awards.Draft(ctx, allowance, m.Fund.ID) })
	if s.Request == nil {
		return
	}
	if by.ID != m.Needs.People[s.Request.JobseekerID].CoachID {
		t.Fatalf("%s, who is not the coach, began a request", by.Name)
	}
	m.requests = append(m.requests, s.Request.ID)
	m.last = m.everything(t)
}

func (m *machine) edit(t *rapid.T, r award.Request, by identity.Person) {
	var ask award.Ask
	for range 3 - evenly(4).Draw(t, "lines") {
		l := m.Line(r.JobseekerID, money.Pence(1+evenly(400).Draw(t, "amount")))
		if evenly(10).Draw(t, "stray") == 0 {
			l.NeedID = uuid.New()
		}
		ask.Lines = append(ask.Lines, l)
	}
	if len(ask.Lines) > 0 && rapid.Bool().Draw(t, "elsewhere") {
		ask.Elsewhere = award.Elsewhere{Pence: money.Pence(1 + evenly(300).Draw(t, "pence")), From: "A charity"}
	}
	var sum money.Pence
	for _, l := range ask.Lines {
		sum += l.Amount
	}
	valid := ask.Elsewhere.Pence == 0 || ask.Elsewhere.Pence < sum
	m.try(t, r, by, award.VerbEdit, valid, func(ctx context.Context, version int64) (award.Standing, error) {
		return m.awards.Edit(ctx, r.ID, version, ask)
	})
}

func (m *machine) submit(t *rapid.T, r award.Request, by identity.Person) {
	valid := len(r.Lines) > 0 && r.Asked() <= max(0, m.room(r)+r.Over) && !slices.ContainsFunc(r.Lines, func(l award.Line) bool {
		return !slices.Contains(m.Needs.Ways[r.JobseekerID], l.NeedID)
	})
	m.Needs.Down.Store(evenly(10).Draw(t, "needs down") == 0)
	defer m.Needs.Down.Store(false)
	want := award.Submitted
	if m.automatic(r) {
		want = award.Approved
	}
	m.try(t, r, by, award.VerbSubmit, valid && !m.Needs.Down.Load(), func(ctx context.Context, version int64) (award.Standing, error) {
		s, err := m.awards.Submit(ctx, r.ID, version)
		if err == nil && s.Request.State() != want {
			t.Fatalf("submitted, and then %s: want %s", s.Request.State(), want)
		}
		return s, err
	})
}

// automatic is the fund's rule once more, in the words of this world: what is asked
// for the first time, together with all that was approved so for the same
// person and not given back, is within the rule, and the budget has the money.
func (m *machine) automatic(r award.Request) bool {
	so := r.Asked()
	for _, o := range m.last.Requests {
		if o.JobseekerID == r.JobseekerID && slices.ContainsFunc(o.History, func(s award.Step) bool { return s.Act == award.Automatically }) {
			so += o.Committed + o.Paid
		}
	}
	b := m.last.Budgets[m.Oldham.ID]
	return len(r.History) == 1 && so <= m.rule.UpTo && r.Asked() <= b.Left()
}

func (m *machine) decide(verb award.Verb, to award.State, decide func(context.Context, uuid.UUID, int64, award.Reason) (award.Standing, error)) func(*rapid.T, award.Request, identity.Person) {
	return func(t *rapid.T, r award.Request, by identity.Person) {
		why := award.Reason{
			Code:  one(t, "code", append(award.Codes(to), "because")),
			Words: one(t, "words", []string{"It does.", "It does.", "It does.", "", " "}),
		}
		valid := why.Code != "because" && (to == award.Approved || why.Words == "It does.")
		if verb == award.VerbApprove {
			granted, sound := m.grant(t, r, &why)
			b := m.last.Budgets[m.Oldham.ID]
			valid = valid && sound && granted <= b.Left()
		}
		m.try(t, r, by, verb, valid, func(ctx context.Context, version int64) (award.Standing, error) {
			return decide(ctx, r.ID, version, why)
		})
	}
}

// grant says in why how much of each line is granted: mostly all, at times a part,
// and at times nonsense. It returns what that comes to, and whether it is sound.
func (m *machine) grant(t *rapid.T, r award.Request, why *award.Reason) (money.Pence, bool) {
	why.Approval = Yes(why.Code, why.Words).Approval
	switch evenly(8).Draw(t, "said") {
	case 0:
		why.Conflict = award.Declared
		return 0, false
	case 1:
		why.Scrutiny = " "
		return 0, false
	case 2, 3, 4:
		return r.Asked(), true
	}
	sum, sound := -r.Elsewhere.Pence, true
	for _, l := range r.Lines {
		g := award.Granted{Line: l.ID, Pence: money.Pence(evenly(int(l.Amount)+1).Draw(t, "granted"))}
		switch evenly(10).Draw(t, "more") {
		case 0:
			g.Pence = l.Amount + 1
		case 1:
			g.Line = uuid.New()
		}
		if g.Pence < l.Amount && evenly(6).Draw(t, "why less") > 0 {
			g.Code = "not-value-for-money"
		}
		sum += g.Pence
		sound = sound && g.Pence <= l.Amount && g.Line == l.ID && (g.Pence == l.Amount || g.Code != "")
		why.Lines = append(why.Lines, g)
	}
	return sum, sound && sum >= 1
}

func (m *machine) cancel(t *rapid.T, r award.Request, by identity.Person) {
	words := one(t, "words", []string{"Not needed any more.", "Not needed any more.", ""})
	m.try(t, r, by, award.VerbCancel, words != "", func(ctx context.Context, version int64) (award.Standing, error) {
		return m.awards.Cancel(ctx, r.ID, version, words)
	})
}

// room is how much of the cap stands for nothing but r, below zero where others
// have passed the cap.
func (m *machine) room(r award.Request) money.Pence {
	a := m.last.Allowances[r.AllowanceID]
	room := a.Cap
	for _, o := range m.last.Requests {
		if o.AllowanceID == a.ID && o.ID != r.ID {
			room -= o.Held + o.Committed + o.Paid
		}
	}
	return room
}

func (m *machine) askException(t *rapid.T, r award.Request, by identity.Person) {
	words := one(t, "words", []string{"A job waits for it.", "A job waits for it.", " "})
	m.try(t, r, by, award.VerbAskException, words != " ", func(ctx context.Context, version int64) (award.Standing, error) {
		return m.awards.AskException(ctx, r.ID, version, words)
	})
}

func (m *machine) allowException(t *rapid.T, r award.Request, by identity.Person) {
	over := r.Asked() - m.room(r)
	seen := over + money.Pence(evenly(4).Draw(t, "seen")-1)
	code := one(t, "code", append(award.ExceptionCodes(award.AllowingException), "because"))
	valid := code != "because" && over >= 1 && over <= seen && over <= m.Excepts.Alone
	m.try(t, r, by, award.VerbAllowException, valid, func(ctx context.Context, version int64) (award.Standing, error) {
		s, err := m.awards.AllowException(ctx, r.ID, version, seen, code, "So be it.")
		if err == nil && s.Request.Over != over {
			t.Fatalf("%d above the cap was allowed, and it takes %d", s.Request.Over, over)
		}
		return s, err
	})
}

func (m *machine) refuseException(t *rapid.T, r award.Request, by identity.Person) {
	words := one(t, "words", []string{"It costs less elsewhere.", "It costs less elsewhere.", ""})
	m.try(t, r, by, award.VerbRefuseException, words != "", func(ctx context.Context, version int64) (award.Standing, error) {
		return m.awards.RefuseException(ctx, r.ID, version, "possible-for-less", words)
	})
}

func (m *machine) withdraw(t *rapid.T, r award.Request, by identity.Person) {
	m.try(t, r, by, award.VerbWithdraw, true, func(ctx context.Context, version int64) (award.Standing, error) {
		return m.awards.Withdraw(ctx, r.ID, version, "")
	})
}

// try runs a verb on r, at the version it has or at an older one. It must succeed
// if, and only if, the person may, read r as it stands, and sent nothing invalid;
// and whoever sees r must have been told truly what they can do.
func (m *machine) try(t *rapid.T, r award.Request, by identity.Person, verb award.Verb, valid bool, do func(context.Context, int64) (award.Standing, error)) {
	may := m.may(verb, r, by)
	down := m.Needs.Down.Swap(false)
	told, err := m.awards.Get(as(by), r.ID)
	m.Needs.Down.Store(down)
	if can := err == nil && slices.Contains(told.Can, verb); can != may {
		t.Fatalf("told %v, want %v", told.Can, may)
	}
	version := r.Version - int64(1/(1+evenly(5).Draw(t, "behind")))
	want := may && version == r.Version && valid
	got := m.act(t, by, func(ctx context.Context) (award.Standing, error) { return do(ctx, version) })
	if (got.Request != nil) != want {
		t.Fatalf("succeeded: %v, want %v", got.Request != nil, want)
	}
}

// act does something once, and half the time once more with the same key. What
// fails must change nothing, and neither must what was done before.
func (m *machine) act(t *rapid.T, by identity.Person, do func(context.Context) (award.Standing, error)) award.Standing {
	m.keys++
	ctx := m.withKey(as(by), fmt.Sprint("key", m.keys))
	s, err := do(ctx)
	now := m.everything(t)
	if err != nil {
		if fault.As(err).Kind == fault.Internal {
			t.Fatalf("our mistake: %v", err)
		}
		if diff := cmp.Diff(m.last, now); diff != "" {
			t.Fatalf("refused (%v), and yet changed:\n%s", err, diff)
		}
		return award.Standing{}
	}
	if rapid.Bool().Draw(t, "twice") {
		again, err := do(ctx)
		if err != nil || again.Request.ID != s.Request.ID {
			t.Fatalf("the same message again: %v", err)
		}
		if diff := cmp.Diff(now, m.everything(t)); diff != "" {
			t.Fatalf("the same message again did more:\n%s", diff)
		}
	}
	m.last = now
	return s
}

func (m *machine) check(t *rapid.T) {
	if err := m.last.Reconcile(); err != nil {
		t.Fatal(err)
	}
}

// checkTotals: every total counts every request in its state.
func (m *machine) checkTotals(t *rapid.T) {
	for _, id := range m.allowances {
		m.checkTotalsOf(t, award.Filter{AllowanceID: id})
	}
}

func (m *machine) checkTotalsOf(t *rapid.T, f award.Filter) {
	totals, err := m.awards.Totals(as(m.Priya), f)
	if err != nil {
		t.Fatal(err)
	}
	for _, total := range totals {
		f.States = []award.State{total.State}
		rows, n, err := m.awards.List(as(m.Priya), f, award.Page{Number: 1, Size: 200})
		if err != nil {
			t.Fatal(err)
		}
		want := award.StateTotal{State: total.State, Oldest: total.Oldest}
		for _, r := range rows {
			want.Count++
			want.Asked += r.Asked
			want.Awarded += r.Awarded
		}
		if diff := cmp.Diff(want, total); diff != "" || n != len(rows) {
			t.Fatalf("%d rows in state %s, counted as %d:\n%s", len(rows), total.State, n, diff)
		}
	}
}

// Reconcile returns an error unless it all adds up: every allowance's and every
// budget's totals are the sums of their entries and within what there is, every
// request's history is a walk along the state machine, no decision on it was by
// somebody who submitted it, and what is held and promised for it is what its
// state says. The requests must be all that there are against the budgets.
func (s Snapshot) Reconcile() error {
	own, out := map[uuid.UUID][]award.Entry{}, map[uuid.UUID][]award.Entry{} // by request and by budget
	for id, a := range s.Allowances {
		sum := award.Sum(s.Entries[id])
		if a.Totals != sum {
			return fmt.Errorf("totals %+v of an allowance whose entries come to %+v", a.Totals, sum)
		}
		if a.Held < 0 || a.Committed < 0 || a.Paid < 0 || a.Held+a.Committed+a.Paid > a.Cap+s.over(id) {
			return fmt.Errorf("totals %+v against a cap of %d and %d above it", a.Totals, a.Cap, s.over(id))
		}
		for _, e := range s.Entries[id] {
			own[e.RequestID] = append(own[e.RequestID], e)
			if (e.BudgetID == uuid.Nil) != (e.Kind == award.Hold || e.Kind == award.Release) {
				return fmt.Errorf("a %s entry of budget %v", e.Kind, e.BudgetID)
			}
			if e.BudgetID != uuid.Nil {
				out[e.BudgetID] = append(out[e.BudgetID], e)
			}
		}
	}
	for id, b := range s.Budgets {
		sum := award.Sum(out[id])
		if b.Committed != sum.Committed || b.Paid != sum.Paid || b.Committed < 0 || b.Paid < 0 || b.Left() < 0 {
			return fmt.Errorf("a budget of %+v whose entries come to %+v", b, sum)
		}
	}
	for id, r := range s.Requests {
		if err := walk(r); err != nil {
			return fmt.Errorf("%s: %w", r.Reference, err)
		}
		got := award.Sum(own[id])
		if got != r.Totals {
			return fmt.Errorf("%s has totals %+v and entries of %+v", r.Reference, r.Totals, got)
		}
		if err := s.promised(r, own[id]); err != nil {
			return fmt.Errorf("%s is %s: %w", r.Reference, r.State(), err)
		}
	}
	return nil
}

// over is how far above its cap an allowance may be: as far as any of the requests
// that something stands for was let.
func (s Snapshot) over(allowance uuid.UUID) money.Pence {
	over := money.Pence(0)
	for _, r := range s.Requests {
		if r.AllowanceID == allowance && r.Held+r.Committed+r.Paid > 0 {
			over = max(over, r.Over)
		}
	}
	return over
}

// promised returns an error unless what is held and promised for r is what its
// state says.
func (s Snapshot) promised(r award.Request, entries []award.Entry) error {
	back := money.Pence(0) // of what was promised
	for _, e := range entries {
		if e.Kind == award.Uncommit || e.Kind == award.Recover {
			back += e.Pence
		}
	}
	granted := -r.Elsewhere.Pence // nothing else has a hand in what is held, so all of it is awarded
	for _, l := range r.Lines {
		granted += l.Granted
	}
	held, awarded := money.Pence(0), false
	switch r.State() {
	case award.Submitted:
		held = r.Asked()
	case award.Approved, award.Paid, award.Closed, award.Cancelled, award.Expired:
		awarded = true
	}
	b, ok := s.Budgets[r.BudgetID]
	switch {
	case r.Held != held:
		return fmt.Errorf("%d held, want %d", r.Held, held)
	case awarded != (r.Awarded > 0) || r.Awarded > r.Asked() || awarded && r.Awarded != granted:
		return fmt.Errorf("awarded %d of %d asked, with %d granted", r.Awarded, r.Asked(), granted)
	case r.Committed+r.Paid+back != r.Awarded:
		return fmt.Errorf("%d committed, %d paid and %d given back of an award of %d", r.Committed, r.Paid, back, r.Awarded)
	case (r.Committed > 0) != (r.State() == award.Approved):
		return fmt.Errorf("%d still promised", r.Committed)
	case awarded != ok || ok && (b.Fund != r.Fund || b.Area != r.Area):
		return fmt.Errorf("promised out of %+v", b)
	}
	return nil
}

func walk(r award.Request) error {
	at, submitted, asked := award.Unbegun, map[uuid.UUID]bool{}, map[uuid.UUID]bool{}
	for _, s := range r.History {
		if s.From != at || !slices.Contains(award.Arrows(), award.Arrow{From: s.From, Act: s.Act, To: s.To}) {
			return fmt.Errorf("a step from %q to %q, standing at %q", s.From, s.To, at)
		}
		switch {
		case s.Act == award.AskingException, s.From == award.Unbegun:
			asked[s.By] = true
		case s.Act == award.AllowingException, s.Act == award.RefusingException:
			if submitted[s.By] || asked[s.By] {
				return fmt.Errorf("%s by somebody who asks for it", s.Act)
			}
		case s.To == award.Submitted && s.Act == "": // an endorsement leads there as well
			submitted[s.By] = true
		case s.To == award.Approved, s.To == award.Declined, s.To == award.Returned:
			if submitted[s.By] {
				return fmt.Errorf("%s by somebody who submitted it", s.To)
			}
		}
		at = s.To
	}
	return nil
}

// everything reads what there is as an auditor with reach over all areas.
func (m *machine) everything(t *rapid.T) Snapshot {
	return Everything(t, m.store, m.allowances, m.requests)
}

// Fataler is a test that can be ended.
type Fataler interface{ Fatal(...any) }

// Everything reads these allowances and requests with their ledger.
func Everything(t Fataler, store award.Store, allowances, requests []uuid.UUID) Snapshot {
	auditor := identity.Person{ID: uuid.New(), Roles: []identity.Role{identity.Manager}, Areas: []string{"Oldham", "Rochdale"}}
	act := award.Act{Who: policy.Actor{Person: auditor}, Operation: policy.ReadRequest}
	s := Snapshot{map[uuid.UUID]award.Allowance{}, map[uuid.UUID][]award.Entry{}, map[uuid.UUID]award.Request{}, map[uuid.UUID]award.Budget{}}
	for _, id := range allowances {
		a, postings, err := store.Allowance(as(auditor), act, id)
		if err != nil {
			t.Fatal(err)
		}
		s.Allowances[id] = *a
		for _, p := range postings {
			s.Entries[id] = append(s.Entries[id], p.Entry)
		}
	}
	for _, id := range requests {
		c, err := store.Request(as(auditor), act, id, award.Also{Budget: true, At: Clock()()})
		if err != nil {
			t.Fatal(err)
		}
		s.Requests[id] = *c.Request
		if c.Budget != nil {
			s.Budgets[c.Budget.ID] = *c.Budget
		}
	}
	return s
}

// may is the policy and the state machine once more, in the words of this world,
// to hold what award says against.
func (m *machine) may(verb award.Verb, r award.Request, p identity.Person) bool {
	coach := p.ID == m.Needs.People[r.JobseekerID].CoachID
	switch state := r.State(); verb {
	case award.VerbEdit, award.VerbSubmit:
		return coach && (state == award.Draft || state == award.Returned)
	case award.VerbWithdraw:
		return coach && (state == award.Draft || state == award.Returned || state == award.Submitted)
	case award.VerbAskException:
		editable := state == award.Draft || state == award.Returned
		return coach && m.exceptions && editable && r.Exception == award.NotAsked && r.Asked() > max(0, m.room(r)+r.Over)
	case award.VerbAllowException, award.VerbRefuseException:
		manager := p.ID == m.Priya.ID || p.ID == m.Bilal.ID
		over := r.Asked() - m.room(r)
		enough := m.Excepts.Alone > 0 && over <= m.Excepts.Alone && (over >= 1 || verb == award.VerbRefuseException)
		return manager && !coach && m.exceptions && enough && r.Exception == award.ExceptionAsked && (state == award.Draft || state == award.Returned)
	case award.VerbCancel:
		manager := p.ID == m.Priya.ID || p.ID == m.Bilal.ID
		return (coach || manager) && state == award.Approved && r.Paid == 0
	default:
		manager := p.ID == m.Priya.ID || p.ID == m.Bilal.ID
		submitted := slices.ContainsFunc(r.History, func(s award.Step) bool { return s.To == award.Submitted && s.Act == "" && s.By == p.ID })
		first := uuid.Nil // of two, to say yes to what was submitted last
		for _, s := range r.History {
			if s.To == award.Submitted {
				first = uuid.Nil
			}
			if s.Act == award.Endorsing {
				first = s.By
			}
		}
		enough := true
		switch g, asked := m.Granted, r.Asked(); verb {
		case award.VerbApprove:
			enough = asked <= g.Alone || asked <= g.Limit && first != uuid.Nil
		case award.VerbEndorse:
			enough = asked > g.Alone && asked <= g.Limit && first == uuid.Nil
		}
		return manager && !submitted && first != p.ID && enough && state == award.Submitted
	}
}

// evenly is a whole number below n, each as likely as another. Rapid's own
// choices lean towards the first, and a rule broken by a rare meeting of people
// would hardly ever be tried.
func evenly(n int) *rapid.Generator[int] {
	return rapid.Map(rapid.SliceOfN(rapid.Bool(), 16, 16), func(bits []bool) int {
		i := 0
		for _, b := range bits {
			i <<= 1
			if b {
				i++
			}
		}
		return i % n
	})
}

func one[T any](t *rapid.T, label string, of []T) T { return of[evenly(len(of)).Draw(t, label)] }

func as(p identity.Person) context.Context { return identity.With(context.Background(), p) }
