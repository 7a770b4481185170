package needs_test

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	api "github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/host/hosttest"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/needs"
	"github.com/instead-support/instead/services/needs/internal/postgres"
)

// The staff of these tests: Asha and Ben coach in Oldham, Cal in Rochdale; Mo
// manages Oldham, Nia Rochdale; Fin pays in Oldham.
var (
	asha = hosttest.Staff("asha", "Asha Begum", identity.Coach, "Oldham")
	ben  = hosttest.Staff("ben", "Ben Okoro", identity.Coach, "Oldham")
	cal  = hosttest.Staff("cal", "Cal Price", identity.Coach, "Rochdale")
	mo   = hosttest.Staff("mo", "Mo Hussain", identity.Manager, "Oldham")
	nia  = hosttest.Staff("nia", "Nia Rees", identity.Manager, "Rochdale")
	fin  = hosttest.Staff("fin", "Fin Doyle", identity.Finance, "Oldham")
)

// public is a member of the public whom nobody has seen before.
func public(name string) hosttest.Person { return hosttest.Public(rand.Text(), name) }

// system is the whole service, as it runs, over a database of its own.
type system struct{ *hosttest.System }

func start(t *testing.T) system {
	t.Helper()
	return system{hosttest.Start(t, hosttest.Service{Name: "needs", New: needs.New, Migrations: postgres.Migrations})}
}

// client is the generated client, as another service would use it.
func (s system) client() *api.ClientWithResponses {
	s.T.Helper()
	c, err := api.NewClientWithResponses(s.URL(), api.WithHTTPClient(s.Client()))
	if err != nil {
		s.T.Fatal(err)
	}
	return c
}

// add puts somebody of this name on Asha's caseload, linked to p's sign-in.
func (s system) add(name string, p hosttest.Person) *api.Jobseeker {
	s.T.Helper()
	added, err := s.client().AddJobseekerWithResponse(s.As(asha), nil, api.NewJobseeker{Name: name, Area: "Oldham", DifferentPerson: true})
	if err != nil {
		s.T.Fatal(err)
	}
	if err := s.Owner.Gorm.Exec("UPDATE jobseeker SET person_id = ? WHERE id = ?", p.ID(), added.JSON201.Id).Error; err != nil {
		s.T.Fatal(err)
	}
	return added.JSON201
}

// A coach and a jobseeker do all there is to do, over the contract.
func TestFromTheFirstMeetingToAnAssessmentThatFundingSupports(t *testing.T) {
	t.Parallel()
	s := start(t)
	c, dan := s.client(), public("what the provider calls Dan")

	for _, p := range []hosttest.Person{asha, ben, mo} {
		me, err := c.ReadMeWithResponse(s.As(p))
		if err != nil || me.JSON200.PersonId != p.ID() || me.JSON200.Name != p.Name || me.JSON200.JobseekerId != uuid.Nil {
			t.Fatalf("ReadMe(%s) = %+v %v", p.Name, me, err)
		}
	}
	added, err := c.AddJobseekerWithResponse(s.As(asha), nil, api.NewJobseeker{
		Name: "Daniel Li", KnownAs: "Dan", Email: "dan@example.com", Phone: "07700 900123", Postcode: "ol1 1aa", Area: "Oldham",
	})
	if err != nil {
		t.Fatal(err)
	}
	id := added.JSON201.Id
	if _, err := c.AddStatementWithResponse(s.As(asha), id, nil, api.AddStatementJSONRequestBody{Words: "I can't get to the early shift."}); err != nil {
		t.Fatal(err)
	}
	saved, err := c.SaveAssessmentWithResponse(s.As(asha), id, &api.SaveAssessmentParams{}, api.AssessmentChange{
		Needs: []struct {
			Category    api.Category `json:"category"`
			InTheWay    string       `json:"in_the_way,omitempty,omitzero"`
			Standing    api.Standing `json:"standing"`
			WouldRemove string       `json:"would_remove,omitempty,omitzero"`
		}{{Category: api.GettingThere, Standing: api.InTheWay, InTheWay: "No bus before 7.", WouldRemove: "A bike and a lock."}},
	})
	if err != nil || saved.JSON200.Version != 1 || len(saved.JSON200.Needs) != 13 {
		t.Fatalf("SaveAssessment() = %+v %v", saved, err)
	}

	invited, err := c.InviteJobseekerWithResponse(s.As(asha), id, nil)
	if err != nil {
		t.Fatal(err)
	}
	me, err := c.AcceptInvitationWithResponse(s.As(dan), nil, api.AcceptInvitationJSONRequestBody{Code: strings.ToLower(invited.JSON201.Code)})
	if err != nil || me.JSON200.JobseekerId != id || me.JSON200.KnownAs != "Dan" {
		t.Fatalf("AcceptInvitation() = %+v %v", me, err)
	}
	if _, err := c.AddStatementWithResponse(s.As(dan), id, nil, api.AddStatementJSONRequestBody{Words: "A bike would do it."}); err != nil {
		t.Fatal(err)
	}
	said, err := c.ListStatementsWithResponse(s.As(dan), id)
	if err != nil || len(said.JSON200.Items) != 2 {
		t.Fatalf("ListStatements() = %+v %v", said, err)
	}
	if own, taken := said.JSON200.Items[0], said.JSON200.Items[1]; own.TakenDownByCoach || !taken.TakenDownByCoach || taken.CoachName != "Asha Begum" {
		t.Errorf("statements = %+v", said.JSON200.Items)
	}

	needs, err := c.ListNeedsWithResponse(s.As(asha), id)
	if err != nil || len(needs.JSON200.Items) != 1 {
		t.Fatalf("ListNeeds() = %+v %v", needs, err)
	}
	need := needs.JSON200.Items[0]
	request := uuid.New()
	for _, version := range []int64{3, 2, 3} { // late, and twice
		s.tell(request, id, version, map[int64]string{2: "submitted", 3: "approved"}[version], need.Id)
	}
	want := api.Support{RequestId: request, Reference: "FR-7K3M-92QX", State: "approved"}
	s.Eventually(func() bool {
		a, err := c.ReadAssessmentWithResponse(s.As(dan), id)
		return err == nil && len(a.JSON200.Needs[0].Supports) == 1 && a.JSON200.Needs[0].Supports[0] == want
	})

	moved, err := c.TransferJobseekerWithResponse(s.As(mo), id, &api.TransferJobseekerParams{IfMatch: 1}, api.TransferJobseekerJSONRequestBody{CoachId: ben.ID()})
	if err != nil || moved.JSON200.CoachName != "Ben Okoro" || !moved.JSON200.Online {
		t.Fatalf("TransferJobseeker() = %+v %v", moved, err)
	}
	s.Eventually(func() bool { // others hear of it
		var told int
		err := s.Owner.Gorm.Raw(`SELECT count(*) FROM river_job WHERE state = 'completed' AND args->>'name' = 'needs.jobseeker-moved'
			AND args->'data'->>'coach_id' = ? AND args->'data'->>'version' = '2'`, ben.ID()).Scan(&told).Error
		return err == nil && told == 1
	})
	versions, err := c.ListAssessmentVersionsWithResponse(s.As(mo), id)
	if err != nil || len(versions.JSON200.Items) != 1 || versions.JSON200.Items[0].ByName != "Asha Begum" || versions.JSON200.Items[0].Changed[0].Category != api.GettingThere {
		t.Errorf("ListAssessmentVersions() = %+v %v", versions, err)
	}
	trail, err := c.ListJobseekerAuditWithResponse(s.As(mo), id, nil)
	if err != nil || trail.JSON200.Total < 10 || trail.JSON200.Items[0].Action != "listAssessmentVersions" || trail.JSON200.Items[0].PersonName != "Mo Hussain" {
		t.Errorf("ListJobseekerAudit() = %+v %v", trail, err)
	}
}

// tell is funding telling that a request changed.
func (s system) tell(request, jobseeker uuid.UUID, version int64, state string, needs ...uuid.UUID) {
	s.T.Helper()
	data, err := json.Marshal(map[string]any{
		"id": uuid.New(), "name": "funding.request-changed", "at": time.Now(),
		"data": map[string]any{
			"request_id": request, "reference": "FR-7K3M-92QX", "version": version, "jobseeker_id": jobseeker,
			"state": state, "need_ids": needs, "at": time.Now(),
		},
	})
	if err != nil {
		s.T.Fatal(err)
	}
	// The stream is made by whoever comes first: here, the service that listens.
	s.Eventually(func() bool {
		_, err := s.NATS.JetStream.Publish(s.T.Context(), "events.funding.request-changed", data)
		return err == nil
	})
}

func TestAPossibleDuplicateIsShownAndLeavesAWayToGoOn(t *testing.T) {
	t.Parallel()
	s := start(t)
	body := `{"name":"Siân O’Neill","postcode":"OL1 1AA","area":"Oldham"}`
	if status, answer := s.Send(&asha, "POST", "/jobseekers", body); status != http.StatusCreated {
		t.Fatal(status, answer)
	}
	status, answer := s.Send(&ben, "POST", "/jobseekers", strings.Replace(body, "Siân O’Neill", "sian oneill", 1))
	var problem api.Problem
	if err := json.Unmarshal([]byte(answer), &problem); err != nil {
		t.Fatal(err)
	}
	if status != http.StatusConflict || len(problem.Candidates) != 1 || problem.Candidates[0].Name != "Siân O’Neill" || problem.Candidates[0].CoachName != "Asha Begum" {
		t.Errorf("POST /jobseekers = %d %s", status, answer)
	}
	if status, answer := s.Send(&ben, "POST", "/jobseekers", strings.Replace(body, "{", `{"different_person":true,`, 1)); status != http.StatusCreated {
		t.Errorf("as somebody else: %d %s", status, answer)
	}
}

func TestEveryMistakeInAFormIsNamedInPlainWords(t *testing.T) {
	t.Parallel()
	s := start(t)
	status, answer := s.Send(&asha, "POST", "/jobseekers", `{"name":" ","email":"dan","phone":"1","postcode":"OL1","area":"Bury"}`)
	var problem api.Problem
	if err := json.Unmarshal([]byte(answer), &problem); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range problem.Errors {
		got = append(got, e.Pointer+" "+e.Detail)
	}
	want := []string{
		"/name Enter the jobseeker's name.",
		"/email Enter an e-mail address like name@example.com, or leave it empty.",
		"/phone Enter a phone number like 07700 900123 or +44 161 496 0000, or leave it empty.",
		"/postcode Enter a full postcode like OL1 1AA, or leave it empty.",
		"/area Choose one of the areas you work in.",
	}
	if status != http.StatusBadRequest || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%d\n%s\nwant\n%s", status, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAWordOfNothingIsAMistakeAndNotACrash(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.add("Dan", public("Dan"))
	for _, path := range []string{"/jobseekers/nonsense", "/jobseekers?page=0", "/jobseekers?size=1000", "/jobseekers?ids=nonsense", "/jobseekers?mine=perhaps"} {
		if status, answer := s.Send(&asha, "GET", path, ""); status != http.StatusBadRequest {
			t.Errorf("GET %s = %d %s", path, status, answer)
		}
	}
	for _, body := range []string{"", "null", "[]", `{"name":7}`, `{"name":"Dan\u0000","area":"Oldham"}`} {
		if status, answer := s.Send(&asha, "POST", "/jobseekers", body); status != http.StatusBadRequest {
			t.Errorf("POST %s = %d %s", body, status, answer)
		}
	}
	if status, answer := s.Send(&asha, "GET", "/jobseekers?q=%00%ff%27", ""); status != http.StatusOK {
		t.Errorf("searching for rubbish = %d %s", status, answer)
	}
}
