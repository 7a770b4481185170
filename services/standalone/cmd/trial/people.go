package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/config"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/httpx"
)

// settings say where everything is and who tries it. The three are clients of the
// provider for staff, with the claims that people of these roles have.
type settings struct {
	NeedsURL      string `env:"NEEDS_URL,required"`
	FundingURL    string `env:"FUNDING_URL,required"`
	PortalURL     string `env:"PORTAL_URL,required"`
	StaffIssuer   string `env:"STAFF_ISSUER,required"`
	Area          string `env:"TRIAL_AREA" envDefault:"Oldham"` // that all three work in
	CoachID       string `env:"COACH_ID" envDefault:"priya-shah"`
	CoachSecret   string `env:"COACH_SECRET" envDefault:"-"`
	ManagerID     string `env:"MANAGER_ID" envDefault:"marcus-reid"`
	ManagerSecret string `env:"MANAGER_SECRET" envDefault:"-"`
	FinanceID     string `env:"FINANCE_ID" envDefault:"imran-sadiq"`
	FinanceSecret string `env:"FINANCE_SECRET" envDefault:"-"`
}

// trial is the three at work.
type trial struct {
	settings
	http    *http.Client
	needs   *needs.ClientWithResponses
	funding *funding.ClientWithResponses

	coach, manager, finance *person

	world
	count
}

// person is one of them, with a token that is good for now.
type person struct{ tokens oauth2.TokenSource }

// as is ctx with the person acting, in a message marked with key.
func (p *person) as(ctx context.Context, key string) (context.Context, error) {
	token, err := p.tokens.Token()
	if err != nil {
		return nil, err
	}
	return db.WithKey(httpx.WithToken(ctx, token.AccessToken), key), nil
}

// newTrial finds the provider, which may still be starting, over transport.
func newTrial(ctx context.Context, env config.Env, transport http.RoundTripper) (*trial, error) {
	s, err := config.Load[settings](env)
	if err != nil {
		return nil, err
	}
	t := &trial{settings: s, http: &http.Client{Transport: transport, Timeout: 10 * time.Second}}
	services := httpx.NewClient(transport)
	if t.needs, err = needs.NewClientWithResponses(s.NeedsURL, needs.WithHTTPClient(services)); err != nil {
		return nil, err
	}
	if t.funding, err = funding.NewClientWithResponses(s.FundingURL, funding.WithHTTPClient(services)); err != nil {
		return nil, err
	}
	var provider *oidc.Provider
	for began := time.Now(); ; {
		if provider, err = oidc.NewProvider(oidc.ClientContext(ctx, t.http), s.StaffIssuer); err == nil {
			break
		}
		if time.Since(began) > patience || pause(ctx, time.Second) != nil {
			return nil, fmt.Errorf("the provider %s: %w", s.StaffIssuer, err)
		}
	}
	someone := func(id, secret string) *person {
		c := clientcredentials.Config{ClientID: id, ClientSecret: secret, TokenURL: provider.Endpoint().TokenURL}
		return &person{c.TokenSource(context.WithValue(context.WithoutCancel(ctx), oauth2.HTTPClient, t.http))}
	}
	t.coach, t.manager, t.finance = someone(s.CoachID, s.CoachSecret), someone(s.ManagerID, s.ManagerSecret), someone(s.FinanceID, s.FinanceSecret)
	return t, nil
}

// pause waits, unless ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
