package postgres

import (
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/services/funding/internal/authority"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// lockCase keeps everybody else from changing a request, or anything else against
// its allowance, until the transaction ends: the allowance first, the request
// after. The budget is not locked, though a decision changes it: everybody in the
// area would wait for everybody else from here on, where they need only wait from
// the change to its end. Its CHECK has the last word.
func lockCase(g *gorm.DB, id uuid.UUID) db.Statement {
	return db.Say(g, `
		WITH a AS MATERIALIZED (SELECT id FROM allowance WHERE id = (SELECT allowance_id FROM request WHERE id = ?)`+forChange+`)
		SELECT FROM request WHERE id = ? AND EXISTS (SELECT FROM a)`+forChange, id, id)
}

// selectCase reads a request with all that a verb on it has to know, in one
// statement.
func selectCase(g *gorm.DB, who policy.Actor, id uuid.UUID, also award.Also, m db.Message) db.Statement {
	return db.Say(g, `
		SELECT r.id, r.reference, r.allowance_id, r.jobseeker_id, r.area, r.fund_id, f.code, f.name, r.budget_id, r.elsewhere, r.elsewhere_from,
			r.asked, r.awarded, r.exception, r.over, r.held, r.committed, r.paid, r.changed_at, r.version,
			a.id, a.jobseeker_id, a.course_id, a.course_code, a.course_name, a.price_id, a.cap, a.priced_on, a.source, a.area,
			a.coach_id, a.coach_name, a.over, a.opened_at, a.held, a.committed, a.paid, a.version,
			(SELECT json_agg(l ORDER BY l.position) FROM (
				SELECT l.*, d.granted, d.code AS granted_code
				FROM line l LEFT JOIN decision_line d ON d.line_id = l.id AND d.request_id = r.id WHERE l.request_id = r.id) l),
			(SELECT row_to_json(d) FROM decision d WHERE d.request_id = r.id),
			(SELECT json_agg(h ORDER BY h.step) FROM history h WHERE h.request_id = r.id),
			(SELECT row_to_json(b) FROM budget b WHERE b.id = coalesce(r.budget_id,
				(SELECT n.id FROM budget n WHERE n.fund_id = r.fund_id AND n.area = r.area AND n.year = ?))),
			k.operation, k.hash, ?, ?, ?, ?
		FROM request r JOIN allowance a ON a.id = r.allowance_id JOIN fund f ON f.id = r.fund_id LEFT JOIN idempotency k ON k.person = ? AND k.key = ?
		WHERE r.id = ? AND ?`,
		award.YearOf(also.At), authorityOver(who, also), exceptionOver(who, also), automaticOver(also), promiseOver(also), m.Person, m.Key, id, within(who, policy.ReadRequest, ofRequest))
}

// forChange is the lock of whoever goes on to change what they read.
const forChange = " FOR NO KEY UPDATE"

// caseRow is what selectCase answers with.
type caseRow struct {
	request   requestRow
	allowance allowanceRow
	lines     []lineRow
	decision  *decisionRow
	steps     []stepRow
	budget    *awardBudgetRow
	operation *string // of the message that was taken under the same key before
	hash      []byte
	grants    []heldRow  // that whoever acts may hold, if that is wanted
	leads     *uuid.UUID // the coach who submitted it, today
	exception *exceptionRow
	rule      *ruleRow
	automatic *automaticRow
	promised  *promisedRow
}

// scan reads the row, however it was asked for.
func (c *caseRow) scan(row interface{ Scan(...any) error }) error {
	var lines, decision, steps, budget, grants, exception, rule, automatic, promised []byte
	r, a := &c.request, &c.allowance
	err := row.Scan(&r.ID, &r.Reference, &r.AllowanceID, &r.JobseekerID, &r.Area, &r.FundID, &r.FundCode, &r.FundName, &r.BudgetID, &r.Elsewhere, &r.ElsewhereFrom,
		&r.Asked, &r.Awarded, &r.Exception, &r.Over, &r.Totals.Held, &r.Totals.Committed, &r.Totals.Paid, &r.ChangedAt, &r.Version,
		&a.ID, &a.JobseekerID, &a.CourseID, &a.CourseCode, &a.CourseName, &a.PriceID, &a.Cap, &a.PricedOn, &a.Source, &a.Area,
		&a.CoachID, &a.CoachName, &a.Over, &a.OpenedAt, &a.Totals.Held, &a.Totals.Committed, &a.Totals.Paid, &a.Version,
		&lines, &decision, &steps, &budget, &c.operation, &c.hash, &grants, &c.leads, &exception, &rule, &automatic, &promised)
	if err != nil {
		return err
	}
	for _, list := range []struct {
		from []byte
		to   any
	}{{lines, &c.lines}, {decision, &c.decision}, {steps, &c.steps}, {budget, &c.budget}, {grants, &c.grants}, {exception, &c.exception}, {rule, &c.rule}, {automatic, &c.automatic}, {promised, &c.promised}} {
		if list.from == nil {
			continue
		}
		if err := json.Unmarshal(list.from, list.to); err != nil {
			return err
		}
	}
	return nil
}

func (c *caseRow) toDomain(who policy.Actor, also award.Also) award.Case {
	found := award.Case{Request: c.request.toDomain(c.lines, c.steps), Allowance: c.allowance.toDomain()}
	if d := c.decision; d != nil {
		found.Request.OtherFunding, found.Request.Scrutiny = d.OtherFunding, d.Scrutiny
	}
	if a := c.automatic; a != nil {
		found.Request.Automatic = a.toDomain()
	}
	if u := c.rule; u != nil {
		found.Rule = u.toDomain()
	}
	may := func(kind authority.Kind, grants []heldRow, leads *uuid.UUID) authority.Authority {
		return authority.Of(toGrants(grants), authority.Question{
			Person: who.Person, Kind: kind, Fund: c.request.FundID, Area: c.request.Area, Day: award.Today(also.At), LineManager: orNobody(leads),
		})
	}
	if also.Authority {
		found.Authority = may(authority.Decide, c.grants, c.leads)
	}
	if x := c.exception; x != nil {
		found.Exceptions, found.Excepting = x.Exceptions, may(authority.Except, x.Grants, x.Leads)
	}
	if c.promised != nil {
		found.Promise, found.InFlight, found.Kept = c.promised.toDomain()
	}
	if also.Budget && c.budget != nil {
		c.budget.FundCode, c.budget.FundName = c.request.FundCode, c.request.FundName
		found.Budget = c.budget.toDomain()
	}
	return found
}

// readCase reads a request that who may see, and what else is wanted.
func readCase(tx *gorm.DB, who policy.Actor, id uuid.UUID, also award.Also) (award.Case, error) {
	said := selectCase(tx, who, id, also, db.Message{})
	var c caseRow
	err := c.scan(tx.Statement.ConnPool.QueryRowContext(tx.Statement.Context, said.SQL, said.Args...))
	if err != nil {
		return award.Case{}, orNoRecord(err)
	}
	return c.toDomain(who, also), nil
}

// orNoRecord is err, or what it means that there was no row.
func orNoRecord(err error) error {
	if errors.Is(err, sql.ErrNoRows) { // which pgx's own is too
		return errNoRecord
	}
	return err
}
