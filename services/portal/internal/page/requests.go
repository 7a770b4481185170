package page

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Requests is the list of what a coach has asked for.
type Requests struct{ Deps }

// Register implements web.Page.
func (q Requests) Register(g *web.Group) {
	g.Menu(identity.Coach, "Requests", "/requests")
	g.Get("/requests", q.list, identity.Coach)
}

// coachStates are all states, since a coach has drafts too.
var coachStates = slices.Concat([]funding.State{funding.Draft}, sentStates)

func (q Requests) list(r *http.Request) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	f := form.New(url.Values{"q": r.URL.Query()["q"], "state": r.URL.Query()["state"]})
	params := requestFilter(f, me, coachStates)
	params.Mine, params.Page, params.Size = new(true), new(pageOf(r)), new(requestsAPage)
	found := &funding.RequestPage{Page: 1, Size: requestsAPage}
	if f.OK() {
		resp, err := q.Funding.ListRequestsWithResponse(r.Context(), params)
		if err != nil {
			return nil, err
		}
		found = resp.JSON200
	}
	names, err := q.names(r.Context(), found.Items)
	if err != nil {
		return nil, err
	}
	layout := component.LayoutProps{Title: titled("Requests", found.Page, found.Size, found.Total), Errors: f.Errors(), Wide: true}
	return web.Show(layout, myRequests(f, found, names, q.Now())), nil
}

// askedRows are requests as their coach sees them.
func askedRows(all []funding.RequestSummary, names map[uuid.UUID]string, now time.Time) []component.QueueRow {
	rows := make([]component.QueueRow, len(all))
	for i, r := range all {
		rows[i] = component.QueueRow{
			Title: nameOf(names, r.JobseekerId), Href: requestPath(r.Id),
			Detail: joined("\n", withMore(r.FirstLine, r.Lines)+", instead of "+r.CourseName, r.Reference),
			Amount: pounds(standsAt(r)), Side: component.StateTag(string(r.State)),
		}
		if r.State == funding.Submitted {
			rows[i].Detail += ", waiting " + component.Waited(r.SubmittedAt, now)
		}
	}
	return rows
}
