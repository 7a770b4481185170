// Package chart draws figures as SVG on the server, and says in a sentence what
// they show. A chart is never the only way to its figures: each comes with a
// heading, that sentence, and the same figures as a table.
//
// It stands beside component because it does what component refuses to do:
// arithmetic. It knows scales, round numbers and which words suit which shape of
// data; it fetches nothing and knows no page.
//
// A figure is a *int64. Nil is "no data", which is never drawn or said as zero.
// Amounts of money are whole pence, and times are tenths of a day.
//
// Widths are percentages and heights pixels, with words left unscaled, so that a
// chart fills a telephone or a printed page and its words stay as large as any
// other. Shape and pattern tell series apart as well as colour does.
package chart

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/instead-support/instead/pkg/money"
)

// Unit is what a figure counts, and so how it is written.
type Unit int

// The units.
const (
	Pounds Unit = iota // in whole pence
	Count              // of people or things
	Days               // working days, in tenths
)

// Exact writes a figure as a table does, to the penny.
func (u Unit) Exact(n int64) string {
	switch u {
	case Pounds:
		return money.Pence(n).String()
	case Days:
		if n == 10 {
			return "1 day"
		}
		return tenths(n) + " days"
	}
	return thousands(n)
}

// Round writes a figure as a sentence does: as exactly as it helps to know.
func (u Unit) Round(n int64) string {
	if u != Pounds {
		return u.Exact(n)
	}
	size := max(n, -n)
	switch {
	case size >= 1e11:
		return scaled(n, 1e11, " billion")
	case size >= 1e8:
		return scaled(n, 1e8, " million")
	case size%100 == 0 || size >= 1000_00:
		return pounds(int64(math.Round(float64(n) / 100)))
	}
	return money.Pence(n).String()
}

// Tick writes a figure as an axis does, where there is little room.
func (u Unit) Tick(n int64) string {
	size := max(n, -n)
	switch {
	case u == Pounds && size >= 1e11:
		return scaled(n, 1e11, "bn")
	case u == Pounds && size >= 1e8:
		return scaled(n, 1e8, "m")
	case u == Pounds && n%100 == 0:
		return pounds(n / 100)
	case u == Pounds:
		return money.Pence(n).String()
	case u == Days:
		return tenths(n)
	}
	return thousands(n)
}

// scaled is pounds in millions or billions with at most two decimals.
func scaled(n, by int64, word string) string {
	amount := strconv.FormatFloat(math.Abs(float64(n)/float64(by)), 'f', 2, 64)
	amount = strings.TrimSuffix(strings.TrimRight(amount, "0"), ".")
	if n < 0 {
		return "-£" + amount + word
	}
	return "£" + amount + word
}

func pounds(n int64) string {
	if n < 0 {
		return "-£" + thousands(-n)
	}
	return "£" + thousands(n)
}

// tenths is a number that is kept in tenths: "3.5", or "4" for forty of them.
func tenths(n int64) string {
	whole, rest := thousands(max(n, -n)/10), max(n, -n)%10
	if rest != 0 {
		whole += "." + strconv.FormatInt(rest, 10)
	}
	if n < 0 {
		return "-" + whole
	}
	return whole
}

func thousands(n int64) string {
	s := strconv.FormatInt(max(n, -n), 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if n < 0 {
		return "-" + s
	}
	return s
}

// Month is a month as a page says it: "May 2026".
func Month(m time.Time) string { return m.UTC().Format("January 2006") }

// cell writes a figure in a table.
func (u Unit) cell(n *int64) string {
	if n == nil {
		return "No data"
	}
	return u.Exact(*n)
}
