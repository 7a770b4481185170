package funding

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/seal"
	"github.com/instead-support/instead/services/funding/internal/reconcile"
)

// found is books of which this is said.
type found reconcile.Report

func (f found) Reconcile(_ context.Context, areas []string) (reconcile.Report, error) {
	if areas != nil {
		return reconcile.Report{}, errors.New("the command looks everywhere")
	}
	return reconcile.Report(f), nil
}

func TestTheReconcileCommandFailsWhenSomethingDisagrees(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC)
	counts := []reconcile.Count{{What: "allowances", N: 3}, {What: "budgets", N: 2}}
	var out bytes.Buffer
	if err := reconcileAll(t.Context(), found{At: at, Checked: counts}, &out); err != nil || out.String() != "Checked 3 allowances, 2 budgets, as of 2026-06-01 09:00:00 UTC.\nEverything agrees.\n" {
		t.Errorf("all well: %v\n%s", err, &out)
	}
	out.Reset()
	bad := uuid.New()
	err := reconcileAll(t.Context(), found{At: at, Checked: counts, Wrong: 1, Examples: []reconcile.Disagreement{{What: "a total is wrong", ID: bad, Area: "Oldham"}}}, &out)
	if !errors.Is(err, errDisagree) || !strings.Contains(out.String(), bad.String()+" Oldham: a total is wrong") || strings.Contains(out.String(), "Everything agrees") {
		t.Errorf("not well: %v\n%s", err, &out)
	}
}

func TestBankKeysAreRotatedByACommand(t *testing.T) {
	t.Parallel()
	before, err := seal.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := (supplierSettings{BankKeys: before}).rotate(t.Context(), nil, &out); err != nil {
		t.Fatal(err)
	}
	after, err := supplierSettings{BankKeys: out.String()}.vault()
	if err != nil || len(after.Prints([]byte("x"))) != 2 {
		t.Errorf("the keys that were written: %v", err)
	}
	if _, err := (supplierSettings{BankKeys: "hunter2"}).vault(); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("keys that are none: %v", err)
	}
}
