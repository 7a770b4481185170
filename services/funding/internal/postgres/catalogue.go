package postgres

import (
	"context"
	_ "embed" // the search
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/catalogue"
)

// Courses keeps the catalogue. It is the catalogue.Store.
type Courses struct {
	db   *db.DB
	jobs jobs
}

// NewCourses returns the store of the catalogue in d.
func NewCourses(d *db.DB) (Courses, error) {
	j, err := newJobs()
	return Courses{d, j}, err
}

type courseRow struct {
	ID       uuid.UUID
	Code     string
	Name     string
	Provider string
	Subject  string
	Level    string
	Place    string
	Hours    int
	Months   int
}

// TableName is the table of courses.
func (courseRow) TableName() string { return "course" }

func (r courseRow) toDomain() catalogue.Course {
	return catalogue.Course{ID: r.ID, Code: r.Code, Details: catalogue.Details{
		Name: r.Name, Provider: r.Provider, Subject: r.Subject, Level: r.Level, Place: r.Place, Hours: r.Hours, Months: r.Months,
	}}
}

// priceRow is a price with the name of the file that brought it.
type priceRow struct {
	ID            uuid.UUID
	CourseID      uuid.UUID
	Pence         int64
	FirstDay      time.Time
	LastDay       *time.Time
	ImportID      uuid.UUID
	Source        string
	Flag          string
	Distance      float64
	ConfirmedBy   *uuid.UUID
	ConfirmedName string
	ConfirmedAt   *time.Time
}

func (r priceRow) toDomain() catalogue.Price {
	p := catalogue.Price{
		ID: r.ID, CourseID: r.CourseID, Pence: money.Pence(r.Pence), From: r.FirstDay, ImportID: r.ImportID, Source: r.Source,
		Flag: r.Flag, Distance: r.Distance, ConfirmedName: r.ConfirmedName,
	}
	if r.LastDay != nil {
		p.To = *r.LastDay
	}
	if r.ConfirmedBy != nil {
		p.ConfirmedBy, p.ConfirmedAt = *r.ConfirmedBy, *r.ConfirmedAt
	}
	return p
}

const selectPrices = `SELECT p.*, i.file_name AS source FROM price p JOIN import i ON i.id = p.import_id `

// orNil is how a day without a value is stored.
func orNil(day time.Time) *time.Time {
	if day.IsZero() {
		return nil
	}
	return &day
}

var errNoCourse = fault.New(fault.NotFound, "We could not find that course.")

// Course returns a course with all its prices.
func (s Courses) Course(ctx context.Context, id uuid.UUID) (catalogue.Course, error) {
	return course(ctx, s.db.Gorm, id)
}

func course(ctx context.Context, g *gorm.DB, id uuid.UUID) (catalogue.Course, error) {
	row, err := db.First[courseRow](ctx, g, "SELECT * FROM course WHERE id = ?", id)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return catalogue.Course{}, errNoCourse
	}
	if err != nil {
		return catalogue.Course{}, err
	}
	c := row.toDomain()
	err = eachPrice(ctx, g, "WHERE p.course_id = ?", id, func(p catalogue.Price) { c.Prices = append(c.Prices, p) })
	return c, err
}

// eachPrice calls f with the prices that where admits, by their first day.
func eachPrice(ctx context.Context, g *gorm.DB, where string, value any, f func(catalogue.Price)) error {
	rows, err := db.Find[priceRow](ctx, g, selectPrices+where+" ORDER BY p.first_day", value)
	for _, r := range rows {
		f(r.toDomain())
	}
	return err
}

// searchSQL is in a file of its own, so that a benchmark can ask PostgreSQL the
// same with nothing around it.
//
//go:embed catalogue_search.sql
var searchSQL string

// Search returns a page of the courses that match.
func (s Courses) Search(ctx context.Context, q catalogue.Query) ([]catalogue.Found, int, error) {
	code, upTo := catalogue.CodeKey(q.Text), catalogue.CodeKey(q.Text)
	if prefix := q.CodePrefix(); prefix != "" {
		upTo = prefix + "\uffff"
	}
	words := append([]string{}, catalogue.Words(q.Text)...) // none are an empty array, not null
	// CacheDescribe has PostgreSQL plan for these very words. The plan for any
	// words, which it would come to prefer, is slower for all of them.
	rows, _ := s.db.Pool.Query(ctx, searchSQL, pgx.QueryExecModeCacheDescribe, words, code, upTo, catalogue.Fold(q.Text),
		orNil(q.PricedOn), q.ShownOn(), catalogue.Most, q.Page.Size, q.Page.Offset()) // CollectRows tells its error
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[foundRow])
	if err != nil {
		return nil, 0, err
	}
	var out []catalogue.Found
	for _, r := range found {
		if r.ID != nil {
			out = append(out, r.toDomain())
		}
	}
	return out, found[0].Total, nil
}

// foundRow is one row of searchSQL, in its order. All but the total are null if
// there is no such course, and the price's if it has none.
type foundRow struct {
	Total                                       int
	ID                                          *uuid.UUID
	Code, Name, Provider, Subject, Level, Place *string
	Hours, Months                               *int
	PriceID                                     *uuid.UUID
	Pence                                       *int64
	FirstDay, LastDay                           *time.Time
	ImportID                                    *uuid.UUID
	Source, Flag                                *string
	Distance                                    *float64
	ConfirmedBy                                 *uuid.UUID
	ConfirmedName                               *string
	ConfirmedAt                                 *time.Time
}

func (r foundRow) toDomain() catalogue.Found {
	f := catalogue.Found{Course: courseRow{*r.ID, *r.Code, *r.Name, *r.Provider, *r.Subject, *r.Level, *r.Place, *r.Hours, *r.Months}.toDomain()}
	if r.PriceID != nil {
		p := priceRow{
			*r.PriceID, *r.ID, *r.Pence, *r.FirstDay, r.LastDay, *r.ImportID, *r.Source, *r.Flag, *r.Distance,
			r.ConfirmedBy, *r.ConfirmedName, r.ConfirmedAt,
		}.toDomain()
		f.Price = &p
	}
	return f
}

// Flagged returns a page of the prices that wait to be confirmed.
func (s Courses) Flagged(ctx context.Context, page catalogue.Page) ([]catalogue.Flagged, int, error) {
	const waiting = "p.flag <> '' AND p.confirmed_by IS NULL"
	total, err := db.First[int](ctx, s.db.Gorm, "SELECT count(*) FROM price p WHERE "+waiting)
	if err != nil {
		return nil, 0, err
	}
	rows, err := db.Find[priceRow](ctx, s.db.Gorm, selectPrices+"WHERE "+waiting+" ORDER BY p.distance DESC, p.id LIMIT ? OFFSET ?",
		page.Size, page.Offset())
	if err != nil {
		return nil, 0, err
	}
	ids := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i] = r.CourseID
	}
	courses, err := db.Find[courseRow](ctx, s.db.Gorm, "SELECT * FROM course WHERE id IN ?", ids)
	if err != nil {
		return nil, 0, err
	}
	byID := map[uuid.UUID]catalogue.Course{}
	for _, c := range courses {
		byID[c.ID] = c.toDomain()
	}
	out := make([]catalogue.Flagged, len(rows))
	for i, r := range rows {
		out[i] = catalogue.Flagged{Course: byID[r.CourseID], Price: r.toDomain()}
	}
	return out, total, nil
}

// Confirm saves what confirm does to a price and returns its course.
func (s Courses) Confirm(ctx context.Context, act catalogue.Act, id uuid.UUID, confirm func(*catalogue.Price)) (catalogue.Course, error) {
	var c catalogue.Course
	err := db.Tx(ctx, s.db.Gorm, func(tx *gorm.DB) error {
		row, err := db.First[priceRow](ctx, tx, "SELECT * FROM price WHERE id = ?"+forChange, id)
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return fault.New(fault.NotFound, "We could not find that price.")
		}
		if err != nil {
			return err
		}
		err = once(ctx, tx, act, id, func() error {
			p := row.toDomain()
			confirm(&p)
			if row.ConfirmedBy != nil || !p.Confirmed() || p.Flag == "" {
				return nil // it changed nothing, so there is nothing to tell
			}
			if err := tx.Exec("UPDATE price SET confirmed_by = ?, confirmed_name = ?, confirmed_at = ? WHERE id = ?",
				p.ConfirmedBy, p.ConfirmedName, p.ConfirmedAt, id).Error; err != nil {
				return err
			}
			return audit.Write(ctx, tx, audit.Entry{Action: string(act.Operation), Subject: "price", SubjectID: id})
		})
		if err == nil {
			c, err = course(ctx, tx, row.CourseID)
		}
		return err
	})
	return c, err
}

// once runs f for the first message with its key, and notes that it was about
// the thing with this id. A retry runs nothing.
func once(ctx context.Context, tx *gorm.DB, act catalogue.Act, id uuid.UUID, f func() error) error {
	_, seen, err := db.Once(ctx, tx, string(act.Operation), []any{id, act.Body})
	if err != nil || seen {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	return db.Did(ctx, tx, id)
}
