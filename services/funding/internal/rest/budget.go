package rest

import (
	"context"

	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"

	api "github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/budget"
)

// Budgets implements the contract's operations on funds, budgets and what takes
// two people to change about them.
type Budgets struct{ Budgets *budget.Budgets }

// OpenFund adds a fund.
func (h Budgets) OpenFund(ctx context.Context, in api.OpenFundRequestObject) (api.OpenFundResponseObject, error) {
	f, err := h.Budgets.OpenFund(ctx, budget.Fund{Code: in.Body.Code, Name: in.Body.Name, First: in.Body.FirstDay.Time, Last: in.Body.LastDay.Time})
	if err != nil {
		return nil, err
	}
	return api.OpenFund201JSONResponse(fromFund(f)), nil
}

// ListFunds is a page of them.
func (h Budgets) ListFunds(ctx context.Context, in api.ListFundsRequestObject) (api.ListFundsResponseObject, error) {
	page := budgetPage(in.Params.Page, in.Params.Size)
	found, total, err := h.Budgets.Funds(ctx, page)
	if err != nil {
		return nil, err
	}
	return api.ListFunds200JSONResponse{Items: each(found, fromFund), Total: total, Page: page.Number, Size: page.Size}, nil
}

// ReadFund is one fund.
func (h Budgets) ReadFund(ctx context.Context, in api.ReadFundRequestObject) (api.ReadFundResponseObject, error) {
	f, err := h.Budgets.Fund(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.ReadFund200JSONResponse(fromFund(f)), nil
}

// OpenBudget opens one with nothing in it.
func (h Budgets) OpenBudget(ctx context.Context, in api.OpenBudgetRequestObject) (api.OpenBudgetResponseObject, error) {
	b, err := h.Budgets.Open(ctx, in.Body.FundId, in.Body.Area, budget.Year(in.Body.Year))
	if err != nil {
		return nil, err
	}
	return api.OpenBudget201JSONResponse(fromBudget(b)), nil
}

// ListBudgets is a page of them.
func (h Budgets) ListBudgets(ctx context.Context, in api.ListBudgetsRequestObject) (api.ListBudgetsResponseObject, error) {
	page, p := budgetPage(in.Params.Page, in.Params.Size), in.Params
	found, total, err := h.Budgets.List(ctx, budget.Filter{Fund: or(p.FundId, uuid.Nil), Area: or(p.Area, ""), Year: budget.Year(or(p.Year, 0))}, page, or(p.AsAt, openapi.Date{}).Time)
	if err != nil {
		return nil, err
	}
	return api.ListBudgets200JSONResponse{Items: each(found, fromBudget), Total: total, Page: page.Number, Size: page.Size}, nil
}

// ReadBudget is one budget.
func (h Budgets) ReadBudget(ctx context.Context, in api.ReadBudgetRequestObject) (api.ReadBudgetResponseObject, error) {
	b, err := h.Budgets.Get(ctx, in.Id, or(in.Params.AsAt, openapi.Date{}).Time)
	if err != nil {
		return nil, err
	}
	return api.ReadBudget200JSONResponse(fromBudget(b)), nil
}

// ListBudgetLedger is what happened to a budget.
func (h Budgets) ListBudgetLedger(ctx context.Context, in api.ListBudgetLedgerRequestObject) (api.ListBudgetLedgerResponseObject, error) {
	page := budgetPage(in.Params.Page, in.Params.Size)
	found, total, err := h.Budgets.Ledger(ctx, in.Id, or(in.Params.AsAt, openapi.Date{}).Time, page)
	if err != nil {
		return nil, err
	}
	return api.ListBudgetLedger200JSONResponse{Items: each(found, fromPosting), Total: total, Page: page.Number, Size: page.Size}, nil
}

// ProposeMovement proposes that money goes into a budget, out of it, or both.
func (h Budgets) ProposeMovement(ctx context.Context, in api.ProposeMovementRequestObject) (api.ProposeMovementResponseObject, error) {
	p, err := h.Budgets.Move(ctx, in.Body.FromBudgetId, in.Body.ToBudgetId, money.Pence(in.Body.Pence), in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return api.ProposeMovement201JSONResponse(fromProposal(p)), nil
}

// ListTerms is every version of a fund's.
func (h Budgets) ListTerms(ctx context.Context, in api.ListTermsRequestObject) (api.ListTermsResponseObject, error) {
	all, now, err := h.Budgets.Terms(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.ListTerms200JSONResponse{Items: each(all, fromTerms), InForce: now}, nil
}

// ProposeTerms proposes a fund's terms from a day on.
func (h Budgets) ProposeTerms(ctx context.Context, in api.ProposeTermsRequestObject) (api.ProposeTermsResponseObject, error) {
	p, err := h.Budgets.Agree(ctx, in.Id, toTerms(in.Body.Terms), in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return api.ProposeTerms201JSONResponse(fromProposal(p)), nil
}

// ListCategories is what a fund pays for on a day.
func (h Budgets) ListCategories(ctx context.Context, in api.ListCategoriesRequestObject) (api.ListCategoriesResponseObject, error) {
	all, err := h.Budgets.Categories(ctx, in.Id, or(in.Params.On, openapi.Date{}).Time)
	if err != nil {
		return nil, err
	}
	return api.ListCategories200JSONResponse{Items: each(all, fromCategory)}, nil
}

// ProposeCategories proposes what a fund pays for.
func (h Budgets) ProposeCategories(ctx context.Context, in api.ProposeCategoriesRequestObject) (api.ProposeCategoriesResponseObject, error) {
	p, err := h.Budgets.Pay(ctx, in.Id, each(in.Body.Categories, toCategory), in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return api.ProposeCategories201JSONResponse(fromProposal(p)), nil
}

// ListProposals is a page of them.
func (h Budgets) ListProposals(ctx context.Context, in api.ListProposalsRequestObject) (api.ListProposalsResponseObject, error) {
	page, p := budgetPage(in.Params.Page, in.Params.Size), in.Params
	found, total, err := h.Budgets.Proposals(ctx, budget.ProposalFilter{
		Waiting: or(p.Waiting, false), Fund: or(p.FundId, uuid.Nil), Budget: or(p.BudgetId, uuid.Nil), Kind: budget.Kind(or(p.Kind, "")),
	}, page)
	if err != nil {
		return nil, err
	}
	return api.ListProposals200JSONResponse{Items: each(found, fromProposal), Total: total, Page: page.Number, Size: page.Size}, nil
}

// ReadProposal is one of them.
func (h Budgets) ReadProposal(ctx context.Context, in api.ReadProposalRequestObject) (api.ReadProposalResponseObject, error) {
	p, err := h.Budgets.Proposal(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.ReadProposal200JSONResponse(fromProposal(p)), nil
}

// ConfirmProposal makes it count.
func (h Budgets) ConfirmProposal(ctx context.Context, in api.ConfirmProposalRequestObject) (api.ConfirmProposalResponseObject, error) {
	p, err := h.Budgets.Confirm(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.ConfirmProposal200JSONResponse(fromProposal(p)), nil
}

// RefuseProposal ends it.
func (h Budgets) RefuseProposal(ctx context.Context, in api.RefuseProposalRequestObject) (api.RefuseProposalResponseObject, error) {
	p, err := h.Budgets.Refuse(ctx, in.Id, in.Body.Words)
	if err != nil {
		return nil, err
	}
	return api.RefuseProposal200JSONResponse(fromProposal(p)), nil
}

func budgetPage(number, size *int) budget.Page {
	return budget.Page{Number: or(number, 1), Size: or(size, 25)}
}

func fromFund(f budget.Fund) api.Fund {
	return api.Fund{Id: f.ID, Code: f.Code, Name: f.Name, FirstDay: openapi.Date{Time: f.First}, LastDay: openapi.Date{Time: f.Last}}
}

func fromBudget(b budget.Standing) api.Budget {
	return api.Budget{
		Id: b.ID, Fund: fromFund(b.Fund), Area: b.Area, Year: int(b.Year),
		FirstDay: openapi.Date{Time: b.Year.First()}, LastDay: openapi.Date{Time: b.Year.Last()}, State: api.BudgetState(b.State),
		AllocatedPence: int64(b.Allocated), CommittedPence: int64(b.Committed), PaidPence: int64(b.Paid), LeftPence: int64(b.Left()),
		AsAt: openapi.Date{Time: b.AsAt}, AtRiskPence: int64(b.AtRisk),
		Can: each(b.Can, func(v budget.Verb) api.BudgetVerb { return api.BudgetVerb(v) }),
	}
}

func fromPosting(p budget.Posting) api.BudgetPosting {
	return api.BudgetPosting{
		At: p.At, Kind: api.BudgetPostingKind(p.Kind), Pence: int64(p.Pence),
		ProposalId: p.Proposal, Reason: p.Reason, RequestId: p.Request, Reference: p.Reference,
	}
}

func fromProposal(p budget.Pending) api.Proposal {
	out := api.Proposal{
		Id: p.ID, Fund: fromFund(p.Fund), Reason: p.Reason, ById: p.By, ByName: p.ByName, At: p.At, State: api.ProposalWaiting,
		Can: each(p.Can, func(v budget.Verb) api.ProposalVerb { return api.ProposalVerb(v) }),
	}
	if a := p.Answer; a != nil {
		out.State = api.ProposalRefused
		if a.Confirmed {
			out.State = api.ProposalConfirmed
		}
		out.AnsweredById, out.AnsweredByName, out.AnsweredAt, out.AnswerWords = a.By, a.ByName, a.At, a.Words
	}
	if t := p.Terms; t != nil {
		out.Kind, out.Terms = api.ProposalTerms, fromNewTerms(*t)
	}
	if p.Categories != nil {
		out.Kind, out.Categories = api.ProposalCategories, each(p.Categories, fromCategory)
	}
	if m := p.Movement; m != nil {
		out.Kind = api.ProposalMovement
		out.Movement.From, out.Movement.To, out.Movement.Pence = fromBudgetName(m.From), fromBudgetName(m.To), int64(m.Pence)
	}
	return out
}

func fromBudgetName(b *budget.Budget) api.BudgetName {
	if b == nil {
		return api.BudgetName{}
	}
	return api.BudgetName{Id: b.ID, Area: b.Area, Year: int(b.Year)}
}

func toTerms(t api.NewTerms) budget.Terms {
	return budget.Terms{
		First: t.FirstDay.Time, AutoUpTo: money.Pence(t.AutoUpToPence), AutoCategories: t.AutoCategories, SampleOneIn: t.SampleOneIn,
		ExpiresDays: t.ExpiresDays, WarnDays: t.WarnDays, ChallengeDays: t.ChallengeDays, DecideDays: t.DecideDays, ReceiptDays: t.ReceiptDays,
		Exceptions: t.Exceptions,
	}
}

func fromNewTerms(t budget.Terms) api.NewTerms {
	return api.NewTerms{
		FirstDay: openapi.Date{Time: t.First}, AutoUpToPence: int64(t.AutoUpTo), AutoCategories: t.AutoCategories, SampleOneIn: t.SampleOneIn,
		ExpiresDays: t.ExpiresDays, WarnDays: t.WarnDays, ChallengeDays: t.ChallengeDays, DecideDays: t.DecideDays, ReceiptDays: t.ReceiptDays,
		Exceptions: t.Exceptions,
	}
}

func fromTerms(t budget.Terms) api.Terms {
	return api.Terms{
		Version: t.Version, ProposalId: t.Proposal,
		FirstDay: openapi.Date{Time: t.First}, AutoUpToPence: int64(t.AutoUpTo), AutoCategories: t.AutoCategories, SampleOneIn: t.SampleOneIn,
		ExpiresDays: t.ExpiresDays, WarnDays: t.WarnDays, ChallengeDays: t.ChallengeDays, DecideDays: t.DecideDays, ReceiptDays: t.ReceiptDays,
		Exceptions: t.Exceptions,
	}
}

func toCategory(k api.FundCategory) budget.Category {
	return budget.Category{Code: k.Category, Allowed: k.Allowed, Label: k.Label, Words: k.Words, First: k.FirstDay.Time, Last: k.LastDay.Time}
}

func fromCategory(k budget.Category) api.FundCategory {
	return api.FundCategory{
		Category: k.Code, Allowed: k.Allowed, Label: k.Label, Words: k.Words, FirstDay: openapi.Date{Time: k.First}, LastDay: openapi.Date{Time: k.Last},
	}
}
