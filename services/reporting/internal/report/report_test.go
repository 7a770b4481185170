package report_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/instead-support/instead/services/reporting/internal/report"
)

func near(a, b float64) bool { return math.Abs(a-b) < 0.0005 }

// Newcombe's own examples (1998): 56 of 70 against 48 of 80 by method 10, and its
// extremes.
func TestIntervalsAreThoseOfTheLiterature(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, m, b, n int64
		low, high  float64
	}{
		{56, 70, 48, 80, 0.0524, 0.3339},
		{9, 10, 3, 10, 0.1705, 0.8090},
		{10, 10, 0, 10, 0.6075, 1.0000},
	} {
		p, _ := report.Wilson(c.a, c.m)
		q, _ := report.Wilson(c.b, c.n)
		d := report.Newcombe(p, q)
		if !near(d.Low, c.low) || !near(d.High, c.high) {
			t.Errorf("%d/%d − %d/%d is between %.4f and %.4f, want %.4f and %.4f", c.a, c.m, c.b, c.n, d.Low, d.High, c.low, c.high)
		}
	}
	if w, ok := report.Wilson(81, 263); !ok || !near(w.Low, 0.2553) || !near(w.High, 0.3662) {
		t.Errorf("81 of 263: %+v", w)
	}
	if _, ok := report.Wilson(0, 0); ok {
		t.Error("an empty group has a share")
	}
}

func TestNoSmallGroupIsToldOfNorCanBeWorkedOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sizes []int64
		want  []bool
	}{
		"none is small":                   {[]int64{20, 9, 5}, []bool{false, false, false}},
		"one is, so the next is hidden":   {[]int64{20, 9, 4}, []bool{false, true, true}},
		"two are, and hide each other":    {[]int64{20, 4, 1}, []bool{false, true, true}},
		"one alone":                       {[]int64{3}, []bool{true}},
		"an empty one tells of nobody":    {[]int64{7, 0}, []bool{false, false}},
		"an empty one is no cover either": {[]int64{7, 0, 2}, []bool{true, false, true}},
	} {
		if got := report.Suppress(c.sizes); !slices.Equal(got, c.want) {
			t.Errorf("%s: Suppress(%v) = %v, want %v", name, c.sizes, got, c.want)
		}
	}
}

func TestAForecastOfAKnownSeriesIsWhatItMustBe(t *testing.T) {
	t.Parallel()
	if _, ok := report.Forecast([]int64{5, 5}, 10, 0, 3); ok {
		t.Error("two months are enough to foretell from")
	}
	// Every month alike: no doubt at all.
	e, ok := report.Forecast([]int64{100, 100, 100, 100}, 430, 30, 7)
	if !ok || e.Expected != 430+70+700 || e.Low != e.Expected || e.High != e.Expected {
		t.Errorf("of a steady series: %+v", e)
	}
	// By hand: mean 200, deviation 100, t(2) = 2.92, two months and the one that runs:
	// 2.919986 × 100 × √(3 + 9/3) = 715.2.
	e, _ = report.Forecast([]int64{100, 200, 300}, 600, 0, 2)
	if e.Expected != 1200 || e.Low != 600 || e.High != 1915 || e.Months != 3 {
		t.Errorf("of 100, 200, 300: %+v", e)
	}
	// Only the last twelve count, and what has been used already is never less.
	e, _ = report.Forecast(append([]int64{9_000_000}, slices.Repeat([]int64{10}, 12)...), 500, 400, 0)
	if e.Expected != 500 || e.Low != 500 || e.Months != 12 {
		t.Errorf("of an old peak and a month that has passed the mean: %+v", e)
	}
}

func month(t *testing.T, s string) report.Month {
	t.Helper()
	m, err := report.ParseMonth(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAPeriodIsReadInWholeYearsAndTheMonthsBesides(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		from, to      string
		years, months int
	}{
		{"2026-04", "2026-11", 1, 0}, // this year so far is all there is of it
		{"2026-04", "2026-10", 0, 7},
		{"2026-05", "2026-11", 0, 7},
		{"2025-04", "2026-03", 1, 0},
		{"2025-02", "2026-11", 2, 2},
		{"2025-02", "2026-05", 1, 4},
		{"2025-03", "2025-03", 0, 1},
	} {
		p := report.Period{From: month(t, c.from), To: month(t, c.to)}
		years, months := p.Parts(now)
		if len(years) != c.years || len(months) != c.months {
			t.Errorf("%s to %s is %d years and %d months, want %d and %d", c.from, c.to, len(years), len(months), c.years, c.months)
		}
	}
}

func TestWithoutAPeriodItIsThisFinancialYearSoFarInLondon(t *testing.T) {
	t.Parallel()
	// Half past eleven at night of 31 March in Greenwich is 1 April in London.
	p, err := report.NewPeriod("", "", time.Date(2026, 3, 31, 23, 30, 0, 0, time.UTC))
	if err != nil || p.From.String() != "2026-04" || p.To.String() != "2026-04" {
		t.Errorf("%v to %v, %v", p.From, p.To, err)
	}
	p, _ = report.NewPeriod("", "2026-02", time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	if p.From.String() != "2025-04" {
		t.Errorf("up to February it is from %s", p.From)
	}
}

func TestValueIsWhatIsPutDownToTheSupportAndWouldNotHaveHappenedAnyway(t *testing.T) {
	t.Parallel()
	w := report.Worth{Proxy: report.Proxy{Pence: 1001, AttributionPercent: 50, DeadweightPercent: 20}, Units: 3}
	if w.Gross() != 3003 || w.Value() != 1200 { // 3003 × 50 % = 1501, × 80 % = 1200
		t.Errorf("gross %d, value %d", w.Gross(), w.Value())
	}
}
