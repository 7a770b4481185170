package page_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/reporting"
	"github.com/instead-support/instead/pkg/db"
)

// memoryReporting is the reporting service, as far as pages ask it. It adds nothing
// up: what its figures are is for a test to say.
type memoryReporting struct {
	reporting.StrictServerInterface
	since    string // the first month of which anything is known
	behind   int64  // seconds
	months   map[string]reporting.Measures
	rows     map[reporting.By][]reporting.Total // of other breakdowns
	shares   []reporting.Share
	asked    []reporting.Period // what the totals and overviews were asked of
	saved    reporting.Saved
	equity   []reporting.Equity
	routes   reporting.Routes
	proxies  []reporting.Proxy
	forecast reporting.Forecast
	exports  map[string]reporting.Export // by the key of the form
	ends     string                      // how the rows of an export end, if not as they should
}

func (m *memoryReporting) freshness() reporting.Freshness {
	f := reporting.Freshness{BehindSeconds: m.behind}
	if m.behind > 0 {
		f.Behind = 12
	}
	if m.since != "" {
		f.AsAt = new(now.Add(-time.Minute))
	}
	return f
}

func (m *memoryReporting) period(area *reporting.Area, fund *reporting.Fund, from, to *string) reporting.Period {
	p := reporting.Period{Areas: []string{"Oldham", "Rochdale"}, FundId: fund, From: *from, To: *to}
	if area != nil {
		p.Areas = *area
	}
	m.asked = append(m.asked, p)
	return p
}

// sum adds the months of a period up.
func (m *memoryReporting) sum(p reporting.Period) (sum reporting.Measures) {
	for month, of := range m.months {
		if month >= p.From && month <= p.To {
			sum.SpentPence, sum.PaidPence, sum.Requests = sum.SpentPence+of.SpentPence, sum.PaidPence+of.PaidPence, sum.Requests+of.Requests
			sum.CommittedPence, sum.SupplierPence, sum.LocalPence = sum.CommittedPence+of.CommittedPence, sum.SupplierPence+of.SupplierPence, sum.LocalPence+of.LocalPence
		}
	}
	return sum
}

func (m *memoryReporting) ReadOverview(_ context.Context, in reporting.ReadOverviewRequestObject) (reporting.ReadOverviewResponseObject, error) {
	p := m.period(in.Params.Area, in.Params.Fund, in.Params.From, in.Params.To)
	var measures *reporting.Measures
	if m.since != "" && m.since <= p.To {
		measures = new(m.sum(p))
	}
	return reporting.ReadOverview200JSONResponse{
		Period: p, Since: m.since, Measures: measures, Saving: m.saved, Freshness: m.freshness(),
		Decisions: reporting.Decided{Decided: 4, Timed: 3, Days: 7, Late: 1, Buckets: make([]int64, 7)},
		Budget:    &reporting.Standing{AllocatedPence: 50_000_00, LeftPence: 41_000_00},
	}, nil
}

func (m *memoryReporting) ListTotals(_ context.Context, in reporting.ListTotalsRequestObject) (reporting.ListTotalsResponseObject, error) {
	p := m.period(in.Params.Area, in.Params.Fund, in.Params.From, in.Params.To)
	out := reporting.TotalPage{By: in.Params.By, Period: p, Sum: m.sum(p), Page: 1, Size: 25, Freshness: m.freshness(), Items: []reporting.Total{}}
	if in.Params.By != reporting.ByMonth {
		out.Items = append(out.Items, m.rows[in.Params.By]...)
	} else {
		for at, _ := time.Parse("2006-01", p.From); at.Format("2006-01") <= p.To; at = at.AddDate(0, 1, 0) {
			t := reporting.Total{Key: at.Format("2006-01")}
			if t.Key >= m.since && m.since != "" {
				t.Measures = new(m.months[t.Key])
			}
			out.Items = append(out.Items, t)
		}
	}
	out.Total = len(out.Items)
	return reporting.ListTotals200JSONResponse(out), nil
}

func (m *memoryReporting) ListRequests(_ context.Context, in reporting.ListRequestsRequestObject) (reporting.ListRequestsResponseObject, error) {
	out := reporting.RequestPage{Period: m.period(in.Params.Area, in.Params.Fund, in.Params.From, in.Params.To), Items: append([]reporting.Share{}, m.shares...), Size: 25, Freshness: m.freshness()}
	for _, s := range m.shares {
		out.Sum += s.Share
	}
	return reporting.ListRequests200JSONResponse(out), nil
}

func (m *memoryReporting) ListDecisions(context.Context, reporting.ListDecisionsRequestObject) (reporting.ListDecisionsResponseObject, error) {
	sum := reporting.Decided{Decided: 4, Approved: 3, Automatic: 1, Declined: 1, Timed: 3, Days: 7, Late: 1, Buckets: []int64{1, 0, 1, 1, 0, 0, 0}}
	return reporting.ListDecisions200JSONResponse{By: reporting.ByMonth, Items: []reporting.Decision{{Key: "2026-02", Decisions: &sum}, {Key: "2026-03"}}, Sum: sum, Total: 2, Page: 1, Size: 25, Freshness: m.freshness()}, nil
}

func (m *memoryReporting) ListSavings(context.Context, reporting.ListSavingsRequestObject) (reporting.ListSavingsResponseObject, error) {
	return reporting.ListSavings200JSONResponse{By: reporting.ByMonth, Items: []reporting.Saving{{Key: "2026-02"}, {Key: "2026-03", Saving: &m.saved}}, Sum: m.saved, Total: 2, Page: 1, Size: 25, Freshness: m.freshness()}, nil
}

func (m *memoryReporting) ListOutcomes(context.Context, reporting.ListOutcomesRequestObject) (reporting.ListOutcomesResponseObject, error) {
	came := reporting.Came{Starts: 3, Sustained: 1, Open: 2, CostPence: 600_00, CostedStarts: 3, CostedSustained: 1, CostPerStartPence: new(int64(200_00)), CostPerSustainedPence: new(int64(600_00))}
	return reporting.ListOutcomes200JSONResponse{By: reporting.ByKind, Items: []reporting.Outcome{{Key: "job", Outcomes: &came}}, Sum: came, Total: 1, Page: 1, Size: 25, Freshness: m.freshness()}, nil
}

func (m *memoryReporting) CompareRoutes(context.Context, reporting.CompareRoutesRequestObject) (reporting.CompareRoutesResponseObject, error) {
	m.routes.Caution = "It does not prove cause: the two groups differ in more than the route."
	return reporting.CompareRoutes200JSONResponse(m.routes), nil
}

func (m *memoryReporting) ReadValue(context.Context, reporting.ReadValueRequestObject) (reporting.ReadValueResponseObject, error) {
	return reporting.ReadValue200JSONResponse{Items: []reporting.Worth{}, SpentPence: 100_00, SupplierPence: 80_00, LocalPence: 60_00, Freshness: m.freshness()}, nil
}

func (m *memoryReporting) ListProxies(context.Context, reporting.ListProxiesRequestObject) (reporting.ListProxiesResponseObject, error) {
	return reporting.ListProxies200JSONResponse{Items: append([]reporting.Proxy{}, m.proxies...)}, nil
}

func (m *memoryReporting) ListUnderspend(context.Context, reporting.ListUnderspendRequestObject) (reporting.ListUnderspendResponseObject, error) {
	return reporting.ListUnderspend200JSONResponse{Items: []reporting.Budget{}, Page: 1, Size: 25, Freshness: m.freshness()}, nil
}

func (m *memoryReporting) ListUnasked(context.Context, reporting.ListUnaskedRequestObject) (reporting.ListUnaskedResponseObject, error) {
	one := reporting.Unasked{Key: "Oldham", Opened: 4, Unasked: 1, UnaskedCapPence: 900_00}
	return reporting.ListUnasked200JSONResponse{By: reporting.ByArea, Days: 28, Items: []reporting.Unasked{one}, Sum: one, Total: 1, Page: 1, Size: 25, Freshness: m.freshness()}, nil
}

func (m *memoryReporting) ListEquity(context.Context, reporting.ListEquityRequestObject) (reporting.ListEquityResponseObject, error) {
	return reporting.ListEquity200JSONResponse{By: reporting.ByNeed, Items: append([]reporting.Equity{}, m.equity...), Total: len(m.equity), Page: 1, Size: 25, Freshness: m.freshness()}, nil
}

func (m *memoryReporting) ReadForecast(context.Context, reporting.ReadForecastRequestObject) (reporting.ReadForecastResponseObject, error) {
	m.forecast.Year, m.forecast.Areas, m.forecast.Freshness = 2025, []string{"Oldham"}, m.freshness()
	if m.forecast.Months == nil {
		m.forecast.Months = []reporting.ForecastMonth{}
	}
	return reporting.ReadForecast200JSONResponse(m.forecast), nil
}

// CreateExport keeps one export for each form.
func (m *memoryReporting) CreateExport(ctx context.Context, in reporting.CreateExportRequestObject) (reporting.CreateExportResponseObject, error) {
	if m.exports == nil {
		m.exports = map[string]reporting.Export{}
	}
	e, again := m.exports[db.Key(ctx)]
	if !again {
		e = reporting.Export{
			Id: uuid.New(), Of: in.Body.Of, By: in.Body.By, Measure: in.Body.Measure, At: now, Freshness: m.freshness(),
			Period: reporting.Period{From: in.Body.From, To: in.Body.To, Areas: in.Body.Area},
		}
		e.Rows = int64(strings.Count(m.lines(e), "\n"))
		m.exports[db.Key(ctx)] = e
	}
	return reporting.CreateExport201JSONResponse(e), nil
}

func (m *memoryReporting) lines(e reporting.Export) string {
	var b strings.Builder
	out := json.NewEncoder(&b)
	if e.Of == reporting.ExportTotals {
		for _, t := range m.rows[e.By] {
			_ = out.Encode(t)
		}
	} else {
		for _, s := range m.shares {
			_ = out.Encode(reporting.ExportedRequest{RequestId: s.RequestId, Reference: s.Reference, Area: s.Area, State: s.State, CoachId: s.CoachId, FundId: s.FundId, SubmittedAt: new(now), Share: s.Share})
		}
	}
	return b.String()
}

func (m *memoryReporting) StreamExport(_ context.Context, in reporting.StreamExportRequestObject) (reporting.StreamExportResponseObject, error) {
	for _, e := range m.exports {
		if e.Id == in.Id {
			return reporting.StreamExport200ApplicationxNdjsonResponse{Body: strings.NewReader(m.lines(e) + cmp.Or(m.ends, fmt.Sprintf(`{"rows_sent":%d}`, e.Rows)) + "\n")}, nil
		}
	}
	return nil, context.Canceled
}

// ListNames says what a test calls things.
func (m *memoryFunding) ListNames(_ context.Context, in funding.ListNamesRequestObject) (funding.ListNamesResponseObject, error) {
	out := funding.ListNames200JSONResponse{Items: []funding.Named{}}
	for _, id := range in.Params.Ids {
		name, known := m.called[id]
		if known {
			out.Items = append(out.Items, funding.Named{Id: id, Name: name})
		}
	}
	return out, nil
}
