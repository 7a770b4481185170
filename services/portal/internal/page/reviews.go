package page

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Reviews is a manager's look at what funds approved by their own rule, as far as
// chance drew it: one after the other, with the answer to one question.
type Reviews struct{ Deps }

// Register implements web.Page.
func (v Reviews) Register(g *web.Group) {
	g.Get("/reviews", v.list, identity.Manager)
	g.Get("/reviews/:id", v.read, identity.Manager)
	g.Post("/reviews/:id", v.say, identity.Manager)
}

func reviewPath(id uuid.UUID) string { return "/reviews/" + id.String() }

// toReview is a page of what waits for a review.
func (d Deps) toReview(r *http.Request, page, size int) (*funding.AutomaticPage, error) {
	resp, err := d.Funding.ListAutomaticWithResponse(r.Context(), &funding.ListAutomaticParams{Review: new(funding.ReviewWaiting), Page: &page, Size: &size})
	if err != nil {
		return nil, err
	}
	return resp.JSON200, nil
}

func (v Reviews) list(r *http.Request) (web.Answer, error) {
	found, err := v.toReview(r, pageOf(r), requestsAPage)
	if err != nil {
		return nil, err
	}
	var requests []funding.RequestSummary
	for _, a := range found.Items {
		requests = append(requests, a.Request)
	}
	names, err := v.names(r.Context(), requests)
	if err != nil {
		return nil, err
	}
	layout := component.LayoutProps{
		Title: titled("Automatic approvals to look at", found.Page, found.Size, found.Total), Before: component.BackLink("To decide", "/decisions"), Wide: true,
	}
	return web.Show(layout, reviewsToDo(found, names)), nil
}

func (v Reviews) read(r *http.Request) (web.Answer, error) { return v.show(r, form.New(nil)) }

func (v Reviews) show(r *http.Request, f *form.Form) (web.Answer, error) {
	request, err := v.request(r)
	if err != nil {
		return nil, err
	}
	if !automatic(request) {
		return web.Go(decisionPath(request.Id)), nil
	}
	c, err := Decisions(v).about(r.Context(), request)
	if err != nil {
		return nil, err
	}
	layout := component.LayoutProps{
		Title: "Review of " + request.Reference, Errors: f.Errors(), Before: component.BackLink("Automatic approvals to look at", "/reviews"),
	}
	return web.Show(layout, review(f, c)), nil
}

// say keeps the answer. Who would have approved it as well goes on to the next, and
// who would not have sees what can be done.
func (v Reviews) say(r *http.Request) (web.Answer, error) {
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	agrees := f.Choice("agrees", "Say whether you would have approved it.", "yes", "no") == "yes"
	words := f.Text("words")
	f.Want(words != "" || agrees || f.Value("agrees") == "", "words", "Say why you would not have approved it.")
	f.AtMost("words", 2000, "What you write")
	if f.OK() {
		_, err := v.Funding.ReviewAutomaticWithResponse(r.Context(), id, nil, funding.ReviewAutomaticJSONRequestBody{Agrees: agrees, Words: words})
		switch {
		case err == nil && agrees:
			return web.Go("/reviews").Saying("Your review is kept."), nil
		case err == nil:
			return web.Go(reviewPath(id)).Saying("Your review is kept."), nil
		case fault.Is(err, fault.Conflict), fault.Is(err, fault.Forbidden):
			return web.Go(reviewPath(id)), nil // which says how it stands
		}
		if err := f.Fail(err, form.Names{"/words": "words"}); err != nil {
			return nil, err
		}
	}
	return v.show(r, f)
}

// automatic reports whether the fund's own rule approved a request.
func automatic(r *funding.Request) bool { return r.Automatic.TermsVersion > 0 }

// reviewable reports whether whoever looks is asked what they think of it.
func reviewable(r *funding.Request) bool { return slices.Contains(r.Can, funding.Review) }

// byRule is what a filter sends for requests that nobody had to decide.
const byRule = "rule"

// decidedBy reads whether only those are looked for.
func decidedBy(f *form.Form, params *funding.ListRequestsParams) {
	if f.Text("by") == byRule {
		params.Automatic = new(true)
	}
}

// approvedByRule is where all that was approved automatically is listed.
var approvedByRule = "/all-requests?" + url.Values{"by": {byRule}}.Encode()
