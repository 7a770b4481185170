package outcome

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
)

var (
	priya = By{ID: uuid.New(), Name: "Priya Shah"}
	dan   = By{ID: uuid.New(), Jobseeker: true}
	at    = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
)

func on(day string) time.Time {
	d, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return d
}

// aJob is 16 hours a week at the National Living Wage, from a Monday.
func aJob() Start {
	return Start{
		Kind: Job, Route: Instead, StartedOn: on("2026-05-04"), Minutes: 16 * 60, Pay: Pay{1271, Hour},
		Employer: "The Tommyfield", Occupation: "5434",
	}
}

// rules are those of 2026, as the database has them.
var rules = Rules{
	Definitions: []Definition{{Version: 1, FirstDay: on("2021-04-01"), WeeklyHours: 16, Weeks: 26, SelfEmployedWeeks: 26}},
	Wages:       []Wage{{FirstDay: on("2026-04-01"), Pence: 1271}, {FirstDay: on("2025-04-01"), Pence: 1221}},
}

func started(t *testing.T, s Start) *Outcome {
	t.Helper()
	o, err := begin(uuid.New(), s, priya, at)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// answered answers the check after so many weeks, on the day on which it is due.
func answered(t *testing.T, o *Outcome, weeks int, a Answer) {
	t.Helper()
	for _, c := range o.Checks {
		if c.Weeks == weeks {
			if err := o.answer(c.ID, a, priya, at, c.DueOn); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func wants(t *testing.T, err error, kind fault.Kind, pointer string) {
	t.Helper()
	f := fault.As(err)
	if f == nil || f.Kind != kind {
		t.Fatalf("error = %v, want %s", err, kind)
	}
	if pointer == "" {
		return
	}
	for _, field := range f.Fields {
		if field.Pointer == pointer {
			return
		}
	}
	t.Errorf("error = %+v, want one of %s", f.Fields, pointer)
}

func TestAStartSaysAllThatIsWrongWithIt(t *testing.T) {
	known := func(code string) bool { return code == "5434" }
	today := on("2026-06-01")
	if err := aJob().check(today, known); err != nil {
		t.Errorf("a whole start: %v", err)
	}
	for pointer, spoil := range map[string]func(*Start){
		"/kind":           func(s *Start) { s.Kind = "volunteering" },
		"/route":          func(s *Start) { s.Route = "" },
		"/started_on":     func(s *Start) { s.StartedOn = on("2026-06-02") },
		"/employer":       func(s *Start) { s.Employer = "" },
		"/weekly_minutes": func(s *Start) { s.Minutes = 0 },
		"/pay_pence":      func(s *Start) { s.Pay = Pay{} },
		"/pay_per":        func(s *Start) { s.Pay.Per = "" },
		"/occupation":     func(s *Start) { s.Occupation = "0000" },
		"/allowance_ids":  func(s *Start) { s.Route = Course },
	} {
		s := aJob()
		spoil(&s)
		wants(t, s.check(today, known), fault.Invalid, pointer)
	}
	long := aJob()
	long.StartedOn = on("2016-05-04")
	wants(t, long.check(today, known), fault.Invalid, "/started_on")
	training := Start{Kind: Training, Route: Instead, StartedOn: today}
	if err := training.check(today, known); err != nil {
		t.Errorf("training takes neither hours nor pay: %v", err)
	}
}

func TestChecksAreDueOnWorkingDays(t *testing.T) {
	for start, want := range map[string][2]string{
		"2026-05-04": {"2026-08-03", "2026-11-02"}, // Mondays, all three
		"2026-05-30": {"2026-09-01", "2026-11-30"}, // a Saturday, whose Monday is the summer bank holiday
		"2025-09-25": {"2025-12-29", "2026-03-26"}, // of which one is Christmas Day, and the next a bank holiday
	} {
		s := aJob()
		s.StartedOn = on(start)
		o := started(t, s)
		for i, c := range o.Checks {
			if got := c.DueOn.Format(time.DateOnly); got != want[i] || !c.Waits {
				t.Errorf("after %s, %d weeks: due on %s, want %s; waits %t", start, c.Weeks, got, want[i], c.Waits)
			}
		}
	}
}

func TestACheckIsUpcomingThenDueThenOverdueAndNeverGone(t *testing.T) {
	c := started(t, aJob()).Checks[0] // due on Monday 3 August
	for day, want := range map[string]State{
		"2026-05-04": Upcoming, "2026-08-02": Upcoming,
		"2026-08-03": Due, "2026-08-10": Due,
		"2026-08-11": Overdue, "2027-08-11": Overdue, "2036-08-11": Overdue,
	} {
		if got := c.State(on(day)); got != want {
			t.Errorf("on %s it is %s, want %s", day, got, want)
		}
	}
}

func TestThatSomebodyIsStillInWorkCanBeSaidOnceTheWeeksHavePassed(t *testing.T) {
	o := started(t, aJob())
	err := o.answer(o.Checks[0].ID, Answer{InWork: true}, priya, at, on("2026-08-02"))
	wants(t, err, fault.Invalid, "/as_of")
	if err := o.answer(o.Checks[0].ID, Answer{InWork: true}, priya, at, on("2026-08-03")); err != nil {
		t.Error(err)
	}
	wants(t, o.answer(o.Checks[0].ID, Answer{InWork: true}, priya, at, on("2026-08-03")), fault.Conflict, "")
}

func TestWhoLeftIsNotAskedAgainUntilACorrectionSaysOtherwise(t *testing.T) {
	o := started(t, aJob())
	wants(t, o.answer(o.Checks[0].ID, Answer{}, priya, at, on("2026-06-01")), fault.Invalid, "/left_on")
	wants(t, o.answer(o.Checks[0].ID, Answer{LeftOn: on("2026-05-03")}, priya, at, on("2026-06-01")), fault.Invalid, "/left_on")
	if err := o.answer(o.Checks[0].ID, Answer{LeftOn: on("2026-05-29")}, priya, at, on("2026-06-01")); err != nil {
		t.Fatal(err)
	}
	if got := o.Checks[1].State(on("2026-12-01")); got != NotAsked {
		t.Errorf("after they left the second check is %s", got)
	}
	wants(t, o.answer(o.Checks[1].ID, Answer{InWork: true}, priya, at, on("2026-12-01")), fault.Conflict, "")
	err := o.correctAnswer(o.Checks[0].ID, Answer{InWork: true, AsOf: on("2026-08-03"), Evidence: Payslip}, "That was another Dan.", priya, at, on("2026-12-01"))
	if err != nil {
		t.Fatal(err)
	}
	if got := o.Checks[1].State(on("2026-12-01")); got != Overdue {
		t.Errorf("after the correction the second check is %s", got)
	}
	if len(o.Entries) != 3 || o.Entries[1].Answer.InWork {
		t.Errorf("the first answer is no longer in the history: %+v", o.Entries)
	}
}

func TestThatSomebodyIsInWorkAfterAllIsOfTheDayOnWhichItIsSaid(t *testing.T) {
	o := started(t, aJob())
	if err := o.answer(o.Checks[0].ID, Answer{LeftOn: on("2026-05-29")}, priya, at, on("2026-06-01")); err != nil {
		t.Fatal(err)
	}
	if err := o.correctAnswer(o.Checks[0].ID, Answer{InWork: true}, "That was another Dan.", priya, at, on("2026-08-20")); err != nil {
		t.Fatal(err)
	}
	if c := o.Checks[0]; c.State(on("2026-08-20")) != Recorded || c.Answer.AsOf != on("2026-08-20") {
		t.Errorf("the check stands as %+v", c.Answer)
	}
}

func TestACheckWaitsAgainOnceItIsCorrectedThatTheyHadNotLeftEarly(t *testing.T) {
	o := started(t, aJob())
	check := o.Checks[0].ID
	if err := o.answer(check, Answer{LeftOn: on("2026-05-29")}, priya, at, on("2026-06-01")); err != nil {
		t.Fatal(err)
	}
	wants(t, o.correctAnswer(check, Answer{InWork: true, AsOf: on("2026-05-03")}, "That was another Dan.", priya, at, on("2026-06-08")), fault.Invalid, "/as_of")
	if err := o.correctAnswer(check, Answer{InWork: true}, "That was another Dan.", priya, at, on("2026-06-08")); err != nil {
		t.Fatal(err)
	}
	for _, c := range o.Checks {
		if got := c.State(on("2026-06-08")); got != Upcoming || c.Answer != nil {
			t.Errorf("after the correction the check after %d weeks is %s, by %+v", c.Weeks, got, c.Answer)
		}
	}
	if v := o.Sustained(rules); v.Finding != Open {
		t.Errorf("work that goes on is %s", v.Finding)
	}
	if err := o.answer(check, Answer{InWork: true}, dan, at, on("2026-08-03")); err != nil || o.Checks[0].State(on("2026-08-03")) != Recorded {
		t.Errorf("and then it is answered: %v", err)
	}
}

func TestACheckThatWasAnsweredBeforeItsWeeksHadReallyPassedWaitsAgain(t *testing.T) {
	o := started(t, aJob())
	answered(t, o, 13, Answer{InWork: true, Evidence: Payslip}) // of 3 August
	later := aJob()
	later.StartedOn = on("2026-06-01")
	if err := o.correct(later, "It was the month after.", priya, at); err != nil {
		t.Fatal(err)
	}
	if c := o.Checks[0]; c.State(on("2026-08-03")) != Upcoming || o.Sustained(rules).Earned != 0 {
		t.Errorf("nine weeks after they started the check is %s, by %+v", c.State(on("2026-08-03")), c.Answer)
	}
	if err := o.correct(aJob(), "It was not.", priya, at); err != nil {
		t.Fatal(err)
	}
	if c := o.Checks[0]; c.State(on("2026-08-03")) != Recorded {
		t.Errorf("what was said counts no more, though they had started: %+v", c)
	}
}

func TestWhatAJobseekerSaysIsKeptAsSaid(t *testing.T) {
	o := started(t, aJob())
	today := o.Checks[0].DueOn
	wants(t, o.answer(o.Checks[0].ID, Answer{InWork: true, Evidence: Payslip}, dan, at, today), fault.Invalid, "/evidence")
	if err := o.answer(o.Checks[0].ID, Answer{InWork: true}, dan, at, today); err != nil {
		t.Fatal(err)
	}
	if got := o.Checks[0].Answer; got.Evidence.Strength() != 1 || !got.By.Jobseeker {
		t.Errorf("kept as %+v", got)
	}
}

func TestACorrectionTakesAReasonAndAStruckOutcomeTakesNoMore(t *testing.T) {
	o := started(t, aJob())
	later := aJob()
	later.StartedOn = on("2026-05-11")
	wants(t, o.correct(later, "", priya, at), fault.Invalid, "/why")
	wants(t, o.correct(later, strings.Repeat("x", 1001), priya, at), fault.Invalid, "/why")
	if err := o.correct(later, "It was the week after.", priya, at); err != nil {
		t.Fatal(err)
	}
	if got := o.Checks[0].DueOn.Format(time.DateOnly); got != "2026-08-10" {
		t.Errorf("the check did not move with the start: %s", got)
	}
	answered(t, o, 13, Answer{InWork: true})
	later.StartedOn = on("2026-08-11")
	wants(t, o.correct(later, "Later still.", priya, at), fault.Invalid, "/started_on")
	if err := o.strike("Recorded on the wrong person.", priya, at); err != nil {
		t.Fatal(err)
	}
	if c := o.Checks[1]; c.State(on("2027-01-01")) != NotAsked || o.Sustained(rules).Finding != NotCounted {
		t.Errorf("what never happened is still asked about: %+v", c)
	}
	for _, err := range []error{
		o.correct(later, "No.", priya, at), o.strike("No.", priya, at),
		o.answer(o.Checks[1].ID, Answer{InWork: true}, priya, at, on("2027-01-01")),
		o.correctAnswer(o.Checks[0].ID, Answer{InWork: true}, "No.", priya, at, on("2027-01-01")),
	} {
		wants(t, err, fault.Conflict, "")
	}
}

func TestTrainingIsNotAskedAboutAndNeverSustained(t *testing.T) {
	o := started(t, Start{Kind: Training, Route: Course, StartedOn: on("2026-05-04"), Allowances: []uuid.UUID{uuid.New()}})
	if c := o.Checks[0]; c.State(on("2027-01-01")) != NotAsked || o.Sustained(rules).Finding != NotCounted {
		t.Errorf("training: %+v, %+v", c, o.Sustained(rules))
	}
	wants(t, o.answer(o.Checks[0].ID, Answer{InWork: true}, priya, at, on("2027-01-01")), fault.Conflict, "")
	if err := o.correct(aJob(), "It was a job.", priya, at); err != nil {
		t.Fatal(err)
	}
	if c := o.Checks[0]; c.State(on("2027-01-01")) != Overdue {
		t.Errorf("the checks of what is a job after all: %+v", c)
	}
}

// Each figure is worked out by hand.
func TestSustainedSaysByWhichVersionAndWithWhichFigures(t *testing.T) {
	self := Start{Kind: SelfEmployment, Route: Instead, StartedOn: on("2026-05-04"), Occupation: "5434"}
	full := aJob()
	full.Minutes = 40 * 60
	low := aJob()
	low.Minutes = 15 * 60
	salary := aJob()
	salary.Pay = Pay{1_100_000, Year} // £11,000: more than 16 hours at the wage
	yes := Answer{InWork: true, Evidence: Payslip}
	for name, c := range map[string]struct {
		start         Start
		at13, at26    *Answer
		finding       Finding
		earned, of    money.Pence
		weeks, relied int
	}{
		"before any check":             {aJob(), nil, nil, Open, 0, 528_736, 0, 0},
		"half way":                     {aJob(), &yes, nil, Open, 264_368, 528_736, 13, 3},
		"exactly the threshold":        {aJob(), &yes, &Answer{InWork: true, Evidence: EmployerMessage}, Sustained, 528_736, 528_736, 26, 2},
		"one hour a week short":        {low, &yes, &yes, NotSustained, 495_690, 528_736, 26, 3},
		"reached before the end":       {full, &yes, nil, Sustained, 660_920, 528_736, 13, 3},
		"left with enough":             {full, &Answer{LeftOn: on("2026-08-02"), Evidence: HMRC}, nil, Sustained, 660_920, 528_736, 13, 3},
		"left too soon":                {aJob(), &Answer{LeftOn: on("2026-05-17")}, nil, NotSustained, 40_672, 528_736, 2, 1},
		"left before they were seen":   {full, &yes, &Answer{LeftOn: on("2026-06-02"), Evidence: HMRC}, NotSustained, 217_885, 528_736, 4, 3},
		"fewer hours from the middle":  {aJob(), &yes, &Answer{InWork: true, Minutes: 8 * 60, Evidence: Payslip}, NotSustained, 396_552, 528_736, 26, 3},
		"more pay from the middle":     {low, &yes, &Answer{InWork: true, Pay: Pay{1500, Hour}, Evidence: Payslip}, Sustained, 540_345, 528_736, 26, 3},
		"asked once, at the end":       {aJob(), nil, &yes, Sustained, 528_736, 528_736, 26, 3},
		"a salary":                     {salary, &yes, &yes, Sustained, 550_000, 528_736, 26, 3},
		"self-employed, half way":      {self, &yes, nil, Open, 0, 0, 13, 3},
		"self-employed for six months": {self, &yes, &Answer{InWork: true}, Sustained, 0, 0, 26, 1},
		"self-employed and gave up":    {self, &yes, &Answer{LeftOn: on("2026-10-04")}, NotSustained, 0, 0, 22, 1},
	} {
		o := started(t, c.start)
		if c.at13 != nil {
			answered(t, o, 13, *c.at13)
		}
		if c.at26 != nil {
			answered(t, o, 26, *c.at26)
		}
		v := o.Sustained(rules)
		if v.Finding != c.finding || v.Earned != c.earned || v.Threshold != c.of || v.Weeks != c.weeks || v.Strength != c.relied {
			t.Errorf("%s: %+v, want %s, %d of %d, %d weeks, strength %d", name, v, c.finding, c.earned, c.of, c.weeks, c.relied)
		}
		if v.Definition != 1 || v.Wage.Pence != 1271 {
			t.Errorf("%s: by version %d at %d", name, v.Definition, v.Wage.Pence)
		}
	}
}

func TestNothingIsKnownOfADayAfterTheLastInWork(t *testing.T) {
	o := started(t, aJob())
	answered(t, o, 13, Answer{InWork: true, Minutes: 40 * 60, Evidence: Payslip})
	if err := o.answer(o.Checks[1].ID, Answer{LeftOn: on("2026-06-02")}, priya, at, on("2026-09-01")); err != nil {
		t.Fatal(err)
	}
	if v := o.Sustained(rules); v.KnownTo != on("2026-06-02") || v.Weeks != 4 {
		t.Errorf("who left on 2 June is known of until %s, %d weeks", v.KnownTo.Format(time.DateOnly), v.Weeks)
	}
}

func TestTheWageAndTheVersionAreThoseOfTheDayOnWhichItBegan(t *testing.T) {
	later := Rules{Definitions: append([]Definition{{Version: 2, FirstDay: on("2026-05-04"), WeeklyHours: 20, Weeks: 26}}, rules.Definitions...), Wages: rules.Wages}
	for day, want := range map[string]struct {
		version int
		of      money.Pence
	}{
		"2026-05-04": {2, 20 * 26 * 1271}, "2026-05-03": {1, 16 * 26 * 1271}, "2026-03-31": {1, 16 * 26 * 1221}, "2025-03-31": {0, 0},
	} {
		s := aJob()
		s.StartedOn = on(day)
		if v := started(t, s).Sustained(later); v.Definition != want.version || v.Threshold != want.of {
			t.Errorf("from %s: version %d of %d, want %+v", day, v.Definition, v.Threshold, want)
		}
	}
}

func TestWhoIsTooLateIsToldWhoDidWhat(t *testing.T) {
	o := started(t, aJob())
	if err := o.answer(o.Checks[0].ID, Answer{InWork: true}, dan, at, o.Checks[0].DueOn); err != nil {
		t.Fatal(err)
	}
	if err := o.correct(aJob(), "Spelling.", priya, at); err != nil {
		t.Fatal(err)
	}
	got := o.since(1)
	if len(got) != 2 || got[0].By != "Priya Shah" || got[0].What != "corrected it" || got[1].By != "The jobseeker" || got[1].What != "answered the check after 13 weeks" {
		t.Errorf("since(1) = %+v", got)
	}
}
