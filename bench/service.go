package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/jackc/pgx/v5"
	openapi "github.com/oapi-codegen/runtime/types"

	api "github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/config"
	"github.com/instead-support/instead/pkg/embednats"
	"github.com/instead-support/instead/pkg/embedpg"
	"github.com/instead-support/instead/pkg/host"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/seal"
	"github.com/instead-support/instead/pkg/telemetry"
	"github.com/instead-support/instead/services/funding"
)

// service is the funding service as it runs, in this process and on a port, over
// a PostgreSQL of its own that keeps what it is given: every commit waits for the
// disk.
type service struct {
	client    *api.ClientWithResponses
	address   string
	database  string // the serving login's
	owner     string
	superuser string
	dir       string // its data, and whatever else is written
	manager   person
	coach     person
	deps      host.Deps
	run       func(context.Context) error // its background work, which goes on only while it is asked for
	commands  map[string]host.Command
	sent      map[string]sent // the statements of each task
	closers   []func()
}

// person is somebody signed in.
type person struct{ id, name, role, token string }

func (s *service) stop() {
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.closers[i]()
	}
}

// signedIn is a context in which the manager acts.
func (s *service) signedIn(ctx context.Context) context.Context {
	return httpx.WithToken(ctx, s.manager.token)
}

// tuning is what PostgreSQL runs with: room for what is worked on in memory, and
// no checkpoint in the middle of a round.
var tuning = map[string]string{"shared_buffers": "4GB", "max_wal_size": "4GB", "checkpoint_timeout": "1h", "autovacuum": "off",
	"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track_planning": "on",
}

// start starts a service in this folder, which may hold the data of one before it,
// or with "" in one that is gone when it stops.
func start(ctx context.Context, dir string) (s *service, err error) {
	s = &service{sent: map[string]sent{}, dir: dir}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	if dir == "" {
		if s.dir, err = os.MkdirTemp("", "instead-bench"); err != nil {
			return s, err
		}
		s.closers = append(s.closers, func() { _ = os.RemoveAll(s.dir) })
	}
	server, err := embedpg.Start(ctx, embedpg.Config{Dir: filepath.Join(s.dir, "postgres"), Durable: true, Settings: tuning})
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, func() { _ = server.Stop() })
	access, err := server.Service(ctx, "funding")
	if err != nil {
		return s, err
	}
	s.database, s.owner, s.superuser = access.Serve, access.Owner, server.URL("instead")
	broker, err := embednats.Start(filepath.Join(s.dir, "nats"))
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, broker.Stop)

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return s, err
	}
	if s.manager, err = sign(key, "manager", "Mo Hussain"); err != nil {
		return s, err
	}
	if s.coach, err = sign(key, "coach", "Cy Coach"); err != nil {
		return s, err
	}
	keys, err := seal.NewKeys()
	if err != nil {
		return s, err
	}
	hosts := map[string]http.Handler{"staff": provider(key), "needs": needs{s.coach}}
	s.deps = host.Deps{
		Env: config.Env{
			"DATABASE_URL": access.Serve + "&pool_max_conns=8", "OWNER_DATABASE_URL": access.Owner, "STAFF_ISSUER": issuer, "PUBLIC_ISSUER": "http://public",
			"BANK_KEYS": keys,
		},
		Log: slog.New(slog.DiscardHandler), Now: time.Now, Transport: httpx.InProcess{Hosts: hosts}, Bus: broker.JetStream,
	}
	stopTelling, err := telemetry.Start(ctx, "instead-funding")
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, func() { _ = stopTelling(context.WithoutCancel(ctx)) })
	f, err := funding.New(ctx, s.deps)
	if err != nil {
		return s, err
	}
	s.run, s.commands = f.Run, f.Commands
	s.closers = append(s.closers, f.Close)
	if err := f.Migrate(ctx); err != nil {
		return s, err
	}
	hosts["funding"] = f.Handler
	if s.address, err = s.listen(ctx, f.Handler); err != nil {
		return s, err
	}
	s.client, err = api.NewClientWithResponses("http://funding", api.WithHTTPClient(httpx.NewClient(s.deps.Transport)))
	return s, err
}

// work does the service's background work until the service stops.
func (s *service) work(ctx context.Context) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	stopped := make(chan error, 1)
	go func() { stopped <- s.run(ctx) }()
	s.closers = append(s.closers, func() {
		stop()
		if err := <-stopped; err != nil && !errors.Is(err, context.Canceled) {
			fmt.Fprintln(os.Stderr, "bench: the service's own work ended badly:", err)
		}
	})
}

// listen serves h on a port of its own.
func (s *service) listen(ctx context.Context, h http.Handler) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }() // until it is closed
	s.closers = append(s.closers, func() { _ = server.Close() })
	return l.Addr().String(), nil
}

// exec runs a statement as the owner of the schema.
func (s *service) exec(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, s.owner)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}

// needs answers what funding asks of the needs service, from memory: whatever
// that costs is not funding's, and pgbench does not pay it either.
type needs struct{ coach person }

func (n needs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	id := strings.Split(r.URL.Path, "/")[2]
	var answer any = map[string]any{
		"id": id, "name": "-", "known_as": "", "email": "", "phone": "", "postcode": "", "area": "Oldham", "coach_id": n.coach.id, "coach_name": n.coach.name,
		"online": false, "created_at": time.Unix(0, 0), "version": 1,
	}
	if strings.HasSuffix(r.URL.Path, "/needs") {
		answer = map[string]any{"jobseeker_id": id, "items": []any{map[string]any{
			"id": goID(aNeed, 1), "category": "licences-and-certificates", "standing": "in-the-way", "in_the_way": "-", "would_remove": "-", "supports": []any{},
		}}}
	}
	_ = json.NewEncoder(w).Encode(answer) // to ourselves, in memory
}

// importList sends a list in and waits until it is imported.
func (s *service) importList(ctx context.Context, list, from string) (*api.Import, error) {
	day, err := time.Parse(time.DateOnly, from)
	if err != nil {
		return nil, err
	}
	ctx = s.signedIn(ctx)
	params := &api.UploadImportParams{FileName: "courses.csv", From: &openapi.Date{Time: day}}
	sent, err := s.client.UploadImportWithBodyWithResponse(ctx, params, "text/csv", strings.NewReader(list))
	if err != nil {
		return nil, err
	}
	for {
		imp, err := s.client.ReadImportWithResponse(ctx, sent.JSON202.Id)
		if err != nil {
			return nil, err
		}
		switch imp.JSON200.State {
		case api.Done:
			return imp.JSON200, nil
		case api.Running:
		default:
			return nil, errors.New(imp.JSON200.Message)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// analyse counts what was imported, as PostgreSQL does by itself in a while.
func (s *service) analyse(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.owner)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "VACUUM ANALYZE course, course_word, price")
	return err
}

func dateOf(t time.Time) openapi.Date {
	return openapi.Date{Time: t.UTC().Truncate(24 * time.Hour)}
}

// issuer is a sign-in provider, as far as verifying its tokens goes.
const issuer = "http://staff"

func provider(key *ecdsa.PrivateKey) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		var answer any = map[string]any{"issuer": issuer, "jwks_uri": issuer + "/keys", "id_token_signing_alg_values_supported": []string{"ES256"}}
		if r.URL.Path == "/keys" {
			answer = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Algorithm: "ES256", Use: "sig"}}}
		}
		_ = json.NewEncoder(w).Encode(answer) // to ourselves, in memory
	}
}

func sign(key *ecdsa.PrivateKey, role, name string) (person, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}, nil)
	if err != nil {
		return person{}, err
	}
	token, err := jwt.Signed(signer).Claims(map[string]any{
		"iss": issuer, "sub": role, "aud": httpx.Audience, "exp": time.Now().Add(24 * time.Hour).Unix(),
		"name": name, "roles": []string{role}, "areas": []string{"Oldham"},
	}).Serialize()
	return person{identity.IDOf(issuer, role).String(), name, role, token}, err
}
