// Package form reads what somebody typed, says what is wrong with it, and
// gives all of it back, so that nobody types anything twice. It parses; it
// does not judge: what is allowed is the services' to say, and Fail puts their
// answer beside the right field.
//
//	f := form.New(values)
//	line := api.NewLine{
//		What:   f.Required("what", "Enter what is needed."),
//		Amount: f.Money("amount"),
//		From:   f.Day("from", "The date it is needed"),
//	}
//	if f.OK() {
//		_, err := funding.AddLine(ctx, f.IdempotencyKey(), line)
//		if err := f.Fail(err, form.Names{"/amount": "amount", "/what": "what"}); err != nil {
//			return err // not something to mend on this page
//		}
//	}
//	if !f.OK() {
//		return render(c, addLine(f))
//	}
//
// Read the fields in the order the page shows them: the error summary lists
// them in that order.
package form

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/portal/internal/component"
)

// Form is what was typed, and what is wrong with it.
type Form struct {
	values  url.Values
	order   []string          // the fields, as first read
	errors  map[string]string // by field
	anchors map[string]string // where the summary links to, if not the field's own name
	wrong   map[string][]string
	general []string // what is wrong with the form as a whole
	key     string
}

// New returns a form holding values, which may be nil for a form not yet
// filled in.
func New(values url.Values) *Form {
	f := &Form{values: url.Values{}, errors: map[string]string{}, anchors: map[string]string{}, wrong: map[string][]string{}}
	for name, vs := range values {
		for _, v := range vs {
			f.values.Add(name, clean(v))
		}
	}
	f.key = keyOr(f.values.Get(KeyName))
	return f
}

// clean makes text that a database takes and a person would not miss: browsers
// end lines as in 1980, and a NUL comes only from a program.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "").Replace(s)
}

// Value is what was typed in the field, as it was typed.
func (f *Form) Value(name string) string { return f.values.Get(name) }

// Values is all that was chosen in a group of checkboxes.
func (f *Form) Values(name string) []string {
	f.read(name)
	return f.values[name]
}

// Set fills a field in, as if somebody had typed it.
func (f *Form) Set(name, value string) { f.values.Set(name, value) }

func (f *Form) read(name string) {
	if !slices.Contains(f.order, name) {
		f.order = append(f.order, name)
	}
}

// Text is what was typed in the field, without space around it.
func (f *Form) Text(name string) string {
	f.read(name)
	return strings.TrimSpace(f.Value(name))
}

// Required is Text; nothing typed is an error that says message.
func (f *Form) Required(name, message string) string {
	s := f.Text(name)
	f.Want(s != "", name, message)
	return s
}

// Choice is the one chosen; none, or one that was not offered, is an error
// that says message.
func (f *Form) Choice(name, message string, offered ...string) string {
	s := f.Text(name)
	f.Want(slices.Contains(offered, s), name, message)
	return s
}

// AtMost makes more than this many characters in the field an error. What
// begins the message: "Why it is needed".
func (f *Form) AtMost(name string, characters int, what string) {
	f.Want(utf8.RuneCountInString(f.Text(name)) <= characters, name,
		what+" must be "+strconv.Itoa(characters)+" characters or fewer.")
}

// Money is the amount typed in pounds; what can't be read as one is an error.
func (f *Form) Money(name string) money.Pence {
	p, err := money.Parse(f.Text(name))
	if err != nil {
		f.Want(false, name, err.Error())
	}
	return p
}

// Day is the day typed, at 00:00 UTC: in the boxes of a DateInput, or as
// yyyy-mm-dd in one field. What begins each message: "The start date".
func (f *Form) Day(name, what string) time.Time {
	f.read(name)
	if s := f.Text(name); s != "" {
		day, err := time.Parse(time.DateOnly, s)
		f.Want(err == nil, name, what+" must be a real date.")
		return day
	}
	var missing, odd []string
	var n [3]int
	for i, part := range []string{"day", "month", "year"} {
		s := strings.TrimSpace(f.Value(name + "-" + part))
		var ok bool
		n[i], ok = whole(part, s)
		switch {
		case s == "":
			missing = append(missing, part)
		case !ok:
			odd = append(odd, part)
		}
	}
	switch {
	case len(missing) == 3:
		f.wantDay(name, what+" is missing. Enter a day, a month and a year.")
	case len(missing) > 0:
		f.wantDay(name, what+" must include a "+strings.Join(missing, " and a ")+".", missing...)
	case slices.Equal(odd, []string{"year"}):
		f.wantDay(name, what+" must have a year of 4 numbers.", "year")
	case len(odd) > 0:
		f.wantDay(name, what+" must be a real date.", odd...)
	default:
		day := time.Date(n[2], time.Month(n[1]), n[0], 0, 0, 0, 0, time.UTC)
		if day.Day() == n[0] {
			return day
		}
		f.wantDay(name, what+" must be a real date.")
	}
	return time.Time{}
}

// whole reads a part of a date. A month may be written as a word, as people
// do whatever the label says.
func whole(part, s string) (int, bool) {
	n, err := strconv.Atoi(s)
	switch part {
	case "day":
		return n, err == nil && n >= 1 && n <= 31
	case "month":
		if err != nil && len(s) >= 3 {
			for m := time.January; m <= time.December; m++ {
				if strings.HasPrefix(strings.ToLower(m.String()), strings.ToLower(s)) {
					return int(m), true
				}
			}
		}
		return n, err == nil && n >= 1 && n <= 12
	}
	return n, err == nil && len(s) == 4 && n >= 1900
}

// wantDay records an error whose link leads to the first wrong box.
func (f *Form) wantDay(name, message string, parts ...string) {
	f.Want(false, name, message)
	f.wrong[name] = parts
	f.anchors[name] = name + "-" + append(parts, "day")[0]
}

// Wrong is which boxes of a DateInput its error is about; none means all.
func (f *Form) Wrong(name string) []string { return f.wrong[name] }

// Want records message as what is wrong with the field unless ok. The first
// thing wrong with a field stays: to mend it may mend the rest.
func (f *Form) Want(ok bool, name, message string) {
	f.read(name)
	if _, already := f.errors[name]; !ok && !already {
		f.errors[name] = message
	}
}

// WantWhole records message as what is wrong with the form as a whole.
func (f *Form) WantWhole(ok bool, message string) {
	if !ok && !slices.Contains(f.general, message) {
		f.general = append(f.general, message)
	}
}

// Error is what is wrong with the field, or nothing.
func (f *Form) Error(name string) string { return f.errors[name] }

// OK reports whether nothing has been found wrong.
func (f *Form) OK() bool { return len(f.errors) == 0 && len(f.general) == 0 }

// Errors is all that is wrong, for the error summary: the form as a whole
// first, then field by field in the order they were read.
func (f *Form) Errors() []component.ErrorItem {
	var all []component.ErrorItem
	for _, message := range f.general {
		all = append(all, component.ErrorItem{Text: message})
	}
	for _, name := range f.order {
		if message, wrong := f.errors[name]; wrong {
			anchor := name
			if a, ok := f.anchors[name]; ok {
				anchor = a
			}
			all = append(all, component.ErrorItem{Text: message, Href: "#" + anchor})
		}
	}
	return all
}
