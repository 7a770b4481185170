package page

import (
	"context"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/api/outcomes"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Support is what a jobseeker sees: what was agreed for them, what waits, what
// was not agreed and why, and what they said. It is read on old telephones, by
// people under strain: few words, short ones, and no codes.
type Support struct{ Deps }

// Register implements web.Page.
func (s Support) Register(g *web.Group) {
	g.Home(identity.Jobseeker, "Your support", "/support", s.home)
	g.Menu(identity.Jobseeker, "In your words", "/support/words")
	g.Get("/support/words", s.askWords, identity.Jobseeker)
	g.Post("/support/words", s.addWords, identity.Jobseeker)
	g.Get("/support/requests/:id", s.read, identity.Jobseeker)
}

// mostRequests is as many as one page of the contract gives, which is far more
// than anybody has.
const mostRequests = 200

// mostRefusals is of how many requests not agreed the reason is told at once.
// The rest are a link away.
const mostRefusals = 5

// mostAgreed is, likewise, of how many that were agreed the end is told at once.
const mostAgreed = 5

// mine is all that a jobseeker's home shows.
type mine struct {
	*needs.Jobseeker
	agreedPence int64
	requests    []funding.RequestSummary // latest first
	why         map[uuid.UUID]string     // the words written for them, for what was not agreed
	runsOut     map[uuid.UUID]string     // the day on which it ends, for what was agreed and is not used
	needs       []needs.Need             // that stand in the way
	statements  []needs.Statement        // newest first
	questions   *funding.QuestionPage    // for them to answer
	checks      []outcomes.Waiting       // for them to answer, likewise
	ratings     []outcomes.Rating        // of what they can say was useful or not
	until       map[uuid.UUID]string     // the last day to ask for another look, for what was not agreed
	vote        *outcomes.Ballot         // that they have not voted in yet, if there is one
}

// in are their requests in these states.
func (m mine) in(states ...funding.State) []funding.RequestSummary {
	var some []funding.RequestSummary
	for _, r := range m.requests {
		if slices.Contains(states, r.State) {
			some = append(some, r)
		}
	}
	return some
}

func (s Support) home(r *http.Request) (web.Answer, error) {
	ctx := r.Context()
	me, err := s.linked(ctx)
	if err != nil {
		return nil, err
	}
	if me == uuid.Nil {
		return web.Go("/welcome"), nil
	}
	m, err := s.mine(ctx, me)
	if err != nil {
		return nil, err
	}
	return web.Show(component.LayoutProps{Title: "Your support"}, support(m, s.Now())), nil
}

func (s Support) mine(ctx context.Context, me uuid.UUID) (mine, error) {
	jobseeker, err := s.Needs.ReadJobseekerWithResponse(ctx, me)
	if err != nil {
		return mine{}, err
	}
	inTheWay, err := s.Needs.ListNeedsWithResponse(ctx, me)
	if err != nil {
		return mine{}, err
	}
	statements, err := s.Needs.ListStatementsWithResponse(ctx, me)
	if err != nil {
		return mine{}, err
	}
	totals, err := s.Funding.SummariseRequestsWithResponse(ctx, &funding.SummariseRequestsParams{})
	if err != nil {
		return mine{}, err
	}
	requests, err := s.Funding.ListRequestsWithResponse(ctx, &funding.ListRequestsParams{Size: new(mostRequests)})
	if err != nil {
		return mine{}, err
	}
	m := mine{
		Jobseeker: jobseeker.JSON200, needs: inTheWay.JSON200.Items, statements: statements.JSON200.Items,
		agreedPence: totalOf(totals.JSON200.Items, funding.Approved).AwardedPence,
		requests:    requests.JSON200.Items, why: map[uuid.UUID]string{}, until: map[uuid.UUID]string{}, runsOut: map[uuid.UUID]string{},
	}
	agreed := m.in(funding.Approved)
	for _, r := range agreed[:min(len(agreed), mostAgreed)] {
		resp, err := s.Funding.ReadRequestWithResponse(ctx, r.Id)
		if err != nil {
			return mine{}, err
		}
		m.runsOut[r.Id] = runsOut(resp.JSON200)
	}
	if m.questions, err = s.waiting(ctx, funding.QuestionsForMe); err != nil {
		return mine{}, err
	}
	if m.checks, err = s.waitsForMe(ctx); err != nil {
		return mine{}, err
	}
	if m.ratings, err = s.toRate(ctx, me); err != nil {
		return mine{}, err
	}
	if one, ok, err := s.toVoteOn(ctx); err != nil {
		return mine{}, err
	} else if ok {
		m.vote = &one
	}
	refused := m.in(funding.Declined)
	for _, r := range refused[:min(len(refused), mostRefusals)] {
		resp, err := s.Funding.ReadRequestWithResponse(ctx, r.Id)
		if err != nil {
			return mine{}, err
		}
		m.why[r.Id] = resp.JSON200.DecisionWords
		if challengeable(resp.JSON200) {
			m.until[r.Id] = lastDay(resp.JSON200)
		}
	}
	return m, nil
}

func (s Support) read(r *http.Request) (web.Answer, error) {
	me, err := s.linked(r.Context())
	if err != nil {
		return nil, err
	}
	if me == uuid.Nil {
		return web.Go("/welcome"), nil
	}
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	resp, err := s.Funding.ReadRequestWithResponse(r.Context(), id)
	if err != nil {
		return nil, err
	}
	papers, err := s.folder(r.Context(), resp.JSON200, "/support/requests")
	if err != nil {
		return nil, err
	}
	said, err := s.talk(r.Context(), resp.JSON200, "/support/requests")
	if err != nil {
		return nil, err
	}
	layout := component.LayoutProps{Title: forWhat(resp.JSON200), Before: component.BackLink("Your support", "/support")}
	return web.Show(layout, supportRequest(resp.JSON200, said, papers, s.Now())), nil
}

// forWhat is what a request is for, in a few words.
func forWhat(r *funding.Request) string {
	if len(r.Lines) == 0 {
		return "Nothing yet"
	}
	return withMore(r.Lines[0].What, len(r.Lines))
}

// mostWords is the longest that one statement may be.
const mostWords = 4000

func (s Support) askWords(r *http.Request) (web.Answer, error) {
	return s.showWords(r, form.New(nil))
}

func (s Support) showWords(r *http.Request, f *form.Form) (web.Answer, error) {
	me, err := s.linked(r.Context())
	if err != nil {
		return nil, err
	}
	if me == uuid.Nil {
		return web.Go("/welcome"), nil
	}
	statements, err := s.Needs.ListStatementsWithResponse(r.Context(), me)
	if err != nil {
		return nil, err
	}
	layout := component.LayoutProps{Title: "What would get you into work?", Errors: f.Errors(), Before: component.BackLink("Your support", "/support")}
	return web.Show(layout, supportWords(f, statements.JSON200.Items)), nil
}

// addWords shows what was written once more before it is kept, since nobody can
// change it after that.
func (s Support) addWords(r *http.Request) (web.Answer, error) {
	f := form.New(r.PostForm)
	words := f.Required("words", "Write what would get you into work.")
	f.AtMost("words", mostWords, "What you write")
	if !f.OK() || f.Value("step") == "change" {
		return s.showWords(r, f)
	}
	if f.Value("step") != "confirm" {
		layout := component.LayoutProps{Title: "Is this what you want to say?", Before: component.BackLink("Your support", "/support")}
		return web.Show(layout, supportWordsCheck(f)), nil
	}
	me, err := s.linked(r.Context())
	if err != nil {
		return nil, err
	}
	_, err = s.Needs.AddStatementWithResponse(r.Context(), me, &needs.AddStatementParams{}, needs.AddStatementJSONRequestBody{Words: words})
	if err := f.Fail(err, form.Names{"/words": "words"}); err != nil {
		return nil, err
	}
	if !f.OK() {
		return s.showWords(r, f)
	}
	return web.Go("/support").Saying("Thank you. Your words are kept."), nil
}
