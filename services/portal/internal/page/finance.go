package page

import (
	"net/http"
	"net/url"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Finance is what was approved and is to be paid. It shows what a payment
// needs and no more: who the jobseeker is, and why they need it, is not
// finance's to know.
type Finance struct{ Deps }

// Register implements web.Page.
func (p Finance) Register(g *web.Group) {
	g.Home(identity.Finance, "To pay", "/to-pay", p.list)
	g.Get("/to-pay/:id", p.read, identity.Finance)
}

// payable are the states in which money is promised.
var payable = []funding.State{funding.Approved}

func (p Finance) list(r *http.Request) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	f := form.New(url.Values{"q": r.URL.Query()["q"], "area": r.URL.Query()["area"]})
	params := requestFilter(f, me, payable)
	params.Page, params.Size = new(pageOf(r)), new(requestsAPage)
	found := &funding.RequestPage{Page: 1, Size: requestsAPage}
	if f.OK() {
		resp, err := p.Funding.ListRequestsWithResponse(r.Context(), params)
		if err != nil {
			return nil, err
		}
		found = resp.JSON200
	}
	all, err := p.Funding.SummariseRequestsWithResponse(r.Context(), &funding.SummariseRequestsParams{})
	if err != nil {
		return nil, err
	}
	layout := component.LayoutProps{Title: titled("To pay", found.Page, found.Size, found.Total), Errors: f.Errors(), Wide: true}
	return web.Show(layout, toPay(f, me.Areas, found, totalOf(all.JSON200.Items, funding.Approved))), nil
}

func (p Finance) read(r *http.Request) (web.Answer, error) {
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	resp, err := p.Funding.ReadRequestWithResponse(r.Context(), id)
	if err != nil {
		return nil, err
	}
	layout := component.LayoutProps{Title: "Pay for request " + resp.JSON200.Reference, Before: component.BackLink("To pay", "/to-pay")}
	return web.Show(layout, payView(resp.JSON200)), nil
}
