package payment

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Gather puts payments into a new batch: those with these ids, or with none all
// that are planned for the area and leave this way.
func (s *Payments) Gather(ctx context.Context, area string, m Method, ids []uuid.UUID) (*Batch, error) {
	who, err := s.actor(ctx, policy.CreateBatch)
	if err != nil {
		return nil, err
	}
	act := award.Act{Who: who, Operation: policy.CreateBatch, Body: []any{area, m, ids}}
	return s.d.Store.Gather(ctx, act, area, m, ids, func(l Load) (*Batch, error) {
		return gather(area, m, l, who.Person, s.now())
	})
}

// Remove takes a payment out of a batch that is still open.
func (s *Payments) Remove(ctx context.Context, batch, payment uuid.UUID) (*Batch, error) {
	who, err := s.actor(ctx, policy.RemoveFromBatch)
	if err != nil {
		return nil, err
	}
	act := award.Act{Who: who, Operation: policy.RemoveFromBatch, Body: []any{batch, payment}}
	return s.d.Store.Remove(ctx, act, batch, payment, func(b *Batch, p *Payment) error { return b.remove(p, s.now()) })
}

// Export makes the file of a batch, for the bank or the finance system to act on
// that day, or on the next working day if day is zero. It returns Stale unless
// version is the batch's, and Conflict once there is a file: that one is
// downloaded, as often as anybody likes.
func (s *Payments) Export(ctx context.Context, id uuid.UUID, version int64, f Format, day time.Time) (*Batch, error) {
	who, err := s.actor(ctx, policy.ExportBatch)
	if err != nil {
		return nil, err
	}
	act := award.Act{Who: who, Operation: policy.ExportBatch, Body: []any{id, version, f, day}}
	return s.d.Store.Export(ctx, act, id, func(b *Batch, l Load, all []Instruction) ([]byte, error) {
		if b.Version != version && b.State == Open {
			return nil, stale("batch")
		}
		now := s.now()
		return b.export(f, day, s.d.From, l, all, who.Person, now, award.Today(now))
	})
}

// Batch is a batch as it stands.
func (s *Payments) Batch(ctx context.Context, id uuid.UUID) (*Batch, error) {
	who, err := s.actor(ctx, policy.ReadBatch)
	if err != nil {
		return nil, err
	}
	return s.d.Store.Batch(ctx, award.Act{Who: who, Operation: policy.ReadBatch}, id)
}

// Batches is one page of the batches within reach, newest first.
func (s *Payments) Batches(ctx context.Context, f BatchFilter, p award.Page) ([]*Batch, int, error) {
	who, err := s.actor(ctx, policy.ListBatches)
	if err != nil {
		return nil, 0, err
	}
	return s.d.Store.Batches(ctx, award.Act{Who: who, Operation: policy.ListBatches}, f, p)
}

// File is the file of a batch, to the byte as it was made. It returns Conflict
// if there is none yet.
func (s *Payments) File(ctx context.Context, id uuid.UUID) (*Batch, []byte, error) {
	who, err := s.actor(ctx, policy.DownloadBatch)
	if err != nil {
		return nil, nil, err
	}
	return s.d.Store.File(ctx, award.Act{Who: who, Operation: policy.DownloadBatch}, id)
}
