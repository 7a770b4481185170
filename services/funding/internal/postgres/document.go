package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/document"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Documents keeps what is known of quotes and receipts. It is the
// document.Store.
type Documents struct {
	db   *db.DB
	jobs jobs
	scan bool // whether something looks through files
}

// NewDocuments returns the store of documents in d. With scan each new one is
// put in line to be looked through: see AddScanner.
func NewDocuments(d *db.DB, scan bool) (Documents, error) {
	j, err := newJobs()
	return Documents{d, j, scan}, err
}

// documentFaults say what a broken constraint means to the person who broke it.
var documentFaults = db.Faults{
	"document_count":    fault.Newf(fault.Conflict, "This request has %d files, which is the most it can have. Remove one that is not needed, or put several pages into one file.", document.Most),
	"document_in_time":  fault.New(fault.Conflict, "Somebody decided this request at the same moment, so this file can no longer be added. Look at it again before you go on."),
	"document_replaces": errTooLate, "document_replaced_once": errTooLate, "document_moves": errTooLate,
	"document_decided_on":               fault.New(fault.Conflict, "Something was decided with this file here, so it stays. Add another that replaces it."),
	"document_removed_by_whoever_added": fault.New(fault.Forbidden, "Only whoever added a file can remove it."),
}

func (s Documents) tx(ctx context.Context, f func(tx *gorm.DB) error) error {
	return documentFaults.Translate(db.Tx(ctx, s.db.Gorm, f))
}

// documentRow is a row of table document, with whose it is.
type documentRow struct {
	ID          uuid.UUID
	RequestID   uuid.UUID
	JobseekerID uuid.UUID
	Kind        string
	Name        string
	Type        string
	Size        int64
	Sum         []byte
	Key         string
	State       string
	AddedBy     uuid.UUID
	AddedByName string
	AddedAt     time.Time
	Replaces    *uuid.UUID
	ReplacedBy  *uuid.UUID
}

const selectDocuments = `SELECT d.id, d.request_id, r.jobseeker_id, d.kind, d.name, d.type, d.size, d.sum, d.key, d.state,
	d.added_by, d.added_by_name, d.added_at, d.replaces, (SELECT n.id FROM document n WHERE n.replaces = d.id) AS replaced_by
	FROM document d JOIN request r ON r.id = d.request_id JOIN allowance a ON a.id = r.allowance_id `

// itemRow is a row of table document_item.
type itemRow struct {
	DocumentID uuid.UUID
	LineID     uuid.UUID
	Pence      int64
}

func (r documentRow) toDomain(items []itemRow) document.Document {
	d := document.Document{
		ID: r.ID, RequestID: r.RequestID, JobseekerID: r.JobseekerID, Kind: document.Kind(r.Kind),
		Name: r.Name, Type: r.Type, Size: r.Size, Sum: [32]byte(r.Sum), Key: r.Key, State: document.State(r.State),
		AddedBy: r.AddedBy, AddedByName: r.AddedByName, AddedAt: r.AddedAt,
		Replaces: known(r.Replaces), ReplacedBy: known(r.ReplacedBy),
	}
	for _, i := range items {
		if i.DocumentID == r.ID {
			d.Items = append(d.Items, document.Item{LineID: i.LineID, Pence: money.Pence(i.Pence)})
		}
	}
	return d
}

// known is the id, or uuid.Nil for none.
func known(id *uuid.UUID) uuid.UUID {
	if id == nil {
		return uuid.Nil
	}
	return *id
}

// documents reads what where admits, oldest first.
func documents(ctx context.Context, tx *gorm.DB, where string, values ...any) ([]document.Document, error) {
	var rows []documentRow
	if err := tx.WithContext(ctx).Raw(selectDocuments+where+" ORDER BY d.added_at, d.id", values...).Scan(&rows).Error; err != nil || len(rows) == 0 {
		return nil, err
	}
	ids := make([]uuid.UUID, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	var items []itemRow
	err := tx.WithContext(ctx).Raw("SELECT i.document_id, i.line_id, i.pence FROM document_item i WHERE i.document_id IN ? ORDER BY i.document_id, i.line_id", ids).Scan(&items).Error
	all := make([]document.Document, len(rows))
	for i, row := range rows {
		all[i] = row.toDomain(items)
	}
	return all, err
}

// requestOfDocuments reads a request, as far as its documents go, that who may
// see them of.
func requestOfDocuments(ctx context.Context, tx *gorm.DB, who policy.Actor, id uuid.UUID) (*document.Request, error) {
	var rows []struct {
		JobseekerID uuid.UUID
		CoachID     uuid.UUID
		Area        string
		State       string
		Decided     *time.Time
	}
	err := tx.WithContext(ctx).Raw(`SELECT r.jobseeker_id, a.coach_id, r.area, r.state,
			(SELECT max(h.at) FROM history h WHERE h.request_id = r.id AND 
				(h.from_state = 'submitted' AND h.to_state IN ('approved', 'declined', 'returned') OR h.act = 'allow-exception')) AS decided
		FROM request r JOIN allowance a ON a.id = r.allowance_id WHERE r.id = ? AND ?`,
		id, within(who, policy.ListDocuments, ofRequest)).Scan(&rows).Error
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, errNoRecord
	}
	r := &document.Request{ID: id, JobseekerID: rows[0].JobseekerID, Coach: rows[0].CoachID, Area: rows[0].Area, State: award.State(rows[0].State)}
	if err := tx.WithContext(ctx).Raw("SELECT id FROM line WHERE request_id = ? ORDER BY position", id).Scan(&r.Lines).Error; err != nil {
		return nil, err
	}
	if rows[0].Decided != nil {
		r.Decided = *rows[0].Decided
	}
	r.Documents, err = documents(ctx, tx, "WHERE d.request_id = ?", id)
	return r, err
}

// Request is document.Store's.
func (s Documents) Request(ctx context.Context, who policy.Actor, id uuid.UUID) (*document.Request, error) {
	return requestOfDocuments(ctx, s.db.Gorm, who, id)
}

// RequestOf is document.Store's.
func (s Documents) RequestOf(ctx context.Context, who policy.Actor, id uuid.UUID) (*document.Request, error) {
	d, err := readDocument(ctx, s.db.Gorm, who, id)
	if err != nil {
		return nil, err
	}
	return s.Request(ctx, who, d.RequestID)
}

// readDocument reads a document that who may see.
func readDocument(ctx context.Context, tx *gorm.DB, who policy.Actor, id uuid.UUID) (document.Document, error) {
	found, err := documents(ctx, tx, "WHERE d.id = ? AND ?", id, within(who, policy.ListDocuments, ofRequest))
	if err == nil && len(found) == 0 {
		err = errNoRecord
	}
	if err != nil {
		return document.Document{}, err
	}
	return found[0], nil
}

// Add is document.Store's.
func (s Documents) Add(ctx context.Context, act award.Act, request uuid.UUID, add func(*document.Request) (document.Document, error)) (d document.Document, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		id, seen, err := takeOnce(ctx, tx, act, func() (uuid.UUID, error) {
			r, err := lockDocuments(ctx, tx, act.Who, request)
			if err != nil {
				return uuid.Nil, err
			}
			if d, err = add(r); err != nil {
				return uuid.Nil, err
			}
			return d.ID, s.insert(ctx, tx, d)
		})
		if err == nil && seen {
			d, err = readDocument(ctx, tx, act.Who, id)
		}
		return noteDocument(ctx, tx, act, d, err)
	})
	return d, err
}

// lockDocuments reads a request and keeps others from adding to it or deciding
// it until tx ends. What it reads is read by statements that begin once the lock
// is held.
func lockDocuments(ctx context.Context, tx *gorm.DB, who policy.Actor, id uuid.UUID) (*document.Request, error) {
	if err := tx.WithContext(ctx).Exec("SELECT FROM request WHERE id = ? FOR NO KEY UPDATE", id).Error; err != nil {
		return nil, err
	}
	return requestOfDocuments(ctx, tx, who, id)
}

// insert saves a new document, and has its file looked through if anything can.
func (s Documents) insert(ctx context.Context, tx *gorm.DB, d document.Document) error {
	err := tx.WithContext(ctx).Exec(`INSERT INTO document
		(id, request_id, kind, name, type, size, sum, key, replaces, added_by, added_by_name, added_at, state)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		d.ID, d.RequestID, d.Kind, d.Name, d.Type, d.Size, d.Sum[:], d.Key,
		uuid.NullUUID{UUID: d.Replaces, Valid: d.Replaces != uuid.Nil}, d.AddedBy, d.AddedByName, d.AddedAt, d.State).Error
	if err != nil {
		return err
	}
	for _, i := range d.Items {
		if err := tx.WithContext(ctx).Exec("INSERT INTO document_item (document_id, line_id, pence) VALUES (?, ?, ?)", d.ID, i.LineID, i.Pence).Error; err != nil {
			return err
		}
	}
	if !s.scan {
		return nil
	}
	return s.jobs.scanDocument(ctx, db.SQLTx(tx), d.ID)
}

// Remove is document.Store's.
func (s Documents) Remove(ctx context.Context, act award.Act, id uuid.UUID, remove func(*document.Request, document.Document) error) (d document.Document, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		_, _, err := takeOnce(ctx, tx, act, func() (uuid.UUID, error) {
			seen, err := readDocument(ctx, tx, act.Who, id)
			if err != nil {
				return uuid.Nil, err
			}
			r, err := lockDocuments(ctx, tx, act.Who, seen.RequestID)
			if err != nil {
				return uuid.Nil, err
			}
			now := r.Documents[slices.IndexFunc(r.Documents, func(d document.Document) bool { return d.ID == id })]
			if err := remove(r, now); err != nil {
				return uuid.Nil, err
			}
			return id, tx.WithContext(ctx).Exec("UPDATE document SET state = 'removed', removed_by = ? WHERE id = ?", act.Who.ID, id).Error
		})
		if err == nil {
			d, err = readDocument(ctx, tx, act.Who, id)
		}
		return noteDocument(ctx, tx, act, d, err)
	})
	return d, err
}

// List is document.Store's.
func (s Documents) List(ctx context.Context, act award.Act, id uuid.UUID) (r *document.Request, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		if r, err = requestOfDocuments(ctx, tx, act.Who, id); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{Action: string(act.Operation), Subject: "request", SubjectID: r.ID, Jobseeker: r.JobseekerID})
	})
	return r, err
}

// Read is document.Store's.
func (s Documents) Read(ctx context.Context, act award.Act, id uuid.UUID) (d document.Document, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		d, err = readDocument(ctx, tx, act.Who, id)
		return noteDocument(ctx, tx, act, d, err)
	})
	return d, err
}

// ToScan is document.Store's.
func (s Documents) ToScan(ctx context.Context, id uuid.UUID) (document.Document, bool, error) {
	found, err := documents(ctx, s.db.Gorm, "WHERE d.id = ? AND d.state IN ('unscanned', 'quarantined')", id)
	if err != nil || len(found) == 0 {
		return document.Document{}, false, err
	}
	return found[0], true, nil
}

// Scanned is document.Store's. A document that was removed meanwhile stays so.
func (s Documents) Scanned(ctx context.Context, id uuid.UUID, result document.State) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("UPDATE document SET state = ? WHERE id = ? AND state IN ('unscanned', 'quarantined')", result, id).Error
	})
}

// Kept is document.Store's.
func (s Documents) Kept(ctx context.Context, keys []string) (map[string]bool, error) {
	kept := map[string]bool{}
	if len(keys) == 0 {
		return kept, nil
	}
	var found []string
	err := s.db.Gorm.WithContext(ctx).Raw("SELECT key FROM document WHERE key IN ? AND state NOT IN ('refused', 'removed')", keys).Scan(&found).Error
	for _, key := range found {
		kept[key] = true
	}
	return kept, err
}

// noteDocument writes into the audit trail that act was done to d, and so to its
// request, unless err says that it was not.
func noteDocument(ctx context.Context, tx *gorm.DB, act award.Act, d document.Document, err error) error {
	if err != nil {
		return err
	}
	return audit.Write(ctx, tx,
		audit.Entry{Action: string(act.Operation), Subject: "document", SubjectID: d.ID, Jobseeker: d.JobseekerID},
		audit.Entry{Action: string(act.Operation), Subject: "request", SubjectID: d.RequestID, Jobseeker: d.JobseekerID})
}
