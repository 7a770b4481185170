package form_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
)

func TestEverythingTypedIsKeptEvenWhenItIsWrong(t *testing.T) {
	f := form.New(url.Values{"amount": {" 12 quid "}, "why": {"To get\r\nto work"}, "needs": {"a", "b"}})
	f.Money("amount")
	if got := f.Value("amount"); got != " 12 quid " {
		t.Errorf("Value(amount) = %q, want what was typed", got)
	}
	if got := f.Text("why"); got != "To get\nto work" {
		t.Errorf("Text(why) = %q, want one kind of line end", got)
	}
	if diff := cmp.Diff([]string{"a", "b"}, f.Values("needs")); diff != "" {
		t.Error(diff)
	}
	if got := f.Error("amount"); got != "The amount must be in pounds and pence, like 45 or 45.50." {
		t.Errorf("Error(amount) = %q", got)
	}
}

func TestErrorsComeInTheOrderOfTheFieldsWithLinksToThem(t *testing.T) {
	f := form.New(url.Values{"start-day": {"4"}, "start-year": {"2026"}, "colour": {"mauve"}})
	f.Required("what", "Enter what is needed.")
	f.Text("supplier")
	f.Day("start", "The start date")
	f.Choice("colour", "Choose a colour.", "red", "blue")
	f.Money("amount")
	if err := f.Fail(&fault.Fault{Kind: fault.Invalid, Fields: []fault.Field{
		{Pointer: "/lines/0/supplier", Message: "Enter a supplier."},
		{Pointer: "/version", Message: "Something else is wrong."},
	}}, form.Names{"/lines/0/supplier": "supplier"}); err != nil {
		t.Errorf("Fail() = %v, want nil: it can be mended here", err)
	}
	want := []component.ErrorItem{
		{Text: "Something else is wrong."},
		{Text: "Enter what is needed.", Href: "#what"},
		{Text: "Enter a supplier.", Href: "#supplier"},
		{Text: "The start date must include a month.", Href: "#start-month"},
		{Text: "Choose a colour.", Href: "#colour"},
		{Text: "Enter an amount in pounds, like 45 or 45.50.", Href: "#amount"},
	}
	if diff := cmp.Diff(want, f.Errors()); diff != "" {
		t.Error(diff)
	}
	if f.OK() {
		t.Error("OK() with six errors")
	}
}

func TestTheFirstThingWrongWithAFieldStays(t *testing.T) {
	f := form.New(nil)
	f.Required("what", "Enter what is needed.")
	f.Want(false, "what", "It is too short.")
	if got := f.Error("what"); got != "Enter what is needed." {
		t.Errorf("Error(what) = %q", got)
	}
}

func TestTooManyCharactersAreCountedAsPeopleCountThem(t *testing.T) {
	f := form.New(url.Values{"why": {strings.Repeat("é", 10)}})
	f.AtMost("why", 10, "Why it is needed")
	if !f.OK() {
		t.Errorf("ten letters of two bytes each: %q", f.Error("why"))
	}
	f.AtMost("why", 9, "Why it is needed")
	if got := f.Error("why"); got != "Why it is needed must be 9 characters or fewer." {
		t.Errorf("Error(why) = %q", got)
	}
}

func TestADayIsReadFromThreeBoxesOrOne(t *testing.T) {
	want := time.Date(2026, time.February, 9, 0, 0, 0, 0, time.UTC)
	for _, v := range []url.Values{
		{"start-day": {"9"}, "start-month": {"2"}, "start-year": {"2026"}},
		{"start-day": {" 09 "}, "start-month": {"02"}, "start-year": {"2026"}},
		{"start-day": {"9"}, "start-month": {"Feb"}, "start-year": {"2026"}},
		{"start-day": {"9"}, "start-month": {"february"}, "start-year": {"2026"}},
		{"start": {"2026-02-09"}},
	} {
		f := form.New(v)
		if got := f.Day("start", "The start date"); !got.Equal(want) || !f.OK() {
			t.Errorf("Day(%v) = %v %q, want %v", v, got, f.Error("start"), want)
		}
	}
}

func TestADayThatCannotBeReadSaysWhichPartToMend(t *testing.T) {
	for _, c := range []struct {
		day, month, year string
		message, anchor  string
		wrong            []string
	}{
		{"", "", "", "The start date is missing. Enter a day, a month and a year.", "#start-day", nil},
		{"", "2", "2026", "The start date must include a day.", "#start-day", []string{"day"}},
		{"9", "", "", "The start date must include a month and a year.", "#start-month", []string{"month", "year"}},
		{"9", "2", "26", "The start date must have a year of 4 numbers.", "#start-year", []string{"year"}},
		{"9", "13", "2026", "The start date must be a real date.", "#start-month", []string{"month"}},
		{"30", "2", "2026", "The start date must be a real date.", "#start-day", nil},
		{"x", "y", "2026", "The start date must be a real date.", "#start-day", []string{"day", "month"}},
	} {
		f := form.New(url.Values{"start-day": {c.day}, "start-month": {c.month}, "start-year": {c.year}})
		if got := f.Day("start", "The start date"); !got.IsZero() {
			t.Errorf("Day(%q %q %q) = %v, want the zero day", c.day, c.month, c.year, got)
		}
		want := []component.ErrorItem{{Text: c.message, Href: c.anchor}}
		if diff := cmp.Diff(want, f.Errors()); diff != "" {
			t.Errorf("%q %q %q: %s", c.day, c.month, c.year, diff)
		}
		if diff := cmp.Diff(c.wrong, f.Wrong("start")); diff != "" {
			t.Errorf("%q %q %q: %s", c.day, c.month, c.year, diff)
		}
	}
}

func TestARefusalOfManyLinesFindsEachLinesField(t *testing.T) {
	f := form.New(nil)
	f.Fail(&fault.Fault{Kind: fault.Invalid, Fields: []fault.Field{{Pointer: "/lines/2/amount", Message: "Too much."}}},
		form.Names{"/lines/*/amount": "line-*-amount", "/lines/*": "line-*"})
	if got := f.Error("line-2-amount"); got != "Too much." {
		t.Errorf("Error(line-2-amount) = %q in %v", got, f.Errors())
	}
}

func TestOnlyWhatCanBeMendedOnThePageStaysOnThePage(t *testing.T) {
	for kind, stays := range map[fault.Kind]bool{
		fault.Invalid: true, fault.Conflict: true, fault.Stale: true, fault.OverCap: true, fault.TooLarge: true, fault.Unavailable: true,
		fault.Unauthenticated: false, fault.Forbidden: false, fault.NotFound: false, fault.Internal: false,
	} {
		f := form.New(nil)
		cause := fault.New(kind, "No.")
		err := f.Fail(cause, nil)
		if stays && (err != nil || f.OK()) {
			t.Errorf("%s: Fail() = %v and OK() = %v, want it shown on the page", kind, err, f.OK())
		}
		if !stays && (err != cause || !f.OK()) {
			t.Errorf("%s: Fail() = %v and OK() = %v, want it handed back", kind, err, f.OK())
		}
	}
	if err := form.New(nil).Fail(errors.New("boom"), nil); err == nil {
		t.Error("an error that is no fault was swallowed")
	}
	if f := form.New(nil); f.Fail(nil, nil) != nil || !f.OK() {
		t.Error("no error became one")
	}
}

func TestTheOnceOnlyKeyStaysUntilSomethingConflicts(t *testing.T) {
	first := form.New(nil)
	again := form.New(url.Values{form.KeyName: {first.IdempotencyKey()}})
	if got := again.IdempotencyKey(); got != first.IdempotencyKey() {
		t.Errorf("sent again, the key went from %q to %q", first.IdempotencyKey(), got)
	}
	again.Fail(fault.New(fault.Unavailable, "Try again."), nil)
	if again.IdempotencyKey() != first.IdempotencyKey() {
		t.Error("the key changed though the work may have been done")
	}
	again.Fail(fault.New(fault.Conflict, "This form was already used for something else."), nil)
	if again.IdempotencyKey() == first.IdempotencyKey() {
		t.Error("the key that conflicts was kept, so that this form can never be sent")
	}
	if form.New(nil).IdempotencyKey() == first.IdempotencyKey() {
		t.Error("two forms share a key")
	}
	if got := form.New(url.Values{form.KeyName: {"x\" onload="}}).IdempotencyKey(); strings.Contains(got, "onload") {
		t.Errorf("a made-up key was taken: %q", got)
	}
}

func TestTheKeyIsAHiddenField(t *testing.T) {
	f := form.New(nil)
	var b strings.Builder
	if err := f.Key().Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	want := `<input type="hidden" name="once-only-key" value="` + f.IdempotencyKey() + `">`
	if b.String() != want {
		t.Errorf("Key() = %s, want %s", b.String(), want)
	}
}
