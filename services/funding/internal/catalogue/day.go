package catalogue

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The years that a price can be of. A list that says 31/12/9999 for an end
// means that no end is known.
const (
	firstYear = 1990
	lastYear  = 2098
)

var (
	timeOfDay = regexp.MustCompile(`(?:T|\s+)\d{1,2}:\d{2}.*$`)
	ordinal   = regexp.MustCompile(`(\d)(?:st|nd|rd|th)\b`)
	serial    = regexp.MustCompile(`^\d{5}(?:\.0+)?$`)
	marks     = strings.NewReplacer("/", " ", ".", " ", "-", " ", ",", " ")
)

// Every spelling has the day before the month, but for those that begin with
// the year or name the month. None has the month first in figures: to read
// 03/04/2017 as March in one file and as April in another would be worse than
// to refuse both.
var spellings = []string{"2 1 2006", "2 Jan 2006", "2 January 2006", "2006 1 2", "2 Jan 06", "2 January 06", "2 1 06", "20060102", "Jan 2 2006", "January 2 2006"}

// parseDay reads a day as spreadsheets and people write it: "01 May 2017",
// "2017-05-01", "01/05/2017", "01.05.2017", "1-May-17", "2017-05-01 00:00:00",
// and 42856, which is how Excel counts it.
func parseDay(s string) (day time.Time, ok bool) {
	s = timeOfDay.ReplaceAllString(s, "")
	if serial.MatchString(s) {
		n, _ := strconv.Atoi(s[:5])
		return time.Date(1899, 12, 30+n, 0, 0, 0, 0, time.UTC), true
	}
	s = ordinal.ReplaceAllString(s, "$1")
	s = strings.ReplaceAll(strings.Join(strings.Fields(marks.Replace(s)), " "), "Sept ", "Sep ")
	for _, spelling := range spellings {
		if t, err := time.Parse(spelling, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
