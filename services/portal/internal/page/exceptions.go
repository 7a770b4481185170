package page

import (
	"context"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Exceptions are the few requests that may cost more than the course: the coach
// asks, and a senior manager with authority for exceptions answers.
type Exceptions struct{ Deps }

// Register implements web.Page.
func (x Exceptions) Register(g *web.Group) {
	g.Get("/requests/:id/exception", x.ask, identity.Coach)
	g.Post("/requests/:id/exception", x.send, identity.Coach)
	g.Get("/exceptions", x.list, identity.Manager)
	g.Get("/exceptions/:id", x.read, identity.Manager)
	for _, a := range exceptionAnswers {
		g.Get("/exceptions/:id/"+a.path, func(r *http.Request) (web.Answer, error) { return x.askReason(r, a) }, identity.Manager)
		g.Post("/exceptions/:id/"+a.path, func(r *http.Request) (web.Answer, error) { return x.answer(r, a) }, identity.Manager)
	}
}

func exceptionPath(id uuid.UUID) string { return "/exceptions/" + id.String() }

func (x Exceptions) ask(r *http.Request) (web.Answer, error) {
	request, err := x.request(r)
	if err != nil {
		return nil, err
	}
	f := form.New(nil)
	setVersion(f, request)
	return x.showAsk(r, f, request)
}

func (x Exceptions) showAsk(r *http.Request, f *form.Form, request *funding.Request) (web.Answer, error) {
	c, err := x.asking(r.Context(), request)
	if err != nil {
		return nil, err
	}
	if !c.may(funding.AskException) && f.OK() {
		return web.Go(requestPath(request.Id)), nil // which says how it stands
	}
	return web.Show(component.LayoutProps{
		Title: "Ask to spend more than the course costs", Errors: f.Errors(), Before: component.BackLink("Back", overPath(request)),
	}, askException(f, c)), nil
}

func (x Exceptions) send(r *http.Request) (web.Answer, error) {
	id, f, version, err := editIn(r)
	if err != nil {
		return nil, err
	}
	words := f.Required("words", "Say why it takes this much, and why it can’t be had for less.")
	f.AtMost("words", 2000, "What you write")
	var refused error
	if f.OK() {
		_, refused = x.Funding.AskExceptionWithResponse(r.Context(), id, &funding.AskExceptionParams{IfMatch: etag.Version(version)}, funding.AskExceptionJSONRequestBody{Words: words})
		if refused == nil {
			return web.Go(requestPath(id)).Saying("It now waits for a manager with authority for this."), nil
		}
	}
	request, err := x.request(r)
	if err != nil {
		return nil, err
	}
	if refused != nil {
		if request, err = x.again(r, f, request, refused, form.Names{"/words": "words"}); err != nil {
			return nil, err
		}
	}
	return x.showAsk(r, f, request)
}

// toExcept is a page of the requests whose coaches ask to pass the cap.
func (d Deps) toExcept(ctx context.Context, page, size int) (*funding.RequestPage, error) {
	resp, err := d.Funding.ListRequestsWithResponse(ctx, &funding.ListRequestsParams{Exception: new(true), Page: &page, Size: &size})
	if err != nil {
		return nil, err
	}
	return resp.JSON200, nil
}

func (x Exceptions) list(r *http.Request) (web.Answer, error) {
	found, err := x.toExcept(r.Context(), pageOf(r), requestsAPage)
	if err != nil {
		return nil, err
	}
	names, err := x.names(r.Context(), found.Items)
	if err != nil {
		return nil, err
	}
	layout := component.LayoutProps{
		Title: titled("More than the course costs", found.Page, found.Size, found.Total), Before: component.BackLink("To decide", "/decisions"), Wide: true,
	}
	return web.Show(layout, exceptionsToAnswer(found, names)), nil
}

func (x Exceptions) read(r *http.Request) (web.Answer, error) {
	request, err := x.request(r)
	if err != nil {
		return nil, err
	}
	c, err := Decisions(x).about(r.Context(), request)
	if err != nil {
		return nil, err
	}
	papers, err := x.folder(r.Context(), request, "/decisions")
	if err != nil {
		return nil, err
	}
	layout := component.LayoutProps{Title: "More than the course costs: " + request.Reference, Before: component.BackLink("More than the course costs", "/exceptions")}
	return web.Show(layout, exceptionToAnswer(c, papers)), nil
}

// exceptionAnswer is one of the two things that a manager can say.
type exceptionAnswer struct {
	path    string
	verb    funding.Verb
	does    string
	ask     string // for the reason
	reasons []component.Choice
	said    string // once it is done
}

var exceptionAnswers = []exceptionAnswer{
	{
		path: "allow", verb: funding.AllowException, does: "Allow it", ask: "Why is it right to spend more than the course costs?",
		reasons: choices(allowExceptionWords, funding.AllowExceptionCodeLeadsToJobOffer, funding.AllowExceptionCodeNothingCheaper,
			funding.AllowExceptionCodeSeveralNeeds, funding.AllowExceptionCodeOther),
		said: "You have allowed it. The work coach can send the request now, and it is then decided as any other.",
	},
	{
		path: "refuse", verb: funding.RefuseException, does: "Refuse it", ask: "Why not?",
		reasons: choices(refuseExceptionWords, funding.RefuseExceptionCodePossibleForLess, funding.RefuseExceptionCodeOtherFundingAvailable,
			funding.RefuseExceptionCodeNotValueForMoney, funding.RefuseExceptionCodeOther),
		said: "You have refused it. The work coach can read why, and change what is asked for.",
	},
}

func (x Exceptions) askReason(r *http.Request, a exceptionAnswer) (web.Answer, error) {
	request, err := x.request(r)
	if err != nil {
		return nil, err
	}
	return x.showReason(r, form.New(nil), a, request)
}

// showReason asks for the reason of an answer to the request as it is now, and by
// how much it is above the cap now.
func (x Exceptions) showReason(r *http.Request, f *form.Form, a exceptionAnswer, request *funding.Request) (web.Answer, error) {
	if !slices.Contains(request.Can, a.verb) {
		return web.Go(exceptionPath(request.Id)), nil // which says how it stands
	}
	c, err := Decisions(x).about(r.Context(), request)
	if err != nil {
		return nil, err
	}
	setVersion(f, request)
	f.Set("over", money.Pence(request.OverPence).Input())
	return web.Show(component.LayoutProps{
		Title: a.title(c), Errors: f.Errors(), Before: component.BackLink("Back", exceptionPath(request.Id)),
	}, exceptionReason(f, c, a)), nil
}

func (x Exceptions) answer(r *http.Request, a exceptionAnswer) (web.Answer, error) {
	id, f, version, err := editIn(r)
	if err != nil {
		return nil, err
	}
	over := f.Money("over")
	reason := f.Choice("reason", "Choose a reason.", values(a.reasons)...)
	words := f.Required("words", "Say why, for the jobseeker and their work coach to read.")
	f.AtMost("words", 2000, "What you write")
	var refused error
	if f.OK() {
		switch match := etag.Version(version); a.verb {
		case funding.AllowException:
			_, refused = x.Funding.AllowExceptionWithResponse(r.Context(), id, &funding.AllowExceptionParams{IfMatch: match},
				funding.AllowExceptionJSONRequestBody{OverPence: int64(over), Code: funding.AllowExceptionCode(reason), Words: words})
		case funding.RefuseException:
			_, refused = x.Funding.RefuseExceptionWithResponse(r.Context(), id, &funding.RefuseExceptionParams{IfMatch: match},
				funding.RefuseExceptionJSONRequestBody{Code: funding.RefuseExceptionCode(reason), Words: words})
		}
		if refused == nil {
			return web.Go("/exceptions").Saying(a.said), nil
		}
	}
	request, err := x.request(r)
	if err != nil {
		return nil, err
	}
	if refused != nil {
		if request, err = x.again(r, f, request, refused, form.Names{"/words": "words", "/code": "reason"}); err != nil {
			return nil, err
		}
	}
	if !slices.Contains(request.Can, a.verb) {
		return web.Go(exceptionPath(id)).Saying("Nothing was saved: this is no longer there to be answered."), nil
	}
	return x.showReason(r, f, a, request)
}

// excepts reports whether a step is about passing the cap.
func excepts(h funding.Happening) bool {
	return h.Act == funding.DeedAskException || h.Act == funding.DeedAllowException || h.Act == funding.DeedRefuseException
}

// exceptionWords is the reason that was given for an answer.
func exceptionWords(h funding.Happening) string {
	if h.Act == funding.DeedAllowException {
		return wordsFor(allowExceptionWords, funding.AllowExceptionCode(h.Code))
	}
	return wordsFor(refuseExceptionWords, funding.RefuseExceptionCode(h.Code))
}

// lastAbout is the last step of a request that did this.
func lastAbout(r *funding.Request, act funding.Deed) (h funding.Happening) {
	for _, h := range slices.Backward(r.History) {
		if h.Act == act {
			return h
		}
	}
	return h
}
