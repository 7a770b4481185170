package workday_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/instead-support/instead/pkg/workday"
)

func day(t *testing.T, s string) time.Time {
	t.Helper()
	d, err := time.Parse("Mon 2006-01-02", s) // fails for a weekday that it is not
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestWorkingDaysPassOverWeekendsAndBankHolidays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from string
		n    int
		want string
	}{
		"the next day":                            {"Mon 2026-06-01", 1, "Tue 2026-06-02"},
		"none":                                    {"Sat 2026-06-06", 0, "Sat 2026-06-06"},
		"over a weekend":                          {"Fri 2026-06-05", 1, "Mon 2026-06-08"},
		"from a weekend":                          {"Sat 2026-06-06", 1, "Mon 2026-06-08"},
		"over Easter 2026":                        {"Thu 2026-04-02", 1, "Tue 2026-04-07"},
		"over Easter 2027":                        {"Thu 2027-03-25", 1, "Tue 2027-03-30"},
		"over both bank holidays of May":          {"Fri 2026-05-01", 19, "Mon 2026-06-01"},
		"over the summer bank holiday":            {"Fri 2026-08-28", 1, "Tue 2026-09-01"},
		"not over Scotland's":                     {"Fri 2026-07-31", 1, "Mon 2026-08-03"},
		"over Christmas 2026, Boxing Day a Sat":   {"Thu 2026-12-24", 1, "Tue 2026-12-29"},
		"over Christmas 2027, a Sat":              {"Fri 2027-12-24", 1, "Wed 2027-12-29"},
		"over Christmas 2028, on weekdays":        {"Fri 2028-12-22", 1, "Wed 2028-12-27"},
		"over Christmas 2033, a Sun":              {"Fri 2033-12-23", 1, "Wed 2033-12-28"},
		"over New Year 2028, a Sat":               {"Fri 2027-12-31", 1, "Tue 2028-01-04"},
		"ten, as long as a challenge has":         {"Fri 2026-12-18", 10, "Wed 2027-01-06"},
		"over the day that clocks go forward":     {"Fri 2026-03-27", 2, "Tue 2026-03-31"},
		"over the day that clocks go back":        {"Fri 2026-10-23", 2, "Tue 2026-10-27"},
		"from the Sunday on which they go back":   {"Sun 2026-10-25", 1, "Mon 2026-10-26"},
		"from the Sunday on which they go onward": {"Sun 2026-03-29", 1, "Mon 2026-03-30"},
	} {
		from, want := day(t, c.from), day(t, c.want)
		if got := workday.After(from, c.n); !got.Equal(want) {
			t.Errorf("%s: After(%s, %d) = %s, want %s", name, c.from, c.n, got.Format("Mon 2006-01-02"), c.want)
		}
		if got := workday.Between(from, want); got != c.n {
			t.Errorf("%s: Between(%s, %s) = %d, want %d", name, c.from, c.want, got, c.n)
		}
	}
}

func TestAMomentIsOfTheDayInLondon(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]string{
		"2026-03-28T23:59:59Z": "Sat 2026-03-28", // winter time, as in UTC
		"2026-03-29T00:30:00Z": "Sun 2026-03-29", // an hour before clocks go forward
		"2026-03-29T22:59:59Z": "Sun 2026-03-29",
		"2026-03-29T23:00:00Z": "Mon 2026-03-30", // midnight, by then in summer time
		"2026-10-24T22:59:59Z": "Sat 2026-10-24",
		"2026-10-24T23:00:00Z": "Sun 2026-10-25", // midnight, still in summer time
		"2026-10-25T23:30:00Z": "Sun 2026-10-25", // half past eleven, since the day has 25 hours
		"2026-10-26T00:00:00Z": "Mon 2026-10-26",
	} {
		moment, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := workday.On(moment); !got.Equal(day(t, want)) {
			t.Errorf("On(%s) = %s, want %s", at, got.Format("Mon 2006-01-02"), want)
		}
	}
}

func TestADayEndsAtMidnightInLondon(t *testing.T) {
	t.Parallel()
	for d, want := range map[string]string{
		"Sat 2026-03-28": "2026-03-29T00:00:00Z",
		"Sun 2026-03-29": "2026-03-29T23:00:00Z", // of 23 hours
		"Sat 2026-10-24": "2026-10-24T23:00:00Z",
		"Sun 2026-10-25": "2026-10-26T00:00:00Z", // of 25 hours
	} {
		if got := workday.End(day(t, d)).Format(time.RFC3339); got != want {
			t.Errorf("End(%s) = %s, want %s", d, got, want)
		}
	}
}

func TestDaysBetweenAndDaysAfterAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		from := time.Date(2026, 1, 1+rapid.IntRange(0, 4000).Draw(t, "from"), 0, 0, 0, 0, time.UTC)
		n := rapid.IntRange(1, 60).Draw(t, "n")
		to := workday.After(from, n)
		if got := workday.Between(from, to); got != n || !workday.Is(to) {
			t.Fatalf("%d working days after %s comes %s, which is %d after", n, from, to, got)
		}
		last := workday.End(to).Add(-time.Nanosecond)
		if !workday.On(last).Equal(to) || workday.On(workday.End(to)).Equal(to) {
			t.Fatalf("%s does not end at %s", to, workday.End(to))
		}
	})
}
