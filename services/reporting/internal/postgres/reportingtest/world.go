// Package reportingtest makes up histories of requests, allowances and outcomes as
// the other services would tell them, and keeps a ledger of its own in plain Go of
// what they come to, for reporting's figures to be held against.
//
// It is for tests and for measuring. It knows nothing of how reporting counts.
package reportingtest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	told "github.com/instead-support/instead/api/events"
	"github.com/instead-support/instead/pkg/events"
)

// World is the people, places and things of the histories, and all that was told.
type World struct {
	Areas      []string
	Funds      []uuid.UUID
	Coaches    []uuid.UUID // of the area with the same place, counted round
	Courses    []uuid.UUID
	Suppliers  []uuid.UUID // every other one is local
	Categories []string
	NeedKinds  []string
	Told       []events.Envelope

	r        *rand.Rand
	from     time.Time
	months   int
	requests []*Request
	offers   []*Allowance
	outcomes []*Outcome
	budgets  map[budget]uuid.UUID
	spent    map[uuid.UUID]*[2]int64 // by budget: committed, spent
	terms    map[uuid.UUID][]told.TermsAgreed
	needs    map[uuid.UUID]string
}

type budget struct {
	fund uuid.UUID
	area string
	year int
}

// Request is a request as it stands at last, with all that it did to the ledger.
type Request struct {
	told.RequestChanged
	Ledger    []told.Entry
	Questions []told.QuestionChanged

	offer *Allowance
	step  int
}

// Allowance is an allowance as it stands at last.
type Allowance struct{ told.AllowanceChanged }

// Outcome is an outcome as it stands at last.
type Outcome struct{ told.OutcomeRecorded }

// New is a world without a history. from is the first month of it.
func New(seed uint64, from time.Time, months int) *World {
	w := &World{
		r: rand.New(rand.NewPCG(seed, 7)), from: from, months: months, //nolint:gosec // chance, no secret
		Areas: []string{"Oldham", "Rochdale", "Bury"}, Categories: []string{"tools", "travel", "training", "clothing"},
		NeedKinds: []string{"skills", "transport", "health"},
		budgets:   map[budget]uuid.UUID{}, spent: map[uuid.UUID]*[2]int64{}, terms: map[uuid.UUID][]told.TermsAgreed{}, needs: map[uuid.UUID]string{},
	}
	fill := func(into *[]uuid.UUID, n int) {
		for range n {
			*into = append(*into, w.id())
		}
	}
	fill(&w.Funds, 2)
	fill(&w.Coaches, 7)
	fill(&w.Courses, 4)
	fill(&w.Suppliers, 5)
	for _, fund := range w.Funds {
		for v, days := range []int{5, 10} {
			t := told.TermsAgreed{FundID: fund, Version: v + 1, FirstDay: from.AddDate(0, v*7, 3).Format(time.DateOnly), DecideDays: days}
			w.terms[fund] = append(w.terms[fund], t)
			w.tell(from, t)
		}
	}
	return w
}

// id is random, and in the order of the histories as far as a test can tell.
func (w *World) id() uuid.UUID {
	var id uuid.UUID
	for i := range id {
		id[i] = byte(w.r.IntN(256))
	}
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return id
}

func (w *World) tell(at time.Time, e events.Event) {
	data, err := json.Marshal(e)
	if err != nil {
		panic(err) // our own types can be written down
	}
	w.Told = append(w.Told, events.Envelope{ID: w.id(), Name: e.EventName(), At: at, Data: data})
}

func (w *World) chance(percent int) bool { return w.r.IntN(100) < percent }

func pick[T any](w *World, of []T) T { return of[w.r.IntN(len(of))] }

// soon is a while later, from minutes to weeks.
func (w *World) soon(at time.Time) time.Time {
	return at.Add(time.Duration(1+w.r.IntN(30*24*60)) * time.Minute)
}

func (w *World) budgetOf(fund uuid.UUID, area string, at time.Time) uuid.UUID {
	key := budget{fund, area, yearOf(at)}
	if id, ok := w.budgets[key]; ok {
		return id
	}
	id := w.id()
	w.budgets[key], w.spent[id] = id, &[2]int64{}
	for v := range int64(2) {
		w.tell(at, told.BudgetChanged{BudgetID: id, Version: v + 1, FundID: fund, Area: area, Year: key.year, AllocatedPence: 1_000_000 * (v + 1)})
	}
	return id
}

// Live adds one allowance with what was asked for against it and what came of it.
func (w *World) Live() {
	n := w.r.IntN(len(w.Coaches))
	at := w.from.Add(time.Duration(w.r.IntN(w.months*30*24*60)) * time.Minute)
	a := &Allowance{told.AllowanceChanged{
		AllowanceID: w.id(), Version: 1, Area: w.Areas[n%len(w.Areas)], CoachID: w.Coaches[n], CourseID: pick(w, w.Courses),
		CapPence: int64(50_000 + w.r.IntN(100_000)), OpenedAt: at,
	}}
	w.tell(at, a.AllowanceChanged)
	if w.chance(15) {
		a.Version, a.CoachID = 2, w.Coaches[(n+len(w.Areas))%len(w.Coaches)]
		w.tell(w.soon(at), a.AllowanceChanged)
	}
	w.offers = append(w.offers, a)
	for range pick(w, []int{0, 1, 1, 1, 2, 3}) {
		w.request(a, w.soon(at))
	}
	for range pick(w, []int{0, 0, 1, 1, 2}) {
		w.outcome(a, w.soon(w.soon(at)))
	}
}

func (w *World) outcome(a *Allowance, at time.Time) {
	o := &Outcome{told.OutcomeRecorded{
		OutcomeID: w.id(), Version: 1, Area: a.Area, Kind: pick(w, []string{"job", "job", "self-employment", "training"}), Route: pick(w, []string{"instead", "instead", "course"}),
		StartedOn: at.Format(time.DateOnly), OccupationGroup: "", AllowanceIDs: []uuid.UUID{a.AllowanceID}, Sustained: "open", AnsweredWeeks: []int{}, At: at,
	}}
	if o.Kind == "training" {
		o.Sustained = "not-counted"
	} else {
		o.OccupationGroup = fmt.Sprint(1 + w.r.IntN(9))
	}
	if o.Route == "instead" && w.chance(20) && len(w.offers) > 1 {
		o.AllowanceIDs = append(o.AllowanceIDs, w.offers[w.r.IntN(len(w.offers)-1)].AllowanceID)
	}
	w.outcomes = append(w.outcomes, o)
	w.tell(at, o.OutcomeRecorded)
	if o.Kind != "training" && w.chance(60) {
		at = w.soon(at)
		o.Version++
		o.Sustained = pick(w, []string{"open", "sustained", "not-sustained"})
		o.AnsweredWeeks = []int{13}
		w.tell(at, told.CheckRecorded{
			OutcomeID: o.OutcomeID, Version: o.Version, Area: o.Area, Weeks: 13, InWork: true, AnsweredWeeks: o.AnsweredWeeks, Sustained: o.Sustained, At: at,
		})
	}
	if w.chance(20) {
		at = w.soon(at)
		o.Version++
		o.At = at
		if w.chance(50) {
			o.Struck, o.Sustained = true, "not-counted"
		} else {
			o.AllowanceIDs = o.AllowanceIDs[:1]
		}
		w.tell(at, o.OutcomeRecorded)
	}
}

// request adds a request that goes some way through its life.
func (w *World) request(a *Allowance, at time.Time) {
	r := &Request{offer: a}
	r.RequestID, r.Reference, r.AllowanceID, r.Area = w.id(), "FR-TEST-TEST", a.AllowanceID, a.Area
	r.JobseekerID, r.CoachID, r.FundID, r.State = w.id(), a.CoachID, pick(w, w.Funds), "draft"
	r.NeedIDs, r.Lines = []uuid.UUID{}, []told.Line{}
	w.requests = append(w.requests, r)
	w.step(r, at, "draft")
	for {
		if w.chance(5) {
			return
		}
		at = w.soon(at)
		if !w.submit(r, at) {
			return
		}
		if w.chance(10) {
			return // it still waits
		}
		if at = w.ask(r, at); w.chance(12) {
			w.step(r, at, "withdrawn", w.entry(at, "release", r.AskedPence))
			return
		}
		switch what := w.r.IntN(10); {
		case what < 6:
			w.approve(r, at)
			return
		case what < 8:
			r.DecidedAt, r.Code = new(at), "other"
			w.step(r, at, "returned", w.entry(at, "release", r.AskedPence))
			if w.chance(20) {
				w.step(r, w.soon(at), "withdrawn")
				return
			}
		default:
			r.DecidedAt, r.Code = new(at), "no"
			w.step(r, at, "declined", w.entry(at, "release", r.AskedPence))
			if w.chance(60) {
				return
			}
			w.step(r, w.soon(at), "challenged")
			at = w.soon(at)
		}
	}
}

// submit asks for a few lines, and says whether it did.
func (w *World) submit(r *Request, at time.Time) bool {
	r.Lines, r.NeedIDs, r.AskedPence = nil, nil, 0
	for range 1 + w.r.IntN(4) {
		need := w.id()
		w.needs[need] = pick(w, w.NeedKinds)
		w.tell(at, told.NeedAssessed{NeedID: need, Version: 3, Area: r.Area, Category: w.needs[need], InTheWay: true, At: at})
		if w.chance(10) {
			w.needs[need] = pick(w, w.NeedKinds)
			w.tell(at, told.NeedAssessed{NeedID: need, Version: 4, Area: r.Area, Category: w.needs[need], InTheWay: true, At: at})
		}
		l := told.Line{LineID: w.id(), NeedID: need, Category: pick(w, w.Categories), AmountPence: int64(1 + w.r.IntN(20_000))}
		r.Lines, r.NeedIDs, r.AskedPence = append(r.Lines, l), append(r.NeedIDs, need), r.AskedPence+l.AmountPence
	}
	if w.chance(20) {
		r.AskedPence -= int64(w.r.IntN(int(r.AskedPence))) // somebody else pays the rest
	}
	r.SubmittedAt = new(at)
	w.step(r, at, "submitted", w.entry(at, "hold", r.AskedPence))
	return true
}

// ask asks a question now and then, and returns when the request is decided.
func (w *World) ask(r *Request, at time.Time) time.Time {
	for range pick(w, []int{0, 0, 0, 1, 2}) {
		q := told.QuestionChanged{QuestionID: w.id(), RequestID: r.RequestID, AskedAt: w.soon(at)}
		w.tell(q.AskedAt, q)
		if w.chance(80) {
			answered := w.soon(q.AskedAt)
			q.AnsweredAt, at = &answered, answered
			w.tell(answered, q)
		}
		r.Questions = append(r.Questions, q)
	}
	return w.soon(at)
}

func (w *World) approve(r *Request, at time.Time) {
	award := int64(0)
	for i := range r.Lines {
		r.Lines[i].GrantedPence = min(r.Lines[i].AmountPence, r.AskedPence-award)
		if w.chance(20) {
			r.Lines[i].GrantedPence /= 2
		}
		award += r.Lines[i].GrantedPence
	}
	r.Lines = append([]told.Line{}, r.Lines...)
	r.DecidedAt, r.AwardPence, r.Code = new(at), award, "removes-need"
	r.Automatic = len(r.Questions) == 0 && w.chance(30)
	entries := []told.Entry{w.of(r, w.entry(at, "commit", award), at)}
	if rest := r.AskedPence - award; rest > 0 {
		entries = append(entries, w.entry(at, "release", rest))
	}
	w.step(r, at, "approved", entries...)
	budget, left, paid := entries[0].BudgetID, award, int64(0)
	give := func(kind string, pence int64) told.Entry {
		e := w.entry(at, kind, pence)
		e.BudgetID = budget
		return e
	}
	for range w.r.IntN(4) {
		at = w.soon(at)
		if left == 0 {
			break
		}
		e := give("pay", 1+w.r.Int64N(left))
		if l := pick(w, r.Lines); w.chance(50) {
			e.LineID = &l.LineID
		}
		if n := w.r.IntN(len(w.Suppliers) + 2); n < len(w.Suppliers) {
			e.SupplierID, e.Local = &w.Suppliers[n], n%2 == 0
		}
		w.step(r, at, "approved", e)
		left, paid = left-e.Pence, paid+e.Pence
		if w.chance(20) {
			at = w.soon(at)
			back := e
			back.Kind, back.Pence, back.At = "recover", 1+w.r.Int64N(e.Pence), at
			w.step(r, at, "approved", back)
		}
	}
	at = w.soon(at)
	switch {
	case paid == 0 && w.chance(50):
		w.step(r, at, pick(w, []string{"cancelled", "expired"}), give("uncommit", left))
	case left > 0 && w.chance(50):
		w.step(r, at, "approved", give("uncommit", left))
	}
}

// of puts an entry on the budget of its day.
func (w *World) of(r *Request, e told.Entry, at time.Time) told.Entry {
	id := w.budgetOf(r.FundID, r.Area, at)
	e.BudgetID = &id
	return e
}

func (w *World) entry(at time.Time, kind string, pence int64) told.Entry {
	return told.Entry{Kind: kind, Pence: pence, At: at}
}

// step takes a request a step further, and tells of it.
func (w *World) step(r *Request, at time.Time, state string, entries ...told.Entry) {
	r.Version++
	r.step++
	r.State, r.At = state, at
	r.Entries = []told.Entry{}
	for _, e := range entries {
		e.Step = r.step
		r.Entries, r.Ledger = append(r.Entries, e), append(r.Ledger, e)
		if e.BudgetID == nil {
			continue
		}
		switch b := w.spent[*e.BudgetID]; e.Kind {
		case "commit":
			b[0] += e.Pence
		case "uncommit":
			b[0] -= e.Pence
		case "pay":
			b[0], b[1] = b[0]-e.Pence, b[1]+e.Pence
		case "recover":
			b[1] -= e.Pence
		}
	}
	w.tell(at, r.RequestChanged)
}

// Retell tells everything once more, as it stands now.
func (w *World) Retell() []events.Envelope {
	was := w.Told
	w.Told = nil
	now := w.from.AddDate(0, w.months+3, 0)
	for _, r := range w.requests {
		all := r.RequestChanged
		all.Entries = append([]told.Entry{}, r.Ledger...)
		w.tell(now, all)
		for _, q := range r.Questions {
			w.tell(now, q)
		}
		for _, id := range r.NeedIDs {
			w.tell(now, told.NeedAssessed{NeedID: id, Version: 4, Area: r.Area, Category: w.needs[id], InTheWay: true, At: now})
		}
	}
	for _, a := range w.offers {
		w.tell(now, a.AllowanceChanged)
	}
	for _, o := range w.outcomes {
		w.tell(now, o.OutcomeRecorded)
	}
	for key, id := range w.budgets {
		w.tell(now, told.BudgetChanged{BudgetID: id, Version: 2, FundID: key.fund, Area: key.area, Year: key.year, AllocatedPence: 2_000_000})
	}
	for _, all := range w.terms {
		for _, t := range all {
			w.tell(now, t)
		}
	}
	again := w.Told
	w.Told = was
	return again
}

// Shuffle puts all that was told in any order, with some of it twice.
func (w *World) Shuffle() []events.Envelope {
	all := append([]events.Envelope{}, w.Told...)
	for range len(all) / 5 {
		all = append(all, pick(w, w.Told))
	}
	w.r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// Requests are all there are.
func (w *World) Requests() []*Request { return w.requests }
