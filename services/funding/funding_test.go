package funding_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"
	"gorm.io/gorm"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/events"
	api "github.com/instead-support/instead/api/funding"
	needsapi "github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/config"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/embedpg"
	bus "github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/host/hosttest"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/seal"
	"github.com/instead-support/instead/pkg/telemetry"
	"github.com/instead-support/instead/services/funding"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/budget"
	"github.com/instead-support/instead/services/funding/internal/postgres"
)

// The people of these tests. Asha and Ben coach in Oldham, Cal in Rochdale; Mo
// manages Oldham, Nia Rochdale; Fin pays in Oldham. Dan's coach is Asha, and so
// is everybody's but Eve's.
var (
	asha = hosttest.Staff("asha", "Asha Begum", identity.Coach, "Oldham")
	ben  = hosttest.Staff("ben", "Ben Okoro", identity.Coach, "Oldham")
	cal  = hosttest.Staff("cal", "Cal Price", identity.Coach, "Rochdale")
	mo   = hosttest.Staff("mo", "Mo Hussain", identity.Manager, "Oldham")
	nia  = hosttest.Staff("nia", "Nia Rees", identity.Manager, "Rochdale")
	fin  = hosttest.Staff("fin", "Fin Doyle", identity.Finance, "Oldham")
	dan  = hosttest.Public("dan", "what the provider calls Dan")
	eve  = hosttest.Public("eve", "what the provider calls Eve")

	dansRecord = uuid.New()
	evesRecord = uuid.New()
	dansNeed   = uuid.New()
)

// needs stands in for the needs service, as far as funding asks it. It notes who
// asked.
type needs struct {
	mu    sync.Mutex
	asked []string
}

func (n *needs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	who := hosttest.Caller(r)
	n.mu.Lock()
	n.asked = append(n.asked, who.Sub()+" "+r.URL.Path)
	n.mu.Unlock()

	var answer any
	id, _ := uuid.Parse(strings.Split(strings.TrimPrefix(r.URL.Path, "/jobseekers/"), "/")[0])
	switch {
	case r.URL.Path == "/me":
		me := needsapi.Me{PersonId: who.ID()}
		switch who.Sub() {
		case dan.Sub():
			me.JobseekerId = dansRecord
		case eve.Sub():
			me.JobseekerId = evesRecord
		}
		answer = me
	case strings.HasSuffix(r.URL.Path, "/needs"):
		answer = map[string]any{"jobseeker_id": id, "items": []needsapi.Need{{Id: dansNeed}}}
	default:
		answer = needsapi.Jobseeker{Id: id, Area: "Oldham", CoachId: asha.ID(), CoachName: asha.Name}
	}
	hosttest.Answer(w, answer)
}

// system is the whole service, as it runs, over a database of its own.
type system struct {
	*hosttest.System
	needs  *needs
	course uuid.UUID

	fund, budget, allocation uuid.UUID // Oldham's money, this year
	grant                    uuid.UUID // what Oldham's managers may decide
}

func start(t *testing.T) *system {
	t.Helper()
	return startOn(t, embedpg.Access{})
}

// startOn starts the service on this database, or a new one.
func startOn(t *testing.T, on embedpg.Access) *system {
	t.Helper()
	keys, err := seal.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	s := &system{needs: &needs{}}
	s.System = hosttest.Start(t, hosttest.Service{
		Name: "funding", New: funding.New, Migrations: postgres.Migrations,
		Env:    config.Env{"DOCUMENTS_URL": "file://" + t.TempDir(), "BANK_KEYS": keys},
		Others: map[string]http.Handler{"needs": s.needs}, Database: on,
	})
	s.course = s.imported("code,name,subject,price,from\nWH1,Warehouse skills,Logistics,1000.00,2020-01-01\n")
	s.give(100_000_00)
	s.empower(mo, fin, "Oldham", 10_000_00)
	return s
}

// imported brings a course list in, as a manager does, and returns its only
// course.
func (s *system) imported(csv string) uuid.UUID {
	s.T.Helper()
	if status, answer := s.SendAs("text/csv", &mo, "POST", "/imports?file_name=list.csv", csv); status != http.StatusAccepted {
		s.T.Fatalf("import: %d %s", status, answer)
	}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		found, err := s.client().SearchCoursesWithResponse(s.As(asha), &api.SearchCoursesParams{})
		if err != nil {
			s.T.Fatal(err)
		}
		if len(found.JSON200.Items) > 0 {
			return found.JSON200.Items[0].Id
		}
	}
	s.T.Fatal("the course was never imported")
	return uuid.Nil
}

// give gives Oldham this much for this year, as Fin proposes and Mo confirms.
func (s *system) give(pence int64) {
	s.T.Helper()
	c, year := s.client(), int(budget.YearOf(award.Today(time.Now())))
	fund, err := c.OpenFundWithResponse(s.As(fin), nil, api.NewFund{
		Code: "INSTEAD", Name: "Instead of a course", FirstDay: openapi.Date{Time: budget.Year(year).First()},
	})
	if err != nil {
		s.T.Fatal(err)
	}
	opened, err := c.OpenBudgetWithResponse(s.As(fin), nil, api.OpenBudgetJSONRequestBody{FundId: fund.JSON201.Id, Area: "Oldham", Year: year})
	if err != nil {
		s.T.Fatal(err)
	}
	proposed, err := c.ProposeMovementWithResponse(s.As(fin), nil, api.ProposeMovementJSONRequestBody{
		ToBudgetId: opened.JSON201.Id, Pence: pence, Reason: "What courses would have cost.",
	})
	if err != nil {
		s.T.Fatal(err)
	}
	if _, err := c.ConfirmProposalWithResponse(s.As(mo), proposed.JSON201.Id, nil); err != nil {
		s.T.Fatal(err)
	}
	pays, err := c.ProposeCategoriesWithResponse(s.As(fin), fund.JSON201.Id, nil, api.ProposeCategoriesJSONRequestBody{
		Reason: "What the fund is for.", Categories: []api.FundCategory{
			{Category: "travel", Allowed: true, Label: "Travel", Words: "To work.", FirstDay: openapi.Date{Time: award.Today(time.Now())}},
			{Category: "fines", Label: "Fines", Words: "This fund does not pay fines. Ask the court.", FirstDay: openapi.Date{Time: award.Today(time.Now())}},
		},
	})
	if err != nil {
		s.T.Fatal(err)
	}
	if _, err := c.ConfirmProposalWithResponse(s.As(mo), pays.JSON201.Id, nil); err != nil {
		s.T.Fatal(err)
	}
	s.fund, s.budget, s.allocation = fund.JSON201.Id, opened.JSON201.Id, proposed.JSON201.Id
}

// empower lets the managers of an area decide requests up to this much, as a
// manager proposes and a finance officer confirms.
func (s *system) empower(manager, finance hosttest.Person, area string, pence int64) {
	s.T.Helper()
	proposed, err := s.client().ProposeGrantWithResponse(s.As(manager), nil, api.NewGrant{
		Kind: api.GrantKindDecide, Whose: api.GrantWhoseAny, Area: area, LimitPence: pence, AlonePence: pence,
		FirstDay: openapi.Date{Time: award.Today(time.Now())}, Why: "The scheme of delegation.",
	})
	if err != nil {
		s.T.Fatal(err)
	}
	s.grant = proposed.JSON201.Id
	if _, err := s.client().ConfirmGrantWithResponse(s.As(finance), s.grant, nil); err != nil {
		s.T.Fatal(err)
	}
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

// open opens an allowance of £1,000 for a jobseeker of Asha's.
func (s *system) open(jobseeker uuid.UUID) *api.Allowance {
	s.T.Helper()
	a, err := s.client().OpenAllowanceWithResponse(s.As(asha), nil, api.OpenAllowanceJSONRequestBody{JobseekerId: jobseeker, CourseId: s.course})
	if err != nil {
		s.T.Fatal(err)
	}
	return a.JSON201
}

// draft is a draft of Asha's for this much.
func (s *system) draft(allowance uuid.UUID, pence int64) *api.Request {
	s.T.Helper()
	r, err := s.client().DraftRequestWithResponse(s.As(asha), nil, api.DraftRequestJSONRequestBody{AllowanceId: allowance})
	if err != nil {
		s.T.Fatal(err)
	}
	edited, err := s.client().EditRequestWithResponse(s.As(asha), r.JSON201.Id, &api.EditRequestParams{IfMatch: etag.Version(r.JSON201.Version)}, api.RequestEdit{Lines: []api.NewLine{
		{What: "A bike", Why: "No bus before 7.", NeedId: dansNeed, Category: "travel", AmountPence: pence},
	}})
	if err != nil {
		s.T.Fatal(err)
	}
	return edited.JSON200
}

// submit submits a draft as Asha.
func (s *system) submit(r *api.Request) *api.Request {
	s.T.Helper()
	sent, err := s.client().SubmitRequestWithResponse(s.As(asha), r.Id, &api.SubmitRequestParams{IfMatch: etag.Version(r.Version)})
	if err != nil {
		s.T.Fatal(err)
	}
	return sent.JSON200
}

func TestFromACourseNotTakenToABikeThatIsAgreed(t *testing.T) {
	t.Parallel()
	start(t).agreeOnABike(t)
}

func TestABikeIsAgreedThroughAPoolerThatLendsConnectionsForATransaction(t *testing.T) {
	t.Parallel()
	access := dbtest.URLs(t, postgres.Migrations, "funding")
	access.Serve = dbtest.Pooled(t, access.Serve)
	startOn(t, access).agreeOnABike(t)
}

// agreeOnABike has a coach, a manager and a jobseeker do the main job, over the
// contract.
func (s *system) agreeOnABike(t *testing.T) {
	t.Helper()
	c := s.client()
	heard := make(chan events.RequestChanged, 10)
	go func() {
		_ = bus.Consume(t.Context(), s.NATS.JetStream, s.Owner.Gorm, telemetry.Logger(io.Discard), "test", map[string]bus.Act{
			"funding.request-changed": hear(heard),
		})
	}()

	a := s.open(dansRecord)
	if a.CapPence != 100000 || a.AvailablePence != 100000 || a.PriceSource != "list.csv" || a.CoachId != asha.ID() || a.Area != "Oldham" {
		t.Fatalf("allowance %+v", a)
	}
	r := s.draft(a.Id, 25000)
	if diff := cmp.Diff([]api.Verb{api.Edit, api.Submit, api.Withdraw}, r.Can); diff != "" {
		t.Errorf("what the coach can do:\n%s", diff)
	}
	r = s.submit(r)
	if r.State != api.Submitted || r.Allowance.HeldPence != 25000 || r.SubmittedByName != asha.Name || r.SubmittedAt.IsZero() {
		t.Fatalf("submitted: %+v", r)
	}

	// Everything was asked of needs as the person acting.
	s.needs.mu.Lock()
	want := []string{
		"asha /jobseekers/" + dansRecord.String(), "asha /jobseekers/" + dansRecord.String(), "asha /jobseekers/" + dansRecord.String() + "/needs",
	}
	if diff := cmp.Diff(want, s.needs.asked); diff != "" {
		t.Errorf("what needs was asked, and by whom:\n%s", diff)
	}
	s.needs.mu.Unlock()

	yes := true
	queue, err := c.ListRequestsWithResponse(s.As(mo), &api.ListRequestsParams{Decidable: &yes})
	if err != nil || queue.JSON200.Total != 1 || queue.JSON200.Items[0].Id != r.Id || queue.JSON200.Items[0].AvailablePence != 75000 {
		t.Fatalf("what Mo may decide: %+v %v", queue, err)
	}
	approved, err := c.ApproveRequestWithResponse(s.As(mo), r.Id, &api.ApproveRequestParams{IfMatch: etag.Version(r.Version)}, approval(api.ApproveCodeLeadsToJobOffer))
	if err != nil {
		t.Fatal(err)
	}
	r = approved.JSON200
	if r.State != api.Approved || r.AwardedPence != 25000 || r.Allowance.CommittedPence != 25000 || r.DecidedByName != mo.Name || !slices.Equal(r.Can, []api.Verb{api.Cancel}) {
		t.Fatalf("approved: %+v", r)
	}
	mine, err := c.ReadRequestWithResponse(s.As(dan), r.Id)
	if err != nil || mine.JSON200.AwardedPence != 25000 || len(mine.JSON200.History) != 3 {
		t.Fatalf("what Dan sees: %+v %v", mine, err)
	}
	ledger, err := c.ReadAllowanceWithResponse(s.As(dan), a.Id)
	if err != nil || len(ledger.JSON200.Entries) != 2 || ledger.JSON200.Entries[1].Kind != "commit" || ledger.JSON200.Entries[1].Reference != r.Reference {
		t.Fatalf("the ledger: %+v %v", ledger, err)
	}
	paid, err := c.ListRequestsWithResponse(s.As(fin), &api.ListRequestsParams{})
	if err != nil || paid.JSON200.Total != 1 {
		t.Fatalf("what finance sees: %+v %v", paid, err)
	}

	// Others hear of each step, in no certain order.
	got := map[string]events.RequestChanged{}
	for range 3 {
		select {
		case e := <-heard:
			got[e.State] = e
		case <-time.After(20 * time.Second):
			t.Fatalf("only heard of %v", got)
		}
	}
	last := events.RequestChanged{
		RequestID: r.Id, Reference: r.Reference, Version: r.Version, JobseekerID: dansRecord, State: "approved", NeedIDs: []uuid.UUID{dansNeed}, At: r.DecidedAt,
		AllowanceID: a.Id, Area: "Oldham", CoachID: asha.ID(), FundID: s.fund, Code: "leads-to-job-offer", AskedPence: 25000, AwardPence: 25000,
		SubmittedAt: &r.SubmittedAt, DecidedAt: &r.DecidedAt,
		Lines:   []events.Line{{LineID: r.Lines[0].Id, NeedID: dansNeed, Category: "travel", AmountPence: 25000, GrantedPence: 25000}},
		Entries: []events.Entry{{Step: 3, Kind: "commit", Pence: 25000, At: r.DecidedAt, BudgetID: &s.budget}},
	}
	if diff := cmp.Diff(last, got["approved"]); diff != "" {
		t.Error(diff)
	}
	for _, word := range []string{"bike", "Asha", "Dan", "bus before"} {
		if strings.Contains(s.Log.String(), word) {
			t.Errorf("%q is in the log:\n%s", word, s.Log)
		}
	}
}

func TestMoreThanIsAvailableIsAProblemWithItsFigures(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := s.open(dansRecord)
	s.submit(s.draft(a.Id, 40000))
	r := s.draft(a.Id, 75000)
	status, answer := s.Send(&asha, "POST", "/requests/"+r.Id.String()+"/submission", "", int64(r.Version))
	var problem api.Problem
	if err := json.Unmarshal([]byte(answer), &problem); err != nil {
		t.Fatal(err)
	}
	if status != 409 || problem.Type != "https://instead.support/problems/over-cap" ||
		problem.Cap.AskedPence != 75000 || problem.Cap.AvailablePence != 60000 || problem.Cap.OverPence != 15000 {
		t.Errorf("%d %s", status, answer)
	}
	p, err := s.client().ProposeReductionWithResponse(s.As(asha), r.Id)
	if err != nil || p.JSON200.OverPence != 15000 || len(p.JSON200.Lines) != 1 || p.JSON200.Lines[0].AmountPence != 60000 {
		t.Errorf("the proposal: %+v %v", p, err)
	}
}

func TestNothingIsSubmittedWhileNeedsIsAway(t *testing.T) {
	t.Parallel()
	s := start(t)
	r := s.draft(s.open(dansRecord).Id, 40000)
	count := func() (n int) {
		if err := s.Owner.Gorm.Raw("SELECT (SELECT count(*) FROM history) + (SELECT count(*) FROM entry) + (SELECT count(*) FROM audit_entry) + (SELECT count(*) FROM idempotency)").Scan(&n).Error; err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := count()
	for name, broken := range map[string]http.Handler{
		"gone":    nil,
		"failing": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }),
		"odd":     http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<p>Welcome to nginx")) }),
	} {
		if broken == nil {
			delete(s.Hosts.Hosts, "needs")
		} else {
			s.Hosts.Hosts["needs"] = broken
		}
		_, err := s.client().SubmitRequestWithResponse(s.As(asha), r.Id, &api.SubmitRequestParams{IfMatch: etag.Version(r.Version)})
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("needs is %s: %v, want unavailable", name, err)
		}
		if _, err := s.client().ReadRequestWithResponse(s.As(dan), r.Id); !fault.Is(err, fault.Unavailable) {
			t.Errorf("needs is %s, and Dan is not known: %v, want unavailable", name, err)
		}
	}
	if got := count(); got != before {
		t.Errorf("%d rows were written all the same", got-before)
	}
	s.Hosts.Hosts["needs"] = s.needs
	s.submit(r)
}

func hear(to chan<- events.RequestChanged) bus.Act {
	return func(_ context.Context, _ *gorm.DB, e bus.Envelope) error {
		var changed events.RequestChanged
		if err := e.Read(&changed); err != nil {
			return err
		}
		to <- changed
		return nil
	}
}

// approval is all of a request, for this reason.
func approval(code api.ApproveCode) api.Approval {
	return api.Approval{Code: code, OtherFunding: "None.", Scrutiny: "It costs less than the course.", Conflict: api.NoConflict}
}
