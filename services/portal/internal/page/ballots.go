package page

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/outcomes"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Ballots is what members of an area vote on: jobseekers on a phone and staff at a
// desk on the same page, a manager who sets a vote up, and what came of it.
type Ballots struct{ Deps }

var (
	voters      = []identity.Role{identity.Jobseeker, identity.Coach, identity.Manager, identity.Finance}
	voteReaders = []identity.Role{identity.Jobseeker, identity.Coach, identity.Manager, identity.Finance, identity.Auditor}
)

// Register implements web.Page.
func (b Ballots) Register(g *web.Group) {
	for _, role := range voteReaders {
		g.Menu(role, "Have your say", "/ballots")
	}
	g.Get("/ballots", b.list, voteReaders...)
	g.Get("/ballots/new", b.askNew, identity.Manager)
	g.Post("/ballots/new", b.open, identity.Manager)
	g.Get("/ballots/:id", b.read, voteReaders...)
	g.Post("/ballots/:id", b.vote, voters...)
	g.Get("/ballots/:id/cancel", b.askCancel, identity.Manager)
	g.Post("/ballots/:id/cancel", b.cancel, identity.Manager)
}

const ballotsAPage = 20

func ballotPath(id uuid.UUID) string { return "/ballots/" + id.String() }

func (b Ballots) list(r *http.Request) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	resp, err := b.Outcomes.ListBallotsWithResponse(r.Context(), &outcomes.ListBallotsParams{Page: new(pageOf(r)), Size: new(ballotsAPage)})
	if err != nil {
		return nil, err
	}
	found := resp.JSON200
	return web.Show(component.LayoutProps{Title: titled("Have your say", found.Page, found.Size, found.Total)}, ballotList(me, found)), nil
}

// toVoteOn is the first open ballot in which whoever looks has not voted yet.
func (d Deps) toVoteOn(ctx context.Context) (outcomes.Ballot, bool, error) {
	resp, err := d.Outcomes.ListBallotsWithResponse(ctx, &outcomes.ListBallotsParams{Size: new(aFew)})
	if err != nil {
		return outcomes.Ballot{}, false, err
	}
	all := resp.JSON200.Items
	i := slices.IndexFunc(all, func(b outcomes.Ballot) bool { return slices.Contains(b.Can, outcomes.BallotVote) && b.MyVote == 0 })
	if i < 0 {
		return outcomes.Ballot{}, false, nil
	}
	return all[i], true, nil
}

// ballot is the one that the address names.
func (b Ballots) ballot(r *http.Request) (*outcomes.Ballot, error) {
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	resp, err := b.Outcomes.ReadBallotWithResponse(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return resp.JSON200, nil
}

func (b Ballots) read(r *http.Request) (web.Answer, error) {
	one, err := b.ballot(r)
	if err != nil {
		return nil, err
	}
	f := form.New(nil)
	if one.MyVote > 0 {
		f.Set("option", strconv.Itoa(one.MyVote))
	}
	return showBallot(f, one), nil
}

func showBallot(f *form.Form, one *outcomes.Ballot) web.Answer {
	return web.Show(component.LayoutProps{
		Title: wordsFor(ballotWords, one.Kind), Errors: f.Errors(), Before: component.BackLink("Have your say", "/ballots"),
	}, ballotView(f, one))
}

func (b Ballots) vote(r *http.Request) (web.Answer, error) {
	one, err := b.ballot(r)
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	option, _ := strconv.Atoi(f.Required("option", "Choose one of these."))
	if f.OK() {
		_, err := b.Outcomes.CastVoteWithResponse(r.Context(), one.Id, &outcomes.CastVoteParams{}, outcomes.CastVoteJSONRequestBody{Option: option})
		if err := f.Fail(err, form.Names{"/option": "option"}); err != nil {
			return nil, err
		}
		if f.OK() {
			return web.Go(ballotPath(one.Id)).Saying("Thank you. Your vote counts. You can change it until the end of " + component.Day(one.ClosesOn.Time) + "."), nil
		}
	}
	return showBallot(f, one), nil
}

// usualDays is for how long a vote is open, unless the manager says otherwise.
const usualDays = 14

func (b Ballots) askNew(r *http.Request) (web.Answer, error) {
	f := form.New(nil)
	f.Set("kind", r.URL.Query().Get("kind"))
	today := component.Today(b.Now())
	setDay(f, "opens", today)
	setDay(f, "closes", today.AddDate(0, 0, usualDays))
	return b.showNew(r, f)
}

func (b Ballots) showNew(r *http.Request, f *form.Form) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	if f.Value("kind") != string(outcomes.Courses) {
		f.Set("kind", string(outcomes.Priorities))
	}
	return web.Show(component.LayoutProps{
		Title: "Set up a vote", Errors: f.Errors(), Before: component.BackLink("Have your say", "/ballots"),
	}, newBallot(f, me.Areas)), nil
}

func (b Ballots) open(r *http.Request) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	if len(me.Areas) == 1 {
		f.Set("area", me.Areas[0])
	}
	body := outcomes.NewBallot{Area: f.Choice("area", "Choose the area whose members vote.", me.Areas...), Kind: outcomes.BallotKind(f.Text("kind"))}
	var lines []string
	for line := range strings.Lines(f.Required("options", "Give at least two to choose from, one a line.")) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	body.OpensOn = openapi.Date{Time: f.Day("opens", "The first day")}
	body.ClosesOn = openapi.Date{Time: f.Day("closes", "The last day")}
	if body.Kind == outcomes.Courses {
		if body.CourseIds, err = b.coursesIn(r.Context(), f, lines); err != nil {
			return nil, err
		}
	} else {
		body.Priorities = lines
	}
	if f.OK() {
		resp, err := b.Outcomes.OpenBallotWithResponse(r.Context(), &outcomes.OpenBallotParams{}, body)
		if err := f.Fail(err, form.Names{
			"/area": "area", "/kind": "kind", "/opens_on": "opens", "/closes_on": "closes", "/priorities": "options", "/course_ids": "options",
			"/priorities/*": "options", "/course_ids/*": "options",
		}); err != nil {
			return nil, err
		}
		if f.OK() {
			return web.Go(ballotPath(resp.JSON201.Id)).Saying("The vote is set up. Members of " + body.Area + " see it in their menu, and jobseekers on their first page."), nil
		}
	}
	return b.showNew(r, f)
}

// coursesIn reads courses by their codes.
func (b Ballots) coursesIn(ctx context.Context, f *form.Form, codes []string) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	for _, code := range codes {
		resp, err := b.Funding.SearchCoursesWithResponse(ctx, &funding.SearchCoursesParams{Q: &code})
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(resp.JSON200.Items, func(c funding.CourseSummary) bool { return strings.EqualFold(c.Code, code) })
		f.Want(i >= 0, "options", "No course has the code “"+code+"”. Its code is on its page, under Courses.")
		if i >= 0 {
			ids = append(ids, resp.JSON200.Items[i].Id)
		}
	}
	return ids, nil
}

func (b Ballots) askCancel(r *http.Request) (web.Answer, error) {
	one, err := b.ballot(r)
	if err != nil {
		return nil, err
	}
	f := form.New(nil)
	readAt(f, one.Version)
	return showCancelBallot(f, one), nil
}

func showCancelBallot(f *form.Form, one *outcomes.Ballot) web.Answer {
	if !slices.Contains(one.Can, outcomes.BallotCancel) && f.OK() {
		return web.Go(ballotPath(one.Id)) // which says how it stands
	}
	return web.Show(component.LayoutProps{
		Title: "Cancel this vote?", Errors: f.Errors(), Before: component.BackLink("Back", ballotPath(one.Id)),
	}, cancelBallot(f, one))
}

func (b Ballots) cancel(r *http.Request) (web.Answer, error) {
	id, f, version, err := editIn(r)
	if err != nil {
		return nil, err
	}
	why := f.Required("why", "Say why, for those who voted.")
	f.AtMost("why", 1000, "The reason")
	if f.OK() {
		_, err := b.Outcomes.CancelBallotWithResponse(r.Context(), id, &outcomes.CancelBallotParams{IfMatch: etag.Version(version)}, outcomes.CancelBallotJSONRequestBody{Why: why})
		if err := f.Fail(err, form.Names{"/why": "why"}); err != nil {
			return nil, err
		}
		if f.OK() {
			return web.Go(ballotPath(id)).Saying("The vote is cancelled, and no vote is kept."), nil
		}
	}
	one, err := b.ballot(r)
	if err != nil {
		return nil, err
	}
	readAt(f, one.Version)
	return showCancelBallot(f, one), nil
}
