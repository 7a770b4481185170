package page

import (
	"context"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Dialogue is what people say to each other about a request: a question before
// it is decided and its answer, and the wish for another look after.
type Dialogue struct{ Deps }

// Register implements web.Page.
func (d Dialogue) Register(g *web.Group) {
	g.Get("/decisions/:id/ask", d.askManager, identity.Manager)
	g.Post("/decisions/:id/ask", d.ask, identity.Manager)
	for role, base := range map[identity.Role]string{identity.Coach: "/requests", identity.Jobseeker: "/support/requests"} {
		g.Get(base+"/:id/questions/:question", func(r *http.Request) (web.Answer, error) { return d.showAnswer(r, base, form.New(nil)) }, role)
		g.Post(base+"/:id/questions/:question", func(r *http.Request) (web.Answer, error) { return d.answer(r, base) }, role)
		g.Get(base+"/:id/challenge", func(r *http.Request) (web.Answer, error) { return d.askChallenge(r, base) }, role)
		g.Post(base+"/:id/challenge", func(r *http.Request) (web.Answer, error) { return d.challenge(r, base) }, role)
	}
}

// talk is what was asked about a request, for somebody whose pages of requests
// begin with base.
type talk struct {
	*funding.Request
	base string
	all  []funding.Question
}

func (d Deps) talk(ctx context.Context, r *funding.Request, base string) (talk, error) {
	resp, err := d.Funding.ListQuestionsWithResponse(ctx, r.Id)
	if err != nil {
		return talk{}, err
	}
	return talk{r, base, resp.JSON200.Items}, nil
}

func (t talk) at() string { return t.base + "/" + t.Id.String() }

// mine reports whether a question waits for whoever looks: a coach may answer
// any, the jobseeker what they were asked.
func (t talk) mine(q funding.Question) bool {
	if q.Answer != "" || t.State != funding.Submitted {
		return false
	}
	return t.base == "/requests" || t.base == "/support/requests" && q.To == funding.ToJobseeker
}

// waiting is one page of questions that wait, as a home shows them.
func (d Deps) waiting(ctx context.Context, which funding.Questions) (*funding.QuestionPage, error) {
	resp, err := d.Funding.FindQuestionsWithResponse(ctx, &funding.FindQuestionsParams{Which: which, Size: new(aFew)})
	if err != nil {
		return nil, err
	}
	return resp.JSON200, nil
}

func (d Dialogue) askManager(r *http.Request) (web.Answer, error) { return d.showAsk(r, form.New(nil)) }

func (d Dialogue) showAsk(r *http.Request, f *form.Form) (web.Answer, error) {
	request, err := d.request(r)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(request.Can, funding.Decline) {
		return web.Go(decisionPath(request.Id)), nil // which says who can
	}
	jobseeker, err := d.Needs.ReadJobseekerWithResponse(r.Context(), request.JobseekerId)
	if err != nil {
		return nil, err
	}
	return web.Show(component.LayoutProps{
		Title: "Ask a question", Errors: f.Errors(), Before: component.BackLink("Back to the request", decisionPath(request.Id)),
	}, askQuestion(f, request, jobseeker.JSON200)), nil
}

func (d Dialogue) ask(r *http.Request) (web.Answer, error) {
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	to := f.Choice("to", "Choose whom you ask.", string(funding.ToCoach), string(funding.ToJobseeker))
	words := f.Required("words", "Enter your question.")
	f.AtMost("words", 2000, "Your question")
	if f.OK() {
		_, err := d.Funding.AskQuestionWithResponse(r.Context(), id, &funding.AskQuestionParams{},
			funding.AskQuestionJSONRequestBody{To: funding.Addressee(to), Words: words})
		if err := f.Fail(err, form.Names{"/to": "to", "/words": "words"}); err != nil {
			return nil, err
		}
	}
	if !f.OK() {
		return d.showAsk(r, f)
	}
	return web.Go(decisionPath(id)).Saying("Your question is sent. The request waits for you as before."), nil
}

func (d Dialogue) showAnswer(r *http.Request, base string, f *form.Form) (web.Answer, error) {
	request, err := d.request(r)
	if err != nil {
		return nil, err
	}
	id, err := idIn(r, "question")
	if err != nil {
		return nil, err
	}
	t, err := d.talk(r.Context(), request, base)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(t.all, func(q funding.Question) bool { return q.Id == id && t.mine(q) })
	if i < 0 {
		return web.Go(t.at()), nil // which shows what was answered, or decided
	}
	return web.Show(component.LayoutProps{
		Title: "Answer a question", Errors: f.Errors(), Before: component.BackLink("Back", t.at()),
	}, answerQuestion(f, t, t.all[i])), nil
}

func (d Dialogue) answer(r *http.Request, base string) (web.Answer, error) {
	request, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	id, err := idIn(r, "question")
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	words := f.Required("words", "Enter your answer.")
	f.AtMost("words", 2000, "Your answer")
	if f.OK() {
		_, err := d.Funding.AnswerQuestionWithResponse(r.Context(), id, &funding.AnswerQuestionParams{}, funding.AnswerQuestionJSONRequestBody{Words: words})
		if err := f.Fail(err, form.Names{"/words": "words"}); err != nil {
			return nil, err
		}
	}
	if !f.OK() {
		return d.showAnswer(r, base, f)
	}
	return web.Go(base + "/" + request.String()).Saying("Thank you. Your answer is sent."), nil
}

// challengeable reports whether another look can be asked for today by whoever
// looks.
func challengeable(r *funding.Request) bool {
	return slices.Contains(r.Can, funding.Challenge) && !r.ChallengeUntil.IsZero()
}

// lastDay is until when another look can be asked for, in words.
func lastDay(r *funding.Request) string { return component.Day(r.ChallengeUntil.Time) }

func (d Dialogue) askChallenge(r *http.Request, base string) (web.Answer, error) {
	request, err := d.request(r)
	if err != nil {
		return nil, err
	}
	f := form.New(nil)
	setVersion(f, request)
	return d.showChallenge(f, request, base), nil
}

func (d Dialogue) showChallenge(f *form.Form, request *funding.Request, base string) web.Answer {
	at := base + "/" + request.Id.String()
	if !challengeable(request) && f.OK() {
		return web.Go(at) // which says how it stands
	}
	return web.Show(component.LayoutProps{
		Title: "Ask for another look", Errors: f.Errors(), Before: component.BackLink("Back", at),
	}, challengeRequest(f, request, at))
}

func (d Dialogue) challenge(r *http.Request, base string) (web.Answer, error) {
	f := form.New(r.PostForm)
	words := f.Required("words", "Say why somebody should look at this again.")
	f.AtMost("words", 2000, "What you write")
	version, err := versionIn(f)
	if err != nil {
		return nil, err
	}
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	if f.OK() {
		_, err := d.Funding.ChallengeRequestWithResponse(r.Context(), id, &funding.ChallengeRequestParams{IfMatch: etag.Version(version)}, funding.ChallengeRequestJSONRequestBody{Words: words})
		if fault.Is(err, fault.Conflict) || fault.Is(err, fault.Stale) {
			return web.Go(base + "/" + id.String()), nil // which says how it stands
		}
		if err := f.Fail(err, form.Names{"/words": "words"}); err != nil {
			return nil, err
		}
	}
	if !f.OK() {
		request, err := d.request(r)
		if err != nil {
			return nil, err
		}
		return d.showChallenge(f, request, base), nil
	}
	return web.Go(base + "/" + id.String()).Saying("Thank you. Somebody else will look at this again."), nil
}

// namesOfQuestions puts names beside the ids of those whom questions are about.
func (d Deps) namesOfQuestions(ctx context.Context, pages ...*funding.QuestionPage) (map[uuid.UUID]string, error) {
	var about []funding.RequestSummary
	for _, p := range pages {
		for _, q := range p.Items {
			about = append(about, funding.RequestSummary{JobseekerId: q.JobseekerId})
		}
	}
	return d.names(ctx, about)
}
