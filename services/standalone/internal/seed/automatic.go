package seed

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/money"
)

// small are things that the fund's own rule approves. To begin with its terms have
// every one of them looked at: Helen has looked at the first.
var small = []struct {
	subject, coach string
	what, why      string
	pence          money.Pence
	looked         bool
}{
	{"mohammed-iqbal", "dan-kershaw", "Phone credit for a month", "The licensing office and two firms ring him back.", 1500, true},
	{"fatima-begum", "priya-shah", "Data for a month", "Shops send their orders to her phone, and she has no internet at home.", 1000, false},
}

// automatic has a fund's rule approve some small things, and a manager look at one.
// What was done by a start that was broken off is not done again.
func (s *Seed) automatic(ctx context.Context) error {
	manager, err := s.as(ctx, "helen-barlow")
	if err != nil {
		return err
	}
	known, err := s.funding.ListAutomaticWithResponse(manager, &funding.ListAutomaticParams{})
	if err != nil || known.JSON200.Total > 0 {
		return err
	}
	for i, one := range small {
		s.Clock.set(time.Duration(30-10*i) * time.Hour)
		coach, err := s.as(ctx, one.coach)
		if err != nil {
			return err
		}
		id, err := s.askSmall(coach, one.subject, funding.NewLine{What: one.what, Why: one.why, Category: "digital", AmountPence: int64(one.pence)})
		if err != nil {
			return fmt.Errorf("%s: %w", one.subject, err)
		}
		if !one.looked {
			continue
		}
		s.Clock.set(22 * time.Hour)
		if _, err := s.funding.ReviewAutomaticWithResponse(manager, id, nil, funding.ReviewAutomaticJSONRequestBody{Agrees: true}); err != nil {
			return err
		}
	}
	s.Step(fmt.Sprintf("%d small things were approved automatically", len(small)))
	return nil
}

// askSmall asks for one line more against the allowance that a jobseeker of the
// stories has. It returns the request, which the rule approves.
func (s *Seed) askSmall(coach context.Context, subject string, l funding.NewLine) (uuid.UUID, error) {
	drafted, err := s.draftOne(coach, subject, l)
	if err != nil {
		return uuid.Nil, err
	}
	sent, err := s.funding.SubmitRequestWithResponse(coach, drafted.Id, &funding.SubmitRequestParams{IfMatch: etag.Version(drafted.Version)})
	if err != nil {
		return uuid.Nil, err
	}
	if sent.JSON200.State != funding.Approved {
		return uuid.Nil, fmt.Errorf("the fund's rule left it %s", sent.JSON200.State)
	}
	return drafted.Id, nil
}

// draftOne drafts a request for one line against the allowance that a jobseeker of
// the stories has.
func (s *Seed) draftOne(coach context.Context, subject string, l funding.NewLine) (*funding.Request, error) {
	jobseeker, err := s.known(coach, subject)
	if err != nil {
		return nil, err
	}
	inTheWay, err := s.needs.ListNeedsWithResponse(coach, jobseeker)
	if err != nil {
		return nil, err
	}
	allowances, err := s.funding.ListAllowancesWithResponse(coach, &funding.ListAllowancesParams{JobseekerId: jobseeker})
	if err != nil {
		return nil, err
	}
	if len(inTheWay.JSON200.Items) == 0 || len(allowances.JSON200.Items) == 0 {
		return nil, fmt.Errorf("nothing is in the way, or there is no allowance")
	}
	l.NeedId = inTheWay.JSON200.Items[0].Id
	drafted, err := s.funding.DraftRequestWithResponse(coach, nil, funding.DraftRequestJSONRequestBody{AllowanceId: allowances.JSON200.Items[0].Id})
	if err != nil {
		return nil, err
	}
	edited, err := s.funding.EditRequestWithResponse(coach, drafted.JSON201.Id, &funding.EditRequestParams{IfMatch: etag.Version(drafted.JSON201.Version)}, funding.RequestEdit{Lines: []funding.NewLine{l}})
	if err != nil {
		return nil, err
	}
	return edited.JSON200, nil
}
