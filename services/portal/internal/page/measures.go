package page

import (
	"github.com/instead-support/instead/api/reporting"
	"github.com/instead-support/instead/services/portal/internal/chart"
)

// measure is one thing that is added up over requests.
type measure struct {
	title   string // as a column is headed
	subject string // as a sentence begins
	means   string // what is counted, for whoever reads the figures without us
	unit    chart.Unit
	of      func(reporting.Measures) int64
}

var measures = map[reporting.Measure]measure{
	reporting.MeasureRequests: {"Requests", "The number of requests", "requests that were submitted, each once, in the month of its last submission",
		chart.Count, func(m reporting.Measures) int64 { return m.Requests }},
	reporting.MeasureAsked: {"Asked for", "What was asked for", "what those requests asked for, as last submitted",
		chart.Pounds, func(m reporting.Measures) int64 { return m.AskedPence }},
	reporting.MeasureApproved: {"Approved", "What was approved", "what approvals promised",
		chart.Pounds, func(m reporting.Measures) int64 { return m.ApprovedPence }},
	reporting.MeasureGivenBack: {"Given back", "What was given back", "what was promised and given back to the budget, unpaid: cancelled, run out or left over",
		chart.Pounds, func(m reporting.Measures) int64 { return m.GivenBackPence }},
	reporting.MeasureCommitted: {"Still promised", "What is still promised", "of what was approved in these months, what is promised today and neither paid nor given back",
		chart.Pounds, func(m reporting.Measures) int64 { return m.CommittedPence }},
	reporting.MeasurePaid: {"Paid", "What was paid", "what left for suppliers and jobseekers",
		chart.Pounds, func(m reporting.Measures) int64 { return m.PaidPence }},
	reporting.MeasureRecovered: {"Came back", "What came back", "what came back of what had been paid",
		chart.Pounds, func(m reporting.Measures) int64 { return m.RecoveredPence }},
	reporting.MeasureSpent: {"Spent", "What was spent", "paid, less what came back",
		chart.Pounds, func(m reporting.Measures) int64 { return m.SpentPence }},
	reporting.MeasureReleased: {"Set free", "What was set free", "what was held for requests and set free: declined, sent back, withdrawn or approved for less",
		chart.Pounds, func(m reporting.Measures) int64 { return m.ReleasedPence }},
	reporting.MeasureSupplier: {"To suppliers", "What went to suppliers", "of what was spent, what went to suppliers",
		chart.Pounds, func(m reporting.Measures) int64 { return m.SupplierPence }},
	reporting.MeasureLocal: {"To local suppliers", "What went to local suppliers", "of that, what went to suppliers that are local to the area",
		chart.Pounds, func(m reporting.Measures) int64 { return m.LocalPence }},
	reporting.MeasureDecided: {"Decided", "The number decided", "requests whose last submission was decided, in the month of that decision",
		chart.Count, func(m reporting.Measures) int64 { return m.Decided }},
	reporting.MeasureLate: {"Late", "The number decided late", "of those, how many took longer than their fund's terms say",
		chart.Count, func(m reporting.Measures) int64 { return m.Late }},
}

// spendMeasures are the columns of what was spent, and paidMeasures those that a
// breakdown by supplier has: only what was paid has a supplier.
var (
	spendMeasures = []reporting.Measure{
		reporting.MeasureSpent, reporting.MeasureRequests, reporting.MeasureAsked, reporting.MeasureApproved, reporting.MeasureGivenBack,
		reporting.MeasureCommitted, reporting.MeasurePaid, reporting.MeasureRecovered, reporting.MeasureReleased, reporting.MeasureLocal,
	}
	paidMeasures = []reporting.Measure{reporting.MeasureSpent, reporting.MeasurePaid, reporting.MeasureRecovered, reporting.MeasureLocal}

	// allMeasures are in the order of reporting's contract.
	allMeasures = []reporting.Measure{
		reporting.MeasureRequests, reporting.MeasureAsked, reporting.MeasureApproved, reporting.MeasureGivenBack, reporting.MeasureCommitted,
		reporting.MeasurePaid, reporting.MeasureRecovered, reporting.MeasureSpent, reporting.MeasureReleased, reporting.MeasureSupplier,
		reporting.MeasureLocal, reporting.MeasureDecided, reporting.MeasureLate,
	}
)

// measuresBy are the columns of a breakdown.
func measuresBy(by reporting.By) []reporting.Measure {
	if by == reporting.BySupplier {
		return paidMeasures
	}
	return spendMeasures
}
