package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/instead-support/instead/pkg/config"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/services/portal"
	"github.com/instead-support/instead/services/standalone/internal/demo"
)

// stand is what the sign-in that stands in for a real one is told.
type stand struct {
	Listen       string `env:"LISTEN" envDefault:":8080"`
	Origin       string `env:"ORIGIN,required"`     // where browsers and services find it
	PortalURL    string `env:"PORTAL_URL,required"` // where people come from and go back to
	ClientID     string `env:"CLIENT_ID" envDefault:"portal"`
	ClientSecret string `env:"CLIENT_SECRET,required"`
}

// signIn serves the demo's two providers. What they remember goes with the process.
func signIn(ctx context.Context, env config.Env) error {
	s, err := config.Load[stand](env)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "sign-in-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	staff, public, signedOut := portal.Redirects(s.PortalURL)
	providers, err := demo.New(demo.Config{
		Origin: s.Origin, Dir: dir,
		Client: demo.Client{ID: s.ClientID, Secret: s.ClientSecret, Redirects: []string{staff, public}, AfterLogout: []string{signedOut}},
	})
	if err != nil {
		return err
	}
	return httpx.Serve(ctx, s.Listen, standIn(providers), 5*time.Second)
}

// standIn is the providers, and gives a token, too, to a program that says who of
// the staff it is: the client credentials grant, which a real provider has.
func standIn(providers *demo.Providers) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST "+demo.StaffPath+"/oauth/token", func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("grant_type") != "client_credentials" {
			providers.ServeHTTP(w, r)
			return
		}
		who, _, _ := r.BasicAuth() // the secret guards nothing: anybody may be anybody
		i := slices.IndexFunc(demo.Staff, func(p demo.Person) bool { return p.Subject == who })
		if i < 0 {
			http.Error(w, `{"error":"invalid_client"}`, http.StatusUnauthorized)
			return
		}
		token, err := providers.Staff.Token(r.Context(), demo.Staff[i])
		if err != nil {
			http.Error(w, `{"error":"server_error"}`, http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 300})
	})
	mux.Handle("/", providers)
	return mux
}
