package rest

import (
	"time"

	openapi "github.com/oapi-codegen/runtime/types"

	api "github.com/instead-support/instead/api/outcomes"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/outcomes/internal/occupation"
	"github.com/instead-support/instead/services/outcomes/internal/outcome"
	"github.com/instead-support/instead/services/outcomes/internal/rating"
	"github.com/instead-support/instead/services/outcomes/internal/voice"
)

// or is what p points at, or otherwise.
func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// each translates every one of in, and is never nil: an empty list is [] and not
// null.
func each[A, B any](in []A, f func(A) B) []B {
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = f(a)
	}
	return out
}

func toPage(number, size *int) outcome.Page {
	return outcome.Page{Number: or(number, 1), Size: or(size, 25)}
}

func day(t time.Time) openapi.Date { return openapi.Date{Time: t} }

func toPay(pence int64, per api.PayPer) outcome.Pay {
	return outcome.Pay{Pence: money.Pence(pence), Per: outcome.Per(per)}
}

func toStart(s api.Start) outcome.Start {
	return outcome.Start{
		Kind: outcome.Kind(s.Kind), Route: outcome.Route(s.Route), StartedOn: s.StartedOn.Time, Minutes: s.WeeklyMinutes,
		Pay: toPay(s.PayPence, s.PayPer), Employer: s.Employer, Occupation: s.Occupation, Allowances: s.AllowanceIds,
	}
}

func fromStart(s outcome.Start) api.Start {
	return api.Start{
		Kind: api.Kind(s.Kind), Route: api.Route(s.Route), StartedOn: day(s.StartedOn), WeeklyMinutes: s.Minutes,
		PayPence: int64(s.Pay.Pence), PayPer: api.PayPer(s.Pay.Per), Employer: s.Employer, Occupation: s.Occupation, AllowanceIds: s.Allowances,
	}
}

func toAnswer(a api.Answer) outcome.Answer {
	return outcome.Answer{
		InWork: a.InWork, AsOf: a.AsOf.Time, LeftOn: a.LeftOn.Time, Minutes: a.WeeklyMinutes, Pay: toPay(a.PayPence, a.PayPer),
		Evidence: outcome.Evidence(a.Evidence), Words: a.Words,
	}
}

func fromAnswer(a outcome.Answer) api.Answer {
	return api.Answer{
		InWork: a.InWork, AsOf: day(a.AsOf), LeftOn: day(a.LeftOn), WeeklyMinutes: a.Minutes,
		PayPence: int64(a.Pay.Pence), PayPer: api.PayPer(a.Pay.Per), Evidence: api.Evidence(a.Evidence), Words: a.Words,
	}
}

func fromStanding(s outcome.Standing) api.Outcome {
	o := api.Outcome{
		Id: s.ID, JobseekerId: s.JobseekerID, Version: s.Version(), Kind: api.Kind(s.Start.Kind), Route: api.Route(s.Start.Route),
		StartedOn: day(s.Start.StartedOn), WeeklyMinutes: s.Start.Minutes, PayPence: int64(s.Start.Pay.Pence), PayPer: api.PayPer(s.Start.Pay.Per),
		Employer: s.Start.Employer, AllowanceIds: append([]openapi.UUID{}, s.Start.Allowances...), Struck: s.Struck,
		Checks:    each(s.Checks, func(c outcome.Check) api.Check { return fromCheck(c, s.Today) }),
		Sustained: fromVerdict(s.Verdict),
		History:   each(s.Entries, func(e outcome.Entry) api.Entry { return fromEntry(s.Outcome, e) }),
		Can:       each(s.Can, func(v outcome.Verb) api.Verb { return api.Verb(v) }),
	}
	if g, ok := occupation.Of(s.Start.Occupation); ok {
		o.Occupation = fromOccupation(g)
	}
	return o
}

func fromCheck(c outcome.Check, today time.Time) api.Check {
	out := api.Check{Id: c.ID, Weeks: c.Weeks, DueOn: day(c.DueOn), State: api.CheckState(c.State(today)), RemindedOn: day(c.RemindedOn)}
	if g := c.Answer; g != nil {
		a := fromAnswer(g.Answer)
		out.Answer = api.StandingAnswer{
			InWork: a.InWork, AsOf: a.AsOf, LeftOn: a.LeftOn, WeeklyMinutes: a.WeeklyMinutes, PayPence: a.PayPence, PayPer: a.PayPer,
			Evidence: a.Evidence, Words: a.Words, Strength: g.Evidence.Strength(), ByName: g.By.Name, ByJobseeker: g.By.Jobseeker, At: g.At,
		}
	}
	return out
}

func fromVerdict(v outcome.Verdict) api.Sustained {
	return api.Sustained{
		State: api.SustainedState(v.Finding), Definition: v.Definition, WagePence: int64(v.Wage.Pence), WageFrom: day(v.Wage.FirstDay),
		ThresholdPence: int64(v.Threshold), EarnedPence: int64(v.Earned), Weeks: v.Weeks, KnownTo: day(v.KnownTo), Strength: v.Strength,
	}
}

func fromEntry(o *outcome.Outcome, e outcome.Entry) api.Entry {
	out := api.Entry{
		Number: e.Number, Act: api.Act(e.Deed), CheckId: e.CheckID, Weeks: o.WeeksOf(e.CheckID),
		Why: e.Why, ByName: e.By.Name, ByJobseeker: e.By.Jobseeker, At: e.At,
	}
	if e.Start != nil {
		out.Start = fromStart(*e.Start)
	}
	if e.Answer != nil {
		out.Answer = fromAnswer(*e.Answer)
	}
	return out
}

func fromWaiting(w outcome.Waiting, today time.Time) api.Waiting {
	return api.Waiting{
		Check: fromCheck(w.Check, today), OutcomeId: w.OutcomeID, JobseekerId: w.JobseekerID, Kind: api.Kind(w.Kind),
		Employer: w.Employer, StartedOn: day(w.StartedOn), Area: w.Area, CoachName: w.CoachName, Version: w.Version,
	}
}

func fromOccupation(g occupation.Group) api.Occupation {
	return api.Occupation{Code: g.Code, Title: g.Title, MajorGroup: g.Major()}
}

func fromRules(r outcome.Rules) api.Definitions {
	return api.Definitions{
		Sustained: each(r.Definitions, func(d outcome.Definition) api.Definition {
			return api.Definition{
				Version: d.Version, FirstDay: day(d.FirstDay), WeeklyHours: d.WeeklyHours, Weeks: d.Weeks,
				SelfEmployedWeeks: d.SelfEmployedWeeks, Words: d.Words, Source: d.Source,
			}
		}),
		Wages: each(r.Wages, func(w outcome.Wage) api.Wage {
			return api.Wage{FirstDay: day(w.FirstDay), Pence: int64(w.Pence), Source: w.Source}
		}),
	}
}

func fromRating(r rating.Rating) api.Rating {
	return api.Rating{
		About: r.About, Kind: api.RatingKind(r.Kind), What: r.What, AllowanceId: r.Allowance, CourseName: r.CourseName,
		RequestId: r.Request, Reference: r.Reference, Version: r.Version,
		Helped: api.Helped(r.Helped), CourseWouldHelpMore: api.WouldHelp(r.Said.Course), Words: r.Words, At: r.At,
	}
}

func fromUseful(u rating.Useful) api.Usefulness {
	return api.Usefulness{
		CourseId: u.CourseID, CourseName: u.CourseName,
		CourseHelped: fromHelpedCount(u.CourseHelped), InsteadHelped: fromHelpedCount(u.InsteadHelped), CourseMore: fromMoreCount(u.CourseMore),
	}
}

func fromHelpedCount(c rating.Count) api.HelpedCount {
	return api.HelpedCount{Shown: api.Shown(c.Shown), Partial: c.Partial, People: c.People, ALot: c.ALot, ALittle: c.ALittle, Pointless: c.Pointless}
}

func fromMoreCount(c rating.Count) api.MoreCount {
	return api.MoreCount{Shown: api.Shown(c.Shown), Partial: c.Partial, People: c.People, CourseMore: c.CourseMore, CourseNoMore: c.CourseNoMore, NotSure: c.NotSure}
}

// fromBallot tells of votes only once the ballot is closed, and then what can be told.
func fromBallot(b voice.Standing) api.Ballot {
	out := api.Ballot{
		Id: b.ID, Area: b.Area, Kind: api.BallotKind(b.Kind), State: api.BallotState(b.State), OpensOn: day(b.OpensOn), ClosesOn: day(b.ClosesOn),
		ByName: b.ByName, Version: b.Version(), MyVote: b.Mine, TurnoutShown: api.ShownNone, CancelledBy: b.CancelledBy, Why: b.Why,
		Can: each(b.Can, func(v voice.Verb) api.BallotCan { return api.BallotCan(v) }),
		Options: each(b.Options, func(o voice.Option) api.BallotOption {
			return api.BallotOption{Number: o.Number, Text: o.Text, CourseId: o.CourseID, Shown: api.ShownNone}
		}),
	}
	if b.State != voice.Closed {
		return out
	}
	result := b.Told()
	out.TurnoutShown, out.Turnout = api.ShownTold, result.Turnout
	if result.Turnout == 0 {
		out.TurnoutShown = api.ShownSuppressed
	}
	for i, votes := range result.Votes {
		out.Options[i].Shown, out.Options[i].Votes = api.ShownTold, votes
		if votes < 0 {
			out.Options[i].Shown, out.Options[i].Votes = api.ShownSuppressed, 0
		}
	}
	return out
}

func fromTrace(t outcome.Trace) api.AuditEntry {
	return api.AuditEntry{At: t.At, PersonId: t.Person, Action: t.Action, Subject: t.Subject, SubjectId: t.SubjectID}
}
