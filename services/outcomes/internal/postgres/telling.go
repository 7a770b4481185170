package postgres

import (
	"time"

	told "github.com/instead-support/instead/api/events"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/services/outcomes/internal/outcome"
	"github.com/instead-support/instead/services/outcomes/internal/rating"
)

// telling is what others are told of an entry, with ids and figures and no more:
// whoever may know what was said asks for it, and is checked.
func telling(o *outcome.Outcome, e outcome.Entry, j outcome.Jobseeker, v outcome.Verdict) events.Event {
	verdict := told.Sustained{
		Finding: string(v.Finding), Definition: v.Definition, WagePence: int64(v.Wage.Pence),
		ThresholdPence: int64(v.Threshold), EarnedPence: int64(v.Earned), Strength: v.Strength,
	}
	if a := e.Answer; a != nil {
		return told.CheckRecorded{
			OutcomeID: o.ID, Version: o.Version(), CheckID: e.CheckID, Weeks: o.WeeksOf(e.CheckID), JobseekerID: o.JobseekerID, Area: j.Area,
			InWork: a.InWork, Until: date(a.Until()), WeeklyMinutes: a.Minutes, PayPence: int64(a.Pay.Pence), PayPer: string(a.Pay.Per),
			Evidence: string(a.Evidence), ByJobseeker: e.By.Jobseeker, Sustained: verdict, At: e.At,
		}
	}
	s := o.Start
	return told.OutcomeRecorded{
		OutcomeID: o.ID, Version: o.Version(), JobseekerID: o.JobseekerID, Area: j.Area, Kind: string(s.Kind), Route: string(s.Route),
		StartedOn: date(s.StartedOn), WeeklyMinutes: s.Minutes, PayPence: int64(s.Pay.Pence), PayPer: string(s.Pay.Per),
		Occupation: s.Occupation, AllowanceIDs: append(uuids{}, s.Allowances...), Struck: o.Struck, Sustained: verdict, At: e.At,
	}
}

func tellingDue(r dueRow) events.Event {
	return told.CheckDue{OutcomeID: r.OutcomeID, CheckID: r.ID, Weeks: r.Weeks, JobseekerID: r.JobseekerID, CoachID: r.CoachID, DueOn: date(r.DueOn)}
}

func tellingRated(r rating.Rating, j outcome.Jobseeker) events.Event {
	return told.Rated{
		JobseekerID: j.ID, Area: j.Area, About: r.About, Version: r.Version, Kind: string(r.Kind), AllowanceID: r.Allowance, CourseID: r.CourseID,
		Helped: string(r.Helped), CourseWouldHelpMore: string(r.Said.Course), At: r.At,
	}
}

func date(day time.Time) string { return day.Format(time.DateOnly) }
