package catalogue

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
)

// priced is a stored price; every one has an id.
func priced(pence int, from, to string) Price {
	return Price{ID: uuid.New(), Pence: money.Pence(pence), From: day(from), To: day(to)}
}

func row(line, pence int, from, to string) Row {
	return Row{Line: line, Code: "A1", Details: Details{Name: "Care"}, Pence: money.Pence(pence), From: day(from), To: day(to)}
}

func stored(prices ...Price) Course {
	return Course{ID: uuid.New(), Code: "A1", Details: Details{Name: "Care"}, Prices: prices}
}

// periods writes prices for a test to compare: "450 2026-04-01/2027-03-31".
func periods(c Course) string {
	var out []string
	for _, p := range c.Prices {
		to := ""
		if !p.Open() {
			to = p.To.Format(time.DateOnly)
		}
		out = append(out, p.Pence.Input()[:len(p.Pence.Input())-3]+" "+p.From.Format(time.DateOnly)+"/"+to)
	}
	return strings.Join(out, ", ")
}

func TestMergeSaysWhatAFileChanges(t *testing.T) {
	for name, c := range map[string]struct {
		stored             []Price
		rows               []Row
		want               string
		added, updated, un int
		moved              int
		bad                string
	}{
		"a course that was not there": {
			rows: []Row{row(2, 450_00, "2026-04-01", "")},
			want: "450 2026-04-01/", added: 1,
		},
		"the same price again": {
			stored: []Price{priced(450_00, "2026-04-01", "2027-03-31")},
			rows:   []Row{row(2, 450_00, "2026-04-01", "2027-03-31")},
			want:   "450 2026-04-01/2027-03-31", un: 1,
		},
		"a later price ends the open one the day before": {
			stored: []Price{priced(450_00, "2026-04-01", "")},
			rows:   []Row{row(2, 500_00, "2027-04-01", "")},
			want:   "450 2026-04-01/2027-03-31, 500 2027-04-01/", added: 1, moved: 1,
		},
		"the older list again, whose open price another has followed": {
			stored: []Price{priced(450_00, "2026-04-01", "2027-03-31"), priced(500_00, "2027-04-01", "")},
			rows:   []Row{row(2, 450_00, "2026-04-01", "")},
			want:   "450 2026-04-01/2027-03-31, 500 2027-04-01/", un: 1,
		},
		"an earlier price holds until the one that was there": {
			stored: []Price{priced(500_00, "2027-04-01", "")},
			rows:   []Row{row(2, 450_00, "2026-04-01", "")},
			want:   "450 2026-04-01/2027-03-31, 500 2027-04-01/", added: 1,
		},
		"another end": {
			stored: []Price{priced(450_00, "2026-04-01", "")},
			rows:   []Row{row(2, 450_00, "2026-04-01", "2026-12-31")},
			want:   "450 2026-04-01/2026-12-31", updated: 1, moved: 1,
		},
		"another amount from the same day": {
			stored: []Price{priced(450_00, "2026-04-01", "")},
			rows:   []Row{row(2, 460_00, "2026-04-01", "")},
			want:   "450 2026-04-01/",
			bad:    "The course already has a price of £450.00 from 1 April 2026. A published price is not overwritten.",
		},
		"a first day within a price that has an end": {
			stored: []Price{priced(450_00, "2026-04-01", "2027-03-31")},
			rows:   []Row{row(2, 460_00, "2027-03-31", "")},
			want:   "450 2026-04-01/2027-03-31",
			bad:    "Its dates overlap a price the course already has, £450.00 for 1 April 2026 to 31 March 2027.",
		},
		"a last day within the next price": {
			stored: []Price{priced(450_00, "2026-04-01", "")},
			rows:   []Row{row(2, 400_00, "2025-04-01", "2026-04-01")},
			want:   "450 2026-04-01/",
			bad:    "Its dates overlap a price the course already has, £450.00 for 1 April 2026 on.",
		},
		"an end moved into the next price": {
			stored: []Price{priced(450_00, "2026-04-01", "2026-12-31"), priced(500_00, "2027-04-01", "")},
			rows:   []Row{row(2, 450_00, "2026-04-01", "2027-04-01")},
			want:   "450 2026-04-01/2026-12-31, 500 2027-04-01/",
			bad:    "Its dates overlap a price the course already has, £500.00 for 1 April 2027 on.",
		},
		"a refused price ends nothing": {
			stored: []Price{priced(450_00, "2026-04-01", "2026-12-31"), priced(500_00, "2027-04-01", "")},
			rows:   []Row{row(2, 460_00, "2026-06-01", "2026-08-31"), row(3, 470_00, "2027-01-01", "2027-03-31")},
			want:   "450 2026-04-01/2026-12-31, 470 2027-01-01/2027-03-31, 500 2027-04-01/", added: 1,
			bad: "Its dates overlap a price the course already has, £450.00 for 1 April 2026 to 31 December 2026.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			was := Course{}
			if c.stored != nil {
				was = stored(c.stored...)
			}
			m := Merge(was, c.rows, Layout{})
			if got := periods(m.Course); got != c.want {
				t.Errorf("prices %s, want %s", got, c.want)
			}
			if m.Added != c.added || m.Updated != c.updated || m.Unchanged != c.un || len(m.Moved) != c.moved {
				t.Errorf("added %d, updated %d, unchanged %d, moved %d", m.Added, m.Updated, m.Unchanged, len(m.Moved))
			}
			var bad string
			for _, p := range m.Problems {
				bad += p.Reason
			}
			if bad != c.bad {
				t.Errorf("problems: %s\nwant: %s", bad, c.bad)
			}
		})
	}
}

func TestTheLatestPriceKnowsACoursesDetailsBest(t *testing.T) {
	was := stored(priced(450_00, "2026-04-01", ""))
	was.Level = "2"

	newer := row(2, 500_00, "2027-04-01", "")
	newer.Details = Details{Name: "Caring", Subject: "Health"}
	m := Merge(was, []Row{newer}, Layout{})
	if diff := cmp.Diff(Details{Name: "Caring", Subject: "Health", Level: "2"}, m.Course.Details); diff != "" || !m.Changed {
		t.Errorf("a newer list: changed %v %s", m.Changed, diff)
	}

	older := row(2, 400_00, "2025-04-01", "")
	older.Details = Details{Name: "Nursing", Subject: "Health", Level: "9"}
	m = Merge(was, []Row{older}, Layout{})
	if diff := cmp.Diff(Details{Name: "Care", Subject: "Health", Level: "2"}, m.Course.Details); diff != "" || !m.Changed {
		t.Errorf("an older list: changed %v %s", m.Changed, diff)
	}
}

func TestAChangedNameIsAnUpdateOfItsRow(t *testing.T) {
	r := row(2, 450_00, "2026-04-01", "")
	r.Name = "Caring"
	m := Merge(stored(priced(450_00, "2026-04-01", "")), []Row{r}, Layout{})
	if m.Updated != 1 || m.Unchanged != 0 || m.Course.Name != "Caring" {
		t.Errorf("%+v", m)
	}
}

func TestAPriceHoldsFromItsFirstDayToItsLast(t *testing.T) {
	c := stored(priced(450_00, "2026-04-01", "2027-03-30"), priced(500_00, "2027-04-01", ""))
	for on, want := range map[string]money.Pence{
		"2026-03-31": 0, "2026-04-01": 450_00, "2027-03-30": 450_00, "2027-03-31": 0, "2027-04-01": 500_00, "2040-01-01": 500_00,
	} {
		if p, ok := c.PriceOn(day(on)); p.Pence != want || ok != (want > 0) {
			t.Errorf("PriceOn(%s) = %v, %v, want %v", on, p.Pence, ok, want)
		}
	}
}

func TestTheFirstToConfirmAFlaggedPriceIsWhoConfirmedIt(t *testing.T) {
	first, later := identity.Person{ID: uuid.New(), Name: "Ann"}, identity.Person{ID: uuid.New(), Name: "Bo"}
	p := priced(450_00, "2026-04-01", "")
	p.confirm(first, day("2026-04-02"))
	if !p.Confirmed() || p.ConfirmedBy != uuid.Nil {
		t.Errorf("a price that nobody need confirm: %+v", p)
	}
	p.Flag = "It is far above the others."
	if p.Confirmed() {
		t.Error("a flagged price counts as confirmed")
	}
	p.confirm(first, day("2026-04-02"))
	p.confirm(later, day("2026-04-03"))
	if !p.Confirmed() || p.ConfirmedBy != first.ID || p.ConfirmedName != "Ann" || !p.ConfirmedAt.Equal(day("2026-04-02")) {
		t.Errorf("confirmed twice: %+v", p)
	}
}

func TestAPriceFarOutsideItsSubjectIsFlagged(t *testing.T) {
	var r Ranges
	for i, pounds := range []int{2000, 2500, 3000, 3000, 4000, 4500, 5000, 6000} {
		if flag, _ := r.Far("Health", 1); flag != "" {
			t.Errorf("flagged when only %d prices were known", i)
		}
		r.Add("health", string(rune('a'+i)), money.Pence(pounds*100))
		r.Add("Health ", string(rune('A'+i)), money.Pence(pounds*100)) // the same course, spelled otherwise
	}
	for pounds, want := range map[int]string{
		30_000:  "£30,000.00 is far above what courses in Health cost: half of them are between £2,866.00 and £4,620.00.",
		100:     "£100.00 is far below what courses in Health cost: half of them are between £2,866.00 and £4,620.00.",
		16_000:  "",
		800:     "",
		100_000: "£100,000.00 is far above what courses in Health cost: half of them are between £2,866.00 and £4,620.00.",
	} {
		if got, distance := r.Far("Health", money.Pence(pounds*100)); got != want || (want == "") != (distance == 0) {
			t.Errorf("£%d: %q, %v", pounds, got, distance)
		}
	}
	if flag, _ := r.Far("", 1); flag != "" {
		t.Error("a course of no subject was flagged")
	}
}

func TestWherePricesAreAllAlikeALittleMoreIsNotFar(t *testing.T) {
	var r Ranges
	for i := range 10 {
		r.Add("Baking", string(rune('a'+i)), 900_000)
	}
	if flag, _ := r.Far("Baking", 600_000); flag != "" {
		t.Error(flag)
	}
	if flag, _ := r.Far("Baking", 3_100_000); flag == "" {
		t.Error("more than three times what all others cost is not flagged")
	}
}
