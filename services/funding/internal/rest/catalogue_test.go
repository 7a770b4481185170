package rest_test

import (
	"context"
	"encoding/csv"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	openapi "github.com/oapi-codegen/runtime/types"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	api "github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/funding/internal/catalogue"
	"github.com/instead-support/instead/services/funding/internal/postgres"
	"github.com/instead-support/instead/services/funding/internal/rest"
)

var (
	manager = identity.Person{ID: uuid.New(), Name: "Mo Hussain", Roles: []identity.Role{identity.Manager}}
	coach   = identity.Person{ID: uuid.New(), Name: "Cath Ogden", Roles: []identity.Role{identity.Coach}}
)

// library is the catalogue behind its contract, with its imports at work.
type library struct{ http http.Handler }

type remaining struct{ api.StrictServerInterface }

// only implements the catalogue's part of the contract.
type only struct {
	rest.Catalogue
	remaining
}

func newLibrary(t *testing.T) library {
	t.Helper()
	d := dbtest.Open(t, postgres.Migrations, "funding")
	store, err := postgres.NewCourses(d)
	if err != nil {
		t.Fatal(err)
	}
	workers := river.NewWorkers()
	store.AddImporter(workers)
	jobs, err := river.NewClient(riverpgxv5.New(d.Pool), &river.Config{
		Workers: workers, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 2}}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := jobs.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = jobs.StopAndCancel(context.Background()) })

	e := httpx.NewEcho(slog.New(slog.DiscardHandler))
	e.HTTPErrorHandler = func(err error, c echo.Context) { httpx.WriteProblem(c.Response(), c.Request(), err) }
	api.RegisterHandlers(e, api.NewStrictHandler(only{Catalogue: rest.Catalogue{Courses: catalogue.New(catalogue.Deps{
		Store: store,
		Now:   func() time.Time { return time.Date(2020, 9, 1, 9, 0, 0, 0, time.UTC) },
		Today: func(now time.Time) time.Time { return now.Truncate(24 * time.Hour) },
	})}}, nil))
	return library{e}
}

// as is the generated client, with p acting.
func (l library) as(t *testing.T, p identity.Person) api.ClientWithResponsesInterface {
	t.Helper()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.http.ServeHTTP(w, r.WithContext(identity.With(r.Context(), p)))
	})
	client := httpx.NewClient(httpx.InProcess{Hosts: map[string]http.Handler{"funding": handler}})
	c, err := api.NewClientWithResponses("http://funding", api.WithHTTPClient(client))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// upload sends a file in and follows it until nothing more happens to it.
func upload(t *testing.T, c api.ClientWithResponsesInterface, file string, params api.UploadImportParams) api.Import {
	t.Helper()
	params.FileName = "list.csv"
	resp, err := c.UploadImportWithBodyWithResponse(t.Context(), &params, "text/csv", strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return follow(t, c, resp.JSON202.Id)
}

func follow(t *testing.T, c api.ClientWithResponsesInterface, id uuid.UUID) api.Import {
	t.Helper()
	for range 600 {
		resp, err := c.ReadImportWithResponse(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if resp.JSON200.State != "running" {
			return *resp.JSON200
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("the import is not done after a minute")
	return api.Import{}
}

func ptr[T any](v T) *T { return &v }

func TestARealListIsImportedSearchedAndConfirmed(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	boss, worker := l.as(t, manager), l.as(t, coach)
	file, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "pkg", "sampledata", "courses.csv"))
	if err != nil {
		t.Fatal(err)
	}
	imp := upload(t, boss, string(file), api.UploadImportParams{})
	if imp.State != "done" || imp.Total != 2150 || imp.Added != 2047 || imp.Bad != 103 || imp.Flagged != 5 || imp.ByName != "Mo Hussain" {
		t.Fatalf("%+v", imp)
	}

	problems, err := boss.ListImportProblemsWithResponse(t.Context(), imp.Id, &api.ListImportProblemsParams{Page: ptr(2), Size: ptr(100)})
	if err != nil || problems.JSON200.Total != 103 || len(problems.JSON200.Items) != 3 || problems.JSON200.Items[0].Reason != "There is no name." {
		t.Errorf("%v %v", problems.JSON200, err)
	}
	table, err := boss.DownloadImportProblemsWithResponse(t.Context(), imp.Id)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(table.Body), "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 104 || !slices.Equal(rows[0], []string{"Line", "Code", "Column", "Reason"}) || !strings.HasPrefix(string(table.Body), "\ufeff") {
		t.Errorf("%d rows, %v", len(rows), err)
	}

	found, err := worker.SearchCoursesWithResponse(t.Context(), &api.SearchCoursesParams{Q: ptr("data technician"), PricedOn: &openapi.Date{Time: time.Date(2020, 8, 1, 0, 0, 0, 0, time.UTC)}})
	if err != nil || found.JSON200.Total == 0 || found.JSON200.Items[0].Name != "Data Technician" || found.JSON200.Items[0].Price.Pence != 12_000_00 {
		t.Fatalf("%+v %v", found.JSON200, err)
	}
	course, err := worker.ReadCourseWithResponse(t.Context(), found.JSON200.Items[0].Id)
	if err != nil || len(course.JSON200.Prices) != 1 || course.JSON200.Price.Source != "list.csv" || !course.JSON200.Price.Confirmed || course.JSON200.Months != 24 {
		t.Errorf("%+v %v", course.JSON200, err)
	}

	flagged, err := boss.ListFlaggedPricesWithResponse(t.Context(), &api.ListFlaggedPricesParams{})
	if err != nil || flagged.JSON200.Total != 5 || flagged.JSON200.Items[0].Price.Confirmed {
		t.Fatalf("%+v %v", flagged.JSON200, err)
	}
	confirmed, err := boss.ConfirmPriceWithResponse(t.Context(), flagged.JSON200.Items[0].Price.Id, &api.ConfirmPriceParams{})
	if err != nil || !confirmed.JSON200.Prices[0].Confirmed || confirmed.JSON200.Prices[0].ConfirmedBy != "Mo Hussain" {
		t.Errorf("%+v %v", confirmed.JSON200, err)
	}
	if _, err := worker.ConfirmPriceWithResponse(t.Context(), flagged.JSON200.Items[1].Price.Id, &api.ConfirmPriceParams{}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a coach confirms a price: %v", err)
	}

	imports, err := boss.ListImportsWithResponse(t.Context(), &api.ListImportsParams{})
	if err != nil || imports.JSON200.Total != 1 || imports.JSON200.Items[0].Id != imp.Id {
		t.Errorf("%+v %v", imports.JSON200, err)
	}
}

func TestAListCanBeMappedAsItIsSent(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	boss := l.as(t, manager)
	const file = "Kursliste;;\nNr;Was;Preis\nA1;Care;450\n"
	from := openapi.Date{Time: time.Date(2020, 4, 1, 0, 0, 0, 0, time.UTC)}
	imp := upload(t, boss, file, api.UploadImportParams{Map: &[]string{"code=Nr", "name=was", "price=C"}, From: &from})
	if imp.State != "done" || imp.Added != 1 {
		t.Errorf("%+v", imp)
	}
	for _, pairs := range [][]string{{"price"}, {"colour=Preis"}, {"price=Cost"}} {
		_, err := boss.UploadImportWithBodyWithResponse(t.Context(), &api.UploadImportParams{FileName: "x.csv", Map: &pairs}, "text/csv", strings.NewReader(file))
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%v: %v", pairs, err)
		}
	}
}

func TestAListThatIsNotUnderstoodIsMappedAfterwards(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	boss := l.as(t, manager)
	imp := upload(t, boss, "Kursliste\nNr;Name;Preis\nA1;Care;450\n", api.UploadImportParams{})
	if imp.State != "needs-mapping" || imp.Message == "" || imp.Preview.HeadingLine != 2 {
		t.Fatalf("%+v", imp)
	}
	if diff := cmp.Diff([][]string{{"Kursliste"}, {"Nr", "Name", "Preis"}, {"A1", "Care", "450"}}, imp.Preview.Lines); diff != "" {
		t.Error(diff)
	}
	m := api.Mapping{HeadingLine: 2}
	say := func(field api.MappingColumnsField, column int) {
		m.Columns = append(m.Columns, struct {
			Column int                     `json:"column"`
			Field  api.MappingColumnsField `json:"field"`
		}{column, field})
	}
	say("code", 1)
	say("name", 1)
	say("name", 2)
	_, err := boss.MapImportWithResponse(t.Context(), imp.Id, nil, m)
	if !fault.Is(err, fault.Invalid) || len(fault.As(err).Fields) != 2 || fault.As(err).Fields[0].Pointer != "/columns/1/column" || fault.As(err).Fields[1].Pointer != "/columns/2/field" {
		t.Errorf("a column and a field chosen twice: %v", err)
	}
	m.Columns = nil
	say("code", 1)
	say("name", 2)
	say("price", 3)
	m.From = openapi.Date{Time: time.Date(2020, 4, 1, 0, 0, 0, 0, time.UTC)}
	if _, err := boss.MapImportWithResponse(t.Context(), imp.Id, nil, m); err != nil {
		t.Fatal(err)
	}
	done := follow(t, boss, imp.Id)
	if done.State != "done" || done.Added != 1 {
		t.Errorf("%+v", done)
	}
	if diff := cmp.Diff(m, done.Mapping); diff != "" {
		t.Errorf("the mapping shown is another: %s", diff)
	}
}

func TestAnImportLeftByAKilledProcessIsCarriedOn(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, postgres.Migrations, "funding")
	store, err := postgres.NewCourses(d)
	if err != nil {
		t.Fatal(err)
	}
	courses := catalogue.New(catalogue.Deps{Store: store, Now: time.Now, Today: catalogue.Day})
	ctx := identity.With(context.Background(), manager)
	imp, err := courses.Upload(ctx, "list.csv", []byte("Code,Name,Price,From\nA1,Care,450,2020-01-01\n"), catalogue.Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	// As far as River knows, some process is still at it.
	if _, err := d.Pool.Exec(ctx, "UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now()"); err != nil {
		t.Fatal(err)
	}
	workers := river.NewWorkers()
	store.AddImporter(workers)
	jobs, err := river.NewClient(riverpgxv5.New(d.Pool), &river.Config{
		Workers: workers, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 2}}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Resume(ctx); err != nil {
		t.Fatal(err)
	}
	if err := jobs.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = jobs.StopAndCancel(context.Background()) })
	for range 600 {
		if imp, err = courses.Import(ctx, imp.ID); err != nil {
			t.Fatal(err)
		}
		if imp.State == catalogue.Done {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("it is still %s", imp.State)
}
