package outcomes_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"
	openapi "github.com/oapi-codegen/runtime/types"
	"gorm.io/gorm"

	"github.com/instead-support/instead/api/etag"
	told "github.com/instead-support/instead/api/events"
	fundingapi "github.com/instead-support/instead/api/funding"
	needsapi "github.com/instead-support/instead/api/needs"
	api "github.com/instead-support/instead/api/outcomes"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/host/hosttest"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/telemetry"
	"github.com/instead-support/instead/pkg/workday"
	"github.com/instead-support/instead/services/outcomes"
	"github.com/instead-support/instead/services/outcomes/internal/postgres"
)

// The people of these tests. Asha and Ben coach in Oldham, Cal in Rochdale; Mo
// manages Oldham, Nia Rochdale; Fin pays in Oldham, and Nadia audits it. Dan's coach
// is Asha.
var (
	asha  = hosttest.Staff("asha", "Asha Begum", identity.Coach, "Oldham")
	ben   = hosttest.Staff("ben", "Ben Okoro", identity.Coach, "Oldham")
	cal   = hosttest.Staff("cal", "Cal Price", identity.Coach, "Rochdale")
	mo    = hosttest.Staff("mo", "Mo Hussain", identity.Manager, "Oldham")
	nia   = hosttest.Staff("nia", "Nia Rees", identity.Manager, "Rochdale")
	fin   = hosttest.Staff("fin", "Fin Doyle", identity.Finance, "Oldham")
	nadia = hosttest.Staff("nadia", "Nadia Rahman", identity.Auditor, "Oldham")
	dan   = hosttest.Public("dan", "what the provider calls Dan")
	eve   = hosttest.Public("eve", "what the provider calls Eve")

	dansRecord = uuid.New()
	evesRecord = uuid.New()
	allowance  = uuid.New() // Dan's
	course     = uuid.New() // that it is instead of
	request    = uuid.New()
	bike       = uuid.New() // a line of it
)

// others stand in for needs and funding, as far as outcomes asks them.
type others struct {
	mu    sync.Mutex
	coach hosttest.Person // of Dan
	asked []string
}

// caller is who sent the request.
func (o *others) caller(r *http.Request) hosttest.Person {
	who := hosttest.Caller(r)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, who.Sub()+" "+r.URL.Path)
	return who
}

func missing(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write([]byte(`{"type":"https://instead.support/problems/not-found","title":"Not found","status":404,"detail":"There is no such jobseeker."}`))
}

func (o *others) needs(w http.ResponseWriter, r *http.Request) {
	who := o.caller(r)
	if r.URL.Path == "/me" {
		hosttest.Answer(w, needsapi.Me{JobseekerId: map[string]uuid.UUID{"dan": dansRecord, "eve": evesRecord}[who.Sub()]})
		return
	}
	id, _ := uuid.Parse(strings.TrimPrefix(r.URL.Path, "/jobseekers/"))
	if who.Sub() == "eve" && id == evesRecord {
		hosttest.Answer(w, needsapi.Jobseeker{Id: id, Area: "Bury", CoachId: uuid.New(), CoachName: "Bo Lund"})
		return
	}
	if id != dansRecord || who.Sub() != "dan" && !who.Covers("Oldham") {
		missing(w)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	hosttest.Answer(w, needsapi.Jobseeker{Id: id, Area: "Oldham", CoachId: o.coach.ID(), CoachName: o.coach.Name})
}

func (o *others) funding(w http.ResponseWriter, r *http.Request) {
	o.caller(r)
	a := fundingapi.Allowance{Id: allowance, JobseekerId: dansRecord, CourseId: course, CourseName: "Warehouse skills"}
	switch r.URL.Path {
	case "/allowances":
		hosttest.Answer(w, map[string]any{"items": []fundingapi.Allowance{a}})
	case "/requests":
		hosttest.Answer(w, fundingapi.RequestPage{Items: []fundingapi.RequestSummary{{Id: request}}, Total: 1, Page: 1, Size: 200})
	default:
		hosttest.Answer(w, fundingapi.Request{
			Id: request, Reference: "FR-7K3M-92QX", Allowance: a, PaidPence: 14500,
			Lines: []fundingapi.Line{{Id: bike, What: "Refurbished bicycle", GrantedPence: 14500}, {Id: uuid.New(), What: "Laptop"}},
		})
	}
}

// system is the whole service, as it runs, over a database of its own.
type system struct {
	*hosttest.System
	others *others
}

func start(t *testing.T) *system {
	t.Helper()
	s := &system{others: &others{coach: asha}}
	s.System = hosttest.Start(t, hosttest.Service{
		Name: "outcomes", New: outcomes.New, Migrations: postgres.Migrations,
		Others: map[string]http.Handler{"needs": http.HandlerFunc(s.others.needs), "funding": http.HandlerFunc(s.others.funding)},
	})
	return s
}

// client is the generated client, as another service would use it.
func (s *system) client() *api.ClientWithResponses {
	s.T.Helper()
	c, err := api.NewClientWithResponses(s.URL(), api.WithHTTPClient(s.Client()))
	if err != nil {
		s.T.Fatal(err)
	}
	return c
}

// ago is the day so many weeks before today in London.
func ago(weeks int) openapi.Date {
	return openapi.Date{Time: workday.On(time.Now()).AddDate(0, 0, -7*weeks)}
}

// aJob is one that began so many weeks ago.
func aJob(weeks int) api.Start {
	return api.Start{
		Kind: api.Job, Route: api.Instead, StartedOn: ago(weeks), WeeklyMinutes: 2250, PayPence: 1300, PayPer: api.Hour,
		Employer: "The Tommyfield", Occupation: "5434", AllowanceIds: []uuid.UUID{allowance},
	}
}

// record records a start of Dan's, as Asha.
func (s *system) record(start api.Start) *api.Outcome {
	s.T.Helper()
	made, err := s.client().RecordOutcomeWithResponse(s.As(asha), dansRecord, nil, start)
	if err != nil {
		s.T.Fatal(err)
	}
	return made.JSON201
}

// A coach and a jobseeker follow a job from its first day to what was useful.
func TestFromAFirstDayToWhatWasUseful(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	heard := make(chan events.Envelope, 20)
	take := func(_ context.Context, _ *gorm.DB, e events.Envelope) error { heard <- e; return nil }
	go func() {
		_ = events.Consume(t.Context(), s.NATS.JetStream, s.Owner.Gorm, telemetry.Logger(io.Discard), "test", map[string]events.Act{
			told.OutcomeRecorded{}.EventName(): take, told.CheckRecorded{}.EventName(): take, told.Rated{}.EventName(): take,
		})
	}()

	o := s.record(aJob(14))
	if o.Version != 1 || len(o.Checks) != 2 || o.Checks[0].State != api.Overdue && o.Checks[0].State != api.Due || o.Checks[1].State != api.Upcoming ||
		o.Occupation.Title != "Chefs" || o.Sustained.State != api.SustainedStateOpen || o.Sustained.Definition != 1 {
		t.Fatalf("recorded: %+v", o)
	}
	waiting, err := c.ListChecksWithResponse(s.As(asha), &api.ListChecksParams{Mine: new(true)})
	if err != nil || waiting.JSON200.Total != 1 || waiting.JSON200.Items[0].Check.Id != o.Checks[0].Id || waiting.JSON200.Items[0].Employer != "The Tommyfield" {
		t.Fatalf("what waits for Asha: %+v, %v", waiting, err)
	}
	both, err := c.ListChecksWithResponse(s.As(dan), &api.ListChecksParams{Upcoming: new(true)})
	if err != nil || both.JSON200.Total != 2 {
		t.Fatalf("what Dan will be asked: %+v, %v", both, err)
	}
	mine, err := c.RecordCheckWithResponse(s.As(dan), o.Checks[0].Id, &api.RecordCheckParams{IfMatch: etag.Version(o.Version)},
		api.Answer{InWork: true, Words: "On the line since June."})
	if err != nil {
		t.Fatal(err)
	}
	if o = mine.JSON200; o.Checks[0].State != api.Recorded || !o.Checks[0].Answer.ByJobseeker || o.Checks[0].Answer.Strength != 1 || o.Sustained.Strength != 1 {
		t.Fatalf("answered: %+v", o)
	}
	seen, err := c.CorrectCheckWithResponse(s.As(asha), o.Checks[0].Id, &api.CorrectCheckParams{IfMatch: etag.Version(o.Version)},
		api.AnswerCorrection{InWork: true, Evidence: api.EvidencePayslip, Why: "I have seen the payslip."})
	if err != nil {
		t.Fatal(err)
	}
	// 14 weeks of 37.5 hours at £13, where £5,287.36 was the threshold.
	if o = seen.JSON200; o.Sustained.State != api.SustainedStateSustained || o.Sustained.EarnedPence != 682_500 || o.Sustained.ThresholdPence != 16*26*1271 ||
		o.Sustained.Strength != 3 || len(o.History) != 3 || o.History[2].Why != "I have seen the payslip." || o.History[2].ByName != "Asha Begum" {
		t.Fatalf("corrected: %+v", o)
	}
	ratings, err := c.ListRatingsWithResponse(s.As(dan), dansRecord)
	if err != nil || len(ratings.JSON200.Items) != 1 || ratings.JSON200.Items[0].What != "Refurbished bicycle" || ratings.JSON200.Items[0].Version != 0 {
		t.Fatalf("what Dan can rate: %+v, %v", ratings, err)
	}
	said, err := c.RateWithResponse(s.As(dan), dansRecord, bike, &api.RateParams{IfMatch: 0},
		api.Said{Helped: api.ALot, CourseWouldHelpMore: api.WouldHelpNo, Words: "No more waiting for the bus."})
	if err != nil || said.JSON200.Version != 1 || said.JSON200.CourseName != "Warehouse skills" {
		t.Fatalf("rated: %+v, %v", said, err)
	}
	useful, err := c.ListUsefulnessWithResponse(s.As(mo), nil)
	if err != nil || useful.JSON200.Total != 1 || useful.JSON200.Items[0].InsteadHelped.Shown != api.ShownSuppressed ||
		useful.JSON200.Items[0].InsteadHelped.People != 0 || useful.JSON200.Items[0].CourseHelped.Shown != api.ShownNone {
		t.Errorf("one person is told of: %+v, %v", useful, err)
	}

	names := map[string]int{}
	for range 4 {
		select {
		case e := <-heard:
			names[e.Name]++
			for _, word := range []string{
				"Tommyfield", "bus", "June", "payslip", "Asha", dansRecord.String(), bike.String(), dan.ID().String(), `"5434"`, "minutes", "pence",
			} {
				if strings.Contains(string(e.Data), word) {
					t.Errorf("%s says %q: %s", e.Name, word, e.Data)
				}
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("only heard of %v", names)
		}
	}
	if names["outcomes.outcome-recorded"] != 1 || names["outcomes.check-recorded"] != 2 || names["outcomes.rated"] != 1 {
		t.Errorf("heard of %v", names)
	}
	for _, word := range []string{"Tommyfield", "Asha", "bus", "June"} {
		if strings.Contains(s.Log.String(), word) {
			t.Errorf("%q is in the log:\n%s", word, s.Log)
		}
	}
}

func TestANewCoachGoesOnAtOnceAndTheOneBeforeNoMore(t *testing.T) {
	t.Parallel()
	s := start(t)
	o := s.record(aJob(14))
	s.others.mu.Lock()
	s.others.coach = ben
	s.others.mu.Unlock()
	answer := api.Answer{InWork: true}
	_, err := s.client().RecordCheckWithResponse(s.As(asha), o.Checks[0].Id, &api.RecordCheckParams{IfMatch: 1}, answer)
	if !fault.Is(err, fault.Forbidden) {
		t.Errorf("the coach before: %v", err)
	}
	if _, err := s.client().RecordCheckWithResponse(s.As(ben), o.Checks[0].Id, &api.RecordCheckParams{IfMatch: 1}, answer); err != nil {
		t.Errorf("the new coach: %v", err)
	}
	all, err := s.client().ListChecksWithResponse(s.As(ben), &api.ListChecksParams{Mine: new(true), Upcoming: new(true)})
	if err != nil || all.JSON200.Total != 1 || all.JSON200.Items[0].CoachName != "Ben Okoro" {
		t.Errorf("the new coach's list: %+v, %v", all, err)
	}
}

// hear has the service hear of an event, and returns once it has acted on it.
func (s *system) hear(e events.Envelope) {
	s.T.Helper()
	data, err := json.Marshal(e)
	if err != nil {
		s.T.Fatal(err)
	}
	var acted int
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline) && acted == 0; time.Sleep(20 * time.Millisecond) {
		// The stream is made by whoever comes first: here, the service that listens.
		_, _ = s.NATS.JetStream.Publish(s.T.Context(), "events."+e.Name, data, jetstream.WithMsgID(e.ID.String()))
		if err := s.Owner.Gorm.Raw("SELECT count(*) FROM inbox WHERE event_id = ?", e.ID).Scan(&acted).Error; err != nil {
			s.T.Fatal(err)
		}
	}
	if acted == 0 {
		s.T.Fatalf("%s was never heard", e.Name)
	}
}

// Needs tells of a move before anybody asks, and may tell twice and late.
func TestWhatWaitsForWhoMovedIsOnTheNewCoachsList(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.record(aJob(14))
	lists := func(p hosttest.Person) int {
		t.Helper()
		found, err := s.client().ListChecksWithResponse(s.As(p), &api.ListChecksParams{Mine: new(true)})
		if err != nil {
			t.Fatal(err)
		}
		return found.JSON200.Total
	}
	for version, coach := range map[int64]hosttest.Person{7: ben, 3: cal} { // in either order
		moved, err := json.Marshal(told.JobseekerMoved{JobseekerID: dansRecord, Version: version, CoachID: coach.ID(), At: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		s.hear(events.Envelope{ID: uuid.New(), Name: told.JobseekerMoved{}.EventName(), At: time.Now(), Data: moved})
	}
	if lists(ben) != 1 || lists(asha) != 0 || lists(cal) != 0 {
		t.Errorf("on Ben's list %d, on Asha's %d, on Cal's %d", lists(ben), lists(asha), lists(cal))
	}
}

func TestNothingIsRecordedWhileNeedsOrFundingIsAway(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, away := range []string{"needs", "funding"} {
		was := s.Hosts.Hosts[away]
		for name, broken := range map[string]http.Handler{
			"failing": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }),
			"odd":     http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<p>Welcome to nginx")) }),
		} {
			s.Hosts.Hosts[away] = broken
			if _, err := s.client().RecordOutcomeWithResponse(s.As(asha), dansRecord, nil, aJob(1)); !fault.Is(err, fault.Unavailable) {
				t.Errorf("%s is %s: %v, want unavailable", away, name, err)
			}
		}
		s.Hosts.Hosts[away] = was
	}
	var n int
	if err := s.Owner.Gorm.Raw("SELECT (SELECT count(*) FROM outcome) + (SELECT count(*) FROM entry) + (SELECT count(*) FROM idempotency)").Scan(&n).Error; err != nil || n != 0 {
		t.Errorf("%d rows were written all the same, %v", n, err)
	}
	s.record(aJob(1))
}

func TestAnAllowanceMustBeTheJobseekersOwn(t *testing.T) {
	t.Parallel()
	s := start(t)
	of := aJob(1)
	of.AllowanceIds = append(of.AllowanceIds, uuid.New())
	_, err := s.client().RecordOutcomeWithResponse(s.As(asha), dansRecord, nil, of)
	if f := fault.As(err); f == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Pointer != "/allowance_ids" {
		t.Errorf("somebody else's allowance: %v", err)
	}
}

func TestWhoWentOnTheCourseIsAskedWhatTheyThoughtOfIt(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	if status, answer := s.Send(&dan, "PUT", "/jobseekers/"+dansRecord.String()+"/ratings/"+allowance.String(), `{"helped":"no"}`, 0); status != 404 {
		t.Errorf("a course that Dan did not go on: %d %s", status, answer)
	}
	went := s.record(api.Start{Kind: api.Training, Route: api.Course, StartedOn: ago(20), AllowanceIds: []uuid.UUID{allowance}})
	ratings, err := c.ListRatingsWithResponse(s.As(dan), dansRecord)
	if err != nil || len(ratings.JSON200.Items) != 2 || ratings.JSON200.Items[0].Kind != api.RatingOfCourse || ratings.JSON200.Items[0].What != "Warehouse skills" {
		t.Fatalf("what Dan can rate: %+v, %v", ratings, err)
	}
	for version, helped := range []api.Helped{api.No, api.Harder} {
		if _, err := c.RateWithResponse(s.As(dan), dansRecord, allowance, &api.RateParams{IfMatch: etag.Version(version)}, api.Said{Helped: helped}); err != nil {
			t.Fatal(err)
		}
	}
	if status, answer := s.Send(&dan, "PUT", "/jobseekers/"+dansRecord.String()+"/ratings/"+allowance.String(), `{"helped":"no"}`, 1); status != 412 || !strings.Contains(answer, "The jobseeker") {
		t.Errorf("of a version before: %d %s", status, answer)
	}
	if _, err := c.StrikeOutcomeWithResponse(s.As(asha), went.Id, &api.StrikeOutcomeParams{IfMatch: 1}, api.StrikeOutcomeJSONRequestBody{Why: "He never went."}); err != nil {
		t.Fatal(err)
	}
	ratings, err = c.ListRatingsWithResponse(s.As(dan), dansRecord)
	if err != nil || len(ratings.JSON200.Items) != 1 {
		t.Errorf("after it was struck: %+v, %v", ratings, err)
	}
}
