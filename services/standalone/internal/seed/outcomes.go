package seed

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/api/outcomes"
	"github.com/instead-support/instead/pkg/workday"
)

// followed is how it went for a jobseeker of the stories.
type followed struct {
	subject, coach string
	daysAgo        int // when they started
	start          outcomes.Start
	course         string // code of the course, of somebody who went on it

	answered  int // after how many days at it their first check was answered; 0 for not yet
	answer    outcomes.Answer
	corrected outcomes.Start // what was put right two days later, if it has a kind
	why       string
	said      map[string]outcomes.Said // of a line, by what it is for, or of the course as "course"
}

// outcomesSoFar are those of a few: one is just starting, one put right, one is to be
// asked after 13 weeks, and one went on the course, stayed in work after it and is
// to be asked after 26.
var outcomesSoFar = []followed{
	{
		subject: "nasreen-ali", coach: "tom-whitworth", daysAgo: 300, course: "FWK-443-3-1",
		start: outcomes.Start{Kind: outcomes.Training, Route: outcomes.Course, Employer: "Northern Retail Academy"},
		said: map[string]outcomes.Said{"course": {
			Helped: outcomes.No, Words: "I had worked on tills for six years. They taught me to smile at customers.",
		}},
	},
	{
		subject: "nasreen-ali", coach: "tom-whitworth", daysAgo: 185, course: "FWK-443-3-1",
		start: outcomes.Start{
			Kind: outcomes.Job, Route: outcomes.Course, WeeklyMinutes: 20 * 60, PayPence: 1290, PayPer: outcomes.Hour, Employer: "Chadderton Mart", Occupation: "7112",
		},
		answered: 94, answer: outcomes.Answer{InWork: true, Evidence: outcomes.EvidencePayslip, Words: "Payslip of the third month seen."},
	},
	{
		subject: "rosa-fernandes", coach: "priya-shah", daysAgo: 102,
		start: outcomes.Start{
			Kind: outcomes.Job, Route: outcomes.Instead, WeeklyMinutes: 16 * 60, PayPence: 1271, PayPer: outcomes.Hour, Employer: "Bright Morning Cleaning", Occupation: "9223",
		},
	},
	{
		subject: "kwame-boateng", coach: "priya-shah", daysAgo: 5,
		start: outcomes.Start{
			Kind: outcomes.Job, Route: outcomes.Instead, WeeklyMinutes: 45 * 60, PayPence: 3_640_000, PayPer: outcomes.Year, Employer: "Broadgate Haulage", Occupation: "8211",
		},
		said: map[string]outcomes.Said{"Driver's medical (D4)": {
			Helped: outcomes.ALot, CourseWouldHelpMore: outcomes.WouldHelpNo, Words: "I was back in a cab in two weeks. The course was a year.",
		}},
	},
	{
		subject: "shabnam-akhtar", coach: "tom-whitworth", daysAgo: 8,
		start: outcomes.Start{
			Kind: outcomes.Job, Route: outcomes.Instead, WeeklyMinutes: 15 * 60, PayPence: 1271, PayPer: outcomes.Hour, Employer: "Freehold Primary School", Occupation: "9231",
		},
		corrected: outcomes.Start{
			Kind: outcomes.Job, Route: outcomes.Instead, WeeklyMinutes: 20 * 60, PayPence: 1271, PayPer: outcomes.Hour, Employer: "Freehold Primary School", Occupation: "9231",
		},
		why: "The contract says 20 hours a week, not 15.",
	},
	{
		subject: "leanne-hargreaves", coach: "priya-shah", daysAgo: 3,
		start: outcomes.Start{
			Kind: outcomes.Job, Route: outcomes.Instead, WeeklyMinutes: 40 * 60, PayPence: 1320, PayPer: outcomes.Hour, Employer: "The Tommyfield", Occupation: "5434",
		},
	},
}

// wentBefore are others who went on the course that Nasreen went on, and what they
// say of it, so that there is something to count.
var wentBefore = []struct {
	subject string
	said    outcomes.Said
}{
	{"paul-hindle", outcomes.Said{Helped: outcomes.Harder, Words: "Nine months I could have been earning."}},
	{"shazia-mirza", outcomes.Said{Helped: outcomes.ALot, Words: "I had never spoken to a customer before."}},
	{"craig-butterworth", outcomes.Said{Helped: outcomes.No}},
	{"amina-yusuf", outcomes.Said{Helped: outcomes.No, Words: "I could have taught it."}},
	{"lee-ashworth", outcomes.Said{Helped: outcomes.ALittle}},
}

// follow records how it went for those.
func (s *Seed) follow(ctx context.Context) error {
	all := slices.Clone(outcomesSoFar)
	for i, p := range wentBefore {
		all = append(all, followed{
			subject: p.subject, coach: "dan-kershaw", daysAgo: 240 - 3*i, course: "FWK-443-3-1",
			start: outcomes.Start{Kind: outcomes.Training, Route: outcomes.Course, Employer: "Northern Retail Academy"}, said: map[string]outcomes.Said{"course": p.said},
		})
	}
	for _, one := range all {
		if err := s.followOne(ctx, one); err != nil {
			return fmt.Errorf("%s: %w", one.subject, err)
		}
	}
	s.Step("what came of it is recorded for a few, and some are to be asked how it goes")
	return nil
}

func (s *Seed) followOne(ctx context.Context, one followed) error {
	coach, err := s.as(ctx, one.coach)
	if err != nil {
		return err
	}
	jobseeker, err := s.known(coach, one.subject)
	if err != nil {
		return err
	}
	begun := time.Now().AddDate(0, 0, -one.daysAgo)
	day := openapi.Date{Time: workday.On(begun)}
	had, err := s.outcomes.ListOutcomesWithResponse(coach, jobseeker)
	if err != nil {
		return err
	}
	for _, o := range had.JSON200.Items {
		if o.Kind == one.start.Kind { // by a start of the system before this one
			return nil
		}
	}
	s.Clock.set(time.Since(begun))
	one.start.StartedOn, one.corrected.StartedOn = day, day
	if one.start.AllowanceIds, err = s.belongs(coach, jobseeker, one.course); err != nil {
		return err
	}
	made, err := s.outcomes.RecordOutcomeWithResponse(coach, jobseeker, nil, one.start)
	if err != nil {
		return err
	}
	o := made.JSON201
	if one.answered > 0 {
		s.Clock.set(time.Since(begun.AddDate(0, 0, one.answered)))
		_, err := s.outcomes.RecordCheckWithResponse(coach, o.Checks[0].Id, &outcomes.RecordCheckParams{IfMatch: etag.Version(o.Version)}, one.answer)
		if err != nil {
			return err
		}
	}
	if c := one.corrected; c.Kind != "" {
		s.Clock.set(time.Since(begun.AddDate(0, 0, 2)))
		_, err := s.outcomes.CorrectOutcomeWithResponse(coach, o.Id, &outcomes.CorrectOutcomeParams{IfMatch: etag.Version(o.Version)}, outcomes.StartCorrection{
			Kind: c.Kind, Route: c.Route, StartedOn: c.StartedOn, WeeklyMinutes: c.WeeklyMinutes, PayPence: c.PayPence, PayPer: c.PayPer,
			Employer: c.Employer, Occupation: c.Occupation, AllowanceIds: one.start.AllowanceIds, Why: one.why,
		})
		if err != nil {
			return err
		}
	}
	s.Clock.set(time.Hour)
	return s.say(ctx, one, jobseeker)
}

// say has the jobseeker say what was useful.
func (s *Seed) say(ctx context.Context, one followed, jobseeker uuid.UUID) error {
	if len(one.said) == 0 {
		return nil
	}
	self, err := s.as(ctx, one.subject)
	if err != nil {
		return err
	}
	ratings, err := s.outcomes.ListRatingsWithResponse(self, jobseeker)
	if err != nil {
		return err
	}
	for _, r := range ratings.JSON200.Items {
		said, ok := one.said[r.What]
		if r.Kind == outcomes.RatingOfCourse {
			said, ok = one.said["course"]
		}
		if !ok {
			continue
		}
		if _, err := s.outcomes.RateWithResponse(self, jobseeker, r.About, &outcomes.RateParams{IfMatch: etag.Version(r.Version)}, said); err != nil {
			return err
		}
	}
	return nil
}

// belongs is the allowance with which an outcome belongs: the one that they have or,
// of somebody who went on a course, one that names it.
func (s *Seed) belongs(coach context.Context, jobseeker uuid.UUID, course string) ([]uuid.UUID, error) {
	had, err := s.funding.ListAllowancesWithResponse(coach, &funding.ListAllowancesParams{JobseekerId: jobseeker})
	if err != nil {
		return nil, err
	}
	if all := had.JSON200.Items; len(all) > 0 {
		return []uuid.UUID{all[0].Id}, nil
	}
	if course == "" {
		return nil, nil
	}
	id, err := s.course(coach, course)
	if err != nil {
		return nil, err
	}
	opened, err := s.funding.OpenAllowanceWithResponse(coach, nil, funding.OpenAllowanceJSONRequestBody{JobseekerId: jobseeker, CourseId: id})
	if err != nil {
		return nil, err
	}
	return []uuid.UUID{opened.JSON201.Id}, nil
}

// known is the jobseeker of the stories with this subject.
func (s *Seed) known(coach context.Context, subject string) (uuid.UUID, error) {
	var email string
	for _, one := range stories {
		if one.subject == subject {
			email = one.email
		}
	}
	found, err := s.needs.ListJobseekersWithResponse(coach, &needs.ListJobseekersParams{Q: &email})
	if err != nil {
		return uuid.Nil, err
	}
	if len(found.JSON200.Items) != 1 {
		return uuid.Nil, fmt.Errorf("%d people have the address %s", len(found.JSON200.Items), email)
	}
	return found.JSON200.Items[0].Id, nil
}
