package fault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/instead-support/instead/pkg/fault"
)

func TestAsHidesWhatIsNotAFault(t *testing.T) {
	cause := errors.New("pq: password for bob is hunter2")
	f := fault.As(fmt.Errorf("save: %w", cause))
	if f.Kind != fault.Internal {
		t.Errorf("Kind = %v, want %v", f.Kind, fault.Internal)
	}
	if strings.Contains(f.Message, "hunter2") {
		t.Errorf("Message = %q gives the cause away", f.Message)
	}
	if !errors.Is(f, cause) {
		t.Error("the cause is lost to the log")
	}
}

func TestAsFindsAWrappedFault(t *testing.T) {
	want := fault.New(fault.Conflict, "This request has already been decided.")
	if got := fault.As(fmt.Errorf("approve: %w", want)); got != want {
		t.Errorf("As() = %v, want %v", got, want)
	}
	if fault.As(nil) != nil {
		t.Error("As(nil) is not nil")
	}
}

func TestWithLeavesTheOriginalAlone(t *testing.T) {
	f := fault.New(fault.OverCap, "Too much.")
	g := f.With("asked", 2).With("available", 1)
	if f.Extra != nil {
		t.Errorf("the original gained %v", f.Extra)
	}
	if diff := cmp.Diff(map[string]any{"asked": 2, "available": 1}, g.Extra); diff != "" {
		t.Error(diff)
	}
}

func TestCheckNamesEveryFieldAtOnce(t *testing.T) {
	var c fault.Check
	c.Want(false, "/name", "Enter a name.")
	c.Want(true, "/area", "Choose an area.")
	c.Want(false, "/amount", "Enter an amount.")
	f := fault.As(c.Err())
	want := []fault.Field{{"/name", "Enter a name."}, {"/amount", "Enter an amount."}}
	if f.Kind != fault.Invalid || !cmp.Equal(f.Fields, want) {
		t.Errorf("Err() = %v %v, want invalid %v", f.Kind, f.Fields, want)
	}
	if err := new(fault.Check).Err(); err != nil {
		t.Errorf("an empty Check gave %v", err)
	}
}
