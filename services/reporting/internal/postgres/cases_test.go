package postgres_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	told "github.com/instead-support/instead/api/events"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/services/reporting/internal/postgres"
	"github.com/instead-support/instead/services/reporting/internal/report"
)

// life is one request, told step by step.
type life struct {
	t     *testing.T
	db    *db.DB
	store postgres.Store
	told.RequestChanged
	step int
	year map[int]uuid.UUID // budgets
}

// at is noon in London on that day.
func at(day string) time.Time {
	d, err := time.Parse("2006-01-02 15:04", day+" 12:00")
	if err != nil {
		panic(err)
	}
	return d
}

// begun is a request of £100 for tools and £50 for travel, submitted on 2 March 2026.
func begun(t *testing.T) *life {
	t.Helper()
	d, s := open(t)
	l := &life{t: t, db: d, store: s, year: map[int]uuid.UUID{2025: uuid.New(), 2026: uuid.New()}, RequestChanged: told.RequestChanged{
		RequestID: uuid.New(), Reference: "FR-7K3M-92QX", AllowanceID: uuid.New(), Area: "Oldham", CoachID: uuid.New(), FundID: uuid.New(), NeedIDs: []uuid.UUID{},
		AskedPence: 15_000, SubmittedAt: new(at("2026-03-02")), Lines: []told.Line{
			{LineID: uuid.New(), NeedID: uuid.New(), Category: "tools", AmountPence: 10_000},
			{LineID: uuid.New(), NeedID: uuid.New(), Category: "travel", AmountPence: 5_000},
		},
	}}
	l.tell(told.AllowanceChanged{AllowanceID: l.AllowanceID, Version: 1, Area: l.Area, CoachID: l.CoachID, CourseID: uuid.New(), CapPence: 40_000, OpenedAt: at("2026-02-02")})
	for year, id := range l.year {
		l.tell(told.BudgetChanged{BudgetID: id, Version: 2, FundID: l.FundID, Area: l.Area, Year: year, AllocatedPence: 100_000})
	}
	l.on("2026-03-02", "submitted", told.Entry{Kind: "hold", Pence: 15_000})
	return l
}

func (l *life) tell(e events.Event) {
	l.t.Helper()
	data, err := json.Marshal(e)
	if err != nil {
		l.t.Fatal(err)
	}
	err = db.Tx(l.t.Context(), l.db.Gorm, func(tx *gorm.DB) error {
		return postgres.Take(l.t.Context(), tx, []events.Envelope{{ID: uuid.New(), Name: e.EventName(), At: time.Now(), Data: data}})
	})
	if err != nil {
		l.t.Fatal(err)
	}
}

// on takes a step of the request on a day, with what that did to the ledger.
func (l *life) on(day, state string, entries ...told.Entry) *life {
	l.t.Helper()
	l.step++
	l.Version++
	l.State, l.At, l.Entries = state, at(day), nil
	for _, e := range entries {
		e.Step, e.At = l.step, at(day)
		l.Entries = append(l.Entries, e)
	}
	l.tell(l.RequestChanged)
	return l
}

// approved approves so much for tools and the rest for travel, out of the budget of
// the year of that day.
func (l *life) approved(day string, award int64, year int) *life {
	l.t.Helper()
	l.DecidedAt, l.AwardPence, l.Code = new(at(day)), award, "removes-need"
	l.Lines[0].GrantedPence = min(award, l.Lines[0].AmountPence)
	l.Lines[1].GrantedPence = award - l.Lines[0].GrantedPence
	entries := []told.Entry{l.out("commit", award, year)}
	if award < l.AskedPence {
		entries = append(entries, told.Entry{Kind: "release", Pence: l.AskedPence - award})
	}
	return l.on(day, "approved", entries...)
}

// out is an entry on the budget of a year.
func (l *life) out(kind string, pence int64, year int) told.Entry {
	id := l.year[year]
	return told.Entry{Kind: kind, Pence: pence, BudgetID: &id}
}

// is wants the totals of some months, and nothing in any other.
func (l *life) is(want map[string]report.Sums) {
	l.t.Helper()
	f := report.Filter{Areas: []string{"Oldham"}, Period: period("2025-01", "2026-12")}
	rows, _, err := l.store.Totals(l.t.Context(), f, report.Months, report.Spent, report.Page{Number: 1, Size: 50})
	if err != nil {
		l.t.Fatal(err)
	}
	for _, row := range rows {
		got := *row.Figures
		// Turnaround has a test of its own.
		got.Days, got.Took0, got.Took1, got.Took2, got.Took5, got.Took10, got.Took20, got.EquityTimed, got.EquityDays = 0, 0, 0, 0, 0, 0, 0, 0, 0
		if got != want[row.Key] {
			l.t.Errorf("%s is  %+v\nwant %+v", row.Key, got, want[row.Key])
		}
		delete(want, row.Key)
	}
	for month := range want {
		l.t.Errorf("there is nothing in %s", month)
	}
}

// budget wants a budget to stand so.
func (l *life) budget(year int, committed, spent int64) {
	l.t.Helper()
	f := report.Filter{Areas: []string{"Oldham"}, Period: report.Period{From: report.Opening(year), To: report.Opening(year)}}
	s, ok, err := l.store.Standing(l.t.Context(), f)
	if want := (report.Standing{AllocatedPence: 100_000, CommittedPence: committed, SpentPence: spent}); err != nil || !ok || s != want {
		l.t.Errorf("the budget of %d: %+v, %v, want %+v", year, s, err, want)
	}
}

// saving wants the allowance to be counted so.
func (l *life) saving(want report.Offers) {
	l.t.Helper()
	f := report.Filter{Areas: []string{"Oldham"}, Period: period("2026-03", "2026-03")}
	rows, err := l.store.Offers(l.t.Context(), f, "", nil)
	var got report.Offers
	if len(rows) > 0 {
		got = *rows[0].Figures
	}
	if err != nil || got != want {
		l.t.Errorf("saved: %+v, %v\nwant  %+v", got, err, want)
	}
}

func period(from, to string) report.Period {
	p, err := report.NewPeriod(from, to, time.Now())
	if err != nil {
		panic(err)
	}
	return p
}

func TestARequestThatItsFundsOwnRuleApprovedIsDecidedAndHasNoTime(t *testing.T) {
	t.Parallel()
	l := begun(t)
	l.Automatic = true
	l.approved("2026-03-02", 15_000, 2025)
	l.is(map[string]report.Sums{"2026-03": {
		Requests: 1, AskedPence: 15_000, ApprovedPence: 15_000, CommittedPence: 15_000, Decided: 1, Approved: 1, Automatic: 1,
	}})
}

func TestARequestThatWasPartlyApprovedIsReleasedOfTheRest(t *testing.T) {
	t.Parallel()
	l := begun(t).approved("2026-03-09", 12_000, 2025)
	l.is(map[string]report.Sums{"2026-03": {
		Requests: 1, AskedPence: 15_000, ApprovedPence: 12_000, CommittedPence: 12_000, ReleasedPence: 3_000, Decided: 1, Approved: 1, Timed: 1,
	}})
	l.budget(2025, 12_000, 0)
	l.saving(report.Offers{Allowances: 1, CapPence: 40_000, ApprovedPence: 12_000})
}

func TestARequestThatWasCancelledOrRanOutGivesBackAndSavesNothing(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"cancelled", "expired"} {
		l := begun(t).approved("2026-03-09", 15_000, 2025).on("2026-05-04", state)
		l.on("2026-05-04", state, l.out("uncommit", 15_000, 2025))
		l.is(map[string]report.Sums{
			"2026-03": {Requests: 1, AskedPence: 15_000, ApprovedPence: 15_000, Decided: 1, Approved: 1, Timed: 1},
			"2026-05": {GivenBackPence: 15_000},
		})
		l.budget(2025, 0, 0)
		l.saving(report.Offers{})
	}
}

func TestWhatCameBackIsTakenOffWhatWasSpent(t *testing.T) {
	t.Parallel()
	l := begun(t).approved("2026-03-09", 15_000, 2025)
	supplier := uuid.New()
	paid := l.out("pay", 15_000, 2025)
	paid.SupplierID, paid.Local = &supplier, true
	l.on("2026-03-16", "approved", paid)
	back := paid
	back.Kind, back.Pence = "recover", 4_000
	l.on("2026-06-01", "approved", back)
	l.is(map[string]report.Sums{
		"2026-03": {Requests: 1, AskedPence: 15_000, ApprovedPence: 15_000, PaidPence: 15_000, SupplierPence: 15_000, LocalPence: 15_000, Decided: 1, Approved: 1, Timed: 1},
		"2026-06": {RecoveredPence: 4_000, SupplierPence: -4_000, LocalPence: -4_000},
	})
	l.budget(2025, 0, 11_000)
	l.saving(report.Offers{Allowances: 1, CapPence: 40_000, ApprovedPence: 15_000, Settled: 1, SettledCapPence: 40_000, SettledSpentPence: 11_000})
}

func TestWhatIsPaidInAnotherFinancialYearIsOfThatMonthAndOfItsOwnBudget(t *testing.T) {
	t.Parallel()
	l := begun(t).approved("2026-03-31", 15_000, 2025)
	l.on("2026-04-01", "approved", l.out("pay", 9_000, 2025))
	l.is(map[string]report.Sums{
		"2026-03": {Requests: 1, AskedPence: 15_000, ApprovedPence: 15_000, CommittedPence: 6_000, Decided: 1, Approved: 1, Timed: 1, Late: 0},
		"2026-04": {PaidPence: 9_000},
	})
	l.budget(2025, 6_000, 9_000)
	l.budget(2026, 0, 0)
	f := report.Filter{Areas: []string{"Oldham"}, Period: period("2026-04", "2027-03")}
	if s, err := l.store.Sum(t.Context(), f); err != nil || s.PaidPence != 9_000 || s.ApprovedPence != 0 {
		t.Errorf("the year after: %+v, %v", s, err)
	}
	f.Period = period("2025-04", "2026-03")
	if s, err := l.store.Sum(t.Context(), f); err != nil || s.PaidPence != 0 || s.ApprovedPence != 15_000 || s.CommittedPence != 6_000 {
		t.Errorf("the year itself: %+v, %v", s, err)
	}
}

func TestARequestThatWasDeclinedReturnedOrWithdrawnIsSpentNothingOf(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]report.Sums{
		"declined":  {Decided: 1, Declined: 1, Timed: 1},
		"returned":  {Decided: 1, Timed: 1},
		"withdrawn": {},
	} {
		l := begun(t)
		if state != "withdrawn" {
			l.DecidedAt = new(at("2026-03-10"))
		}
		l.on("2026-03-10", state, told.Entry{Kind: "release", Pence: 15_000})
		want.Requests, want.AskedPence, want.ReleasedPence = 1, 15_000, 15_000
		l.is(map[string]report.Sums{"2026-03": want})
		l.saving(report.Offers{})
	}
}

// 2 March 2026 was a Monday. Five working days are given; the question stood from the
// day after the 3rd to the 6th.
func TestTimeIsInWorkingDaysAndStandsWhileAQuestionWaits(t *testing.T) {
	t.Parallel()
	for decided, want := range map[string]struct{ days, late int64 }{
		"2026-03-11": {4, 0}, // 3, 9, 10, 11
		"2026-03-12": {5, 0},
		"2026-03-16": {7, 1}, // over a weekend
	} {
		l := begun(t)
		l.tell(told.TermsAgreed{FundID: l.FundID, Version: 1, FirstDay: "2026-03-01", DecideDays: 5})
		l.tell(told.TermsAgreed{FundID: l.FundID, Version: 2, FirstDay: "2026-03-03", DecideDays: 1}) // of no day that matters
		q := told.QuestionChanged{QuestionID: uuid.New(), RequestID: l.RequestID, AskedAt: at("2026-03-03")}
		l.tell(q)
		l.approved(decided, 15_000, 2025)
		q.AnsweredAt = new(at("2026-03-06"))
		l.tell(q) // late
		s, err := l.store.Sum(t.Context(), report.Filter{Areas: []string{"Oldham"}, Period: period("2026-03", "2026-03")})
		if err != nil || s.Days != want.days || s.Late != want.late || s.Timed != 1 {
			t.Errorf("decided on %s: %d days, %d late, %d timed, %v; want %+v", decided, s.Days, s.Late, s.Timed, err, want)
		}
	}
}

// £100 for tools and £50 for travel: of a pound 67 pence are for tools, and a payment
// for a line is that line's.
func TestMoneyThatIsOfNoLineIsSpreadInWholePence(t *testing.T) {
	t.Parallel()
	l := begun(t).approved("2026-03-09", 15_000, 2025)
	l.on("2026-03-10", "approved", l.out("pay", 100, 2025))
	travel := l.out("pay", 31, 2025)
	travel.LineID = &l.Lines[1].LineID
	l.on("2026-03-11", "approved", travel)
	rows, _, err := l.store.Totals(t.Context(), report.Filter{Areas: []string{"Oldham"}, Period: period("2026-03", "2026-03")}, report.Categories, report.Paid, report.Page{Number: 1, Size: 9})
	if err != nil || len(rows) != 2 || rows[0].Key != "tools" || rows[0].Figures.PaidPence != 67 || rows[1].Figures.PaidPence != 33+31 {
		t.Errorf("by category: %+v, %v", rows, err)
	}
	if rows[0].Figures.CommittedPence != 10_000-67 || rows[1].Figures.CommittedPence != 5_000-33-31 {
		t.Errorf("still promised: %d and %d", rows[0].Figures.CommittedPence, rows[1].Figures.CommittedPence)
	}
}

// by wants a category to stand so, over all months.
func (l *life) by(category string, of func(report.Sums) int64, want int64) {
	l.t.Helper()
	rows, _, err := l.store.Totals(l.t.Context(), report.Filter{Areas: []string{"Oldham"}, Period: period("2026-03", "2026-05")}, report.Categories, report.Paid, report.Page{Number: 1, Size: 9})
	if err != nil {
		l.t.Fatal(err)
	}
	for _, row := range rows {
		if row.Key == category {
			if got := of(*row.Figures); got != want {
				l.t.Errorf("%s: %d, want %d of %+v", category, got, want, *row.Figures)
			}
			return
		}
	}
	l.t.Errorf("nothing is said of %s", category)
}

func asked(s report.Sums) int64     { return s.AskedPence }
func committed(s report.Sums) int64 { return s.CommittedPence }
func givenBack(s report.Sums) int64 { return s.GivenBackPence }
func released(s report.Sums) int64  { return s.ReleasedPence }

func TestALineThatWasPaidIsPromisedNothingMoreAndTheOtherAllOfIt(t *testing.T) {
	t.Parallel()
	l := begun(t).approved("2026-03-09", 15_000, 2025)
	tools := l.out("pay", 10_000, 2025)
	tools.LineID = &l.Lines[0].LineID
	l.on("2026-03-10", "approved", tools)
	l.by("tools", committed, 0)
	l.by("travel", committed, 5_000)
	l.on("2026-03-11", "approved", l.out("uncommit", 2_000, 2025))
	l.by("tools", givenBack, 0)
	l.by("travel", givenBack, 2_000)
	l.by("travel", committed, 3_000)
}

// £100 and £50 granted, and £120 promised as somebody else pays £30: £80 and £40.
func TestWhatIsPromisedOfALineIsNoMoreThanItsPartOfTheAward(t *testing.T) {
	t.Parallel()
	l := begun(t)
	l.Lines[0].GrantedPence, l.Lines[1].GrantedPence, l.AwardPence, l.DecidedAt = 10_000, 5_000, 12_000, new(at("2026-03-09"))
	l.on("2026-03-09", "approved", l.out("commit", 12_000, 2025))
	tools := l.out("pay", 8_000, 2025)
	tools.LineID = &l.Lines[0].LineID
	l.on("2026-03-10", "approved", tools)
	l.by("tools", committed, 0)
	l.by("travel", committed, 4_000)
}

func TestPaymentsOfNoLineThatComeToTheWholeLeaveNoPennyPromised(t *testing.T) {
	t.Parallel()
	l := begun(t).approved("2026-03-09", 15_000, 2025)
	for _, pence := range []int64{1, 1, 1, 1, 14_996} {
		l.on("2026-03-10", "approved", l.out("pay", pence, 2025))
	}
	l.by("tools", func(s report.Sums) int64 { return s.PaidPence }, 10_000)
	l.by("tools", committed, 0)
	l.by("travel", committed, 0)
}

func TestWhatWasAskedStaysThePriceOfEachLineWhateverIsGranted(t *testing.T) {
	t.Parallel()
	l := begun(t)
	l.Lines[1].GrantedPence, l.AwardPence, l.DecidedAt = 5_000, 5_000, new(at("2026-03-09"))
	l.on("2026-03-09", "approved", l.out("commit", 5_000, 2025), told.Entry{Kind: "release", Pence: 10_000})
	l.by("tools", asked, 10_000)
	l.by("travel", asked, 5_000)
	l.by("tools", released, 10_000)
	l.by("travel", released, 0)
}

// Half past midnight on 2 July in London is still 1 July by UTC.
func TestAllowancesOpenedUpToADayAreThoseOfTheDayInLondon(t *testing.T) {
	t.Parallel()
	l := begun(t)
	l.tell(told.AllowanceChanged{AllowanceID: uuid.New(), Version: 1, Area: l.Area, CoachID: l.CoachID, CourseID: uuid.New(), CapPence: 1, OpenedAt: at("2026-07-02")})
	until := time.Date(2026, 7, 1, 23, 30, 0, 0, time.UTC)
	rows, err := l.store.Offers(t.Context(), report.Filter{Areas: []string{l.Area}, Period: period("2026-07", "2026-07")}, "", &until)
	if err != nil || len(rows) != 1 || rows[0].Figures.Opened != 1 {
		t.Errorf("%+v, %v", rows, err)
	}
}
