package funding

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/instead-support/instead/pkg/seal"
	"github.com/instead-support/instead/services/funding/internal/reconcile"
)

// errDisagree ends a reconciliation that found something, so that whatever runs
// it knows by the exit code.
var errDisagree = errors.New("the books do not agree")

// reconcileAll reconciles the books of every area and says on out what it found.
func reconcileAll(ctx context.Context, books reconcile.Books, out io.Writer) error {
	r, err := books.Reconcile(ctx, nil)
	if err != nil {
		return err
	}
	checked := make([]string, len(r.Checked))
	for i, c := range r.Checked {
		checked[i] = fmt.Sprintf("%d %s", c.N, c.What)
	}
	fmt.Fprintf(out, "Checked %s, as of %s.\n", strings.Join(checked, ", "), r.At.UTC().Format("2006-01-02 15:04:05 MST"))
	for _, d := range r.Examples {
		fmt.Fprintf(out, "  %s %s: %s\n", d.ID, d.Area, d.What)
	}
	if r.Wrong > 0 {
		return fmt.Errorf("%w: %d disagree", errDisagree, r.Wrong)
	}
	fmt.Fprintln(out, "Everything agrees.")
	return nil
}

// supplierSettings say what bank details are sealed with.
type supplierSettings struct {
	BankKeys string `env:"BANK_KEYS,required"` // see package seal
}

func (s supplierSettings) vault() (*seal.Seal, error) {
	sealed, err := seal.Open(s.BankKeys)
	if err != nil {
		return nil, fmt.Errorf("BANK_KEYS: %w", err)
	}
	return sealed, nil
}

// rotate writes the keys with a new one in front of those in use, which stay to
// open what they sealed.
func (s supplierSettings) rotate(_ context.Context, _ []string, out io.Writer) error {
	keys, err := seal.Rotate(s.BankKeys)
	if err == nil {
		_, err = fmt.Fprintln(out, keys)
	}
	return err
}
