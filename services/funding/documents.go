package funding

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/services/funding/internal/document"
	"github.com/instead-support/instead/services/funding/internal/document/clamd"
	"github.com/instead-support/instead/services/funding/internal/document/files"
	"github.com/instead-support/instead/services/funding/internal/postgres"
	"github.com/instead-support/instead/services/funding/internal/rest"
)

// documentSettings say where quotes and receipts are kept.
type documentSettings struct {
	// DocumentsURL is a folder as file:///folder or a bucket as s3://name: see
	// files.Open.
	DocumentsURL string `env:"DOCUMENTS_URL" envDefault:"file:///var/lib/instead/documents?create_dir=true&no_tmp_dir=true"`
	// ClamdAddress is the host:port of a ClamAV daemon that looks through files.
	// Without one they are kept as unscanned, and pages say so.
	ClamdAddress string `env:"CLAMD_ADDRESS"`
}

// shelf is the part of the service that keeps documents.
type shelf struct {
	*document.Documents
	store postgres.Documents
	files files.Files
}

func (s documentSettings) shelf(ctx context.Context, d *db.DB, needs rest.Needs, now func() time.Time) (shelf, error) {
	kept, err := files.Open(ctx, s.DocumentsURL)
	if err != nil {
		return shelf{}, err
	}
	deps := document.Deps{Files: kept, Needs: needs, Now: now}
	if s.ClamdAddress != "" {
		deps.Scanner = clamd.Scanner{Address: s.ClamdAddress}
	}
	store, err := postgres.NewDocuments(d, deps.Scanner != nil)
	deps.Store = store
	return shelf{document.New(deps), store, kept}, err
}

// addTo adds to the River workers the one that looks through files.
func (s shelf) addTo(workers *river.Workers) { postgres.AddScanner(workers, s.Documents) }
