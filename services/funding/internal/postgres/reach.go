package postgres

import (
	"strings"

	"gorm.io/gorm/clause"

	"github.com/instead-support/instead/services/funding/internal/policy"
)

// columns say where a query finds what the policy asks about.
type columns struct{ jobseeker, coach, area, state string }

var (
	ofRequest   = columns{"r.jobseeker_id", "r.coach_id", "r.area", "r.state"}
	ofAllowance = columns{"a.jobseeker_id", "a.coach_id", "a.area", "''"}
)

// within is the policy as a WHERE: the records to which who may do op. With no
// reach at all it holds for none. A test holds it against policy.Reaches.
func within(who policy.Actor, op policy.Operation, of columns) clause.Expr {
	return admitted(who, policy.Rules(who.Person, op), of)
}

// admitted is the WHERE of what any of these rules lets who reach.
func admitted(who policy.Actor, rules []policy.Rule, of columns) clause.Expr {
	in := clause.Expr{SQL: "false"}
	for _, rule := range rules {
		var all []string
		and := func(sql string, value any) {
			all = append(all, sql)
			in.Vars = append(in.Vars, value)
		}
		switch rule.Whose {
		case policy.Own:
			and(of.jobseeker+" = ?", who.Jobseeker)
		case policy.Caseload:
			and(of.coach+" = ?", who.ID)
		case policy.InArea:
			and(of.area+" IN ?", who.Areas)
		case policy.Anybodys:
			all = append(all, "true")
		default:
			continue // a rule about nobody's records reaches none of these
		}
		if len(rule.States) > 0 {
			and(of.state+" IN ?", rule.States)
		}
		in.SQL += " OR " + strings.Join(all, " AND ")
	}
	in.SQL = "(" + in.SQL + ")"
	return in
}
