package postgres

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/payment"
	"github.com/instead-support/instead/services/funding/internal/policy"
	"github.com/instead-support/instead/services/funding/internal/supplier"
)

// ofBatch says where a query of batches finds what the policy asks about. A
// batch is no person's record, and so within nobody's caseload.
var ofBatch = columns{"NULL::uuid", "NULL::uuid", "b.area", "b.state"}

const selectBatches = `
	SELECT b.id, b.reference, b.area, b.method, b.state, b.serial, b.created_at, b.created_by, b.created_by_name, b.format, b.processing_day,
		b.hash, b.exported_at, b.exported_by, b.exported_name, b.version, t.*
	FROM batch b LEFT JOIN LATERAL (
		SELECT count(*) AS count, coalesce(sum(p.amount), 0) AS pence,
			count(*) FILTER (WHERE p.state IN ('batched', 'sent')) AS waiting,
			coalesce(sum(p.amount) FILTER (WHERE p.state IN ('batched', 'sent')), 0) AS waiting_pence,
			count(*) FILTER (WHERE p.state = 'paid') AS paid, coalesce(sum(p.paid), 0) AS paid_pence,
			count(*) FILTER (WHERE p.state = 'failed') AS failed, coalesce(sum(p.amount) FILTER (WHERE p.state = 'failed'), 0) AS failed_pence,
			coalesce(sum(p.amount - p.paid) FILTER (WHERE p.state = 'paid'), 0) AS short
		FROM payment p WHERE p.batch_id = b.id) t ON true`

// Gather is payment.Store's. No money moves here, so nothing but the payments is
// locked.
func (s Payments) Gather(ctx context.Context, act award.Act, area string, m payment.Method, ids []uuid.UUID, gather func(payment.Load) (*payment.Batch, error)) (b *payment.Batch, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		id, _, err := takeOnce(ctx, tx, act, func() (uuid.UUID, error) {
			where := within(act.Who, act.Operation, ofPayment)
			if len(ids) > 0 {
				narrow(&where, true, "p.id IN ?", ids)
			} else {
				narrow(&where, true, "p.area = ? AND p.method = ? AND p.state = 'planned'", area, string(m))
			}
			load, err := loadOf(ctx, tx, act, "WHERE ? ORDER BY p.id LIMIT ? FOR NO KEY UPDATE OF p", where, payment.MostInBatch)
			if err != nil {
				return uuid.Nil, err
			}
			if len(ids) > 0 && len(load.Payments) != len(ids) {
				return uuid.Nil, errNoRecord
			}
			before := copies(load.Payments)
			b, err := gather(load)
			if err != nil {
				return uuid.Nil, err
			}
			err = tx.Exec("INSERT INTO batch (id, reference, area, method, created_at, created_by, created_by_name) VALUES (?, ?, ?, ?, ?, ?, ?)",
				b.ID, b.Reference, b.Area, string(b.Method), b.CreatedAt, b.CreatedBy, b.CreatedByName).Error
			if err != nil {
				return uuid.Nil, err
			}
			return b.ID, updatePayments(ctx, tx, act, before, load.Payments)
		})
		if err != nil {
			return err
		}
		b, err = readBatch(ctx, tx, act, id, "")
		return noteBatch(ctx, tx, act, b, err)
	})
	return b, err
}

// Remove is payment.Store's.
func (s Payments) Remove(ctx context.Context, act award.Act, batch, id uuid.UUID, remove func(*payment.Batch, *payment.Payment) error) (b *payment.Batch, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		_, _, err := takeOnce(ctx, tx, act, func() (uuid.UUID, error) {
			b, err := readBatch(ctx, tx, act, batch, " FOR NO KEY UPDATE OF b")
			if err != nil {
				return uuid.Nil, err
			}
			load, err := loadOf(ctx, tx, act, "WHERE p.id = ? AND p.batch_id = ? FOR NO KEY UPDATE OF p", id, batch)
			if err != nil {
				return uuid.Nil, err
			}
			if len(load.Payments) == 0 {
				return uuid.Nil, errNoRecord
			}
			before := copies(load.Payments)
			if err := remove(b, load.Payments[0]); err != nil {
				return uuid.Nil, err
			}
			if err := tx.Exec("UPDATE batch SET version = version + 1 WHERE id = ?", batch).Error; err != nil {
				return uuid.Nil, err
			}
			return batch, updatePayments(ctx, tx, act, before, load.Payments)
		})
		if err != nil {
			return err
		}
		b, err = readBatch(ctx, tx, act, batch, "")
		return noteBatch(ctx, tx, act, b, err)
	})
	return b, err
}

// Export is payment.Store's.
func (s Payments) Export(ctx context.Context, act award.Act, id uuid.UUID, export func(*payment.Batch, payment.Load, []payment.Instruction) ([]byte, error)) (b *payment.Batch, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		_, _, err := takeOnce(ctx, tx, act, func() (uuid.UUID, error) {
			b, err := readBatch(ctx, tx, act, id, " FOR NO KEY UPDATE OF b")
			if err != nil {
				return uuid.Nil, err
			}
			load, err := loadOf(ctx, tx, act, "WHERE p.batch_id = ? ORDER BY p.reference FOR NO KEY UPDATE OF p", id)
			if err != nil {
				return uuid.Nil, err
			}
			before := copies(load.Payments)
			all := make([]payment.Instruction, len(load.Payments))
			for i, p := range load.Payments {
				all[i].Payment = p
				if b.State != payment.Open || p.Method != payment.BACS {
					continue
				}
				if all[i].To, err = s.accounts(ctx, tx, p); err != nil {
					return uuid.Nil, err
				}
			}
			file, err := export(b, load, all)
			if err != nil {
				return uuid.Nil, err
			}
			if err := updatePayments(ctx, tx, act, before, load.Payments); err != nil {
				return uuid.Nil, err
			}
			return id, s.keepFile(ctx, tx, b, file)
		})
		if err != nil {
			return err
		}
		b, err = readBatch(ctx, tx, act, id, "")
		return noteBatch(ctx, tx, act, b, err)
	})
	return b, err
}

// AccountsOf are the accounts that two people have confirmed. Where there is
// none, a finance system pays to the one that it keeps, and a bank not at all.
func AccountsOf(suppliers Suppliers) Accounts {
	return func(ctx context.Context, tx *gorm.DB, p *payment.Payment) (payment.Account, error) {
		payee := supplier.Payee{Kind: supplier.ASupplier, ID: p.Payee.SupplierID}
		if p.Payee.Kind == payment.Person {
			payee = supplier.Payee{Kind: supplier.APerson, ID: p.JobseekerID}
		}
		a, err := suppliers.PayeeDetails(ctx, tx, payee)
		if fault.Is(err, fault.Conflict) {
			return payment.Account{}, nil
		}
		return payment.Account{Name: a.Holder, SortCode: a.SortCode, Number: a.Number}, err
	}
}

func (s Payments) keepFile(ctx context.Context, tx *gorm.DB, b *payment.Batch, file []byte) error {
	sealed, err := s.seal.Encrypt(file, b.ID[:])
	if err != nil {
		return err
	}
	hash := sha256.Sum256(file)
	done := tx.WithContext(ctx).Exec(`UPDATE batch SET state = ?, format = ?, processing_day = ?, file = ?, hash = ?, exported_at = ?, exported_by = ?,
			exported_name = ?, version = version + 1 WHERE id = ? AND version = ?`,
		string(b.State), string(b.Format), b.ProcessingDay, sealed, hash[:], b.ExportedAt, b.ExportedBy, b.ExportedName, b.ID, b.Version)
	if done.Error == nil && done.RowsAffected == 0 {
		return errTooLate
	}
	return done.Error
}

// File is payment.Store's.
func (s Payments) File(ctx context.Context, act award.Act, id uuid.UUID) (b *payment.Batch, file []byte, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		if b, err = readBatch(ctx, tx, act, id, ""); err != nil {
			return err
		}
		var sealed []byte
		if err := tx.Raw("SELECT file FROM batch WHERE id = ? AND file IS NOT NULL", id).Row().Scan(&sealed); err != nil {
			return fault.Wrap(err, fault.Conflict, "The file of this batch is not made yet. Export it first.")
		}
		if file, err = s.seal.Decrypt(sealed, id[:]); err != nil {
			return err
		}
		return noteBatch(ctx, tx, act, b, nil)
	})
	return b, file, err
}

// Batch is payment.Store's.
func (s Payments) Batch(ctx context.Context, act award.Act, id uuid.UUID) (b *payment.Batch, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		b, err = readBatch(ctx, tx, act, id, "")
		return noteBatch(ctx, tx, act, b, err)
	})
	return b, err
}

// Batches is payment.Store's.
func (s Payments) Batches(ctx context.Context, act award.Act, f payment.BatchFilter, p award.Page) (found []*payment.Batch, total int, err error) {
	where := within(act.Who, act.Operation, ofBatch)
	narrow(&where, len(f.States) > 0, "b.state IN ?", f.States)
	narrow(&where, f.Area != "", "b.area = ?", f.Area)
	err = s.still(ctx, func(tx *gorm.DB) error {
		if err := tx.Raw("SELECT count(*) FROM batch b WHERE ?", where).Scan(&total).Error; err != nil {
			return err
		}
		found, err = findBatches(ctx, tx, " WHERE ? ORDER BY b.created_at DESC, b.id DESC LIMIT ? OFFSET ?", where, p.Size, (p.Number-1)*p.Size)
		return err
	})
	return found, total, err
}

// readBatch reads a batch that act may be done to.
func readBatch(ctx context.Context, tx *gorm.DB, act award.Act, id uuid.UUID, lock string) (*payment.Batch, error) {
	all, err := findBatches(ctx, tx, " WHERE b.id = ? AND ?"+lock, id, within(act.Who, policy.ReadBatch, ofBatch))
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errNoRecord
	}
	rec := policy.Record{Area: all[0].Area, State: string(all[0].State)}
	return all[0], policy.Check(act.Who, act.Operation, policy.ReadBatch, rec)
}

func findBatches(ctx context.Context, tx *gorm.DB, where string, values ...any) ([]*payment.Batch, error) {
	var rows []batchRow
	if err := tx.WithContext(ctx).Raw(selectBatches+where, values...).Scan(&rows).Error; err != nil {
		return nil, err
	}
	all := make([]*payment.Batch, len(rows))
	for i, row := range rows {
		all[i] = row.toDomain()
	}
	return all, nil
}

// noteBatch writes into the audit trail that act was done to b, unless err says
// that it was not.
func noteBatch(ctx context.Context, tx *gorm.DB, act award.Act, b *payment.Batch, err error) error {
	if err != nil {
		return err
	}
	return audit.Write(ctx, tx, audit.Entry{Action: string(act.Operation), Subject: "batch", SubjectID: b.ID})
}

// loadOf reads payments that are to leave together, and which of their requests
// the person acting has decided.
func loadOf(ctx context.Context, tx *gorm.DB, act award.Act, where string, values ...any) (payment.Load, error) {
	all, err := findPayments(ctx, tx, where, values...)
	if err != nil || len(all) == 0 {
		return payment.Load{}, err
	}
	requests := make([]uuid.UUID, len(all))
	for i, p := range all {
		requests[i] = p.RequestID
	}
	var decided []uuid.UUID
	err = tx.WithContext(ctx).Raw("SELECT r.id FROM request r WHERE r.id IN ? AND decided(r.id, ?)", requests, act.Who.ID).Scan(&decided).Error
	load := payment.Load{Payments: all, Decided: map[uuid.UUID]bool{}}
	for _, id := range decided {
		load.Decided[id] = true
	}
	return load, err
}

func copies(all []*payment.Payment) []payment.Payment {
	before := make([]payment.Payment, len(all))
	for i, p := range all {
		before[i] = *p
	}
	return before
}

// updatePayments saves what became of payments that were, with an entry in the
// audit trail for each.
func updatePayments(ctx context.Context, tx *gorm.DB, act award.Act, before []payment.Payment, all []*payment.Payment) error {
	looks := make([]audit.Entry, len(all))
	for i, p := range all {
		if err := updatePayment(ctx, tx, &before[i], p); err != nil {
			return err
		}
		looks[i] = audit.Entry{Action: string(act.Operation), Subject: "payment", SubjectID: p.ID, Jobseeker: p.JobseekerID}
	}
	return audit.Write(ctx, tx, looks...)
}

// batchRow is a row of table batch without its file, and what its payments come
// to.
type batchRow struct {
	ID            uuid.UUID
	Reference     string
	Area          string
	Method        string
	State         string
	Serial        int64
	CreatedAt     time.Time
	CreatedBy     uuid.UUID
	CreatedByName string
	Format        *string
	ProcessingDay *time.Time
	Hash          []byte
	ExportedAt    *time.Time
	ExportedBy    *uuid.UUID
	ExportedName  *string
	Version       int64

	Count        int
	Pence        int64
	Waiting      int
	WaitingPence int64
	Paid         int
	PaidPence    int64
	Failed       int
	FailedPence  int64
	Short        int64
}

func (r batchRow) toDomain() *payment.Batch {
	b := &payment.Batch{
		ID: r.ID, Reference: r.Reference, Area: r.Area, Method: payment.Method(r.Method), State: payment.BatchState(r.State), Serial: r.Serial,
		CreatedAt: r.CreatedAt, CreatedBy: r.CreatedBy, CreatedByName: r.CreatedByName, Hash: r.Hash, ExportedBy: orNobody(r.ExportedBy), Version: r.Version,
		Figures: payment.Figures{
			Count: r.Count, Pence: money.Pence(r.Pence), Waiting: r.Waiting, WaitingPence: money.Pence(r.WaitingPence),
			Paid: r.Paid, PaidPence: money.Pence(r.PaidPence), Failed: r.Failed, FailedPence: money.Pence(r.FailedPence), Short: money.Pence(r.Short),
		},
	}
	if r.ExportedAt != nil {
		b.Format, b.ProcessingDay, b.ExportedAt, b.ExportedName = payment.Format(*r.Format), *r.ProcessingDay, *r.ExportedAt, *r.ExportedName
	}
	return b
}
