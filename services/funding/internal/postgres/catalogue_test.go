package postgres_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/funding/internal/catalogue"
	"github.com/instead-support/instead/services/funding/internal/postgres"
)

var (
	manager   = identity.Person{ID: uuid.New(), Name: "Mo Hussain", Roles: []identity.Role{identity.Manager}}
	coach     = identity.Person{ID: uuid.New(), Name: "Cath Ogden", Roles: []identity.Role{identity.Coach}}
	jobseeker = identity.Person{ID: uuid.New(), Roles: []identity.Role{identity.Jobseeker}}
)

func as(p identity.Person) context.Context { return identity.With(context.Background(), p) }

// today is a day within most prices of the real file.
var today = time.Date(2020, 9, 1, 0, 0, 0, 0, time.UTC)

// library is a catalogue on a database of its own.
type library struct {
	*catalogue.Courses
	store postgres.Courses
	db    *db.DB
}

func newLibrary(t testing.TB) library {
	t.Helper()
	d := dbtest.Open(t, postgres.Migrations, "funding")
	store, err := postgres.NewCourses(d)
	if err != nil {
		t.Fatal(err)
	}
	return library{catalogue.New(catalogue.Deps{
		Store: store,
		Now:   func() time.Time { return today.Add(9 * time.Hour) },
		Today: func(now time.Time) time.Time { return now.Truncate(24 * time.Hour) },
	}), store, d}
}

// upload imports a file and runs the import at once.
func (l library) upload(t testing.TB, file string, m catalogue.Mapping) catalogue.Import {
	t.Helper()
	imp, err := l.Upload(as(manager), "list.csv", []byte(file), m)
	if err != nil {
		t.Fatal(err)
	}
	return l.run(t, imp.ID)
}

func (l library) run(t testing.TB, id uuid.UUID) catalogue.Import {
	t.Helper()
	if err := catalogue.Run(context.Background(), l.store, id); err != nil {
		t.Fatal(err)
	}
	imp, err := l.Import(as(manager), id)
	if err != nil {
		t.Fatal(err)
	}
	return imp
}

func (l library) count(t testing.TB, sql string, args ...any) int {
	t.Helper()
	var n int
	if err := l.db.Pool.QueryRow(context.Background(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (l library) found(t testing.TB, q catalogue.Query) (names []string, total int) {
	t.Helper()
	if q.Page.Size == 0 {
		q.Page = catalogue.Page{Number: 1, Size: 25}
	}
	found, total, err := l.Search(as(coach), q)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		names = append(names, f.Course.Name)
	}
	return names, total
}

func realFile(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "pkg", "sampledata", "courses.csv"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// contents is the whole catalogue, for comparison.
func (l library) contents(t testing.TB) []string {
	t.Helper()
	rows, err := l.db.Pool.Query(context.Background(), `
		SELECT concat_ws('|', c.code, c.name, c.provider, c.subject, c.level, c.place, c.hours, c.months, p.pence, p.first_day, p.last_day, p.flag, p.confirmed_by)
		FROM course c LEFT JOIN price p ON p.course_id = c.id ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

// checkPriced says whether the days kept beside each course are its prices'.
func (l library) checkPriced(t testing.TB) {
	t.Helper()
	if n := l.count(t, `SELECT count(*) FROM course c WHERE priced IS DISTINCT FROM
		(SELECT coalesce(range_agg(daterange(first_day, last_day, '[]')), '{}') FROM price p WHERE p.course_id = c.id)`); n > 0 {
		t.Errorf("%d courses don't know on which days they have a price", n)
	}
}

func TestTheRealFileIsImportedOnceHoweverOftenItIsSent(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	first := l.upload(t, realFile(t), catalogue.Mapping{})
	want := catalogue.Tally{Total: 2150, Done: 2150, Added: 2047, Bad: 103, Flagged: 5}
	if diff := cmp.Diff(want, first.Tally); diff != "" || first.State != catalogue.Done {
		t.Fatalf("%s %s %s", first.State, first.Message, diff)
	}
	was := l.contents(t)
	problems, _, err := l.Problems(as(manager), first.ID, catalogue.Page{Number: 1, Size: 200})
	if err != nil || len(problems) != 103 {
		t.Fatalf("%d problems, %v", len(problems), err)
	}

	again := l.upload(t, realFile(t), catalogue.Mapping{})
	want.Added, want.Unchanged = 0, 2047
	if diff := cmp.Diff(want, again.Tally); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(was, l.contents(t)); diff != "" {
		t.Errorf("the second import changed something: %s", diff)
	}
	same, _, err := l.Problems(as(manager), again.ID, catalogue.Page{Number: 1, Size: 200})
	if diff := cmp.Diff(problems, same); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if n := l.count(t, "SELECT count(*) FROM course"); n != 1189 {
		t.Errorf("%d courses", n)
	}
	l.checkPriced(t)
}

func TestACapCanBeTakenFromAnyGoodRowOnAnyDateItWasPriced(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	l.upload(t, realFile(t), catalogue.Mapping{})
	layout, err := catalogue.Inspect([]byte(realFile(t)), catalogue.Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	rd, err := catalogue.Read([]byte(realFile(t)), layout, catalogue.Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, r := range rd.Rows {
		keys = append(keys, catalogue.Key(r.Code))
	}
	courses, err := l.store.Coded(context.Background(), keys)
	if err != nil {
		t.Fatal(err)
	}
	unconfirmed := 0
	for _, r := range rd.Rows {
		for _, day := range []time.Time{r.From, r.To} {
			if day.IsZero() {
				day = r.From.AddDate(5, 0, 0)
			}
			p, ok := courses[catalogue.Key(r.Code)].PriceOn(day)
			if !ok || p.Pence != r.Pence || p.Source != "list.csv" {
				t.Fatalf("line %d on %s: %v, %+v", r.Line, catalogue.Written(day), ok, p)
			}
			if !p.Confirmed() {
				unconfirmed++
			}
		}
	}
	if unconfirmed != 2*5 {
		t.Errorf("%d prices wait to be confirmed", unconfirmed/2)
	}
}

func TestAFlaggedPriceStaysConfirmed(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	l.upload(t, realFile(t), catalogue.Mapping{})
	page := catalogue.Page{Number: 1, Size: 25}
	waiting, total, err := l.Flagged(as(manager), page)
	if err != nil || total != 5 || len(waiting) != 5 {
		t.Fatalf("%d of %d wait, %v", len(waiting), total, err)
	}
	if w := waiting[0]; w.Course.Code != "STD-517-25-0" || w.Price.Flag != "£22,000.00 is far above what courses in Warehousing and Distribution cost: half of them are between £1,500.00 and £2,617.00." {
		t.Errorf("the furthest out is %s: %s", w.Course.Code, w.Price.Flag)
	}
	price := waiting[0].Price.ID
	for range 2 {
		found, err := l.Confirm(db.WithKey(as(manager), "click"), price)
		if err != nil {
			t.Fatal(err)
		}
		p := found.Course.Prices[0]
		if !p.Confirmed() || p.ConfirmedBy != manager.ID || p.ConfirmedName != manager.Name || p.Flag == "" {
			t.Errorf("%+v", p)
		}
	}
	if n := l.count(t, "SELECT count(*) FROM audit_entry WHERE action = 'confirmPrice' AND subject_id = $1 AND person = $2", price, manager.ID); n != 1 {
		t.Errorf("%d audit entries", n)
	}
	if again := l.upload(t, realFile(t), catalogue.Mapping{}); again.Flagged != 4 {
		t.Errorf("%d wait after another import", again.Flagged)
	}
	if _, total, _ := l.Flagged(as(manager), page); total != 4 {
		t.Errorf("%d wait", total)
	}
	if _, err := l.Confirm(as(manager), uuid.New()); !fault.Is(err, fault.NotFound) {
		t.Errorf("a price that is not there: %v", err)
	}
}

// A process may be killed between any two of its transactions.
func TestAnImportThatWasCutOffCarriesOn(t *testing.T) {
	t.Parallel()
	whole := newLibrary(t)
	want := whole.upload(t, bigList(3000), catalogue.Mapping{})

	l := newLibrary(t)
	imp, err := l.Upload(as(manager), "list.csv", []byte(bigList(3000)), catalogue.Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	for steps := range 6 {
		cut := &cutOff{Store: l.store, left: steps}
		err := catalogue.Run(context.Background(), cut, imp.ID)
		if got, _ := l.Import(as(manager), imp.ID); err == nil && got.State != catalogue.Done {
			t.Fatalf("after %d steps: %s", steps, got.State)
		}
	}
	got := l.run(t, imp.ID)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(catalogue.Import{}, "ID")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(whole.contents(t), l.contents(t)); diff != "" {
		t.Error(diff)
	}
	l.checkPriced(t)
}

// cutOff is a store that can do a number of steps more.
type cutOff struct {
	catalogue.Store
	left int
}

var errKilled = fmt.Errorf("killed")

func (c *cutOff) step() error {
	if c.left--; c.left < 0 {
		return errKilled
	}
	return nil
}

func (c *cutOff) Begin(ctx context.Context, id uuid.UUID, counted catalogue.Tally, problems []catalogue.Problem) error {
	if err := c.step(); err != nil {
		return err
	}
	return c.Store.Begin(ctx, id, counted, problems)
}

func (c *cutOff) Apply(ctx context.Context, id uuid.UUID, from, to int, keys []string, merge func(map[string]catalogue.Course) catalogue.Batch) (bool, error) {
	if err := c.step(); err != nil {
		return false, err
	}
	return c.Store.Apply(ctx, id, from, to, keys, merge)
}

func (c *cutOff) Finish(ctx context.Context, id uuid.UUID) error {
	if err := c.step(); err != nil {
		return err
	}
	return c.Store.Finish(ctx, id)
}

// bigList is a list of n courses with two prices each, far apart in the file,
// and with some of everything that can be wrong.
func bigList(n int) string {
	var b strings.Builder
	b.WriteString("Code,Name,Price,From,To,Subject,Provider\n")
	for i := range n {
		fmt.Fprintf(&b, "C%d,Course %d,%d,2020-01-01,2020-12-31,Subject %d,Oldham College\n", i, i, 100+i%50, i%7)
	}
	for i := range n {
		price := fmt.Sprint(100 + i%50)
		switch i % 100 {
		case 7:
			price = "90000" // far out
		case 11:
			price = "0"
		}
		fmt.Fprintf(&b, "C%d,Course %d,%s,2021-01-01,,Subject %d,Oldham College\n", i, i, price, i%7)
	}
	return b.String()
}

func TestManyImportsAtOnceGiveWhatOneGives(t *testing.T) {
	t.Parallel()
	one := newLibrary(t)
	one.upload(t, bigList(1500), catalogue.Mapping{})

	l := newLibrary(t)
	var ids []uuid.UUID
	for range 3 {
		imp, err := l.Upload(as(manager), "list.csv", []byte(bigList(1500)), catalogue.Mapping{})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, imp.ID, imp.ID) // each is worked twice, as after a kill
	}
	errs := make(chan error)
	for _, id := range ids {
		go func() { errs <- catalogue.Run(context.Background(), l.store, id) }()
	}
	for range ids {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	var sum catalogue.Tally
	for _, id := range slices.Compact(ids) {
		imp := l.run(t, id)
		if imp.State != catalogue.Done || imp.Done != 3000 || imp.Bad != 15 {
			t.Errorf("%s %+v", imp.State, imp.Tally)
		}
		sum.Added += imp.Added
		sum.Unchanged += imp.Unchanged
	}
	if sum.Added != 2985 || sum.Unchanged != 2*2985 {
		t.Errorf("in all %+v", sum)
	}
	if diff := cmp.Diff(one.contents(t), l.contents(t)); diff != "" {
		t.Error(diff)
	}
	l.checkPriced(t)
}

func TestALaterListEndsOpenPricesAndLeavesPublishedOnes(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	l.upload(t, "Code,Name,Price,From\nA,Care,450,2020-01-01\nB,Bricks,500,2020-01-01\nC,Cooking,300,2020-01-01\n", catalogue.Mapping{})
	imp := l.upload(t, "Code,Name,Price,From,Level\na,Caring,470,2021-01-01,2\nB,Bricks,510,2020-01-01,2\nC,Cookery,300,2020-01-01,\n", catalogue.Mapping{})
	if diff := cmp.Diff(catalogue.Tally{Total: 3, Done: 3, Added: 1, Updated: 1, Bad: 1}, imp.Tally); diff != "" {
		t.Error(diff)
	}
	want := []string{
		"A|Caring|||2||0|0|45000|2020-01-01|2020-12-31|", "A|Caring|||2||0|0|47000|2021-01-01|",
		"B|Bricks|||||0|0|50000|2020-01-01|", "C|Cookery|||||0|0|30000|2020-01-01|",
	}
	if diff := cmp.Diff(want, l.contents(t)); diff != "" {
		t.Error(diff)
	}
	problems, total, err := l.Problems(as(manager), imp.ID, catalogue.Page{Number: 1, Size: 25})
	if err != nil || total != 1 || problems[0].Reason != "The course already has a price of £500.00 from 1 January 2020. A published price is not overwritten." {
		t.Errorf("%+v %v", problems, err)
	}
	if names, _ := l.found(t, catalogue.Query{Text: "cookery"}); !slices.Equal(names, []string{"Cookery"}) {
		t.Errorf("the new name is not found: %v", names)
	}
	if names, _ := l.found(t, catalogue.Query{Text: "cooking"}); slices.Contains(names, "Cooking") {
		t.Errorf("the old name is still shown: %v", names)
	}
	l.checkPriced(t)
}

func TestTheDatabaseItselfRefusesTwoPricesADayAndAnotherAmount(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	l.upload(t, "Code,Name,Price,From\nA,Care,450,2020-01-01\n", catalogue.Mapping{})
	for _, sql := range []string{
		`INSERT INTO price (id, course_id, pence, first_day, import_id, flag, distance, confirmed_name)
			SELECT gen_random_uuid(), course_id, 1, '2025-01-01', import_id, '', 0, '' FROM price`,
		"UPDATE price SET pence = 1",
		"UPDATE price SET first_day = '2019-01-01'",
		"DELETE FROM price",
		"UPDATE course SET code = 'B'",
		"UPDATE price SET confirmed_by = gen_random_uuid(), confirmed_at = now()", // it was never flagged
		"UPDATE import SET added = added + 1",                                     // more rows than were dealt with
		"UPDATE import_file SET content = ''",
		"DELETE FROM import_problem",
	} {
		if _, err := l.db.Pool.Exec(context.Background(), sql); err == nil {
			t.Errorf("the service may do this: %s", sql)
		}
	}
}

func TestAFileThatNeedsMappingWaitsForIt(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	file := "Kursliste\nNr,Was,Preis\nA1,Care,450\n"
	imp, err := l.Upload(as(manager), "kurse.csv", []byte(file), catalogue.Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	if imp.State != catalogue.NeedsMapping || imp.Message != "Say which column has the course code, the name, the price and the first day of the price." || imp.Shown.HeadingLine != 2 {
		t.Errorf("%+v", imp)
	}
	if l.run(t, imp.ID).State != catalogue.NeedsMapping {
		t.Error("it ran all the same")
	}
	m := catalogue.Mapping{Only: true, HeadingLine: 2, Columns: map[catalogue.Field]string{
		catalogue.Code: catalogue.Position(1), catalogue.Name: catalogue.Position(2), catalogue.Amount: catalogue.Position(3),
	}}
	if _, err := l.Map(as(manager), imp.ID, m); !fault.Is(err, fault.Invalid) || fault.As(err).Fields[0].Pointer != "/columns" {
		t.Errorf("a mapping that says no day: %v", err)
	}
	m.From = today
	if imp, err = l.Map(as(manager), imp.ID, m); err != nil || imp.State != catalogue.Running {
		t.Fatalf("%+v %v", imp, err)
	}
	if _, err := l.Map(as(manager), imp.ID, m); !fault.Is(err, fault.Conflict) {
		t.Errorf("mapped again: %v", err)
	}
	if imp = l.run(t, imp.ID); imp.State != catalogue.Done || imp.Added != 1 {
		t.Errorf("%+v", imp)
	}
	if n := l.count(t, "SELECT count(*) FROM river_job WHERE kind = 'import-courses'"); n != 1 {
		t.Errorf("%d jobs", n)
	}
	if _, err := l.Map(as(manager), uuid.New(), m); !fault.Is(err, fault.NotFound) {
		t.Errorf("an import that is not there: %v", err)
	}
}

func TestAnUploadIsRefusedInPlainWords(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	for name, c := range map[string]struct {
		file string
		m    catalogue.Mapping
		kind fault.Kind
		want string
	}{
		"too large":      {strings.Repeat("x", catalogue.MostBytes+1), catalogue.Mapping{}, fault.TooLarge, "The file is larger than 20 MB. Split it and import the parts."},
		"empty":          {"", catalogue.Mapping{}, fault.Invalid, "The file is empty. Choose a CSV file with a heading line and a row for each price."},
		"unknown column": {"Code,Name,Cost\n", catalogue.Mapping{Columns: map[catalogue.Field]string{catalogue.Amount: "Preis"}}, fault.Invalid, "The file has no column “Preis”. Its columns are: Code, Name, Cost."},
	} {
		if _, err := l.Upload(as(manager), "list.csv", []byte(c.file), c.m); !fault.Is(err, c.kind) || fault.As(err).Message != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := l.count(t, "SELECT count(*) FROM import"); n != 0 {
		t.Errorf("%d were kept", n)
	}
}

func TestTheSameUploadTwiceIsOneImport(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	ctx := db.WithKey(as(manager), "click")
	file := []byte("Code,Name,Price,From\nA,Care,450,2020-01-01\n")
	a, err := l.Upload(ctx, "list.csv", file, catalogue.Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := l.Upload(ctx, "list.csv", file, catalogue.Mapping{}); err != nil || b.ID != a.ID {
		t.Errorf("%v is not %v: %v", b.ID, a.ID, err)
	}
	if _, err := l.Upload(ctx, "other.csv", file, catalogue.Mapping{}); !fault.Is(err, fault.Conflict) {
		t.Errorf("the key used for another file: %v", err)
	}
	if n := l.count(t, "SELECT count(*) FROM river_job"); n != 1 {
		t.Errorf("%d jobs", n)
	}
}

func TestAnUnreadableFileFailsItsImport(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	var b strings.Builder
	b.WriteString("Code,Name,Price,From\n")
	for range 100 {
		b.WriteString("A,Care,450,2020-01-01\n")
	}
	b.WriteString(strings.Repeat("x", 70_000))
	imp := l.upload(t, b.String(), catalogue.Mapping{})
	if imp.State != catalogue.Failed || imp.Message != "Line 102 cannot be read. Check that this is a CSV file with a row for each price." {
		t.Errorf("%s: %s", imp.State, imp.Message)
	}
}

func TestOnlyThoseWhoMayReachTheCatalogue(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	calls := map[string]func(context.Context) error{
		"search": func(ctx context.Context) error {
			_, _, err := l.Search(ctx, catalogue.Query{Page: catalogue.Page{Number: 1, Size: 1}})
			return err
		},
		"course": func(ctx context.Context) error { _, err := l.Course(ctx, uuid.New()); return err },
		"flagged": func(ctx context.Context) error {
			_, _, err := l.Flagged(ctx, catalogue.Page{Number: 1, Size: 1})
			return err
		},
		"confirm": func(ctx context.Context) error { _, err := l.Confirm(ctx, uuid.New()); return err },
		"imports": func(ctx context.Context) error {
			_, _, err := l.Imports(ctx, catalogue.Page{Number: 1, Size: 1})
			return err
		},
		"import": func(ctx context.Context) error { _, err := l.Import(ctx, uuid.New()); return err },
		"upload": func(ctx context.Context) error { _, err := l.Upload(ctx, "x", nil, catalogue.Mapping{}); return err },
		"map":    func(ctx context.Context) error { _, err := l.Map(ctx, uuid.New(), catalogue.Mapping{}); return err },
		"problems": func(ctx context.Context) error {
			_, _, err := l.Problems(ctx, uuid.New(), catalogue.Page{Number: 1, Size: 1})
			return err
		},
		"download": func(ctx context.Context) error { _, err := l.AllProblems(ctx, uuid.New()); return err },
	}
	staffMay := []string{"search", "course"}
	for name, call := range calls {
		if err := call(context.Background()); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("nobody: %s: %v", name, err)
		}
		if err := call(as(jobseeker)); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a jobseeker: %s: %v", name, err)
		}
		if err := call(as(coach)); fault.Is(err, fault.Forbidden) == slices.Contains(staffMay, name) {
			t.Errorf("a coach: %s: %v", name, err)
		}
		if err := call(as(manager)); fault.Is(err, fault.Forbidden) {
			t.Errorf("a manager: %s: %v", name, err)
		}
	}
}

func TestAChangeByAnImportIsInTheAuditTrail(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	const file = "Code,Name,Price,From\nA,Care,450,2020-01-01\n"
	imp := l.upload(t, file, catalogue.Mapping{})
	again := l.upload(t, file, catalogue.Mapping{})
	trail := func(id uuid.UUID) int {
		return l.count(t, "SELECT count(*) FROM audit_entry WHERE subject_id = $1 AND person = $2 AND roles = '{manager}'", id, manager.ID)
	}
	if trail(imp.ID) != 2 || trail(again.ID) != 1 {
		t.Errorf("%d entries for an import that changed something, %d for one that did not", trail(imp.ID), trail(again.ID))
	}
}

func TestProblemsAreATableNoSpreadsheetRuns(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	imp := l.upload(t, "Code,Name,Price,From\n\"=cmd|' /C calc'!A0\",Care,,2020-01-01\n+1,,450,2020-01-01\n", catalogue.Mapping{})
	rows, err := l.AllProblems(as(manager), imp.ID)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for row, err := range rows {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.Join(row, "|"))
	}
	want := []string{"Line|Code|Column|Reason", "2|'=cmd|' /C calc'!A0|Price|There is no price.", "3|'+1|Name|There is no name."}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

const shelf = `Code,Name,Subject,Provider,Level,Price,From,To
FWK-403-2,Bricklaying,Building and Construction,Oldham College,2,1000,2020-01-01,
FWK-403-3,Advanced Bricklaying,Building and Construction,Rochdale Training,3,2000,2020-01-01,
60038871,Plumbing and Heating,Building and Construction,Oldham College,2,1500,2020-01-01,2020-06-30
CARE-9,Caring for Older People,Health and Social Care,Oldham College,2,900,2020-01-01,
CAFE-1,Café Service,Hospitality,Bricklaying Academy,1,700,2021-01-01,
HGV-1,HGV Driving,Transport,Oldham College,2,3000,2020-01-01,
`

func TestSearchFindsByWordsAndTheBestFirst(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	l.upload(t, shelf, catalogue.Mapping{})
	for q, want := range map[string][]string{
		"bricklaying":           {"Bricklaying", "Advanced Bricklaying", "Café Service"}, // name begins, name, provider
		"brickl":                {"Bricklaying", "Advanced Bricklaying", "Café Service"},
		"oldham brickl":         {"Bricklaying"},
		"BRICKLAYING, advance":  {"Advanced Bricklaying"},
		"construction level 3":  {"Advanced Bricklaying"},
		"cafe":                  {"Café Service"},
		"CAFÉ":                  {"Café Service"},
		"brickleying":           {"Bricklaying", "Advanced Bricklaying", "Café Service"},
		"plumming heeting":      {"Plumbing and Heating"},
		"fwk-403-3":             {"Advanced Bricklaying"},
		"FWK403":                {"Bricklaying", "Advanced Bricklaying"},
		"60038871":              {"Plumbing and Heating"},
		"hgv":                   {"HGV Driving"},
		"care-9":                {"Caring for Older People"},
		"older people's care":   {"Caring for Older People"},
		"older people's bricks": nil,
		"zzzzzz":                nil,
		"'; DROP TABLE course":  nil,
		"!!!":                   {"Advanced Bricklaying", "Bricklaying", "Café Service", "Caring for Older People", "HGV Driving", "Plumbing and Heating"},
		"":                      {"Advanced Bricklaying", "Bricklaying", "Café Service", "Caring for Older People", "HGV Driving", "Plumbing and Heating"},
	} {
		got, total := l.found(t, catalogue.Query{Text: q})
		if diff := cmp.Diff(want, got); diff != "" || total != len(want) {
			t.Errorf("%q finds %d: %s", q, total, diff)
		}
	}
}

func TestSearchCanAskForAPriceOnADay(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	l.upload(t, shelf, catalogue.Mapping{})
	for on, want := range map[string][]string{
		"2019-12-31": nil,
		"2020-06-30": {"Bricklaying", "Advanced Bricklaying", "Plumbing and Heating"},
		"2020-07-01": {"Bricklaying", "Advanced Bricklaying"},
	} {
		day, _ := time.Parse(time.DateOnly, on)
		found, total, err := l.Search(as(coach), catalogue.Query{Text: "construction", PricedOn: day, Page: catalogue.Page{Number: 1, Size: 25}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range found {
			got = append(got, f.Course.Name)
			if f.Price == nil || !f.Price.On(day) || f.Price.Source != "list.csv" {
				t.Errorf("%s on %s: %+v", f.Course.Name, on, f.Price)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || total != len(want) {
			t.Errorf("on %s: %d %s", on, total, diff)
		}
	}
	// Without a day the price of today is shown, if there is one.
	found, _, err := l.Search(as(coach), catalogue.Query{Text: "plumbing", Page: catalogue.Page{Number: 1, Size: 25}})
	if err != nil || len(found) != 1 || found[0].Price != nil {
		t.Errorf("%+v %v", found, err)
	}
}

func TestSearchPagesThroughAllThatMatch(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	l.upload(t, bigList(1200), catalogue.Mapping{})
	seen := map[string]bool{}
	for page := 1; ; page++ {
		names, total := l.found(t, catalogue.Query{Text: "subject 3 oldham", Page: catalogue.Page{Number: page, Size: 50}})
		if total != 171 {
			t.Fatalf("page %d says %d match", page, total)
		}
		if len(names) == 0 {
			if len(seen) != total {
				t.Errorf("%d of %d were shown", len(seen), total)
			}
			break
		}
		for _, n := range names {
			if seen[n] {
				t.Errorf("%s is shown twice", n)
			}
			seen[n] = true
		}
	}
	if _, total := l.found(t, catalogue.Query{Text: "course"}); total != catalogue.Most {
		t.Errorf("%d of 1,200 are counted", total)
	}
}

func TestACourseIsShownWithItsPricesAndTodays(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	l.upload(t, bigList(1), catalogue.Mapping{})
	found, _, err := l.Search(as(coach), catalogue.Query{Text: "C0", Page: catalogue.Page{Number: 1, Size: 1}})
	if err != nil || len(found) != 1 {
		t.Fatalf("%v %v", found, err)
	}
	c, err := l.Course(as(coach), found[0].Course.ID)
	if err != nil || len(c.Course.Prices) != 2 || c.Price == nil || c.Price.ID != c.Course.Prices[0].ID {
		t.Errorf("%+v %v", c, err)
	}
	if _, err := l.Course(as(coach), uuid.New()); !fault.Is(err, fault.NotFound) {
		t.Errorf("a course that is not there: %v", err)
	}
}
