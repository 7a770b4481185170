package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/payment"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Payments keeps payments, batches and result files. It is the payment.Store.
type Payments struct {
	awards   Awards
	accounts Accounts
	seal     Seal
	jobs     jobs
}

// Accounts says, in tx, which bank account a payment goes to: none that is known
// if two people have not confirmed one.
type Accounts func(ctx context.Context, tx *gorm.DB, p *payment.Payment) (payment.Account, error)

// Seal keeps files that name bank accounts from being read in the database, and
// knows a file by what it is of.
type Seal interface {
	Encrypt(plain, of []byte) ([]byte, error)
	Decrypt(sealed, of []byte) ([]byte, error)
}

// NewPayments returns the store of payments beside the store of awards, whose
// ledger they move.
func NewPayments(awards Awards, accounts Accounts, seal Seal) (Payments, error) {
	j, err := newJobs()
	return Payments{awards, accounts, seal, j}, err
}

var errPayer = fault.New(fault.Forbidden, "You asked for this request or decided it, so somebody else must pay it.")

// paymentFaults say what a broken constraint means to the person who broke it.
var paymentFaults = db.Faults{
	"payment_goes_on":         errTooLate,
	"payment_of_approved":     fault.New(fault.Conflict, "Only an approved request is paid for. Look at it again before you go on."),
	"payment_by_another":      errPayer,
	"payment_replaced_once":   fault.New(fault.Conflict, "This payment has been planned again already."),
	"payments_within_promise": fault.New(fault.OverCap, "There is not that much of this request left to pay. Look at what is left now."),
	"payment_supplier_open":   fault.New(fault.Conflict, "This supplier is closed, so it can’t be paid. Choose another."),
	"payment_supplier":        fault.New(fault.Conflict, "This supplier is not kept here any more. Choose another."),
	"payment_reference":       fault.New(fault.Unavailable, "The reference for this payment was taken. Try again."),
	"batch_reference":         fault.New(fault.Unavailable, "The reference for this batch was taken. Try again."),
	"batch_exported_once":     fault.New(fault.Conflict, "The file of this batch is made. Download it: it is always the same."),
	"batch_goes_on":           errTooLate,
	"entry_of_payment":        errTooLate,
	"recovery_once":           fault.New(fault.Conflict, "This credit note or reference was recorded for this payment already."),
	"result_line_found_once":  errTooLate,
}

func (s Payments) tx(ctx context.Context, f func(tx *gorm.DB) error) error {
	return paymentFaults.Translate(s.awards.tx(ctx, f))
}

// still is Awards' own, for a list and its total.
func (s Payments) still(ctx context.Context, f func(tx *gorm.DB) error) error {
	return paymentFaults.Translate(s.awards.still(ctx, f))
}

// ofPayment says where a query of payments finds what the policy asks about.
var ofPayment = columns{"r.jobseeker_id", "a.coach_id", "p.area", "p.state"}

const (
	fromPayments = `
		FROM payment p JOIN request r ON r.id = p.request_id JOIN allowance a ON a.id = r.allowance_id
			LEFT JOIN batch b ON b.id = p.batch_id LEFT JOIN payment n ON n.replaces = p.id`
	selectPayments = `
		SELECT p.*, r.reference AS request_reference, r.jobseeker_id, b.reference AS batch_reference, n.id AS replaced_by, ` +
		needsAttention + ` AS attention` + fromPayments
	// inFlight is what is on its way for a request r.
	inFlight = `(SELECT coalesce(sum(f.amount), 0) FROM payment f WHERE f.request_id = r.id AND f.state IN ('planned', 'batched', 'sent'))`
	// needsAttention holds for a payment that failed, or of which less left than
	// was to, while some of its request is neither on its way nor given back.
	needsAttention = `((p.state = 'failed' AND n.id IS NULL OR p.state = 'paid' AND p.paid < p.amount) AND r.committed > ` + inFlight + `)`
)

// Plan is payment.Store's.
func (s Payments) Plan(ctx context.Context, act award.Act, request uuid.UUID, plan func(*payment.Books) error) (b *payment.Books, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		_, seen, err := takeOnce(ctx, tx, act, func() (uuid.UUID, error) {
			if b, err = s.lockBooks(ctx, tx, act, request); err != nil {
				return uuid.Nil, err
			}
			return request, s.saveBooks(ctx, tx, act, b, plan)
		})
		if err != nil {
			return err
		}
		if seen {
			act.Operation = policy.ReadPayment
		}
		b, err = s.readBooks(ctx, tx, act, request, "")
		return err
	})
	return b, err
}

// Change is payment.Store's.
func (s Payments) Change(ctx context.Context, act award.Act, id uuid.UUID, change func(*payment.Books, *payment.Payment) error) (p *payment.Payment, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		_, seen, err := takeOnce(ctx, tx, act, func() (uuid.UUID, error) {
			if p, err = readPayment(ctx, tx, act, id); err != nil {
				return uuid.Nil, err
			}
			b, err := s.lockBooks(ctx, tx, act, p.RequestID)
			if err != nil {
				return uuid.Nil, err
			}
			p = b.Payments[slices.IndexFunc(b.Payments, func(p *payment.Payment) bool { return p.ID == id })]
			return id, s.saveBooks(ctx, tx, act, b, func(b *payment.Books) error { return change(b, p) })
		})
		if err != nil || !seen {
			return err
		}
		p, err = readPayment(ctx, tx, award.Act{Who: act.Who, Operation: policy.ReadPayment}, id)
		return err
	})
	return p, err
}

// lockBooks reads the books of a request and keeps them from changing until tx
// ends, in the order in which everything of a request is locked. They are read by
// a statement that begins once the locks are held, and so sees all that the one
// it waited for has done.
func (s Payments) lockBooks(ctx context.Context, tx *gorm.DB, act award.Act, request uuid.UUID) (*payment.Books, error) {
	for _, lock := range []string{
		"SELECT FROM allowance WHERE id = (SELECT allowance_id FROM request WHERE id = ?) FOR NO KEY UPDATE",
		"SELECT FROM request WHERE id = ? FOR NO KEY UPDATE",
	} {
		if err := tx.WithContext(ctx).Exec(lock, request).Error; err != nil {
			return nil, err
		}
	}
	return s.readBooks(ctx, tx, act, request, " FOR NO KEY UPDATE OF p")
}

func (s Payments) readBooks(ctx context.Context, tx *gorm.DB, act award.Act, request uuid.UUID, lock string) (*payment.Books, error) {
	c, err := readCase(tx.WithContext(ctx), act.Who, request, award.Also{Budget: true, Automatic: true})
	if err != nil {
		return nil, err
	}
	return s.booksOf(ctx, tx, act, c, lock)
}

func (s Payments) booksOf(ctx context.Context, tx *gorm.DB, act award.Act, c award.Case, lock string) (*payment.Books, error) {
	rec := policy.Record{Jobseeker: c.Request.JobseekerID, Coach: c.Allowance.CoachID, Area: c.Request.Area, State: string(c.Request.State())}
	if err := policy.Check(act.Who, act.Operation, policy.ReadRequest, rec); err != nil {
		return nil, err
	}
	all, err := findPayments(ctx, tx, "WHERE p.request_id = ? ORDER BY p.id"+lock, c.Request.ID)
	return &payment.Books{Request: c.Request, Allowance: c.Allowance, Budget: c.Budget, Payments: all}, err
}

// saveBooks saves what change does. The request goes first, with the entries
// that it makes: they are what settles a payment.
func (s Payments) saveBooks(ctx context.Context, tx *gorm.DB, act award.Act, b *payment.Books, change func(*payment.Books) error) error {
	was, had := *b.Request, *b.Allowance
	before := make([]payment.Payment, len(b.Payments))
	for i, p := range b.Payments {
		before[i] = *p
	}
	if err := change(b); err != nil {
		return err
	}
	var looks []audit.Entry
	if len(b.Request.History) > len(was.History) {
		w, err := s.awards.difference(ctx, act, award.Case{Request: &was, Allowance: &had}, award.Case{Request: b.Request, Allowance: b.Allowance})
		if err != nil {
			return err
		}
		w.jobs = nil // told once what was entered has settled its payment
		if err := w.in(tx); err != nil {
			return err
		}
		if err := s.awards.tellPaid(ctx, tx, b.Request, len(was.History)); err != nil {
			return err
		}
	} else {
		looks = append(looks, note(act, b.Request))
	}
	for i, p := range b.Payments {
		switch {
		case i >= len(before):
			if err := insertPayment(ctx, tx, p); err != nil {
				return err
			}
		case before[i] != *p:
			if err := updatePayment(ctx, tx, &before[i], p); err != nil {
				return err
			}
		default:
			continue
		}
		looks = append(looks, audit.Entry{Action: string(act.Operation), Subject: "payment", SubjectID: p.ID, Jobseeker: p.JobseekerID})
	}
	for _, r := range b.Recovered {
		err := tx.WithContext(ctx).Exec(`INSERT INTO recovery (id, payment_id, request_id, step, kind, pence, document, words, at, by_id, by_name)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, r.ID, r.PaymentID, b.Request.ID, len(b.Request.History), string(r.Kind), int64(r.Pence),
			r.Document, r.Words, r.At, r.By, r.ByName).Error
		if err != nil {
			return err
		}
	}
	return audit.Write(ctx, tx, looks...)
}

// insertPayment saves a payment that was planned. A supplier is called by the
// name on its record, whatever whoever planned it says.
func insertPayment(ctx context.Context, tx *gorm.DB, p *payment.Payment) error {
	return tx.WithContext(ctx).Exec(`
		INSERT INTO payment (id, reference, request_id, area, line_id, payee_kind, supplier_id, payee_name, method, amount, state, replaces, note,
			planned_at, planned_by, planned_by_name, changed_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, coalesce((SELECT s.name FROM supplier s WHERE s.id = ?), ?), ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		p.ID, p.Reference, p.RequestID, p.Area, idOrNil(p.LineID), string(p.Payee.Kind), idOrNil(p.Payee.SupplierID), idOrNil(p.Payee.SupplierID), p.Payee.Name,
		string(p.Method), int64(p.Amount), string(p.State), idOrNil(p.Replaces), p.Note, p.PlannedAt, p.PlannedBy, p.PlannedByName, p.ChangedAt).Error
}

// updatePayment writes what became of a payment that was. What left of it, and
// what came back, is written by its entries.
func updatePayment(ctx context.Context, tx *gorm.DB, was, p *payment.Payment) error {
	if was.State == p.State && was.Recovered == p.Recovered && was.BatchID == p.BatchID {
		return nil // only what is read with it has changed
	}
	p.Version++
	done := tx.WithContext(ctx).Exec(`
		UPDATE payment SET state = ?, batch_id = ?, code = ?, words = ?, sent_by = ?, settled_at = ?, settled_by = ?, settled_by_name = ?,
			changed_at = ?, version = ?
		WHERE id = ? AND version = ?`,
		string(p.State), idOrNil(p.BatchID), p.Code, p.Words, idOrNil(p.SentBy), timeOrNull(p.SettledAt), idOrNil(p.SettledBy), p.SettledByName,
		p.ChangedAt, p.Version, p.ID, was.Version)
	if done.Error == nil && done.RowsAffected == 0 {
		return errTooLate
	}
	return done.Error
}

// Payment is payment.Store's.
func (s Payments) Payment(ctx context.Context, act award.Act, id uuid.UUID) (p *payment.Payment, back []payment.Recovery, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		if p, err = readPayment(ctx, tx, act, id); err != nil {
			return err
		}
		back = nil
		var rows []recoveryRow
		if err := tx.Raw("SELECT * FROM recovery WHERE payment_id = ? ORDER BY at, id", id).Scan(&rows).Error; err != nil {
			return err
		}
		for _, row := range rows {
			back = append(back, row.toDomain())
		}
		return audit.Write(ctx, tx, audit.Entry{Action: string(act.Operation), Subject: "payment", SubjectID: p.ID, Jobseeker: p.JobseekerID})
	})
	return p, back, err
}

// readPayment reads a payment that act may be done to.
func readPayment(ctx context.Context, tx *gorm.DB, act award.Act, id uuid.UUID) (*payment.Payment, error) {
	all, err := findPayments(ctx, tx, "WHERE p.id = ? AND ?", id, within(act.Who, policy.ReadPayment, ofPayment))
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errNoRecord
	}
	rec := policy.Record{Jobseeker: all[0].JobseekerID, Area: all[0].Area, State: string(all[0].State)}
	if act.Operation != policy.ReadPayment {
		err = policy.Check(act.Who, act.Operation, policy.ReadPayment, rec)
	}
	return all[0], err
}

func findPayments(ctx context.Context, tx *gorm.DB, where string, values ...any) ([]*payment.Payment, error) {
	var rows []paymentRow
	if err := tx.WithContext(ctx).Raw(selectPayments+" "+where, values...).Scan(&rows).Error; err != nil {
		return nil, err
	}
	all := make([]*payment.Payment, len(rows))
	for i, row := range rows {
		all[i] = row.toDomain()
	}
	return all, nil
}

// Payments is payment.Store's.
func (s Payments) Payments(ctx context.Context, act award.Act, f payment.Filter, p award.Page) (found []*payment.Payment, total int, err error) {
	where := within(act.Who, act.Operation, ofPayment)
	narrow(&where, len(f.States) > 0, "p.state IN ?", f.States)
	narrow(&where, len(f.Methods) > 0, "p.method IN ?", f.Methods)
	text := "%" + literally.Replace(payment.SearchText(f.Text)) + "%"
	narrow(&where, f.Text != "", "(p.search LIKE ? OR r.search LIKE ?)", text, text)
	narrow(&where, f.Area != "", "p.area = ?", f.Area)
	narrow(&where, f.RequestID != uuid.Nil, "p.request_id = ?", f.RequestID)
	narrow(&where, f.BatchID != uuid.Nil, "p.batch_id = ?", f.BatchID)
	narrow(&where, f.Attention, needsAttention)
	err = s.still(ctx, func(tx *gorm.DB) error {
		if err := tx.Raw("SELECT count(*)"+fromPayments+" WHERE ?", where).Scan(&total).Error; err != nil {
			return err
		}
		found, err = findPayments(ctx, tx, "WHERE ? ORDER BY p.changed_at DESC, p.id DESC LIMIT ? OFFSET ?", where, p.Size, (p.Number-1)*p.Size)
		if err != nil {
			return err
		}
		looked := make([]uuid.UUID, len(found))
		for i, p := range found {
			looked[i] = p.JobseekerID
		}
		return noteLooks(ctx, tx, act, looked)
	})
	return found, total, err
}

// Due is payment.Store's.
func (s Payments) Due(ctx context.Context, act award.Act, f payment.Filter, p award.Page) (due []payment.Due, total int, err error) {
	const from = " FROM request r JOIN allowance a ON a.id = r.allowance_id WHERE ?"
	where := within(act.Who, act.Operation, ofRequest)
	narrow(&where, true, "r.state = 'approved' AND r.committed > "+inFlight)
	narrow(&where, f.Text != "", "r.search LIKE ?", "%"+literally.Replace(award.SearchText(f.Text))+"%")
	narrow(&where, f.Area != "", "r.area = ?", f.Area)
	narrow(&where, f.RequestID != uuid.Nil, "r.id = ?", f.RequestID)
	err = s.still(ctx, func(tx *gorm.DB) error {
		if err := tx.Raw("SELECT count(*)"+from, where).Scan(&total).Error; err != nil {
			return err
		}
		var rows []dueRow
		err := tx.Raw(`SELECT r.id AS request_id, r.reference, r.area, r.jobseeker_id, a.coach_name, r.awarded, r.paid, r.committed, r.decided_at,
				(SELECT l.what FROM line l WHERE l.request_id = r.id AND l.position = 1) AS first_line,
				(SELECT count(*) FROM line l WHERE l.request_id = r.id) AS lines, `+inFlight+" AS in_flight"+
			from+" ORDER BY r.decided_at, r.id LIMIT ? OFFSET ?", where, p.Size, (p.Number-1)*p.Size).Scan(&rows).Error
		if err != nil {
			return err
		}
		due = make([]payment.Due, len(rows))
		looked := make([]uuid.UUID, len(rows))
		for i, row := range rows {
			due[i], looked[i] = row.toDomain(), row.JobseekerID
		}
		return noteLooks(ctx, tx, act, looked)
	})
	return due, total, err
}

// noteLooks writes into the audit trail that act showed something of these
// jobseekers, once for each.
func noteLooks(ctx context.Context, tx *gorm.DB, act award.Act, jobseekers []uuid.UUID) error {
	var looks []audit.Entry
	for _, id := range jobseekers {
		look := audit.Entry{Action: string(act.Operation), Subject: "jobseeker", SubjectID: id, Jobseeker: id}
		if !slices.Contains(looks, look) {
			looks = append(looks, look)
		}
	}
	return audit.Write(ctx, tx, looks...)
}

// Summary is payment.Store's. Counting says nothing of anybody, so it leaves no
// trace in the audit trail.
func (s Payments) Summary(ctx context.Context, act award.Act, area string) (sum payment.Summary, err error) {
	requests, payments := within(act.Who, act.Operation, ofRequest), within(act.Who, act.Operation, ofPayment)
	narrow(&requests, area != "", "r.area = ?", area)
	narrow(&payments, area != "", "p.area = ?", area)
	err = s.still(ctx, func(tx *gorm.DB) error {
		sum = payment.Summary{}
		var left struct {
			Requests int
			Pence    int64
		}
		err := tx.Raw(`SELECT count(*) AS requests, coalesce(sum(t.pence), 0) AS pence FROM (
			SELECT r.committed - `+inFlight+` AS pence FROM request r JOIN allowance a ON a.id = r.allowance_id WHERE ? AND r.state = 'approved') t
			WHERE t.pence > 0`, requests).Scan(&left).Error
		if err != nil {
			return err
		}
		sum.Requests, sum.Left = left.Requests, money.Pence(left.Pence)
		var states []stateRow
		err = tx.Raw(`SELECT p.state, p.area, p.method, count(*) AS count, sum(p.amount) AS amount, sum(p.paid - p.recovered) AS paid,
				count(*) FILTER (WHERE `+needsAttention+`) AS attention`+fromPayments+` WHERE ? GROUP BY p.state, p.area, p.method ORDER BY p.area, p.method`,
			payments).Scan(&states).Error
		if err != nil {
			return err
		}
		sum.Payments = make([]payment.StateTotal, len(payment.States))
		for i, state := range payment.States {
			t := payment.StateTotal{State: state}
			for _, row := range states {
				if row.State != string(state) {
					continue
				}
				t.Count += row.Count
				if state == payment.Paid {
					t.Pence += money.Pence(row.Paid)
				} else {
					t.Pence += money.Pence(row.Amount)
				}
			}
			sum.Payments[i] = t
		}
		for _, row := range states {
			sum.Attention += row.Attention
			if row.State == string(payment.Planned) {
				sum.Ready = append(sum.Ready, payment.Ready{Area: row.Area, Method: payment.Method(row.Method), Count: row.Count, Pence: money.Pence(row.Amount)})
			}
		}
		return nil
	})
	return sum, err
}

// narrow adds a condition to where, if it is wanted.
func narrow(where *clause.Expr, wanted bool, sql string, values ...any) {
	if wanted {
		where.SQL += " AND " + sql
		where.Vars = append(where.Vars, values...)
	}
}

// paymentRow is a row of table payment, with what is read beside it.
type paymentRow struct {
	ID               uuid.UUID
	Reference        string
	RequestID        uuid.UUID
	RequestReference string
	JobseekerID      uuid.UUID
	Area             string
	LineID           *uuid.UUID
	PayeeKind        string
	SupplierID       *uuid.UUID
	PayeeName        string
	Method           string
	Amount           int64
	Paid             int64
	Recovered        int64
	State            string
	BatchID          *uuid.UUID
	BatchReference   *string
	Replaces         *uuid.UUID
	ReplacedBy       *uuid.UUID
	Attention        bool
	Note             string
	Code             string
	Words            string
	PlannedAt        time.Time
	PlannedBy        uuid.UUID
	PlannedByName    string
	SentBy           *uuid.UUID
	SettledAt        *time.Time
	SettledBy        *uuid.UUID
	SettledByName    string
	ChangedAt        time.Time
	Version          int64
}

func (r paymentRow) toDomain() *payment.Payment {
	p := &payment.Payment{
		ID: r.ID, Reference: r.Reference, RequestID: r.RequestID, RequestReference: r.RequestReference, JobseekerID: r.JobseekerID, Area: r.Area,
		LineID: orNobody(r.LineID), Payee: payment.Payee{Kind: payment.Kind(r.PayeeKind), SupplierID: orNobody(r.SupplierID), Name: r.PayeeName},
		Method: payment.Method(r.Method), Amount: money.Pence(r.Amount), Paid: money.Pence(r.Paid), Recovered: money.Pence(r.Recovered),
		State: payment.State(r.State), BatchID: orNobody(r.BatchID), Replaces: orNobody(r.Replaces), ReplacedBy: orNobody(r.ReplacedBy), Attention: r.Attention,
		Note: r.Note, Code: r.Code, Words: r.Words, PlannedAt: r.PlannedAt, PlannedBy: r.PlannedBy, PlannedByName: r.PlannedByName,
		SentBy: orNobody(r.SentBy), SettledBy: orNobody(r.SettledBy), SettledByName: r.SettledByName, ChangedAt: r.ChangedAt, Version: r.Version,
	}
	if r.BatchReference != nil {
		p.BatchReference = *r.BatchReference
	}
	if r.SettledAt != nil {
		p.SettledAt = *r.SettledAt
	}
	return p
}

// recoveryRow is a row of table recovery, as far as it is shown.
type recoveryRow struct {
	ID        uuid.UUID
	PaymentID uuid.UUID
	Kind      string
	Pence     int64
	Document  string
	Words     string
	At        time.Time
	ByID      uuid.UUID
	ByName    string
}

func (r recoveryRow) toDomain() payment.Recovery {
	return payment.Recovery{
		ID: r.ID, PaymentID: r.PaymentID, Kind: payment.RecoveryKind(r.Kind), Pence: money.Pence(r.Pence),
		Document: r.Document, Words: r.Words, At: r.At, By: r.ByID, ByName: r.ByName,
	}
}

// dueRow is a request of which something is left to pay.
type dueRow struct {
	RequestID   uuid.UUID
	Reference   string
	Area        string
	JobseekerID uuid.UUID
	CoachName   string
	FirstLine   *string
	Lines       int
	Awarded     int64
	Paid        int64
	Committed   int64
	InFlight    int64
	DecidedAt   time.Time
}

func (r dueRow) toDomain() payment.Due {
	d := payment.Due{
		RequestID: r.RequestID, Reference: r.Reference, Area: r.Area, Lines: r.Lines, CoachName: r.CoachName,
		Awarded: money.Pence(r.Awarded), Paid: money.Pence(r.Paid), InFlight: money.Pence(r.InFlight), Left: money.Pence(r.Committed - r.InFlight),
		ApprovedAt: r.DecidedAt,
	}
	if r.FirstLine != nil {
		d.FirstLine = *r.FirstLine
	}
	return d
}

// stateRow is what the payments of one state, area and method come to.
type stateRow struct {
	State     string
	Area      string
	Method    string
	Count     int
	Amount    int64
	Paid      int64
	Attention int
}

// timeOrNull is t as a column has it that may be null, which the zero time is.
func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
