package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/payment"
	"github.com/instead-support/instead/services/funding/internal/postgres"
)

// reminded is what a person is reminded of: what, of which, and when it was due.
func (n *nights) reminded(p identity.Person) []string {
	n.t.Helper()
	found, total, err := n.Reminders(n.as(p), award.Page{Number: 1, Size: 25})
	if err != nil || total != len(found) {
		n.t.Fatalf("%d of %d: %v", len(found), total, err)
	}
	got := []string{}
	for _, m := range found {
		one := string(m.Kind) + " " + m.Reference
		if !m.Due.IsZero() {
			one += " " + m.Due.Format(time.DateOnly)
		}
		got = append(got, one)
	}
	return got
}

func (n *nights) wantReminded(when string, p identity.Person, want ...string) {
	n.t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), n.reminded(p)); diff != "" {
		n.t.Errorf("%s, %s:\n%s", when, p.Name, diff)
	}
}

func TestEachIsRemindedOfWhatWaitsForThemUntilItIsSeenTo(t *testing.T) {
	t.Parallel()
	n := newNights(t, dbtest.Open(t, postgres.Migrations, "funding"))
	waiting := n.submitted(10_00) // on Monday 1 June 2026, to be decided in five working days
	n.on(2026, 6, 5)
	n.wantReminded("a working day before", n.Priya)
	n.on(2026, 6, 8)
	n.wantReminded("on the day", n.Priya, "decision-due "+waiting.Reference+" 2026-06-08")
	n.wantReminded("on the day", n.Rochdale)
	n.wantReminded("on the day", n.Amina)

	back := must(n.Return(n.as(n.Priya), waiting.ID, waiting.Version, award.Reason{Code: "other", Words: "Which size?"}))(t).Request
	n.wantReminded("once it is sent back", n.Priya)
	n.wantReminded("once it is sent back", n.Amina, "returned "+back.Reference)
	n.wantReminded("once it is sent back", n.Chloe)
	must(n.Withdraw(n.as(n.Amina), back.ID, back.Version, ""))(t)
	n.wantReminded("once it is withdrawn", n.Amina)

	card, unused := n.approved(50_00), n.approved(30_00)
	paid := must(n.Plan(n.fin(), card.ID, []payment.Plan{{Payee: payment.Payee{Kind: payment.Supplier, Name: "Argos"}, Method: payment.Card, Amount: 50_00}}))(t)[0]
	n.on(2026, 6, 15)
	n.wantReminded("five working days after it was planned", n.Finn, "payment-unsent "+paid.Reference)
	must(n.Complete(n.fin(), paid.ID, paid.Version, 50_00, ""))(t)
	n.wantReminded("once it is paid", n.Finn)
	n.on(2026, 6, 26)
	n.wantReminded("a day before a receipt is due", n.Amina)
	n.on(2026, 6, 29)
	n.wantReminded("ten working days after it was paid", n.Amina, "receipt-due "+card.Reference+" 2026-06-29")
	if err := n.db.Gorm.Exec(`WITH d AS (INSERT INTO document (id, request_id, kind, name, type, size, sum, key, added_by, added_by_name, added_at, state)
			VALUES (?, ?, 'receipt', 'r.pdf', 'application/pdf', 1, sha256('x'), md5('x'), ?, 'Amina', now(), 'unscanned') RETURNING id)
		INSERT INTO document_item SELECT id, ?, 1 FROM d`, uuid.New(), card.ID, n.Amina.ID, card.Lines[0].ID).Error; err != nil {
		t.Fatal(err)
	}
	n.wantReminded("once it is there", n.Amina)

	p := n.planned(unused, 1_00)
	sent := n.sent()
	n.on(2026, 7, 3)
	n.wantReminded("four working days after the file", n.Finn, "result-awaited "+sent.Reference)
	n.result(p.Reference + ",rejected,1.00,1,No such account")
	n.wantReminded("once it came", n.Finn)

	n.on(2026, 9, 1)
	n.night()
	n.wantReminded("once warned", n.Amina, "running-out "+unused.Reference+" 2026-09-15")
	n.on(2026, 9, 15)
	n.night()
	n.wantReminded("once it ran out", n.Amina)
}

// While a question waits the clock stands, and goes on with the day after its answer.
func TestADecisionIsDueOnTheDayThatItsClockSays(t *testing.T) {
	t.Parallel()
	n := newNights(t, dbtest.Open(t, postgres.Migrations, "funding"))
	r := n.submitted(10_00)
	var asked award.Question
	for day := 2; day <= 16; day++ {
		n.on(2026, 6, day)
		switch day {
		case 4:
			asked = must(n.Ask(n.as(n.Priya), r.ID, award.ToCoach, "Which size?"))(t)
		case 10:
			must(n.Answer(n.as(n.Amina), asked.ID, "Ten."))(t)
		}
		want := []string{}
		if day >= 12 { // 2, 3, 4, 11 and 12 June are the five
			want = append(want, "decision-due "+r.Reference+" 2026-06-12")
		}
		n.wantReminded(n.now.Load().String(), n.Priya, want...)
		s := must(n.Awards.Get(n.as(n.Priya), r.ID))(t)
		if due := !s.Clock.By.After(award.Today(*n.now.Load())); due != (len(want) > 0) {
			t.Errorf("on %d June its clock says %v", day, s.Clock.By)
		}
	}
}

func TestRemindersComeOldestFirstAndPageByPage(t *testing.T) {
	t.Parallel()
	n := newNights(t, dbtest.Open(t, postgres.Migrations, "funding"))
	var want []string
	for day := range 3 {
		n.on(2026, 6, 1+day)
		want = append(want, n.submitted(1_00).Reference)
	}
	n.on(2026, 7, 1)
	var got []string
	for page := 1; page <= 4; page++ {
		found, total, err := n.Reminders(n.as(n.Priya), award.Page{Number: page, Size: 1})
		if err != nil || total != 3 {
			t.Fatalf("page %d: %d in all, %v", page, total, err)
		}
		for _, m := range found {
			got = append(got, m.Reference)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if looks := n.count("SELECT count(*) FROM audit_entry WHERE action = 'listReminders' AND jobseeker_id = ?", n.SamsRecord); looks != 3 {
		t.Errorf("%d looks at Sam's record in the audit trail, want 3", looks)
	}
}
