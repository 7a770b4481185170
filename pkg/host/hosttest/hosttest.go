// Package hosttest runs one service for a test as host runs it: over a database of
// its own, with a real broker, its background work going on, and two providers
// whose tokens it believes. Whatever it asks of other services is answered by
// handlers that the test gives.
//
// It knows no service. What a service's people do there is for its own tests.
package hosttest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/config"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/embednats"
	"github.com/instead-support/instead/pkg/embedpg"
	"github.com/instead-support/instead/pkg/host"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/telemetry"
)

const (
	staffIssuer  = "http://staff"
	publicIssuer = "http://public"
)

// Person is somebody who can sign in at one of the two providers.
type Person struct {
	issuer, sub string

	Name         string
	roles, areas []string
}

// Staff is a member of staff with one role, who works in one area.
func Staff(sub, name string, role identity.Role, area string) Person {
	return Person{staffIssuer, sub, name, []string{string(role)}, []string{area}}
}

// Public is a member of the public, whom the provider calls by this name.
func Public(sub, name string) Person { return Person{issuer: publicIssuer, sub: sub, Name: name} }

// ID is who they are to a service.
func (p Person) ID() uuid.UUID { return identity.IDOf(p.issuer, p.sub) }

// Service is what is to run.
type Service struct {
	Name       string // its own, its schema's and its serving login's
	New        host.New
	Migrations fs.FS
	Env        config.Env              // besides what every service has
	Others     map[string]http.Handler // the services that it asks, by host
	Database   embedpg.Access          // a new one if this is empty
}

// System is a service at work.
type System struct {
	T     *testing.T
	Key   string          // the Idempotency-Key of what is sent next, if any
	Hosts httpx.InProcess // the service, those that it asks and the providers
	NATS  *embednats.Server
	Log   *Log
	Owner *db.DB // as the owner of the schema
	URLs  embedpg.Access

	name string
	keys map[string]*ecdsa.PrivateKey // of the providers, by issuer
}

// Start starts a service, which ends with the test.
func Start(t *testing.T, of Service) *System {
	t.Helper()
	broker, err := embednats.Start(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Stop)
	access := of.Database
	if access == (embedpg.Access{}) {
		access = dbtest.URLs(t, of.Migrations, of.Name)
	}
	owner, err := db.Open(t.Context(), access.Owner)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(owner.Close)
	s := &System{
		T: t, NATS: broker, Log: &Log{}, Owner: owner, URLs: access, name: of.Name,
		Hosts: httpx.InProcess{Hosts: map[string]http.Handler{}}, keys: map[string]*ecdsa.PrivateKey{},
	}
	maps.Copy(s.Hosts.Hosts, of.Others)
	for _, issuer := range []string{staffIssuer, publicIssuer} {
		if s.keys[issuer], err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			t.Fatal(err)
		}
		s.Hosts.Hosts[strings.TrimPrefix(issuer, "http://")] = provider{issuer, s.keys[issuer]}
	}
	env := config.Env{
		"DATABASE_URL": access.Serve, "OWNER_DATABASE_URL": access.Owner, "STAFF_ISSUER": staffIssuer, "PUBLIC_ISSUER": publicIssuer,
	}
	maps.Copy(env, of.Env)
	service, err := of.New(t.Context(), host.Deps{
		Env: env, Log: telemetry.Logger(s.Log), Now: time.Now, Transport: s.Hosts, Bus: broker.JetStream,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Close)
	s.Hosts.Hosts[of.Name] = service.Handler

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
			t.Log(s.Log)
		}
	})
	return s
}

// provider is an OpenID provider, as far as verifying its tokens goes.
type provider struct {
	issuer string
	key    *ecdsa.PrivateKey
}

func (p provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		Answer(w, map[string]any{"issuer": p.issuer, "jwks_uri": p.issuer + "/keys", "id_token_signing_alg_values_supported": []string{"ES256"}})
	case "/keys":
		Answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: "1", Algorithm: "ES256", Use: "sig"}}})
	}
}

// Answer answers as a service that is asked does.
func Answer(w http.ResponseWriter, with any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(with)
}

// Caller is whose token came with a request, and where they work. It believes
// anybody: services that stand in for others have no secrets.
func Caller(r *http.Request) Person {
	token, err := jwt.ParseSigned(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return Person{}
	}
	var claims struct {
		Iss   string   `json:"iss"`
		Sub   string   `json:"sub"`
		Name  string   `json:"name"`
		Roles []string `json:"roles"`
		Areas []string `json:"areas"`
	}
	_ = token.UnsafeClaimsWithoutVerification(&claims)
	return Person{claims.Iss, claims.Sub, claims.Name, claims.Roles, claims.Areas}
}

// Sub is the name under which their provider knows them.
func (p Person) Sub() string { return p.sub }

// Covers reports whether they work in this area.
func (p Person) Covers(area string) bool { return identity.Person{Areas: p.areas}.Covers(area) }

// Token is one that the person's provider signed.
func (s *System) Token(p Person) string {
	s.T.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: s.keys[p.issuer], KeyID: "1"}}, nil)
	if err != nil {
		s.T.Fatal(err)
	}
	raw, err := jwt.Signed(signer).Claims(map[string]any{
		"iss": p.issuer, "sub": p.sub, "aud": "instead", "exp": time.Now().Add(time.Hour).Unix(),
		"name": p.Name, "roles": p.roles, "areas": p.areas,
	}).Serialize()
	if err != nil {
		s.T.Fatal(err)
	}
	return raw
}

// As is a context in which p acts.
func (s *System) As(p Person) context.Context { return httpx.WithToken(s.T.Context(), s.Token(p)) }

// URL is where the service is.
func (s *System) URL() string { return "http://" + s.name }

// Client sends what a generated client of the service asks, and gives an answer
// that is an error back as a fault.
func (s *System) Client() *httpx.Client { return httpx.NewClient(s.Hosts) }

// Send sends JSON as p, or as nobody, and returns the status and the body. A
// version goes along as If-Match.
func (s *System) Send(p *Person, method, path, body string, version ...int64) (int, string) {
	s.T.Helper()
	return s.SendAs("application/json", p, method, path, body, version...)
}

// SendAs sends a body of some other kind.
func (s *System) SendAs(kind string, p *Person, method, path, body string, version ...int64) (int, string) {
	s.T.Helper()
	r, err := http.NewRequestWithContext(s.T.Context(), method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		s.T.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", kind)
	}
	for _, v := range version {
		r.Header.Set("If-Match", strconv.Quote(strconv.FormatInt(v, 10)))
	}
	if s.Key != "" {
		r.Header.Set("Idempotency-Key", s.Key)
	}
	if p != nil {
		r.Header.Set("Authorization", "Bearer "+s.Token(*p))
	}
	resp, err := s.Hosts.RoundTrip(r)
	if err != nil {
		s.T.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.T.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// WantsVersion wants an edit refused that does not say which version it is of, and
// one of a version that is not there.
func (s *System) WantsVersion(p *Person, method, path, body string) {
	s.T.Helper()
	if got, answer := s.Send(p, method, path, body); got != http.StatusPreconditionRequired {
		s.T.Errorf("%s %s without If-Match = %d %s, want 428", method, path, got, answer)
	}
	if got, answer := s.Send(p, method, path, body, 1<<40); got != http.StatusPreconditionFailed {
		s.T.Errorf("%s %s of another version = %d %s, want 412", method, path, got, answer)
	}
}

// Detail is a problem without the trace that it was met in.
func Detail(problem string) string {
	before, _, _ := strings.Cut(problem, `"trace_id"`)
	return before
}

// Eventually waits for something that comes about by itself, and fails the test if
// it does not.
func (s *System) Eventually(done func() bool) {
	s.T.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.T.Fatal("it never came about")
		}
	}
}

// Rested returns when so many tasks of the night are done, which a service does when
// it begins, so that from then on it changes nothing that it was not asked to.
func (s *System) Rested(tasks int) {
	s.T.Helper()
	s.Eventually(func() bool {
		var done int
		err := s.Owner.Gorm.Raw("SELECT count(*) FROM river_job WHERE kind = 'scheduled-task' AND state = 'completed'").Scan(&done).Error
		return err == nil && done >= tasks
	})
}

// Log is a log that several requests write at once.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
