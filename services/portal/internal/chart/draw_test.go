package chart_test

import (
	"bytes"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"golang.org/x/net/html"

	"github.com/instead-support/instead/services/portal/internal/chart"
)

func render(t *testing.T, c templ.Component) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// shapes are charts of every kind and of data that is hard to draw.
func shapes() map[string]interface{ Draw() templ.Component } {
	few := bars([]string{"A", "B"}, 5, none)
	few.Rows[1].Suppressed = true
	return map[string]interface{ Draw() templ.Component }{
		"rising": paid(100, 220, 400), "one month": paid(5), "zeros": paid(0, 0), "no data": paid(none, none), "no months": paid(),
		"below zero": paid(-50, 20, -10), "huge": paid(math.MaxInt64/200, 1), "compared": notOver(against(paid(1, 2, none), "the year before", 3, none, 1)),
		"three years": paid(make([]int64, 36)...), "bars": few, "bars below zero": bars([]string{"A", "B"}, -5, 10), "no bars": bars(nil),
		"huge bars": bars([]string{"A", "B"}, math.MaxInt64/400, 1),
		"intervals": chart.Intervals{ID: "i", Rows: []chart.Interval{{Name: "A", N: 1, People: 2, Share: &chart.Range{Is: .5, Low: .1, High: .9}}, {Name: "B"}}},
		"forecast": chart.Forecast{ID: "f", Limit: known(10), Points: []chart.Expected{
			{Month: april, Known: known(1), Value: known(1), Low: known(1), Top: known(1)}, {Month: april.AddDate(0, 1, 0), Value: known(2), Low: known(0), Top: known(4)}}},
		"no forecast": chart.Forecast{ID: "f"},
	}
}

func TestEveryChartIsAnImageWithANameASentenceAndATable(t *testing.T) {
	for name, c := range shapes() {
		doc, err := html.Parse(strings.NewReader(render(t, c.Draw())))
		if err != nil {
			t.Fatal(err)
		}
		ids := map[string]string{}
		images, svgs, tables := 0, 0, 0
		for n := range doc.Descendants() {
			for _, a := range n.Attr {
				switch {
				case a.Key == "id":
					ids[a.Val] = n.Data
				case a.Key == "style" || strings.HasPrefix(a.Key, "on"):
					t.Errorf("%s: <%s> has an inline %s, which no browser would take", name, n.Data, a.Key)
				case a.Key == "role" && a.Val == "img":
					images++
				}
			}
			switch n.Data {
			case "svg":
				svgs++
			case "table":
				tables++
			}
		}
		if svgs > 0 && images != 1 {
			t.Errorf("%s: %d images in words for what is drawn", name, images)
		}
		if images == 1 && tables != 1 {
			t.Errorf("%s: %d tables", name, tables)
		}
		for _, reference := range regexp.MustCompile(`aria-(?:labelledby|describedby)="([^"]*)"`).FindAllStringSubmatch(render(t, c.Draw()), -1) {
			if ids[reference[1]] == "" {
				t.Errorf("%s: nothing has the id %s", name, reference[1])
			}
		}
	}
}

// What is no number, or lies outside what is drawn, is a slip in a scale.
func TestNothingIsDrawnOutsideItsChart(t *testing.T) {
	lengths := regexp.MustCompile(` (?:x|y|x1|x2|y1|y2|cx|cy|width|height)="([^"%]*)(%?)"`)
	for name, c := range shapes() {
		drawn := render(t, c.Draw())
		if strings.Contains(drawn, "NaN") || strings.Contains(drawn, "Inf") {
			t.Errorf("%s: draws what is no number: %s", name, drawn)
		}
		for _, l := range lengths.FindAllStringSubmatch(drawn, -1) {
			if strings.HasPrefix(l[1], "-") {
				t.Errorf("%s: draws%s", name, l[0])
			}
			if l[2] == "%" && (len(strings.Split(l[1], ".")[0]) > 3 || strings.HasPrefix(l[1], "100.") && l[1] != "100.00") {
				t.Errorf("%s: draws%s", name, l[0])
			}
		}
	}
}

func TestColumnsAreAsHighAsTheirFigures(t *testing.T) {
	got := render(t, paid(200, 100, 0, none).Draw())
	for _, want := range []string{
		`x="3.75%" y="0.0" width="17.50%" height="220.0"`, `x="28.75%" y="110.0" width="17.50%" height="110.0"`,
		`x="53.75%" y="218.0" width="17.50%" height="2.0"`, // nothing is a line
		`<text class="instead-chart__missing" x="87.50%"`,  // and no data is none
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
}

// years are what stands under the months, for a window with room or a telephone.
func years(t *testing.T, c chart.Months, leftOut string) string {
	t.Helper()
	var all []string
	for _, m := range regexp.MustCompile(`<text class="([^"]*)" x="[^"]*" y="(?:256|238)\.0" text-anchor="middle">([^<]*)<`).FindAllStringSubmatch(render(t, c.Draw()), -1) {
		if !strings.Contains(m[1], leftOut) {
			all = append(all, m[2])
		}
	}
	return strings.Join(all, " ")
}

func TestAYearStandsUnderItsFirstMonthThatIsNamed(t *testing.T) {
	year := paid(make([]int64, 12)...)
	for i := range year.Points {
		year.Points[i].Month = april.AddDate(0, i+2, 0) // from June
	}
	if got, want := years(t, year, "if-cramped"), "Jun 2026 Jul Aug Sep Oct Nov Dec Jan 2027 Feb Mar Apr May"; got != want {
		t.Errorf("in a window it says %s, want %s", got, want)
	}
	if got, want := years(t, year, "if-room"), "Jun 2026 Sep Dec Mar 2027"; got != want {
		t.Errorf("on a telephone it says %s, want %s", got, want)
	}
}

func TestBarsBelowZeroGoTheOtherWay(t *testing.T) {
	got := render(t, bars([]string{"A", "B"}, 100, -100).Draw())
	for _, want := range []string{`__bar" x="50.00%" y="0" width="50.00%"`, `__bar--below" x="0.00%" y="0" width="50.00%"`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
}

// words are what is written on a chart's axis, from the lowest up.
func axisOf(t *testing.T, c chart.Months) []string {
	t.Helper()
	axis, _, _ := strings.Cut(render(t, c.Draw()), "instead-chart__plot")
	_, axis, _ = strings.Cut(axis, "instead-chart__axis")
	var all []string
	for _, m := range regexp.MustCompile(`text-anchor="end">([^<]*)<`).FindAllStringSubmatch(axis, -1) {
		all = append(all, m[1])
	}
	return all
}

func TestTheAxisHasRoundNumbers(t *testing.T) {
	for want, c := range map[string]chart.Months{
		"£0 £500 £1,000 £1,500":            paid(1234, 17),
		"£0 £20 £40 £60 £80":               paid(73),
		"-£50 £0 £50 £100":                 paid(-12, 100),
		"£0 £0.01":                         paid(0),
		"£0 £1m £2m £3m":                   paid(2_900_000),
		"£0 £500,000 £1m £1.5m":            paid(1_500_000),
		"£0 £10bn £20bn £30bn £40bn":       paid(40_000_000_000),
		"-£2,000 -£1,500 -£1,000 -£500 £0": paid(-1900),
	} {
		if got := strings.Join(axisOf(t, c), " "); got != want {
			t.Errorf("the axis says %s, want %s", got, want)
		}
	}
	c := paid()
	c.Unit = chart.Count
	c.Points = []chart.Point{{Month: april, Value: known(3)}}
	if got := strings.Join(axisOf(t, c), " "); got != "0 1 2 3" {
		t.Errorf("people are counted by %s", got)
	}
}

func TestFiguresAreWrittenAsPeopleReadThem(t *testing.T) {
	for _, one := range []struct{ got, want string }{
		{chart.Pounds.Exact(123456), "£1,234.56"}, {chart.Pounds.Round(123456), "£1,235"}, {chart.Pounds.Round(999), "£9.99"}, {chart.Pounds.Round(-500), "-£5"},
		{chart.Pounds.Round(123_456_789_00), "£123.46 million"}, {chart.Count.Exact(12345), "12,345"}, {chart.Days.Exact(10), "1 day"}, {chart.Days.Exact(35), "3.5 days"},
		{chart.Days.Exact(0), "0 days"}, {chart.Days.Exact(-5), "-0.5 days"},
	} {
		if one.got != one.want {
			t.Errorf("got %s, want %s", one.got, one.want)
		}
	}
}
