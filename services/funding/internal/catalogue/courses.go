package catalogue

import (
	"cmp"
	"context"
	"crypto/sha256"
	"iter"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/policy"
	"github.com/instead-support/instead/services/funding/internal/sheet"
)

// Store keeps courses and imports. Whatever changes something writes into the
// audit trail, in the same transaction, that act.Who did it, and does its work
// once for each Idempotency-Key.
type Store interface {
	// Search returns a page of the courses that match, the best first, and how
	// many do, counted up to Most.
	Search(ctx context.Context, q Query) ([]Found, int, error)
	// Course returns a course with all its prices, or NotFound.
	Course(ctx context.Context, id uuid.UUID) (Course, error)
	// Flagged returns a page of the prices that wait to be confirmed, the one
	// furthest out first, and how many there are.
	Flagged(ctx context.Context, p Page) ([]Flagged, int, error)
	// Confirm saves what confirm does to a price and returns its course.
	Confirm(ctx context.Context, act Act, price uuid.UUID, confirm func(*Price)) (Course, error)

	// Imports returns a page of the imports, the newest first, and how many there
	// are.
	Imports(ctx context.Context, p Page) ([]Import, int, error)
	// Import returns an import, or NotFound.
	Import(ctx context.Context, id uuid.UUID) (Import, error)
	// Upload keeps an import and its file. One that is Running is run, sooner or
	// later, once that is committed.
	Upload(ctx context.Context, act Act, imp Import, file []byte) (Import, error)
	// Map saves what change makes of an import, given its file, and has it run if
	// it is Running then.
	Map(ctx context.Context, act Act, id uuid.UUID, change func(*Import, []byte) error) (Import, error)
	// Problems returns a page of an import's problems by line, and how many there
	// are.
	Problems(ctx context.Context, id uuid.UUID, p Page) ([]Problem, int, error)
	// EachProblem yields all of an import's problems by line.
	EachProblem(ctx context.Context, id uuid.UUID) iter.Seq2[Problem, error]

	// Pending returns an import and its file, for Run.
	Pending(ctx context.Context, id uuid.UUID) (Import, []byte, error)
	// Begin keeps what was wrong with the file itself and the counts so far. Once
	// begun it does nothing.
	Begin(ctx context.Context, id uuid.UUID, counted Tally, problems []Problem) error
	// Coded returns the stored courses of these keys, by key, with their prices.
	Coded(ctx context.Context, keys []string) (map[string]Course, error)
	// EachPrice calls f with every stored price.
	EachPrice(ctx context.Context, f func(subject, code string, pence money.Pence)) error
	// Apply saves, in one transaction, what merge makes of the stored courses of
	// these keys, adds its tally to the import's, and moves the import on from
	// one number of courses applied to another. ours is false, and nothing
	// changed, if the import is not at from: somebody else is at it.
	Apply(ctx context.Context, id uuid.UUID, from, to int, keys []string, merge func(map[string]Course) Batch) (ours bool, err error)
	// Finish says that an import is done.
	Finish(ctx context.Context, id uuid.UUID) error
	// Fail says that an import can't be done, and why.
	Fail(ctx context.Context, id uuid.UUID, why string) error
}

// Act is one use of the system: who acts, doing what, and with what body, by
// which a retry is told from a second use of its key.
type Act struct {
	Who       identity.Person
	Operation policy.Operation
	Body      any
}

// Deps is what Courses are made of.
type Deps struct {
	Store Store
	Now   func() time.Time
	Today func(time.Time) time.Time // the calendar day in London
}

// Courses are the use cases. Every method acts for the person in its context and
// returns Unauthenticated if there is none, and Forbidden for what none of that
// person's roles may do. The catalogue is nobody's record: who may do something
// to one course may do it to all.
type Courses struct{ d Deps }

// New returns the use cases on top of d.
func New(d Deps) *Courses { return &Courses{d} }

// gate lets through whoever may do the operation.
func gate(ctx context.Context, op policy.Operation) (identity.Person, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return who, err
	}
	return who, policy.Gate(who, op)
}

// Search finds courses by words of their name, subject, provider, level or
// place, or by their code.
func (c *Courses) Search(ctx context.Context, q Query) ([]Found, int, error) {
	if _, err := gate(ctx, policy.SearchCourses); err != nil {
		return nil, 0, err
	}
	q.Today = c.d.Today(c.d.Now())
	return c.d.Store.Search(ctx, q)
}

// Course returns a course with all its prices, and the one of today among them
// if there is one.
func (c *Courses) Course(ctx context.Context, id uuid.UUID) (Found, error) {
	if _, err := gate(ctx, policy.ReadCourse); err != nil {
		return Found{}, err
	}
	course, err := c.d.Store.Course(ctx, id)
	return c.today(course), err
}

func (c *Courses) today(course Course) Found {
	f := Found{Course: course}
	if p, ok := course.PriceOn(c.d.Today(c.d.Now())); ok {
		f.Price = &p
	}
	return f
}

// Flagged lists the prices that wait for somebody to confirm them.
func (c *Courses) Flagged(ctx context.Context, p Page) ([]Flagged, int, error) {
	if _, err := gate(ctx, policy.ListFlaggedPrices); err != nil {
		return nil, 0, err
	}
	return c.d.Store.Flagged(ctx, p)
}

// Confirm says that a flagged price is right, so that it can be a cap.
// Confirming it again, or a price that was never flagged, changes nothing.
func (c *Courses) Confirm(ctx context.Context, price uuid.UUID) (Found, error) {
	who, err := gate(ctx, policy.ConfirmPrice)
	if err != nil {
		return Found{}, err
	}
	course, err := c.d.Store.Confirm(ctx, Act{who, policy.ConfirmPrice, price}, price, func(p *Price) { p.confirm(who, c.now()) })
	return c.today(course), err
}

// Imports lists the course lists imported so far.
func (c *Courses) Imports(ctx context.Context, p Page) ([]Import, int, error) {
	if _, err := gate(ctx, policy.ListImports); err != nil {
		return nil, 0, err
	}
	return c.d.Store.Imports(ctx, p)
}

// Import returns how far an import is, and what it did.
func (c *Courses) Import(ctx context.Context, id uuid.UUID) (Import, error) {
	if _, err := gate(ctx, policy.ReadImport); err != nil {
		return Import{}, err
	}
	return c.d.Store.Import(ctx, id)
}

// Upload takes a file in and has it imported behind the answer, or, if its
// headings are not enough, keeps it until Map says which column is which. It
// returns TooLarge beyond MostBytes, and Invalid if the file is no list of
// courses or has not the columns that the mapping names.
func (c *Courses) Upload(ctx context.Context, fileName string, file []byte, m Mapping) (Import, error) {
	who, err := gate(ctx, policy.UploadImport)
	if err != nil {
		return Import{}, err
	}
	if len(file) > MostBytes {
		return Import{}, fault.Newf(fault.TooLarge, "The file is larger than %d MB. Split it and import the parts.", MostBytes>>20)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Import{}, err
	}
	imp := Import{ID: id, FileName: cmp.Or(sheet.Clean(fileName), "courses.csv"), At: c.now(), By: who.ID, ByName: who.Name, Mapping: m}
	if err := imp.arrange(file); err != nil {
		return Import{}, err
	}
	body := struct {
		FileName string
		Hash     [sha256.Size]byte
		Mapping  Mapping
	}{imp.FileName, sha256.Sum256(file), m}
	return c.d.Store.Upload(ctx, Act{who, policy.UploadImport, body}, imp, file)
}

// Map says which column is which of a file that needs it, and runs the import.
// It returns Conflict for an import that needs no mapping, and Invalid if
// something is still missing.
func (c *Courses) Map(ctx context.Context, id uuid.UUID, m Mapping) (Import, error) {
	who, err := gate(ctx, policy.MapImport)
	if err != nil {
		return Import{}, err
	}
	return c.d.Store.Map(ctx, Act{who, policy.MapImport, m}, id, func(imp *Import, file []byte) error {
		if imp.State != NeedsMapping {
			return fault.New(fault.Conflict, "This import has begun already, so its columns can't be changed. Import the file again.")
		}
		imp.Mapping = m
		if err := imp.arrange(file); err != nil {
			return err
		}
		var check fault.Check
		check.Want(imp.State == Running, "/columns", imp.Message)
		return check.Err()
	})
}

// Problems lists the rows of an import that were not taken.
func (c *Courses) Problems(ctx context.Context, id uuid.UUID, p Page) ([]Problem, int, error) {
	if _, err := gate(ctx, policy.ListImportProblems); err != nil {
		return nil, 0, err
	}
	return c.d.Store.Problems(ctx, id, p)
}

// AllProblems yields the rows of an import that were not taken as a table for a
// spreadsheet, see Table.
func (c *Courses) AllProblems(ctx context.Context, id uuid.UUID) (iter.Seq2[[]string, error], error) {
	if _, err := gate(ctx, policy.DownloadImportProblems); err != nil {
		return nil, err
	}
	if _, err := c.d.Store.Import(ctx, id); err != nil {
		return nil, err
	}
	return Table(c.d.Store.EachProblem(ctx, id)), nil
}

// now is the time as the store keeps it.
func (c *Courses) now() time.Time { return c.d.Now().UTC().Truncate(time.Microsecond) }
