package seed

import (
	"context"
	"time"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/funding"
)

// exception has a coach ask to spend more than a course costs. It waits for Marcus,
// whose authority goes that far. What was done by a start that was broken off is
// not done again.
func (s *Seed) exception(ctx context.Context) error {
	manager, err := s.as(ctx, "marcus-reid")
	if err != nil {
		return err
	}
	known, err := s.funding.ListRequestsWithResponse(manager, &funding.ListRequestsParams{Exception: new(true)})
	if err != nil || known.JSON200.Total > 0 {
		return err
	}
	s.Clock.set(5 * time.Hour)
	coach, err := s.as(ctx, "tom-whitworth")
	if err != nil {
		return err
	}
	r, err := s.draftOne(coach, "gary-ogden", funding.NewLine{
		What: "Fitter’s tool kit with calibrated torque tools", Why: "The contract at Hollinwood asks for torque tools with a certificate. He starts the day he has them.",
		Category: "tools", Supplier: "Cromwell Tools Oldham", AmountPence: 3180_00, Quote: "Quote C-90131",
	})
	if err != nil {
		return err
	}
	_, err = s.funding.AskExceptionWithResponse(coach, r.Id, &funding.AskExceptionParams{IfMatch: etag.Version(r.Version)}, funding.AskExceptionJSONRequestBody{
		Words: "I had three quotes. Without certificates the kit is £1,420, and the foreman will not have it on site. Hiring the torque tools for the twelve weeks comes to more.",
	})
	if err != nil {
		return err
	}
	s.Step("one coach asks to spend more than the course costs")
	return nil
}
