package postgres

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/budget"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// proposalRow is a proposal with its fund, its answer if it has one, and what it
// proposes, by its kind.
type proposalRow struct {
	ID     uuid.UUID
	Fund   fundRow `gorm:"embedded;embeddedPrefix:fund_"`
	Kind   budget.Kind
	Reason string
	ByID   uuid.UUID
	ByName string
	At     time.Time

	Confirmed    *bool
	AnsweredBy   uuid.UUID
	AnsweredName string
	AnsweredAt   time.Time
	Words        string

	FromBudget *uuid.UUID
	ToBudget   *uuid.UUID
	Pence      int64
	Content    []byte
}

const selectProposals = `SELECT p.id, p.kind, p.reason, p.by_id, p.by_name, p.at,
	f.id AS fund_id, f.code AS fund_code, f.name AS fund_name, f.first_day AS fund_first_day, f.last_day AS fund_last_day,
	a.confirmed, a.by_id AS answered_by, a.by_name AS answered_name, a.at AS answered_at, a.words,
	m.from_budget, m.to_budget, m.pence, p.content
	FROM proposal p JOIN fund f ON f.id = p.fund_id
	LEFT JOIN proposal_answer a ON a.proposal_id = p.id LEFT JOIN movement m ON m.id = p.id WHERE `

func (r proposalRow) toDomain(budgets map[uuid.UUID]*budget.Budget) (*budget.Proposal, error) {
	p := &budget.Proposal{ID: r.ID, Fund: r.Fund.toDomain(), Reason: r.Reason, By: r.ByID, ByName: r.ByName, At: r.At}
	if r.Confirmed != nil {
		p.Answer = &budget.Answer{Confirmed: *r.Confirmed, By: r.AnsweredBy, ByName: r.AnsweredName, At: r.AnsweredAt, Words: r.Words}
	}
	switch r.Kind {
	case budget.OfTerms:
		var t termsContent
		if err := json.Unmarshal(r.Content, &t); err != nil {
			return nil, err
		}
		p.Terms = new(t.toDomain())
	case budget.OfCategories:
		var all []categoryContent
		if err := json.Unmarshal(r.Content, &all); err != nil {
			return nil, err
		}
		for _, k := range all {
			p.Categories = append(p.Categories, k.toDomain())
		}
	case budget.OfMovement:
		p.Movement = &budget.Movement{Pence: money.Pence(r.Pence)}
		if r.FromBudget != nil {
			p.Movement.From = budgets[*r.FromBudget]
		}
		if r.ToBudget != nil {
			p.Movement.To = budgets[*r.ToBudget]
		}
	}
	return p, nil
}

// budgets lists the budgets that the proposal is about.
func (r proposalRow) budgets() []uuid.UUID {
	var ids []uuid.UUID
	for _, id := range []*uuid.UUID{r.FromBudget, r.ToBudget} {
		if id != nil {
			ids = append(ids, *id)
		}
	}
	return ids
}

// proposalsWithin is the WHERE of the proposals to which who may do op: those
// about a budget within reach, and those about none, for which the role is enough.
func proposalsWithin(who policy.Actor, op policy.Operation) clause.Expr {
	if policy.Gate(who.Person, op) != nil {
		return clause.Expr{SQL: "false"}
	}
	reach := within(who, op, ofBudget)
	reach.SQL = "(p.kind <> '" + string(budget.OfMovement) + "' OR EXISTS (SELECT FROM budget b WHERE b.id IN (m.from_budget, m.to_budget) AND " + reach.SQL + "))"
	return reach
}

// everything is the WHERE that lets all through.
var everything = clause.Expr{SQL: "true"}

// Propose is budget.Store's.
func (s Budgets) Propose(ctx context.Context, act budget.Act, ids [2]uuid.UUID, propose func(from, to *budget.Budget) (*budget.Proposal, error)) (p *budget.Proposal, err error) {
	err = s.once(ctx, act, "proposal", func(tx *gorm.DB) (uuid.UUID, error) {
		found, err := readBudgets(tx, within(act.Who, policy.ReadBudget, ofBudget), ids[:]...)
		if err != nil {
			return uuid.Nil, err
		}
		for _, id := range ids {
			if id != uuid.Nil && found[id] == nil {
				return uuid.Nil, errNoRecord
			}
		}
		p, err := propose(found[ids[0]], found[ids[1]])
		if err != nil {
			return uuid.Nil, err
		}
		return p.ID, insertProposal(tx, p)
	}, func(tx *gorm.DB, id uuid.UUID) (err error) {
		p, err = readProposal(tx, act.Who, id)
		return err
	})
	return p, err
}

// ProposeFor is budget.Store's.
func (s Budgets) ProposeFor(ctx context.Context, act budget.Act, fund uuid.UUID, propose func(budget.Fund) (*budget.Proposal, error)) (p *budget.Proposal, err error) {
	err = s.once(ctx, act, "proposal", func(tx *gorm.DB) (uuid.UUID, error) {
		f, err := readFund(tx, fund)
		if err != nil {
			return uuid.Nil, err
		}
		p, err := propose(f)
		if err != nil {
			return uuid.Nil, err
		}
		return p.ID, insertProposal(tx, p)
	}, func(tx *gorm.DB, id uuid.UUID) (err error) {
		p, err = readProposal(tx, act.Who, id)
		return err
	})
	return p, err
}

func insertProposal(tx *gorm.DB, p *budget.Proposal) error {
	kind, content := budget.OfMovement, any(nil)
	switch {
	case p.Terms != nil:
		kind, content = budget.OfTerms, toTermsContent(*p.Terms)
	case p.Categories != nil:
		kind, content = budget.OfCategories, toCategoryContent(p.Categories)
	}
	var words *string // jsonb, or NULL
	if content != nil {
		b, err := json.Marshal(content)
		if err != nil {
			return err
		}
		words = new(string(b))
	}
	err := tx.Exec("INSERT INTO proposal (id, fund_id, kind, reason, by_id, by_name, at, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		p.ID, p.Fund.ID, kind, p.Reason, p.By, p.ByName, p.At, words).Error
	m := p.Movement
	if err != nil || m == nil {
		return err
	}
	return tx.Exec("INSERT INTO movement (id, fund_id, from_budget, to_budget, pence) VALUES (?, ?, ?, ?, ?)",
		p.ID, p.Fund.ID, idOf(m.From), idOf(m.To), int64(m.Pence)).Error
}

func idOf(b *budget.Budget) *uuid.UUID {
	if b == nil {
		return nil
	}
	return &b.ID
}

// Answer is budget.Store's.
func (s Budgets) Answer(ctx context.Context, act budget.Act, id uuid.UUID, answer func(*budget.Proposal) error) (p *budget.Proposal, err error) {
	err = s.once(ctx, act, "proposal", func(tx *gorm.DB) (uuid.UUID, error) {
		// The budgets come first, and each is read by a statement that begins once
		// it is locked. Which they are never changes.
		p, err := readProposal(tx, act.Who, id)
		if err != nil {
			return uuid.Nil, err
		}
		var ids []uuid.UUID
		for _, b := range p.Budgets() {
			ids = append(ids, b.ID)
		}
		if err := lockBudgets(tx, ids...); err != nil {
			return uuid.Nil, err
		}
		if p, err = readProposal(tx, act.Who, id); err != nil {
			return uuid.Nil, err
		}
		if err := answer(p); err != nil {
			return uuid.Nil, err
		}
		a := p.Answer
		err = tx.Exec("INSERT INTO proposal_answer (proposal_id, confirmed, by_id, by_name, at, words) VALUES (?, ?, ?, ?, ?, ?)",
			id, a.Confirmed, a.By, a.ByName, a.At, a.Words).Error
		if err != nil || !a.Confirmed {
			return id, err
		}
		return id, tellAnswered(tx, id, ids)
	}, func(tx *gorm.DB, id uuid.UUID) (err error) {
		p, err = readProposal(tx, act.Who, id)
		return err
	})
	return p, err
}

// Proposals is budget.Store's.
func (s Budgets) Proposals(ctx context.Context, act budget.Act, f budget.ProposalFilter, page budget.Page) (all []budget.Proposal, total int, err error) {
	where := proposalsWithin(act.Who, act.Operation)
	if f.Waiting {
		where.SQL += " AND a.confirmed IS NULL"
	}
	if f.Kind != "" {
		where.SQL, where.Vars = where.SQL+" AND p.kind = ?", append(where.Vars, f.Kind)
	}
	if f.Fund != uuid.Nil {
		where.SQL, where.Vars = where.SQL+" AND p.fund_id = ?", append(where.Vars, f.Fund)
	}
	if f.Budget != uuid.Nil {
		where.SQL, where.Vars = where.SQL+" AND ? IN (m.from_budget, m.to_budget)", append(where.Vars, f.Budget)
	}
	err = s.still(ctx, func(tx *gorm.DB) error {
		err := tx.Raw(`SELECT count(*) FROM proposal p LEFT JOIN proposal_answer a ON a.proposal_id = p.id
			LEFT JOIN movement m ON m.id = p.id WHERE ?`, where).Scan(&total).Error
		if err != nil {
			return err
		}
		all, err = readProposals(tx, clause.Expr{
			SQL:  where.SQL + " ORDER BY a.confirmed IS NOT NULL, p.at DESC, p.id DESC LIMIT ? OFFSET ?",
			Vars: append(slices.Clone(where.Vars), page.Size, (page.Number-1)*page.Size),
		})
		return err
	})
	return all, total, err
}

// Proposal is budget.Store's.
func (s Budgets) Proposal(ctx context.Context, act budget.Act, id uuid.UUID) (*budget.Proposal, error) {
	return readProposal(s.db.Gorm.WithContext(ctx), act.Who, id)
}

// readProposal reads a proposal that who may see.
func readProposal(tx *gorm.DB, who policy.Actor, id uuid.UUID) (*budget.Proposal, error) {
	where := proposalsWithin(who, policy.ReadProposal)
	found, err := readProposals(tx, clause.Expr{SQL: "p.id = ? AND " + where.SQL, Vars: append([]any{id}, where.Vars...)})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, errNoRecord
	}
	return &found[0], nil
}

// readProposals reads the proposals for which where holds, with their budgets,
// whichever area those are in: whoever may see one end of a transfer may know
// the other.
func readProposals(tx *gorm.DB, where clause.Expr) ([]budget.Proposal, error) {
	var rows []proposalRow
	if err := tx.Raw(selectProposals+"?", where).Scan(&rows).Error; err != nil {
		return nil, err
	}
	var ids []uuid.UUID
	for _, row := range rows {
		ids = append(ids, row.budgets()...)
	}
	budgets, err := readBudgets(tx, everything, ids...)
	if err != nil {
		return nil, err
	}
	all := make([]budget.Proposal, len(rows))
	for i, row := range rows {
		p, err := row.toDomain(budgets)
		if err != nil {
			return nil, err
		}
		all[i] = *p
	}
	return all, nil
}
