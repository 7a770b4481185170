package component_test

import (
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/instead-support/instead/services/portal/internal/component"
)

// words is all that a page says, as one line.
func words(t *testing.T, c templ.Component) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(render(t, c)))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for n := range doc.Descendants() {
		if n.Type == html.TextNode {
			all = append(all, strings.Fields(n.Data)...)
		}
	}
	return strings.Join(all, " ")
}

func TestTheMoneyBarSaysInWordsAllThatItShows(t *testing.T) {
	p := component.MoneyBarProps{Cap: 1500_00, Committed: 700_00, Held: 380_00}
	want := "£420.00 of £1,500.00 left Committed £700.00 Held £380.00 Available £420.00"
	if got := words(t, component.MoneyBar(p)); got != want {
		t.Errorf("MoneyBar says %q, want %q", got, want)
	}
	if got := words(t, component.MoneyBar(component.MoneyBarProps{Cap: 900_00})); got != "£900.00 of £900.00 left" {
		t.Errorf("an untouched allowance says %q", got)
	}
}

func TestTheMoneyBarsPartsStandInLineAndFillIt(t *testing.T) {
	got := render(t, component.MoneyBar(component.MoneyBarProps{Cap: 200_00, Paid: 20_00, Committed: 80_00, Held: 100_00}))
	for _, want := range []string{
		`__paid" x="0.00%" y="0" width="10.00%"`, `__committed" x="10.00%" y="0" width="40.00%"`, `__held" x="50.00%" y="0" width="50.00%"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	if strings.Contains(render(t, component.MoneyBar(component.MoneyBarProps{})), "NaN") {
		t.Error("no cap makes a bar of NaN")
	}
}

func TestEveryStateHasTheSameWordsEverywhere(t *testing.T) {
	for state, want := range map[string]string{
		"draft": "Draft", "submitted": "Waiting for a decision", "approved": "Approved", "declined": "Declined",
		"returned": "Sent back to the coach", "withdrawn": "Withdrawn", "challenged": "Asked to look again", "paid": "Paid",
		"closed": "Closed", "cancelled": "Cancelled", "expired": "Not used in time", "some-new-state": "some-new-state",
	} {
		if got := words(t, component.StateTag(state)); got != want {
			t.Errorf("StateTag(%q) says %q, want %q", state, got, want)
		}
		if got := component.StateWords(state); got != want {
			t.Errorf("StateWords(%q) = %q, want %q", state, got, want)
		}
	}
}

func TestTheTimelineSaysWhoWhenWhatAndWhyByLondonsClock(t *testing.T) {
	got := words(t, component.Timeline([]component.Happening{
		{When: time.Date(2026, 7, 1, 15, 5, 0, 0, time.UTC), Who: "Sam Okafor", What: "Sent for a decision", Why: "A job starts on Monday."},
		{When: time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC), What: "Approved"},
	}))
	want := "Sent for a decision Sam Okafor, 1 July 2026 at 4:05pm A job starts on Monday. Approved 1 December 2026 at midday"
	if got != want {
		t.Errorf("Timeline says %q, want %q", got, want)
	}
}

func TestADayIsNotMovedByAClockChange(t *testing.T) {
	if got := component.Day(time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)); got != "1 July 2026" {
		t.Errorf("Day() = %q", got)
	}
	if got := component.Day(time.Time{}); got != "" {
		t.Errorf("the zero day shows as %q", got)
	}
	for at, want := range map[string]string{
		"2026-01-05T00:00:00Z": "5 January 2026 at midnight", "2026-01-05T09:00:00Z": "5 January 2026 at 9am",
		"2026-06-05T23:30:00Z": "6 June 2026 at 12:30am",
	} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := component.Moment(when); got != want {
			t.Errorf("Moment(%s) = %q, want %q", at, got, want)
		}
	}
}

func TestAPageThatCameBackSaysErrorFirst(t *testing.T) {
	p := component.LayoutProps{Title: "How much?", Errors: []component.ErrorItem{{Text: "Enter an amount.", Href: "#amount"}}}
	got := render(t, component.Layout(p))
	for _, want := range []string{"<title>Error: How much? – Instead</title>", `<a href="#amount">Enter an amount.</a>`, `<html lang="en"`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	p.Errors = nil
	if got := render(t, component.Layout(p)); !strings.Contains(got, "<title>How much? – Instead</title>") || strings.Contains(got, "error-summary") {
		t.Errorf("a page with nothing wrong says so: %s", got)
	}
}

// A strict content security policy refuses scripts and styles that stand in the
// page, so there must be none, whatever is drawn.
func TestNothingNeedsInlineScriptOrStyle(t *testing.T) {
	page := within(component.Layout(component.LayoutProps{
		Title: "All", Person: "Sam Okafor", SignOut: "/sign-out", Notice: "Saved.", Nav: []component.NavItem{{Text: "Home", Href: "/", Current: true}, {Text: "People", Href: "/people"}},
	}), templ.Join(
		component.MoneyBar(component.MoneyBarProps{Cap: 100, Held: 50}),
		component.Figure(component.FigureProps{Label: "Saved", Value: "£1"}),
		component.EmptyState(component.EmptyStateProps{Text: "Nobody yet.", Next: component.Link{Text: "Add someone", Href: "/add"}, Button: true}),
		component.Queue([]component.QueueRow{{Title: "FR-7K3M-92QX", Href: "/r", Side: component.StateTag("draft")}}),
		component.Statement("A bike.", "Ana, 1 May 2026"),
	))
	doc, err := html.Parse(strings.NewReader(render(t, page)))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Data == "style" || n.Data == "script" && n.FirstChild != nil {
			t.Errorf("the page has an inline <%s>", n.Data)
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("<%s> has an inline %s", n.Data, a.Key)
			}
		}
	}
}

func TestWhatPeopleTypeIsNeverMarkup(t *testing.T) {
	const nasty = `<script>"&'`
	got := render(t, component.Input(component.InputProps{Name: "a", Label: nasty, Hint: nasty, Error: nasty, Value: nasty, Prefix: nasty}))
	if strings.Contains(got, "<script") {
		t.Errorf("markup came through: %s", got)
	}
	if got := render(t, component.BackLink("Back", "javascript:alert(1)")); strings.Contains(got, "javascript:") {
		t.Errorf("a script came through as an address: %s", got)
	}
}

func TestAButtonThatLooksLikeALinkSaysWhatItActsOn(t *testing.T) {
	got := render(t, component.LinkButton(component.LinkButtonProps{Text: "Remove", Hidden: "bus pass", Name: "remove", Value: "2"}))
	want := `<button type="submit" class="instead-link-button" name="remove" value="2">Remove<span class="govuk-visually-hidden"> bus pass</span></button>`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAWideTableScrollsInItsOwnBoxWhichAKeyboardCanReach(t *testing.T) {
	got := render(t, component.Table(component.TableProps{Caption: "Courses", Scroll: true}))
	if !strings.HasPrefix(got, `<div class="instead-scroll" role="region" aria-label="Courses" tabindex="0"><table`) {
		t.Errorf("Table() = %s", got)
	}
}

func TestBarsSayInATableAllThatTheyShow(t *testing.T) {
	got := words(t, component.Bars(component.BarsProps{
		Caption: "Did it help?", Head: [2]string{"They say", "People"}, Of: 12,
		Bars: []component.Bar{{Label: "No", Count: 9}, {Label: "A lot", Count: 3}, {Label: "Not sure", Hidden: "fewer than 5"}},
	}))
	if want := "Did it help? They say People No 9 A lot 3 Not sure fewer than 5"; got != want {
		t.Errorf("Bars say %q, want %q", got, want)
	}
}
