package funding

import (
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/instead-support/instead/pkg/seal"
	"github.com/instead-support/instead/services/funding/internal/payment"
	"github.com/instead-support/instead/services/funding/internal/postgres"
)

// paymentSettings say where payments leave from.
type paymentSettings struct {
	// The account that bank payments leave from. Without a service user number
	// there is no file for a bank, and a finance system pays.
	BACSServiceUser string `env:"BACS_SERVICE_USER"`
	BACSSortCode    string `env:"BACS_SORT_CODE"`
	BACSAccount     string `env:"BACS_ACCOUNT"`
	BACSName        string `env:"BACS_NAME"`
}

// originator is where bank payments leave from, or an error that says what of it
// is not as BACS has it.
func (s paymentSettings) originator() (payment.Originator, error) {
	o := payment.Originator{
		ServiceUser: s.BACSServiceUser,
		Account:     payment.Account{Name: s.BACSName, SortCode: s.BACSSortCode, Number: s.BACSAccount},
	}
	if o == (payment.Originator{}) {
		return o, nil
	}
	if err := o.Check(); err != nil {
		return o, fmt.Errorf("BACS_SERVICE_USER, BACS_SORT_CODE, BACS_ACCOUNT and BACS_NAME: %w", err)
	}
	return o, nil
}

// till is the part of the service that pays.
type till struct{ *payment.Payments }

func (s paymentSettings) till(awards postgres.Awards, suppliers postgres.Suppliers, vault *seal.Seal, now func() time.Time) (till, error) {
	from, err := s.originator()
	if err != nil {
		return till{}, err
	}
	store, err := postgres.NewPayments(awards, postgres.AccountsOf(suppliers), vault)
	return till{payment.New(payment.Deps{Store: store, From: from, Now: now})}, err
}

// addTo adds to the River workers the one that settles result files.
func (t till) addTo(workers *river.Workers) { postgres.AddSettler(workers, t.Payments) }
