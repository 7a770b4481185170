package rest

import (
	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"

	api "github.com/instead-support/instead/api/reporting"
	"github.com/instead-support/instead/services/reporting/internal/report"
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

// maybe translates what is there.
func maybe[A, B any](a *A, f func(A) B) *B {
	if a == nil {
		return nil
	}
	return new(f(*a))
}

func toPage(number, size *int) report.Page {
	return report.Page{Number: or(number, 1), Size: or(size, 25)}
}

func ask(areas *[]string, fund *uuid.UUID, from, to *string) report.Ask {
	return report.Ask{Areas: or(areas, nil), Fund: fund, From: or(from, ""), To: or(to, "")}
}

func fromFilter(f report.Filter) api.Period {
	return api.Period{From: f.From.String(), To: f.To.String(), Areas: append([]string{}, f.Areas...), FundId: f.Fund}
}

func fromFreshness(f report.Freshness) api.Freshness {
	return api.Freshness{AsAt: f.AsAt, Behind: f.Behind, BehindSeconds: int64(f.Age.Seconds())}
}

func fromSums(s report.Sums) api.Measures {
	return api.Measures{
		Requests: s.Requests, AskedPence: s.AskedPence, ApprovedPence: s.ApprovedPence, GivenBackPence: s.GivenBackPence, CommittedPence: s.CommittedPence,
		PaidPence: s.PaidPence, RecoveredPence: s.RecoveredPence, SpentPence: s.Spent(), ReleasedPence: s.ReleasedPence,
		SupplierPence: s.SupplierPence, LocalPence: s.LocalPence, Decided: s.Decided, Late: s.Late,
	}
}

func fromTotal(r report.Row[report.Sums]) api.Total {
	return api.Total{Key: r.Key, Measures: maybe(r.Figures, fromSums)}
}

func fromDecided(s report.Sums) api.Decided {
	return api.Decided{
		Decided: s.Decided, Approved: s.Approved, Declined: s.Declined, Returned: s.Decided - s.Approved - s.Declined, Automatic: s.Automatic,
		Timed: s.Timed, Days: s.Days, Late: s.Late, Buckets: s.Buckets(),
	}
}

func fromOffers(o report.Offers) api.Saved {
	return api.Saved{
		Allowances: o.Allowances, CapPence: o.CapPence, ApprovedPence: o.ApprovedPence, SavedPence: o.Saved(),
		Settled: o.Settled, SettledCapPence: o.SettledCapPence, SettledSpentPence: o.SettledSpentPence, RealisedPence: o.Realised(),
	}
}

func fromUnasked(r report.Row[report.Offers]) api.Unasked {
	o := or(r.Figures, report.Offers{})
	return api.Unasked{Key: r.Key, Opened: o.Opened, Unasked: o.Unasked, UnaskedCapPence: o.UnaskedCapPence}
}

func fromCame(c report.Came) api.Came {
	out := api.Came{
		Starts: c.Starts, Sustained: c.Sustained, NotSustained: c.NotSustained, Open: c.Open, NotCounted: c.NotCounted, Training: c.Training,
		CostPence: c.CostPence, CostedStarts: c.CostedStarts, CostedSustained: c.CostedSustained,
	}
	if pence, ok := c.PerStart(); ok {
		out.CostPerStartPence = &pence
	}
	if pence, ok := c.PerSustained(); ok {
		out.CostPerSustainedPence = &pence
	}
	return out
}

func fromStanding(s report.Standing) api.Standing {
	return api.Standing{AllocatedPence: s.AllocatedPence, CommittedPence: s.CommittedPence, SpentPence: s.SpentPence, LeftPence: s.Left()}
}

func fromBudget(b report.Budget) api.Budget {
	return api.Budget{
		BudgetId: b.BudgetID, FundId: b.FundID, Area: b.Area, Year: b.Year,
		AllocatedPence: b.AllocatedPence, CommittedPence: b.CommittedPence, SpentPence: b.SpentPence, LeftPence: b.Left(),
	}
}

func fromRequest(r report.Request) api.Share {
	return api.Share{
		RequestId: r.RequestID, Reference: r.Reference, Area: r.Area, CoachId: r.CoachID, FundId: r.FundID, State: r.State,
		SubmittedAt: r.SubmittedAt, DecidedAt: r.DecidedAt, Share: r.Part,
	}
}

func fromExported(r report.Request) api.ExportedRequest {
	return api.ExportedRequest{
		RequestId: r.RequestID, Reference: r.Reference, Area: r.Area, CoachId: r.CoachID, FundId: r.FundID, AllowanceId: r.AllowanceID,
		CourseId: or(r.CourseID, uuid.Nil), State: r.State, Automatic: r.Automatic, SubmittedAt: r.SubmittedAt, DecidedAt: r.DecidedAt,
		Measures: fromSums(r.Sums), Share: r.Part,
	}
}

func fromGroup(g report.Group) api.Equity {
	out := api.Equity{Key: g.Key, Suppressed: g.Suppressed, Elsewhere: g.Elsewhere}
	if !g.Suppressed {
		s := g.Sums
		out.Decided, out.Approved, out.Timed, out.Days = new(s.Approved+s.Declined), new(s.Approved), new(s.EquityTimed), new(s.EquityDays)
	}
	return out
}

func fromInterval(i report.Interval) api.Interval {
	return api.Interval{Share: i.Share, Low: i.Low, High: i.High}
}

func fromSide(s report.Side) api.RouteSide {
	return api.RouteSide{
		Allowances: s.Group, Started: s.Started, Sustained: s.Sustained,
		StartedShare: maybe(s.StartedShare, fromInterval), SustainedShare: maybe(s.SustainedShare, fromInterval),
	}
}

func fromProxy(p report.Proxy) api.Proxy {
	return api.Proxy{
		Name: p.Name, Unit: api.Unit(p.Unit), Pence: p.Pence, Year: p.Year, Source: p.Source, AttributionPercent: int(p.AttributionPercent),
		DeadweightPercent: int(p.DeadweightPercent), ValidFrom: openapi.Date{Time: p.ValidFrom},
	}
}
