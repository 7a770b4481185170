package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/budget"
)

// budgetPosting is a movement or an entry, as the ledger of a budget shows it.
type budgetPosting struct {
	At         time.Time
	Kind       string
	Pence      int64
	ProposalID uuid.UUID
	Reason     string
	RequestID  uuid.UUID
	Reference  string
}

// fromLedger is what happened to budget @id before the end of day @day.
const fromLedger = `FROM (
	SELECT a.at, m.id AS tie, m.pence, m.id AS proposal_id, p.reason, NULL::uuid AS request_id, '' AS reference,
		CASE WHEN m.from_budget IS NULL THEN 'allocation' WHEN m.to_budget IS NULL THEN 'reduction'
			WHEN m.to_budget = @id THEN 'transfer-in' ELSE 'transfer-out' END AS kind
	FROM movement m JOIN proposal p ON p.id = m.id JOIN proposal_answer a ON a.proposal_id = m.id AND a.confirmed
	WHERE @id IN (m.from_budget, m.to_budget)
	UNION ALL
	SELECT h.at, e.id, e.pence, NULL, '', e.request_id, r.reference, e.kind
	FROM entry e JOIN history h ON (h.request_id, h.step) = (e.request_id, e.step) JOIN request r ON r.id = e.request_id
	WHERE e.budget_id = @id) l
	WHERE l.at < (CAST(@day AS date) + 1)::timestamp AT TIME ZONE 'Europe/London'`

// Ledger is budget.Store's.
func (s Budgets) Ledger(ctx context.Context, act budget.Act, id uuid.UUID, asAt time.Time, p budget.Page) ([]budget.Posting, int, error) {
	until := any(asAt)
	if asAt.IsZero() {
		until = "infinity"
	}
	named := map[string]any{"id": id, "day": until, "size": p.Size, "skip": (p.Number - 1) * p.Size}
	var rows []budgetPosting
	var total int
	err := s.still(ctx, func(tx *gorm.DB) error {
		if _, err := readBudget(tx, act.Who, id, time.Time{}); err != nil {
			return err
		}
		if err := tx.Raw("SELECT count(*) "+fromLedger, named).Scan(&total).Error; err != nil {
			return err
		}
		return tx.Raw("SELECT l.* "+fromLedger+" ORDER BY l.at DESC, l.tie DESC LIMIT @size OFFSET @skip", named).Scan(&rows).Error
	})
	all := make([]budget.Posting, len(rows))
	for i, r := range rows {
		all[i] = budget.Posting{
			At: r.At, Kind: r.Kind, Pence: money.Pence(r.Pence),
			Proposal: r.ProposalID, Reason: r.Reason, Request: r.RequestID, Reference: r.Reference,
		}
	}
	return all, total, err
}
