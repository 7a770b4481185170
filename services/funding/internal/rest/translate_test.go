package rest

import (
	"testing"

	"github.com/google/uuid"

	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/payment"
)

func TestWhatWasAwardedIsToldApartFromWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	r := award.Request{ID: uuid.New(), Lines: []award.Line{{Amount: 100, Granted: 60}}, Awarded: 60, Totals: award.Totals{Committed: 40, Paid: 20}}
	one := fromStanding(award.Standing{Case: award.Case{Request: &r, Allowance: &award.Allowance{}}})
	if one.AskedPence != 100 || one.AwardedPence != 60 || one.CommittedPence != 40 || one.PaidPence != 20 {
		t.Errorf("a request: %d asked, %d awarded, %d promised, %d paid", one.AskedPence, one.AwardedPence, one.CommittedPence, one.PaidPence)
	}
	if l := one.Lines[0]; l.AmountPence != 100 || l.GrantedPence != 60 {
		t.Errorf("a line: %d asked, %d granted", l.AmountPence, l.GrantedPence)
	}
	if s := fromSummary(award.Summary{Asked: 100, Awarded: 60}); s.AskedPence != 100 || s.AwardedPence != 60 {
		t.Errorf("in a list: %d asked, %d awarded", s.AskedPence, s.AwardedPence)
	}
	if d := fromDue(payment.Due{Awarded: 60, Paid: 20, InFlight: 10, Left: 30}); d.AwardedPence != 60 || d.PaidPence != 20 || d.InFlightPence != 10 || d.LeftPence != 30 {
		t.Errorf("due: %+v", d)
	}
}
