package budget

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
)

var (
	fin = identity.Person{ID: uuid.New(), Name: "Fin Doyle"}
	mo  = identity.Person{ID: uuid.New(), Name: "Mo Hussain"}

	june  = day(2026, time.June, 1)
	later = june.Add(time.Hour)
)

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

func TestAFinancialYearBeginsOnTheFirstOfApril(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		on    time.Time
		year  Year
		state State // of 2026
	}{
		{day(2026, time.March, 31), 2025, ToCome},
		{day(2026, time.April, 1), 2026, Open},
		{day(2026, time.December, 31), 2026, Open},
		{day(2027, time.January, 1), 2026, Open},
		{day(2027, time.March, 31), 2026, Open},
		{day(2027, time.April, 1), 2027, Ended},
	} {
		if got := YearOf(test.on); got != test.year {
			t.Errorf("YearOf(%v) = %v, want %v", test.on, got, test.year)
		}
		if got := Year(2026).On(test.on); got != test.state {
			t.Errorf("2026 on %v is %s, want %s", test.on, got, test.state)
		}
	}
	if got := Year(2026).String(); got != "2026 to 2027" {
		t.Errorf("String() = %q", got)
	}
}

func TestAFundAndABudgetSayWhatIsWrongWithThem(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fund Fund
		at   []string
	}{
		"nothing":        {Fund{}, []string{"/code", "/name", "/first_day"}},
		"ends too early": {Fund{Code: "a-1", Name: "A", First: june, Last: june.AddDate(0, 0, -1)}, []string{"/last_day"}},
		"an odd code":    {Fund{Code: "no spaces", Name: "A", First: june}, []string{"/code"}},
		"all right":      {Fund{Code: " instead ", Name: " A ", First: june, Last: june}, nil},
	} {
		f, err := test.fund.open()
		wrongAt(t, name, err, test.at...)
		if err == nil && (f.Code != "INSTEAD" || f.Name != "A" || f.ID == uuid.Nil) {
			t.Errorf("%s: %+v", name, f)
		}
	}
	f := Fund{Name: "A", First: june, Last: day(2027, time.April, 1)}
	for year, at := range map[Year][]string{2025: {"/year"}, 2026: nil, 2027: nil, 2028: {"/year"}} {
		_, err := open(f, "Oldham", year)
		wrongAt(t, year.String(), err, at...)
	}
	_, err := open(f, " ", 2026)
	wrongAt(t, "no area", err, "/area")
}

func wrongAt(t *testing.T, name string, err error, pointers ...string) {
	t.Helper()
	var got []string
	if err != nil {
		for _, f := range fault.As(err).Fields {
			got = append(got, f.Pointer)
		}
	}
	if len(got) != len(pointers) {
		t.Errorf("%s: wrong at %v (%v), want %v", name, got, err, pointers)
		return
	}
	for i := range got {
		if got[i] != pointers[i] {
			t.Errorf("%s: wrong at %v, want %v", name, got, pointers)
		}
	}
}

func TestWhatCanBeProposed(t *testing.T) {
	t.Parallel()
	one, two := Fund{ID: uuid.New()}, Fund{ID: uuid.New()}
	in := func(f Fund, y Year, left money.Pence) *Budget {
		return &Budget{ID: uuid.New(), Fund: f, Year: y, Totals: Totals{Allocated: left + 30, Committed: 20, Paid: 10}}
	}
	a := in(one, 2026, 100)
	for name, test := range map[string]struct {
		from, to *Budget
		pence    money.Pence
		reason   string
		at       []string
	}{
		"an allocation":              {nil, a, 5, "So.", nil},
		"all that is left":           {a, nil, 100, "So.", nil},
		"carried over":               {in(one, 2025, 100), a, 5, "So.", nil},
		"nowhere":                    {nil, nil, 5, "So.", []string{"/to_budget_id"}},
		"nothing":                    {nil, a, 0, "So.", []string{"/pence"}},
		"too much to be meant":       {nil, a, money.Most + 1, "So.", []string{"/pence"}},
		"without a reason":           {nil, a, 5, " ", []string{"/reason"}},
		"to where it came from":      {a, a, 5, "So.", []string{"/to_budget_id"}},
		"to another fund":            {a, in(two, 2026, 0), 5, "So.", []string{"/to_budget_id"}},
		"into a year that is over":   {a, in(one, 2025, 0), 5, "So.", []string{"/to_budget_id"}},
		"into a year that is coming": {a, in(one, 2027, 0), 5, "So.", nil},
	} {
		_, err := move(test.from, test.to, test.pence, test.reason, fin, later, june)
		wrongAt(t, name, err, test.at...)
	}
	if _, err := move(a, nil, 101, "So.", fin, later, june); !fault.Is(err, fault.OverBudget) {
		t.Errorf("more than is left: %v", err)
	}
}

func TestAProposalIsAnsweredOnceAndConfirmedByAnother(t *testing.T) {
	t.Parallel()
	fresh := func() *Proposal {
		p, err := move(nil, &Budget{ID: uuid.New(), Year: 2026}, 5, "So.", fin, later, june)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := fresh()
	if err := p.Confirm(fin, later); !fault.Is(err, fault.Forbidden) {
		t.Errorf("the proposer confirms: %v", err)
	}
	if err := p.Confirm(identity.Person{}, later); !fault.Is(err, fault.Forbidden) {
		t.Errorf("nobody confirms: %v", err)
	}
	if err := p.Confirm(mo, later); err != nil || p.Movement.To.Allocated != 5 {
		t.Errorf("Confirm() = %v, %+v", err, p.Movement.To)
	}
	if err := p.Refuse("No.", mo, later); !fault.Is(err, fault.Conflict) {
		t.Errorf("refused after it was confirmed: %v", err)
	}
	p = fresh()
	if err := p.Refuse("", mo, later); !fault.Is(err, fault.Invalid) {
		t.Errorf("refused without words: %v", err)
	}
	if err := p.Refuse("A slip.", fin, later); err != nil || p.Movement.To.Allocated != 0 {
		t.Errorf("Refuse() = %v", err)
	}
	if err := p.Confirm(mo, later); !fault.Is(err, fault.Conflict) {
		t.Errorf("confirmed after it was refused: %v", err)
	}
}

func TestWhatWasPromisedSinceItWasProposedIsNotTakenOut(t *testing.T) {
	t.Parallel()
	b := &Budget{ID: uuid.New(), Year: 2026, Totals: Totals{Allocated: 100}}
	p, err := move(b, nil, 60, "So.", fin, later, june)
	if err != nil {
		t.Fatal(err)
	}
	b.Committed = 41
	if err := p.Confirm(mo, later); !fault.Is(err, fault.OverBudget) || p.Answer != nil || b.Allocated != 100 {
		t.Errorf("Confirm() = %v, and it has %v", err, b.Allocated)
	}
	b.Committed = 40
	if err := p.Confirm(mo, later); err != nil || b.Allocated != 40 {
		t.Errorf("Confirm() = %v, and it has %v", err, b.Allocated)
	}
}

func TestWhatIsAtRiskIsWhatThePaceSoFarWouldLeave(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		of   Totals
		on   time.Time
		want money.Pence
	}{
		"before the year":     {Totals{Allocated: 36500}, day(2026, time.March, 31), 0},
		"the first day":       {Totals{Allocated: 36500, Committed: 50, Paid: 50}, day(2026, time.April, 1), 0},
		"slower":              {Totals{Allocated: 36500, Committed: 30, Paid: 20}, day(2026, time.April, 1), 36500 - 365*50},
		"after ten days":      {Totals{Allocated: 36500, Committed: 500}, day(2026, time.April, 10), 36500 - 365*50},
		"nothing promised":    {Totals{Allocated: 36500}, day(2026, time.September, 1), 36500},
		"never what is spent": {Totals{Allocated: 36500, Paid: 36000}, day(2027, time.March, 31), 500},
		"faster":              {Totals{Allocated: 36500, Paid: 30000}, day(2026, time.May, 1), 0},
		"the last day":        {Totals{Allocated: 36500, Committed: 400, Paid: 600}, day(2027, time.March, 31), 35500},
		"after the year":      {Totals{Allocated: 36500, Committed: 400, Paid: 600}, day(2028, time.March, 31), 35500},
	} {
		if got := test.of.AtRisk(2026, test.on); got != test.want {
			t.Errorf("%s: %v at risk, want %v", name, got, test.want)
		}
	}
}
