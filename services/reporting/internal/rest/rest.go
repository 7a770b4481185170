// Package rest is the reporting service as HTTP: it implements the contract in
// api/reporting by calling the domain and translating.
//
// It has no rules, no SQL and no status codes: an error is a fault, which httpx
// turns into an answer.
package rest

import (
	"context"
	"encoding/json"
	"io"

	api "github.com/instead-support/instead/api/reporting"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/services/reporting/internal/report"
)

// Handler implements the contract.
type Handler struct{ Reports *report.Reports }

var _ api.StrictServerInterface = Handler{}

// ReadOverview is the headline figures of a period.
func (h Handler) ReadOverview(ctx context.Context, in api.ReadOverviewRequestObject) (api.ReadOverviewResponseObject, error) {
	p := in.Params
	o, err := h.Reports.Overview(ctx, ask(p.Area, p.Fund, p.From, p.To))
	if err != nil {
		return nil, err
	}
	out := api.ReadOverview200JSONResponse{Period: fromFilter(o.Filter), Saving: fromOffers(o.Offers), Outcomes: fromCame(o.Came), Freshness: fromFreshness(o.Freshness)}
	if !o.Since.IsZero() {
		out.Since = o.Since.String()
	}
	var sums report.Sums
	if o.Sums != nil {
		sums = *o.Sums
		out.Measures = new(fromSums(sums))
	}
	out.Decisions = fromDecided(sums)
	if o.Budget != nil {
		out.Budget = new(fromStanding(*o.Budget))
	}
	return out, nil
}

// ListTotals is a breakdown of the money.
func (h Handler) ListTotals(ctx context.Context, in api.ListTotalsRequestObject) (api.ListTotalsResponseObject, error) {
	p := in.Params
	l, err := h.Reports.Totals(ctx, ask(p.Area, p.Fund, p.From, p.To), report.By(p.By), report.Measure(or(p.Sort, "")), toPage(p.Page, p.Size))
	if err != nil {
		return nil, err
	}
	return api.ListTotals200JSONResponse{
		By: api.By(l.By), Period: fromFilter(l.Filter), Freshness: fromFreshness(l.Freshness), Items: each(l.Rows, fromTotal),
		Sum: fromSums(l.Sum), Total: l.Total, Page: l.Page.Number, Size: l.Page.Size,
	}, nil
}

// ListRequests is what is behind a figure.
func (h Handler) ListRequests(ctx context.Context, in api.ListRequestsRequestObject) (api.ListRequestsResponseObject, error) {
	p := in.Params
	b, err := h.Reports.Requests(ctx, ask(p.Area, p.Fund, p.From, p.To),
		report.Drill{By: report.By(or(p.By, "")), Key: or(p.Key, ""), Measure: report.Measure(p.Measure)}, or(p.After, ""), or(p.Size, 25))
	if err != nil {
		return nil, err
	}
	return api.ListRequests200JSONResponse{
		Period: fromFilter(b.Filter), Freshness: fromFreshness(b.Freshness), Items: each(b.Requests, fromRequest), Sum: b.Sum, Next: b.Next, Size: b.Size,
	}, nil
}

// ListUnderspend is what is left of budgets.
func (h Handler) ListUnderspend(ctx context.Context, in api.ListUnderspendRequestObject) (api.ListUnderspendResponseObject, error) {
	p := in.Params
	u, err := h.Reports.Underspend(ctx, ask(p.Area, p.Fund, p.From, p.To), toPage(p.Page, p.Size))
	if err != nil {
		return nil, err
	}
	return api.ListUnderspend200JSONResponse{
		Period: fromFilter(u.Filter), Freshness: fromFreshness(u.Freshness), Items: each(u.Budgets, fromBudget),
		Sum: fromStanding(u.Sum), Total: u.Total, Page: u.Page.Number, Size: u.Page.Size,
	}, nil
}

// ReadForecast is what a financial year will come to.
func (h Handler) ReadForecast(ctx context.Context, in api.ReadForecastRequestObject) (api.ReadForecastResponseObject, error) {
	f, err := h.Reports.Forecast(ctx, ask(in.Params.Area, in.Params.Fund, nil, nil))
	if err != nil {
		return nil, err
	}
	out := api.ReadForecast200JSONResponse{
		Year: f.To.Year(), Areas: f.Areas, FundId: f.Fund, Freshness: fromFreshness(f.Freshness), WhyNot: f.WhyNot,
		Months: each(f.Months, func(u report.Used) api.ForecastMonth {
			return api.ForecastMonth{Month: u.Month.String(), UsedPence: u.Pence, Whole: u.Whole}
		}),
	}
	if e := f.Expected; e != nil {
		out.Expected = &api.Expected{UsedPence: e.Used, ExpectedPence: e.Expected, LowPence: e.Low, HighPence: e.High, Months: e.Months}
	}
	if f.Budget != nil {
		out.AllocatedPence = &f.Budget.AllocatedPence
	}
	return out, nil
}

// ListDecisions is how fast requests are decided.
func (h Handler) ListDecisions(ctx context.Context, in api.ListDecisionsRequestObject) (api.ListDecisionsResponseObject, error) {
	p := in.Params
	l, err := h.Reports.Decisions(ctx, ask(p.Area, p.Fund, p.From, p.To), report.By(p.By), toPage(p.Page, p.Size))
	if err != nil {
		return nil, err
	}
	return api.ListDecisions200JSONResponse{
		By: api.By(l.By), Period: fromFilter(l.Filter), Freshness: fromFreshness(l.Freshness),
		Items: each(l.Rows, func(r report.Row[report.Sums]) api.Decision {
			return api.Decision{Key: r.Key, Decisions: maybe(r.Figures, fromDecided)}
		}),
		Sum: fromDecided(l.Sum), Total: l.Total, Page: l.Page.Number, Size: l.Page.Size,
	}, nil
}

// ListEquity is whether people fare alike.
func (h Handler) ListEquity(ctx context.Context, in api.ListEquityRequestObject) (api.ListEquityResponseObject, error) {
	p := in.Params
	e, err := h.Reports.Equity(ctx, ask(p.Area, p.Fund, p.From, p.To), report.By(p.By), or(p.Elsewhere, false), toPage(p.Page, p.Size))
	if err != nil {
		return nil, err
	}
	return api.ListEquity200JSONResponse{
		By: api.By(e.By), Period: fromFilter(e.Filter), Freshness: fromFreshness(e.Freshness), Items: each(e.Groups, fromGroup),
		Total: e.Total, Page: e.Page.Number, Size: e.Page.Size,
	}, nil
}

// ListSavings is what was saved against the courses replaced.
func (h Handler) ListSavings(ctx context.Context, in api.ListSavingsRequestObject) (api.ListSavingsResponseObject, error) {
	p := in.Params
	l, err := h.Reports.Savings(ctx, ask(p.Area, nil, p.From, p.To), report.By(p.By), toPage(p.Page, p.Size))
	if err != nil {
		return nil, err
	}
	return api.ListSavings200JSONResponse{
		By: api.By(l.By), Period: fromFilter(l.Filter), Freshness: fromFreshness(l.Freshness),
		Items: each(l.Rows, func(r report.Row[report.Offers]) api.Saving {
			return api.Saving{Key: r.Key, Saving: maybe(r.Figures, fromOffers)}
		}),
		Sum: fromOffers(l.Sum), Total: l.Total, Page: l.Page.Number, Size: l.Page.Size,
	}, nil
}

// ListUnasked is against how many allowances nothing was ever asked for.
func (h Handler) ListUnasked(ctx context.Context, in api.ListUnaskedRequestObject) (api.ListUnaskedResponseObject, error) {
	p := in.Params
	days := or(p.Days, 28)
	l, err := h.Reports.Unasked(ctx, ask(p.Area, nil, p.From, p.To), report.By(p.By), days, toPage(p.Page, p.Size))
	if err != nil {
		return nil, err
	}
	return api.ListUnasked200JSONResponse{
		By: api.By(l.By), Period: fromFilter(l.Filter), Freshness: fromFreshness(l.Freshness), Days: days, Items: each(l.Rows, fromUnasked),
		Sum: fromUnasked(report.Row[report.Offers]{Figures: &l.Sum}), Total: l.Total, Page: l.Page.Number, Size: l.Page.Size,
	}, nil
}

// ListOutcomes is who got into work and stayed.
func (h Handler) ListOutcomes(ctx context.Context, in api.ListOutcomesRequestObject) (api.ListOutcomesResponseObject, error) {
	p := in.Params
	l, err := h.Reports.Outcomes(ctx, ask(p.Area, nil, p.From, p.To), report.By(p.By), toPage(p.Page, p.Size))
	if err != nil {
		return nil, err
	}
	return api.ListOutcomes200JSONResponse{
		By: api.By(l.By), Period: fromFilter(l.Filter), Freshness: fromFreshness(l.Freshness),
		Items: each(l.Rows, func(r report.Row[report.Came]) api.Outcome {
			return api.Outcome{Key: r.Key, Outcomes: maybe(r.Figures, fromCame)}
		}),
		Sum: fromCame(l.Sum), Total: l.Total, Page: l.Page.Number, Size: l.Page.Size,
	}, nil
}

// CompareRoutes puts the two routes beside each other.
func (h Handler) CompareRoutes(ctx context.Context, in api.CompareRoutesRequestObject) (api.CompareRoutesResponseObject, error) {
	p := in.Params
	c, err := h.Reports.Compare(ctx, ask(p.Area, nil, p.From, p.To))
	if err != nil {
		return nil, err
	}
	return api.CompareRoutes200JSONResponse{
		Period: fromFilter(c.Filter), Freshness: fromFreshness(c.Freshness), Caution: report.Caution, Instead: fromSide(c.Instead), Course: fromSide(c.Course),
		StartedDifference: maybe(c.StartedDifference, fromInterval), SustainedDifference: maybe(c.SustainedDifference, fromInterval),
	}, nil
}

// ReadValue is what the outcomes are worth.
func (h Handler) ReadValue(ctx context.Context, in api.ReadValueRequestObject) (api.ReadValueResponseObject, error) {
	p := in.Params
	v, err := h.Reports.Value(ctx, ask(p.Area, nil, p.From, p.To))
	if err != nil {
		return nil, err
	}
	out := api.ReadValue200JSONResponse{
		Period: fromFilter(v.Filter), Freshness: fromFreshness(v.Freshness), SpentPence: v.Sums.Spent(), SupplierPence: v.Sums.SupplierPence, LocalPence: v.Sums.LocalPence,
		Items: each(v.Items, func(w report.Worth) api.Worth {
			return api.Worth{Proxy: fromProxy(w.Proxy), Units: w.Units, GrossPence: w.Gross(), ValuePence: w.Value()}
		}),
	}
	if worth, ok := v.Worth(); ok {
		out.ValuePence = &worth
	}
	if pence, ok := v.PerPound(); ok {
		out.ValuePerPoundPence = &pence
	}
	return out, nil
}

// ListProxies is what an outcome is held to be worth.
func (h Handler) ListProxies(ctx context.Context, _ api.ListProxiesRequestObject) (api.ListProxiesResponseObject, error) {
	all, err := h.Reports.Proxies(ctx)
	if err != nil {
		return nil, err
	}
	return api.ListProxies200JSONResponse{Items: each(all, fromProxy)}, nil
}

// CreateExport logs that rows are saved in a file.
func (h Handler) CreateExport(ctx context.Context, in api.CreateExportRequestObject) (api.CreateExportResponseObject, error) {
	b := in.Body
	v, e, err := h.Reports.Export(ctx, report.Ask{Areas: b.Area, Fund: b.Fund, From: b.From, To: b.To}, string(b.Of),
		report.Drill{By: report.By(b.By), Key: or(b.Key, ""), Measure: report.Measure(b.Measure)})
	if err != nil {
		return nil, err
	}
	out := api.CreateExport201JSONResponse{
		Id: e.ID, Of: api.ExportOf(e.Of), By: api.By(e.By), Measure: api.Measure(e.Measure), Period: fromFilter(e.Filter), Rows: e.Rows, At: e.At, Freshness: fromFreshness(v.Freshness),
	}
	if e.Key != "" {
		out.Key = &e.Key
	}
	return out, nil
}

// StreamExport is the rows of an export. They are written as they are read, so that
// none has to wait for all. Nothing else could tell rows that broke off from all of
// them, so the last line says how many there were.
func (h Handler) StreamExport(ctx context.Context, in api.StreamExportRequestObject) (api.StreamExportResponseObject, error) {
	rows, err := h.Reports.Stream(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.StreamExport200ApplicationxNdjsonResponse{Body: httpx.Piped(func(w io.Writer) error {
		lines := json.NewEncoder(w)
		var end api.ExportEnd
		line := func(row any) error {
			end.RowsSent++
			return lines.Encode(row)
		}
		err := rows(
			func(t report.Row[report.Sums]) error { return line(fromTotal(t)) },
			func(q report.Request) error { return line(fromExported(q)) },
		)
		if err != nil {
			return err
		}
		return lines.Encode(end)
	})}, nil
}
