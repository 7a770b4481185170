package page

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Funds is where money comes from: each fund with the terms in force, what it
// pays for, and how both came to be as they are.
type Funds struct{ Deps }

// Register implements web.Page.
func (p Funds) Register(g *web.Group) {
	g.Get("/budgets/funds", p.list, bookReaders...)
	g.Get("/budgets/funds/new", p.askNew, identity.Finance)
	g.Post("/budgets/funds/new", p.open, identity.Finance)
	g.Get("/budgets/funds/:id", p.read, identity.Coach, identity.Manager, identity.Finance, identity.Auditor)
	g.Get("/budgets/funds/:id/terms", p.askTerms, identity.Finance)
	g.Post("/budgets/funds/:id/terms", p.terms, identity.Finance)
	g.Get("/budgets/funds/:id/kinds", p.askKind, identity.Finance)
	g.Post("/budgets/funds/:id/kinds", p.kind, identity.Finance)
}

func fundPath(id uuid.UUID) string { return "/budgets/funds/" + id.String() }

func (p Funds) list(r *http.Request) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	all, err := p.funds(r.Context())
	if err != nil {
		return nil, err
	}
	return web.Show(component.LayoutProps{Title: "Funds", Before: component.BackLink("Budgets", "/budgets")}, fundList(all, me)), nil
}

func (p Funds) askNew(*http.Request) (web.Answer, error) { return showNewFund(form.New(nil)), nil }

func showNewFund(f *form.Form) web.Answer {
	return web.Show(component.LayoutProps{Title: "Add a fund", Errors: f.Errors(), Before: component.BackLink("Funds", "/budgets/funds")}, newFund(f))
}

func (p Funds) open(r *http.Request) (web.Answer, error) {
	f := form.New(r.PostForm)
	body := funding.NewFund{Name: f.Required("name", "Enter what the fund is called."), Code: strings.ToUpper(f.Required("code", "Enter the fund’s code."))}
	f.AtMost("name", 100, "What the fund is called")
	f.AtMost("code", 12, "The code")
	body.FirstDay = openapi.Date{Time: f.Day("first", "The first day")}
	if f.Value("last-day")+f.Value("last-month")+f.Value("last-year") != "" {
		body.LastDay = openapi.Date{Time: f.Day("last", "The last day")}
	}
	if f.OK() {
		resp, err := p.Funding.OpenFundWithResponse(r.Context(), &funding.OpenFundParams{}, body)
		if err == nil {
			return web.Go(fundPath(resp.JSON201.Id)).Saying("The fund is there. Next, propose its terms and what it pays for."), nil
		}
		if err := f.Fail(err, form.Names{"/name": "name", "/code": "code", "/first_day": "first", "/last_day": "last"}); err != nil {
			return nil, err
		}
	}
	return showNewFund(f), nil
}

// prospectus is a fund with all that a page says of it.
type prospectus struct {
	*funding.Fund
	versions   []funding.Terms // the latest to begin first
	inForce    int             // the version of today, or 0
	categories []funding.FundCategory
	proposals  []funding.Proposal // about terms and categories
	finance    bool               // whoever looks may propose
	books      bool               // whoever looks may see what was proposed
}

// current is the terms of today, if there are any.
func (c prospectus) current() (funding.Terms, bool) {
	i := slices.IndexFunc(c.versions, func(t funding.Terms) bool { return t.Version == c.inForce })
	if i < 0 {
		return funding.Terms{}, false
	}
	return c.versions[i], true
}

func (p Funds) prospectus(r *http.Request) (prospectus, error) {
	ctx := r.Context()
	me, err := identity.From(ctx)
	if err != nil {
		return prospectus{}, err
	}
	id, err := idIn(r, "id")
	if err != nil {
		return prospectus{}, err
	}
	fund, err := p.Funding.ReadFundWithResponse(ctx, id)
	if err != nil {
		return prospectus{}, err
	}
	terms, err := p.Funding.ListTermsWithResponse(ctx, id)
	if err != nil {
		return prospectus{}, err
	}
	categories, err := p.Funding.ListCategoriesWithResponse(ctx, id, &funding.ListCategoriesParams{})
	if err != nil {
		return prospectus{}, err
	}
	c := prospectus{fund.JSON200, terms.JSON200.Items, terms.JSON200.InForce, categories.JSON200.Items, nil, me.Is(identity.Finance), slices.ContainsFunc(bookReaders, me.Is)}
	if !c.books {
		return c, nil
	}
	for _, kind := range []funding.ProposalKind{funding.ProposalTerms, funding.ProposalCategories} {
		found, err := p.Funding.ListProposalsWithResponse(ctx, &funding.ListProposalsParams{FundId: &id, Kind: &kind, Size: new(200)})
		if err != nil {
			return prospectus{}, err
		}
		c.proposals = append(c.proposals, found.JSON200.Items...)
	}
	slices.SortStableFunc(c.proposals, func(a, b funding.Proposal) int { return b.At.Compare(a.At) })
	return c, nil
}

func (p Funds) read(r *http.Request) (web.Answer, error) {
	c, err := p.prospectus(r)
	if err != nil {
		return nil, err
	}
	back := component.BackLink("Funds", "/budgets/funds")
	if !c.books {
		back = component.BackLink("Your requests", "/requests")
	}
	return web.Show(component.LayoutProps{Title: c.Name, Before: back}, fundView(c)), nil
}

func (p Funds) askTerms(r *http.Request) (web.Answer, error) {
	c, err := p.prospectus(r)
	if err != nil {
		return nil, err
	}
	f := form.New(nil)
	t, ok := c.current()
	if !ok {
		t = funding.Terms{ExpiresDays: 90, WarnDays: 14, ChallengeDays: 20, DecideDays: 5, ReceiptDays: 10} // usual, to begin from
	}
	setDay(f, "first", component.Today(p.Now()))
	f.Set("automatic", money.Pence(t.AutoUpToPence).Input())
	f.Set("sample", strconv.Itoa(max(t.SampleOneIn, 10)))
	for name, days := range map[string]int{"expires": t.ExpiresDays, "warn": t.WarnDays, "challenge": t.ChallengeDays, "decide": t.DecideDays, "receipt": t.ReceiptDays} {
		f.Set(name, strconv.Itoa(days))
	}
	f.Set("exceptions", "no")
	if t.Exceptions {
		f.Set("exceptions", "yes")
	}
	return showTerms(f, c, t.AutoCategories), nil
}

func showTerms(f *form.Form, c prospectus, automatic []string) web.Answer {
	return web.Show(component.LayoutProps{
		Title: "Propose new terms", Errors: f.Errors(), Before: component.BackLink(c.Name, fundPath(c.Id)),
	}, proposeTerms(f, c, automatic))
}

func (p Funds) terms(r *http.Request) (web.Answer, error) {
	c, err := p.prospectus(r)
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	t := funding.NewTerms{FirstDay: openapi.Date{Time: f.Day("first", "The first day")}}
	t.AutoUpToPence = int64(f.Money("automatic"))
	t.AutoCategories = f.Values("kinds")
	t.SampleOneIn = wholeNumber(f, "sample")
	t.DecideDays = wholeNumber(f, "decide")
	t.ChallengeDays = wholeNumber(f, "challenge")
	t.ExpiresDays = wholeNumber(f, "expires")
	t.WarnDays = wholeNumber(f, "warn")
	t.ReceiptDays = wholeNumber(f, "receipt")
	t.Exceptions = f.Choice("exceptions", "Say whether the cap may be passed.", "yes", "no") == "yes"
	reason := f.Required("reason", "Say why.")
	f.AtMost("reason", 1000, "Why")
	if f.OK() {
		resp, err := p.Funding.ProposeTermsWithResponse(r.Context(), c.Id, &funding.ProposeTermsParams{}, funding.ProposeTermsJSONRequestBody{Terms: t, Reason: reason})
		if err == nil {
			return web.Go(proposalPath(resp.JSON201.Id)).Saying("You proposed these terms. They count once somebody else confirms them."), nil
		}
		if err := f.Fail(err, form.Names{
			"/terms/first_day": "first", "/terms/auto_up_to_pence": "automatic", "/terms/auto_categories": "kinds", "/terms/sample_one_in": "sample",
			"/terms/decide_days": "decide", "/terms/challenge_days": "challenge", "/terms/expires_days": "expires", "/terms/warn_days": "warn",
			"/terms/receipt_days": "receipt", "/reason": "reason",
		}); err != nil {
			return nil, err
		}
	}
	return showTerms(f, c, t.AutoCategories), nil
}

// wholeNumber is the number typed; what can't be read as one is an error.
func wholeNumber(f *form.Form, name string) int {
	n, err := strconv.Atoi(f.Text(name))
	f.Want(err == nil && n >= 0 && n <= 10_000, name, "Enter a whole number, such as 10.")
	return n
}

func (p Funds) askKind(r *http.Request) (web.Answer, error) {
	c, err := p.prospectus(r)
	if err != nil {
		return nil, err
	}
	f := form.New(nil)
	setDay(f, "first", component.Today(p.Now()))
	code := r.URL.Query().Get("kind")
	if i := slices.IndexFunc(c.categories, func(k funding.FundCategory) bool { return k.Category == code }); i >= 0 {
		k := c.categories[i]
		f.Set("code", k.Category)
		f.Set("label", k.Label)
		f.Set("words", k.Words)
		f.Set("allowed", "no")
		if k.Allowed {
			f.Set("allowed", "yes")
		}
		setDay(f, "last", k.LastDay.Time)
	}
	return showKind(f, c), nil
}

func showKind(f *form.Form, c prospectus) web.Answer {
	return web.Show(component.LayoutProps{
		Title: "Propose what the fund says", Errors: f.Errors(), Before: component.BackLink(c.Name, fundPath(c.Id)),
	}, proposeKind(f, c))
}

func (p Funds) kind(r *http.Request) (web.Answer, error) {
	c, err := p.prospectus(r)
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	k := funding.FundCategory{Label: f.Required("label", "Enter what people call it.")}
	f.AtMost("label", 60, "What people call it")
	k.Category = strings.ToLower(f.Required("code", "Enter a code."))
	f.AtMost("code", 40, "The code")
	k.Allowed = f.Choice("allowed", "Say whether the fund pays for it.", "yes", "no") == "yes"
	k.Words = f.Required("words", "Say what counts or, if the fund does not pay for it, why not.")
	f.AtMost("words", 500, "What the fund says")
	k.FirstDay = openapi.Date{Time: f.Day("first", "The first day")}
	if f.Value("last-day")+f.Value("last-month")+f.Value("last-year") != "" {
		k.LastDay = openapi.Date{Time: f.Day("last", "The last day")}
	}
	reason := f.Required("reason", "Say why.")
	f.AtMost("reason", 1000, "Why")
	if f.OK() {
		resp, err := p.Funding.ProposeCategoriesWithResponse(r.Context(), c.Id, &funding.ProposeCategoriesParams{},
			funding.ProposeCategoriesJSONRequestBody{Categories: []funding.FundCategory{k}, Reason: reason})
		if err == nil {
			return web.Go(proposalPath(resp.JSON201.Id)).Saying("You proposed this. It counts once somebody else confirms it."), nil
		}
		if err := f.Fail(err, form.Names{
			"/categories/0/category": "code", "/categories/0/label": "label", "/categories/0/words": "words",
			"/categories/0/first_day": "first", "/categories/0/last_day": "last", "/reason": "reason",
		}); err != nil {
			return nil, err
		}
	}
	return showKind(f, c), nil
}
