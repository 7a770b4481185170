package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/funding/internal/authority"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Authorities keeps grants of authority. It is the authority.Store.
type Authorities struct{ db *db.DB }

// NewAuthorities returns the store of grants in d.
func NewAuthorities(d *db.DB) Authorities { return Authorities{d} }

var (
	errGrantByTwo = fault.New(fault.Forbidden, "You proposed this, so somebody else must confirm it.")
	errGrantOwn   = fault.New(fault.Forbidden, "This would give authority to yourself. Ask somebody else to do it.")
)

// authorityFaults say what a broken constraint means to the person who broke it.
// But for the fund they are the second wall.
var authorityFaults = db.Faults{
	"grant_fund":              {Kind: fault.Invalid, Message: "Some of what you entered needs another look.", Fields: []fault.Field{{Pointer: "/fund_id", Message: "Choose a fund from the list."}}},
	"grant_by_two":            errGrantByTwo,
	"grant_not_own":           errGrantOwn,
	"grant_moves":             errTooLate,
	"line_manager_by_another": fault.New(fault.Forbidden, "This is about yourself. Ask another manager or a finance officer to do it."),
}

// tx runs f in one transaction, and says in plain words what a constraint
// refused.
func (s Authorities) tx(ctx context.Context, f func(tx *gorm.DB) error) error {
	return authorityFaults.Translate(db.Tx(ctx, s.db.Gorm, f))
}

// Meet is authority.Store's. It writes only if somebody comes for the first
// time, or not as they came before.
func (s Authorities) Meet(ctx context.Context, p identity.Person) error {
	var places [][]any
	for _, role := range p.Roles {
		for _, area := range p.Areas {
			places = append(places, []any{string(role), area})
		}
	}
	return s.tx(ctx, func(tx *gorm.DB) error {
		if len(places) == 0 {
			return tx.Exec("DELETE FROM staff WHERE person = ?", p.ID).Error
		}
		if err := tx.Exec("DELETE FROM staff WHERE person = ? AND (role, area) NOT IN ?", p.ID, places).Error; err != nil {
			return err
		}
		for _, place := range places {
			if err := tx.Exec(`INSERT INTO staff AS s (person, role, area, name) VALUES (?, ?, ?, ?)
				ON CONFLICT (person, role, area) DO UPDATE SET name = excluded.name WHERE s.name <> excluded.name`,
				p.ID, place[0], place[1], p.Name).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

// People is authority.Store's.
func (s Authorities) People(ctx context.Context, role identity.Role, areas []string) ([]authority.Person, error) {
	people := []authority.Person{}
	if len(areas) == 0 {
		return people, nil
	}
	err := s.db.Gorm.WithContext(ctx).Raw(
		"SELECT person AS id, min(name) AS name FROM staff WHERE role = ? AND area IN ? GROUP BY person ORDER BY 2, 1", role, areas).Scan(&people).Error
	return people, err
}

// withinGrants is the policy as a WHERE on grants g: one for every area is seen
// by whoever has the role.
func withinGrants(who policy.Actor, op policy.Operation) clause.Expr {
	if len(policy.Rules(who.Person, op)) == 0 {
		return clause.Expr{SQL: "false"}
	}
	in := within(who, op, columns{"NULL", "NULL", "g.area", "''"})
	in.SQL = "(g.area = '' OR " + in.SQL + ")"
	return in
}

// Add is authority.Store's.
func (s Authorities) Add(ctx context.Context, act authority.Act, g authority.Grant) (authority.Grant, error) {
	err := s.tx(ctx, func(tx *gorm.DB) error {
		id, _, err := takeOnce(ctx, tx, award.Act(act), func() (uuid.UUID, error) {
			err := tx.Exec(`INSERT INTO authority_grant (id, kind, holder_role, holder_person, holder_name, whose, fund_id, area, most, alone,
				first_day, last_day, why, proposed_by, proposed_name, proposed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
				g.ID, g.Kind, g.Holder.Role, idOrNil(g.Holder.Person), g.Holder.Name, g.Whose, idOrNil(g.Fund), g.Area, int64(g.Limit), int64(g.Alone),
				g.FirstDay, orNil(g.LastDay), g.Why, g.Proposed.By, g.Proposed.Name, g.Proposed.At).Error
			return g.ID, err
		})
		if err != nil {
			return err
		}
		if g, err = readGrant(ctx, tx, act.Who, id, ""); err != nil {
			return err
		}
		return noteGrant(ctx, tx, act, id)
	})
	return g, err
}

// Change is authority.Store's.
func (s Authorities) Change(ctx context.Context, act authority.Act, id uuid.UUID, change func(*authority.Grant) error) (g authority.Grant, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		if _, _, err := takeOnce(ctx, tx, award.Act(act), func() (uuid.UUID, error) { return id, changeGrant(ctx, tx, act.Who, id, change) }); err != nil {
			return err
		}
		if g, err = readGrant(ctx, tx, act.Who, id, ""); err != nil {
			return err
		}
		return noteGrant(ctx, tx, act, id)
	})
	return g, err
}

func changeGrant(ctx context.Context, tx *gorm.DB, who policy.Actor, id uuid.UUID, change func(*authority.Grant) error) error {
	g, err := readGrant(ctx, tx, who, id, " FOR NO KEY UPDATE OF g")
	if err != nil {
		return err
	}
	if err := change(&g); err != nil {
		return err
	}
	return tx.Exec(`UPDATE authority_grant SET confirmed_by = ?, confirmed_name = ?, confirmed_at = ?,
		ended_by = ?, ended_name = ?, ended_at = ?, ended_why = ?, last_day = ? WHERE id = ?`,
		idOrNil(g.Confirmed.By), g.Confirmed.Name, orNil(g.Confirmed.At),
		idOrNil(g.Ended.By), g.Ended.Name, orNil(g.Ended.At), g.EndedWhy, orNil(g.LastDay), id).Error
}

// Grant is authority.Store's.
func (s Authorities) Grant(ctx context.Context, act authority.Act, id uuid.UUID) (authority.Grant, error) {
	return readGrant(ctx, s.db.Gorm, act.Who, id, "")
}

// Grants is authority.Store's.
func (s Authorities) Grants(ctx context.Context, act authority.Act, f authority.Filter, p authority.Page) (found []authority.Grant, total int, err error) {
	where := withinGrants(act.Who, act.Operation)
	if f.State != "" {
		where.SQL += " AND " + stateOfGrant + " = ?"
		where.Vars = append(where.Vars, f.Day, f.Day, f.State)
	}
	err = s.tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Exec("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").Error; err != nil {
			return err
		}
		if err := tx.Raw("SELECT count(*) FROM authority_grant g WHERE ?", where).Scan(&total).Error; err != nil {
			return err
		}
		found, err = readGrants(ctx, tx, "WHERE ? ORDER BY g.proposed_at DESC, g.id DESC LIMIT ? OFFSET ?", where, p.Size, (p.Number-1)*p.Size)
		return err
	})
	return found, total, err
}

// stateOfGrant is authority.Grant.State in SQL, on a day that it takes twice. A
// test keeps the two alike.
const stateOfGrant = `CASE
	WHEN g.confirmed_by IS NULL AND g.ended_by IS NOT NULL THEN 'refused'
	WHEN g.last_day < ? THEN 'over'
	WHEN g.confirmed_by IS NULL THEN 'waiting'
	WHEN g.first_day > ? THEN 'coming'
	ELSE 'current' END`

// Held is authority.Store's.
func (s Authorities) Held(ctx context.Context, p identity.Person) ([]authority.Grant, error) {
	return readGrants(ctx, s.db.Gorm, "WHERE g.confirmed_by IS NOT NULL AND (g.holder_person = ? OR g.holder_role IN ? AND g.area IN ?)",
		p.ID, orNone(p.Roles), orNone(p.Areas))
}

// orNone makes of no values one that is none of anybody's, since an empty list
// is no SQL.
func orNone[T ~string](values []T) []T {
	if len(values) == 0 {
		return []T{"\x01"}
	}
	return values
}

// authorityOver are two columns beside a request r: the grants that may let
// who decide it, as JSON, and the line manager that day of the coach who
// submitted it. They are part of the statement by which a decision reads, and so
// cost a few index entries, however many grants there ever were. Which of them
// count is authority.Of's to say. Where authority is not wanted both are null.
func authorityOver(who policy.Actor, also award.Also) clause.Expr {
	if !also.Authority {
		return clause.Expr{SQL: "NULL::json, NULL::uuid"}
	}
	may, line := grantsOver(who, authority.Decide), lineManagerOver("r.submitted_by", also)
	return clause.Expr{SQL: may.SQL + ", " + line.SQL, Vars: slices.Concat(may.Vars, line.Vars)}
}

// exceptionOver is a column beside a request r: whether its fund has exceptions to
// the cap, the grants that may let who allow one, and the line manager of the
// jobseeker's coach. Where that is not wanted it is null.
func exceptionOver(who policy.Actor, also award.Also) clause.Expr {
	if !also.Exceptions {
		return clause.Expr{SQL: "NULL::json"}
	}
	may, line := grantsOver(who, authority.Except), lineManagerOver("r.coach_id", also)
	return clause.Expr{SQL: `json_build_object('exceptions', (SELECT t.exceptions FROM terms_on(r.fund_id, ?) t), 'grants', ` + may.SQL + `, 'leads', ` + line.SQL + `)`,
		Vars: slices.Concat([]any{award.Today(also.At)}, may.Vars, line.Vars)}
}

// exceptionRow is what exceptionOver is.
type exceptionRow struct {
	Exceptions bool       `json:"exceptions"` // false where there are no terms
	Grants     []heldRow  `json:"grants"`
	Leads      *uuid.UUID `json:"leads"`
}

// grantsOver are the grants of a kind that may be an answer for who about a request
// r, as JSON.
func grantsOver(who policy.Actor, kind authority.Kind) clause.Expr {
	return clause.Expr{SQL: `
		(SELECT json_agg(json_build_object('kind', g.kind, 'holder_role', g.holder_role, 'holder_person', g.holder_person, 'whose', g.whose,
				'fund_id', g.fund_id, 'area', g.area, 'most', g.most, 'alone', g.alone, 'proposed_by', g.proposed_by, 'confirmed_by', g.confirmed_by,
				'first_day', g.first_day + time with time zone '00:00Z', 'last_day', g.last_day + time with time zone '00:00Z'))
			FROM authority_grant g
			WHERE g.confirmed_by IS NOT NULL AND g.holder_person = ? AND g.kind = ?
				OR g.confirmed_by IS NOT NULL AND g.holder_role <> '' AND g.area = r.area AND g.holder_role IN ? AND g.kind = ?)`,
		Vars: []any{who.ID, kind, orNone(who.Roles), kind}}
}

// lineManagerOver is who leads, that day, the coach in this column.
func lineManagerOver(coach string, also award.Also) clause.Expr {
	return clause.Expr{SQL: `
		(SELECT m.manager_id FROM line_manager m
			WHERE m.coach_id = ` + coach + ` AND m.first_day <= ? ORDER BY m.first_day DESC, m.number DESC LIMIT 1)`,
		Vars: []any{award.Today(also.At)}}
}

// SetLineManager is authority.Store's.
func (s Authorities) SetLineManager(ctx context.Context, act authority.Act, l authority.LineManager) (authority.LineManager, error) {
	err := s.tx(ctx, func(tx *gorm.DB) error {
		id, _, err := takeOnce(ctx, tx, award.Act(act), func() (uuid.UUID, error) {
			return l.ID, tx.Exec(`INSERT INTO line_manager (id, coach_id, coach_name, manager_id, manager_name, first_day, set_by, set_name, set_at)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
				l.ID, l.Coach.ID, l.Coach.Name, idOrNil(l.Manager.ID), l.Manager.Name, l.FirstDay, l.Set.By, l.Set.Name, l.Set.At).Error
		})
		if err != nil {
			return err
		}
		l.ID = id // of the first message, where this is a second
		return audit.Write(ctx, tx, audit.Entry{Action: string(act.Operation), Subject: "line-manager", SubjectID: l.Coach.ID})
	})
	return l, err
}

// LineManagers is authority.Store's.
func (s Authorities) LineManagers(ctx context.Context, coaches []uuid.UUID, day time.Time) ([]authority.LineManager, error) {
	if len(coaches) == 0 {
		return nil, nil
	}
	var rows []lineManagerRow
	err := s.db.Gorm.WithContext(ctx).Raw(`
		SELECT DISTINCT ON (m.coach_id, m.first_day) m.id, m.coach_id, m.coach_name, m.manager_id, m.manager_name, m.first_day, m.set_by, m.set_name, m.set_at
		FROM line_manager m WHERE m.coach_id IN ? AND m.first_day >= coalesce(
			(SELECT max(n.first_day) FROM line_manager n WHERE n.coach_id = m.coach_id AND n.first_day <= ?), '-infinity')
		ORDER BY m.coach_id, m.first_day, m.number DESC`, coaches, day).Scan(&rows).Error
	all := make([]authority.LineManager, len(rows))
	for i, r := range rows {
		all[i] = r.toDomain()
	}
	return all, err
}

func noteGrant(ctx context.Context, tx *gorm.DB, act authority.Act, id uuid.UUID) error {
	return audit.Write(ctx, tx, audit.Entry{Action: string(act.Operation), Subject: "grant", SubjectID: id})
}
