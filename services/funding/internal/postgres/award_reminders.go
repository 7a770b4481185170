package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/pkg/workday"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// reminders are queries, each for what one role is reminded of: with its kind, its
// moment, the day or the working days after which it is due, what it is about, and
// how much. @reach is what the role reaches, and @working the working days of a
// Lateness. That a decision is due is said here as award.Pace.Clock says it, which
// leaves out the days on which a question waited; a test holds the two alike.
var reminders = []struct {
	role identity.Role
	of   columns
	sql  string
}{
	{identity.Coach, ofRequest, `
		SELECT 'running-out', p.warned_at, p.runs_out_on, NULL::integer, r.reference, r.id, NULL::uuid, NULL::uuid, r.jobseeker_id, r.area, r.committed
		FROM request r JOIN promise p ON p.request_id = r.id
		WHERE r.state = 'approved' AND p.warned_at IS NOT NULL AND @reach`},
	{identity.Coach, ofRequest, `
		SELECT 'returned', r.since, NULL::date, NULL::integer, r.reference, r.id, NULL::uuid, NULL::uuid, r.jobseeker_id, r.area, r.asked
		FROM request r WHERE r.state = 'returned' AND @reach`},
	{identity.Coach, ofRequest, `
		SELECT 'receipt-due', p.settled_at, NULL::date, t.receipt_days, r.reference, r.id, NULL::uuid, NULL::uuid, r.jobseeker_id, r.area, p.paid - p.recovered
		FROM request r CROSS JOIN LATERAL terms_on(r.fund_id, london_day(r.decided_at)) t
			JOIN payment p ON p.request_id = r.id AND p.state = 'paid' AND p.paid > p.recovered AND (p.method = 'card' OR p.payee_kind = 'person')
		WHERE r.state IN ('approved', 'paid') AND @reach AND london_day(p.settled_at) < (@working::date[])[t.receipt_days]
			AND NOT EXISTS (SELECT FROM document d WHERE d.request_id = r.id AND d.kind = 'receipt' AND d.state NOT IN ('refused', 'removed'))`},
	{identity.Manager, ofRequest, `
		SELECT 'decision-due', r.submitted_at, NULL::date, NULL::integer, r.reference, r.id, NULL::uuid, NULL::uuid, r.jobseeker_id, r.area, r.asked
		FROM request r CROSS JOIN LATERAL terms_on(r.fund_id, london_day(r.submitted_at)) t
		WHERE r.state = 'submitted' AND @reach AND london_day(r.submitted_at) < (@working::date[])[t.decide_days]
			AND (SELECT count(*) FROM unnest(@working::date[]) d WHERE d > london_day(r.submitted_at) AND NOT EXISTS (
				SELECT FROM question q LEFT JOIN answer w ON w.question_id = q.id
				WHERE q.request_id = r.id AND d > london_day(q.at) AND d <= coalesce(london_day(w.at), 'infinity'))) >= t.decide_days
			AND NOT EXISTS (SELECT FROM history h WHERE h.request_id = r.id AND h.to_state IN ('submitted', 'declined') AND h.by_id = @me)`},
	{identity.Finance, columns{"r.jobseeker_id", "r.coach_id", "p.area", "p.state"}, `
		SELECT 'payment-unsent', p.planned_at, NULL::date, NULL::integer, p.reference, r.id, p.id, NULL::uuid, r.jobseeker_id, p.area, p.amount
		FROM payment p JOIN request r ON r.id = p.request_id
		WHERE p.state IN ('planned', 'batched') AND p.planned_at < @unsent AND @reach`},
	{identity.Finance, columns{"NULL", "NULL", "b.area", "b.state"}, `
		SELECT 'result-awaited', b.exported_at, NULL::date, NULL::integer, b.reference, NULL::uuid, NULL::uuid, b.id, NULL::uuid, b.area,
			(SELECT sum(p.amount) FROM payment p WHERE p.batch_id = b.id AND p.state = 'sent')
		FROM batch b WHERE b.state = 'exported' AND b.exported_at < @awaited AND @reach`},
}

// remind puts together what act's roles are reminded of. Each part is as long as a
// list is counted, so that no backlog makes a start page slow.
func remind(act award.Act, late award.Lateness) clause.Expr {
	working := make([]string, len(late.Working))
	for i, day := range late.Working {
		working[i] = day.Format(time.DateOnly)
	}
	known := map[string]any{"working": "{" + strings.Join(working, ",") + "}", "me": act.Who.ID, "unsent": late.Unsent, "awaited": late.Awaited}
	var parts []string
	var all clause.Expr
	for _, one := range reminders {
		rules := slices.DeleteFunc(policy.Rules(act.Who.Person, act.Operation), func(r policy.Rule) bool { return r.Role != one.role })
		if len(rules) == 0 {
			continue
		}
		known["reach"] = admitted(act.Who, rules, one.of)
		sql, vars := positional(one.sql, known)
		parts = append(parts, fmt.Sprintf("(%s ORDER BY 2 LIMIT %d)", sql, mostCounted+1))
		all.Vars = append(all.Vars, vars...)
	}
	all.SQL = strings.Join(parts, " UNION ALL ")
	return all
}

// positional is sql with ? for each of the names in it, and their values.
func positional(sql string, known map[string]any) (string, []any) {
	var vars []any
	words := strings.Split(sql, "@")
	for i, word := range words[1:] {
		end := strings.IndexFunc(word, func(r rune) bool { return r < 'a' || r > 'z' })
		if end < 0 {
			end = len(word)
		}
		vars = append(vars, known[word[:end]])
		words[i+1] = "?" + word[end:]
	}
	return strings.Join(words, ""), vars
}

// reminderRow is a reminder.
type reminderRow struct {
	Kind        string
	Since       time.Time
	DueOn       *time.Time
	Days        *int // working days after which it was due
	Reference   string
	RequestID   *uuid.UUID
	PaymentID   *uuid.UUID
	BatchID     *uuid.UUID
	JobseekerID *uuid.UUID
	Area        string
	Pence       int64
	Total       int // of the whole list, the same in each row
}

func (r reminderRow) toDomain() award.Reminder {
	m := award.Reminder{
		Kind: award.ReminderKind(r.Kind), Since: r.Since, Reference: r.Reference, RequestID: orNobody(r.RequestID), PaymentID: orNobody(r.PaymentID),
		BatchID: orNobody(r.BatchID), JobseekerID: orNobody(r.JobseekerID), Area: r.Area, Pence: money.Pence(r.Pence),
	}
	switch {
	case r.DueOn != nil:
		m.Due = *r.DueOn
	case r.Days != nil:
		m.Due = workday.After(workday.On(r.Since), *r.Days)
	}
	return m
}

// Reminders is award.Promises's.
func (s Awards) Reminders(ctx context.Context, act award.Act, late award.Lateness, p award.Page) (found []award.Reminder, total int, err error) {
	list := remind(act, late)
	err = s.still(ctx, func(tx *gorm.DB) error {
		rows, err := db.Find[reminderRow](ctx, tx, `
			WITH found (kind, since, due_on, days, reference, request_id, payment_id, batch_id, jobseeker_id, area, pence) AS MATERIALIZED (?)
			SELECT f.*, (SELECT count(*) FROM found) AS total FROM found f ORDER BY f.since, f.reference, f.kind LIMIT ? OFFSET ?`,
			list, p.Size, min((p.Number-1)*p.Size, mostCounted))
		if err != nil {
			return err
		}
		if len(rows) == 0 && p.Number > 1 { // past the end, where no row says how many there are
			if err := tx.Raw("SELECT count(*) FROM (?) found", list).Scan(&total).Error; err != nil {
				return err
			}
		}
		var looks []audit.Entry
		found = make([]award.Reminder, len(rows))
		for i, row := range rows {
			found[i], total = row.toDomain(), row.Total
			if row.JobseekerID == nil {
				continue
			}
			look := audit.Entry{Action: string(act.Operation), Subject: "jobseeker", SubjectID: *row.JobseekerID, Jobseeker: *row.JobseekerID}
			if !slices.Contains(looks, look) {
				looks = append(looks, look)
			}
		}
		total = min(total, mostCounted)
		return audit.Write(ctx, tx, looks...)
	})
	return found, total, err
}
