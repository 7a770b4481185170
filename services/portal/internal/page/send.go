package page

import (
	"net/http"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Send asks for a decision: it shows the whole request to be checked, sends it,
// and confirms that it was sent. It also takes a request back.
type Send struct{ Deps }

// Register implements web.Page.
func (s Send) Register(g *web.Group) {
	g.Get("/requests/:id/check", s.check, identity.Coach)
	g.Post("/requests/:id/check", s.submit, identity.Coach)
	g.Get("/requests/:id/sent", s.sent, identity.Coach)
	g.Get("/requests/:id/withdraw", s.askWithdraw, identity.Coach)
	g.Post("/requests/:id/withdraw", s.withdraw, identity.Coach)
}

func overPath(r *funding.Request) string { return requestPath(r.Id) + "/over" }

func (s Send) check(r *http.Request) (web.Answer, error) {
	request, otherwise, err := s.editable(r)
	if err != nil || otherwise != nil {
		return otherwise, err
	}
	f := form.New(nil)
	setVersion(f, request)
	return s.showCheck(r, f, request)
}

func (s Send) showCheck(r *http.Request, f *form.Form, request *funding.Request) (web.Answer, error) {
	c, err := s.asking(r.Context(), request)
	if err != nil {
		return nil, err
	}
	switch {
	case len(c.Lines) == 0:
		return web.Go(requestPath(c.Id)), nil
	case c.over() > 0:
		return web.Go(overPath(c.Request)), nil
	}
	return web.Show(component.LayoutProps{
		Title: "Check before you send", Errors: f.Errors(), Before: component.BackLink("Back to the request", requestPath(c.Id)),
	}, checkRequest(f, c)), nil
}

// submit sends what was checked. Sent already is sent: the second of two clicks
// comes to the same page.
func (s Send) submit(r *http.Request) (web.Answer, error) {
	id, f, version, err := editIn(r)
	if err != nil {
		return nil, err
	}
	resp, err := s.Funding.SubmitRequestWithResponse(r.Context(), id, &funding.SubmitRequestParams{IfMatch: etag.Version(version)})
	switch {
	case err == nil:
		return web.Go(requestPath(resp.JSON200.Id) + "/sent"), nil
	case fault.Is(err, fault.OverCap):
		return web.Go(requestPath(id) + "/over"), nil
	case fault.Is(err, fault.Unavailable):
		return notSent(f, id.String()), nil
	}
	request, readErr := s.request(r)
	if readErr != nil {
		return nil, readErr
	}
	if request.State == funding.Submitted || automatic(request) {
		return web.Go(requestPath(id) + "/sent"), nil
	}
	if request, err = s.again(r, f, request, err, nil); err != nil {
		return nil, err
	}
	return s.showCheck(r, f, request)
}

// notSent offers to try again with the same key, so that a request that was
// sent after all is not sent twice. The page asks nobody for anything: whatever
// does not answer would not answer for it either.
func notSent(f *form.Form, id string) web.Answer {
	return web.Show(component.LayoutProps{
		Title: "It could not be sent just now", Before: component.BackLink("Back to the request", "/requests/"+id),
	}, tryAgain(f, "/requests/"+id))
}

func (s Send) sent(r *http.Request) (web.Answer, error) {
	request, err := s.request(r)
	if err != nil {
		return nil, err
	}
	if request.State != funding.Submitted && (request.State != funding.Approved || !automatic(request)) {
		return web.Go(requestPath(request.Id)), nil
	}
	c, err := s.asking(r.Context(), request)
	if err != nil {
		return nil, err
	}
	if automatic(request) {
		return web.Show(component.LayoutProps{Title: "Approved automatically"}, sentAndApproved(c)), nil
	}
	return web.Show(component.LayoutProps{Title: "Sent for a decision"}, sent(c)), nil
}

func (s Send) askWithdraw(r *http.Request) (web.Answer, error) {
	request, err := s.request(r)
	if err != nil {
		return nil, err
	}
	f := form.New(nil)
	setVersion(f, request)
	return s.showWithdraw(r, f, request)
}

func (s Send) showWithdraw(r *http.Request, f *form.Form, request *funding.Request) (web.Answer, error) {
	c, err := s.asking(r.Context(), request)
	if err != nil {
		return nil, err
	}
	if !c.may(funding.Withdraw) {
		return web.Go(requestPath(request.Id)), nil
	}
	return web.Show(component.LayoutProps{
		Title: "Withdraw this request?", Errors: f.Errors(), Before: component.BackLink("Back to the request", requestPath(c.Id)),
	}, withdraw(f, c)), nil
}

func (s Send) withdraw(r *http.Request) (web.Answer, error) {
	id, f, version, err := editIn(r)
	if err != nil {
		return nil, err
	}
	words := f.Text("words")
	f.AtMost("words", 2000, "What you write")
	if f.OK() {
		_, err := s.Funding.WithdrawRequestWithResponse(r.Context(), id, &funding.WithdrawRequestParams{IfMatch: etag.Version(version)}, funding.WithdrawRequestJSONRequestBody{Words: words})
		if err == nil {
			return web.Go(requestPath(id)).Saying("The request is withdrawn."), nil
		}
		if err := f.Fail(err, form.Names{"/words": "words"}); err != nil {
			return nil, err
		}
		if fault.Is(err, fault.Stale) {
			f.Set(theirs, "yes")
		}
	}
	request, err := s.request(r)
	if err != nil {
		return nil, err
	}
	setVersion(f, request)
	return s.showWithdraw(r, f, request)
}
