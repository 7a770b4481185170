// Package portal is the web pages of Instead, for jobseekers, work coaches,
// managers and finance officers. It has no data but sessions: what it shows it
// asks the other services for, as the person who is signed in.
package portal

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/api/outcomes"
	"github.com/instead-support/instead/api/reporting"
	"github.com/instead-support/instead/pkg/config"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/host"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/services/portal/internal/page"
	"github.com/instead-support/instead/services/portal/internal/postgres"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Settings are the portal's, from the environment.
type Settings struct {
	host.Settings
	URL string `env:"PORTAL_URL,required"` // where people reach it

	StaffClientID      string   `env:"STAFF_CLIENT_ID" envDefault:"portal"`
	StaffClientSecret  string   `env:"STAFF_CLIENT_SECRET,required"`
	StaffScopes        []string `env:"STAFF_SCOPES" envDefault:"profile,offline_access"`
	PublicClientID     string   `env:"PUBLIC_CLIENT_ID" envDefault:"portal"`
	PublicClientSecret string   `env:"PUBLIC_CLIENT_SECRET,required"`
	PublicScopes       []string `env:"PUBLIC_SCOPES" envDefault:"profile,offline_access"`

	NeedsURL     string `env:"NEEDS_URL" envDefault:"http://needs"`
	FundingURL   string `env:"FUNDING_URL" envDefault:"http://funding"`
	OutcomesURL  string `env:"OUTCOMES_URL" envDefault:"http://outcomes"`
	ReportingURL string `env:"REPORTING_URL" envDefault:"http://reporting"`

	Idle     time.Duration `env:"SESSION_IDLE" envDefault:"1h"`      // unused for so long, a sign-in ends
	Lifetime time.Duration `env:"SESSION_LIFETIME" envDefault:"12h"` // and in any case after this
}

// Migrations make the portal's schema.
var Migrations = postgres.Migrations

// Redirects are the addresses that the portal at this address must be
// registered with at its sign-in providers: where they send people back to
// once signed in, and once signed out.
func Redirects(portal string) (staff, public, signedOut string) {
	return portal + "/sign-in/staff/back", portal + "/sign-in/public/back", portal + "/signed-out"
}

// New wires the portal.
func New(ctx context.Context, d host.Deps) (*host.Service, error) {
	s, err := config.Load[Settings](d.Env)
	if err != nil {
		return nil, err
	}
	address, err := url.Parse(s.URL)
	if err != nil {
		return nil, fmt.Errorf("PORTAL_URL is no address: %w", err)
	}
	services := httpx.NewClient(d.Transport)
	needsAPI, err := needs.NewClientWithResponses(s.NeedsURL, needs.WithHTTPClient(services))
	if err != nil {
		return nil, err
	}
	fundingAPI, err := funding.NewClientWithResponses(s.FundingURL, funding.WithHTTPClient(services))
	if err != nil {
		return nil, err
	}
	outcomesAPI, err := outcomes.NewClientWithResponses(s.OutcomesURL, outcomes.WithHTTPClient(services))
	if err != nil {
		return nil, err
	}
	reportingAPI, err := reporting.NewClientWithResponses(s.ReportingURL, reporting.WithHTTPClient(services))
	if err != nil {
		return nil, err
	}
	rows, err := reporting.NewClient(s.ReportingURL, reporting.WithHTTPClient(services.Patient()))
	if err != nil {
		return nil, err
	}
	database, err := db.Open(ctx, s.DatabaseURL)
	if err != nil {
		return nil, err
	}
	pages, err := web.New(web.Deps{
		URL:      address,
		Staff:    web.Client{Name: "staff", Issuer: s.StaffIssuer, ID: s.StaffClientID, Secret: s.StaffClientSecret, Scopes: s.StaffScopes},
		Public:   web.Client{Name: "public", Issuer: s.PublicIssuer, ID: s.PublicClientID, Secret: s.PublicClientSecret, Scopes: s.PublicScopes},
		Tokens:   s.Tokens(d.Transport),
		HTTP:     &http.Client{Transport: d.Transport, Timeout: 10 * time.Second},
		Sessions: postgres.NewSessions(database, d.Now),
		SignIns:  postgres.NewSignIns(database, d.Now, s.Idle),
		Lifetime: s.Lifetime,
		Log:      d.Log,
		Now:      d.Now,
	}, page.All(page.Deps{Needs: needsAPI, Funding: fundingAPI, Outcomes: outcomesAPI, Reporting: reportingAPI, Rows: rows, Now: d.Now})...)
	if err != nil {
		database.Close()
		return nil, err
	}
	return &host.Service{
		Name:    "portal",
		Handler: pages,
		Migrate: func(ctx context.Context) error { return db.Migrate(ctx, s.OwnerURL, Migrations) },
		Ready:   database.Ready,
		Close:   database.Close,
	}, nil
}
