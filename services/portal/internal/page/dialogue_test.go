package page_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
)

// ListQuestions lists those about a request.
func (m *memoryFunding) ListQuestions(_ context.Context, in funding.ListQuestionsRequestObject) (funding.ListQuestionsResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := funding.ListQuestions200JSONResponse{Items: []funding.Question{}}
	for _, q := range m.questions {
		if q.RequestId == in.Id {
			out.Items = append(out.Items, q)
		}
	}
	return out, nil
}

// FindQuestions lists those of what waits.
func (m *memoryFunding) FindQuestions(ctx context.Context, in funding.FindQuestionsRequestObject) (funding.FindQuestionsResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	me, err := identity.From(ctx)
	out := funding.FindQuestions200JSONResponse{Items: []funding.Question{}, Page: 1, Size: 25}
	for _, q := range m.questions {
		forMe := !me.Is(identity.Jobseeker) || q.To == funding.ToJobseeker
		if m.request(q.RequestId).State == funding.Submitted && (in.Params.Which == funding.QuestionsAnswered) == (q.Answer != "") && forMe {
			out.Items = append(out.Items, q)
		}
	}
	out.Total = len(out.Items)
	return out, err
}

// AskQuestion asks one.
func (m *memoryFunding) AskQuestion(ctx context.Context, in funding.AskQuestionRequestObject) (funding.AskQuestionResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	me, err := identity.From(ctx)
	if err != nil {
		return nil, err
	}
	r := m.request(in.Id)
	id, err := m.messages.once(ctx, *in.Body, func() (uuid.UUID, error) {
		q := funding.Question{
			Id: uuid.New(), RequestId: r.Id, Reference: r.Reference, JobseekerId: r.JobseekerId, To: in.Body.To, Words: in.Body.Words,
			AskedById: me.ID, AskedByName: me.Name, AskedAt: now,
		}
		m.questions = append(m.questions, q)
		return q.Id, nil
	})
	return funding.AskQuestion201JSONResponse{Id: id}, err
}

// AnswerQuestion answers one.
func (m *memoryFunding) AnswerQuestion(ctx context.Context, in funding.AnswerQuestionRequestObject) (funding.AnswerQuestionResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	me, err := identity.From(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(m.questions, func(q funding.Question) bool { return q.Id == in.Id })
	_, err = m.messages.once(ctx, *in.Body, func() (uuid.UUID, error) {
		q := &m.questions[i]
		if q.Answer != "" {
			return uuid.Nil, fault.New(fault.Conflict, "This question has been answered already.")
		}
		q.Answer, q.AnsweredById, q.AnsweredByName, q.AnsweredAt = in.Body.Words, me.ID, me.Name, now
		if me.Is(identity.Jobseeker) {
			q.AnsweredByName = "The jobseeker"
		}
		return q.Id, nil
	})
	return funding.AnswerQuestion200JSONResponse(m.questions[i]), err
}

// ChallengeRequest asks for another look, which fits unless challengesWait.
func (m *memoryFunding) ChallengeRequest(ctx context.Context, in funding.ChallengeRequestRequestObject) (funding.ChallengeRequestResponseObject, error) {
	me, err := identity.From(ctx)
	if err != nil {
		return nil, err
	}
	r, err := m.change(ctx, in.Id, int64(in.Params.IfMatch), *in.Body, func(r *funding.Request) error {
		name := me.Name
		if me.Is(identity.Jobseeker) {
			name = "The jobseeker"
		}
		r.History = append(r.History, funding.Happening{From: "declined", To: funding.Challenged, At: now, ById: me.ID, ByName: name, Words: in.Body.Words})
		r.State = funding.Challenged
		if !m.challengesWait {
			r.History = append(r.History, funding.Happening{From: "challenged", To: funding.Submitted, At: now, ById: me.ID, ByName: name})
			r.State = funding.Submitted
			r.SubmittedAt, r.SubmittedById, r.SubmittedByName = now, me.ID, name
		}
		return nil
	})
	return funding.ChallengeRequest200JSONResponse{Body: r}, err
}

func TestAManagerAsksAndTheJobseekerAnswersFromTheirPhone(t *testing.T) {
	p := start(t)
	r := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 24*time.Hour)
	p.links(r)
	ask := p.as(helen).get("/decisions/"+r.Id.String()).sound().follow("Ask a question").sound().
		wants("You decide nothing by asking.", "£190.00 stays set aside", "Priya Shah, the work coach", "Leanne Hargreaves")
	ask.press("Send the question", nil).sound().wants("Choose whom you ask.", "Enter your question.")
	for range 2 { // as an impatient finger does
		ask.press("Send the question", fill{"to": "jobseeker", "words": "Does the chef lend you knives?"}).sound().is(200, "/decisions/"+r.Id.String()).
			wants("Helen Barlow asked the jobseeker", "Does the chef lend you knives?", "Not answered yet.")
	}
	if n := len(p.funding.questions); n != 1 {
		t.Fatalf("asked %d times", n)
	}
	p.as(helen).get("/decisions").sound().wants("Waiting for an answer", "Helen Barlow asks: “Does the chef lend you knives?”")

	home := p.as(leanne).get("/support").sound().wants("Questions for you", "“Does the chef lend you knives?”")
	p.as(leanne).get("/support/requests/" + r.Id.String()).wants("has a question for you.").lacks("You need not do anything")
	form := home.follow("Answer Helen Barlow").sound().wants("Helen Barlow asked you", "It is about: a set of chef’s knives.")
	form.press("Send your answer", nil).sound().wants("Enter your answer.")
	form.press("Send your answer", fill{"words": "No, I need my own."}).sound().is(200, "/support/requests/"+r.Id.String()).
		wants("Thank you. Your answer is sent.", "You answered", "No, I need my own.")
	p.as(leanne).get("/support").lacks("Questions for you")
	p.as(helen).get("/decisions").sound().wants("Answered, and waiting for you", "The jobseeker answered Helen Barlow: “No, I need my own.”").lacks("Waiting for an answer")
	p.as(priya).get("/requests/"+r.Id.String()).sound().wants("The jobseeker answered", "No, I need my own.")
}

func TestACoachSeesQuestionsFirstAndAnswersThem(t *testing.T) {
	p := start(t)
	j := p.supports("Leanne Hargreaves", priya)
	r := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 24*time.Hour)
	r.JobseekerId = j.Id
	p.as(helen).get("/decisions/"+r.Id.String()+"/ask").press("Send the question", fill{"to": "coach", "words": "Whose quote is this?"})
	work := p.as(priya).get("/work").sound().wants("Helen Barlow has a question about Leanne Hargreaves’ request", "Questions for you", "Whose quote is this?")
	work.follow("Answer the question").sound().press("Send your answer", fill{"words": "Nisbets’, on paper."}).wants("Priya Shah answered", "Nisbets’, on paper.")
	p.as(priya).get("/work").lacks("Questions for you")
	again := p.as(priya).get("/requests/" + r.Id.String() + "/questions/" + p.funding.questions[0].Id.String())
	again.is(200, "/requests/"+r.Id.String()) // there is nothing left to answer
}

func TestAJobseekerIsToldUntilWhenTheyCanAskForAnotherLook(t *testing.T) {
	p := start(t)
	r := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 3*24*time.Hour)
	p.links(r)
	p.as(helen).get("/decisions/"+r.Id.String()+"/decline").press("Continue", fill{"reason": "other", "words": "The hotel gives knives."}).press("Decline", nil)
	p.as(leanne).get("/support/requests/" + r.Id.String()).sound().lacks("another look") // it is too late, or not theirs
	r.ChallengeUntil = openapi.Date{Time: time.Date(2026, 3, 24, 0, 0, 0, 0, time.UTC)}
	p.as(leanne).get("/support").sound().wants("you can ask for another look at a set of chef’s knives until the end of 24 March 2026.")
	ask := p.as(leanne).get("/support/requests/"+r.Id.String()).sound().wants("until the end of 24 March 2026. Somebody else will decide.").
		follow("Ask for another look").sound().wants("Somebody who did not decide this before", "The hotel gives knives.")
	ask.press("Ask for another look", nil).sound().wants("Say why somebody should look at this again.")
	for range 2 {
		ask.press("Ask for another look", fill{"words": "That hotel closed."}).sound().is(200, "/support/requests/"+r.Id.String()).
			wants("Another look asked for You", "That hotel closed.", "Sent to somebody else to decide")
	}
	p.as(helen).get("/decisions/"+r.Id.String()).sound().wants("Sent by the jobseeker in Oldham", "Another look asked for The jobseeker", "That hotel closed.")
}

func TestACoachBringsAChallengeDownToWhatIsLeft(t *testing.T) {
	p := start(t)
	r := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 3*24*time.Hour)
	p.links(r)
	p.funding.challengesWait = true
	p.as(helen).get("/decisions/"+r.Id.String()+"/decline").press("Continue", fill{"reason": "other", "words": "No."}).press("Decline", nil)
	r.ChallengeUntil = openapi.Date{Time: time.Date(2026, 3, 24, 0, 0, 0, 0, time.UTC)}
	p.as(leanne).get("/support/requests/"+r.Id.String()+"/challenge").press("Ask for another look", fill{"words": "I start on Monday."}).sound().
		wants("There is less to spend now than this asks for")
	p.as(leanne).get("/support").sound().wants("You asked for another look. Priya Shah makes it fit what is left")
	p.as(priya).get("/requests/"+r.Id.String()).sound().wants("Leanne Hargreaves asks for another look:", "“I start on Monday.”", "Bring it down to what can be spent")
}

func TestByWhenToDecideIsSaidToWhoDecidesAndToWhoWaits(t *testing.T) {
	p := start(t)
	r := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 24*time.Hour)
	p.as(helen).get("/decisions/"+r.Id.String()).sound().lacks("To be decided", "Was to be decided")
	for _, test := range []struct {
		day    int
		stands bool
		words  string
	}{
		{16, false, "To be decided by 16 March 2026."},
		{16, true, "To be decided by 16 March 2026 if the answer comes today. Days of waiting for it do not count."},
		{10, false, "To be decided today."},
		{9, false, "Was to be decided by 9 March 2026."},
		{9, true, "Was to be decided by 9 March 2026."},
	} {
		r.DecideBy, r.ClockStands = openapi.Date{Time: time.Date(2026, 3, test.day, 0, 0, 0, 0, time.UTC)}, test.stands
		p.links(r)
		if hears := p.as(leanne).get("/support/requests/" + r.Id.String()).sound(); test.stands || test.day < 10 {
			hears.lacks("You should hear by")
		} else {
			hears.wants("You need not do anything. You should hear by " + r.DecideBy.Format("2 January 2006") + ".")
		}
		for _, path := range []string{"/decisions/" + r.Id.String(), "/decisions", "/all-requests"} {
			p.as(helen).get(path).sound().wants(test.words)
		}
		p.as(priya).get("/requests/" + r.Id.String()).sound().wants(test.words)
	}
}

func TestAManagerReadsTheAnswerWhereTheyDecide(t *testing.T) {
	p := start(t)
	r := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 24*time.Hour)
	p.as(helen).get("/decisions/"+r.Id.String()+"/ask").press("Send the question", fill{"to": "coach", "words": "Whose quote is this?"}).
		wants("Whose quote is this?", "Not answered yet.", "Your decision")
	p.as(priya).get("/requests/"+r.Id.String()+"/questions/"+p.funding.questions[0].Id.String()).press("Send your answer", fill{"words": "Nisbets’, on paper."})
	p.as(helen).get("/decisions").sound().follow("Leanne Hargreaves").sound().is(200, "/decisions/"+r.Id.String()).
		wants("Whose quote is this?", "Priya Shah answered", "Nisbets’, on paper.", "Your decision")
}
