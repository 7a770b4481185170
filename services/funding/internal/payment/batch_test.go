package payment

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/workday"
)

var finn = identity.Person{ID: uuid.New(), Name: "Finn", Roles: []identity.Role{identity.Finance}, Areas: []string{"Oldham"}}

func TestABatchTakesWhatIsPlannedInItsAreaAndLeavesItsWay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		p    Payment
		fits bool
	}{
		"planned":             {Payment{Area: "Oldham", Method: BACS, State: Planned}, true},
		"of another area":     {Payment{Area: "Rochdale", Method: BACS, State: Planned}, false},
		"leaving another way": {Payment{Area: "Oldham", Method: Card, State: Planned}, false},
		"in a batch already":  {Payment{Area: "Oldham", Method: BACS, State: Batched}, false},
		"sent already":        {Payment{Area: "Oldham", Method: BACS, State: Sent}, false},
		"paid already":        {Payment{Area: "Oldham", Method: BACS, State: Paid}, false},
	} {
		was := c.p.State
		b, err := gather("Oldham", BACS, Load{Payments: []*Payment{&c.p}}, finn, noon)
		if c.fits && (err != nil || c.p.BatchID != b.ID || c.p.State != Batched) || !c.fits && (!fault.Is(err, fault.Conflict) || c.p.State != was || c.p.BatchID != uuid.Nil) {
			t.Errorf("%s: gather() = %v, %+v", name, err, c.p)
		}
	}
}

// What is still batched could go along the arrow to sent, and back to planned: that
// the file is made is all that keeps it.
func TestABatchWhoseFileIsMadeIsNotMadeAgainAndLosesNothing(t *testing.T) {
	t.Parallel()
	for state, want := range map[BatchState]bool{Open: true, Exported: false, Finished: false} {
		b := &Batch{ID: uuid.New(), Area: "Oldham", Method: BACS, State: state}
		in := func() *Payment { return &Payment{Area: "Oldham", Method: BACS, State: Batched, BatchID: b.ID} }
		other := in()
		other.BatchID = uuid.New()
		if err := b.remove(other, noon); !fault.Is(err, fault.Conflict) {
			t.Errorf("taken out of another batch: %v", err)
		}
		if err := b.remove(in(), noon); want != (err == nil) || err != nil && !fault.Is(err, fault.Conflict) {
			t.Errorf("taken out of a batch that is %s: %v", state, err)
		}
		p := in()
		_, err := b.export(CSVFormat, time.Time{}, Originator{}, Load{Payments: []*Payment{p}}, []Instruction{{Payment: p}}, finn, noon, workday.On(noon))
		if want != (err == nil) || err != nil && !fault.Is(err, fault.Conflict) || want != (p.State == Sent) {
			t.Errorf("the file of a batch that is %s made: %v, and the payment is %s", state, err, p.State)
		}
	}
}
