package page

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Authority is who may decide what, for how much and since when: for managers
// and finance officers to see, propose, confirm and end, and to say who leads
// which work coach.
type Authority struct{ Deps }

// Register implements web.Page.
func (p Authority) Register(g *web.Group) {
	staff := []identity.Role{identity.Manager, identity.Finance}
	for _, role := range staff {
		g.Menu(role, "Authority", "/authority")
	}
	g.Get("/authority", p.list, staff...)
	g.Get("/authority/new", p.blank, staff...)
	g.Post("/authority/new", p.propose, staff...)
	g.Get("/authority/grants/:id", p.read, staff...)
	g.Post("/authority/grants/:id/confirmation", p.confirm, staff...)
	g.Get("/authority/grants/:id/end", p.askEnd, staff...)
	g.Post("/authority/grants/:id/end", p.end, staff...)
	g.Get("/authority/line-managers", p.lineManagers, staff...)
	g.Get("/authority/line-managers/new", p.askLineManager, staff...)
	g.Post("/authority/line-managers/new", p.setLineManager, staff...)
}

const grantsAPage = 25

// grantStates are the states that a list can be narrowed to, and how a page
// says them.
var grantStates = []component.Option{
	{Value: "", Text: "All"},
	{Value: string(funding.GrantWaiting), Text: "Waiting to be confirmed"},
	{Value: string(funding.GrantCurrent), Text: "Counts now"},
	{Value: string(funding.GrantComing), Text: "Not begun"},
	{Value: string(funding.GrantOver), Text: "Over"},
	{Value: string(funding.GrantRefused), Text: "Turned down"},
}

func (p Authority) list(r *http.Request) (web.Answer, error) {
	f := form.New(url.Values{"state": r.URL.Query()["state"]})
	params := &funding.ListGrantsParams{Page: new(pageOf(r)), Size: new(grantsAPage)}
	if state := f.Text("state"); state != "" && slices.ContainsFunc(grantStates, func(o component.Option) bool { return o.Value == state }) {
		params.State = new(funding.GrantState(state))
	}
	found, err := p.Funding.ListGrantsWithResponse(r.Context(), params)
	if err != nil {
		return nil, err
	}
	waiting := funding.GrantWaiting
	waits, err := p.Funding.ListGrantsWithResponse(r.Context(), &funding.ListGrantsParams{State: &waiting, Size: new(1)})
	if err != nil {
		return nil, err
	}
	mine, err := p.Funding.ReadMyAuthorityWithResponse(r.Context())
	if err != nil {
		return nil, err
	}
	list := found.JSON200
	layout := component.LayoutProps{Title: titled("Authority", list.Page, list.Size, list.Total), Wide: true}
	return web.Show(layout, authorityList(f, list, waits.JSON200.Total, mine.JSON200.Items)), nil
}

func grantPath(id uuid.UUID) string { return "/authority/grants/" + id.String() }

func (p Authority) grant(r *http.Request) (*funding.Grant, error) {
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	resp, err := p.Funding.ReadGrantWithResponse(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return resp.JSON200, nil
}

func (p Authority) read(r *http.Request) (web.Answer, error) {
	g, err := p.grant(r)
	if err != nil {
		return nil, err
	}
	layout := component.LayoutProps{Title: holderOf(g), Before: component.BackLink("Authority", "/authority")}
	return web.Show(layout, grantView(form.New(nil), g, r.URL.Query().Has("changed"))), nil
}

// confirm makes a grant count. Where it can't, its page says how it stands.
func (p Authority) confirm(r *http.Request) (web.Answer, error) {
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	_, err = p.Funding.ConfirmGrantWithResponse(r.Context(), id, &funding.ConfirmGrantParams{})
	switch {
	case fault.Is(err, fault.Conflict), fault.Is(err, fault.Forbidden):
		return web.Go(grantPath(id) + "?changed"), nil
	case err != nil:
		return nil, err
	}
	return web.Go(grantPath(id)), nil
}

func (p Authority) askEnd(r *http.Request) (web.Answer, error) { return p.showEnd(r, form.New(nil)) }

// showEnd asks when and why a grant ends, if it still can.
func (p Authority) showEnd(r *http.Request, f *form.Form) (web.Answer, error) {
	g, err := p.grant(r)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(g.Can, funding.GrantVerbEnd) {
		return web.Go(grantPath(g.Id) + "?changed"), nil
	}
	title := "End this authority"
	if g.State == funding.GrantWaiting {
		title = "Turn this down"
	}
	return web.Show(component.LayoutProps{Title: title, Errors: f.Errors(), Before: component.BackLink("Back", grantPath(g.Id))}, endGrant(f, g, title)), nil
}

func (p Authority) end(r *http.Request) (web.Answer, error) {
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	sent := funding.EndGrantJSONRequestBody{}
	// One that waits is turned down at once, and is not asked when.
	if f.Value("dated") != "" && f.Choice("when", "Choose when it ends.", "now", "later") == "later" {
		sent.LastDay.Time = f.Day("last", "The last day")
	}
	sent.Why = f.Required("why", "Say why.")
	f.AtMost("why", 500, "Why")
	if f.OK() {
		_, err = p.Funding.EndGrantWithResponse(r.Context(), id, &funding.EndGrantParams{}, sent)
		switch {
		case err == nil:
			return web.Go(grantPath(id)), nil
		case fault.Is(err, fault.Conflict), fault.Is(err, fault.Forbidden):
			return web.Go(grantPath(id) + "?changed"), nil
		}
		if err := f.Fail(err, form.Names{"/last_day": "last", "/why": "why"}); err != nil {
			return nil, err
		}
	}
	return p.showEnd(r, f)
}

// offer is what a proposal can choose from.
type offer struct {
	me       identity.Person
	managers []funding.Colleague
	funds    []funding.Fund
}

// everyManager and everyArea stand for what is not one in particular.
const (
	everyManager = "all"
	everyArea    = "every"
	anyFund      = "any"
)

func (p Authority) offer(r *http.Request) (o offer, err error) {
	if o.me, err = identity.From(r.Context()); err != nil {
		return o, err
	}
	managers, err := p.Funding.ListStaffWithResponse(r.Context(), &funding.ListStaffParams{Role: funding.StaffManagers})
	if err != nil {
		return o, err
	}
	funds, err := p.Funding.ListFundsWithResponse(r.Context(), &funding.ListFundsParams{Size: new(200)})
	if err != nil {
		return o, err
	}
	// Nobody proposes authority for themselves, so that isn't offered.
	o.managers = slices.DeleteFunc(managers.JSON200.Items, func(c funding.Colleague) bool { return c.Id == o.me.ID })
	o.funds = funds.JSON200.Items
	return o, nil
}

func (p Authority) blank(r *http.Request) (web.Answer, error) {
	f := form.New(nil)
	for name, value := range map[string]string{"kind": string(funding.GrantKindDecide), "whose": string(funding.GrantWhoseAny), "fund": anyFund} {
		f.Set(name, value)
	}
	setDay(f, "first", component.Today(p.Now()))
	return p.showProposal(r, f)
}

func (p Authority) showProposal(r *http.Request, f *form.Form) (web.Answer, error) {
	o, err := p.offer(r)
	if err != nil {
		return nil, err
	}
	return web.Show(component.LayoutProps{
		Title: "Propose authority", Errors: f.Errors(), Before: component.BackLink("Authority", "/authority"),
	}, proposeGrant(f, o)), nil
}

// grantNames are the fields of a proposal, in the order of the page.
var grantNames = form.Names{
	"/kind": "kind", "/holder_id": "holder", "/holder_role": "holder", "/area": "area", "/fund_id": "fund", "/whose": "whose",
	"/limit_pence": "limit", "/alone_pence": "alone", "/first_day": "first", "/last_day": "last", "/why": "why",
}

func (p Authority) propose(r *http.Request) (web.Answer, error) {
	f := form.New(r.PostForm)
	sent := p.proposal(f)
	if f.OK() {
		made, err := p.Funding.ProposeGrantWithResponse(r.Context(), &funding.ProposeGrantParams{}, sent)
		if err == nil {
			return web.Go(grantPath(made.JSON201.Id)), nil
		}
		if fault.Is(err, fault.Forbidden) {
			f.Want(false, "holder", fault.As(err).Message)
		} else if err := f.Fail(err, grantNames); err != nil {
			return nil, err
		}
	}
	return p.showProposal(r, f)
}

// proposal reads what was typed. What can be chosen is funding's to judge.
func (p Authority) proposal(f *form.Form) funding.NewGrant {
	sent := funding.NewGrant{
		Kind: funding.GrantKind(f.Choice("kind", "Choose what they may do.", string(funding.GrantKindDecide), string(funding.GrantKindExcept))),
	}
	if holder := f.Required("holder", "Choose who."); holder != everyManager {
		sent.HolderId = chosen(f, "holder", holder, "Choose who.")
	}
	if area := f.Required("area", "Choose where."); area != everyArea {
		sent.Area = area
	}
	if fund := f.Required("fund", "Choose a fund."); fund != anyFund {
		sent.FundId = chosen(f, "fund", fund, "Choose a fund.")
	}
	sent.Whose = funding.GrantWhose(f.Choice("whose", "Choose whose requests.", string(funding.GrantWhoseAny), string(funding.GrantWhoseLine)))
	limit := f.Money("limit")
	alone := limit
	if f.Text("alone") != "" {
		alone = f.Money("alone")
	}
	sent.LimitPence, sent.AlonePence = int64(limit), int64(alone)
	sent.FirstDay.Time = f.Day("first", "The first day")
	if f.Value("last-day")+f.Value("last-month")+f.Value("last-year") != "" {
		sent.LastDay.Time = f.Day("last", "The last day")
	}
	sent.Why = f.Required("why", "Say why.")
	f.AtMost("why", 500, "Why")
	return sent
}

// chosen is the id that was chosen, which only a program can get wrong.
func chosen(f *form.Form, name, value, message string) openapi.UUID {
	id, err := uuid.Parse(value)
	f.Want(err == nil || value == "", name, message)
	return id
}

func (p Authority) lineManagers(r *http.Request) (web.Answer, error) {
	found, err := p.Funding.ListLineManagersWithResponse(r.Context(), &funding.ListLineManagersParams{Page: new(pageOf(r)), Size: new(grantsAPage)})
	if err != nil {
		return nil, err
	}
	list := found.JSON200
	layout := component.LayoutProps{
		Title: titled("Line managers", list.Page, list.Size, list.Total), Before: component.BackLink("Authority", "/authority"),
	}
	return web.Show(layout, lineManagerList(list.Items, paging("/authority/line-managers", nil, list.Page, list.Size, list.Total))), nil
}

func (p Authority) askLineManager(r *http.Request) (web.Answer, error) {
	f := form.New(url.Values{"coach": r.URL.Query()["coach"]})
	setDay(f, "first", component.Today(p.Now()))
	return p.showLineManager(r, f)
}

// nobody stands for no line manager.
const nobody = "nobody"

func (p Authority) showLineManager(r *http.Request, f *form.Form) (web.Answer, error) {
	var staff [2][]funding.Colleague
	for i, role := range []funding.ListStaffParamsRole{funding.StaffCoaches, funding.StaffManagers} {
		found, err := p.Funding.ListStaffWithResponse(r.Context(), &funding.ListStaffParams{Role: role})
		if err != nil {
			return nil, err
		}
		staff[i] = found.JSON200.Items
	}
	return web.Show(component.LayoutProps{
		Title: "Set a line manager", Errors: f.Errors(), Before: component.BackLink("Line managers", "/authority/line-managers"),
	}, setLineManager(f, staff[0], staff[1])), nil
}

func (p Authority) setLineManager(r *http.Request) (web.Answer, error) {
	f := form.New(r.PostForm)
	sent := funding.SetLineManagerJSONRequestBody{CoachId: chosen(f, "coach", f.Required("coach", "Choose a work coach."), "Choose a work coach.")}
	if manager := f.Required("manager", "Choose a manager, or nobody."); manager != nobody {
		sent.ManagerId = chosen(f, "manager", manager, "Choose a manager, or nobody.")
	}
	sent.FirstDay.Time = f.Day("first", "The first day")
	if f.OK() {
		_, err := p.Funding.SetLineManagerWithResponse(r.Context(), &funding.SetLineManagerParams{}, sent)
		if err == nil {
			return web.Go("/authority/line-managers"), nil
		}
		if fault.Is(err, fault.Forbidden) {
			f.Want(false, "manager", fault.As(err).Message)
		} else if err := f.Fail(err, form.Names{"/coach_id": "coach", "/manager_id": "manager", "/first_day": "first"}); err != nil {
			return nil, err
		}
	}
	return p.showLineManager(r, f)
}
