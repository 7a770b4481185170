package chart_test

import (
	"testing"
	"time"

	"github.com/instead-support/instead/services/portal/internal/chart"
)

// april is the first month of every chart here.
var april = time.Date(2026, time.April, 1, 0, 0, 0, 0, time.UTC)

// none is a month of which nothing is known.
const none = int64(-1 << 62)

func known(n int64) *int64 {
	if n == none {
		return nil
	}
	return &n
}

// paid is a chart of pounds over months, from April on.
func paid(inPounds ...int64) chart.Months {
	c := chart.Months{ID: "paid", Title: "Paid, by month", Subject: "What was paid"}
	for i, n := range inPounds {
		if n != none {
			n *= 100
		}
		c.Points = append(c.Points, chart.Point{Month: april.AddDate(0, i, 0), Value: known(n)})
	}
	return c
}

func against(c chart.Months, with string, inPounds ...int64) chart.Months {
	c.With = with
	for i, n := range inPounds {
		if n != none {
			n *= 100
		}
		c.Points[i].Other = known(n)
	}
	return c
}

func notOver(c chart.Months) chart.Months {
	c.NotOver = true
	return c
}

func TestTheSentenceOfMonthsSuitsTheirShape(t *testing.T) {
	for shape, one := range map[string]struct {
		chart chart.Months
		want  string
	}{
		"rising":    {paid(100, 220, 210, 400, 520), "What was paid rose from £100 in April 2026 to £520 in August 2026."},
		"falling":   {paid(900, 700, 710, 300), "What was paid fell from £900 in April 2026 to £300 in July 2026."},
		"flat":      {paid(1000, 1030, 990, 1010), "What was paid hardly changed from month to month: it was between £990 and £1,030."},
		"level":     {paid(500, 500, 500), "What was paid was £500 in every month from April 2026 to June 2026."},
		"one peak":  {paid(100, 90, 800, 120, 80), "What was paid was highest in June 2026, at £800, which stands out: no other month came to half of it."},
		"up, down":  {paid(300, 500, 200, 450, 310), "What was paid went up and down, between £200 and £500. It was highest in May 2026, at £500."},
		"ties":      {paid(300, 500, 200, 500, 310), "What was paid went up and down, between £200 and £500. It was highest in May 2026 and July 2026, at £500."},
		"many ties": {paid(5, 1, 5, 1, 5, 1, 5), "What was paid went up and down, between £1 and £5. It was highest, at £5, in 4 of the months."},
		"a late dip after rising": {paid(100, 200, 300, 400, 500, 450),
			"What was paid rose from £100 in April 2026 to £450 in September 2026. It was highest in August 2026, at £500."},
		"two up":     {paid(1, 2), "What was paid rose from £1 in April 2026 to £2 in May 2026."},
		"two down":   {paid(2, 1), "What was paid fell from £2 in April 2026 to £1 in May 2026."},
		"one":        {paid(75), "What was paid was £75 in April 2026."},
		"zeros":      {paid(0, 0, 0), "What was paid was £0 in every month from April 2026 to June 2026."},
		"below zero": {paid(-300, -200, -100), "What was paid rose from -£300 in April 2026 to -£100 in June 2026."},
		"a peak among losses is none": {paid(-10, -20, 500, -30),
			"What was paid went up and down, between -£30 and £500. It was highest in June 2026, at £500."},
		"huge":              {paid(1_000_000, 2_500_000, 12_000_000_000), "What was paid rose from £1 million in April 2026 to £12 billion in June 2026."},
		"no data":           {paid(none, none), "There is no data for April 2026 to May 2026."},
		"no data, a month":  {paid(none), "There is no data for April 2026."},
		"no months":         {paid(), "There is no data for this time."},
		"level, with a gap": {paid(5, none, 5), "What was paid was £5 in each of the 2 months that are known of. There is no data for 1 of the months."},
		"gaps":              {paid(100, none, 300, none), "What was paid rose from £100 in April 2026 to £300 in June 2026. There is no data for 2 of the months."},
		"a last month that is not over is no fall": {notOver(paid(100, 200, 300, 10)),
			"What was paid rose from £100 in April 2026 to £300 in June 2026. July 2026 is not over: £10 so far."},
		"nothing but a month that is not over": {notOver(paid(30)), "What was paid in April 2026, which is not over, is £30 so far."},
		"more than before": {against(paid(100, 200), "the year before", 100, 100),
			"What was paid rose from £100 in April 2026 to £200 in May 2026. In all it is £300, against £200 in the year before: 50% more."},
		"less than before": {against(paid(100, 50), "the year before", 100, 100),
			"What was paid fell from £100 in April 2026 to £50 in May 2026. In all it is £150, against £200 in the year before: 25% less."},
		"as much": {against(paid(1, 2), "Rochdale", 2, 1), "What was paid rose from £1 in April 2026 to £2 in May 2026. In all it is £3, as much as in Rochdale."},
		"before there was nothing": {against(paid(1, 2), "the year before", 0, 0),
			"What was paid rose from £1 in April 2026 to £2 in May 2026. In all it is £3, against £0 in the year before."},
		"before nothing is known": {against(paid(1, 2), "the year before", none, none),
			"What was paid rose from £1 in April 2026 to £2 in May 2026. There is nothing to compare it with in the year before."},
		"only months that both know are compared": {against(paid(100, 200), "the year before", 50, none),
			"What was paid rose from £100 in April 2026 to £200 in May 2026. In all it is £100 in the 1 month that both know, against £50 in the year before: 100% more."},
	} {
		if got := one.chart.Says(); got != one.want {
			t.Errorf("%s:\n got %s\nwant %s", shape, got, one.want)
		}
	}
}

func TestAnAverageIsComparedByItsAverage(t *testing.T) {
	c := against(paid(), "the year before")
	c.Unit, c.Subject, c.Level = chart.Days, "The time to decide", true
	for i, n := range []int64{20, 40} {
		c.Points = append(c.Points, chart.Point{Month: april.AddDate(0, i, 0), Value: known(n), Other: known(40)})
	}
	want := "The time to decide rose from 2 days in April 2026 to 4 days in May 2026. On average it is 3 days, against 4 days in the year before: 25% less."
	if got := c.Says(); got != want {
		t.Errorf(" got %s\nwant %s", got, want)
	}
}

// bars are of pounds, and their whole is their sum.
func bars(names []string, inPounds ...int64) chart.Bars {
	c := chart.Bars{ID: "by", Title: "Paid, by fund", Subject: "What was paid"}
	var total int64
	for i, n := range inPounds {
		if n == none {
			c.Rows = append(c.Rows, chart.Bar{Name: names[i]})
			continue
		}
		total += n * 100
		c.Rows = append(c.Rows, chart.Bar{Name: names[i], Value: known(n * 100)})
	}
	c.Total = &total
	return c
}

func TestTheSentenceOfBarsSuitsTheirShape(t *testing.T) {
	few := bars([]string{"A", "B", "C"}, 60, 40, none)
	few.Rows[2].Suppressed = true
	more := bars([]string{"A", "B"}, 60, 30)
	more.More, more.Total = 8, known(600_00)
	noSum := bars([]string{"A", "B"}, 60, 30)
	noSum.Total = nil
	for shape, one := range map[string]struct {
		chart chart.Bars
		want  string
	}{
		"one large":     {bars([]string{"A", "B", "C"}, 20, 70, 10), "What was paid is highest for B, at £70: 70% of all of it."},
		"ties":          {bars([]string{"A", "B", "C"}, 40, 40, 20), "What was paid is highest for A and B, at £40 each."},
		"many ties":     {bars([]string{"A", "B", "C", "D", "E"}, 4, 4, 4, 4, 2), "What was paid is highest, at £4, in 4 of them."},
		"all alike":     {bars([]string{"A", "B"}, 40, 40), "What was paid is the same everywhere: £40."},
		"one":           {bars([]string{"A"}, 40), "What was paid is £40, all of it A."},
		"zeros":         {bars([]string{"A", "B"}, 0, 0), "What was paid is £0 everywhere."},
		"none":          {bars(nil), "There is no data."},
		"nothing known": {bars([]string{"A"}, none), "There is no data."},
		"below zero":    {bars([]string{"A", "B"}, 40, -10), "What was paid is highest for A, at £40, and lowest for B, at -£10. 1 is below zero."},
		"no sum":        {noSum, "What was paid is highest for A, at £60, and lowest for B, at £30."},
		"nearly all":    {bars([]string{"A", "B"}, 999, 1), "What was paid is highest for A, at £999: more than 99% of all of it."},
		"suppressed": {few, "What was paid is highest for A, at £60: 60% of all of it. " +
			"1 is not shown, because so few people are behind it that it would tell who they are."},
		"more than are drawn": {more, "What was paid is highest for A, at £60: 10% of all of it. 8 more are not drawn here."},
	} {
		if got := one.chart.Says(); got != one.want {
			t.Errorf("%s:\n got %s\nwant %s", shape, got, one.want)
		}
	}
}

func TestTheForecastSaysWhetherThereIsEnough(t *testing.T) {
	year := func(low, value, top int64, limit *int64) chart.Forecast {
		return chart.Forecast{Subject: "What was promised", Ends: "31 March 2027", Limit: limit, Points: []chart.Expected{
			{Month: april, Known: known(1000_00)},
			{Month: april.AddDate(0, 1, 0), Known: known(2000_00), Value: known(2000_00), Low: known(2000_00), Top: known(2000_00)},
			{Month: april.AddDate(0, 11, 0), Value: known(value), Low: known(low), Top: known(top)},
		}}
	}
	const begins = "What was promised comes to £2,000 by the end of May 2026. If it goes on like this, it will be about £12,000 on 31 March 2027, and likely between £10,000 and £14,000."
	for shape, one := range map[string]struct {
		chart chart.Forecast
		want  string
	}{
		"enough":     {year(10_000_00, 12_000_00, 14_000_00, known(20_000_00)), begins + " That would leave about £8,000 of £20,000."},
		"not enough": {year(10_000_00, 12_000_00, 14_000_00, known(9_000_00)), begins + " That is more than the £9,000 that there is."},
		"either":     {year(10_000_00, 12_000_00, 14_000_00, known(13_000_00)), begins + " There is £13,000, so it may or may not be enough."},
		"no limit":   {year(10_000_00, 12_000_00, 14_000_00, nil), begins},
		"no data":    {chart.Forecast{}, "There is no data yet."},
		"too early": {chart.Forecast{Subject: "What was promised", Points: []chart.Expected{{Month: april, Known: known(5_00)}}},
			"What was promised comes to £5 by the end of April 2026. There are too few months yet to say how it will go on."},
	} {
		if got := one.chart.Says(); got != one.want {
			t.Errorf("%s:\n got %s\nwant %s", shape, got, one.want)
		}
	}
}

func TestSharesAreNeverSaidToProveCause(t *testing.T) {
	const nothingProved = " This does not prove cause: people were not sent one way or the other by lot."
	instead := chart.Interval{Name: "Instead of the course", N: 27, People: 50, Share: &chart.Range{Is: .54, Low: .40, High: .67}}
	course := chart.Interval{Name: "On the course", N: 19, People: 50, Share: &chart.Range{Is: .38, Low: .26, High: .52}}
	for shape, one := range map[string]struct {
		chart chart.Intervals
		want  string
	}{
		"chance": {chart.Intervals{Of: "got into work", Rows: []chart.Interval{instead, course}, Difference: &chart.Range{Is: .16, Low: -.03, High: .34}},
			"Instead of the course, 54% got into work (27 of 50). On the course, 38% got into work (19 of 50). The difference could be chance." + nothingProved},
		"more than chance": {chart.Intervals{Of: "got into work", Rows: []chart.Interval{instead, course}, Difference: &chart.Range{Is: .16, Low: .03, High: .34}},
			"Instead of the course, 54% got into work (27 of 50). On the course, 38% got into work (19 of 50). " +
				"The difference is more than chance would easily make: likely between 3 and 34 percentage points." + nothingProved},
		"less than by course": {chart.Intervals{Of: "got into work", Rows: []chart.Interval{course, instead}, Difference: &chart.Range{Is: -.16, Low: -.34, High: -.03}},
			"On the course, 38% got into work (19 of 50). Instead of the course, 54% got into work (27 of 50). " +
				"The difference is more than chance would easily make: likely between 3 and 34 percentage points." + nothingProved},
		"nobody": {chart.Intervals{Of: "got into work", Rows: []chart.Interval{instead, {Name: "On the course"}}},
			"Instead of the course, 54% got into work (27 of 50). There is no data of 1 group. So nothing can be said of a difference." + nothingProved},
		"few": {chart.Intervals{Of: "got into work", Rows: []chart.Interval{instead, {Name: "On the course", Few: true}}},
			"Instead of the course, 54% got into work (27 of 50). 1 group is not shown, because there are so few people in it that it would tell who they are. " +
				"So nothing can be said of a difference." + nothingProved},
	} {
		if got := one.chart.Says(); got != one.want {
			t.Errorf("%s:\n got %s\nwant %s", shape, got, one.want)
		}
	}
}
