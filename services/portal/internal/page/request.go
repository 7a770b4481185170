package page

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Request is one request as its coach works on it: what can be spent first,
// then what is asked for, then what became of it.
type Request struct{ Deps }

// Register implements web.Page.
func (q Request) Register(g *web.Group) {
	g.Get("/requests/:id", q.show, identity.Coach)
}

// asking is a request with what a coach needs to know to work on it.
type asking struct {
	*funding.Request
	jobseeker *needs.Jobseeker
	needs     []needs.Need // that stand in the way
}

// request is the one that the address names.
func (d Deps) request(r *http.Request) (*funding.Request, error) {
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	resp, err := d.Funding.ReadRequestWithResponse(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return resp.JSON200, nil
}

// asking adds to a request who it is for and what stands in their way.
func (d Deps) asking(ctx context.Context, r *funding.Request) (asking, error) {
	jobseeker, err := d.Needs.ReadJobseekerWithResponse(ctx, r.JobseekerId)
	if err != nil {
		return asking{}, err
	}
	inTheWay, err := d.Needs.ListNeedsWithResponse(ctx, r.JobseekerId)
	if err != nil {
		return asking{}, err
	}
	return asking{r, jobseeker.JSON200, inTheWay.JSON200.Items}, nil
}

func (q Request) show(r *http.Request) (web.Answer, error) {
	request, err := q.request(r)
	if err != nil {
		return nil, err
	}
	c, err := q.asking(r.Context(), request)
	if err != nil {
		return nil, err
	}
	papers, err := q.folder(r.Context(), request, "/requests")
	if err != nil {
		return nil, err
	}
	said, err := q.talk(r.Context(), request, "/requests")
	if err != nil {
		return nil, err
	}
	return web.Show(component.LayoutProps{
		Title: c.title(), Before: component.BackLink("Back to "+called(c.jobseeker), jobseekerPath(c.JobseekerId)),
	}, requestPage(c, said, papers, q.Now())), nil
}

// title says what there is to do with it, or else which it is.
func (c asking) title() string {
	if c.may(funding.Edit) {
		return "What " + called(c.jobseeker) + " needs"
	}
	return "Request " + c.Reference
}

func (c asking) may(v funding.Verb) bool { return slices.Contains(c.Can, v) }

// free is what this request may ask for: what nothing else has taken, and what an
// exception adds. What is held for it while it waits counts as its own.
func (c asking) free() int64 {
	if c.OverPence > 0 {
		return max(0, c.AskedPence-c.OverPence+c.Exception.OverPence)
	}
	free := c.Allowance.AvailablePence
	if c.State == funding.Submitted {
		free += c.AskedPence
	}
	return free
}

// over is by how much it asks for more than there is, or 0.
func (c asking) over() int64 { return max(0, c.AskedPence-c.free()) }

// total is what all lines cost, whoever pays.
func (c asking) total() int64 { return c.AskedPence + c.Elsewhere.Pence }

// edit is a request with its lines changed by how, which is called with lines
// of its own. It returns Stale if the request is no longer at version, whatever
// how has made of it as it is now.
func (d Deps) edit(ctx context.Context, request *funding.Request, version int64, how func(*funding.RequestEdit)) error {
	change := funding.RequestEdit{Lines: newLines(request.Lines), Elsewhere: request.Elsewhere}
	how(&change)
	_, err := d.Funding.EditRequestWithResponse(ctx, request.Id, &funding.EditRequestParams{IfMatch: etag.Version(version)}, change)
	return err
}

// newLines are lines as an edit sends them.
func newLines(lines []funding.Line) []funding.NewLine {
	all := make([]funding.NewLine, len(lines))
	for i, l := range lines {
		all[i] = funding.NewLine{
			Id: l.Id, What: l.What, Why: l.Why, NeedId: l.NeedId, Category: l.Category, Supplier: l.Supplier, AmountPence: l.AmountPence, Quote: l.Quote,
		}
	}
	return all
}

// setVersion has the form be about the request as it is now.
func setVersion(f *form.Form, request *funding.Request) {
	f.Set("version", strconv.FormatInt(request.Version, 10))
}

// theirs is set in a form that came too late: somebody else had changed what it
// is about, and the page shows what that is now.
const theirs = "theirs"

// editable is the request that the address names, if it may be edited. If not,
// its page says how it stands, and is the answer.
func (d Deps) editable(r *http.Request) (request *funding.Request, otherwise web.Answer, err error) {
	request, err = d.request(r)
	if err != nil {
		return nil, nil, err
	}
	if !slices.Contains(request.Can, funding.Edit) {
		otherwise := web.Go(requestPath(request.Id))
		if r.Method == http.MethodPost {
			otherwise = otherwise.Saying("Nothing was saved: this request can’t be changed as it stands now.")
		}
		return nil, otherwise, nil
	}
	return request, nil, nil
}

// lineIn is the line of the request that the address names.
func lineIn(r *http.Request, request *funding.Request) (i int, found bool) {
	id, err := uuid.Parse(r.PathValue("line"))
	if err != nil {
		return 0, false
	}
	i = slices.IndexFunc(request.Lines, func(l funding.Line) bool { return l.Id == id })
	return i, i >= 0
}
