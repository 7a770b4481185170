package page

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Decisions is a manager's work: what waits, one request with all that is
// needed to decide it, and the decision itself.
type Decisions struct{ Deps }

// Register implements web.Page.
func (d Decisions) Register(g *web.Group) {
	g.Home(identity.Manager, "To decide", "/decisions", d.home)
	g.Menu(identity.Manager, "All requests", "/all-requests")
	g.Get("/all-requests", d.list, identity.Manager)
	g.Get("/decisions/:id", d.read, identity.Manager)
	g.Get("/decisions/:id/done", d.done, identity.Manager)
	for _, v := range verdicts {
		g.Get("/decisions/:id/"+v.path, func(r *http.Request) (web.Answer, error) { return d.askReason(r, v) }, identity.Manager)
		g.Post("/decisions/:id/"+v.path, func(r *http.Request) (web.Answer, error) { return d.decide(r, v) }, identity.Manager)
	}
}

const (
	queueAtHome   = 10
	requestsAPage = 25
)

func (d Decisions) home(r *http.Request) (web.Answer, error) {
	ctx := r.Context()
	me, err := identity.From(ctx)
	if err != nil {
		return nil, err
	}
	mine, err := d.Funding.SummariseRequestsWithResponse(ctx, &funding.SummariseRequestsParams{Decidable: new(true)})
	if err != nil {
		return nil, err
	}
	all, err := d.Funding.SummariseRequestsWithResponse(ctx, &funding.SummariseRequestsParams{})
	if err != nil {
		return nil, err
	}
	queue, err := d.Funding.ListRequestsWithResponse(ctx, &funding.ListRequestsParams{
		State: new([]funding.State{funding.Submitted}), Decidable: new(true), Size: new(queueAtHome),
	})
	if err != nil {
		return nil, err
	}
	names, err := d.names(ctx, queue.JSON200.Items)
	if err != nil {
		return nil, err
	}
	flagged, err := d.Funding.ListFlaggedPricesWithResponse(ctx, &funding.ListFlaggedPricesParams{Size: new(1)})
	if err != nil {
		return nil, err
	}
	reminders, err := d.reminders(ctx, 1, aFew)
	if err != nil {
		return nil, err
	}
	may, err := d.Funding.ReadMyAuthorityWithResponse(ctx)
	if err != nil {
		return nil, err
	}
	answered, err := d.waiting(ctx, funding.QuestionsAnswered)
	if err != nil {
		return nil, err
	}
	asked, err := d.waiting(ctx, funding.QuestionsUnanswered)
	if err != nil {
		return nil, err
	}
	askedOf, err := d.namesOfQuestions(ctx, answered, asked)
	if err != nil {
		return nil, err
	}
	drawn, err := d.toReview(r, 1, 1)
	if err != nil {
		return nil, err
	}
	toExcept := &funding.RequestPage{}
	if slices.ContainsFunc(may.JSON200.Items, func(a funding.Reach) bool { return a.Kind == funding.GrantKindExcept }) {
		if toExcept, err = d.toExcept(ctx, 1, 1); err != nil {
			return nil, err
		}
	}
	return web.Show(component.LayoutProps{Title: "To decide", Wide: true}, decisionsHome(desk{
		toExcept: toExcept.Total, toReview: drawn.Total,
		answered: answered, asked: asked, askedOf: askedOf,
		may: may.JSON200.Items, areas: me.Areas, now: d.Now(),
		mine: totalOf(mine.JSON200.Items, funding.Submitted), all: all.JSON200.Items,
		queue: queue.JSON200, names: names, pricesToConfirm: flagged.JSON200.Total, reminders: reminders,
	})), nil
}

func totalOf(all []funding.StateTotal, state funding.State) funding.StateTotal {
	if i := slices.IndexFunc(all, func(t funding.StateTotal) bool { return t.State == state }); i >= 0 {
		return all[i]
	}
	return funding.StateTotal{State: state}
}

// names puts names beside the ids of the jobseekers of these requests.
func (d Deps) names(ctx context.Context, requests []funding.RequestSummary) (map[uuid.UUID]string, error) {
	var ids []uuid.UUID
	for _, r := range requests {
		if !slices.Contains(ids, r.JobseekerId) {
			ids = append(ids, r.JobseekerId)
		}
	}
	names := map[uuid.UUID]string{}
	if len(ids) == 0 {
		return names, nil
	}
	resp, err := d.Needs.ListJobseekersWithResponse(ctx, &needs.ListJobseekersParams{Ids: &ids, Size: new(len(ids))})
	if err != nil {
		return nil, err
	}
	for _, j := range resp.JSON200.Items {
		names[j.Id] = j.Name
	}
	return names, nil
}

// nameOf is somebody's name, or words for somebody who has moved out of reach.
func nameOf(names map[uuid.UUID]string, id uuid.UUID) string {
	if name := names[id]; name != "" {
		return name
	}
	return "A jobseeker who has moved"
}

// sentStates are the states of what was asked for. A draft was not, yet.
var sentStates = []funding.State{funding.Submitted, funding.Returned, funding.Approved, funding.Declined, funding.Withdrawn,
	funding.Challenged, funding.Paid, funding.Closed, funding.Cancelled, funding.Expired}

func (d Decisions) list(r *http.Request) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	f := form.New(url.Values{"q": r.URL.Query()["q"], "state": r.URL.Query()["state"], "area": r.URL.Query()["area"], "by": r.URL.Query()["by"]})
	params := requestFilter(f, me, sentStates)
	decidedBy(f, params)
	params.Page, params.Size = new(pageOf(r)), new(requestsAPage)
	found := &funding.RequestPage{Page: 1, Size: requestsAPage}
	if f.OK() {
		resp, err := d.Funding.ListRequestsWithResponse(r.Context(), params)
		if err != nil {
			return nil, err
		}
		found = resp.JSON200
	}
	names, err := d.names(r.Context(), found.Items)
	if err != nil {
		return nil, err
	}
	layout := component.LayoutProps{Title: titled("All requests", found.Page, found.Size, found.Total), Errors: f.Errors(), Wide: true}
	return web.Show(layout, allRequests(f, me.Areas, found, names, d.Now())), nil
}

// requestFilter reads which requests of the offered states are looked for.
func requestFilter(f *form.Form, me identity.Person, offered []funding.State) *funding.ListRequestsParams {
	f.AtMost("q", 40, "The reference")
	params := &funding.ListRequestsParams{State: &offered}
	if q := f.Text("q"); q != "" {
		params.Q = &q
	}
	if state := funding.State(f.Text("state")); slices.Contains(offered, state) {
		params.State = &[]funding.State{state}
	}
	if area := f.Text("area"); me.Covers(area) {
		params.Area = &area
	}
	return params
}

// filterQuery is the filter as an address carries it.
func filterQuery(f *form.Form) url.Values {
	return url.Values{"q": {f.Value("q")}, "state": {f.Value("state")}, "area": {f.Value("area")}, "by": {f.Value("by")}}
}

// dossier is all that is needed to decide a request.
type dossier struct {
	*funding.Request
	jobseeker  *needs.Jobseeker
	needs      []needs.Need // that stand in the way
	statements []needs.Statement
}

// called is what the jobseeker likes to be called.
func (c dossier) called() string {
	if c.jobseeker.KnownAs != "" {
		return c.jobseeker.KnownAs
	}
	return c.jobseeker.Name
}

func (c dossier) may(v funding.Verb) bool { return slices.Contains(c.Can, v) }

func (d Decisions) about(ctx context.Context, r *funding.Request) (dossier, error) {
	jobseeker, err := d.Needs.ReadJobseekerWithResponse(ctx, r.JobseekerId)
	if err != nil {
		return dossier{}, err
	}
	inTheWay, err := d.Needs.ListNeedsWithResponse(ctx, r.JobseekerId)
	if err != nil {
		return dossier{}, err
	}
	statements, err := d.Needs.ListStatementsWithResponse(ctx, r.JobseekerId)
	if err != nil {
		return dossier{}, err
	}
	return dossier{r, jobseeker.JSON200, inTheWay.JSON200.Items, statements.JSON200.Items}, nil
}

func (d Decisions) read(r *http.Request) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	request, err := d.request(r)
	if err != nil {
		return nil, err
	}
	c, err := d.about(r.Context(), request)
	if err != nil {
		return nil, err
	}
	papers, err := d.folder(r.Context(), request, "/decisions")
	if err != nil {
		return nil, err
	}
	said, err := d.talk(r.Context(), request, "/decisions")
	if err != nil {
		return nil, err
	}
	layout := component.LayoutProps{Title: "Request " + request.Reference, Before: component.BackLink("To decide", "/decisions")}
	return web.Show(layout, decision(c, said, papers, me, r.URL.Query().Has("changed"), d.Now())), nil
}

// verdict is one of the things that a manager can decide, or the first of two
// says.
type verdict struct {
	path    string
	verb    funding.Verb
	state   funding.State // that it leads to
	does    string        // what pressing the button does: "Approve"
	did     string        // the title of the confirmation
	ask     string        // for the reason
	reasons []component.Choice
	words   string // what the words are for, by way of a label
	readBy  string // who reads the words, and so how to write them
	needed  string // what is said when there are no words; "" where they may be left out
}

var verdicts = []verdict{
	{
		path: "approve", verb: funding.Approve, state: funding.Approved, does: "Approve", did: "Request approved", ask: "Why is it right to pay for this?",
		reasons: choices(approveWords, funding.ApproveCodeRemovesNeed, funding.ApproveCodeLeadsToJobOffer, funding.ApproveCodeBetterThanCourse, funding.ApproveCodeOther),
		words:   "Anything to add (optional)", readBy: "The jobseeker and their work coach can read this.",
	},
	{
		path: "endorse", verb: funding.Endorse, state: funding.Submitted, does: "Endorse for a second person", did: "Request endorsed", ask: "Why is it right to pay for this?",
		reasons: choices(approveWords, funding.ApproveCodeRemovesNeed, funding.ApproveCodeLeadsToJobOffer, funding.ApproveCodeBetterThanCourse, funding.ApproveCodeOther),
		words:   "Anything to add (optional)", readBy: "The second person, the work coach and the jobseeker can read this.",
	},
	{
		path: "return", verb: funding.Return, state: funding.Returned, does: "Send back with a question", did: "Request sent back", ask: "What is missing?",
		reasons: choices(returnWords, funding.ReturnCodeMoreInformation, funding.ReturnCodeQuoteNeeded, funding.ReturnCodePriceCheck, funding.ReturnCodeNeedUnclear, funding.ReturnCodeOther),
		words:   "Your question", readBy: "The work coach reads this and answers it. The jobseeker can read it too.", needed: "Enter your question.",
	},
	{
		path: "decline", verb: funding.Decline, state: funding.Declined, does: "Decline", did: "Request declined", ask: "Why not?",
		reasons: choices(declineWords, funding.DeclineCodeNotLinkedToNeed, funding.DeclineCodeOtherFundingAvailable, funding.DeclineCodeNotValueForMoney,
			funding.DeclineCodeNotAllowed, funding.DeclineCodeInsufficientInformation, funding.DeclineCodeOther),
		words:  "Tell the jobseeker why",
		readBy: "The jobseeker reads exactly this, and so does their work coach. Say what they could do instead.", needed: "Enter why, for the jobseeker to read.",
	},
}

func choices[K ~string](words map[K]string, codes ...K) []component.Choice {
	all := make([]component.Choice, len(codes))
	for i, c := range codes {
		all[i] = component.Choice{Value: string(c), Text: words[c]}
	}
	return all
}

func values(all []component.Choice) []string {
	vs := make([]string, len(all))
	for i, c := range all {
		vs[i] = c.Value
	}
	return vs
}

func decisionPath(id uuid.UUID) string { return "/decisions/" + id.String() }

// open is the request with what is known of it, if v can still be done with
// it. If not, the page of the request says why, and is the answer.
func (d Decisions) open(r *http.Request, v verdict) (c dossier, otherwise web.Answer, err error) {
	request, err := d.request(r)
	if err != nil {
		return dossier{}, nil, err
	}
	if !slices.Contains(request.Can, v.verb) {
		return dossier{}, web.Go(decisionPath(request.Id)), nil
	}
	c, err = d.about(r.Context(), request)
	return c, nil, err
}

func (d Decisions) askReason(r *http.Request, v verdict) (web.Answer, error) {
	c, otherwise, err := d.open(r, v)
	if err != nil || otherwise != nil {
		return otherwise, err
	}
	f := form.New(nil)
	setVersion(f, c.Request)
	grantAll(f, c.Lines)
	return showReason(f, c, v), nil
}

func showReason(f *form.Form, c dossier, v verdict) web.Answer {
	return web.Show(component.LayoutProps{
		Title: v.title(c), Errors: f.Errors(),
		Before: component.BackLink("Back to the request", decisionPath(c.Id)),
	}, decisionReason(f, c, v))
}

// decide takes the reason, shows it to be checked, and when that is confirmed
// takes the decision. The form carries everything in between, so that nothing
// is kept of a decision that was not taken.
func (d Decisions) decide(r *http.Request, v verdict) (web.Answer, error) {
	f := form.New(r.PostForm)
	reason := f.Choice("reason", "Choose a reason.", values(v.reasons)...)
	words := f.Text("words")
	f.Want(words != "" || v.needed == "", "words", v.needed)
	f.AtMost("words", 2000, "What you write")
	names := form.Names{"/code": "reason", "/words": "words"}
	var approval funding.Approval
	if v.verb == funding.Approve {
		names = grantedNames(askedLines(f))
		approval = approvalFrom(f, askedLines(f), reason, words)
	}
	version, err := strconv.ParseInt(f.Value("version"), 10, 64)
	if err != nil || version < 1 {
		return nil, fault.New(fault.Invalid, "We could not read what your browser sent.")
	}
	if f.OK() && f.Value("step") == "confirm" {
		id, err := idIn(r, "id")
		if err != nil {
			return nil, err
		}
		err = d.take(r.Context(), id, v, etag.Version(version), approval, reason, words)
		switch {
		case err == nil:
			return web.Go(decisionPath(id) + "/done"), nil
		case fault.Is(err, fault.Stale):
			return d.askAgain(r, f, v, err)
		case fault.Is(err, fault.Conflict), fault.Is(err, fault.Forbidden):
			return web.Go(decisionPath(id) + "?changed"), nil // which says how it stands, and who decided
		}
		if err := f.Fail(err, names); err != nil {
			return nil, err
		}
	}
	c, otherwise, err := d.open(r, v)
	if err != nil || otherwise != nil {
		return otherwise, err
	}
	checkGranted(f, approval, c.Lines)
	if !f.OK() || f.Value("step") == "change" {
		grantAll(f, c.Lines)
		return showReason(f, c, v), nil
	}
	return web.Show(component.LayoutProps{
		Title: "Check before you decide", Before: component.BackLink("Back to the request", decisionPath(c.Id)),
	}, decisionCheck(f, c, v)), nil
}

// askAgain keeps what was typed of a decision on a request that had changed, and
// shows who changed what, and the request as it is now: unless there is nothing
// left to decide, which its page says.
func (d Decisions) askAgain(r *http.Request, f *form.Form, v verdict, refused error) (web.Answer, error) {
	if err := f.Fail(refused, nil); err != nil {
		return nil, err
	}
	c, otherwise, err := d.open(r, v)
	if err != nil {
		return nil, err
	}
	if otherwise != nil {
		id, err := idIn(r, "id")
		return web.Go(decisionPath(id) + "?changed"), err
	}
	setVersion(f, c.Request)
	grantAll(f, c.Lines)
	f.Set(theirs, "yes")
	return showReason(f, c, v), nil
}

func (d Decisions) take(ctx context.Context, id uuid.UUID, v verdict, version etag.Version, approval funding.Approval, reason, words string) (err error) {
	switch v.verb {
	case funding.Approve:
		_, err = d.Funding.ApproveRequestWithResponse(ctx, id, &funding.ApproveRequestParams{IfMatch: version}, approval)
	case funding.Endorse:
		_, err = d.Funding.EndorseRequestWithResponse(ctx, id, &funding.EndorseRequestParams{IfMatch: version},
			funding.EndorseRequestJSONRequestBody{Code: funding.ApproveCode(reason), Words: words})
	case funding.Decline:
		_, err = d.Funding.DeclineRequestWithResponse(ctx, id, &funding.DeclineRequestParams{IfMatch: version},
			funding.DeclineRequestJSONRequestBody{Code: funding.DeclineCode(reason), Words: words})
	case funding.Return:
		_, err = d.Funding.ReturnRequestWithResponse(ctx, id, &funding.ReturnRequestParams{IfMatch: version},
			funding.ReturnRequestJSONRequestBody{Code: funding.ReturnCode(reason), Words: words})
	}
	return err
}

// done confirms the decision that was just taken, and leads to the next one.
func (d Decisions) done(r *http.Request) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	request, err := d.request(r)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(verdicts, func(v verdict) bool { return v.state == request.State })
	last := request.History[len(request.History)-1]
	if i < 0 || request.DecidedById != me.ID && !(endorses(last) && last.ById == me.ID) {
		return web.Go(decisionPath(request.Id)), nil
	}
	c, err := d.about(r.Context(), request)
	if err != nil {
		return nil, err
	}
	queue, err := d.Funding.ListRequestsWithResponse(r.Context(), &funding.ListRequestsParams{
		State: new([]funding.State{funding.Submitted}), Decidable: new(true), Size: new(1),
	})
	if err != nil {
		return nil, err
	}
	names, err := d.names(r.Context(), queue.JSON200.Items)
	if err != nil {
		return nil, err
	}
	return web.Show(component.LayoutProps{Title: verdicts[i].did}, decisionDone(c, verdicts[i], queue.JSON200, names, d.Now())), nil
}
