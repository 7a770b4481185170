package page_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
)

var (
	helen = identity.Person{Name: "Helen Barlow", Roles: []identity.Role{identity.Manager}, Areas: []string{"Oldham"}}
	priya = identity.Person{Name: "Priya Shah", Roles: []identity.Role{identity.Coach}, Areas: []string{"Oldham"}}
)

// catalogue is two courses: one with a good price and one whose price is to be
// confirmed.
func catalogue() []funding.Course {
	from := openapi.Date{Time: time.Date(2025, time.August, 1, 0, 0, 0, 0, time.UTC)}
	card := funding.Price{Id: uuid.New(), Pence: 19500, From: from, Source: "courses.csv", Confirmed: true}
	truck := funding.Price{Id: uuid.New(), Pence: 1250000, From: from, Source: "courses.csv", Flag: "£12,500.00 is far above what courses in Warehousing cost."}
	return []funding.Course{
		{Id: uuid.New(), Code: "CSCS-GREEN", Name: "Health and safety in construction", Provider: "Oldham College", Level: "Level 1", Price: card, Prices: []funding.Price{card}},
		{Id: uuid.New(), Code: "FORKLIFT-5D", Name: "Forklift truck operator", Subject: "Warehousing", Months: 1, Price: truck, Prices: []funding.Price{truck}},
	}
}

func brief(c funding.Course) funding.CourseSummary {
	return funding.CourseSummary{Id: c.Id, Code: c.Code, Name: c.Name, Provider: c.Provider, Subject: c.Subject, Level: c.Level, Place: c.Place, Price: c.Price}
}

func TestAnyoneOnTheStaffFindsACourseByItsWords(t *testing.T) {
	p := start(t)
	p.funding.courses = catalogue()
	at := p.as(priya).get("/courses").sound().wants("2 courses", "£195.00", "£12,500.00 To confirm")
	at.lacks("Import a course list")

	at = at.press("Search", fill{"q": "forklift"}).sound().wants("1 course for “forklift”", "Forklift truck operator")
	at.lacks("Health and safety")

	at.press("Search", fill{"q": "plumbing"}).sound().wants("No course matches “plumbing”").follow("See all courses").wants("2 courses")
}

func TestACourseShowsWhatItCostWhenAndWhereThatComesFrom(t *testing.T) {
	p := start(t)
	p.funding.courses = catalogue()
	p.as(priya).get("/courses").follow("Forklift truck operator").sound().
		wants("FORKLIFT-5D", "£12,500.00", "From 1 August 2025", "courses.csv", "far above what courses in Warehousing cost", "Not to be used until a manager confirms it").
		lacks("Look at this price")
}

func TestAManagerConfirmsAFlaggedPriceOnce(t *testing.T) {
	p := start(t)
	p.funding.courses = catalogue()
	b := p.as(helen)
	check := b.get("/courses").follow("1 price to confirm").sound().follow("Forklift truck operator").sound().
		wants("Is this price right?", "far above what courses in Warehousing cost", "can’t be taken back")

	check.press("Yes, confirm this price", nil).sound().is(200, "/courses/prices").
		wants("You confirmed the price of Forklift truck operator.", "No price is waiting to be confirmed.")
	check.press("Yes, confirm this price", nil).is(200, "/courses/prices")
	if got := p.funding.courses[1].Prices[0].ConfirmedBy; got != helen.Name {
		t.Errorf("confirmed by %q, want %q", got, helen.Name)
	}
	b.get(check.url).is(200, "/courses/"+p.funding.courses[1].Id.String()).wants("Confirmed by", "Helen Barlow")
}

func TestOnlyAManagerMayConfirmAPrice(t *testing.T) {
	p := start(t)
	p.funding.courses = catalogue()
	if at := p.as(priya).get("/courses/prices"); at.status != 403 {
		t.Errorf("a coach gets status %d, want 403", at.status)
	}
}

func TestAnAddressThatIsNoCourseIsNotFound(t *testing.T) {
	p := start(t)
	for _, path := range []string{"/courses/nothing", "/courses/" + uuid.NewString()} {
		if at := p.as(priya).get(path).sound(); at.status != 404 {
			t.Errorf("%s answers %d, want 404", path, at.status)
		}
	}
}

func (m *memoryFunding) SearchCourses(_ context.Context, in funding.SearchCoursesRequestObject) (funding.SearchCoursesResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := funding.SearchCourses200JSONResponse{Items: []funding.CourseSummary{}, Page: 1, Size: 20}
	for _, c := range m.courses {
		if in.Params.Q == nil || strings.Contains(strings.ToLower(c.Name+c.Code), strings.ToLower(*in.Params.Q)) {
			found.Items = append(found.Items, brief(c))
		}
	}
	found.Total = len(found.Items)
	return found, nil
}

func (m *memoryFunding) ReadCourse(_ context.Context, in funding.ReadCourseRequestObject) (funding.ReadCourseResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.courses {
		if c.Id == in.Id {
			return funding.ReadCourse200JSONResponse(c), nil
		}
	}
	return nil, fault.New(fault.NotFound, "There is no such course.")
}

func (m *memoryFunding) ListFlaggedPrices(context.Context, funding.ListFlaggedPricesRequestObject) (funding.ListFlaggedPricesResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := funding.ListFlaggedPrices200JSONResponse{Items: []funding.FlaggedPrice{}, Page: 1, Size: 20}
	for _, c := range m.courses {
		for _, price := range c.Prices {
			if !price.Confirmed {
				list.Items = append(list.Items, funding.FlaggedPrice{Course: brief(c), Price: price})
			}
		}
	}
	list.Total = len(list.Items)
	return list, nil
}

func (m *memoryFunding) ConfirmPrice(ctx context.Context, in funding.ConfirmPriceRequestObject) (funding.ConfirmPriceResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	by, err := identity.From(ctx)
	if err != nil {
		return nil, err
	}
	for i := range m.courses {
		c := &m.courses[i]
		for j := range c.Prices {
			if c.Prices[j].Id == in.Id {
				c.Prices[j].Confirmed, c.Prices[j].ConfirmedBy, c.Prices[j].ConfirmedAt = true, by.Name, now
				c.Price = c.Prices[j]
				return funding.ConfirmPrice200JSONResponse(*c), nil
			}
		}
	}
	return nil, fault.New(fault.NotFound, "There is no such price.")
}
