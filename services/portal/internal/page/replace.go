package page

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Replace names the course that a jobseeker would be sent on. What it costs on
// a day becomes the most that can be spent on them instead.
type Replace struct{ Deps }

// Register implements web.Page.
func (p Replace) Register(g *web.Group) {
	g.Get("/jobseekers/:id/course", p.search, identity.Coach)
	g.Get("/jobseekers/:id/course/:course", p.check, identity.Coach)
	g.Post("/jobseekers/:id/course/:course", p.open, identity.Coach)
}

func (p Replace) search(r *http.Request) (web.Answer, error) {
	j, mine, err := p.jobseeker(r)
	if err != nil {
		return nil, err
	}
	if !mine {
		return web.Go(jobseekerPath(j.Id)), nil
	}
	words := strings.TrimSpace(r.URL.Query().Get("q"))
	f := form.New(url.Values{"q": {words}})
	f.AtMost("q", 200, "What you look for")
	found := &funding.CoursePage{Page: 1, Size: coursesAPage}
	if f.OK() && words != "" {
		resp, err := p.Funding.SearchCoursesWithResponse(r.Context(), &funding.SearchCoursesParams{Q: &words, Page: new(pageOf(r)), Size: new(coursesAPage)})
		if err != nil {
			return nil, err
		}
		found = resp.JSON200
	}
	return web.Show(component.LayoutProps{
		Title: titled("Which course would "+called(j)+" be sent on?", found.Page, found.Size, found.Total), Errors: f.Errors(), Wide: true,
		Before: component.BackLink("Back to "+called(j), jobseekerPath(j.Id)),
	}, pickCourse(f, j, found)), nil
}

// replacement is a course that may be replaced, at its price on a day.
type replacement struct {
	jobseeker *needs.Jobseeker
	course    *funding.Course
	on        time.Time // a calendar day
	price     funding.Price
	before    *funding.Allowance // the one there is already for this course, if there is
	looked    string             // for what, on the page before
}

// back leads to the courses that were found.
func (c replacement) back() string {
	at := jobseekerPath(c.jobseeker.Id) + "/course"
	if c.looked == "" {
		return at
	}
	return at + "?" + url.Values{"q": {c.looked}}.Encode()
}

func (p Replace) check(r *http.Request) (web.Answer, error) {
	return p.show(r, form.New(r.URL.Query()))
}

func (p Replace) show(r *http.Request, f *form.Form) (web.Answer, error) {
	j, mine, err := p.jobseeker(r)
	if err != nil {
		return nil, err
	}
	if !mine {
		return web.Go(jobseekerPath(j.Id)), nil
	}
	id, err := idIn(r, "course")
	if err != nil {
		return nil, err
	}
	course, err := p.Funding.ReadCourseWithResponse(r.Context(), id)
	if err != nil {
		return nil, err
	}
	allowances, err := p.Funding.ListAllowancesWithResponse(r.Context(), &funding.ListAllowancesParams{JobseekerId: j.Id})
	if err != nil {
		return nil, err
	}
	c := replacement{jobseeker: j, course: course.JSON200, on: p.day(f), looked: r.URL.Query().Get("q")}
	c.price, _ = priceOn(c.course.Prices, c.on)
	if i := slices.IndexFunc(allowances.JSON200.Items, func(a funding.Allowance) bool { return a.CourseId == id }); i >= 0 {
		c.before = &allowances.JSON200.Items[i]
	}
	return web.Show(component.LayoutProps{
		Title: "Check the course", Errors: f.Errors(), Before: component.BackLink("Back to courses", c.back()),
	}, checkCourse(f, c)), nil
}

// day is the day whose price is used: today, unless another was asked for that
// can be read.
func (p Replace) day(f *form.Form) time.Time {
	today := component.Today(p.Now())
	if f.Value("on") == "" && f.Value("on-day") == "" && f.Value("on-month") == "" && f.Value("on-year") == "" {
		return today
	}
	day := f.Day("on", "The day of the price")
	f.Want(!day.After(today), "on", "The day of the price must be today or in the past.")
	if f.Error("on") != "" {
		return today
	}
	return day
}

// priceOn is the price that holds on day, if there is one.
func priceOn(prices []funding.Price, day time.Time) (funding.Price, bool) {
	i := slices.IndexFunc(prices, func(p funding.Price) bool {
		return !day.Before(p.From.Time) && (p.To.IsZero() || !day.After(p.To.Time))
	})
	if i < 0 {
		return funding.Price{}, false
	}
	return prices[i], true
}

// open opens the allowance and begins a request against it: nobody names a
// course for any other reason.
func (p Replace) open(r *http.Request) (web.Answer, error) {
	jobseeker, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	course, err := idIn(r, "course")
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	on := p.day(f)
	if !f.OK() {
		return p.show(r, f)
	}
	allowance, err := p.allowance(r, jobseeker, course, on)
	if err := f.Fail(err, form.Names{"/priced_on": "on"}); err != nil {
		return nil, err
	}
	if !f.OK() {
		return p.show(r, f)
	}
	request, err := p.Funding.DraftRequestWithResponse(web.Step(r.Context(), "request"), &funding.DraftRequestParams{}, funding.DraftRequestJSONRequestBody{AllowanceId: allowance})
	if err != nil {
		return nil, err
	}
	return web.Go(requestPath(request.JSON201.Id)), nil
}

func (p Replace) allowance(r *http.Request, jobseeker, course uuid.UUID, on time.Time) (uuid.UUID, error) {
	resp, err := p.Funding.OpenAllowanceWithResponse(web.Step(r.Context(), "allowance"), &funding.OpenAllowanceParams{},
		funding.OpenAllowanceJSONRequestBody{JobseekerId: jobseeker, CourseId: course, PricedOn: openapi.Date{Time: on}})
	if err != nil {
		return uuid.Nil, err
	}
	return resp.JSON201.Id, nil
}
