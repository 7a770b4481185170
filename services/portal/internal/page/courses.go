package page

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Courses is the catalogue: finding a course, what it cost when, and the prices
// that somebody must look at before they can be a cap.
type Courses struct{ Deps }

var staff = []identity.Role{identity.Coach, identity.Manager, identity.Finance, identity.Auditor}

// Register implements web.Page.
func (c Courses) Register(g *web.Group) {
	for _, role := range staff {
		g.Menu(role, "Courses", "/courses")
	}
	g.Get("/courses", c.search, staff...)
	g.Get("/courses/:id", c.read, staff...)
	g.Get("/courses/prices", c.unconfirmed, identity.Manager)
	g.Get("/courses/:id/prices/:price", c.check, identity.Manager)
	g.Post("/courses/:id/prices/:price", c.confirm, identity.Manager)
}

const coursesAPage = 20

func (c Courses) search(r *http.Request) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	words := strings.TrimSpace(r.URL.Query().Get("q"))
	f := form.New(url.Values{"q": {words}})
	f.AtMost("q", 200, "What you look for")
	found := &funding.CoursePage{Page: 1, Size: coursesAPage}
	if f.OK() {
		resp, err := c.Funding.SearchCoursesWithResponse(r.Context(), &funding.SearchCoursesParams{
			Q: new(words), Page: new(pageOf(r)), Size: new(coursesAPage),
		})
		if err != nil {
			return nil, err
		}
		found = resp.JSON200
	}
	waiting := 0 // prices to confirm, which only managers can
	if me.Is(identity.Manager) {
		resp, err := c.Funding.ListFlaggedPricesWithResponse(r.Context(), &funding.ListFlaggedPricesParams{Size: new(1)})
		if err != nil {
			return nil, err
		}
		waiting = resp.JSON200.Total
	}
	layout := component.LayoutProps{Title: titled("Courses", found.Page, found.Size, found.Total), Errors: f.Errors()}
	return web.Show(layout, courses(f, found, me.Is(identity.Manager), waiting)), nil
}

func (c Courses) read(r *http.Request) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	course, err := c.course(r)
	if err != nil {
		return nil, err
	}
	layout := component.LayoutProps{Title: course.Name, Before: component.BackLink("Courses", "/courses")}
	return web.Show(layout, courseView(course, me.Is(identity.Manager))), nil
}

// course is the one that the address names.
func (c Courses) course(r *http.Request) (*funding.Course, error) {
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	resp, err := c.Funding.ReadCourseWithResponse(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return resp.JSON200, nil
}

func (c Courses) unconfirmed(r *http.Request) (web.Answer, error) {
	resp, err := c.Funding.ListFlaggedPricesWithResponse(r.Context(), &funding.ListFlaggedPricesParams{Page: new(pageOf(r)), Size: new(coursesAPage)})
	if err != nil {
		return nil, err
	}
	list := resp.JSON200
	layout := component.LayoutProps{
		Title:  titled("Prices to confirm", list.Page, list.Size, list.Total),
		Before: component.BackLink("Courses", "/courses"),
	}
	return web.Show(layout, pricesToConfirm(list)), nil
}

// check shows all there is to know about a flagged price before somebody
// confirms it: nothing takes a confirmation back.
func (c Courses) check(r *http.Request) (web.Answer, error) {
	return c.ask(r, form.New(nil))
}

func (c Courses) ask(r *http.Request, f *form.Form) (web.Answer, error) {
	course, err := c.course(r)
	if err != nil {
		return nil, err
	}
	id, err := idIn(r, "price")
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(course.Prices, func(p funding.Price) bool { return p.Id == id })
	if i < 0 {
		return nil, fault.New(fault.NotFound, "This course has no such price.")
	}
	if course.Prices[i].Confirmed {
		return web.Go("/courses/" + course.Id.String()), nil
	}
	layout := component.LayoutProps{
		Title: "Is this price right?", Errors: f.Errors(),
		Before: component.BackLink("Prices to confirm", "/courses/prices"),
	}
	return web.Show(layout, checkPrice(f, course, course.Prices[i])), nil
}

func (c Courses) confirm(r *http.Request) (web.Answer, error) {
	id, err := idIn(r, "price")
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	resp, err := c.Funding.ConfirmPriceWithResponse(r.Context(), id, &funding.ConfirmPriceParams{})
	if err := f.Fail(err, nil); err != nil {
		return nil, err
	}
	if !f.OK() {
		return c.ask(r, f)
	}
	return web.Go("/courses/prices").Saying("You confirmed the price of " + resp.JSON200.Name + "."), nil
}

// idIn is a variable of the route that is an id. What can't be one is not found.
func idIn(r *http.Request, name string) (uuid.UUID, error) {
	id, err := uuid.Parse(r.PathValue(name))
	if err != nil {
		return id, fault.New(fault.NotFound, "If you typed the address, check it. If you followed a link, what it led to may have been removed.")
	}
	return id, nil
}

// about is what tells a course from others like it, in one line.
func about(c funding.CourseSummary) string {
	level := c.Level
	if _, err := strconv.Atoi(level); err == nil {
		level = "level " + level
	}
	return joined(", ", c.Code, level, c.Subject, c.Provider, c.Place)
}

// joined puts what is not empty together.
func joined(with string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), with)
}

// priced reports whether there is a price. The client leaves the zero one where
// there is none.
func priced(p funding.Price) bool { return p.Id != uuid.Nil }

// period is the days that a price holds for.
func period(p funding.Price) string {
	if p.To.IsZero() {
		return "From " + component.Day(p.From.Time)
	}
	return component.Day(p.From.Time) + " to " + component.Day(p.To.Time)
}

func pounds(pence int64) string { return money.Pence(pence).String() }
