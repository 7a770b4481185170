package page

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/reporting"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/chart"
	"github.com/instead-support/instead/services/portal/internal/component"
)

// scope is what the figures of a page are of: areas, a fund, months, and what they
// stand beside. All of it is in the address, so that a page can be kept and sent on.
type scope struct {
	areas    []string // those of whoever looks
	area     string   // one of them, or "" for all
	funds    []funding.Fund
	fund     uuid.UUID // one of those, or none for all
	from, to time.Time // the first days of the first and the last month
	this     time.Time // the first day of the month that today is in
	with     string    // what it is compared with: "", beforeThese, aYearBefore or an area
}

// What figures can be compared with, besides another area.
const (
	beforeThese = "before"
	aYearBefore = "year"
)

// furthestBack is how many months back figures can be asked for.
const furthestBack = 60

// monthForm is a month in an address and in reporting's contract.
const monthForm = "2006-01"

// scopeOf reads what the address asks for. What nobody could choose on the page
// counts as not asked for.
func (d Deps) scopeOf(r *http.Request) (scope, error) {
	return d.scopeIn(r, r.URL.Query())
}

func (d Deps) scopeIn(r *http.Request, q url.Values) (scope, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return scope{}, err
	}
	s := scope{areas: slices.Sorted(slices.Values(me.Areas))}
	if s.funds, err = d.funds(r.Context()); err != nil {
		return scope{}, err
	}
	today := component.Today(d.Now())
	s.this = time.Date(today.Year(), today.Month(), 1, 0, 0, 0, 0, time.UTC)
	s.from, s.to = yearBegan(s.this), s.this
	if area := q.Get("area"); slices.Contains(s.areas, area) {
		s.area = area
	}
	if id, err := uuid.Parse(q.Get("fund")); err == nil && slices.ContainsFunc(s.funds, func(f funding.Fund) bool { return f.Id == id }) {
		s.fund = id
	}
	if from, ok := s.month(q.Get("from")); ok {
		s.from = from
	}
	if to, ok := s.month(q.Get("to")); ok {
		s.to = to
	}
	if s.to.Before(s.from) {
		s.from, s.to = s.to, s.from
	}
	if with := q.Get("with"); with == beforeThese || with == aYearBefore || slices.Contains(s.areas, with) && with != s.area {
		s.with = with
	}
	return s, nil
}

// yearBegan is the 1 April on which the financial year of a month began.
func yearBegan(month time.Time) time.Time {
	year := month.AddDate(0, -3, 0).Year()
	return time.Date(year, time.April, 1, 0, 0, 0, 0, time.UTC)
}

// month reads a month that figures can be asked for.
func (s scope) month(words string) (time.Time, bool) {
	m, err := time.Parse(monthForm, words)
	return m, err == nil && !m.After(s.this) && !m.Before(s.this.AddDate(0, -furthestBack, 0))
}

// other is what the figures stand beside, if anything.
func (s scope) other() (scope, bool) {
	o := s
	o.with = ""
	switch s.with {
	case "":
		return scope{}, false
	case beforeThese:
		o.from, o.to = s.from.AddDate(0, -s.months(), 0), s.from.AddDate(0, -1, 0)
	case aYearBefore:
		o.from, o.to = s.from.AddDate(-1, 0, 0), s.to.AddDate(-1, 0, 0)
	default:
		o.area = s.with
	}
	return o, true
}

// months is how many there are.
func (s scope) months() int {
	return 12*(s.to.Year()-s.from.Year()) + int(s.to.Month()) - int(s.from.Month()) + 1
}

// notOver reports whether the last month still goes on.
func (s scope) notOver() bool { return s.to.Equal(s.this) }

// query is the scope as an address carries it, with no more in it than differs
// from what a page shows by itself.
func (s scope) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"area": s.area, "with": s.with} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if s.fund != uuid.Nil {
		q.Set("fund", s.fund.String())
	}
	if !s.from.Equal(yearBegan(s.this)) || !s.to.Equal(s.this) {
		q.Set("from", s.from.Format(monthForm))
		q.Set("to", s.to.Format(monthForm))
	}
	return q
}

// at is an address of this scope, with more of a query if there is any: names
// and values in turn.
func (s scope) at(path string, more ...string) string {
	q := s.query()
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// What reporting is asked: nil is what it takes by itself.

func (s scope) inAreas() *reporting.Area {
	if s.area == "" {
		return nil
	}
	return &reporting.Area{s.area}
}

func (s scope) ofFund() *reporting.Fund {
	if s.fund == uuid.Nil {
		return nil
	}
	return &s.fund
}

func (s scope) first() *reporting.From { return new(s.from.Format(monthForm)) }
func (s scope) last() *reporting.To    { return new(s.to.Format(monthForm)) }

// monthWords are the months in words: "April 2026 to November 2026".
func (s scope) monthWords() string {
	if s.from.Equal(s.to) {
		return chart.Month(s.from)
	}
	return chart.Month(s.from) + " to " + chart.Month(s.to)
}

func (s scope) areaWords() string {
	if s.area != "" {
		return s.area
	}
	return listed(s.areas)
}

func (s scope) fundWords() string {
	for _, f := range s.funds {
		if f.Id == s.fund {
			return f.Name
		}
	}
	return "all funds"
}

// words say what the figures are of, whole: a page without a fund leaves it out.
func (s scope) words(ofFunds bool) string {
	if !ofFunds {
		return s.areaWords() + ", " + s.monthWords()
	}
	return joined(", ", s.areaWords(), s.fundWords(), s.monthWords())
}

// withWords are what the figures stand beside, as a sentence goes on.
func (s scope) withWords() string {
	o, ok := s.other()
	switch {
	case !ok:
		return ""
	case s.with == beforeThese || s.with == aYearBefore:
		return o.monthWords()
	}
	return s.with
}

// narrowed reports whether somebody chose anything.
func (s scope) narrowed() bool { return len(s.query()) > 0 }

func (s scope) monthOptions() []component.Option {
	first := s.this.AddDate(0, -furthestBack, 0)
	var all []component.Option
	for m := s.this; !m.Before(first); m = m.AddDate(0, -1, 0) {
		all = append(all, component.Option{Value: m.Format(monthForm), Text: chart.Month(m)})
	}
	return all
}

func (s scope) fundOptions() []component.Option {
	all := []component.Option{{Text: "All funds"}}
	for _, f := range s.funds {
		all = append(all, component.Option{Value: f.Id.String(), Text: f.Name})
	}
	return all
}

func (s scope) withOptions() []component.Option {
	all := []component.Option{{Text: "Nothing"}, {Value: beforeThese, Text: "As many months before"}, {Value: aYearBefore, Text: "The same months a year before"}}
	if len(s.areas) < 2 {
		return all
	}
	for _, a := range s.areas {
		if a != s.area {
			all = append(all, component.Option{Value: a, Text: a})
		}
	}
	return all
}

// fresh says as of when figures are, and what is not in them yet. A few events
// always wait for a moment, which is nothing to speak of.
func fresh(f reporting.Freshness) (asAt, behind string) {
	if f.AsAt == nil {
		asAt = "Nothing has happened yet that could be counted."
	} else {
		asAt = "As at " + component.Moment(*f.AsAt) + ", when something last changed."
	}
	if f.Behind > 0 && f.BehindSeconds >= 10 {
		behind = "These figures are behind: " + counted(int(f.Behind), "change is", "changes are") + " not counted yet, the oldest from " + ago(f.BehindSeconds) + " ago."
	}
	return asAt, behind
}

func ago(seconds int64) string {
	switch {
	case seconds < 120:
		return counted(int(seconds), "second", "seconds")
	case seconds < 7200:
		return counted(int(seconds/60), "minute", "minutes")
	}
	return counted(int(seconds/3600), "hour", "hours")
}

// changed is how a figure stands to the one beside it, in words.
func changed(is, was int64) string {
	switch {
	case is == was:
		return "the same"
	case was == 0:
		return "there was none"
	}
	percent := (float64(is) - float64(was)) / float64(max(was, -was)) * 100
	switch {
	case percent >= 1000:
		return "more than ten times as much"
	case percent >= 0.5:
		return grouped(int(percent+0.5)) + "% more"
	case percent <= -0.5:
		return grouped(int(-percent+0.5)) + "% less"
	}
	return "nearly the same"
}

// keyed is a month's key as it is said, or the key itself.
func keyed(key string) string {
	if m, err := time.Parse(monthForm, key); err == nil {
		return chart.Month(m)
	}
	return strings.TrimSpace(key)
}
