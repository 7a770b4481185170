package budget

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/instead-support/instead/pkg/fault"
)

func usual(first time.Time) Terms {
	return Terms{First: first, ExpiresDays: 90, WarnDays: 14, ChallengeDays: 20, DecideDays: 5, ReceiptDays: 10}
}

func TestTermsSayWhatIsWrongWithThem(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*Terms)
		reason string
		at     []string
	}{
		"the usual":            {func(*Terms) {}, "So.", nil},
		"no reason":            {func(*Terms) {}, " ", []string{"/reason"}},
		"a day that is over":   {func(k *Terms) { k.First = june.AddDate(0, 0, -1) }, "So.", []string{"/terms/first_day"}},
		"automatic":            {func(k *Terms) { k.AutoUpTo, k.AutoCategories, k.SampleOneIn = 5000, []string{"travel"}, 10 }, "So.", nil},
		"automatic of nothing": {func(k *Terms) { k.AutoUpTo, k.SampleOneIn = 5000, 10 }, "So.", []string{"/terms/auto_categories"}},
		"never looked at":      {func(k *Terms) { k.AutoUpTo, k.AutoCategories = 5000, []string{"travel"} }, "So.", []string{"/terms/sample_one_in"}},
		"less than nothing":    {func(k *Terms) { k.AutoUpTo = -1 }, "So.", []string{"/terms/auto_up_to_pence"}},
		"warned too early":     {func(k *Terms) { k.WarnDays = 90 }, "So.", []string{"/terms/warn_days"}},
		"no days at all": {func(k *Terms) { *k = Terms{First: june} }, "So.",
			[]string{"/terms/expires_days", "/terms/warn_days", "/terms/challenge_days", "/terms/decide_days", "/terms/receipt_days"}},
	} {
		terms := usual(june)
		test.change(&terms)
		_, err := agree(Fund{}, terms, test.reason, fin, later, june)
		wrongAt(t, name, err, test.at...)
	}
	p, err := agree(Fund{}, Terms{First: june, AutoCategories: []string{"travel"}, SampleOneIn: 4, ExpiresDays: 9, WarnDays: 1, ChallengeDays: 1, DecideDays: 1, ReceiptDays: 1}, "So.", fin, later, june)
	if err != nil || p.Terms.AutoCategories != nil || p.Terms.SampleOneIn != 0 {
		t.Errorf("without automatic approval there is nothing to sample: %+v %v", p.Terms, err)
	}
}

func TestTheTermsOfADayAreThoseThatBeganLast(t *testing.T) {
	t.Parallel()
	version := func(n int, first time.Time) Terms { return Terms{Version: n, First: first} }
	all := []Terms{version(1, june), version(2, june.AddDate(0, 0, 20)), version(3, june.AddDate(0, 0, 10)), version(4, june.AddDate(0, 0, 10))}
	for days, want := range map[int]int{-1: 0, 0: 1, 9: 1, 10: 4, 19: 4, 20: 2, 400: 2} {
		got, ok := On(all, june.AddDate(0, 0, days))
		if got.Version != want || ok != (want > 0) {
			t.Errorf("%d days on, version %d (%t) is in force, want %d", days, got.Version, ok, want)
		}
	}
}

func TestWhatAFundPaysForSaysWhatIsWrongWithIt(t *testing.T) {
	t.Parallel()
	good := Category{Code: "travel", Allowed: true, Label: "Travel", Words: "To work.", First: june}
	with := func(change func(*Category)) []Category {
		k := good
		change(&k)
		return []Category{k}
	}
	for name, test := range map[string]struct {
		all []Category
		at  []string
	}{
		"all right":           {[]Category{good}, nil},
		"nothing":             {nil, []string{"/categories"}},
		"twice":               {[]Category{good, good}, []string{"/categories/1/category"}},
		"an odd code":         {with(func(k *Category) { k.Code = "Travel!" }), []string{"/categories/0/category"}},
		"without words":       {with(func(k *Category) { k.Label, k.Words = " ", " " }), []string{"/categories/0/label", "/categories/0/words"}},
		"a no without words":  {with(func(k *Category) { k.Allowed, k.Words = false, "" }), []string{"/categories/0/words"}},
		"ends before it is":   {with(func(k *Category) { k.Last = june.AddDate(0, 0, -1) }), []string{"/categories/0/last_day"}},
		"begins in the past":  {with(func(k *Category) { k.First = june.AddDate(0, 0, -1) }), []string{"/categories/0/first_day"}},
		"far too many things": {make([]Category, mostCategories+1), nil},
	} {
		_, err := list(Fund{}, test.all, "So.", fin, later, june)
		if len(test.all) > mostCategories {
			if !fault.Is(err, fault.Invalid) || fault.As(err).Fields[0].Pointer != "/categories" {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		wrongAt(t, name, err, test.at...)
	}
}

func TestWhatAFundSaysOfAKindOfThingIsWhatBeganLast(t *testing.T) {
	t.Parallel()
	all := []Category{
		{Code: "travel", Allowed: true, Label: "Travel", Words: "Fares.", First: june},
		{Code: "fines", Label: "Fines", First: june},
		{Code: "debts", Label: "Debts", First: june},
		{Code: "tools", Allowed: true, Label: "Tools", First: june, Last: june.AddDate(0, 0, 5)},
		{Code: "travel", Allowed: true, Label: "Travel", Words: "Fares and fuel.", First: june.AddDate(0, 0, 10)},
		{Code: "travel", Label: "Travel", Words: "No more.", First: june.AddDate(0, 0, 20)},
		{Code: "travel", Allowed: true, Label: "Travel", Words: "After all.", First: june.AddDate(0, 0, 20), Last: june.AddDate(0, 0, 30)},
	}
	for days, want := range map[int][]string{
		-1: nil,
		0:  {"tools", "travel: Fares.", "debts", "fines"},
		5:  {"tools", "travel: Fares.", "debts", "fines"},
		6:  {"travel: Fares.", "debts", "fines"},
		10: {"travel: Fares and fuel.", "debts", "fines"},
		20: {"travel: After all.", "debts", "fines"},
		31: {"debts", "fines"},
	} {
		var got []string
		for _, k := range CategoriesOn(all, june.AddDate(0, 0, days)) {
			if k.Code == "travel" {
				k.Code += ": " + k.Words
			}
			got = append(got, k.Code)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d days on:\n%s", days, diff)
		}
	}
}
