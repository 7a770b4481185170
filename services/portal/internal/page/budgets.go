package page

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Budgets is how much there is: each budget with what is left first, and all that
// happened to it. The day that the figures are of is in the address, so that a
// page as at a day can be kept and sent on.
type Budgets struct{ Deps }

// Register implements web.Page.
func (b Budgets) Register(g *web.Group) {
	for _, role := range bookReaders {
		g.Menu(role, "Budgets", "/budgets")
	}
	g.Get("/budgets", b.list, bookReaders...)
	g.Get("/budgets/new", b.askOpen, identity.Finance)
	g.Post("/budgets/new", b.open, identity.Finance)
	g.Get("/budgets/:id", b.read, bookReaders...)
}

// treasurers are the roles that look after money, and bookReaders those that may
// see how it is looked after.
var (
	treasurers  = []identity.Role{identity.Manager, identity.Finance}
	bookReaders = []identity.Role{identity.Manager, identity.Finance, identity.Auditor}
)

const (
	budgetsAPage = 50
	postingsPage = 25
)

func (b Budgets) list(r *http.Request) (web.Answer, error) {
	ctx := r.Context()
	me, err := identity.From(ctx)
	if err != nil {
		return nil, err
	}
	f := form.New(r.URL.Query())
	params := &funding.ListBudgetsParams{Page: new(pageOf(r)), Size: new(budgetsAPage), AsAt: b.asAt(f)}
	if area := f.Text("area"); me.Covers(area) {
		params.Area = &area
	}
	if year, err := strconv.Atoi(f.Text("year")); err == nil && slices.Contains(b.years(), year) {
		params.Year = &year
	}
	found, err := b.Funding.ListBudgetsWithResponse(ctx, params)
	if err != nil {
		return nil, err
	}
	waiting, err := b.Funding.ListProposalsWithResponse(ctx, &funding.ListProposalsParams{Waiting: new(true), Size: new(1)})
	if err != nil {
		return nil, err
	}
	layout := component.LayoutProps{Title: titled("Budgets", found.JSON200.Page, found.JSON200.Size, found.JSON200.Total), Errors: f.Errors(), Wide: true}
	return web.Show(layout, budgetList(f, me, b.years(), found.JSON200, waiting.JSON200.Total)), nil
}

// asAt is the day that the figures are wanted of, or nil for now.
func (d Deps) asAt(f *form.Form) *openapi.Date {
	if f.Value("as_at")+f.Value("as_at-day")+f.Value("as_at-month")+f.Value("as_at-year") == "" {
		return nil
	}
	day := f.Day("as_at", "The date")
	f.Want(f.Error("as_at") != "" || !day.After(component.Today(d.Now())), "as_at", "The date must be today or in the past.")
	if f.Error("as_at") != "" {
		return nil
	}
	return &openapi.Date{Time: day}
}

// asAtQuery is the filter of the budgets as an address carries it.
func asAtQuery(f *form.Form) url.Values {
	q := url.Values{}
	for _, name := range []string{"area", "year", "as_at", "as_at-day", "as_at-month", "as_at-year"} {
		q.Set(name, f.Value(name))
	}
	return q
}

// years are the financial years that a budget can be opened for or looked for: the
// one before, this one and the next.
func (d Deps) years() []int {
	now := component.Today(d.Now()).AddDate(0, -3, 0).Year()
	return []int{now + 1, now, now - 1}
}

// yearWords is a financial year as people say it.
func yearWords(year int) string { return strconv.Itoa(year) + " to " + strconv.Itoa(year+1) }

func budgetPath(id uuid.UUID) string { return "/budgets/" + id.String() }

// sheet is one budget with all that a page says of it.
type sheet struct {
	*funding.Budget
	ledger  *funding.BudgetLedgerPage
	waiting []funding.Proposal
	today   time.Time
}

func (b Budgets) read(r *http.Request) (web.Answer, error) {
	ctx := r.Context()
	f := form.New(r.URL.Query())
	asAt := b.asAt(f)
	budget, err := b.budget(r, asAt)
	if err != nil {
		return nil, err
	}
	ledger, err := b.Funding.ListBudgetLedgerWithResponse(ctx, budget.Id, &funding.ListBudgetLedgerParams{AsAt: asAt, Page: new(pageOf(r)), Size: new(postingsPage)})
	if err != nil {
		return nil, err
	}
	waiting, err := b.Funding.ListProposalsWithResponse(ctx, &funding.ListProposalsParams{BudgetId: &budget.Id, Waiting: new(true)})
	if err != nil {
		return nil, err
	}
	s := sheet{budget, ledger.JSON200, waiting.JSON200.Items, component.Today(b.Now())}
	layout := component.LayoutProps{
		Title:  titled(s.title(), s.ledger.Page, s.ledger.Size, s.ledger.Total),
		Errors: f.Errors(), Before: component.BackLink("Budgets", "/budgets"), Wide: true,
	}
	return web.Show(layout, budgetView(f, s)), nil
}

func (s sheet) title() string { return s.Area + ", " + yearWords(s.Year) }

// budget is the one that the address names, as at a day, or now if it is nil.
func (d Deps) budget(r *http.Request, asAt *openapi.Date) (*funding.Budget, error) {
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	resp, err := d.Funding.ReadBudgetWithResponse(r.Context(), id, &funding.ReadBudgetParams{AsAt: asAt})
	if err != nil {
		return nil, err
	}
	return resp.JSON200, nil
}

func (b Budgets) askOpen(r *http.Request) (web.Answer, error) {
	f := form.New(nil)
	f.Set("year", strconv.Itoa(b.years()[1]))
	return b.showOpen(r, f)
}

func (b Budgets) showOpen(r *http.Request, f *form.Form) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	funds, err := b.funds(r.Context())
	if err != nil {
		return nil, err
	}
	layout := component.LayoutProps{Title: "Open a budget", Errors: f.Errors(), Before: component.BackLink("Budgets", "/budgets")}
	return web.Show(layout, openBudget(f, funds, me.Areas, b.years())), nil
}

// funds is every fund: there are few.
func (d Deps) funds(ctx context.Context) ([]funding.Fund, error) {
	resp, err := d.Funding.ListFundsWithResponse(ctx, &funding.ListFundsParams{Size: new(200)})
	if err != nil {
		return nil, err
	}
	return resp.JSON200.Items, nil
}

func (b Budgets) open(r *http.Request) (web.Answer, error) {
	f := form.New(r.PostForm)
	fund, err := uuid.Parse(f.Text("fund"))
	f.Want(err == nil, "fund", "Choose a fund.")
	area := f.Required("area", "Choose an area.")
	year, err := strconv.Atoi(f.Text("year"))
	f.Want(err == nil, "year", "Choose a year.")
	if f.OK() {
		resp, err := b.Funding.OpenBudgetWithResponse(r.Context(), &funding.OpenBudgetParams{}, funding.OpenBudgetJSONRequestBody{FundId: fund, Area: area, Year: year})
		if err == nil {
			return web.Go(budgetPath(resp.JSON201.Id)).Saying("The budget is open. There is no money in it yet."), nil
		}
		if err := f.Fail(err, form.Names{"/area": "area", "/year": "year", "/fund_id": "fund"}); err != nil {
			return nil, err
		}
	}
	return b.showOpen(r, f)
}
