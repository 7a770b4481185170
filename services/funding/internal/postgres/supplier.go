package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/policy"
	"github.com/instead-support/instead/services/funding/internal/supplier"
)

// Suppliers keeps suppliers and bank details. It is the supplier.Store.
type Suppliers struct {
	db    *db.DB
	vault supplier.Vault
}

// NewSuppliers returns the store of suppliers in d. Only PayeeDetails opens what
// v seals.
func NewSuppliers(d *db.DB, v supplier.Vault) Suppliers { return Suppliers{d, v} }

// supplierFaults say what a broken constraint means to the person who broke it.
var supplierFaults = db.Faults{
	"supplier_company_number":           fault.New(fault.Conflict, "There is a supplier with this company number already. Search for the number to find it."),
	"supplier_charity_number":           fault.New(fault.Conflict, "There is a supplier with this charity number already. Search for the number to find it."),
	"bank_details_waiting":              fault.New(fault.Conflict, "Bank details are waiting to be confirmed for this payee already. Confirm or refuse those first."),
	"bank_details_in_force":             errTooLate,
	"bank_details_arrow":                errTooLate,
	"bank_details_alike":                fault.New(fault.Conflict, "Another payee has the same account. If that is right, say why. If not, check the numbers."),
	"bank_details_confirmed_by_another": fault.New(fault.Forbidden, "You proposed these bank details, so somebody else must confirm them."),
	"bank_details_of_payee":             errNoRecord,
}

func (s Suppliers) tx(ctx context.Context, f func(tx *gorm.DB) error) error {
	return supplierFaults.Translate(db.Tx(ctx, s.db.Gorm, f))
}

// supplierRow is a row of table supplier.
type supplierRow struct {
	ID            uuid.UUID
	Name          string
	Postcode      string
	CompanyNumber string
	CharityNumber string
	LocalTo       string // with a line for each area
	Closed        bool
	ChangedAt     time.Time
	ChangedBy     uuid.UUID
	ChangedByName string
	Version       int64
}

const selectSuppliers = `SELECT s.id, s.name, s.postcode, s.company_number, s.charity_number, array_to_string(s.local_to, E'\n') AS local_to,
	s.closed, s.changed_at, s.changed_by, s.changed_by_name, s.version FROM supplier s WHERE `

func (r supplierRow) toDomain() supplier.Supplier {
	return supplier.Supplier{
		ID: r.ID, Facts: supplier.Facts{Name: r.Name, Postcode: r.Postcode, Company: r.CompanyNumber, Charity: r.CharityNumber},
		LocalTo: strings.FieldsFunc(r.LocalTo, func(c rune) bool { return c == '\n' }), Closed: r.Closed,
		ChangedAt: r.ChangedAt, ChangedBy: r.ChangedBy, ChangedByName: r.ChangedByName, Version: r.Version,
	}
}

func readSuppliers(ctx context.Context, tx *gorm.DB, where clause.Expr) ([]supplier.Supplier, error) {
	var rows []supplierRow
	err := tx.WithContext(ctx).Raw(selectSuppliers+"?", where).Scan(&rows).Error
	all := make([]supplier.Supplier, len(rows))
	for i, row := range rows {
		all[i] = row.toDomain()
	}
	return all, err
}

func readSupplier(ctx context.Context, tx *gorm.DB, id uuid.UUID, lock string) (*supplier.Supplier, error) {
	found, err := readSuppliers(ctx, tx, clause.Expr{SQL: "s.id = ?" + lock, Vars: []any{id}})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, errNoRecord
	}
	return &found[0], nil
}

// Add is supplier.Store's.
func (s Suppliers) Add(ctx context.Context, act supplier.Act, n *supplier.Supplier, different bool) (added *supplier.Supplier, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		id, _, err := takeOnce(ctx, tx, award.Act(act), func() (uuid.UUID, error) {
			if !different {
				if err := likeIt(ctx, tx, n); err != nil {
					return uuid.Nil, err
				}
			}
			err := tx.WithContext(ctx).Exec(`INSERT INTO supplier
				(id, name, folded, postcode, company_number, charity_number, local_to, closed, changed_at, changed_by, changed_by_name, version)
				VALUES (?, ?, ?, ?, ?, ?, string_to_array(?, E'\n'), false, ?, ?, ?, 1)`,
				n.ID, n.Name, n.Folded(), n.Postcode, n.Company, n.Charity, strings.Join(n.LocalTo, "\n"), n.ChangedAt, n.ChangedBy, n.ChangedByName).Error
			return n.ID, err
		})
		if err != nil {
			return err
		}
		if added, err = readSupplier(ctx, tx, id, ""); err != nil {
			return err
		}
		return noteSupplier(ctx, tx, act, id)
	})
	return added, err
}

// likeIt returns a PossibleDuplicate with the suppliers that n may be. Until tx
// ends nobody else adds one, so that two who add the same at the same time don't
// both find nothing.
func likeIt(ctx context.Context, tx *gorm.DB, n *supplier.Supplier) error {
	if err := tx.WithContext(ctx).Exec("SELECT pg_advisory_xact_lock(hashtextextended('add supplier', 0))").Error; err != nil {
		return err
	}
	found, err := readSuppliers(ctx, tx, clause.Expr{
		SQL: `s.folded % ? AND similarity(s.folded, ?) > CASE WHEN s.postcode = ? THEN 0.3 ELSE 0.5 END
			OR s.company_number = ? AND s.company_number <> '' OR s.charity_number = ? AND s.charity_number <> ''
			ORDER BY similarity(s.folded, ?) DESC, s.folded, s.id LIMIT 10`,
		Vars: []any{n.Folded(), n.Folded(), n.Postcode, n.Company, n.Charity, n.Folded()},
	})
	if err == nil && len(found) > 0 {
		err = &supplier.PossibleDuplicate{Candidates: found}
	}
	return err
}

// Change is supplier.Store's.
func (s Suppliers) Change(ctx context.Context, act supplier.Act, id uuid.UUID, change func(*supplier.Supplier) error) (changed *supplier.Supplier, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		_, seen, err := takeOnce(ctx, tx, award.Act(act), func() (uuid.UUID, error) {
			if changed, err = readSupplier(ctx, tx, id, " FOR NO KEY UPDATE"); err != nil {
				return uuid.Nil, err
			}
			if err := change(changed); err != nil {
				return uuid.Nil, err
			}
			return id, tx.WithContext(ctx).Exec(`UPDATE supplier SET name = ?, folded = ?, postcode = ?, company_number = ?, charity_number = ?,
				local_to = string_to_array(?, E'\n'), closed = ?, changed_at = ?, changed_by = ?, changed_by_name = ?, version = ? WHERE id = ?`,
				changed.Name, changed.Folded(), changed.Postcode, changed.Company, changed.Charity, strings.Join(changed.LocalTo, "\n"),
				changed.Closed, changed.ChangedAt, changed.ChangedBy, changed.ChangedByName, changed.Version, id).Error
		})
		if err != nil {
			return err
		}
		if seen {
			act.Operation = policy.ReadSupplier
			if changed, err = readSupplier(ctx, tx, id, ""); err != nil {
				return err
			}
		}
		return noteSupplier(ctx, tx, act, id)
	})
	return changed, err
}

// Suppliers is supplier.Store's.
func (s Suppliers) Suppliers(ctx context.Context, _ supplier.Act, f supplier.Filter, p supplier.Page) (all []supplier.Supplier, total int, err error) {
	where := clause.Expr{SQL: "true"}
	and := func(sql string, values ...any) {
		where.SQL += " AND " + sql
		where.Vars = append(where.Vars, values...)
	}
	words := strings.Fields(supplier.Facts{Name: f.Text}.Folded())
	for _, w := range words {
		and("s.search LIKE ?", "%"+w+"%")
	}
	if f.LocalTo != "" {
		and("? = ANY (s.local_to)", f.LocalTo)
	}
	if f.Open {
		and("NOT s.closed")
	}
	err = s.tx(ctx, func(tx *gorm.DB) error {
		if err := tx.WithContext(ctx).Raw("SELECT count(*) FROM supplier s WHERE ?", where).Scan(&total).Error; err != nil {
			return err
		}
		all, err = readSuppliers(ctx, tx, clause.Expr{
			SQL:  where.SQL + " ORDER BY s.closed, similarity(s.folded, ?) DESC, s.folded, s.id LIMIT ? OFFSET ?",
			Vars: append(append([]any{}, where.Vars...), strings.Join(words, " "), p.Size, (p.Number-1)*p.Size),
		})
		return err
	})
	return all, total, err
}

// Supplier is supplier.Store's.
func (s Suppliers) Supplier(ctx context.Context, act supplier.Act, id uuid.UUID) (*supplier.Supplier, error) {
	return readSupplier(ctx, s.db.Gorm, id, "")
}

func noteSupplier(ctx context.Context, tx *gorm.DB, act supplier.Act, id uuid.UUID) error {
	return audit.Write(ctx, tx, audit.Entry{Action: string(act.Operation), Subject: "supplier", SubjectID: id})
}
