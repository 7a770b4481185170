package outcomes_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"
	openapi "github.com/oapi-codegen/runtime/types"
	"gorm.io/gorm"

	"github.com/instead-support/instead/api/etag"
	told "github.com/instead-support/instead/api/events"
	fundingapi "github.com/instead-support/instead/api/funding"
	needsapi "github.com/instead-support/instead/api/needs"
	api "github.com/instead-support/instead/api/outcomes"
	"github.com/instead-support/instead/pkg/config"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/embednats"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/host"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/telemetry"
	"github.com/instead-support/instead/pkg/workday"
	"github.com/instead-support/instead/services/outcomes"
	"github.com/instead-support/instead/services/outcomes/internal/postgres"
)

// somebody is a person who can sign in at one of the two test providers.
type somebody struct {
	issuer string
	sub    string
	name   string
	roles  []string
	areas  []string
}

func (s somebody) id() uuid.UUID { return identity.IDOf(s.issuer, s.sub) }

const (
	staffIssuer  = "http://staff"
	publicIssuer = "http://public"
)

// The people of these tests. Asha and Ben coach in Oldham, Cal in Rochdale; Mo
// manages Oldham, Nia Rochdale; Fin pays in Oldham, and Nadia audits it. Dan's coach
// is Asha.
var (
	asha  = somebody{staffIssuer, "asha", "Asha Begum", []string{"coach"}, []string{"Oldham"}}
	ben   = somebody{staffIssuer, "ben", "Ben Okoro", []string{"coach"}, []string{"Oldham"}}
	cal   = somebody{staffIssuer, "cal", "Cal Price", []string{"coach"}, []string{"Rochdale"}}
	mo    = somebody{staffIssuer, "mo", "Mo Hussain", []string{"manager"}, []string{"Oldham"}}
	nia   = somebody{staffIssuer, "nia", "Nia Rees", []string{"manager"}, []string{"Rochdale"}}
	fin   = somebody{staffIssuer, "fin", "Fin Doyle", []string{"finance"}, []string{"Oldham"}}
	nadia = somebody{staffIssuer, "nadia", "Nadia Rahman", []string{"auditor"}, []string{"Oldham"}}
	dan   = somebody{issuer: publicIssuer, sub: "dan", name: "what the provider calls Dan"}
	eve   = somebody{issuer: publicIssuer, sub: "eve", name: "what the provider calls Eve"}

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
	coach somebody // of Dan
	asked []string
}

// caller is who sent the request, and where they work.
func (o *others) caller(r *http.Request) (sub string, areas []string) {
	token, err := jwt.ParseSigned(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return "", nil
	}
	var claims struct {
		Sub   string   `json:"sub"`
		Areas []string `json:"areas"`
	}
	_ = token.UnsafeClaimsWithoutVerification(&claims)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, claims.Sub+" "+r.URL.Path)
	return claims.Sub, claims.Areas
}

func answer(w http.ResponseWriter, with any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(with)
}

func missing(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write([]byte(`{"type":"https://instead.support/problems/not-found","title":"Not found","status":404,"detail":"There is no such jobseeker."}`))
}

func (o *others) needs(w http.ResponseWriter, r *http.Request) {
	sub, areas := o.caller(r)
	if r.URL.Path == "/me" {
		answer(w, needsapi.Me{JobseekerId: map[string]uuid.UUID{"dan": dansRecord, "eve": evesRecord}[sub]})
		return
	}
	id, _ := uuid.Parse(strings.TrimPrefix(r.URL.Path, "/jobseekers/"))
	if sub == "eve" && id == evesRecord {
		answer(w, needsapi.Jobseeker{Id: id, Area: "Bury", CoachId: uuid.New(), CoachName: "Bo Lund"})
		return
	}
	if id != dansRecord || sub != "dan" && !slices.Contains(areas, "Oldham") {
		missing(w)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	answer(w, needsapi.Jobseeker{Id: id, Area: "Oldham", CoachId: o.coach.id(), CoachName: o.coach.name})
}

func (o *others) funding(w http.ResponseWriter, r *http.Request) {
	o.caller(r)
	a := fundingapi.Allowance{Id: allowance, JobseekerId: dansRecord, CourseId: course, CourseName: "Warehouse skills"}
	switch r.URL.Path {
	case "/allowances":
		answer(w, map[string]any{"items": []fundingapi.Allowance{a}})
	case "/requests":
		answer(w, fundingapi.RequestPage{Items: []fundingapi.RequestSummary{{Id: request}}, Total: 1, Page: 1, Size: 200})
	default:
		answer(w, fundingapi.Request{
			Id: request, Reference: "FR-7K3M-92QX", Allowance: a, PaidPence: 14500,
			Lines: []fundingapi.Line{{Id: bike, What: "Refurbished bicycle", GrantedPence: 14500}, {Id: uuid.New(), What: "Laptop"}},
		})
	}
}

// provider is an OpenID provider, as far as verifying its tokens goes.
type provider struct {
	issuer string
	key    *ecdsa.PrivateKey
}

func newProvider(t *testing.T, issuer string) provider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return provider{issuer, key}
}

func (p provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		answer(w, map[string]any{"issuer": p.issuer, "jwks_uri": p.issuer + "/keys", "id_token_signing_alg_values_supported": []string{"ES256"}})
	case "/keys":
		answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: "1", Algorithm: "ES256", Use: "sig"}}})
	}
}

// system is the whole service, as it runs, over a database of its own.
type system struct {
	key       string // the Idempotency-Key of what is sent next, if any
	t         *testing.T
	providers map[string]provider
	hosts     map[string]http.Handler
	others    *others
	nats      *embednats.Server
	log       *lockedBuffer
	owner     *db.DB
}

func start(t *testing.T) *system {
	t.Helper()
	broker, err := embednats.Start(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Stop)
	access := dbtest.URLs(t, postgres.Migrations, "outcomes")
	owner, err := db.Open(t.Context(), access.Owner)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(owner.Close)
	s := &system{
		t: t, nats: broker, log: &lockedBuffer{}, owner: owner, others: &others{coach: asha},
		providers: map[string]provider{staffIssuer: newProvider(t, staffIssuer), publicIssuer: newProvider(t, publicIssuer)},
	}
	s.hosts = map[string]http.Handler{
		"staff": s.providers[staffIssuer], "public": s.providers[publicIssuer],
		"needs": http.HandlerFunc(s.others.needs), "funding": http.HandlerFunc(s.others.funding),
	}
	service, err := outcomes.New(t.Context(), host.Deps{
		Env: config.Env{
			"DATABASE_URL": access.Serve, "OWNER_DATABASE_URL": access.Owner, "STAFF_ISSUER": staffIssuer, "PUBLIC_ISSUER": publicIssuer,
		},
		Log: telemetry.Logger(s.log), Now: time.Now, Transport: httpx.InProcess{Hosts: s.hosts}, Bus: broker.JetStream,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Close)
	s.hosts["outcomes"] = service.Handler

	work, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := service.Run(work); err != nil && work.Err() == nil {
			t.Errorf("Run() = %v", err)
		}
	})
	t.Cleanup(func() {
		stop()
		running.Wait()
		if t.Failed() {
			t.Log(s.log)
		}
	})
	return s
}

func (s *system) token(p somebody) string {
	s.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: s.providers[p.issuer].key, KeyID: "1"}}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	raw, err := jwt.Signed(signer).Claims(map[string]any{
		"iss": p.issuer, "sub": p.sub, "aud": "instead", "exp": time.Now().Add(time.Hour).Unix(),
		"name": p.name, "roles": p.roles, "areas": p.areas,
	}).Serialize()
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}

// as is a context in which p acts.
func (s *system) as(p somebody) context.Context { return httpx.WithToken(s.t.Context(), s.token(p)) }

// client is the generated client, as another service would use it: an answer that
// is an error comes back as a fault.
func (s *system) client() *api.ClientWithResponses {
	s.t.Helper()
	c, err := api.NewClientWithResponses("http://outcomes", api.WithHTTPClient(httpx.NewClient(httpx.InProcess{Hosts: s.hosts})))
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// send sends a request as p, or as nobody, and returns the status and the body.
func (s *system) send(p *somebody, method, path, body string, version ...etag.Version) (int, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, "http://outcomes"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, v := range version {
		r.Header.Set("If-Match", v.String())
	}
	if s.key != "" {
		r.Header.Set("Idempotency-Key", s.key)
	}
	if p != nil {
		r.Header.Set("Authorization", "Bearer "+s.token(*p))
	}
	resp, err := (httpx.InProcess{Hosts: s.hosts}).RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
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
	s.t.Helper()
	made, err := s.client().RecordOutcomeWithResponse(s.as(asha), dansRecord, nil, start)
	if err != nil {
		s.t.Fatal(err)
	}
	return made.JSON201
}

// lockedBuffer is a log that several requests write at once.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// A coach and a jobseeker follow a job from its first day to what was useful.
func TestFromAFirstDayToWhatWasUseful(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	heard := make(chan events.Envelope, 20)
	take := func(_ context.Context, _ *gorm.DB, e events.Envelope) error { heard <- e; return nil }
	go func() {
		_ = events.Consume(t.Context(), s.nats.JetStream, s.owner.Gorm, telemetry.Logger(io.Discard), "test", map[string]events.Act{
			told.OutcomeRecorded{}.EventName(): take, told.CheckRecorded{}.EventName(): take, told.Rated{}.EventName(): take,
		})
	}()

	o := s.record(aJob(14))
	if o.Version != 1 || len(o.Checks) != 2 || o.Checks[0].State != api.Overdue && o.Checks[0].State != api.Due || o.Checks[1].State != api.Upcoming ||
		o.Occupation.Title != "Chefs" || o.Sustained.State != api.SustainedStateOpen || o.Sustained.Definition != 1 {
		t.Fatalf("recorded: %+v", o)
	}
	waiting, err := c.ListChecksWithResponse(s.as(asha), &api.ListChecksParams{Mine: new(true)})
	if err != nil || waiting.JSON200.Total != 1 || waiting.JSON200.Items[0].Check.Id != o.Checks[0].Id || waiting.JSON200.Items[0].Employer != "The Tommyfield" {
		t.Fatalf("what waits for Asha: %+v, %v", waiting, err)
	}
	both, err := c.ListChecksWithResponse(s.as(dan), &api.ListChecksParams{Upcoming: new(true)})
	if err != nil || both.JSON200.Total != 2 {
		t.Fatalf("what Dan will be asked: %+v, %v", both, err)
	}
	mine, err := c.RecordCheckWithResponse(s.as(dan), o.Checks[0].Id, &api.RecordCheckParams{IfMatch: etag.Version(o.Version)},
		api.Answer{InWork: true, Words: "On the line since June."})
	if err != nil {
		t.Fatal(err)
	}
	if o = mine.JSON200; o.Checks[0].State != api.Recorded || !o.Checks[0].Answer.ByJobseeker || o.Checks[0].Answer.Strength != 1 || o.Sustained.Strength != 1 {
		t.Fatalf("answered: %+v", o)
	}
	seen, err := c.CorrectCheckWithResponse(s.as(asha), o.Checks[0].Id, &api.CorrectCheckParams{IfMatch: etag.Version(o.Version)},
		api.AnswerCorrection{InWork: true, Evidence: api.EvidencePayslip, Why: "I have seen the payslip."})
	if err != nil {
		t.Fatal(err)
	}
	// 14 weeks of 37.5 hours at £13, where £5,287.36 was the threshold.
	if o = seen.JSON200; o.Sustained.State != api.SustainedStateSustained || o.Sustained.EarnedPence != 682_500 || o.Sustained.ThresholdPence != 16*26*1271 ||
		o.Sustained.Strength != 3 || len(o.History) != 3 || o.History[2].Why != "I have seen the payslip." || o.History[2].ByName != "Asha Begum" {
		t.Fatalf("corrected: %+v", o)
	}
	ratings, err := c.ListRatingsWithResponse(s.as(dan), dansRecord)
	if err != nil || len(ratings.JSON200.Items) != 1 || ratings.JSON200.Items[0].What != "Refurbished bicycle" || ratings.JSON200.Items[0].Version != 0 {
		t.Fatalf("what Dan can rate: %+v, %v", ratings, err)
	}
	said, err := c.RateWithResponse(s.as(dan), dansRecord, bike, &api.RateParams{IfMatch: 0},
		api.Said{Helped: api.ALot, CourseWouldHelpMore: api.WouldHelpNo, Words: "No more waiting for the bus."})
	if err != nil || said.JSON200.Version != 1 || said.JSON200.CourseName != "Warehouse skills" {
		t.Fatalf("rated: %+v, %v", said, err)
	}
	useful, err := c.ListUsefulnessWithResponse(s.as(mo), nil)
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
				"Tommyfield", "bus", "June", "payslip", "Asha", dansRecord.String(), bike.String(), dan.id().String(), `"5434"`, "minutes", "pence",
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
		if strings.Contains(s.log.String(), word) {
			t.Errorf("%q is in the log:\n%s", word, s.log)
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
	_, err := s.client().RecordCheckWithResponse(s.as(asha), o.Checks[0].Id, &api.RecordCheckParams{IfMatch: 1}, answer)
	if !fault.Is(err, fault.Forbidden) {
		t.Errorf("the coach before: %v", err)
	}
	if _, err := s.client().RecordCheckWithResponse(s.as(ben), o.Checks[0].Id, &api.RecordCheckParams{IfMatch: 1}, answer); err != nil {
		t.Errorf("the new coach: %v", err)
	}
	all, err := s.client().ListChecksWithResponse(s.as(ben), &api.ListChecksParams{Mine: new(true), Upcoming: new(true)})
	if err != nil || all.JSON200.Total != 1 || all.JSON200.Items[0].CoachName != "Ben Okoro" {
		t.Errorf("the new coach's list: %+v, %v", all, err)
	}
}

// hear has the service hear of an event, and returns once it has acted on it.
func (s *system) hear(e events.Envelope) {
	s.t.Helper()
	data, err := json.Marshal(e)
	if err != nil {
		s.t.Fatal(err)
	}
	var acted int
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline) && acted == 0; time.Sleep(20 * time.Millisecond) {
		// The stream is made by whoever comes first: here, the service that listens.
		_, _ = s.nats.JetStream.Publish(s.t.Context(), "events."+e.Name, data, jetstream.WithMsgID(e.ID.String()))
		if err := s.owner.Gorm.Raw("SELECT count(*) FROM inbox WHERE event_id = ?", e.ID).Scan(&acted).Error; err != nil {
			s.t.Fatal(err)
		}
	}
	if acted == 0 {
		s.t.Fatalf("%s was never heard", e.Name)
	}
}

// Needs tells of a move before anybody asks, and may tell twice and late.
func TestWhatWaitsForWhoMovedIsOnTheNewCoachsList(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.record(aJob(14))
	lists := func(p somebody) int {
		t.Helper()
		found, err := s.client().ListChecksWithResponse(s.as(p), &api.ListChecksParams{Mine: new(true)})
		if err != nil {
			t.Fatal(err)
		}
		return found.JSON200.Total
	}
	for version, coach := range map[int64]somebody{7: ben, 3: cal} { // in either order
		moved, err := json.Marshal(told.JobseekerMoved{JobseekerID: dansRecord, Version: version, CoachID: coach.id(), At: time.Now()})
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
		was := s.hosts[away]
		for name, broken := range map[string]http.Handler{
			"failing": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }),
			"odd":     http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<p>Welcome to nginx")) }),
		} {
			s.hosts[away] = broken
			if _, err := s.client().RecordOutcomeWithResponse(s.as(asha), dansRecord, nil, aJob(1)); !fault.Is(err, fault.Unavailable) {
				t.Errorf("%s is %s: %v, want unavailable", away, name, err)
			}
		}
		s.hosts[away] = was
	}
	var n int
	if err := s.owner.Gorm.Raw("SELECT (SELECT count(*) FROM outcome) + (SELECT count(*) FROM entry) + (SELECT count(*) FROM idempotency)").Scan(&n).Error; err != nil || n != 0 {
		t.Errorf("%d rows were written all the same, %v", n, err)
	}
	s.record(aJob(1))
}

func TestAnAllowanceMustBeTheJobseekersOwn(t *testing.T) {
	t.Parallel()
	s := start(t)
	of := aJob(1)
	of.AllowanceIds = append(of.AllowanceIds, uuid.New())
	_, err := s.client().RecordOutcomeWithResponse(s.as(asha), dansRecord, nil, of)
	if f := fault.As(err); f == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Pointer != "/allowance_ids" {
		t.Errorf("somebody else's allowance: %v", err)
	}
}

func TestWhoWentOnTheCourseIsAskedWhatTheyThoughtOfIt(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	if status, answer := s.send(&dan, "PUT", "/jobseekers/"+dansRecord.String()+"/ratings/"+allowance.String(), `{"helped":"no"}`, 0); status != 404 {
		t.Errorf("a course that Dan did not go on: %d %s", status, answer)
	}
	went := s.record(api.Start{Kind: api.Training, Route: api.Course, StartedOn: ago(20), AllowanceIds: []uuid.UUID{allowance}})
	ratings, err := c.ListRatingsWithResponse(s.as(dan), dansRecord)
	if err != nil || len(ratings.JSON200.Items) != 2 || ratings.JSON200.Items[0].Kind != api.RatingOfCourse || ratings.JSON200.Items[0].What != "Warehouse skills" {
		t.Fatalf("what Dan can rate: %+v, %v", ratings, err)
	}
	for version, helped := range []api.Helped{api.No, api.Harder} {
		if _, err := c.RateWithResponse(s.as(dan), dansRecord, allowance, &api.RateParams{IfMatch: etag.Version(version)}, api.Said{Helped: helped}); err != nil {
			t.Fatal(err)
		}
	}
	if status, answer := s.send(&dan, "PUT", "/jobseekers/"+dansRecord.String()+"/ratings/"+allowance.String(), `{"helped":"no"}`, 1); status != 412 || !strings.Contains(answer, "The jobseeker") {
		t.Errorf("of a version before: %d %s", status, answer)
	}
	if _, err := c.StrikeOutcomeWithResponse(s.as(asha), went.Id, &api.StrikeOutcomeParams{IfMatch: 1}, api.StrikeOutcomeJSONRequestBody{Why: "He never went."}); err != nil {
		t.Fatal(err)
	}
	ratings, err = c.ListRatingsWithResponse(s.as(dan), dansRecord)
	if err != nil || len(ratings.JSON200.Items) != 1 {
		t.Errorf("after it was struck: %+v, %v", ratings, err)
	}
}
