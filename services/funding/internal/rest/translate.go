package rest

import (
	"time"

	openapi "github.com/oapi-codegen/runtime/types"

	api "github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/services/funding/internal/award"
)

func fromAllowance(a *award.Allowance) api.Allowance {
	return api.Allowance{
		Id: a.ID, JobseekerId: a.JobseekerID,
		CourseId: a.CourseID, CourseCode: a.CourseCode, CourseName: a.CourseName,
		CapPence: int64(a.Cap), PricedOn: openapi.Date{Time: a.PricedOn}, PriceSource: a.Source,
		Area: a.Area, CoachId: a.CoachID, CoachName: a.CoachName, OpenedAt: a.OpenedAt,
		HeldPence: int64(a.Held), CommittedPence: int64(a.Committed), PaidPence: int64(a.Paid), AvailablePence: int64(a.Available()), OverPence: int64(a.Over),
		Version: a.Version,
	}
}

func fromLedger(a *award.Allowance, postings []award.Posting) api.AllowanceWithEntries {
	s := fromAllowance(a)
	return api.AllowanceWithEntries{
		Id: s.Id, JobseekerId: s.JobseekerId, CourseId: s.CourseId, CourseCode: s.CourseCode, CourseName: s.CourseName,
		CapPence: s.CapPence, PricedOn: s.PricedOn, PriceSource: s.PriceSource,
		Area: s.Area, CoachId: s.CoachId, CoachName: s.CoachName, OpenedAt: s.OpenedAt,
		HeldPence: s.HeldPence, CommittedPence: s.CommittedPence, PaidPence: s.PaidPence, AvailablePence: s.AvailablePence, OverPence: s.OverPence,
		Version: s.Version,
		Entries: each(postings, func(p award.Posting) api.Entry {
			return api.Entry{Id: p.ID, Kind: api.EntryKind(p.Kind), Pence: int64(p.Pence), RequestId: p.RequestID, Reference: p.Reference, At: p.At}
		}),
	}
}

func fromStanding(s award.Standing) api.Request {
	r := s.Request
	out := api.Request{
		Id: r.ID, Reference: r.Reference, JobseekerId: r.JobseekerID, Allowance: fromAllowance(s.Allowance), Area: r.Area,
		Fund:  fromFunder(r.Fund),
		State: api.State(r.State()), Lines: each(r.Lines, fromLine), Elsewhere: fromElsewhere(r.Elsewhere),
		AskedPence: int64(r.Asked()), AwardedPence: int64(r.Awarded),
		OverPence: int64(max(0, s.Allowance.Excess(r))), CommittedPence: int64(r.Committed), PaidPence: int64(r.Paid), InFlightPence: int64(s.InFlight),
		OtherFunding: r.OtherFunding, Scrutiny: r.Scrutiny,
		History: each(r.History, fromStep),
		Can:     each(s.Can, func(v award.Verb) api.Verb { return api.Verb(v) }),
		Version: r.Version,

		ChallengeUntil: openapi.Date{Time: s.ChallengeUntil}, DecideBy: openapi.Date{Time: s.Clock.By}, ClockStands: s.Clock.Stands,
	}
	if b := s.Budget; b != nil {
		out.Budget = api.RequestBudget{Id: b.ID, Year: int(b.Year), LeftPence: int64(b.Left())}
	}
	if r.Exception != award.NotAsked {
		out.Exception = api.Exception{State: api.ExceptionState(r.Exception), OverPence: int64(r.Over)}
	}
	if a := r.Automatic; a != nil {
		out.Automatic = fromAutomatic(*a)
	}
	if p := s.Promise; p != nil {
		out.RunsOutOn, out.WarnedAt = openapi.Date{Time: p.RunsOutOn()}, p.Warned
	}
	if k := s.Kept; k != nil {
		out.KeptOn = api.KeptOn{At: k.At, ByName: k.ByName, Words: k.Words, Until: openapi.Date{Time: k.Until}}
	}
	if sent, ok := r.Submission(); ok {
		out.SubmittedAt, out.SubmittedById, out.SubmittedByName = sent.At, sent.By, sent.ByName
	}
	if decided, ok := r.Decision(); ok {
		out.DecidedAt, out.DecidedById, out.DecidedByName = decided.At, decided.By, decided.ByName
		out.DecisionCode, out.DecisionWords = string(decided.Code), decided.Words
	}
	return out
}

func fromFunder(f award.Fund) api.RequestFund {
	return api.RequestFund{Id: f.ID, Code: f.Code, Name: f.Name}
}

func fromAutomatic(a award.Automatic) api.Automatic {
	out := api.Automatic{TermsVersion: a.Version, Sampled: a.Sampled}
	if v := a.Review; v != nil {
		out.Review = api.AutomaticReview{Agrees: v.Agrees, Words: v.Words, ById: v.By, ByName: v.ByName, At: v.At}
	}
	return out
}

func fromStep(s award.Step) api.Happening {
	return api.Happening{
		From: string(s.From), To: api.State(s.To), Act: api.Deed(s.Act), At: s.At, ById: s.By, ByName: s.ByName, Code: string(s.Code), Words: s.Words,
	}
}

func fromLine(l award.Line) api.Line {
	return api.Line{
		Id: l.ID, What: l.What, Why: l.Why, NeedId: l.NeedID, Category: string(l.Category),
		Supplier: l.Supplier, AmountPence: int64(l.Amount), Quote: l.Quote,
		GrantedPence: int64(l.Granted), GrantedCode: string(l.GrantedCode),
	}
}

func fromElsewhere(e award.Elsewhere) api.Elsewhere {
	return api.Elsewhere{Pence: int64(e.Pence), From: e.From}
}

func fromSummary(s award.Summary) api.RequestSummary {
	return api.RequestSummary{
		Id: s.ID, Reference: s.Reference, JobseekerId: s.JobseekerID, AllowanceId: s.AllowanceID, Area: s.Area,
		State: api.State(s.State), CoachId: s.CoachID, CoachName: s.CoachName, CourseName: s.CourseName,
		FirstLine: s.FirstLine, Lines: s.Lines, AskedPence: int64(s.Asked), AwardedPence: int64(s.Awarded), AvailablePence: int64(s.Available), OverPence: int64(s.Over),
		SubmittedAt: or(s.SubmittedAt, time.Time{}), DecidedAt: or(s.DecidedAt, time.Time{}), ChangedAt: s.ChangedAt,
		DecideBy: openapi.Date{Time: s.Clock.By}, ClockStands: s.Clock.Stands,
	}
}
