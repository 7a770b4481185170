package page

import (
	"net/http"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Over is where a coach is led whose request asks for more than there is: by
// how much, and what can be done about it.
type Over struct{ Deps }

// Register implements web.Page.
func (o Over) Register(g *web.Group) {
	g.Get("/requests/:id/over", o.choose, identity.Coach)
	g.Get("/requests/:id/reduction", o.propose, identity.Coach)
	g.Post("/requests/:id/reduction", o.reduce, identity.Coach)
	g.Get("/requests/:id/elsewhere", o.askElsewhere, identity.Coach)
	g.Post("/requests/:id/elsewhere", o.elsewhere, identity.Coach)
}

func (o Over) choose(r *http.Request) (web.Answer, error) {
	request, otherwise, err := o.editable(r)
	if err != nil || otherwise != nil {
		return otherwise, err
	}
	c, err := o.asking(r.Context(), request)
	if err != nil {
		return nil, err
	}
	if c.over() == 0 {
		return web.Go(requestPath(request.Id)), nil
	}
	return web.Show(component.LayoutProps{
		Title: "This is more than can be spent", Wide: true, Before: component.BackLink("Back to the request", requestPath(request.Id)),
	}, overTheCap(c)), nil
}

func (o Over) propose(r *http.Request) (web.Answer, error) {
	request, otherwise, err := o.editable(r)
	if err != nil || otherwise != nil {
		return otherwise, err
	}
	f := form.New(nil)
	setVersion(f, request)
	return o.showProposal(r, f, request)
}

func (o Over) showProposal(r *http.Request, f *form.Form, request *funding.Request) (web.Answer, error) {
	resp, err := o.Funding.ProposeReductionWithResponse(r.Context(), request.Id)
	if err != nil {
		return nil, err
	}
	proposal := resp.JSON200
	switch {
	case proposal.OverPence == 0:
		return web.Go(requestPath(request.Id)), nil
	case len(proposal.Lines) == 0:
		return web.Go(overPath(request)), nil
	}
	return web.Show(component.LayoutProps{
		Title: "Ask for what is left", Errors: f.Errors(), Before: component.BackLink("Back", overPath(request)),
	}, reduction(f, request, proposal)), nil
}

// reduce takes the proposal that was shown. It is worked out again from the
// same version of the request, and so is the same.
func (o Over) reduce(r *http.Request) (web.Answer, error) {
	request, otherwise, err := o.editable(r)
	if err != nil || otherwise != nil {
		return otherwise, err
	}
	f := form.New(r.PostForm)
	version, err := versionIn(f)
	if err != nil {
		return nil, err
	}
	resp, err := o.Funding.ProposeReductionWithResponse(r.Context(), request.Id)
	if err != nil {
		return nil, err
	}
	proposal := resp.JSON200
	if proposal.OverPence == 0 { // by the first of two clicks
		return web.Go(requestPath(request.Id)), nil
	}
	f.WantWhole(f.Value("fits") == money.Pence(proposal.AvailablePence).Input(), "What can be spent has changed since you opened this page. Look at the new proposal first.")
	if f.OK() {
		err := o.edit(r.Context(), request, version, func(e *funding.RequestEdit) { e.Lines = newLines(proposal.Lines) })
		if err == nil {
			return web.Go(requestPath(request.Id)).Saying("The request now fits what can be spent."), nil
		}
		if request, err = o.again(r, f, request, err, nil); err != nil {
			return nil, err
		}
	}
	return o.showProposal(r, f, request)
}

func (o Over) askElsewhere(r *http.Request) (web.Answer, error) {
	request, otherwise, err := o.editable(r)
	if err != nil || otherwise != nil {
		return otherwise, err
	}
	c, err := o.asking(r.Context(), request)
	if err != nil {
		return nil, err
	}
	f := form.New(nil)
	setVersion(f, request)
	if rest := c.Elsewhere.Pence + c.over(); rest > 0 {
		f.Set("amount", money.Pence(rest).Input())
	}
	f.Set("from", c.Elsewhere.From)
	return showElsewhere(f, c), nil
}

func showElsewhere(f *form.Form, c asking) web.Answer {
	return web.Show(component.LayoutProps{
		Title: "What does somebody else pay?", Errors: f.Errors(), Before: component.BackLink("Back to the request", requestPath(c.Id)),
	}, elsewhere(f, c))
}

func (o Over) elsewhere(r *http.Request) (web.Answer, error) {
	request, otherwise, err := o.editable(r)
	if err != nil || otherwise != nil {
		return otherwise, err
	}
	f := form.New(r.PostForm)
	version, err := versionIn(f)
	if err != nil {
		return nil, err
	}
	var pays funding.Elsewhere
	if f.Value("step") != "nobody" {
		amount := f.Money("amount")
		f.Want(amount > 0, "amount", "Enter an amount of 1p or more.")
		pays = funding.Elsewhere{Pence: int64(amount), From: f.Required("from", "Enter who pays it.")}
		f.AtMost("from", 200, "Who pays it")
	}
	if f.OK() {
		if request.Version != version && request.Elsewhere == pays { // by the first of two clicks
			return web.Go(requestPath(request.Id)), nil
		}
		err := o.edit(r.Context(), request, version, func(e *funding.RequestEdit) { e.Elsewhere = pays })
		if err == nil {
			return web.Go(requestPath(request.Id)), nil
		}
		if request, err = o.again(r, f, request, err, form.Names{"/elsewhere/pence": "amount", "/elsewhere/from": "from"}); err != nil {
			return nil, err
		}
	}
	c, err := o.asking(r.Context(), request)
	if err != nil {
		return nil, err
	}
	return showElsewhere(f, c), nil
}
