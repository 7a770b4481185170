package funding

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/catalogue"
)

// prices is the catalogue as award sees it.
type prices struct{ courses *catalogue.Courses }

// PriceOn is what the course cost that day.
func (p prices) PriceOn(ctx context.Context, course uuid.UUID, day time.Time) (award.Price, error) {
	found, err := p.courses.Course(ctx, course)
	if err != nil {
		return award.Price{}, err
	}
	c := found.Course
	price, ok := c.PriceOn(day)
	if !ok {
		return award.Price{}, fault.Newf(fault.NotFound, "This course has no price on %s. Choose another date or another course.", catalogue.Written(day))
	}
	return award.Price{
		CourseID: c.ID, CourseCode: c.Code, CourseName: c.Name,
		PriceID: price.ID, Pence: price.Pence, Source: price.Source, Confirmed: price.Confirmed(),
	}, nil
}
