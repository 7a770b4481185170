package crash_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/identity"
)

// verb is an unsafe operation, and how somebody comes to try it.
type verb struct {
	weight int             // how often, beside the others
	roles  []identity.Role // that have it; nobody else ever gets it done
	try    func(context.Context, *worker) (*message, error)
}

var (
	coaches  = []identity.Role{identity.Coach}
	managers = []identity.Role{identity.Manager}
	finance  = []identity.Role{identity.Finance}
	caseload = []identity.Role{identity.Coach, identity.Jobseeker}
	either   = []identity.Role{identity.Manager, identity.Finance}
)

// verbs are all that can be done with money, by the contract's names. Each try
// makes one message out of what is known; nil if there is nothing to do it to yet.
var verbs map[string]verb

// verbNames are the verbs in an order that one seed repeats.
var (
	verbNames   []string
	totalWeight int
)

func init() {
	verbs = map[string]verb{
		"openAllowance":    {2, coaches, openAllowance},
		"draftRequest":     {8, coaches, draftRequest},
		"editRequest":      {9, coaches, editRequest},
		"submitRequest":    {9, coaches, submitRequest},
		"withdrawRequest":  {1, coaches, ofRequest("withdrawn", coaches, words("words"), -1, funding.Submitted, funding.Draft, funding.Returned, funding.Challenged)},
		"approveRequest":   {12, managers, approveRequest},
		"reviewAutomatic":  {2, managers, reviewAutomatic},
		"endorseRequest":   {4, managers, ofRequest("endorse", managers, map[string]any{"code": "removes-need", "words": "So."}, 0, funding.Submitted)},
		"askException":     {4, coaches, askException},
		"allowException":   {4, managers, answerException("allow-exception")},
		"refuseException":  {1, managers, answerException("refuse-exception")},
		"declineRequest":   {1, managers, ofRequest("declined", managers, map[string]any{"code": "other", "words": "No."}, -1, funding.Submitted)},
		"returnRequest":    {1, managers, ofRequest("returned", managers, map[string]any{"code": "other", "words": "How?"}, -1, funding.Submitted)},
		"challengeRequest": {1, caseload, challengeRequest},
		"askQuestion":      {1, managers, askQuestion},
		"answerQuestion":   {1, caseload, answerQuestion},
		"cancelRequest":    {1, append(slices.Clone(managers), coaches...), cancelRequest},

		"planPayments":    {10, finance, planPayments},
		"completePayment": {6, finance, completePayment},
		"cancelPayment":   {1, finance, cancelPayment},
		"recoverPayment":  {2, finance, recoverPayment},
		"releaseRest":     {2, finance, releaseRest},
		"closeRequest":    {1, finance, ofRequest("closed", finance, nil, 0, funding.Paid)},
		"createBatch":     {4, finance, createBatch},
		"removeFromBatch": {1, finance, removeFromBatch},
		"exportBatch":     {4, finance, exportBatch},
		"uploadResults":   {6, finance, uploadResults},
		"mapResult":       {1, finance, mapResult},

		"openFund":        {1, finance, openFund},
		"openBudget":      {1, finance, openBudget},
		"proposeMovement": {3, finance, proposeMovement},
		"confirmProposal": {4, either, answerProposal(true)},
		"refuseProposal":  {1, either, answerProposal(false)},
		"proposeGrant":    {1, either, proposeGrant},
		"confirmGrant":    {1, finance, grantVerb("confirmed", nil, funding.GrantWaiting)},
		"endGrant":        {1, either, grantVerb("ended", map[string]any{"why": "So."}, funding.GrantWaiting, funding.GrantCurrent)},
	}
	verbNames = slices.Sorted(maps.Keys(verbs))
	for _, v := range verbs {
		totalWeight += v.weight
	}
}

// left are the unsafe operations that nobody tries here, and why not.
var left = map[string]string{
	"confirmPrice": "a course's price is no money of anybody's", "uploadImport": "a course's price is no money of anybody's", "mapImport": "a course's price is no money of anybody's",
	"addDocument": "a document moves no money", "removeDocument": "a document moves no money",
	"addSupplier": "who can be paid moves no money", "editSupplier": "who can be paid moves no money",
	"proposeSupplierBankDetails": "where money goes is not how much of it", "proposePersonBankDetails": "where money goes is not how much of it",
	"confirmBankDetails": "where money goes is not how much of it", "refuseBankDetails": "where money goes is not how much of it",
	"keepRequest":    "it moves a day and no money, and nobody is warned within an hour",
	"setLineManager": "who leads whom moves no money",
	"proposeTerms":   "terms move no money, and are answered as movements are", "proposeCategories": "categories move no money, and are answered as movements are",
}

// now and then somebody does what they should not.
func (w *worker) wrongly() bool { return w.rng.IntN(12) == 0 }

func (w *worker) key() string { return fmt.Sprintf("crash-%d-%d", w.number, w.sent+1) }

// pence is an amount, mostly ordinary, down to the penny.
func (w *worker) pence(most int64) int64 { return 1 + w.rng.Int64N(max(most, 1)) }

// as is who tries a verb of these roles in an area: the one who has to, or mostly
// somebody who may. coach is the one whom a coach's verb is for.
func (w *worker) as(roles []identity.Role, area string, coach uuid.UUID) *person {
	if w.forced != nil {
		return w.forced
	}
	if w.wrongly() {
		return w.people[w.rng.IntN(len(w.people))]
	}
	var may []*person
	for _, p := range w.people {
		switch {
		case !slices.ContainsFunc(roles, p.Is) || area != "" && !p.Covers(area):
		case p.Is(identity.Coach) && !p.Is(identity.Manager) && coach != uuid.Nil && p.ID != coach:
		default:
			may = append(may, p)
		}
	}
	if coach != uuid.Nil && slices.Contains(roles, identity.Coach) && w.rng.IntN(4) > 0 {
		return w.known(coach)
	}
	return may[w.rng.IntN(len(may))]
}

// version is the one that was read, and now and then the one before.
func (w *worker) version(v int64) int64 {
	if w.wrongly() && v > 1 {
		return v - 1
	}
	return v
}

// in reports whether s is one of these, or any now and then.
func in[S comparable](w *worker, all ...S) func(S) bool {
	any := w.rng.IntN(10) == 0
	return func(s S) bool { return any || slices.Contains(all, s) }
}

// request is one of the latest in one of these states, mostly as it stands now.
func (w *worker) request(ctx context.Context, states ...funding.State) (funding.Request, bool, error) {
	will := in(w, states...)
	return w.requestThat(ctx, func(r funding.Request) bool { return will(r.State) })
}

// requestThat is one of the latest of which will is true, mostly as it stands now.
func (w *worker) requestThat(ctx context.Context, will func(funding.Request) bool) (funding.Request, bool, error) {
	w.mu.Lock()
	r, ok := w.requests.pick(w.rng, will)
	w.mu.Unlock()
	if ok && w.rng.IntN(8) > 0 {
		var fresh funding.Request
		found, err := w.read(ctx, w.named("marcus-reid"), "funding/requests/"+r.Id.String(), &fresh)
		if err != nil || !found {
			return r, false, err
		}
		r = fresh
		w.mu.Lock()
		w.requests.put(r.Id, r)
		w.mu.Unlock()
	}
	return r, ok, nil
}

// payment is one of the latest in one of these states, mostly as it stands now.
func (w *worker) payment(ctx context.Context, will func(funding.Payment) bool) (funding.Payment, bool, error) {
	w.mu.Lock()
	p, ok := w.payments.pick(w.rng, will)
	w.mu.Unlock()
	if ok && w.rng.IntN(8) > 0 {
		var fresh funding.Payment
		found, err := w.read(ctx, w.named("imran-sadiq"), "funding/payments/"+p.Id.String(), &fresh)
		if err != nil || !found {
			return p, false, err
		}
		p = fresh
		w.mu.Lock()
		w.payments.put(p.Id, p)
		w.mu.Unlock()
	}
	return p, ok, nil
}

// learns is how an answer becomes known.
func learns[T any](to *shelf[T], id func(T) uuid.UUID) func([]byte) error {
	return func(answer []byte) error {
		var one T
		if err := json.Unmarshal(answer, &one); err != nil {
			return err
		}
		to.put(id(one), one)
		return nil
	}
}

func requestID(r funding.Request) uuid.UUID { return r.Id }
func paymentID(p funding.Payment) uuid.UUID { return p.Id }
func batchID(b funding.Batch) uuid.UUID     { return b.Id }

// makes reads the id of what an answer says was made, for what follows from it.
func makes[T any](m *message, to *shelf[T], id func(T) uuid.UUID, does func(T) []effect) func([]byte) error {
	return func(answer []byte) error {
		var one T
		if err := json.Unmarshal(answer, &one); err != nil {
			return err
		}
		m.id = id(one)
		if to != nil {
			to.put(m.id, one)
		}
		m.does = append(m.does, does(one)...)
		return nil
	}
}

func words(field string) map[string]any { return map[string]any{field: "So it is."} }

func openAllowance(_ context.Context, w *worker) (*message, error) {
	j, c := w.jobseekers[w.rng.IntN(len(w.jobseekers))], w.courses[w.rng.IntN(len(w.courses))]
	m := &message{by: w.as(coaches, "", j.coach.ID), body: funding.OpenAllowanceJSONRequestBody{JobseekerId: j.id, CourseId: c.Id}}
	m.learn = makes(m, &w.allowances, func(a funding.Allowance) uuid.UUID { return a.Id }, func(a funding.Allowance) []effect {
		return []effect{is("allowance", a.Id.String(), j.id.String())}
	})
	return m, nil
}

func draftRequest(_ context.Context, w *worker) (*message, error) {
	w.mu.Lock()
	a, ok := w.allowances.pick(w.rng, func(funding.Allowance) bool { return true })
	w.mu.Unlock()
	if !ok {
		return nil, nil
	}
	m := &message{by: w.as(coaches, a.Area, a.CoachId), body: funding.DraftRequestJSONRequestBody{AllowanceId: a.Id, FundId: w.fund}}
	m.learn = makes(m, &w.requests, requestID, func(r funding.Request) []effect {
		return []effect{step(r.Id, "draft", m.by.ID, uuid.Nil), move(r.Id, totals{})}
	})
	return m, nil
}

func editRequest(ctx context.Context, w *worker) (*message, error) {
	r, ok, err := w.request(ctx, funding.Draft, funding.Returned, funding.Challenged)
	if err != nil || !ok || r.Exception.State != "" && w.rng.IntN(4) > 0 { // what is asked or allowed mostly stays, for somebody to go on with
		return nil, err
	}
	i := slices.IndexFunc(w.jobseekers, func(j jobseeker) bool { return j.id == r.JobseekerId })
	var edit funding.RequestEdit
	small := w.rng.IntN(5) == 0 // enough to be approved by the fund's own rule, the first few times
	for range 1 + w.rng.IntN(3) {
		most, kind := int64(300_00), "tools"
		switch n := w.rng.IntN(12); {
		case small:
			most, kind = 4_00, "digital"
		case n == 0:
			most = 3000_00 // takes two to decide
		case n == 1:
			most = 20000_00 // more than any cap
		}
		edit.Lines = append(edit.Lines, funding.NewLine{
			What: "A thing", Why: "It gets them there.", NeedId: w.jobseekers[i].needs[0], Category: kind, AmountPence: w.pence(most),
		})
	}
	if w.rng.IntN(8) == 0 { // a little more than there is
		edit.Lines = edit.Lines[:1]
		edit.Lines[0].Category, edit.Lines[0].AmountPence = "tools", r.Allowance.AvailablePence+w.pence(400_00)
	} else if w.rng.IntN(6) == 0 {
		edit.Elsewhere = funding.Elsewhere{Pence: w.pence(edit.Lines[0].AmountPence), From: "Somebody else"}
	}
	return &message{
		by: w.as(coaches, r.Area, r.Allowance.CoachId), id: r.Id, version: w.version(r.Version), body: edit,
		learn: learns(&w.requests, requestID), does: []effect{more("version", r.Id, 1)},
	}, nil
}

func submitRequest(ctx context.Context, w *worker) (*message, error) {
	r, ok, err := w.request(ctx, funding.Draft, funding.Returned, funding.Challenged)
	if err != nil || !ok || len(r.Lines) == 0 && !w.wrongly() {
		return nil, err
	}
	m := &message{by: w.as(coaches, r.Area, r.Allowance.CoachId), id: r.Id, version: w.version(r.Version)}
	m.learn = makes(m, &w.requests, requestID, func(now funding.Request) []effect {
		does := []effect{step(r.Id, "submitted", m.by.ID, uuid.Nil)}
		if i := len(r.History) + 1; i < len(now.History) && now.History[i].ById == theSystem {
			return append(does, step(r.Id, "automatic", theSystem, uuid.Nil), more("version", r.Id, -1), move(r.Id, totals{committed: r.AskedPence}))
		}
		return append(does, move(r.Id, totals{held: r.AskedPence}))
	})
	return m, nil
}

// theSystem is who approves by a fund's own rule.
var theSystem = uuid.MustParse("00000000-0000-4000-8000-000000000001")

// reviewAutomatic says what somebody thinks of an approval by a fund's own rule.
func reviewAutomatic(_ context.Context, w *worker) (*message, error) {
	w.mu.Lock()
	r, ok := w.requests.pick(w.rng, func(r funding.Request) bool { return r.Automatic.TermsVersion > 0 })
	w.mu.Unlock()
	if !ok {
		return nil, nil
	}
	m := &message{by: w.as(managers, r.Area, uuid.Nil), id: r.Id, learn: learns(&w.requests, requestID)}
	agrees := w.rng.IntN(2) == 0
	m.body = funding.ReviewAutomaticJSONRequestBody{Agrees: agrees, Words: "So it is."}
	m.does = []effect{is("review", r.Id.String(), fmt.Sprint(agrees, " by ", m.by.ID))}
	return m, nil
}

// ofRequest is a plain verb on a request in one of these states, by one of these
// roles. What is asked and held goes back, if holds is -1 and it is held.
func ofRequest(what string, roles []identity.Role, body any, holds int64, states ...funding.State) func(context.Context, *worker) (*message, error) {
	return func(ctx context.Context, w *worker) (*message, error) {
		r, ok, err := w.request(ctx, states...)
		if err != nil || !ok {
			return nil, err
		}
		m := &message{by: w.as(roles, r.Area, r.Allowance.CoachId), id: r.Id, version: w.version(r.Version), body: body}
		m.learn = func(answer []byte) error {
			if len(answer) == 0 {
				return nil // such as of a closure
			}
			return learns(&w.requests, requestID)(answer)
		}
		m.does = []effect{step(r.Id, what, m.by.ID, uuid.Nil)}
		if r.State == funding.Submitted {
			m.does = append(m.does, move(r.Id, totals{held: holds * r.AskedPence}))
		}
		return m, nil
	}
}

func askException(ctx context.Context, w *worker) (*message, error) {
	will := in(w, funding.Draft, funding.Returned, funding.Challenged)
	r, ok, err := w.requestThat(ctx, func(r funding.Request) bool { return will(r.State) && r.OverPence > 0 && r.OverPence < 400_00 })
	if err != nil || !ok {
		return nil, err
	}
	m := &message{by: w.as(coaches, r.Area, r.Allowance.CoachId), id: r.Id, version: w.version(r.Version), body: words("words"), learn: learns(&w.requests, requestID)}
	m.does = []effect{step(r.Id, "ask-exception", m.by.ID, uuid.Nil)}
	return m, nil
}

func answerException(what string) func(context.Context, *worker) (*message, error) {
	return func(ctx context.Context, w *worker) (*message, error) {
		some := w.wrongly()
		r, ok, err := w.requestThat(ctx, func(r funding.Request) bool { return some || r.Exception.State == funding.ExceptionAsked })
		if err != nil || !ok {
			return nil, err
		}
		m := &message{by: w.as(managers, r.Area, uuid.Nil), id: r.Id, version: w.version(r.Version), learn: learns(&w.requests, requestID)}
		m.body = map[string]any{"code": "other", "words": "So.", "over_pence": max(1, r.OverPence)}
		if what == "refuse-exception" {
			m.body = map[string]any{"code": "other", "words": "No."}
		}
		m.does = []effect{step(r.Id, what, m.by.ID, uuid.Nil)}
		return m, nil
	}
}

func approveRequest(ctx context.Context, w *worker) (*message, error) {
	r, ok, err := w.request(ctx, funding.Submitted)
	if err != nil || !ok {
		return nil, err
	}
	m := &message{by: w.as(managers, r.Area, uuid.Nil), id: r.Id, version: w.version(r.Version), learn: learns(&w.requests, requestID)}
	yes := funding.Approval{Code: "removes-need", OtherFunding: "None.", Scrutiny: "It costs less than the course.", Conflict: funding.NoConflict}
	award := r.AskedPence
	if w.rng.IntN(4) == 0 { // a part of it
		for _, l := range r.Lines {
			part := funding.GrantedLine{LineId: l.Id, GrantedPence: l.AmountPence}
			if w.rng.IntN(2) == 0 && l.AmountPence > 1 {
				part.GrantedPence, part.Code = w.pence(l.AmountPence-1), "not-value-for-money"
			}
			award -= l.AmountPence - part.GrantedPence
			yes.Lines = append(yes.Lines, part)
		}
	}
	if w.wrongly() {
		yes.Conflict = funding.ConflictDeclared
	}
	m.body = yes
	m.does = []effect{step(r.Id, "approved", m.by.ID, uuid.Nil), move(r.Id, totals{held: -r.AskedPence, committed: award})}
	return m, nil
}

func cancelRequest(ctx context.Context, w *worker) (*message, error) {
	r, ok, err := w.request(ctx, funding.Approved)
	if err != nil || !ok {
		return nil, err
	}
	m := &message{by: w.as(managers, r.Area, uuid.Nil), id: r.Id, version: w.version(r.Version), body: words("words"), learn: learns(&w.requests, requestID)}
	m.does = []effect{step(r.Id, "cancelled", m.by.ID, uuid.Nil), move(r.Id, totals{committed: -r.CommittedPence})}
	return m, nil
}

// challengeRequest asks for another look, and for the decision with it where what
// is asked still fits. Whether it did, its own history says.
func challengeRequest(ctx context.Context, w *worker) (*message, error) {
	r, ok, err := w.request(ctx, funding.Declined)
	if err != nil || !ok {
		return nil, err
	}
	m := &message{by: w.as(caseload, r.Area, r.Allowance.CoachId), id: r.Id, version: w.version(r.Version), body: words("words")}
	m.learn = makes(m, &w.requests, requestID, func(now funding.Request) []effect {
		does := []effect{step(r.Id, "challenged", m.by.ID, uuid.Nil)}
		if i := len(r.History) + 1; i < len(now.History) && now.History[i].To == funding.Submitted && now.History[i].At.Equal(now.History[i-1].At) {
			does = append(does, step(r.Id, "submitted", m.by.ID, uuid.Nil), more("version", r.Id, -1), move(r.Id, totals{held: r.AskedPence}))
		}
		return does
	})
	return m, nil
}

func askQuestion(ctx context.Context, w *worker) (*message, error) {
	r, ok, err := w.request(ctx, funding.Submitted)
	if err != nil || !ok {
		return nil, err
	}
	m := &message{by: w.as(managers, r.Area, uuid.Nil), id: r.Id, body: map[string]any{"to": funding.ToCoach, "words": w.key()}}
	m.learn = func(answer []byte) error {
		var q funding.Question
		if err := json.Unmarshal(answer, &q); err != nil {
			return err
		}
		w.questions.put(q.Id, q)
		m.does = append(m.does, is("question", q.Id.String(), r.Id.String()))
		return nil
	}
	return m, nil
}

func answerQuestion(_ context.Context, w *worker) (*message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	q, ok := w.questions.pick(w.rng, func(q funding.Question) bool { return q.Answer == "" })
	if !ok {
		return nil, nil
	}
	coach := w.requests.all[q.RequestId].Allowance.CoachId
	m := &message{by: w.as(caseload, "", coach), id: q.Id, about: q.RequestId, body: words("words"), learn: learns(&w.questions, func(q funding.Question) uuid.UUID { return q.Id })}
	m.does = []effect{is("reply", q.Id.String(), m.by.ID.String())}
	return m, nil
}

func planPayments(ctx context.Context, w *worker) (*message, error) {
	r, ok, err := w.request(ctx, funding.Approved)
	if err != nil || !ok {
		return nil, err
	}
	m := &message{by: w.as(finance, r.Area, uuid.Nil), id: r.Id}
	var plans funding.PlanPaymentsJSONRequestBody
	var sum int64
	for range 1 + w.rng.IntN(2) {
		p := funding.PaymentPlan{AmountPence: w.pence(r.CommittedPence), Note: w.key()}
		if w.rng.IntN(3) == 0 {
			p.AmountPence = max(r.CommittedPence-sum, 1)
		}
		switch w.rng.IntN(4) {
		case 0:
			p.Method, p.Payee = funding.ByCard, funding.Payee{Kind: funding.PayeeSupplier, Name: "The shop"}
		case 1:
			p.Method, p.Payee = funding.ByVoucher, funding.Payee{Kind: funding.PayeePerson}
		case 2:
			p.Method, p.Payee = funding.ByBACS, funding.Payee{Kind: funding.PayeePerson}
		default:
			p.Method, p.Payee = funding.ByBACS, funding.Payee{Kind: funding.PayeeSupplier, SupplierId: w.suppliers[w.rng.IntN(len(w.suppliers))]}
		}
		plans.Payments, sum = append(plans.Payments, p), sum+p.AmountPence
		if w.rng.IntN(2) == 0 {
			break
		}
	}
	m.body = plans
	m.learn = func(answer []byte) error {
		var all struct{ Items []funding.Payment }
		err := json.Unmarshal(answer, &all)
		for _, p := range all.Items {
			w.payments.put(p.Id, p)
		}
		return err
	}
	m.does = []effect{is("plan", w.key(), fmt.Sprintf("%d of %d", len(plans.Payments), sum))}
	return m, nil
}

func completePayment(ctx context.Context, w *worker) (*message, error) {
	will := in(w, funding.PaymentPlanned)
	p, ok, err := w.payment(ctx, func(p funding.Payment) bool { return will(p.State) && p.Method != funding.ByBACS })
	if err != nil || !ok {
		return nil, err
	}
	cost := p.AmountPence
	switch w.rng.IntN(4) {
	case 0:
		cost = w.pence(cost)
	case 1:
		cost += w.pence(50_00)
	}
	m := &message{
		by: w.as(finance, p.Area, uuid.Nil), id: p.Id, version: w.version(p.Version),
		body: funding.CompletePaymentJSONRequestBody{AmountPence: cost}, learn: learns(&w.payments, paymentID),
	}
	m.does = []effect{
		is("completion", p.Id.String(), fmt.Sprint(cost)), step(p.RequestId, "pay", m.by.ID, p.Id), move(p.RequestId, totals{committed: -cost, paid: cost}),
	}
	return m, nil
}

func cancelPayment(ctx context.Context, w *worker) (*message, error) {
	will := in(w, funding.PaymentPlanned)
	p, ok, err := w.payment(ctx, func(p funding.Payment) bool { return will(p.State) })
	if err != nil || !ok {
		return nil, err
	}
	return &message{
		by: w.as(finance, p.Area, uuid.Nil), id: p.Id, version: w.version(p.Version), body: map[string]any{"words": w.key()},
		learn: learns(&w.payments, paymentID), does: []effect{is("given up", p.Id.String(), w.key())},
	}, nil
}

func recoverPayment(ctx context.Context, w *worker) (*message, error) {
	will := in(w, funding.PaymentPaid)
	p, ok, err := w.payment(ctx, func(p funding.Payment) bool { return will(p.State) })
	if err != nil || !ok {
		return nil, err
	}
	back := w.pence(p.PaidPence - p.RecoveredPence)
	if w.wrongly() {
		back = p.PaidPence + 1
	}
	m := &message{
		by: w.as(finance, p.Area, uuid.Nil), id: p.Id, version: w.version(p.Version),
		body:  map[string]any{"kind": "credit-note", "amount_pence": back, "document": w.key(), "words": "Some came back."},
		learn: learns(&w.payments, paymentID),
	}
	m.does = []effect{
		is("recovery", p.Id.String()+" "+w.key(), fmt.Sprint(back)), step(p.RequestId, "recover", m.by.ID, p.Id), move(p.RequestId, totals{paid: -back}),
	}
	return m, nil
}

// releaseRest gives back whatever is not on its way at that moment, which only
// the ledger can say; see check.
func releaseRest(ctx context.Context, w *worker) (*message, error) {
	r, ok, err := w.request(ctx, funding.Approved)
	if err != nil || !ok {
		return nil, err
	}
	m := &message{by: w.as(finance, r.Area, uuid.Nil), id: r.Id, version: w.version(r.Version), body: words("words")}
	m.does = []effect{step(r.Id, "release-rest", m.by.ID, uuid.Nil)}
	return m, nil
}

func createBatch(_ context.Context, w *worker) (*message, error) {
	w.mu.Lock()
	one, ok := w.payments.pick(w.rng, func(p funding.Payment) bool { return p.State == funding.PaymentPlanned })
	body := funding.CreateBatchJSONRequestBody{Area: one.Area, Method: one.Method}
	for _, p := range w.payments.all {
		if p.State == funding.PaymentPlanned && p.Area == one.Area && p.Method == one.Method && len(body.PaymentIds) < 5 {
			body.PaymentIds = append(body.PaymentIds, p.Id)
		}
	}
	w.mu.Unlock()
	if !ok {
		return nil, nil
	}
	if w.rng.IntN(2) == 0 {
		body.PaymentIds = nil // whatever is planned
	}
	m := &message{by: w.as(finance, one.Area, uuid.Nil), body: body}
	m.learn = makes(m, &w.batches, batchID, func(b funding.Batch) []effect {
		return []effect{is("batch", b.Id.String(), m.by.ID.String())}
	})
	return m, nil
}

// batch is one of the latest in this state with the payments in it, as they are.
func (w *worker) batch(ctx context.Context, states ...funding.BatchState) (b funding.Batch, in []funding.Payment, ok bool, err error) {
	w.mu.Lock()
	b, ok = w.batches.pick(w.rng, func(b funding.Batch) bool { return slices.Contains(states, b.State) })
	w.mu.Unlock()
	if !ok {
		return b, nil, false, nil
	}
	var page funding.PaymentPage
	if _, err = w.read(ctx, w.named("imran-sadiq"), "funding/payments?size=100&batch_id="+b.Id.String(), &page); err != nil {
		return b, nil, false, err
	}
	_, err = w.read(ctx, w.named("imran-sadiq"), "funding/batches/"+b.Id.String(), &b)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.batches.put(b.Id, b)
	for _, p := range page.Items {
		w.payments.put(p.Id, p)
	}
	return b, page.Items, true, err
}

func removeFromBatch(ctx context.Context, w *worker) (*message, error) {
	b, all, ok, err := w.batch(ctx, funding.BatchOpen, funding.BatchExported)
	if err != nil || !ok || len(all) == 0 {
		return nil, err
	}
	return &message{
		by: w.as(finance, b.Area, uuid.Nil), id: b.Id, second: all[w.rng.IntN(len(all))].Id, learn: learns(&w.batches, batchID),
	}, nil
}

func exportBatch(ctx context.Context, w *worker) (*message, error) {
	b, _, ok, err := w.batch(ctx, funding.BatchOpen)
	if err != nil || !ok {
		return nil, err
	}
	body := funding.ExportBatchJSONRequestBody{Format: funding.FormatCSV}
	if w.rng.IntN(4) == 0 {
		body.Format = funding.FormatBACS
	}
	m := &message{by: w.as(finance, b.Area, uuid.Nil), id: b.Id, version: w.version(b.Version), body: body}
	m.learn = makes(m, &w.batches, batchID, func(b funding.Batch) []effect {
		return []effect{is("file", b.Id.String(), b.Sha256)}
	})
	return m, nil
}

// file is a result file that was sent in, and the lines in it.
type file struct {
	id     uuid.UUID // once it is known
	area   string
	raw    []byte
	lines  []string // as the books have them
	mapped bool     // its headings say what they are
}

// result is a file of what became of some payments that were sent: paid, in part,
// not at all, of a wrong amount, twice over, or of one that nobody knows.
func (w *worker) result(area string, sent []funding.Payment) file {
	f := file{area: area, mapped: w.rng.IntN(6) > 0}
	out := "reference,outcome,amount,code\n"
	if !f.mapped {
		out = "uno,due,tre,quattro\n"
	}
	line := func(reference, says, verdict string, pence int64) {
		out += fmt.Sprintf("%s,%s,%d.%02d,\n", reference, says, pence/100, pence%100)
		f.lines = append(f.lines, fmt.Sprintf("%s %s %d", reference, verdict, pence))
	}
	for _, p := range sent {
		switch n := w.rng.IntN(10); {
		case n == 0:
			line(p.Reference, "paid", "paid", p.AmountPence+1)
		case n < 3:
			line(p.Reference, "rejected", "rejected", p.AmountPence)
		case n < 5 && p.AmountPence > 1:
			line(p.Reference, "partially paid", "partially-paid", w.pence(p.AmountPence-1))
		default:
			line(p.Reference, "paid", "paid", p.AmountPence)
		}
		if w.wrongly() {
			line(p.Reference, "paid", "paid", p.AmountPence)
		}
	}
	if w.wrongly() {
		line("PY-0000-0000", "paid", "paid", 100)
	}
	f.raw = []byte(out)
	return f
}

func uploadResults(ctx context.Context, w *worker) (*message, error) {
	var f file
	w.mu.Lock()
	if n := len(w.files); n > 0 && w.rng.IntN(5) == 0 {
		f = w.files[max(0, n-1-w.rng.IntN(most))] // the same file again
	}
	w.mu.Unlock()
	if f.raw == nil {
		b, all, ok, err := w.batch(ctx, funding.BatchExported)
		if err != nil || !ok || len(all) == 0 {
			return nil, err
		}
		w.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		f = w.result(b.Area, all[:1+w.rng.IntN(len(all))])
	}
	m := &message{
		by: w.as(finance, f.area, uuid.Nil), raw: f.raw, query: url.Values{"area": {f.area}, "file_name": {"results.csv"}},
	}
	m.learn = makes(m, nil, func(r funding.Result) uuid.UUID { return r.Id }, func(r funding.Result) []effect {
		f.id = r.Id
		w.files = append(w.files, f)
		hash := sha256.Sum256(f.raw)
		does := []effect{is("result", r.Id.String(), hex.EncodeToString(hash[:]))}
		if f.mapped {
			does = append(does, f.read())
		}
		return does
	})
	return m, nil
}

// read is that the lines of a file are taken in.
func (f file) read() effect {
	return func(b *books) {
		for i, line := range f.lines {
			is("line", fmt.Sprintf("%s %d", f.id, i+2), line)(b)
		}
	}
}

func mapResult(_ context.Context, w *worker) (*message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var odd []file
	for _, f := range w.files {
		if !f.mapped {
			odd = append(odd, f)
		}
	}
	if len(odd) == 0 {
		return nil, nil
	}
	f := odd[max(0, len(odd)-1-w.rng.IntN(3))]
	columns := []map[string]any{{"field": "reference", "column": 1}, {"field": "outcome", "column": 2}, {"field": "amount", "column": 3}, {"field": "code", "column": 4}}
	return &message{
		by: w.as(finance, f.area, uuid.Nil), id: f.id, body: map[string]any{"heading_line": 1, "columns": columns}, does: []effect{f.read()},
	}, nil
}

func openFund(_ context.Context, w *worker) (*message, error) {
	code := fmt.Sprintf("F-%d-%d", w.number, w.sent)
	m := &message{by: w.as(finance, "", uuid.Nil), body: funding.NewFund{Code: code, Name: "The fund " + code, FirstDay: openapi.Date{Time: time.Now().AddDate(-1, 0, 0)}}}
	m.learn = makes(m, nil, func(f funding.Fund) uuid.UUID { return f.Id }, func(f funding.Fund) []effect {
		return []effect{is("fund", f.Id.String(), code)}
	})
	return m, nil
}

func openBudget(_ context.Context, w *worker) (*message, error) {
	one := w.budgets[w.rng.IntN(len(w.budgets))]
	year := one.Year + w.rng.IntN(60)
	m := &message{by: w.as(finance, one.Area, uuid.Nil), body: funding.OpenBudgetJSONRequestBody{FundId: w.fund, Area: one.Area, Year: year}}
	m.learn = makes(m, nil, func(b funding.Budget) uuid.UUID { return b.Id }, func(b funding.Budget) []effect {
		return []effect{is("budget", b.Id.String(), fmt.Sprintf("%s %d", one.Area, year)), is("allocated", b.Id.String(), "0")}
	})
	return m, nil
}

func proposeMovement(_ context.Context, w *worker) (*message, error) {
	from, to := w.budgets[w.rng.IntN(len(w.budgets))], w.budgets[w.rng.IntN(len(w.budgets))]
	body := funding.ProposeMovementJSONRequestBody{Pence: w.pence(5000_00), Reason: "It is needed there."}
	switch w.rng.IntN(6) {
	case 0:
		body.FromBudgetId = from.Id
	case 1:
		body.FromBudgetId, body.ToBudgetId = from.Id, to.Id
	default:
		body.ToBudgetId = to.Id
	}
	if w.wrongly() {
		body.Pence = 1_000_000_000
	}
	m := &message{by: w.as(finance, to.Area, uuid.Nil), body: body}
	m.learn = makes(m, &w.proposals, func(p funding.Proposal) uuid.UUID { return p.Id }, func(p funding.Proposal) []effect {
		return []effect{is("proposal", p.Id.String(), m.by.ID.String()), is("movement", p.Id.String(), fmt.Sprint(body.Pence))}
	})
	return m, nil
}

func answerProposal(yes bool) func(context.Context, *worker) (*message, error) {
	return func(_ context.Context, w *worker) (*message, error) {
		will := in(w, funding.ProposalWaiting)
		w.mu.Lock()
		p, ok := w.proposals.pick(w.rng, func(p funding.Proposal) bool { return will(p.State) })
		w.mu.Unlock()
		if !ok {
			return nil, nil
		}
		area := p.Movement.To.Area
		if area == "" {
			area = p.Movement.From.Area
		}
		m := &message{by: w.as(either, area, uuid.Nil), id: p.Id, learn: learns(&w.proposals, func(p funding.Proposal) uuid.UUID { return p.Id })}
		m.does = []effect{is("answer", p.Id.String(), fmt.Sprintf("%t by %s", yes, m.by.ID))}
		if !yes {
			m.body = words("words")
			return m, nil
		}
		if p.Movement.From.Id != uuid.Nil {
			m.does = append(m.does, more("allocated", p.Movement.From.Id, -p.Movement.Pence))
		}
		if p.Movement.To.Id != uuid.Nil {
			m.does = append(m.does, more("allocated", p.Movement.To.Id, p.Movement.Pence))
		}
		return m, nil
	}
}

func proposeGrant(_ context.Context, w *worker) (*message, error) {
	limit := w.pence(9000_00)
	body := funding.NewGrant{
		Kind: funding.GrantKindDecide, Whose: funding.GrantWhoseAny, LimitPence: limit, AlonePence: w.rng.Int64N(limit + 1),
		Area: "Oldham", FirstDay: openapi.Date{Time: time.Now()}, Why: "It is busy.",
	}
	switch w.rng.IntN(3) {
	case 0:
		body.HolderId = w.named("helen-barlow").ID
	case 1:
		body.Kind, body.AlonePence = funding.GrantKindExcept, limit
	}
	m := &message{by: w.as(either, "Oldham", uuid.Nil), body: body}
	m.learn = makes(m, &w.grants, func(g funding.Grant) uuid.UUID { return g.Id }, func(g funding.Grant) []effect {
		return []effect{is("authority", g.Id.String()+" proposed", m.by.ID.String())}
	})
	return m, nil
}

// grantVerb is what is done with a grant that was proposed here: those of the
// demo stand, or nobody could decide anything any more.
func grantVerb(what string, body any, states ...funding.GrantState) func(context.Context, *worker) (*message, error) {
	return func(_ context.Context, w *worker) (*message, error) {
		will := in(w, states...)
		w.mu.Lock()
		g, ok := w.grants.pick(w.rng, func(g funding.Grant) bool { return will(g.State) })
		w.mu.Unlock()
		if !ok {
			return nil, nil
		}
		m := &message{by: w.as(either, "Oldham", uuid.Nil), id: g.Id, body: body, learn: learns(&w.grants, func(g funding.Grant) uuid.UUID { return g.Id })}
		m.does = []effect{is("authority", g.Id.String()+" "+what, m.by.ID.String())}
		return m, nil
	}
}
