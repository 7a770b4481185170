package page

import (
	"net/http"
	"time"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Promise is what a coach or a manager does with what was approved and is not
// used: cancel it, or keep it on though it would run out. Each does it from their
// own page of the request.
type Promise struct{ Deps }

// Register implements web.Page.
func (p Promise) Register(g *web.Group) {
	for at, role := range map[string]identity.Role{"/requests": identity.Coach, "/decisions": identity.Manager} {
		for _, e := range endings {
			g.Get(at+"/:id/"+e.path, func(r *http.Request) (web.Answer, error) { return p.ask(r, e, at) }, role)
			g.Post(at+"/:id/"+e.path, func(r *http.Request) (web.Answer, error) { return p.do(r, e, at) }, role)
		}
	}
}

// ending is one of the things that can be done with a promise.
type ending struct {
	path   string
	verb   funding.Verb
	title  string
	does   string // what pressing the button does
	look   component.ButtonKind
	label  string // for the words
	needed string // what is said without them
	said   string // once it is done
	leave  string // the way out
}

var endings = []ending{
	{
		path: "cancel", verb: funding.Cancel, title: "Cancel this approval?", does: "Cancel the approval", look: component.Warning,
		label: "Why is it not needed any more?", needed: "Say why it is not needed any more.",
		said: "The approval is cancelled. What was promised is free again.", leave: "Do not cancel it",
	},
	{
		path: "keep", verb: funding.Keep, title: "Keep this approval on?", does: "Keep it on",
		label: "Why is it still needed?", needed: "Say why it is still needed.",
		said: "The approval is kept on.", leave: "Let it run out",
	},
}

func (p Promise) ask(r *http.Request, e ending, at string) (web.Answer, error) {
	request, err := p.request(r)
	if err != nil {
		return nil, err
	}
	f := form.New(nil)
	setVersion(f, request)
	return p.show(r, f, e, at, request)
}

func (p Promise) show(r *http.Request, f *form.Form, e ending, at string, request *funding.Request) (web.Answer, error) {
	c, err := p.asking(r.Context(), request)
	if err != nil {
		return nil, err
	}
	back := at + "/" + request.Id.String()
	if !c.may(e.verb) && f.OK() {
		return web.Go(back), nil // which says how it stands
	}
	return web.Show(component.LayoutProps{
		Title: e.title, Errors: f.Errors(), Before: component.BackLink("Back to the request", back),
	}, endPromise(f, e, c, back)), nil
}

func (p Promise) do(r *http.Request, e ending, at string) (web.Answer, error) {
	id, f, version, err := editIn(r)
	if err != nil {
		return nil, err
	}
	words := f.Required("words", e.needed)
	f.AtMost("words", 2000, "What you write")
	var refused error
	if f.OK() {
		switch e.verb {
		case funding.Cancel:
			_, refused = p.Funding.CancelRequestWithResponse(r.Context(), id, &funding.CancelRequestParams{IfMatch: etag.Version(version)}, funding.CancelRequestJSONRequestBody{Words: words})
		case funding.Keep:
			_, refused = p.Funding.KeepRequestWithResponse(r.Context(), id, &funding.KeepRequestParams{IfMatch: etag.Version(version)}, funding.KeepRequestJSONRequestBody{Words: words})
		}
		if refused == nil {
			return web.Go(at + "/" + id.String()).Saying(e.said), nil
		}
	}
	request, err := p.request(r)
	if err != nil {
		return nil, err
	}
	if refused != nil {
		if request, err = p.again(r, f, request, refused, form.Names{"/words": "words"}); err != nil {
			return nil, err
		}
	}
	return p.show(r, f, e, at, request)
}

// runsOut says on which day an approval ends that nobody has used, or is empty.
func runsOut(r *funding.Request) string {
	if r.State != funding.Approved || r.RunsOutOn.IsZero() {
		return ""
	}
	return component.Day(r.RunsOutOn.Time)
}

// keptOn is, for a Timeline, that a request was kept on, if it was.
func keptOn(r *funding.Request) (component.Happening, bool) {
	return component.Happening{
		When: r.KeptOn.At, Who: r.KeptOn.ByName, What: "Kept on until " + component.Day(r.KeptOn.Until.Time), Why: r.KeptOn.Words,
	}, r.KeptOn.At.After(time.Time{})
}
