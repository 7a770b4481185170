package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/authority"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// grantRow is a row of table authority_grant.
type grantRow struct {
	ID            uuid.UUID
	Kind          string
	HolderRole    string
	HolderPerson  *uuid.UUID
	HolderName    string
	Whose         string
	FundID        *uuid.UUID
	FundName      string
	Area          string
	Most          int64
	Alone         int64
	FirstDay      time.Time
	LastDay       *time.Time
	Why           string
	ProposedBy    uuid.UUID
	ProposedName  string
	ProposedAt    time.Time
	ConfirmedBy   *uuid.UUID
	ConfirmedName string
	ConfirmedAt   *time.Time
	EndedBy       *uuid.UUID
	EndedName     string
	EndedAt       *time.Time
	EndedWhy      string
}

const grantColumns = `g.id, g.kind, g.holder_role, g.holder_person, g.holder_name, g.whose, g.fund_id, g.area, g.most, g.alone, g.first_day, g.last_day, g.why,
	g.proposed_by, g.proposed_name, g.proposed_at, g.confirmed_by, g.confirmed_name, g.confirmed_at, g.ended_by, g.ended_name, g.ended_at, g.ended_why`

func (r grantRow) toDomain() authority.Grant {
	return authority.Grant{
		ID: r.ID, Kind: authority.Kind(r.Kind), Whose: authority.Whose(r.Whose),
		Holder: authority.Holder{Role: identity.Role(r.HolderRole), Person: orNobody(r.HolderPerson), Name: r.HolderName},
		Fund:   orNobody(r.FundID), Called: r.FundName, Area: r.Area, Limit: money.Pence(r.Most), Alone: money.Pence(r.Alone),
		FirstDay: r.FirstDay, LastDay: orNever(r.LastDay), Why: r.Why,
		Proposed:  authority.Hand{By: r.ProposedBy, Name: r.ProposedName, At: r.ProposedAt},
		Confirmed: authority.Hand{By: orNobody(r.ConfirmedBy), Name: r.ConfirmedName, At: orNever(r.ConfirmedAt)},
		Ended:     authority.Hand{By: orNobody(r.EndedBy), Name: r.EndedName, At: orNever(r.EndedAt)}, EndedWhy: r.EndedWhy,
	}
}

// heldRow is as much of a grant as it takes to judge it, as JSON holds it.
type heldRow struct {
	Kind         string     `json:"kind"`
	HolderRole   string     `json:"holder_role"`
	HolderPerson *uuid.UUID `json:"holder_person"`
	Whose        string     `json:"whose"`
	FundID       *uuid.UUID `json:"fund_id"`
	Area         string     `json:"area"`
	Most         int64      `json:"most"`
	Alone        int64      `json:"alone"`
	ProposedBy   uuid.UUID  `json:"proposed_by"`
	ConfirmedBy  *uuid.UUID `json:"confirmed_by"`
	FirstDay     time.Time  `json:"first_day"`
	LastDay      *time.Time `json:"last_day"`
}

func toGrants(rows []heldRow) []authority.Grant {
	grants := make([]authority.Grant, len(rows))
	for i, r := range rows {
		grants[i] = grantRow{
			Kind: r.Kind, HolderRole: r.HolderRole, HolderPerson: r.HolderPerson, Whose: r.Whose, FundID: r.FundID, Area: r.Area,
			Most: r.Most, Alone: r.Alone, ProposedBy: r.ProposedBy, ConfirmedBy: r.ConfirmedBy, FirstDay: r.FirstDay, LastDay: r.LastDay,
		}.toDomain()
	}
	return grants
}

// readGrant reads a grant that who may see.
func readGrant(ctx context.Context, tx *gorm.DB, who policy.Actor, id uuid.UUID, lock string) (authority.Grant, error) {
	found, err := readGrants(ctx, tx, "WHERE g.id = ? AND ?"+lock, id, withinGrants(who, policy.ReadGrant))
	if err != nil {
		return authority.Grant{}, err
	}
	if len(found) == 0 {
		return authority.Grant{}, errNoRecord
	}
	return found[0], nil
}

func readGrants(ctx context.Context, tx *gorm.DB, where string, values ...any) ([]authority.Grant, error) {
	var rows []grantRow
	err := tx.WithContext(ctx).Raw("SELECT "+grantColumns+", coalesce(f.name, '') AS fund_name FROM authority_grant g LEFT JOIN fund f ON f.id = g.fund_id "+where, values...).Scan(&rows).Error
	grants := make([]authority.Grant, len(rows))
	for i, r := range rows {
		grants[i] = r.toDomain()
	}
	return grants, err
}

// lineManagerRow is a row of table line_manager.
type lineManagerRow struct {
	ID          uuid.UUID
	CoachID     uuid.UUID
	CoachName   string
	ManagerID   *uuid.UUID
	ManagerName string
	FirstDay    time.Time
	SetBy       uuid.UUID
	SetName     string
	SetAt       time.Time
}

func (r lineManagerRow) toDomain() authority.LineManager {
	return authority.LineManager{
		ID: r.ID, Coach: authority.Person{ID: r.CoachID, Name: r.CoachName},
		Manager:  authority.Person{ID: orNobody(r.ManagerID), Name: r.ManagerName},
		FirstDay: r.FirstDay, Set: authority.Hand{By: r.SetBy, Name: r.SetName, At: r.SetAt},
	}
}

// idOrNil is how nobody, or nothing, is stored.
func idOrNil(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

func orNobody(id *uuid.UUID) uuid.UUID {
	if id == nil {
		return uuid.Nil
	}
	return *id
}

func orNever(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return *at
}
