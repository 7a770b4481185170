package funding_test

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
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"
	"gorm.io/gorm"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/events"
	api "github.com/instead-support/instead/api/funding"
	needsapi "github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/config"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/embednats"
	"github.com/instead-support/instead/pkg/embedpg"
	bus "github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/host"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/seal"
	"github.com/instead-support/instead/pkg/telemetry"
	"github.com/instead-support/instead/services/funding"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/budget"
	"github.com/instead-support/instead/services/funding/internal/postgres"
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
// manages Oldham, Nia Rochdale; Fin pays in Oldham. Dan's coach is Asha, and so
// is everybody's but Eve's.
var (
	asha = somebody{staffIssuer, "asha", "Asha Begum", []string{"coach"}, []string{"Oldham"}}
	ben  = somebody{staffIssuer, "ben", "Ben Okoro", []string{"coach"}, []string{"Oldham"}}
	cal  = somebody{staffIssuer, "cal", "Cal Price", []string{"coach"}, []string{"Rochdale"}}
	mo   = somebody{staffIssuer, "mo", "Mo Hussain", []string{"manager"}, []string{"Oldham"}}
	nia  = somebody{staffIssuer, "nia", "Nia Rees", []string{"manager"}, []string{"Rochdale"}}
	fin  = somebody{staffIssuer, "fin", "Fin Doyle", []string{"finance"}, []string{"Oldham"}}
	dan  = somebody{issuer: publicIssuer, sub: "dan", name: "what the provider calls Dan"}
	eve  = somebody{issuer: publicIssuer, sub: "eve", name: "what the provider calls Eve"}

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
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var claims jwt.Claims
	_ = parsed.UnsafeClaimsWithoutVerification(&claims)
	n.mu.Lock()
	n.asked = append(n.asked, claims.Subject+" "+r.URL.Path)
	n.mu.Unlock()

	var answer any
	id, _ := uuid.Parse(strings.Split(strings.TrimPrefix(r.URL.Path, "/jobseekers/"), "/")[0])
	switch {
	case r.URL.Path == "/me":
		me := needsapi.Me{PersonId: identity.IDOf(claims.Issuer, claims.Subject)}
		switch claims.Subject {
		case dan.sub:
			me.JobseekerId = dansRecord
		case eve.sub:
			me.JobseekerId = evesRecord
		}
		answer = me
	case strings.HasSuffix(r.URL.Path, "/needs"):
		answer = map[string]any{"jobseeker_id": id, "items": []needsapi.Need{{Id: dansNeed}}}
	default:
		answer = needsapi.Jobseeker{Id: id, Area: "Oldham", CoachId: asha.id(), CoachName: asha.name}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
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
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": p.issuer, "jwks_uri": p.issuer + "/keys", "id_token_signing_alg_values_supported": []string{"ES256"}})
	case "/keys":
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: "1", Algorithm: "ES256", Use: "sig"}}})
	}
}

// system is the whole service, as it runs, over a database of its own.
type system struct {
	key       string // the Idempotency-Key of what is sent next, if any
	t         *testing.T
	providers map[string]provider
	hosts     map[string]http.Handler
	needs     *needs
	nats      *embednats.Server
	log       *lockedBuffer
	owner     *db.DB
	course    uuid.UUID

	fund, budget, allocation uuid.UUID // Oldham's money, this year
	grant                    uuid.UUID // what Oldham's managers may decide
}

func start(t *testing.T) *system {
	t.Helper()
	return startOn(t, dbtest.URLs(t, postgres.Migrations, "funding"))
}

// startOn starts the service on this database.
func startOn(t *testing.T, access embedpg.Access) *system {
	t.Helper()
	broker, err := embednats.Start(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Stop)
	owner, err := db.Open(t.Context(), access.Owner)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(owner.Close)
	s := &system{
		t: t, nats: broker, log: &lockedBuffer{}, owner: owner, needs: &needs{},
		providers: map[string]provider{staffIssuer: newProvider(t, staffIssuer), publicIssuer: newProvider(t, publicIssuer)},
	}
	s.hosts = map[string]http.Handler{"staff": s.providers[staffIssuer], "public": s.providers[publicIssuer], "needs": s.needs}
	keys, err := seal.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	service, err := funding.New(t.Context(), host.Deps{
		Env: config.Env{
			"DATABASE_URL": access.Serve, "OWNER_DATABASE_URL": access.Owner, "DOCUMENTS_URL": "file://" + t.TempDir(), "BANK_KEYS": keys,
			"STAFF_ISSUER": staffIssuer, "PUBLIC_ISSUER": publicIssuer,
		},
		Log: telemetry.Logger(s.log), Now: time.Now, Transport: httpx.InProcess{Hosts: s.hosts}, Bus: broker.JetStream,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Close)
	s.hosts["funding"] = service.Handler

	work, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := service.Run(work); err != nil && work.Err() == nil {
			t.Errorf("Run() = %v", err)
		}
	})
	t.Cleanup(func() { stop(); running.Wait() })
	s.course = s.imported("code,name,subject,price,from\nWH1,Warehouse skills,Logistics,1000.00,2020-01-01\n")
	s.give(100_000_00)
	s.empower(mo, fin, "Oldham", 10_000_00)
	return s
}

// imported brings a course list in, as a manager does, and returns its only
// course.
func (s *system) imported(csv string) uuid.UUID {
	s.t.Helper()
	if status, answer := s.send(&mo, "POST", "/imports?file_name=list.csv", "text/csv", csv); status != http.StatusAccepted {
		s.t.Fatalf("import: %d %s", status, answer)
	}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		found, err := s.client().SearchCoursesWithResponse(s.as(asha), &api.SearchCoursesParams{})
		if err != nil {
			s.t.Fatal(err)
		}
		if len(found.JSON200.Items) > 0 {
			return found.JSON200.Items[0].Id
		}
	}
	s.t.Fatal("the course was never imported")
	return uuid.Nil
}

// give gives Oldham this much for this year, as Fin proposes and Mo confirms.
func (s *system) give(pence int64) {
	s.t.Helper()
	c, year := s.client(), int(budget.YearOf(award.Today(time.Now())))
	fund, err := c.OpenFundWithResponse(s.as(fin), nil, api.NewFund{
		Code: "INSTEAD", Name: "Instead of a course", FirstDay: openapi.Date{Time: budget.Year(year).First()},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	opened, err := c.OpenBudgetWithResponse(s.as(fin), nil, api.OpenBudgetJSONRequestBody{FundId: fund.JSON201.Id, Area: "Oldham", Year: year})
	if err != nil {
		s.t.Fatal(err)
	}
	proposed, err := c.ProposeMovementWithResponse(s.as(fin), nil, api.ProposeMovementJSONRequestBody{
		ToBudgetId: opened.JSON201.Id, Pence: pence, Reason: "What courses would have cost.",
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := c.ConfirmProposalWithResponse(s.as(mo), proposed.JSON201.Id, nil); err != nil {
		s.t.Fatal(err)
	}
	pays, err := c.ProposeCategoriesWithResponse(s.as(fin), fund.JSON201.Id, nil, api.ProposeCategoriesJSONRequestBody{
		Reason: "What the fund is for.", Categories: []api.FundCategory{
			{Category: "travel", Allowed: true, Label: "Travel", Words: "To work.", FirstDay: openapi.Date{Time: award.Today(time.Now())}},
			{Category: "fines", Label: "Fines", Words: "This fund does not pay fines. Ask the court.", FirstDay: openapi.Date{Time: award.Today(time.Now())}},
		},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := c.ConfirmProposalWithResponse(s.as(mo), pays.JSON201.Id, nil); err != nil {
		s.t.Fatal(err)
	}
	s.fund, s.budget, s.allocation = fund.JSON201.Id, opened.JSON201.Id, proposed.JSON201.Id
}

// empower lets the managers of an area decide requests up to this much, as a
// manager proposes and a finance officer confirms.
func (s *system) empower(manager, finance somebody, area string, pence int64) {
	s.t.Helper()
	proposed, err := s.client().ProposeGrantWithResponse(s.as(manager), nil, api.NewGrant{
		Kind: api.GrantKindDecide, Whose: api.GrantWhoseAny, Area: area, LimitPence: pence, AlonePence: pence,
		FirstDay: openapi.Date{Time: award.Today(time.Now())}, Why: "The scheme of delegation.",
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.grant = proposed.JSON201.Id
	if _, err := s.client().ConfirmGrantWithResponse(s.as(finance), s.grant, nil); err != nil {
		s.t.Fatal(err)
	}
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

// client is the generated client, as another service would use it: an answer
// that is an error comes back as a fault.
func (s *system) client() *api.ClientWithResponses {
	s.t.Helper()
	c, err := api.NewClientWithResponses("http://funding", api.WithHTTPClient(httpx.NewClient(httpx.InProcess{Hosts: s.hosts})))
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// send sends a request as p, or as nobody, and returns the status and the body.
func (s *system) send(p *somebody, method, path, kind, body string, version ...etag.Version) (int, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, "http://funding"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", kind)
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

// open opens an allowance of £1,000 for a jobseeker of Asha's.
func (s *system) open(jobseeker uuid.UUID) *api.Allowance {
	s.t.Helper()
	a, err := s.client().OpenAllowanceWithResponse(s.as(asha), nil, api.OpenAllowanceJSONRequestBody{JobseekerId: jobseeker, CourseId: s.course})
	if err != nil {
		s.t.Fatal(err)
	}
	return a.JSON201
}

// draft is a draft of Asha's for this much.
func (s *system) draft(allowance uuid.UUID, pence int64) *api.Request {
	s.t.Helper()
	r, err := s.client().DraftRequestWithResponse(s.as(asha), nil, api.DraftRequestJSONRequestBody{AllowanceId: allowance})
	if err != nil {
		s.t.Fatal(err)
	}
	edited, err := s.client().EditRequestWithResponse(s.as(asha), r.JSON201.Id, &api.EditRequestParams{IfMatch: etag.Version(r.JSON201.Version)}, api.RequestEdit{Lines: []api.NewLine{
		{What: "A bike", Why: "No bus before 7.", NeedId: dansNeed, Category: "travel", AmountPence: pence},
	}})
	if err != nil {
		s.t.Fatal(err)
	}
	return edited.JSON200
}

// submit submits a draft as Asha.
func (s *system) submit(r *api.Request) *api.Request {
	s.t.Helper()
	sent, err := s.client().SubmitRequestWithResponse(s.as(asha), r.Id, &api.SubmitRequestParams{IfMatch: etag.Version(r.Version)})
	if err != nil {
		s.t.Fatal(err)
	}
	return sent.JSON200
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
		_ = bus.Consume(t.Context(), s.nats.JetStream, s.owner.Gorm, telemetry.Logger(io.Discard), "test", map[string]bus.Act{
			"funding.request-changed": hear(heard),
		})
	}()

	a := s.open(dansRecord)
	if a.CapPence != 100000 || a.AvailablePence != 100000 || a.PriceSource != "list.csv" || a.CoachId != asha.id() || a.Area != "Oldham" {
		t.Fatalf("allowance %+v", a)
	}
	r := s.draft(a.Id, 25000)
	if diff := cmp.Diff([]api.Verb{api.Edit, api.Submit, api.Withdraw}, r.Can); diff != "" {
		t.Errorf("what the coach can do:\n%s", diff)
	}
	r = s.submit(r)
	if r.State != api.Submitted || r.Allowance.HeldPence != 25000 || r.SubmittedByName != asha.name || r.SubmittedAt.IsZero() {
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
	queue, err := c.ListRequestsWithResponse(s.as(mo), &api.ListRequestsParams{Decidable: &yes})
	if err != nil || queue.JSON200.Total != 1 || queue.JSON200.Items[0].Id != r.Id || queue.JSON200.Items[0].AvailablePence != 75000 {
		t.Fatalf("what Mo may decide: %+v %v", queue, err)
	}
	approved, err := c.ApproveRequestWithResponse(s.as(mo), r.Id, &api.ApproveRequestParams{IfMatch: etag.Version(r.Version)}, approval(api.ApproveCodeLeadsToJobOffer))
	if err != nil {
		t.Fatal(err)
	}
	r = approved.JSON200
	if r.State != api.Approved || r.AwardedPence != 25000 || r.Allowance.CommittedPence != 25000 || r.DecidedByName != mo.name || !slices.Equal(r.Can, []api.Verb{api.Cancel}) {
		t.Fatalf("approved: %+v", r)
	}
	mine, err := c.ReadRequestWithResponse(s.as(dan), r.Id)
	if err != nil || mine.JSON200.AwardedPence != 25000 || len(mine.JSON200.History) != 3 {
		t.Fatalf("what Dan sees: %+v %v", mine, err)
	}
	ledger, err := c.ReadAllowanceWithResponse(s.as(dan), a.Id)
	if err != nil || len(ledger.JSON200.Entries) != 2 || ledger.JSON200.Entries[1].Kind != "commit" || ledger.JSON200.Entries[1].Reference != r.Reference {
		t.Fatalf("the ledger: %+v %v", ledger, err)
	}
	paid, err := c.ListRequestsWithResponse(s.as(fin), &api.ListRequestsParams{})
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
	}
	if diff := cmp.Diff(last, got["approved"]); diff != "" {
		t.Error(diff)
	}
	for _, word := range []string{"bike", "Asha", "Dan", "bus before"} {
		if strings.Contains(s.log.String(), word) {
			t.Errorf("%q is in the log:\n%s", word, s.log)
		}
	}
}

func TestMoreThanIsAvailableIsAProblemWithItsFigures(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := s.open(dansRecord)
	s.submit(s.draft(a.Id, 40000))
	r := s.draft(a.Id, 75000)
	status, answer := s.send(&asha, "POST", "/requests/"+r.Id.String()+"/submission", "", "", etag.Version(r.Version))
	var problem api.Problem
	if err := json.Unmarshal([]byte(answer), &problem); err != nil {
		t.Fatal(err)
	}
	if status != 409 || problem.Type != "https://instead.support/problems/over-cap" ||
		problem.Cap.AskedPence != 75000 || problem.Cap.AvailablePence != 60000 || problem.Cap.OverPence != 15000 {
		t.Errorf("%d %s", status, answer)
	}
	p, err := s.client().ProposeReductionWithResponse(s.as(asha), r.Id)
	if err != nil || p.JSON200.OverPence != 15000 || len(p.JSON200.Lines) != 1 || p.JSON200.Lines[0].AmountPence != 60000 {
		t.Errorf("the proposal: %+v %v", p, err)
	}
}

func TestNothingIsSubmittedWhileNeedsIsAway(t *testing.T) {
	t.Parallel()
	s := start(t)
	r := s.draft(s.open(dansRecord).Id, 40000)
	count := func() (n int) {
		if err := s.owner.Gorm.Raw("SELECT (SELECT count(*) FROM history) + (SELECT count(*) FROM entry) + (SELECT count(*) FROM audit_entry) + (SELECT count(*) FROM idempotency)").Scan(&n).Error; err != nil {
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
			delete(s.hosts, "needs")
		} else {
			s.hosts["needs"] = broken
		}
		_, err := s.client().SubmitRequestWithResponse(s.as(asha), r.Id, &api.SubmitRequestParams{IfMatch: etag.Version(r.Version)})
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("needs is %s: %v, want unavailable", name, err)
		}
		if _, err := s.client().ReadRequestWithResponse(s.as(dan), r.Id); !fault.Is(err, fault.Unavailable) {
			t.Errorf("needs is %s, and Dan is not known: %v, want unavailable", name, err)
		}
	}
	if got := count(); got != before {
		t.Errorf("%d rows were written all the same", got-before)
	}
	s.hosts["needs"] = s.needs
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
