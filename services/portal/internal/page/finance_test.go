package page_test

import (
	"testing"
	"time"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/identity"
)

var grace = identity.Person{Name: "Grace Oduya", Roles: []identity.Role{identity.Finance}, Areas: []string{"Oldham"}}

// approves is helen approving a request.
func (p *portal) approves(r *funding.Request) {
	r.State, r.AwardedPence = funding.Approved, r.AskedPence
	r.DecidedAt, r.DecidedById, r.DecidedByName, r.DecisionCode = now, p.idOf(helen), helen.Name, "removes-need"
	r.History = append(r.History, funding.Happening{From: "submitted", To: funding.Approved, At: now, ById: r.DecidedById, ByName: helen.Name, Code: r.DecisionCode})
}

func TestFinanceSeesWhatIsApprovedWithSuppliersAndAmounts(t *testing.T) {
	p := start(t)
	leanne := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 24*time.Hour)
	p.asks("Kwame Boateng", "Driver card", priya, time.Hour)
	p.approves(leanne)
	leanne.Elsewhere = funding.Elsewhere{Pence: 1000, From: "The hotel"}

	list := p.as(grace).get("/to-pay").sound().
		wants("Approved, waiting to be paid £190.00", "1 request in Oldham", leanne.Reference, "A set of chef’s knives", "asked for by Priya Shah").
		lacks("Driver card", "Leanne")
	list.follow(leanne.Reference).sound().
		wants("Pay for request "+leanne.Reference, "Nisbets", "by Helen Barlow", "All lines £200.00", "Paid by The hotel £10.00", "To pay £190.00", "Priya Shah is the work coach").
		lacks("Leanne", "No knives of her own", "She starts on Monday")
	list.press("Show", fill{"q": "FR-NONE"}).sound().wants("No approved request is like that.").follow("See all to pay").wants(leanne.Reference)
}

func TestFinanceIsToldWhenNothingIsToBePaid(t *testing.T) {
	p := start(t)
	p.as(grace).get("/to-pay").sound().wants("£0.00", "Nothing is waiting to be paid.")
}
