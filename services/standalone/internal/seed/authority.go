package seed

import (
	"context"
	"fmt"
	"slices"
	"time"

	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/standalone/internal/demo"
)

// grant is authority that somebody proposes and, but for one that is left to
// wait, a finance officer confirms.
type grant struct {
	by           string // subjects at the staff demo provider
	holder       string // "" for every manager of the area
	area         string // "" for every area of the holder's
	kind         funding.GrantKind
	whose        funding.GrantWhose
	limit, alone money.Pence
	why          string
	waits        bool
}

var grants = []grant{
	{
		by: "marcus-reid", area: "Oldham", kind: funding.GrantKindDecide, whose: funding.GrantWhoseAny, limit: 5000_00, alone: 2000_00,
		why: "Oldham’s scheme of delegation: managers decide up to £5,000, and two of them together above £2,000.",
	},
	{
		by: "marcus-reid", area: "Rochdale", kind: funding.GrantKindDecide, whose: funding.GrantWhoseAny, limit: 5000_00, alone: 5000_00,
		why: "Rochdale’s scheme of delegation: managers decide up to £5,000.",
	},
	{
		by: "helen-barlow", holder: "marcus-reid", kind: funding.GrantKindExcept, whose: funding.GrantWhoseAny, limit: 500_00, alone: 500_00,
		why: "The senior manager may allow an exception of up to £500.",
	},
	{
		by: "helen-barlow", area: "Oldham", kind: funding.GrantKindDecide, whose: funding.GrantWhoseLine, limit: 2500_00, alone: 2500_00, waits: true,
		why: "Line managers know their coaches’ work, and could decide more of it without a second person.",
	},
}

// authority says who may decide what, before anybody has to, and who leads whom.
// What was done by a start that was broken off is not done again.
func (s *Seed) authority(ctx context.Context) error {
	s.Clock.set(40 * 24 * time.Hour)
	for _, p := range demo.Staff { // so that each can be chosen by name
		as, err := s.as(ctx, p.Subject)
		if err != nil {
			return err
		}
		if _, err := s.funding.ReadMyAuthorityWithResponse(as); err != nil {
			return err
		}
	}
	finance, err := s.as(ctx, "imran-sadiq")
	if err != nil {
		return err
	}
	known, err := s.funding.ListGrantsWithResponse(finance, nil)
	if err != nil {
		return err
	}
	for _, g := range grants {
		i := slices.IndexFunc(known.JSON200.Items, func(k funding.Grant) bool { return k.Why == g.why })
		var id openapi.UUID
		switch {
		case i < 0:
			if id, err = s.propose(ctx, g); err != nil {
				return err
			}
		case known.JSON200.Items[i].State == funding.GrantWaiting:
			id = known.JSON200.Items[i].Id
		default:
			continue
		}
		if g.waits {
			continue
		}
		if _, err := s.funding.ConfirmGrantWithResponse(finance, id, nil); err != nil {
			return err
		}
	}
	if err := s.lineManagers(finance); err != nil {
		return err
	}
	s.Step(fmt.Sprintf("%d grants say who may decide how much", len(grants)))
	return nil
}

func (s *Seed) propose(ctx context.Context, g grant) (openapi.UUID, error) {
	by, err := s.as(ctx, g.by)
	if err != nil {
		return openapi.UUID{}, err
	}
	sent := funding.NewGrant{
		Kind: g.kind, Whose: g.whose, Area: g.area, LimitPence: int64(g.limit), AlonePence: int64(g.alone), FirstDay: s.today(), Why: g.why,
	}
	if g.holder != "" {
		if sent.HolderId, err = s.colleague(by, funding.StaffManagers, g.holder); err != nil {
			return openapi.UUID{}, err
		}
	}
	proposed, err := s.funding.ProposeGrantWithResponse(by, nil, sent)
	if err != nil {
		return openapi.UUID{}, err
	}
	return proposed.JSON201.Id, nil
}

// lineManagers has Helen lead Oldham's coaches and Marcus Rochdale's.
func (s *Seed) lineManagers(finance context.Context) error {
	led, err := s.funding.ListLineManagersWithResponse(finance, nil)
	if err != nil {
		return err
	}
	for _, coach := range demo.Staff {
		i := slices.IndexFunc(led.JSON200.Items, func(l funding.Led) bool { return l.CoachName == coach.Name })
		if i < 0 || !led.JSON200.Items[i].Now.FirstDay.IsZero() {
			continue
		}
		manager := "marcus-reid"
		if slices.Contains(coach.Areas, "Oldham") {
			manager = "helen-barlow"
		}
		id, err := s.colleague(finance, funding.StaffManagers, manager)
		if err != nil {
			return err
		}
		if _, err := s.funding.SetLineManagerWithResponse(finance, nil, funding.SetLineManagerJSONRequestBody{
			CoachId: led.JSON200.Items[i].CoachId, ManagerId: id, FirstDay: s.today(),
		}); err != nil {
			return err
		}
	}
	return nil
}

// colleague is the id of one of the demo's people, as others choose them.
func (s *Seed) colleague(ctx context.Context, role funding.ListStaffParamsRole, subject string) (openapi.UUID, error) {
	staff, err := s.funding.ListStaffWithResponse(ctx, &funding.ListStaffParams{Role: role})
	if err != nil {
		return openapi.UUID{}, err
	}
	for _, p := range demo.Staff {
		i := slices.IndexFunc(staff.JSON200.Items, func(c funding.Colleague) bool { return c.Name == p.Name })
		if p.Subject == subject && i >= 0 {
			return staff.JSON200.Items[i].Id, nil
		}
	}
	return openapi.UUID{}, fmt.Errorf("nobody knows %s", subject)
}

// today is the day that it is in the demo.
func (s *Seed) today() openapi.Date { return openapi.Date{Time: s.Clock.Now()} }
