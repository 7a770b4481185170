package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/policy"
	"github.com/instead-support/instead/services/funding/internal/supplier"
)

// detailsRow is a row of table bank_details.
type detailsRow struct {
	ID             uuid.UUID
	PayeeKind      string
	PayeeID        uuid.UUID
	State          string
	Sealed         []byte
	Print          []byte
	LastFour       string
	Alike          string
	ByID           uuid.UUID
	ByName         string
	At             time.Time
	AnsweredBy     uuid.NullUUID
	AnsweredByName string
	AnsweredAt     *time.Time
	Words          string
}

func (r detailsRow) toDomain() supplier.Details {
	d := supplier.Details{
		ID: r.ID, Payee: supplier.Payee{Kind: supplier.Kind(r.PayeeKind), ID: r.PayeeID}, State: supplier.State(r.State),
		Sealed: r.Sealed, Print: r.Print, LastFour: r.LastFour, Alike: r.Alike, By: r.ByID, ByName: r.ByName, At: r.At,
		AnsweredBy: r.AnsweredBy.UUID, AnsweredByName: r.AnsweredByName, Words: r.Words,
	}
	if r.AnsweredAt != nil {
		d.AnsweredAt = *r.AnsweredAt
	}
	return d
}

func readDetails(ctx context.Context, tx *gorm.DB, where string, values ...any) ([]supplier.Details, error) {
	var rows []detailsRow
	err := tx.WithContext(ctx).Raw("SELECT d.* FROM bank_details d WHERE "+where, values...).Scan(&rows).Error
	all := make([]supplier.Details, len(rows))
	for i, row := range rows {
		all[i] = row.toDomain()
	}
	return all, err
}

func theDetails(ctx context.Context, tx *gorm.DB, id uuid.UUID, lock string) (*supplier.Details, error) {
	found, err := readDetails(ctx, tx, "d.id = ?"+lock, id)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, errNoRecord
	}
	return &found[0], nil
}

// Record is supplier.Store's. A jobseeker is known here by their allowances.
func (s Suppliers) Record(ctx context.Context, who policy.Actor, see policy.Operation, p supplier.Payee) (policy.Record, error) {
	if p.Kind == supplier.ASupplier {
		_, err := readSupplier(ctx, s.db.Gorm, p.ID, "")
		return policy.Record{}, err
	}
	var rows []recordRow
	err := s.db.Gorm.WithContext(ctx).Raw(`SELECT a.jobseeker_id AS jobseeker, a.coach_id AS coach, a.area, '' AS state
		FROM allowance a WHERE a.jobseeker_id = ? AND ? ORDER BY a.opened_at DESC LIMIT 1`, p.ID, within(who, see, ofAllowance)).Scan(&rows).Error
	if err != nil {
		return policy.Record{}, err
	}
	if len(rows) == 0 {
		return policy.Record{}, errNoRecord
	}
	return policy.Record(rows[0]), nil
}

// PayeeOf is supplier.Store's.
func (s Suppliers) PayeeOf(ctx context.Context, details uuid.UUID) (supplier.Payee, error) {
	d, err := theDetails(ctx, s.db.Gorm, details, "")
	if err != nil {
		return supplier.Payee{}, err
	}
	return d.Payee, nil
}

// Propose is supplier.Store's.
func (s Suppliers) Propose(ctx context.Context, act supplier.Act, p supplier.Payee, prints [][]byte, propose func([]supplier.Alike) (*supplier.Details, error)) (d *supplier.Details, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		id, _, err := takeOnce(ctx, tx, award.Act(act), func() (uuid.UUID, error) {
			others, err := withPrint(ctx, tx, p, prints)
			if err != nil {
				return uuid.Nil, err
			}
			d, err := propose(others)
			if err != nil {
				return uuid.Nil, err
			}
			return d.ID, tx.WithContext(ctx).Exec(`INSERT INTO bank_details (id, payee_kind, payee_id, sealed, print, last_four, alike, by_id, by_name, at)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
				d.ID, string(p.Kind), p.ID, d.Sealed, d.Print, d.LastFour, d.Alike, d.By, d.ByName, d.At).Error
		})
		if err != nil {
			return err
		}
		if d, err = theDetails(ctx, tx, id, ""); err != nil {
			return err
		}
		return noteDetails(ctx, tx, act.Operation, d)
	})
	return d, err
}

// withPrint is the other payees whose account has one of these prints.
func withPrint(ctx context.Context, tx *gorm.DB, p supplier.Payee, prints [][]byte) ([]supplier.Alike, error) {
	var rows []struct {
		Kind string
		ID   uuid.UUID
		Name string
	}
	err := tx.WithContext(ctx).Raw(`SELECT DISTINCT d.payee_kind AS kind, d.payee_id AS id, coalesce(s.name, '') AS name
		FROM bank_details d LEFT JOIN supplier s ON s.id = d.payee_id AND d.payee_kind = 'supplier'
		WHERE d.print IN ? AND d.state IN ('proposed', 'confirmed') AND NOT (d.payee_kind = ? AND d.payee_id = ?) ORDER BY name, id`,
		prints, string(p.Kind), p.ID).Scan(&rows).Error
	all := make([]supplier.Alike, len(rows))
	for i, r := range rows {
		all[i] = supplier.Alike{Payee: supplier.Payee{Kind: supplier.Kind(r.Kind), ID: r.ID}, Name: r.Name}
	}
	return all, err
}

// Answer is supplier.Store's.
func (s Suppliers) Answer(ctx context.Context, act supplier.Act, id uuid.UUID, answer func(*supplier.Details) error) (d *supplier.Details, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		_, seen, err := takeOnce(ctx, tx, award.Act(act), func() (uuid.UUID, error) {
			if d, err = theDetails(ctx, tx, id, " FOR NO KEY UPDATE"); err != nil {
				return uuid.Nil, err
			}
			if err := answer(d); err != nil {
				return uuid.Nil, err
			}
			if d.State == supplier.Confirmed {
				if err := tx.WithContext(ctx).Exec("UPDATE bank_details SET state = 'replaced' WHERE payee_kind = ? AND payee_id = ? AND state = 'confirmed'",
					string(d.Payee.Kind), d.Payee.ID).Error; err != nil {
					return uuid.Nil, err
				}
			}
			return id, tx.WithContext(ctx).Exec("UPDATE bank_details SET state = ?, answered_by = ?, answered_by_name = ?, answered_at = ?, words = ? WHERE id = ?",
				string(d.State), d.AnsweredBy, d.AnsweredByName, d.AnsweredAt, d.Words, id).Error
		})
		if err != nil {
			return err
		}
		if seen {
			if d, err = theDetails(ctx, tx, id, ""); err != nil {
				return err
			}
		}
		return noteDetails(ctx, tx, act.Operation, d)
	})
	return d, err
}

// Details is supplier.Store's.
func (s Suppliers) Details(ctx context.Context, act supplier.Act, p supplier.Payee) (all []supplier.Details, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		all, err = readDetails(ctx, tx, "d.payee_kind = ? AND d.payee_id = ? ORDER BY d.state <> 'proposed', d.state <> 'confirmed', d.at DESC, d.id DESC",
			string(p.Kind), p.ID)
		if err != nil {
			return err
		}
		entry := audit.Entry{Action: string(act.Operation), Subject: string(p.Kind), SubjectID: p.ID}
		if p.Kind == supplier.APerson {
			entry.Jobseeker = p.ID
		}
		return audit.Write(ctx, tx, entry)
	})
	return all, err
}

// opened is the audit trail's word for bank details that were read in clear.
const opened policy.Operation = "openBankDetails"

// PayeeDetails is the account in force of a payee, in clear, for whoever makes a
// file for the bank in tx. It returns Conflict if none is. Each look is in the
// audit trail of the same transaction, so that no account leaves without a trace.
func (s Suppliers) PayeeDetails(ctx context.Context, tx *gorm.DB, p supplier.Payee) (supplier.Account, error) {
	found, err := readDetails(ctx, tx, "d.payee_kind = ? AND d.payee_id = ? AND d.state = 'confirmed'", string(p.Kind), p.ID)
	if err != nil {
		return supplier.Account{}, err
	}
	if len(found) == 0 {
		return supplier.Account{}, fault.New(fault.Conflict, "There are no confirmed bank details for this payee. Have them proposed and confirmed first.")
	}
	if err := noteDetails(ctx, tx, opened, &found[0]); err != nil {
		return supplier.Account{}, err
	}
	return found[0].Account(s.vault)
}

func noteDetails(ctx context.Context, tx *gorm.DB, op policy.Operation, d *supplier.Details) error {
	entry := audit.Entry{Action: string(op), Subject: "bank details", SubjectID: d.ID}
	if d.Payee.Kind == supplier.APerson {
		entry.Jobseeker = d.Payee.ID
	}
	return audit.Write(ctx, tx, entry)
}
