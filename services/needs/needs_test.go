package needs_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"

	"github.com/instead-support/instead/api/etag"
	api "github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/config"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/embednats"
	"github.com/instead-support/instead/pkg/host"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/telemetry"
	"github.com/instead-support/instead/services/needs"
	"github.com/instead-support/instead/services/needs/internal/postgres"
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

// The staff of these tests: Asha and Ben coach in Oldham, Cal in Rochdale; Mo
// manages Oldham, Nia Rochdale; Fin pays in Oldham.
var (
	asha = somebody{staffIssuer, "asha", "Asha Begum", []string{"coach"}, []string{"Oldham"}}
	ben  = somebody{staffIssuer, "ben", "Ben Okoro", []string{"coach"}, []string{"Oldham"}}
	cal  = somebody{staffIssuer, "cal", "Cal Price", []string{"coach"}, []string{"Rochdale"}}
	mo   = somebody{staffIssuer, "mo", "Mo Hussain", []string{"manager"}, []string{"Oldham"}}
	nia  = somebody{staffIssuer, "nia", "Nia Rees", []string{"manager"}, []string{"Rochdale"}}
	fin  = somebody{staffIssuer, "fin", "Fin Doyle", []string{"finance"}, []string{"Oldham"}}
)

// public is a member of the public whom nobody has seen before.
func public(name string) somebody {
	return somebody{issuer: publicIssuer, sub: rand.Text(), name: name}
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
	t         *testing.T
	service   *host.Service
	providers map[string]provider
	transport httpx.InProcess
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
	access := dbtest.URLs(t, postgres.Migrations, "needs")
	owner, err := db.Open(t.Context(), access.Owner)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(owner.Close)
	s := &system{
		t: t, nats: broker, log: &lockedBuffer{}, owner: owner,
		providers: map[string]provider{staffIssuer: newProvider(t, staffIssuer), publicIssuer: newProvider(t, publicIssuer)},
		transport: httpx.InProcess{Hosts: map[string]http.Handler{}},
	}
	s.transport.Hosts["staff"], s.transport.Hosts["public"] = s.providers[staffIssuer], s.providers[publicIssuer]
	s.service, err = needs.New(t.Context(), host.Deps{
		Env: config.Env{
			"DATABASE_URL": access.Serve, "OWNER_DATABASE_URL": access.Owner,
			"STAFF_ISSUER": staffIssuer, "PUBLIC_ISSUER": publicIssuer,
		},
		Log: telemetry.Logger(s.log), Now: time.Now, Transport: s.transport, Bus: broker.JetStream,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.service.Close)
	s.transport.Hosts["needs"] = s.service.Handler

	work, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.service.Run(work); err != nil && work.Err() == nil {
			t.Errorf("Run() = %v", err)
		}
	})
	t.Cleanup(func() { stop(); running.Wait() })
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

// client is the generated client, as another service would use it: an answer
// that is an error comes back as a fault.
func (s *system) client() *api.ClientWithResponses {
	s.t.Helper()
	c, err := api.NewClientWithResponses("http://needs", api.WithHTTPClient(httpx.NewClient(s.transport)))
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// add puts somebody of this name on Asha's caseload, linked to p's sign-in.
func (s *system) add(name string, p somebody) *api.Jobseeker {
	s.t.Helper()
	added, err := s.client().AddJobseekerWithResponse(s.as(asha), nil, api.NewJobseeker{Name: name, Area: "Oldham", DifferentPerson: true})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.owner.Gorm.Exec("UPDATE jobseeker SET person_id = ? WHERE id = ?", p.id(), added.JSON201.Id).Error; err != nil {
		s.t.Fatal(err)
	}
	return added.JSON201
}

// ask sends a request as p, or as nobody, and returns the status and the body.
func (s *system) ask(p *somebody, method, path, body string, version ...etag.Version) (int, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, "http://needs"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, v := range version {
		r.Header.Set("If-Match", v.String())
	}
	if p != nil {
		r.Header.Set("Authorization", "Bearer "+s.token(*p))
	}
	resp, err := s.transport.RoundTrip(r)
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

// A coach and a jobseeker do all there is to do, over the contract.
func TestFromTheFirstMeetingToAnAssessmentThatFundingSupports(t *testing.T) {
	t.Parallel()
	s := start(t)
	c, dan := s.client(), public("what the provider calls Dan")

	for _, p := range []somebody{asha, ben, mo} {
		me, err := c.ReadMeWithResponse(s.as(p))
		if err != nil || me.JSON200.PersonId != p.id() || me.JSON200.Name != p.name || me.JSON200.JobseekerId != uuid.Nil {
			t.Fatalf("ReadMe(%s) = %+v %v", p.name, me, err)
		}
	}
	added, err := c.AddJobseekerWithResponse(s.as(asha), nil, api.NewJobseeker{
		Name: "Daniel Li", KnownAs: "Dan", Email: "dan@example.com", Phone: "07700 900123", Postcode: "ol1 1aa", Area: "Oldham",
	})
	if err != nil {
		t.Fatal(err)
	}
	id := added.JSON201.Id
	if _, err := c.AddStatementWithResponse(s.as(asha), id, nil, api.AddStatementJSONRequestBody{Words: "I can't get to the early shift."}); err != nil {
		t.Fatal(err)
	}
	saved, err := c.SaveAssessmentWithResponse(s.as(asha), id, &api.SaveAssessmentParams{}, api.AssessmentChange{
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

	invited, err := c.InviteJobseekerWithResponse(s.as(asha), id, nil)
	if err != nil {
		t.Fatal(err)
	}
	me, err := c.AcceptInvitationWithResponse(s.as(dan), nil, api.AcceptInvitationJSONRequestBody{Code: strings.ToLower(invited.JSON201.Code)})
	if err != nil || me.JSON200.JobseekerId != id || me.JSON200.KnownAs != "Dan" {
		t.Fatalf("AcceptInvitation() = %+v %v", me, err)
	}
	if _, err := c.AddStatementWithResponse(s.as(dan), id, nil, api.AddStatementJSONRequestBody{Words: "A bike would do it."}); err != nil {
		t.Fatal(err)
	}
	said, err := c.ListStatementsWithResponse(s.as(dan), id)
	if err != nil || len(said.JSON200.Items) != 2 {
		t.Fatalf("ListStatements() = %+v %v", said, err)
	}
	if own, taken := said.JSON200.Items[0], said.JSON200.Items[1]; own.TakenDownByCoach || !taken.TakenDownByCoach || taken.CoachName != "Asha Begum" {
		t.Errorf("statements = %+v", said.JSON200.Items)
	}

	needs, err := c.ListNeedsWithResponse(s.as(asha), id)
	if err != nil || len(needs.JSON200.Items) != 1 {
		t.Fatalf("ListNeeds() = %+v %v", needs, err)
	}
	need := needs.JSON200.Items[0]
	request := uuid.New()
	for _, version := range []int64{3, 2, 3} { // late, and twice
		s.tell(request, id, version, map[int64]string{2: "submitted", 3: "approved"}[version], need.Id)
	}
	want := api.Support{RequestId: request, Reference: "FR-7K3M-92QX", State: "approved"}
	s.eventually(func() bool {
		a, err := c.ReadAssessmentWithResponse(s.as(dan), id)
		return err == nil && len(a.JSON200.Needs[0].Supports) == 1 && a.JSON200.Needs[0].Supports[0] == want
	})

	moved, err := c.TransferJobseekerWithResponse(s.as(mo), id, &api.TransferJobseekerParams{IfMatch: 1}, api.TransferJobseekerJSONRequestBody{CoachId: ben.id()})
	if err != nil || moved.JSON200.CoachName != "Ben Okoro" || !moved.JSON200.Online {
		t.Fatalf("TransferJobseeker() = %+v %v", moved, err)
	}
	s.eventually(func() bool { // others hear of it
		var told int
		err := s.owner.Gorm.Raw(`SELECT count(*) FROM river_job WHERE state = 'completed' AND args->>'name' = 'needs.jobseeker-moved'
			AND args->'data'->>'coach_id' = ? AND args->'data'->>'version' = '2'`, ben.id()).Scan(&told).Error
		return err == nil && told == 1
	})
	versions, err := c.ListAssessmentVersionsWithResponse(s.as(mo), id)
	if err != nil || len(versions.JSON200.Items) != 1 || versions.JSON200.Items[0].ByName != "Asha Begum" || versions.JSON200.Items[0].Changed[0].Category != api.GettingThere {
		t.Errorf("ListAssessmentVersions() = %+v %v", versions, err)
	}
	trail, err := c.ListJobseekerAuditWithResponse(s.as(mo), id, nil)
	if err != nil || trail.JSON200.Total < 10 || trail.JSON200.Items[0].Action != "listAssessmentVersions" || trail.JSON200.Items[0].PersonName != "Mo Hussain" {
		t.Errorf("ListJobseekerAudit() = %+v %v", trail, err)
	}
}

// tell is funding telling that a request changed.
func (s *system) tell(request, jobseeker uuid.UUID, version int64, state string, needs ...uuid.UUID) {
	s.t.Helper()
	data, err := json.Marshal(map[string]any{
		"id": uuid.New(), "name": "funding.request-changed", "at": time.Now(),
		"data": map[string]any{
			"request_id": request, "reference": "FR-7K3M-92QX", "version": version, "jobseeker_id": jobseeker,
			"state": state, "need_ids": needs, "at": time.Now(),
		},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	// The stream is made by whoever comes first: here, the service that listens.
	s.eventually(func() bool {
		_, err := s.nats.JetStream.Publish(s.t.Context(), "events.funding.request-changed", data)
		return err == nil
	})
}

func (s *system) eventually(done func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatal("it never came about")
		}
	}
}

func TestAPossibleDuplicateIsShownAndLeavesAWayToGoOn(t *testing.T) {
	t.Parallel()
	s := start(t)
	body := `{"name":"Siân O’Neill","postcode":"OL1 1AA","area":"Oldham"}`
	if status, answer := s.ask(&asha, "POST", "/jobseekers", body); status != http.StatusCreated {
		t.Fatal(status, answer)
	}
	status, answer := s.ask(&ben, "POST", "/jobseekers", strings.Replace(body, "Siân O’Neill", "sian oneill", 1))
	var problem api.Problem
	if err := json.Unmarshal([]byte(answer), &problem); err != nil {
		t.Fatal(err)
	}
	if status != http.StatusConflict || len(problem.Candidates) != 1 || problem.Candidates[0].Name != "Siân O’Neill" || problem.Candidates[0].CoachName != "Asha Begum" {
		t.Errorf("POST /jobseekers = %d %s", status, answer)
	}
	if status, answer := s.ask(&ben, "POST", "/jobseekers", strings.Replace(body, "{", `{"different_person":true,`, 1)); status != http.StatusCreated {
		t.Errorf("as somebody else: %d %s", status, answer)
	}
}

func TestEveryMistakeInAFormIsNamedInPlainWords(t *testing.T) {
	t.Parallel()
	s := start(t)
	status, answer := s.ask(&asha, "POST", "/jobseekers", `{"name":" ","email":"dan","phone":"1","postcode":"OL1","area":"Bury"}`)
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
		if status, answer := s.ask(&asha, "GET", path, ""); status != http.StatusBadRequest {
			t.Errorf("GET %s = %d %s", path, status, answer)
		}
	}
	for _, body := range []string{"", "null", "[]", `{"name":7}`, `{"name":"Dan\u0000","area":"Oldham"}`} {
		if status, answer := s.ask(&asha, "POST", "/jobseekers", body); status != http.StatusBadRequest {
			t.Errorf("POST %s = %d %s", body, status, answer)
		}
	}
	if status, answer := s.ask(&asha, "GET", "/jobseekers?q=%00%ff%27", ""); status != http.StatusOK {
		t.Errorf("searching for rubbish = %d %s", status, answer)
	}
}
