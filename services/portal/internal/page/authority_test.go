package page_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
)

// given is authority for Oldham's managers, in this state.
func given(state funding.GrantState, can ...funding.GrantVerb) *funding.Grant {
	return &funding.Grant{
		Id: uuid.New(), Kind: funding.GrantKindDecide, Whose: funding.GrantWhoseAny, Area: "Oldham", LimitPence: 500000, AlonePence: 200000,
		FirstDay: openapi.Date{Time: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)}, Why: "The scheme of delegation.", State: state,
		ProposedByName: "Marcus Reid", ProposedAt: now.Add(-24 * time.Hour), Can: can,
	}
}

func TestAManagerReadsInOneSentenceWhatTheyMayDecide(t *testing.T) {
	p := start(t)
	p.as(helen).get("/decisions").sound().wants("You have no authority to decide requests.")
	p.funding.may = []funding.Reach{
		{Area: "Oldham", Kind: funding.GrantKindDecide, Whose: funding.GrantWhoseAny, LimitPence: 500000, AlonePence: 200000},
		{Area: "Oldham", Kind: funding.GrantKindDecide, Whose: funding.GrantWhoseLine, LimitPence: 10000, AlonePence: 10000}, // within the first
		{Area: "Oldham", Kind: funding.GrantKindExcept, Whose: funding.GrantWhoseAny, LimitPence: 50000, AlonePence: 50000, FundName: "Core"},
	}
	p.as(helen).get("/decisions").sound().wants("You may approve requests up to £5,000.00, above £2,000.00 with a second person, in Oldham and " +
		"allow exceptions above the cap up to £500.00, paid from Core, in Oldham.").lacks("£100.00")
}

func TestWhoMayDecideIsSeenWithSinceWhen(t *testing.T) {
	p := start(t)
	p.as(grace).get("/authority").sound().wants("Nobody has authority here yet")
	waiting, current := given(funding.GrantWaiting), given(funding.GrantCurrent)
	current.HolderId, current.HolderName, current.Area = uuid.New(), "Marcus Reid", ""
	p.funding.grants = []*funding.Grant{waiting, current}
	p.as(grace).get("/authority").sound().wants(
		"1 proposal waits to be confirmed", "Every manager of Oldham", "Proposed by Marcus Reid on",
		"May approve requests up to £5,000.00, above £2,000.00 with a second person, in every area where they work.", "Since 1 April 2026",
	).follow("1 proposal waits to be confirmed").sound().lacks("Since 1 April 2026")
	p.as(priya).get("/authority").is(403, "/authority")
}

func TestAFinanceOfficerConfirmsAndAnybodyWhoSeesItEnds(t *testing.T) {
	p := start(t)
	g := given(funding.GrantWaiting, funding.GrantVerbConfirm, funding.GrantVerbEnd)
	p.funding.grants = []*funding.Grant{g}
	at := p.as(grace).get("/authority").follow("Every manager of Oldham").sound().wants("Proposed by Marcus Reid", "The scheme of delegation.", "Turn it down")
	at = at.press("Confirm", nil).sound().wants("Confirmed by Grace Oduya").lacks("waiting")
	end := at.follow("End this authority").sound()
	end.press("End this authority", nil).sound().wants("Choose when it ends.", "Say why.")
	end.press("End this authority", fill{"when": "later", "why": "A mistake."}).sound().wants("The last day is missing.", "A mistake.")
	end.press("End this authority", fill{"when": "now", "why": "A mistake."}).sound().wants("Ended by Grace Oduya", "A mistake.").lacks("End this authority")
	// Whoever comes too late is told how it stands.
	end.press("End this authority", fill{"when": "now", "why": "A mistake."}).sound().wants("This could not be done as it now stands.")
}

func TestAProposalKeepsWhatWasTyped(t *testing.T) {
	p := start(t)
	p.funding.staff = []funding.Colleague{{Id: uuid.New(), Name: "Marcus Reid"}, {Id: p.idOf(helen), Name: "Helen Barlow"}}
	ask := p.as(helen).get("/authority/new").sound().wants("Every manager of the area Marcus Reid", "Instead of a course").
		lacks("Marcus Reid Helen Barlow") // nobody is offered themselves
	ask.press("Propose", fill{"limit": "lots", "why": "Because."}).sound().wants("Choose who.", "Choose where.", "The amount must be in pounds and pence", "Because.")
	whole := fill{"holder": "all", "area": "every", "limit": "5000", "alone": "2,000.00", "why": "Because."}
	ask.press("Propose", whole).sound().wants("Choose one area.")
	whole["area"] = "Oldham"
	ask.press("Propose", whole).sound().wants("Every manager of Oldham", "waiting to be confirmed", "A finance officer who did not propose it")
	if g := p.funding.grants[0]; g.LimitPence != 500000 || g.AlonePence != 200000 {
		t.Errorf("proposed: %+v", g)
	}
}

func TestLineManagersAreSeenAndSet(t *testing.T) {
	p := start(t)
	p.as(grace).get("/authority/line-managers").sound().wants("No work coach of your areas has signed in yet.")
	p.funding.staff = []funding.Colleague{{Id: uuid.New(), Name: "Priya Shah"}}
	ask := p.as(grace).get("/authority/line-managers").sound().wants("Nobody yet").follow("Set a line manager").sound()
	ask.press("Save", nil).sound().wants("Choose a work coach.", "Choose a manager, or nobody.")
	ask.press("Save", fill{"coach": p.funding.staff[0].Id.String(), "manager": p.funding.staff[0].Id.String()}).
		sound().is(200, "/authority/line-managers").wants("Priya Shah, since")
}

func (m *memoryFunding) ReadMyAuthority(context.Context, funding.ReadMyAuthorityRequestObject) (funding.ReadMyAuthorityResponseObject, error) {
	return funding.ReadMyAuthority200JSONResponse{Items: append([]funding.Reach{}, m.may...)}, nil
}

func (m *memoryFunding) ListGrants(_ context.Context, in funding.ListGrantsRequestObject) (funding.ListGrantsResponseObject, error) {
	page := funding.ListGrants200JSONResponse{Items: []funding.Grant{}, Page: 1, Size: 25}
	for _, g := range m.grants {
		if in.Params.State == nil || *in.Params.State == g.State {
			page.Items = append(page.Items, *g)
		}
	}
	page.Total = len(page.Items)
	return page, nil
}

func (m *memoryFunding) grant(id uuid.UUID) *funding.Grant {
	return m.grants[slices.IndexFunc(m.grants, func(g *funding.Grant) bool { return g.Id == id })]
}

func (m *memoryFunding) ReadGrant(_ context.Context, in funding.ReadGrantRequestObject) (funding.ReadGrantResponseObject, error) {
	return funding.ReadGrant200JSONResponse(*m.grant(in.Id)), nil
}

func (m *memoryFunding) ProposeGrant(_ context.Context, in funding.ProposeGrantRequestObject) (funding.ProposeGrantResponseObject, error) {
	if in.Body.Area == "" {
		return nil, invalid("/area", "Choose one area. Only a person by name can have authority in every area.")
	}
	g := given(funding.GrantWaiting, funding.GrantVerbEnd)
	g.LimitPence, g.AlonePence, g.Area = in.Body.LimitPence, in.Body.AlonePence, in.Body.Area
	m.grants = append(m.grants, g)
	return funding.ProposeGrant201JSONResponse(*g), nil
}

func (m *memoryFunding) ConfirmGrant(ctx context.Context, in funding.ConfirmGrantRequestObject) (funding.ConfirmGrantResponseObject, error) {
	who, err := identity.From(ctx)
	g := m.grant(in.Id)
	g.State, g.ConfirmedByName, g.ConfirmedAt, g.Can = funding.GrantCurrent, who.Name, now, []funding.GrantVerb{funding.GrantVerbEnd}
	return funding.ConfirmGrant200JSONResponse(*g), err
}

func (m *memoryFunding) EndGrant(ctx context.Context, in funding.EndGrantRequestObject) (funding.EndGrantResponseObject, error) {
	who, err := identity.From(ctx)
	g := m.grant(in.Id)
	if g.State == funding.GrantOver {
		return nil, fault.New(fault.Conflict, "This has been ended already.")
	}
	g.State, g.EndedByName, g.EndedAt, g.EndedWhy, g.LastDay, g.Can = funding.GrantOver, who.Name, now, in.Body.Why, openapi.Date{Time: now}, []funding.GrantVerb{}
	return funding.EndGrant200JSONResponse(*g), err
}

func (m *memoryFunding) ListStaff(context.Context, funding.ListStaffRequestObject) (funding.ListStaffResponseObject, error) {
	return funding.ListStaff200JSONResponse{Items: append([]funding.Colleague{}, m.staff...)}, nil
}

func (m *memoryFunding) ListLineManagers(context.Context, funding.ListLineManagersRequestObject) (funding.ListLineManagersResponseObject, error) {
	page := funding.ListLineManagers200JSONResponse{Items: []funding.Led{}, Page: 1, Size: 25, Total: len(m.staff)}
	for _, c := range m.staff {
		page.Items = append(page.Items, funding.Led{CoachId: c.Id, CoachName: c.Name, Now: m.leads, Next: []funding.LineManager{}})
	}
	return page, nil
}

func (m *memoryFunding) SetLineManager(_ context.Context, in funding.SetLineManagerRequestObject) (funding.SetLineManagerResponseObject, error) {
	m.leads = funding.LineManager{CoachId: in.Body.CoachId, ManagerName: m.staff[0].Name, FirstDay: in.Body.FirstDay, SetByName: "Grace Oduya", SetAt: now}
	return funding.SetLineManager201JSONResponse(m.leads), nil
}

// invalid says what is wrong with one field.
func invalid(pointer, message string) error {
	var c fault.Check
	c.Want(false, pointer, message)
	return c.Err()
}

func (m *memoryFunding) ListFunds(context.Context, funding.ListFundsRequestObject) (funding.ListFundsResponseObject, error) {
	page := funding.ListFunds200JSONResponse{Items: []funding.Fund{{Id: uuid.New(), Code: "INSTEAD", Name: "Instead of a course"}}, Page: 1, Size: 200, Total: 1}
	return page, nil
}
