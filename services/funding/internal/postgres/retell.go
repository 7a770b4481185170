package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	told "github.com/instead-support/instead/api/events"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/events"
)

// Told is all that funding tells of, to be told again as it stands. It reads past
// GORM, whose ease would be felt over ten million requests.
func Told(d *db.DB) []events.Source {
	return []events.Source{
		events.Each("terms", d, "SELECT proposal_id, fund_id, version, first_day, decide_days FROM fund_term WHERE proposal_id > $1 ORDER BY proposal_id LIMIT $2",
			func(r struct {
				ProposalID uuid.UUID
				toldTermsRow
			}) (uuid.UUID, events.Event) {
				return r.ProposalID, r.toEvent()
			}),
		events.Each("budgets", d, selectToldBudgets+" WHERE id > $1 ORDER BY id LIMIT $2", func(r toldBudgetRow) (uuid.UUID, events.Event) { return r.ID, r.toEvent() }),
		events.Each("allowances", d, "SELECT id, version, area, coach_id, course_id, cap, opened_at FROM allowance WHERE id > $1 ORDER BY id LIMIT $2",
			func(r told.AllowanceChanged) (uuid.UUID, events.Event) { return r.AllowanceID, r }),
		{Name: "requests", Page: func(ctx context.Context, after uuid.UUID, n int) ([]events.Event, uuid.UUID, error) {
			return requestsAgain(ctx, d, after, n)
		}},
		events.Each("questions", d, `SELECT q.id, q.request_id, q.at, w.at FROM question q LEFT JOIN answer w ON w.question_id = q.id
			WHERE q.id > $1 ORDER BY q.id LIMIT $2`, func(r told.QuestionChanged) (uuid.UUID, events.Event) { return r.QuestionID, r }),
	}
}

// requestsAgain tells of some requests what was told of each last, with all that
// was ever entered for it. What it reads of them is all of one moment.
func requestsAgain(ctx context.Context, d *db.DB, after uuid.UUID, n int) (all []events.Event, last uuid.UUID, err error) {
	still := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(ctx, d.Pool, still, func(tx pgx.Tx) error {
		requests, err := collect(ctx, tx, `SELECT id, reference, allowance_id, jobseeker_id, area, fund_id, elsewhere, awarded, changed_at, version
			FROM request WHERE id > $1 ORDER BY id LIMIT $2`, func(r *requestRow) []any {
			return []any{&r.ID, &r.Reference, &r.AllowanceID, &r.JobseekerID, &r.Area, &r.FundID, &r.Elsewhere, &r.Awarded, &r.ChangedAt, &r.Version}
		}, after, n)
		if err != nil || len(requests) == 0 {
			return err
		}
		last = requests[len(requests)-1].ID
		lines, err := collect(ctx, tx, `SELECT l.request_id, l.id, l.need_id, l.category, l.amount, d.granted, d.code
			FROM line l LEFT JOIN decision_line d ON d.line_id = l.id AND d.request_id = l.request_id
			WHERE l.request_id > $1 AND l.request_id <= $2 ORDER BY l.request_id, l.position`, func(r *lineRow) []any {
			return []any{&r.RequestID, &r.ID, &r.NeedID, &r.Category, &r.Amount, &r.Granted, &r.GrantedCode}
		}, after, last)
		if err != nil {
			return err
		}
		steps, err := collect(ctx, tx, `SELECT request_id, step, from_state, to_state, act, at, by_id, by_name, code
			FROM history WHERE request_id > $1 AND request_id <= $2 ORDER BY request_id, step`, func(r *stepRow) []any {
			return []any{&r.RequestID, &r.Step, &r.FromState, &r.ToState, &r.Act, &r.At, &r.ByID, &r.ByName, &r.Code}
		}, after, last)
		if err != nil {
			return err
		}
		entries, err := collect(ctx, tx, selectToldEntries+` WHERE e.request_id > $1 AND e.request_id <= $2 ORDER BY e.request_id, e.step, e.kind`, func(r *toldEntryRow) []any {
			return []any{&r.RequestID, &r.Step, &r.Kind, &r.Pence, &r.At, &r.BudgetID, &r.LineID, &r.SupplierID, &r.Local}
		}, after, last)
		for _, r := range requests {
			entered := []told.Entry{}
			for _, e := range cut(&entries, func(e toldEntryRow) bool { return e.RequestID == r.ID }) {
				entered = append(entered, e.toEvent())
			}
			itsLines, itsSteps := cut(&lines, func(l lineRow) bool { return l.RequestID == r.ID }), cut(&steps, func(s stepRow) bool { return s.RequestID == r.ID })
			all = append(all, tellingRequest(r.toDomain(itsLines, itsSteps), entered))
		}
		return err
	})
	return all, last, err
}

// collect reads all rows of a statement into what into says.
func collect[R any](ctx context.Context, tx pgx.Tx, sql string, into func(*R) []any, args ...any) ([]R, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r R, err error) {
		return r, row.Scan(into(&r)...)
	})
}

// cut takes off the front of rows those that are of something.
func cut[R any](rows *[]R, of func(R) bool) []R {
	n := 0
	for n < len(*rows) && of((*rows)[n]) {
		n++
	}
	found := (*rows)[:n]
	*rows = (*rows)[n:]
	return found
}
