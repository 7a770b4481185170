package catalogue

import (
	"strings"
	"time"
	"unicode"
)

// Query is what somebody looks for.
type Query struct {
	Text     string
	PricedOn time.Time // only courses with a price that day; zero for all
	Today    time.Time // the day whose price is shown if PricedOn is zero
	Page     Page
}

// Page is which part of a list to answer with.
type Page struct{ Number, Size int } // Number counts from 1

// Offset is how many come before the page.
func (p Page) Offset() int { return (p.Number - 1) * p.Size }

// Most is how many matches of a search are counted and can be paged through.
// Whoever is shown as many has to say more, not to leaf on.
const Most = 1000

// ShownOn is the day whose price is shown beside a course.
func (q Query) ShownOn() time.Time {
	if q.PricedOn.IsZero() {
		return q.Today
	}
	return q.PricedOn
}

// Found is a course that matches, with its price on the day shown if it has one.
type Found struct {
	Course Course
	Price  *Price
}

// Flagged is a price that a person must confirm, with its course.
type Flagged struct {
	Course Course
	Price  Price
}

// NameWords is every word of the name, folded, each once.
func (d Details) NameWords() []string { return distinct(Words(d.Name)) }

// AllWords is every word by which a course can be found, folded, each once. Its
// code is not among them: it is looked up as a whole, or parts of codes would
// be found by anyone who looks for "level 3".
func (d Details) AllWords() []string {
	level := d.Level
	if len(level) == 1 && unicode.IsDigit(rune(level[0])) {
		level = "level " + level
	}
	return distinct(Words(strings.Join([]string{d.Name, d.Subject, d.Provider, level, d.Place}, " ")))
}

func distinct(words []string) []string {
	seen := make(map[string]bool, len(words))
	out := words[:0]
	for _, w := range words {
		if !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	return out
}

// CodePrefix is the text as the beginning of a code, or "" if it is none: a code
// has a figure in it, and fewer than three characters begin too many.
func (q Query) CodePrefix() string {
	key := CodeKey(q.Text)
	if len(key) < 3 || !strings.ContainsFunc(key, unicode.IsDigit) {
		return ""
	}
	return key
}
