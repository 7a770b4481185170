package rest

import (
	"context"
	"time"

	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"

	api "github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/authority"
)

// Authority implements the contract's operations on who may decide how much.
type Authority struct{ Authorities *authority.Authorities }

// ListGrants is a page of grants.
func (h Authority) ListGrants(ctx context.Context, in api.ListGrantsRequestObject) (api.ListGrantsResponseObject, error) {
	page := authorityPage(in.Params.Page, in.Params.Size)
	found, total, err := h.Authorities.List(ctx, authority.State(or(in.Params.State, "")), page)
	if err != nil {
		return nil, err
	}
	return api.ListGrants200JSONResponse{Items: each(found, fromGrant), Total: total, Page: page.Number, Size: page.Size}, nil
}

// ProposeGrant asks for a grant.
func (h Authority) ProposeGrant(ctx context.Context, in api.ProposeGrantRequestObject) (api.ProposeGrantResponseObject, error) {
	g := authority.Grant{
		Holder: authority.Holder{Person: in.Body.HolderId}, Kind: authority.Kind(in.Body.Kind), Whose: authority.Whose(in.Body.Whose),
		Fund: in.Body.FundId, Area: in.Body.Area, Limit: money.Pence(in.Body.LimitPence), Alone: money.Pence(in.Body.AlonePence),
		FirstDay: in.Body.FirstDay.Time, LastDay: in.Body.LastDay.Time, Why: in.Body.Why,
	}
	if g.Holder.Person == uuid.Nil {
		g.Holder.Role = identity.Manager
	}
	s, err := h.Authorities.Propose(ctx, g)
	if err != nil {
		return nil, err
	}
	return api.ProposeGrant201JSONResponse(fromGrant(s)), nil
}

// ReadGrant is one grant.
func (h Authority) ReadGrant(ctx context.Context, in api.ReadGrantRequestObject) (api.ReadGrantResponseObject, error) {
	s, err := h.Authorities.Get(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.ReadGrant200JSONResponse(fromGrant(s)), nil
}

// ConfirmGrant makes a grant count.
func (h Authority) ConfirmGrant(ctx context.Context, in api.ConfirmGrantRequestObject) (api.ConfirmGrantResponseObject, error) {
	s, err := h.Authorities.Confirm(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.ConfirmGrant200JSONResponse(fromGrant(s)), nil
}

// EndGrant has a grant count no longer.
func (h Authority) EndGrant(ctx context.Context, in api.EndGrantRequestObject) (api.EndGrantResponseObject, error) {
	s, err := h.Authorities.End(ctx, in.Id, in.Body.LastDay.Time, in.Body.Why)
	if err != nil {
		return nil, err
	}
	return api.EndGrant200JSONResponse(fromGrant(s)), nil
}

// ReadMyAuthority is what the caller may decide.
func (h Authority) ReadMyAuthority(ctx context.Context, _ api.ReadMyAuthorityRequestObject) (api.ReadMyAuthorityResponseObject, error) {
	mine, err := h.Authorities.Mine(ctx)
	if err != nil {
		return nil, err
	}
	return api.ReadMyAuthority200JSONResponse{Items: each(mine, func(r authority.Reach) api.Reach {
		return api.Reach{
			Area: r.Area, FundId: r.Fund, FundName: r.Called, Kind: api.GrantKind(r.Kind), Whose: api.GrantWhose(r.Whose),
			LimitPence: int64(r.Limit), AlonePence: int64(r.Alone),
		}
	})}, nil
}

// ListStaff lists who can be chosen.
func (h Authority) ListStaff(ctx context.Context, in api.ListStaffRequestObject) (api.ListStaffResponseObject, error) {
	people, err := h.Authorities.People(ctx, identity.Role(in.Params.Role))
	if err != nil {
		return nil, err
	}
	return api.ListStaff200JSONResponse{Items: each(people, func(p authority.Person) api.Colleague { return api.Colleague{Id: p.ID, Name: p.Name} })}, nil
}

// ListLineManagers is a page of coaches with their line managers.
func (h Authority) ListLineManagers(ctx context.Context, in api.ListLineManagersRequestObject) (api.ListLineManagersResponseObject, error) {
	page := authorityPage(in.Params.Page, in.Params.Size)
	led, total, err := h.Authorities.LineManagers(ctx, page)
	if err != nil {
		return nil, err
	}
	return api.ListLineManagers200JSONResponse{Items: each(led, func(l authority.Led) api.Led {
		out := api.Led{CoachId: l.Coach.ID, CoachName: l.Coach.Name, Next: each(l.Next, fromLineManager)}
		if l.Now.ID != uuid.Nil {
			out.Now = fromLineManager(l.Now)
		}
		return out
	}), Total: total, Page: page.Number, Size: page.Size}, nil
}

// SetLineManager says who leads a coach.
func (h Authority) SetLineManager(ctx context.Context, in api.SetLineManagerRequestObject) (api.SetLineManagerResponseObject, error) {
	l, err := h.Authorities.SetLineManager(ctx, in.Body.CoachId, in.Body.ManagerId, in.Body.FirstDay.Time)
	if err != nil {
		return nil, err
	}
	return api.SetLineManager201JSONResponse(fromLineManager(l)), nil
}

func authorityPage(number, size *int) authority.Page {
	return authority.Page{Number: or(number, 1), Size: or(size, 25)}
}

func fromGrant(s authority.Standing) api.Grant {
	g := s.Grant
	return api.Grant{
		Id: g.ID, Kind: api.GrantKind(g.Kind), Whose: api.GrantWhose(g.Whose), HolderId: g.Holder.Person, HolderName: g.Holder.Name,
		FundId: g.Fund, FundName: g.Called, Area: g.Area, LimitPence: int64(g.Limit), AlonePence: int64(g.Alone),
		FirstDay: day(g.FirstDay), LastDay: day(g.LastDay), Why: g.Why, State: api.GrantState(s.State),
		ProposedById: g.Proposed.By, ProposedByName: g.Proposed.Name, ProposedAt: g.Proposed.At,
		ConfirmedByName: g.Confirmed.Name, ConfirmedAt: g.Confirmed.At,
		EndedByName: g.Ended.Name, EndedAt: g.Ended.At, EndedWhy: g.EndedWhy,
		Can: each(s.Can, func(v authority.Verb) api.GrantVerb { return api.GrantVerb(v) }),
	}
}

func fromLineManager(l authority.LineManager) api.LineManager {
	return api.LineManager{
		CoachId: l.Coach.ID, CoachName: l.Coach.Name, ManagerId: l.Manager.ID, ManagerName: l.Manager.Name,
		FirstDay: day(l.FirstDay), SetByName: l.Set.Name, SetAt: l.Set.At,
	}
}

func day(t time.Time) openapi.Date { return openapi.Date{Time: t} }
