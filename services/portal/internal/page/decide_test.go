package page_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
)

var (
	marcus = identity.Person{Name: "Marcus Reid", Roles: []identity.Role{identity.Manager}, Areas: []string{"Oldham", "Rochdale"}}
	dan    = identity.Person{Name: "Dan Kershaw", Roles: []identity.Role{identity.Coach, identity.Manager}, Areas: []string{"Oldham"}}
)

// asks adds a jobseeker of this coach, and a request of theirs that has waited
// this long.
func (p *portal) asks(name, what string, coach identity.Person, waited time.Duration) *funding.Request {
	j := needs.Jobseeker{Id: uuid.New(), Name: name, Area: "Oldham", CoachId: p.idOf(coach), CoachName: coach.Name}
	p.needs.jobseekers = append(p.needs.jobseekers, j)
	need := needs.Need{Id: uuid.New(), Category: needs.ToolsAndEquipment, Standing: needs.InTheWay, InTheWay: "No knives of her own.", WouldRemove: "A set of knives.", Supports: []needs.Support{}}
	p.needs.assessments = append(p.needs.assessments, needs.Assessment{JobseekerId: j.Id, Version: 1, Needs: []needs.Need{need}})
	sent := now.Add(-waited)
	r := &funding.Request{
		Fund: funding.RequestFund{Name: "Instead of a course"}, Budget: funding.RequestBudget{Year: 2026, LeftPence: 1234500},
		Id: uuid.New(), Reference: "FR-7K3M-9" + strings.ToUpper(uuid.NewString()[:3]), JobseekerId: j.Id, Area: "Oldham", State: funding.Submitted, AskedPence: 19000, Version: 2,
		Allowance: funding.Allowance{Id: uuid.New(), CourseName: "Food production, level 2", CapPence: 50000, HeldPence: 19000, AvailablePence: 31000, CoachName: coach.Name, Area: "Oldham"},
		Lines:     []funding.Line{{Id: uuid.New(), What: what, Why: "She starts on Monday.", NeedId: need.Id, Category: "tools", Supplier: "Nisbets", AmountPence: 19000}},
		History: []funding.Happening{
			{To: funding.Draft, At: sent.Add(-time.Hour), ById: p.idOf(coach), ByName: coach.Name},
			{From: "draft", To: funding.Submitted, At: sent, ById: p.idOf(coach), ByName: coach.Name},
		},
		SubmittedAt: sent, SubmittedById: p.idOf(coach), SubmittedByName: coach.Name,
	}
	p.funding.requests = append(p.funding.requests, r)
	return r
}

func TestAManagerSeesHowManyWaitAndTheLongestWaitingFirst(t *testing.T) {
	p := start(t)
	p.asks("Kwame Boateng", "Driver card", priya, 2*24*time.Hour)
	p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 6*24*time.Hour)
	p.asks("Gary Ogden", "Spanners", dan, time.Hour)
	p.funding.courses = catalogue()

	p.as(helen).get("/decisions").sound().wants(
		"Waiting for your decision 3", "£570.00 asked for", "The longest has waited 6 days",
		"Leanne Hargreaves A set of chef’s knives, instead of Food production, level 2",
		"from Priya Shah, waiting 6 days £190.00 leaves £310.00",
		"1 course price to confirm", "Money in Oldham", "Waiting for a decision £570.00 asked for, 3 requests",
	)
	text := p.as(helen).get("/decisions").text()
	if strings.Index(text, "Leanne") > strings.Index(text, "Kwame") {
		t.Error("the one who has waited longest is not first")
	}
	p.as(dan).get("/decisions").wants("Waiting for your decision 2", "1 more request waits for another manager")
}

func TestAManagerWithNothingToDecideIsToldSo(t *testing.T) {
	p := start(t)
	p.as(helen).get("/decisions").sound().wants("Nobody is waiting for your decision.").lacks("The longest has waited")
}

func TestARequestIsShownWithAllThatIsNeededToDecideIt(t *testing.T) {
	p := start(t)
	r := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 24*time.Hour)
	p.needs.statements = []needs.Statement{{Id: uuid.New(), Words: "I could start as a chef on Monday.", At: now}}
	p.as(helen).get("/decisions").follow("Leanne Hargreaves").sound().is(200, "/decisions/"+r.Id.String()).wants(
		"Left of the allowance £310.00 of £500.00 once this is set aside", "Left of the budget £12,345.00 of Instead of a course for Oldham, 2026 to 2027",
		"£190.00 for Leanne Hargreaves, instead of Food production, level 2, which would cost £500.00.",
		"I could start as a chef on Monday.", "A set of chef’s knives", "No knives of her own.", "What would remove it: A set of knives.", "Nisbets",
		"Without this request £500.00 of £500.00 left", "If you approve it £310.00 of £500.00 left Committed £190.00",
		"Sent for a decision", "Approve", "Decline", "Send back with a question",
	)
}

func TestApprovingIsCheckedFirstAndConfirmedWithTheReference(t *testing.T) {
	p := start(t)
	r := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 24*time.Hour)
	next := p.asks("Kwame Boateng", "Driver card", priya, time.Hour)
	b := p.as(helen)
	ask := b.get("/decisions/"+r.Id.String()).follow("Approve").sound().wants("Approve: £190.00 for Leanne Hargreaves", "Anything to add (optional)")

	none := ask.press("Continue", fill{"words": "Good luck!"}).sound().wants("Choose a reason.", "Good luck!")
	line := r.Lines[0].Id.String()
	none.wants("Enter which other funding you considered", "Enter why this is a good use of public money.", "Say whether you have an interest.")
	said := yes
	none.press("Continue", with(said, fill{"interest": "declared"})).sound().wants("You have an interest in this request, so somebody else must decide it.")
	none.press("Continue", with(said, fill{"granted-" + line: "190.01"})).sound().wants("Enter £190.00 or less: that is what was asked for.")
	none.press("Continue", with(said, fill{"granted-" + line: "150"})).sound().wants("Choose why not all of it.")
	none.press("Continue", with(said, fill{"granted-" + line: "150", "less-" + line: "not-value-for-money"})).sound().
		wants("£150.00 of £190.00 asked for", "£150.00 of £190.00: ")
	check := none.press("Continue", said).sound().
		wants("£190.00 of £190.00 asked for", "None.", "It costs less than the course.", "Check before you decide", "It removes what stands in the way", "Good luck!", "You can’t take this back.")
	if r.State != funding.Submitted {
		t.Fatalf("the request is %s before the decision was confirmed", r.State)
	}
	check = check.press("Change", nil).sound().wants("Good luck!").press("Continue", fill{"reason": "leads-to-job-offer"}).sound()

	done := check.press("Approve", nil).sound().is(200, "/decisions/"+r.Id.String()+"/done").
		wants("Request approved", r.Reference, "£190.00 is promised for Leanne Hargreaves", "Next in the queue", "Kwame Boateng")
	// A second click on the same form does nothing more, and is answered alike.
	check.press("Approve", nil).is(200, done.url)
	if p.funding.decisions != 1 {
		t.Errorf("%d decisions were taken, want 1", p.funding.decisions)
	}
	if got := r.History[len(r.History)-1]; got.Code != "leads-to-job-offer" || got.Words != "Good luck!" {
		t.Errorf("the decision was kept as %+v", got)
	}
	done.follow("Open the next request").is(200, "/decisions/"+next.Id.String())
}

func TestDecliningNeedsAReasonAndWordsForTheJobseeker(t *testing.T) {
	p := start(t)
	r := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 24*time.Hour)
	ask := p.as(helen).get("/decisions/" + r.Id.String()).follow("Decline").sound().wants("The jobseeker reads exactly this")
	ask.press("Continue", nil).sound().wants("Choose a reason.", "Enter why, for the jobseeker to read.")
	ask.press("Continue", fill{"reason": "other-funding-available", "words": strings.Repeat("x", 2001)}).sound().wants("What you write must be 2000 characters or fewer.")
	ask.press("Continue", fill{"reason": "other-funding-available", "words": "The hotel gives its chefs knives."}).
		press("Decline", nil).sound().wants("Request declined", r.Reference, "can read why", "Nobody else is waiting for your decision.")
	if r.State != funding.Declined || r.DecisionWords != "The hotel gives its chefs knives." {
		t.Errorf("the request is %s with the words %q", r.State, r.DecisionWords)
	}
}

func TestSendingBackNeedsAQuestion(t *testing.T) {
	p := start(t)
	r := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 24*time.Hour)
	ask := p.as(helen).get("/decisions/" + r.Id.String()).follow("Send back with a question").sound()
	ask.press("Continue", fill{"reason": "quote-needed"}).sound().wants("Enter your question.")
	ask.press("Continue", fill{"reason": "quote-needed", "words": "Which set is it?"}).
		press("Send back with a question", nil).sound().wants("Request sent back", "Priya Shah can see your question now.")
	if r.State != funding.Returned {
		t.Errorf("the request is %s, want returned", r.State)
	}
}

func TestNobodyIsOfferedToDecideWhatTheySentIn(t *testing.T) {
	p := start(t)
	r := p.asks("Gary Ogden", "Spanners", dan, time.Hour)
	b := p.as(dan)
	at := b.get("/decisions/" + r.Id.String()).sound().
		wants("You sent this request in yourself, so somebody else has to decide it. Any other manager of Oldham can.").lacks("Your decision")
	b.get(at.url+"/approve").is(200, at.url)
}

func TestSomebodyWhoComesSecondIsToldWhatWasDecidedAndByWhom(t *testing.T) {
	p := start(t)
	r := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 24*time.Hour)
	open := func(who identity.Person) seen {
		return p.as(who).get("/decisions/"+r.Id.String()+"/decline").press("Continue", fill{"reason": "other", "words": "Not now, because of " + who.Name})
	}
	first, second := open(helen), open(marcus)
	first.press("Decline", nil).wants("Request declined")
	at := second.press("Decline", nil).sound().wants("Helen Barlow has already declined this", "There is nothing left to decide.", "Not now, because of Helen Barlow")
	at.follow("See what waits for you").is(200, "/decisions")
	if p.funding.decisions != 1 {
		t.Errorf("%d decisions were taken, want 1", p.funding.decisions)
	}
}

func TestARequestThatChangedInTheMeantimeIsLookedAtAgain(t *testing.T) {
	p := start(t)
	r := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 24*time.Hour)
	check := p.as(helen).get("/decisions/"+r.Id.String()+"/approve").press("Continue", yes)
	p.funding.mu.Lock()
	r.Version = 4 // it went back and came again
	p.funding.mu.Unlock()
	again := check.press("Approve", nil).sound().wants("Dev Patel changed it on 10 March 2026", "The request is now like this", "A set of chef’s knives")
	again.press("Continue", nil).wants("Check before you decide").press("Approve", nil).wants("Request approved")
}

func TestADecisionThatCouldNotBeTakenIsKeptToBeSentAgain(t *testing.T) {
	p := start(t)
	r := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 24*time.Hour)
	p.funding.fails = fault.New(fault.Unavailable, "A part of the service is not answering. Nothing was changed. Try again in a minute.")
	again := p.as(helen).get("/decisions/"+r.Id.String()+"/decline").
		press("Continue", fill{"reason": "not-allowed", "words": "Ask the hotel."}).press("Decline", nil).
		sound().wants("Nothing was changed. Try again in a minute.", "Ask the hotel.")
	again.press("Continue", nil).press("Decline", nil).sound().wants("Request declined")
	if r.DecisionCode != "not-allowed" || p.funding.decisions != 1 {
		t.Errorf("decided %d times, as %q", p.funding.decisions, r.DecisionCode)
	}
}

func TestRequestsAreFoundByReferenceAndState(t *testing.T) {
	p := start(t)
	leanne := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 24*time.Hour)
	p.asks("Kwame Boateng", "Driver card", priya, time.Hour)
	p.funding.requests[1].State = funding.Declined
	bought := p.asks("Gary Ogden", "Spanners", priya, time.Hour)
	bought.State, bought.AwardedPence = funding.Paid, 15000 // of the 190 that were asked for
	p.as(marcus).get("/all-requests").wants("£150.00 Paid")
	p.funding.requests = p.funding.requests[:2]
	all := p.as(marcus).get("/all-requests").sound().wants("2 requests", "Leanne Hargreaves", "Kwame Boateng", "Declined")
	all.press("Show", fill{"q": leanne.Reference}).sound().wants("1 request", "Leanne Hargreaves").lacks("Kwame Boateng")
	all.press("Show", fill{"state": "declined", "area": "Oldham"}).sound().wants("1 request", "Kwame Boateng").lacks("Leanne Hargreaves")
	all.press("Show", fill{"area": "Rochdale"}).sound().wants("No request is like that.").follow("See all requests").wants("2 requests")
}

func (m *memoryFunding) summary(r *funding.Request) funding.RequestSummary {
	s := funding.RequestSummary{
		Id: r.Id, Reference: r.Reference, JobseekerId: r.JobseekerId, AllowanceId: r.Allowance.Id, Area: r.Area, State: r.State,
		CoachId: r.Allowance.CoachId, CoachName: r.Allowance.CoachName, CourseName: r.Allowance.CourseName, Lines: len(r.Lines),
		AskedPence: r.AskedPence, AwardedPence: r.AwardedPence, AvailablePence: r.Allowance.AvailablePence,
		SubmittedAt: r.SubmittedAt, DecidedAt: r.DecidedAt, ChangedAt: r.History[len(r.History)-1].At,
		DecideBy: r.DecideBy, ClockStands: r.ClockStands,
	}
	if len(r.Lines) > 0 {
		s.FirstLine = r.Lines[0].What
	}
	return s
}

// decidable is the rule that nobody decides what they sent in.
func decidable(who identity.Person, r *funding.Request) bool {
	return r.State == funding.Submitted && who.Is(identity.Manager) && who.Covers(r.Area) && r.SubmittedById != who.ID
}

func (m *memoryFunding) seenBy(ctx context.Context, onlyDecidable *bool) []*funding.Request {
	who, _ := identity.From(ctx)
	var seen []*funding.Request
	for _, r := range m.requests {
		switch {
		case onlyDecidable != nil && *onlyDecidable && !decidable(who, r):
		case who.Is(identity.Jobseeker) && (r.State == funding.Draft || r.JobseekerId != m.linked):
		case !who.Is(identity.Jobseeker) && !who.Covers(r.Area):
		case slices.Equal(who.Roles, []identity.Role{identity.Finance}) && r.State != funding.Approved:
		default:
			seen = append(seen, r)
		}
	}
	slices.SortFunc(seen, func(a, b *funding.Request) int { return a.SubmittedAt.Compare(b.SubmittedAt) })
	return seen
}

func (m *memoryFunding) ListRequests(ctx context.Context, in funding.ListRequestsRequestObject) (funding.ListRequestsResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	page := funding.ListRequests200JSONResponse{Items: []funding.RequestSummary{}, Page: 1, Size: 25}
	if in.Params.Size != nil {
		page.Size = *in.Params.Size
	}
	for _, r := range m.seenBy(ctx, in.Params.Decidable) {
		switch {
		case in.Params.State != nil && !slices.Contains(*in.Params.State, r.State):
		case in.Params.Q != nil && !strings.Contains(r.Reference, *in.Params.Q):
		case in.Params.Area != nil && *in.Params.Area != r.Area:
		case in.Params.Automatic != nil && *in.Params.Automatic != (r.Automatic.TermsVersion > 0):
		case in.Params.JobseekerId != nil && *in.Params.JobseekerId != r.JobseekerId:
		default:
			page.Total++
			if len(page.Items) < page.Size {
				page.Items = append(page.Items, m.summary(r))
			}
		}
	}
	return page, nil
}

func (m *memoryFunding) SummariseRequests(ctx context.Context, in funding.SummariseRequestsRequestObject) (funding.SummariseRequestsResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var answer funding.SummariseRequests200JSONResponse
	for _, state := range []funding.State{funding.Draft, funding.Submitted, funding.Approved, funding.Declined, funding.Returned, funding.Withdrawn} {
		total := funding.StateTotal{State: state}
		for _, r := range m.seenBy(ctx, in.Params.Decidable) {
			if r.State == state {
				total.Count++
				total.AskedPence += r.AskedPence
				total.AwardedPence += r.AwardedPence
				if total.Oldest.IsZero() || r.SubmittedAt.Before(total.Oldest) {
					total.Oldest = r.SubmittedAt
				}
			}
		}
		answer.Items = append(answer.Items, total)
	}
	return answer, nil
}

// ListAutomatic lists what was approved automatically, drawn and not looked at.
func (m *memoryFunding) ListAutomatic(ctx context.Context, _ funding.ListAutomaticRequestObject) (funding.ListAutomaticResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	page := funding.ListAutomatic200JSONResponse{Items: []funding.AutomaticApproval{}, Page: 1, Size: 25}
	for _, r := range m.seenBy(ctx, nil) {
		if r.Automatic.Sampled && r.Automatic.Review.ByName == "" {
			page.Items = append(page.Items, funding.AutomaticApproval{Request: m.summary(r), Fund: r.Fund, Automatic: r.Automatic, ReviewState: funding.ReviewWaiting})
			page.Total++
		}
	}
	return page, nil
}

func (m *memoryFunding) ReadRequest(ctx context.Context, in funding.ReadRequestRequestObject) (funding.ReadRequestResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.seenBy(ctx, nil) {
		if r.Id == in.Id {
			return funding.ReadRequest200JSONResponse{Body: m.standing(ctx, r)}, nil
		}
	}
	return nil, fault.New(fault.NotFound, "There is no such request.")
}

// yes is what a manager fills in to approve everything.
var yes = fill{"reason": "removes-need", "other": "None.", "scrutiny": "It costs less than the course.", "interest": "none"}

// with is a form with some of it filled in otherwise.
func with(a, b fill) fill {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

func (m *memoryFunding) ApproveRequest(ctx context.Context, in funding.ApproveRequestRequestObject) (funding.ApproveRequestResponseObject, error) {
	r, err := m.decide(ctx, in.Id, int64(in.Params.IfMatch), funding.Approved, string(in.Body.Code), in.Body.Words)
	return funding.ApproveRequest200JSONResponse{Body: r}, err
}

func (m *memoryFunding) DeclineRequest(ctx context.Context, in funding.DeclineRequestRequestObject) (funding.DeclineRequestResponseObject, error) {
	r, err := m.decide(ctx, in.Id, int64(in.Params.IfMatch), funding.Declined, string(in.Body.Code), in.Body.Words)
	return funding.DeclineRequest200JSONResponse{Body: r}, err
}

func (m *memoryFunding) ReturnRequest(ctx context.Context, in funding.ReturnRequestRequestObject) (funding.ReturnRequestResponseObject, error) {
	r, err := m.decide(ctx, in.Id, int64(in.Params.IfMatch), funding.Returned, string(in.Body.Code), in.Body.Words)
	return funding.ReturnRequest200JSONResponse{Body: r}, err
}

func (m *memoryFunding) decide(ctx context.Context, id uuid.UUID, version int64, to funding.State, code, words string) (funding.Request, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	who, err := identity.From(ctx)
	if err != nil {
		return funding.Request{}, err
	}
	r := m.requests[slices.IndexFunc(m.requests, func(r *funding.Request) bool { return r.Id == id })]
	key := who.ID.String() + db.Key(ctx)
	if fails := m.fails; fails != nil {
		m.fails = nil
		return funding.Request{}, fails
	}
	switch {
	case db.Key(ctx) == "":
		return funding.Request{}, fault.New(fault.Invalid, "A decision came without the form's key.")
	case m.keys[key]:
		return *r, nil
	case r.Version != version:
		return funding.Request{}, fault.Overtaken(overtaken)
	case !decidable(who, r):
		return funding.Request{}, fault.New(fault.Forbidden, "You submitted this request, so somebody else must decide it.")
	}
	if m.keys == nil {
		m.keys = map[string]bool{}
	}
	m.keys[key] = true
	m.decisions++
	r.History = append(r.History, funding.Happening{From: string(r.State), To: to, At: now, ById: who.ID, ByName: who.Name, Code: code, Words: words})
	r.State, r.Version = to, r.Version+1
	r.DecidedAt, r.DecidedById, r.DecidedByName, r.DecisionCode, r.DecisionWords = now, who.ID, who.Name, code, words
	a := &r.Allowance
	if kept := m.allowance(a.Id); kept != nil {
		a = kept
	}
	a.HeldPence -= r.AskedPence
	if to == funding.Approved {
		r.AwardedPence = r.AskedPence
		a.CommittedPence += r.AskedPence
	} else {
		a.AvailablePence += r.AskedPence
	}
	return *r, nil
}

func (m *memoryNeeds) ListJobseekers(ctx context.Context, in needs.ListJobseekersRequestObject) (needs.ListJobseekersResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	who, err := identity.From(ctx)
	page := needs.ListJobseekers200JSONResponse{Items: []needs.JobseekerSummary{}, Page: 1, Size: 25}
	for value, set := range map[*int]*int{&page.Page: in.Params.Page, &page.Size: in.Params.Size} {
		if set != nil {
			*value = *set
		}
	}
	if in.Params.Q != nil {
		m.searched = append(m.searched, *in.Params.Q)
	}
	for _, j := range m.jobseekers {
		switch {
		case in.Params.Ids != nil && !slices.Contains(*in.Params.Ids, j.Id):
		case in.Params.Mine != nil && *in.Params.Mine && j.CoachId != who.ID:
		case in.Params.Unassessed != nil && *in.Params.Unassessed && !m.summary(j).AssessedAt.IsZero():
		case in.Params.Q != nil && !strings.Contains(strings.ToLower(j.Name+" "+j.Email), strings.ToLower(*in.Params.Q)):
		default:
			page.Total++
			if page.Total > (page.Page-1)*page.Size && len(page.Items) < page.Size {
				page.Items = append(page.Items, m.summary(j))
			}
		}
	}
	return page, err
}

func (m *memoryNeeds) ReadJobseeker(_ context.Context, in needs.ReadJobseekerRequestObject) (needs.ReadJobseekerResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, j := range m.jobseekers {
		if j.Id == in.Id {
			return needs.ReadJobseeker200JSONResponse{Body: j}, nil
		}
	}
	return nil, fault.New(fault.NotFound, "There is no such jobseeker, or not one that you can see.")
}

func (m *memoryNeeds) ListNeeds(_ context.Context, in needs.ListNeedsRequestObject) (needs.ListNeedsResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	answer := needs.ListNeeds200JSONResponse{JobseekerId: in.Id, Items: []needs.Need{}}
	for _, a := range m.assessments {
		for _, n := range a.Needs {
			if a.JobseekerId == in.Id && n.Standing == needs.InTheWay {
				answer.Items = append(answer.Items, n)
			}
		}
	}
	return answer, nil
}

func (m *memoryNeeds) ListStatements(context.Context, needs.ListStatementsRequestObject) (needs.ListStatementsResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return needs.ListStatements200JSONResponse{Items: append([]needs.Statement{}, m.statements...)}, nil
}
