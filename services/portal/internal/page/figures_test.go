package page_test

import (
	"encoding/csv"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"
	"github.com/xuri/excelize/v2"
	"golang.org/x/net/html"

	"github.com/instead-support/instead/api/reporting"
)

// spent has £300 spent in January and £100 in February, and nothing in March so far.
func (p *portal) spent() {
	p.reporting.since = "2025-12"
	p.reporting.months = map[string]reporting.Measures{
		"2025-12": {SpentPence: 200_00, PaidPence: 200_00, Requests: 1},
		"2026-01": {SpentPence: 300_00, PaidPence: 300_00, Requests: 2, SupplierPence: 200_00, LocalPence: 50_00, CommittedPence: 75_00},
		"2026-02": {SpentPence: 100_00, PaidPence: 120_00, Requests: 1},
	}
	p.reporting.saved = reporting.Saved{Allowances: 3, CapPence: 2000_00, ApprovedPence: 700_00, SavedPence: 1300_00}
}

func TestAManagerSeesWhatTheMoneyDidAndWhatIsBehindIt(t *testing.T) {
	p := start(t)
	p.spent()
	leanne := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 24*time.Hour)
	p.reporting.rows = map[reporting.By][]reporting.Total{reporting.ByCategory: {
		{Key: "tools", Measures: &reporting.Measures{SpentPence: 400_00, Requests: 3}}, {Key: "travel", Measures: &reporting.Measures{SpentPence: 200_00}},
	}}
	p.reporting.shares = []reporting.Share{{RequestId: leanne.Id, Reference: leanne.Reference, Area: "Oldham", State: "paid", CoachId: p.idOf(priya), Share: 400_00}}
	p.funding.called = map[uuid.UUID]string{p.idOf(priya): priya.Name}

	home := p.as(marcus).get("/figures").sound().wants(
		"Oldham and Rochdale, all funds, April 2025 to March 2026. As at 10 March 2026 at 9:29am",
		"Spent £600.00", "Promised, not paid yet £75.00", "Left of the budget £41,000.00 of £50,000.00 for 2025 to 2026",
		"Saved against the courses replaced £1,300.00 for 3 people and courses", "Time to decide 2.3 days", "1 was late of 3", "Went to local suppliers 25% of £200.00",
		"There is no data for 8 of the months.", "March 2026 is not over: £0 so far.",
	).lacks("These figures are behind")
	spend := home.follow("What it was spent on").sound().wants("December 2025 £200.00", "April 2025 No data", "March 2026 £0.00")
	behind := spend.follow("what it was for").sound().
		wants("What was spent is highest for Tools, at £400: 67% of all of it.", "All £600.00").
		follow("£400.00 of Tools: the requests behind it").sound().
		wants("Spent, Tools", "Spent £400.00", leanne.Reference, "Oldham, Priya Shah")
	behind.follow(leanne.Reference).is(http.StatusOK, "/decisions/"+leanne.Id.String())
}

func TestNothingKnownIsNotSaidAsNothingSpent(t *testing.T) {
	p := start(t)
	b := p.as(marcus)
	b.get("/figures").sound().wants("Nothing has happened yet that could be counted.", "Nothing is known of April 2025 to March 2026", "That is not the same as nothing spent.").lacks("£0.00")
	p.reporting.since = "2026-01"
	b.get("/figures?from=2025-04&to=2025-06").sound().wants("figures begin in January 2026").lacks("£0.00")
	b.get("/figures").sound().wants("Spent £0.00")
}

func TestWhatIsFilteredIsInTheAddressAndSaidInWords(t *testing.T) {
	p := start(t)
	p.spent()
	shown := p.as(marcus).get("/figures").press("Show", fill{"area": "Rochdale", "from": "2026-02", "to": "2026-01", "with": "before"}).sound()
	shown.is(http.StatusOK, "/figures?area=Rochdale&from=2026-02&to=2026-01&with=before").
		wants("Rochdale, all funds, January 2026 to February 2026, beside November 2025 to December 2025.", "Spent £400.00 £200.00 100% more")
	if got := p.reporting.asked[len(p.reporting.asked)-1]; got.From != "2025-11" || got.To != "2025-12" || got.Areas[0] != "Rochdale" {
		t.Errorf("the figures beside are of %+v", got)
	}
	shown.follow("How fast we decide").is(http.StatusOK, "/figures/decisions?area=Rochdale&from=2026-01&to=2026-02&with=before")
	shown.follow("See everything of this year").is(http.StatusOK, "/figures").wants("Oldham and Rochdale")
	p.as(marcus).get("/figures?with=year&area=Oldham").wants("beside April 2024 to March 2025")
	p.as(marcus).get("/figures?with=Rochdale&area=Oldham").wants("Oldham, all funds, April 2025 to March 2026, beside Rochdale.")
	if got := p.reporting.asked[len(p.reporting.asked)-1]; got.Areas[0] != "Rochdale" {
		t.Errorf("beside Rochdale are figures of %+v", got)
	}
	// What nobody could choose counts as not asked for.
	p.as(marcus).get("/figures?area=Bury&from=1999-01&fund=x&with=Bury").wants("Oldham and Rochdale, all funds, April 2025 to March 2026.")
}

func TestFiguresThatAreBehindSaySo(t *testing.T) {
	p := start(t)
	p.spent()
	p.reporting.behind = 300
	p.as(marcus).get("/figures").sound().wants("These figures are behind: 12 changes are not counted yet, the oldest from 5 minutes ago.")
}

func TestAGroupThatIsTooSmallIsSaidAndNotShown(t *testing.T) {
	p := start(t)
	p.spent()
	p.reporting.equity = []reporting.Equity{
		{Key: "clothes", Decided: new(int64(20)), Approved: new(int64(15)), Timed: new(int64(20)), Days: new(int64(50))}, {Key: "health", Suppressed: true},
	}
	p.as(marcus).get("/figures/fairness").sound().
		wants("Clothes 20 15 75% 2.5 days", "Health Not shown: too few", "1 is not shown, because so few people are behind it")
}

func TestTheTwoRoutesAreNeverShownWithoutWhatTheyDoNotProve(t *testing.T) {
	p := start(t)
	p.spent()
	share := func(is, low, high float64) *reporting.Interval {
		return &reporting.Interval{Share: is, Low: low, High: high}
	}
	p.reporting.routes = reporting.Routes{
		Instead: reporting.RouteSide{Allowances: 50, Started: 27, StartedShare: share(.54, .40, .67)},
		Course:  reporting.RouteSide{Allowances: 50, Started: 19, StartedShare: share(.38, .26, .52)}, StartedDifference: share(.16, -.03, .34),
	}
	p.as(marcus).get("/figures/starts?by=kind").sound().wants(
		"Cost per start £200.00", "With something else than a course, 54% got into work (27 of 50).", "The difference could be chance.",
		"This does not prove cause", "the two groups differ in more than the route",
	)
}

func TestTheOtherPagesOfFiguresSayWhatTheyKnow(t *testing.T) {
	p := start(t)
	p.spent()
	b := p.as(marcus)
	b.get("/figures/decisions").sound().wants("Decided 4", "2.3 days", "Late 1 33% of those", "The same day 1", "March 2026 No data")
	b.get("/figures/savings").sound().wants("Saved, as decided £1,300.00 of £2,000.00", "Saved, of those settled No data", "nothing is settled yet")
	b.get("/figures/left").sound().wants("There is no budget of 2025 to 2026", "nothing was ever asked for against 1: 25%. What was offered with those comes to £900.00.")
	b.get("/figures/worth").sound().wants("What was spent is highest for Local suppliers, at £60: 60% of all of it.", "no values are agreed")
	p.reporting.proxies = []reporting.Proxy{{Name: "A year in work", Unit: reporting.UnitSustained, Pence: 14_000_00, Year: 2024, Source: "Somebody’s table, row 3", AttributionPercent: 50, DeadweightPercent: 30, ValidFrom: openapi.Date{Time: now}}}
	b.get("/figures/worth").sound().wants("Value of what came of it No data", "£14,000.00, at the prices of 2024", "Somebody’s table, row 3", "Would have happened anyway 30%", "They are not money that anybody receives.")
	p.reporting.forecast.WhyNot = "There are fewer than three whole months."
	b.get("/figures/forecast").sound().wants("Nothing is said of how the year will end: There are fewer than three whole months.")
	p.reporting.forecast = reporting.Forecast{
		Months:         []reporting.ForecastMonth{{Month: "2026-01", UsedPence: 300_00, Whole: true}, {Month: "2026-02", UsedPence: 100_00, Whole: true}},
		Expected:       &reporting.Expected{UsedPence: 400_00, ExpectedPence: 600_00, LowPence: 450_00, HighPence: 750_00, Months: 3},
		AllocatedPence: new(int64(500_00)),
	}
	b.get("/figures/forecast").sound().wants("Expected to be missing £100.00", "likely between £450 and £750", "There is £500, so it may or may not be enough.")
}

func TestAFileHasTheFiguresOfThePageAndIsLoggedOnce(t *testing.T) {
	p := start(t)
	p.spent()
	argos, other := uuid.New(), uuid.New()
	p.funding.called = map[uuid.UUID]string{argos: "=Argos", other: "Nisbets"}
	p.reporting.rows = map[reporting.By][]reporting.Total{reporting.BySupplier: {
		{Key: argos.String(), Measures: &reporting.Measures{SpentPence: 400_50, PaidPence: 420_50}}, {Key: other.String(), Measures: &reporting.Measures{SpentPence: -1}}, {Key: "", Measures: &reporting.Measures{SpentPence: 5}},
	}}
	page := p.as(marcus).get("/figures/spend?by=supplier&area=Oldham").sound().wants("=Argos", "£400.50", "Not to a supplier").lacks("Asked for")
	ask := page.follow("Save this as a spreadsheet").sound().wants("Totals, by supplier", "Oldham")
	ask.press("Continue", nil).sound().wants("Choose a kind of file.")
	made := ask.press("Continue", fill{"format": "csv"}).sound().wants("It has 3 rows.", "in the audit trail")
	file := made.press("Download the file", nil)
	if got := file.header.Get("Content-Disposition"); !strings.Contains(got, "instead-totals-by-supplier-2025-04-to-2026-03.csv") {
		t.Errorf("the file is called %s", got)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.source, "\ufeff"))).ReadAll()
	must(t, err)
	for i, want := range [][]string{{"Key", "Supplier", "Spent", "Paid"}, {argos.String(), "'=Argos", "400.50", "420.50"}, {other.String(), "Nisbets", "-0.01", "0.00"}, {"", "Not to a supplier", "0.05", "0.00"}} {
		if got := strings.Join(rows[i][:4], "|"); got != strings.Join(want, "|") {
			t.Errorf("row %d is %s, want %s", i, got, want)
		}
	}
	made.press("Download the file", nil)
	if n := len(p.reporting.exports); n != 1 {
		t.Errorf("the file and the page that offers it were logged as %d exports", n)
	}
}

func TestAFileWhoseRowsBreakOffIsNotTakenForAWholeOne(t *testing.T) {
	p := start(t)
	p.spent()
	p.reporting.rows = map[reporting.By][]reporting.Total{reporting.ByArea: {{Key: "Oldham", Measures: &reporting.Measures{SpentPence: 400_50}}}}
	for _, format := range []string{"csv", "xlsx"} {
		for what, ends := range map[string]string{"nothing says that these are all": " ", "a row is missing": `{"rows_sent":2}`} {
			p.reporting.ends = ends
			b := p.as(marcus)
			page := b.get("/figures/spend?by=area").follow("Save this as a spreadsheet").press("Continue", fill{"format": format})
			values, _ := fields(page.find(func(n *html.Node) bool { return attr(n, "action") == "/figures/export/file" }))
			resp, err := b.http.PostForm(p.URL+"/figures/export/file", values)
			if err == nil { // the connection may break before the first byte, or later
				_, err = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s, and the %s file comes to its end (%v)", what, format, err)
			}
		}
	}
}

func TestTheRequestsBehindAFigureAreSavedInAWorkbookThatSaysWhatItIs(t *testing.T) {
	p := start(t)
	p.spent()
	id := uuid.New()
	p.reporting.shares = []reporting.Share{{RequestId: id, Reference: "FR-7K3M-92QX", Area: "Oldham", State: "paid", CoachId: p.idOf(priya), Share: 400_00}}
	p.funding.called = map[uuid.UUID]string{p.idOf(priya): priya.Name}
	file := p.as(marcus).get("/figures/requests?measure=paid&by=area&key=Oldham").sound().
		follow("Save this as a spreadsheet").press("Continue", fill{"format": "xlsx"}).sound().wants("It has 1 row.").press("Download the file", nil)
	f, err := excelize.OpenReader(strings.NewReader(file.source))
	must(t, err)
	defer f.Close()
	for at, want := range map[string]string{
		"About!B1": "Requests behind “Paid”, Oldham", "About!B4": "April 2025 to March 2026", "Figures!A2": id.String(), "Figures!B2": "FR-7K3M-92QX",
		"Figures!D2": "Paid", "Figures!F2": "10 Mar 2026 09:30", "Figures!G2": "", "Figures!H2": "Priya Shah", "Figures!O2": "£400.00",
	} {
		sheet, cell, _ := strings.Cut(at, "!")
		if got, err := f.GetCellValue(sheet, cell); err != nil || got != want {
			t.Errorf("%s is %q, want %q (%v)", at, got, want, err)
		}
	}
}

func TestFiguresAreForThoseWhoAnswerForTheMoney(t *testing.T) {
	p := start(t)
	p.spent()
	p.as(grace).get("/figures").sound().wants("Spent £600.00").lacks("useful")
	p.as(priya).get("/figures").wants("This page is for managers, finance officers and auditors.")
}
