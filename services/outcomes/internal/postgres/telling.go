package postgres

import (
	"time"

	told "github.com/instead-support/instead/api/events"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/services/outcomes/internal/outcome"
	"github.com/instead-support/instead/services/outcomes/internal/rating"
	"github.com/instead-support/instead/services/outcomes/internal/voice"
)

// telling is what others are told of an entry: what totals are made of, and not
// whose it is. Whoever may know more asks for it, and is checked.
func telling(o *outcome.Outcome, e outcome.Entry, j outcome.Jobseeker, v outcome.Verdict) events.Event {
	answered := []int{}
	for _, c := range o.Checks {
		if c.Answer != nil {
			answered = append(answered, c.Weeks)
		}
	}
	if a := e.Answer; a != nil {
		return told.CheckRecorded{
			OutcomeID: o.ID, Version: o.Version(), Area: j.Area, Weeks: o.WeeksOf(e.CheckID), InWork: a.InWork,
			AnsweredWeeks: answered, Sustained: string(v.Finding), At: e.At,
		}
	}
	s := o.Start
	return told.OutcomeRecorded{
		OutcomeID: o.ID, Version: o.Version(), Area: j.Area, Kind: string(s.Kind), Route: string(s.Route), StartedOn: date(s.StartedOn),
		OccupationGroup: s.Occupation[:min(1, len(s.Occupation))], AllowanceIDs: append(uuids{}, s.Allowances...), Struck: o.Struck,
		AnsweredWeeks: answered, Sustained: string(v.Finding), At: e.At,
	}
}

func tellingDue(r dueRow) events.Event {
	return told.CheckDue{OutcomeID: r.OutcomeID, CheckID: r.ID, Weeks: r.Weeks, JobseekerID: r.JobseekerID, CoachID: r.CoachID, DueOn: date(r.DueOn)}
}

func tellingClosed(b *voice.Ballot) events.Event {
	result := b.Told()
	e := told.BallotClosed{
		BallotID: b.ID, Area: b.Area, Kind: string(b.Kind), OpenedOn: date(b.OpensOn), ClosedOn: date(b.ClosesOn), Turnout: result.Turnout,
		Options: []told.Choice{}, At: b.ClosedAt,
	}
	for i, o := range b.Options {
		e.Options = append(e.Options, told.Choice{Number: o.Number, Text: o.Text, CourseID: o.CourseID, Told: result.Votes[i] >= 0, Votes: max(result.Votes[i], 0)})
	}
	return e
}

func answered(s rating.Said) told.Answered {
	return told.Answered{Helped: string(s.Helped), CourseWouldHelpMore: string(s.Course)}
}

func date(day time.Time) string { return day.Format(time.DateOnly) }
