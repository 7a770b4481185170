package page

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Proposals is what takes two people: money proposed for a budget, a fund's terms
// and what it pays for, and the answer of the second person.
type Proposals struct{ Deps }

// Register implements web.Page.
func (p Proposals) Register(g *web.Group) {
	g.Get("/budgets/proposals", p.list, bookReaders...)
	g.Get("/budgets/proposals/:id", p.read, bookReaders...)
	g.Post("/budgets/proposals/:id/confirm", p.confirm, treasurers...)
	g.Get("/budgets/proposals/:id/refuse", p.askRefuse, treasurers...)
	g.Post("/budgets/proposals/:id/refuse", p.refuse, treasurers...)
	for _, w := range ways {
		g.Get("/budgets/:id/"+w.path, func(r *http.Request) (web.Answer, error) { return p.askMove(r, w) }, identity.Finance)
		g.Post("/budgets/:id/"+w.path, func(r *http.Request) (web.Answer, error) { return p.move(r, w) }, identity.Finance)
	}
}

const proposalsAPage = 25

func proposalPath(id uuid.UUID) string { return "/budgets/proposals/" + id.String() }

func (p Proposals) list(r *http.Request) (web.Answer, error) {
	waiting := r.URL.Query().Get("waiting") == "yes"
	found, err := p.Funding.ListProposalsWithResponse(r.Context(), &funding.ListProposalsParams{Waiting: &waiting, Page: new(pageOf(r)), Size: new(proposalsAPage)})
	if err != nil {
		return nil, err
	}
	title, query := "All that was proposed", url.Values{}
	if waiting {
		title, query = "Waiting for a second person", url.Values{"waiting": {"yes"}}
	}
	layout := component.LayoutProps{
		Title: titled(title, found.JSON200.Page, found.JSON200.Size, found.JSON200.Total), Before: component.BackLink("Budgets", "/budgets"), Wide: true,
	}
	return web.Show(layout, proposalList(title, query, found.JSON200)), nil
}

func (p Proposals) proposal(r *http.Request) (*funding.Proposal, error) {
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	resp, err := p.Funding.ReadProposalWithResponse(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return resp.JSON200, nil
}

func (p Proposals) read(r *http.Request) (web.Answer, error) {
	return p.show(r, form.New(nil))
}

func (p Proposals) show(r *http.Request, f *form.Form) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	one, err := p.proposal(r)
	if err != nil {
		return nil, err
	}
	layout := component.LayoutProps{Title: proposed(*one), Errors: f.Errors(), Before: component.BackLink("Budgets", "/budgets")}
	return web.Show(layout, proposalView(f, one, me)), nil
}

func (p Proposals) confirm(r *http.Request) (web.Answer, error) {
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	_, err = p.Funding.ConfirmProposalWithResponse(r.Context(), id, &funding.ConfirmProposalParams{})
	switch {
	case err == nil:
		return web.Go(proposalPath(id)).Saying("You confirmed this. It counts from now on."), nil
	case fault.Is(err, fault.Forbidden):
		return web.Go(proposalPath(id)), nil // which says who can
	}
	if err := f.Fail(err, nil); err != nil {
		return nil, err
	}
	return p.show(r, f)
}

func (p Proposals) askRefuse(r *http.Request) (web.Answer, error) {
	one, err := p.proposal(r)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(one.Can, funding.ProposalRefuse) {
		return web.Go(proposalPath(one.Id)), nil
	}
	return p.showRefuse(r, form.New(nil), one)
}

func (p Proposals) showRefuse(r *http.Request, f *form.Form, one *funding.Proposal) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	title := "Refuse what was proposed"
	if one.ById == me.ID {
		title = "Take back what you proposed"
	}
	layout := component.LayoutProps{Title: title, Errors: f.Errors(), Before: component.BackLink("Back to the proposal", proposalPath(one.Id))}
	return web.Show(layout, refuseProposal(f, one, title)), nil
}

func (p Proposals) refuse(r *http.Request) (web.Answer, error) {
	one, err := p.proposal(r)
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	words := f.Required("words", "Say why not.")
	f.AtMost("words", 1000, "What you write")
	if f.OK() {
		_, err := p.Funding.RefuseProposalWithResponse(r.Context(), one.Id, &funding.RefuseProposalParams{}, funding.RefuseProposalJSONRequestBody{Words: words})
		if err == nil {
			return web.Go(proposalPath(one.Id)).Saying("This will not count."), nil
		}
		if err := f.Fail(err, form.Names{"/words": "words"}); err != nil {
			return nil, err
		}
	}
	return p.showRefuse(r, f, one)
}

// way is one of the ways in which money moves, as seen from a budget.
type way struct {
	path  string
	title string // what pressing the button begins
	does  string // the button at its end
	ask   string // for the amount
	out   bool   // of this budget
	other bool   // and into another
}

var ways = []way{
	{path: "give", title: "Give it money", does: "Propose it", ask: "How much it is given"},
	{path: "take", title: "Take money back", does: "Propose it", ask: "How much is taken back", out: true},
	{path: "transfer", title: "Move money to another budget", does: "Propose it", ask: "How much is moved", out: true, other: true},
}

func (p Proposals) askMove(r *http.Request, w way) (web.Answer, error) {
	return p.showMove(r, form.New(nil), w)
}

func (p Proposals) showMove(r *http.Request, f *form.Form, w way) (web.Answer, error) {
	budget, err := p.budget(r, nil)
	if err != nil {
		return nil, err
	}
	others, err := p.others(r, budget, w)
	if err != nil {
		return nil, err
	}
	layout := component.LayoutProps{Title: w.title, Errors: f.Errors(), Before: component.BackLink("Back to the budget", budgetPath(budget.Id))}
	return web.Show(layout, moveMoney(f, budget, others, w)), nil
}

// others are the budgets of the same fund that money can move to.
func (p Proposals) others(r *http.Request, budget *funding.Budget, w way) ([]funding.Budget, error) {
	if !w.other {
		return nil, nil
	}
	found, err := p.Funding.ListBudgetsWithResponse(r.Context(), &funding.ListBudgetsParams{FundId: &budget.Fund.Id, Size: new(200)})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found.JSON200.Items, func(b funding.Budget) bool { return b.Id == budget.Id || b.State == funding.BudgetEnded }), nil
}

func (p Proposals) move(r *http.Request, w way) (web.Answer, error) {
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	body := funding.ProposeMovementJSONRequestBody{ToBudgetId: id}
	if w.out {
		body.FromBudgetId, body.ToBudgetId = id, uuid.Nil
	}
	if w.other {
		body.ToBudgetId, err = uuid.Parse(f.Text("to"))
		f.Want(err == nil, "to", "Choose the budget that the money goes to.")
	}
	amount := f.Money("amount")
	f.Want(f.Error("amount") != "" || amount > 0, "amount", "Enter an amount of 1p or more.")
	f.Want(amount <= money.Most, "amount", "Enter an amount of "+money.Most.String()+" or less.")
	body.Pence = int64(amount)
	body.Reason = f.Required("reason", "Say why.")
	f.AtMost("reason", 1000, "Why")
	if f.OK() {
		resp, err := p.Funding.ProposeMovementWithResponse(r.Context(), &funding.ProposeMovementParams{}, body)
		if err == nil {
			return web.Go(proposalPath(resp.JSON201.Id)).Saying("You proposed this. It counts once somebody else confirms it."), nil
		}
		if fault.Is(err, fault.OverBudget) {
			f.Want(false, "amount", fault.As(err).Message)
		} else if err := f.Fail(err, form.Names{"/pence": "amount", "/reason": "reason", "/to_budget_id": "to"}); err != nil {
			return nil, err
		}
	}
	return p.showMove(r, f, w)
}
