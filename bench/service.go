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
	"github.com/instead-support/instead/pkg/seal"
	"github.com/instead-support/instead/services/funding"
)

// service is the funding service as it runs, in this process, over a PostgreSQL
// of its own, with a manager signed in.
type service struct {
	client   *api.ClientWithResponses
	database string // the serving login's
	owner    string
	token    string
	closers  []func()
}

func (s *service) stop() {
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.closers[i]()
	}
}

// signedIn is a context in which the manager acts.
func (s *service) signedIn(ctx context.Context) context.Context { return httpx.WithToken(ctx, s.token) }

func start(ctx context.Context) (s *service, err error) {
	s = &service{}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	dir, err := os.MkdirTemp("", "instead-bench")
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, func() { _ = os.RemoveAll(dir) })
	server, err := embedpg.Start(ctx, embedpg.Config{Dir: filepath.Join(dir, "postgres")})
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, func() { _ = server.Stop() })
	access, err := server.Service(ctx, "funding")
	if err != nil {
		return s, err
	}
	s.database, s.owner = access.Serve, access.Owner
	broker, err := embednats.Start(filepath.Join(dir, "nats"))
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, broker.Stop)

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return s, err
	}
	if s.token, err = token(key); err != nil {
		return s, err
	}
	transport := httpx.InProcess{Hosts: map[string]http.Handler{"staff": provider(key)}}
	keys, err := seal.NewKeys()
	if err != nil {
		return s, err
	}
	f, err := funding.New(ctx, host.Deps{
		Env: config.Env{
			"DATABASE_URL": access.Serve, "OWNER_DATABASE_URL": access.Owner, "STAFF_ISSUER": issuer, "PUBLIC_ISSUER": "http://public",
			"BANK_KEYS": keys,
		},
		Log: slog.New(slog.DiscardHandler), Now: time.Now, Transport: transport, Bus: broker.JetStream,
	})
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, f.Close)
	if err := f.Migrate(ctx); err != nil {
		return s, err
	}
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	stopped := make(chan error, 1)
	go func() { stopped <- f.Run(work) }()
	s.closers = append(s.closers, func() {
		stopWork()
		if err := <-stopped; err != nil {
			fmt.Fprintln(os.Stderr, "bench: the service's own work ended badly:", err)
		}
	})

	transport.Hosts["funding"] = f.Handler
	s.client, err = api.NewClientWithResponses("http://funding", api.WithHTTPClient(httpx.NewClient(transport)))
	return s, err
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

func token(key *ecdsa.PrivateKey) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}, nil)
	if err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(map[string]any{
		"iss": issuer, "sub": "manager", "aud": httpx.Audience, "exp": time.Now().Add(time.Hour).Unix(),
		"name": "Mo Hussain", "roles": []string{"manager"}, "areas": []string{"Oldham"},
	}).Serialize()
}
