// Package seed fills a new system with people to try it on. Everything is done
// as somebody, through the services' own APIs, and so keeps every rule that
// anybody else's work keeps.
package seed

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/api/outcomes"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/pkg/sampledata"
	"github.com/instead-support/instead/services/standalone/internal/demo"
)

// Clock is the system's time, which the demo sets back so that its people's
// stories lie days apart. It never goes back once released.
type Clock struct{ back atomic.Int64 }

// Now is the time that services go by.
func (c *Clock) Now() time.Time { return time.Now().Add(-time.Duration(c.back.Load())) }

func (c *Clock) set(back time.Duration) { c.back.Store(int64(back)) }

// Seed is what it takes to fill a system.
type Seed struct {
	Providers *demo.Providers
	Transport http.RoundTripper
	Clock     *Clock
	Step      func(string)

	needs    *needs.ClientWithResponses
	funding  *funding.ClientWithResponses
	outcomes *outcomes.ClientWithResponses

	approved map[string]*funding.Request // by the jobseeker's subject
}

// Fill imports the sample courses and tells the stories of a dozen jobseekers.
func (s *Seed) Fill(ctx context.Context) (err error) {
	defer s.Clock.set(0)
	client := httpx.NewClient(s.Transport)
	if s.needs, err = needs.NewClientWithResponses("http://needs", needs.WithHTTPClient(client)); err != nil {
		return err
	}
	if s.funding, err = funding.NewClientWithResponses("http://funding", funding.WithHTTPClient(client)); err != nil {
		return err
	}
	if s.outcomes, err = outcomes.NewClientWithResponses("http://outcomes", outcomes.WithHTTPClient(client)); err != nil {
		return err
	}
	if err := s.importCourses(ctx); err != nil {
		return fmt.Errorf("demo courses: %w", err)
	}
	if err := s.authority(ctx); err != nil {
		return fmt.Errorf("demo authority: %w", err)
	}
	if err := s.budgets(ctx); err != nil {
		return fmt.Errorf("demo budgets: %w", err)
	}
	if err := s.suppliers(ctx); err != nil {
		return fmt.Errorf("demo suppliers: %w", err)
	}
	longestAgoFirst := slices.Clone(stories)
	slices.SortFunc(longestAgoFirst, func(a, b story) int { return b.daysAgo - a.daysAgo })
	for _, one := range longestAgoFirst {
		if err := s.tell(ctx, one); err != nil {
			return fmt.Errorf("demo jobseeker %s: %w", one.subject, err)
		}
	}
	if err := s.exception(ctx); err != nil {
		return fmt.Errorf("demo exception: %w", err)
	}
	if err := s.automatic(ctx); err != nil {
		return fmt.Errorf("demo automatic approvals: %w", err)
	}
	if err := s.payments(ctx); err != nil {
		return fmt.Errorf("demo payments: %w", err)
	}
	if err := s.follow(ctx); err != nil {
		return fmt.Errorf("demo outcomes: %w", err)
	}
	if err := s.ballots(ctx); err != nil {
		return fmt.Errorf("demo ballots: %w", err)
	}
	s.Step(fmt.Sprintf("%d demo jobseekers have their stories", len(stories)))
	return nil
}

func (s *Seed) importCourses(ctx context.Context) error {
	ctx, err := s.as(ctx, "marcus-reid")
	if err != nil {
		return err
	}
	up, err := s.funding.UploadImportWithBodyWithResponse(ctx, &funding.UploadImportParams{FileName: "courses.csv"}, "text/csv", bytes.NewReader(sampledata.Courses))
	if err != nil {
		return err
	}
	for i := up.JSON202; ; {
		switch i.State {
		case funding.Done:
			s.Step(fmt.Sprintf("%d course prices are in the catalogue, %d rows of the file were not taken", i.Added, i.Bad))
			return nil
		case funding.Running:
		default:
			return fmt.Errorf("the import is %s: %s", i.State, i.Message)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
		read, err := s.funding.ReadImportWithResponse(ctx, i.Id)
		if err != nil {
			return err
		}
		i = read.JSON200
	}
}

// tell makes one story happen, each part some hours or days after the last. A
// story that was begun before, by a start that was broken off, is left as it is.
func (s *Seed) tell(ctx context.Context, one story) error {
	day := 24 * time.Hour
	begin := time.Duration(one.daysAgo) * day
	s.Clock.set(begin)
	coach, err := s.as(ctx, one.coach)
	if err != nil {
		return err
	}
	known, err := s.needs.ListJobseekersWithResponse(coach, &needs.ListJobseekersParams{Q: &one.email})
	if err != nil || known.JSON200.Total > 0 {
		return err
	}
	person := publicPerson(one.subject)
	added, err := s.needs.AddJobseekerWithResponse(coach, nil, needs.NewJobseeker{
		Name: person.Name, KnownAs: one.knownAs, Email: one.email, Phone: one.phone, Postcode: one.postcode, Area: areaOf(one.coach),
	})
	if err != nil {
		return err
	}
	jobseeker := added.JSON201.Id
	if err := s.goOnline(ctx, coach, one, jobseeker); err != nil {
		return err
	}
	if len(one.needs) == 0 {
		return nil
	}
	s.Clock.set(begin - time.Hour)
	needIDs, err := s.assess(coach, one, jobseeker)
	if err != nil {
		return err
	}
	return s.ask(ctx, coach, one, jobseeker, needIDs, begin)
}

// goOnline has the jobseeker say their words, and link their own sign-in.
func (s *Seed) goOnline(ctx, coach context.Context, one story, jobseeker uuid.UUID) error {
	invited, err := s.needs.InviteJobseekerWithResponse(coach, jobseeker, nil)
	if err != nil {
		return err
	}
	self, err := s.as(ctx, one.subject)
	if err != nil {
		return err
	}
	if _, err := s.needs.AcceptInvitationWithResponse(self, nil, needs.AcceptInvitationJSONRequestBody{Code: invited.JSON201.Code}); err != nil {
		return err
	}
	speaker := coach
	if one.ownHand {
		speaker = self
	}
	_, err = s.needs.AddStatementWithResponse(speaker, jobseeker, nil, needs.AddStatementJSONRequestBody{Words: one.statement})
	return err
}

func (s *Seed) assess(coach context.Context, one story, jobseeker uuid.UUID) (map[needs.Category]uuid.UUID, error) {
	var change needs.AssessmentChange
	for _, n := range one.needs {
		standing := needs.InTheWay
		if n.inTheWay == "" {
			standing = needs.Strength
		}
		change.Needs = append(change.Needs, struct {
			Category    needs.Category `json:"category"`
			InTheWay    string         `json:"in_the_way,omitempty,omitzero"`
			Standing    needs.Standing `json:"standing"`
			WouldRemove string         `json:"would_remove,omitempty,omitzero"`
		}{n.category, n.inTheWay, standing, n.wouldClear})
	}
	saved, err := s.needs.SaveAssessmentWithResponse(coach, jobseeker, &needs.SaveAssessmentParams{}, change)
	if err != nil {
		return nil, err
	}
	ids := map[needs.Category]uuid.UUID{}
	for _, n := range saved.JSON200.Needs {
		ids[n.Category] = n.Id
	}
	return ids, nil
}

func (s *Seed) ask(ctx, coach context.Context, one story, jobseeker uuid.UUID, ids map[needs.Category]uuid.UUID, begin time.Duration) error {
	s.Clock.set(begin - 20*time.Hour)
	course, err := s.course(coach, one.course)
	if err != nil {
		return err
	}
	allowance, err := s.funding.OpenAllowanceWithResponse(coach, nil, funding.OpenAllowanceJSONRequestBody{JobseekerId: jobseeker, CourseId: course})
	if err != nil {
		return err
	}
	drafted, err := s.funding.DraftRequestWithResponse(coach, nil, funding.DraftRequestJSONRequestBody{AllowanceId: allowance.JSON201.Id})
	if err != nil {
		return err
	}
	request := drafted.JSON201
	var edit funding.RequestEdit
	for _, l := range one.lines {
		edit.Lines = append(edit.Lines, funding.NewLine{
			What: l.what, Why: l.why, NeedId: ids[l.need], Category: l.category, Supplier: l.supplier, AmountPence: int64(l.pence), Quote: l.quote,
		})
	}
	if one.elsewhere > 0 {
		edit.Elsewhere = funding.Elsewhere{Pence: int64(one.elsewhere), From: one.from}
	}
	edited, err := s.funding.EditRequestWithResponse(coach, request.Id, &funding.EditRequestParams{IfMatch: etag.Version(request.Version)}, edit)
	if err != nil || one.end == funding.Draft {
		return err
	}
	sent, err := s.funding.SubmitRequestWithResponse(coach, request.Id, &funding.SubmitRequestParams{IfMatch: etag.Version(edited.JSON200.Version)})
	if err != nil {
		return err
	}
	s.Clock.set(max(begin-3*24*time.Hour, 2*time.Hour))
	return s.end(ctx, coach, one, sent.JSON200)
}

func (s *Seed) end(ctx, coach context.Context, one story, request *funding.Request) (err error) {
	decider := ctx
	if one.decider != "" {
		if decider, err = s.as(ctx, one.decider); err != nil {
			return err
		}
	}
	switch id, version := request.Id, etag.Version(request.Version); one.end {
	case funding.Approved:
		if s.approved == nil {
			s.approved = map[string]*funding.Request{}
		}
		s.approved[one.subject] = request
		_, err = s.funding.ApproveRequestWithResponse(decider, id, &funding.ApproveRequestParams{IfMatch: version}, funding.ApproveRequestJSONRequestBody{
			Code: funding.ApproveCode(one.code), Words: one.words, Conflict: funding.NoConflict,
			OtherFunding: cmp.Or(one.otherFunding, "None: no other fund or employer pays for this."),
			Scrutiny:     cmp.Or(one.scrutiny, "It costs less than the course it replaces and removes what kept somebody from work."),
		})
	case funding.Declined:
		_, err = s.funding.DeclineRequestWithResponse(decider, id, &funding.DeclineRequestParams{IfMatch: version}, funding.DeclineRequestJSONRequestBody{Code: funding.DeclineCode(one.code), Words: one.words})
	case funding.Returned:
		_, err = s.funding.ReturnRequestWithResponse(decider, id, &funding.ReturnRequestParams{IfMatch: version}, funding.ReturnRequestJSONRequestBody{Code: funding.ReturnCode(one.code), Words: one.words})
	case funding.Withdrawn:
		_, err = s.funding.WithdrawRequestWithResponse(coach, id, &funding.WithdrawRequestParams{IfMatch: version}, funding.WithdrawRequestJSONRequestBody{Words: one.words})
	}
	return err
}

func (s *Seed) course(ctx context.Context, code string) (uuid.UUID, error) {
	found, err := s.funding.SearchCoursesWithResponse(ctx, &funding.SearchCoursesParams{Q: &code})
	if err != nil {
		return uuid.Nil, err
	}
	for _, c := range found.JSON200.Items {
		if c.Code == code {
			return c.Id, nil
		}
	}
	return uuid.Nil, fmt.Errorf("no course %s", code)
}

// as returns a context in which one of the demo's people acts.
func (s *Seed) as(ctx context.Context, subject string) (context.Context, error) {
	provider, person := s.Providers.Public, publicPerson(subject)
	for _, p := range demo.Staff {
		if p.Subject == subject {
			provider, person = s.Providers.Staff, p
		}
	}
	token, err := provider.Token(ctx, person)
	if err != nil {
		return nil, err
	}
	return db.WithKey(httpx.WithToken(ctx, token), ""), nil
}

func publicPerson(subject string) demo.Person {
	for _, p := range demo.Jobseekers {
		if p.Subject == subject {
			return p
		}
	}
	return demo.Person{}
}

func areaOf(subject string) string {
	for _, p := range demo.Staff {
		if p.Subject == subject {
			return p.Areas[0]
		}
	}
	return ""
}
