package page_test

import (
	"testing"
	"time"

	"golang.org/x/net/html"

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
		wants("Approved, to be paid £190.00", "1 request in Oldham", leanne.Reference, "A set of chef’s knives", "asked for by Priya Shah").
		lacks("Driver card", "Leanne")
	list.follow(leanne.Reference).sound().
		wants("Pay for request "+leanne.Reference, "Nisbets", "by Helen Barlow", "All lines £200.00", "Paid by The hotel £10.00", "Left to pay £190.00", "Priya Shah is the work coach").
		lacks("Leanne", "No knives of her own", "She starts on Monday")
	list.press("Show", fill{"q": "FR-NONE"}).sound().wants("No approved request is like that.").follow("See all to pay").wants(leanne.Reference)
}

func TestFinanceIsToldWhenNothingIsToBePaid(t *testing.T) {
	p := start(t)
	p.as(grace).get("/to-pay").sound().wants("£0.00", "Nothing is waiting to be paid.")
}

func TestAPlanThatIsWrongKeepsWhatWasTypedAndOneThatIsRightIsMadeOnce(t *testing.T) {
	p := start(t)
	leanne := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 24*time.Hour)
	p.approves(leanne)
	form := p.as(grace).get("/to-pay/" + leanne.Id.String() + "/plan").sound().wants("£190.00 of request " + leanne.Reference + " is left to pay.")
	form.press("Plan this payment", fill{"amount": "lots", "note": "INV-1"}).sound().
		wants("Choose who is paid.", "Choose how to pay.", "The amount must be in pounds and pence").keeps("amount", "lots").keeps("note", "INV-1")
	form.press("Plan this payment", fill{"payee": "supplier", "name": "Nisbets", "method": "card", "amount": "500"}).sound().
		wants("That is more than is left to pay.").keeps("amount", "500").keeps("name", "Nisbets")
	for range 2 {
		form.press("Plan this payment", fill{"payee": "supplier", "name": "Nisbets", "method": "card", "amount": "190"}).sound().wants("PY-7K3M-92QX", "Planned", "On its way £190.00")
	}
	if n := len(p.funding.payments); n != 1 {
		t.Errorf("%d payments were planned", n)
	}
}

func TestACardIsRecordedWithWhatItReallyCostAndWhatIsShortNeedsSomebody(t *testing.T) {
	p := start(t)
	leanne := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 24*time.Hour)
	p.approves(leanne)
	p.as(grace).get("/to-pay/"+leanne.Id.String()+"/plan").press("Plan this payment", fill{"payee": "supplier", "name": "Nisbets", "method": "card", "amount": "190"})
	page := p.as(grace).get("/payments").sound().follow("PY-7K3M-92QX").sound()
	record := page.follow("Record what was paid").sound()
	record.press("Record as paid", fill{"amount": ""}).sound().wants("Enter an amount in pounds")
	record.press("Record as paid", fill{"amount": "180.50"}).sound().wants("Paid £180.50", "Less than planned £9.50", "Pay the rest", "Give back the rest")
	record.press("Record as paid", fill{"amount": "190"}).sound().wants("This form was already used for something else.")
	p.as(grace).get("/to-pay").sound().wants("1 payment needs you").follow("1 payment needs you").sound().wants("£9.50 less than planned")
}

func TestAResultFileThatIsNotUnderstoodIsMappedAndItsExceptionsSayWhatToDo(t *testing.T) {
	p := start(t)
	form := p.as(grace).get("/results/new").sound()
	form.press("Import", nil).sound().wants("Choose the file")
	mapping := form.press("Import", fill{"file": "reference,outcome,how much\nPY-7K3M-92QX,paid,190.00\n"}).sound().wants("Which column is which?", "how much")
	mapping.press("Import", fill{"column-amount": ""}).sound().wants("Choose the column that has the amount.")
	mapping.press("Import", fill{"column-amount": "3"}).sound().
		wants("What became of the payments", "Recorded as paid £190.00", "1 line to look at", "no payment is known by that", "Check the reference")
	if len(p.funding.mapped.Columns) != 3 || p.funding.mapped.Columns[2].Column != 3 {
		t.Errorf("mapped = %+v", p.funding.mapped)
	}
}

// keeps fails the test unless the field still says what was typed.
func (s seen) keeps(name, value string) seen {
	s.b.t.Helper()
	field := s.find(func(n *html.Node) bool { return attr(n, "name") == name })
	if field == nil || attr(field, "value") != value {
		s.b.t.Errorf("%s: what was typed as %s is gone", s.url, name)
	}
	return s
}
