package page

import (
	"net/http"
	"time"

	"github.com/instead-support/instead/api/reporting"
	"github.com/instead-support/instead/services/portal/internal/chart"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Forecast is how the financial year will end if it goes on as it did.
type Forecast struct{ Deps }

// Register implements web.Page.
func (p Forecast) Register(g *web.Group) { g.Get(forecastView.path, p.show, bookReaders...) }

func (p Forecast) show(r *http.Request) (web.Answer, error) {
	s, err := p.scopeOf(r)
	if err != nil {
		return nil, err
	}
	resp, err := p.Reporting.ReadForecastWithResponse(r.Context(), &reporting.ReadForecastParams{Area: s.inAreas(), Fund: s.ofFund()})
	if err != nil {
		return nil, err
	}
	s.from = time.Date(resp.JSON200.Year, time.April, 1, 0, 0, 0, 0, time.UTC)
	s.to = s.this
	layout := component.LayoutProps{Title: forecastView.title, Before: component.BackLink(overviewView.title, s.at(overviewView.path)), Wide: true}
	return web.Show(layout, forecast(s, resp.JSON200)), nil
}

// grown is the sum of the year so far, month by month, and how it is expected to
// end. It is drawn from the first of April on, whatever is known of before.
func grown(f *reporting.Forecast, this time.Time) chart.Forecast {
	april := time.Date(f.Year, time.April, 1, 0, 0, 0, 0, time.UTC)
	c := chart.Forecast{
		ID: "forecast", Title: "What is promised and paid, since 1 April", Subject: "What was promised and paid", Limit: f.AllocatedPence,
		Ends: component.Day(april.AddDate(1, 0, -1)),
	}
	used := map[string]int64{}
	for _, m := range f.Months {
		// A month from before reporting knew anything is left out: that nothing is
		// known of it does not mean that nothing was used.
		if m.Whole || m.UsedPence != 0 || m.Month == this.Format(monthForm) {
			used[m.Month] = m.UsedPence
		}
	}
	var sum int64
	for i := range 12 {
		p := chart.Expected{Month: april.AddDate(0, i, 0)}
		if n, ok := used[p.Month.Format(monthForm)]; ok && !p.Month.After(this) {
			sum += n
			p.Known = new(sum)
		}
		if e := f.Expected; e != nil && p.Month.Equal(this) {
			p.Value, p.Low, p.Top = new(sum), new(sum), new(sum)
		}
		if e := f.Expected; e != nil && i == 11 {
			p.Value, p.Low, p.Top = &e.ExpectedPence, &e.LowPence, &e.HighPence
		}
		c.Points = append(c.Points, p)
	}
	return c
}
