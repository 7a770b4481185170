package award_test

import (
	"testing"
	"time"

	"github.com/instead-support/instead/services/funding/internal/award"
)

func TestTheClockOfADecisionCountsWorkingDaysOnWhichNoQuestionWaits(t *testing.T) {
	t.Parallel()
	at := func(moment string) time.Time {
		if moment == "" {
			return time.Time{}
		}
		when, err := time.Parse(time.RFC3339, moment)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for name, test := range map[string]struct {
		sent   string
		days   int
		waits  [][2]string // asked and answered
		now    string
		by     string
		stands bool
	}{
		"the day it was sent does not count":             {"2026-06-01T09:00:00+01:00", 3, nil, "2026-06-01T10:00:00+01:00", "2026-06-04", false},
		"nor does a weekend":                             {"2026-06-04T09:00:00+01:00", 3, nil, "2026-06-04T10:00:00+01:00", "2026-06-09", false},
		"nor a bank holiday":                             {"2026-08-27T09:00:00+01:00", 3, nil, "2026-08-27T10:00:00+01:00", "2026-09-02", false},
		"nor Easter":                                     {"2026-04-02T09:00:00+01:00", 1, nil, "2026-04-02T10:00:00+01:00", "2026-04-07", false},
		"it is a day in London":                          {"2026-06-04T00:30:00+01:00", 1, nil, "2026-06-04T10:00:00+01:00", "2026-06-05", false},
		"no terms, no day":                               {"2026-06-01T09:00:00+01:00", 0, nil, "2026-06-01T10:00:00+01:00", "", false},
		"answered the same day, nothing is lost":         {"2026-06-01T09:00:00+01:00", 3, [][2]string{{"2026-06-02T09:00:00+01:00", "2026-06-02T17:00:00+01:00"}}, "2026-06-03T10:00:00+01:00", "2026-06-04", false},
		"the days to the answer are left out":            {"2026-06-01T09:00:00+01:00", 3, [][2]string{{"2026-06-02T09:00:00+01:00", "2026-06-04T09:00:00+01:00"}}, "2026-06-04T10:00:00+01:00", "2026-06-08", false},
		"but not weekends and bank holidays twice":       {"2026-08-27T09:00:00+01:00", 3, [][2]string{{"2026-08-28T09:00:00+01:00", "2026-09-01T09:00:00+01:00"}}, "2026-09-01T10:00:00+01:00", "2026-09-03", false},
		"nor days on which two questions wait":           {"2026-06-01T09:00:00+01:00", 2, [][2]string{{"2026-06-01T10:00:00+01:00", "2026-06-03T09:00:00+01:00"}, {"2026-06-02T10:00:00+01:00", "2026-06-03T12:00:00+01:00"}}, "2026-06-03T13:00:00+01:00", "2026-06-05", false},
		"while it waits it is as if answered today":      {"2026-06-01T09:00:00+01:00", 3, [][2]string{{"2026-06-02T09:00:00+01:00", ""}}, "2026-06-05T10:00:00+01:00", "2026-06-09", true},
		"what was asked when it was late changes no day": {"2026-06-01T09:00:00+01:00", 2, [][2]string{{"2026-06-08T09:00:00+01:00", ""}}, "2026-06-10T10:00:00+01:00", "2026-06-03", true},
	} {
		p := award.Pace{Sent: at(test.sent), Days: test.days}
		for _, w := range test.waits {
			p.Waits = append(p.Waits, award.Wait{Asked: at(w[0]), Answered: at(w[1])})
		}
		want := award.Clock{Stands: test.stands}
		if test.by != "" {
			want.By = at(test.by + "T00:00:00Z")
		}
		if got := p.Clock(at(test.now)); !got.By.Equal(want.By) || got.Stands != want.Stands {
			t.Errorf("%s: by %s, stands %v; want %s, %v", name, got.By.Format(time.DateOnly), got.Stands, test.by, test.stands)
		}
	}
}
