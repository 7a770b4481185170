package payment

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
)

// readResult reads a file whose headings are understood.
func readResult(t testing.TB, file string) []Line {
	t.Helper()
	l, err := Inspect([]byte(file), Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Missing) > 0 {
		t.Fatal(l.Why())
	}
	lines, err := Read([]byte(file), l)
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestGoodLinesAreKeptAndEachBadOneIsListedByItsLineWithTheReason(t *testing.T) {
	t.Parallel()
	lines := readResult(t, strings.Join([]string{
		"Payments returned;;;;",
		"Run of 3 June 2026;;;;",
		"Your Ref.;Payment status;Amount (GBP);Reason Code;Reason",
		"INSTEAD PY-7K3M-92QX;PAID;45.50;;",
		"py7k3m92qy;Rejected;;b;",
		"PY-0000-0OIL;Part paid;£1,000.00;;Two of three delivered",
		"PY-0000-0003;maybe;1.00;;",
		"PY-0000-0004;Paid;;;",
		"PY-0000-0005;Paid;12,5;;",
		"something else;Paid;1.00;;",
		";Paid;1.00;;",
		"PY-7K3M-92QX;Paid;45.50;;",
		"Total;;1,045.50;;",
	}, "\r\n"))
	type found struct {
		Line      int
		Reference string
		Verdict   Verdict
		Pence     money.Pence
		Code      string
		Finding   Finding
	}
	var got []found
	for _, l := range lines {
		got = append(got, found{l.Line, l.Reference, l.Verdict, l.Pence, l.Code, l.Finding})
		if l.Finding != "" && !strings.HasSuffix(l.Reason, ".") {
			t.Errorf("line %d is %s, and why is %q", l.Line, l.Finding, l.Reason)
		}
	}
	want := []found{
		{4, "PY-7K3M-92QX", SaysPaid, 4550, "", ""},
		{5, "PY-7K3M-92QY", SaysRejected, 0, "B", ""},
		{6, "PY-0000-0011", SaysPart, 100000, "", ""},
		{7, "PY-0000-0003", "", 100, "", BadLine},
		{8, "PY-0000-0004", SaysPaid, 0, "", BadLine},
		{9, "PY-0000-0005", SaysPaid, 0, "", BadLine},
		{10, "something else", SaysPaid, 100, "", Unknown},
		{11, "", SaysPaid, 100, "", Unknown},
		{12, "PY-7K3M-92QX", SaysPaid, 4550, "", Repeated},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAFileWhoseHeadingsAreNotUnderstoodSaysWhatIsMissingAndIsReadOnceMapped(t *testing.T) {
	t.Parallel()
	file := []byte("Beleg,Wie,Wieviel\nPY-7K3M-92QX,paid,45.50\n")
	l, err := Inspect(file, Mapping{})
	if err != nil || len(l.Missing) != 3 || l.Why() != "Say which column has the payment’s reference, what became of it and the amount." {
		t.Fatalf("Inspect() = %+v %q %v", l, l.Why(), err)
	}
	columns := map[Field]int{FieldReference: 1, FieldOutcome: 2, FieldAmount: 3}
	for name, m := range map[string]Mapping{"with the line of its headings": {HeadingLine: 1, Columns: columns}, "without": {Columns: columns}} {
		l, err := Inspect(file, m)
		if err != nil || len(l.Missing) > 0 {
			t.Fatalf("%s: %q %v", name, l.Why(), err)
		}
		lines, err := Read(file, l)
		last := lines[len(lines)-1]
		if err != nil || last.Finding != "" || last.Pence != 4550 || last.Reference != "PY-7K3M-92QX" {
			t.Errorf("%s: %+v %v", name, lines, err)
		}
	}
}

func TestAFileWithoutHeadingsLosesNotItsFirstLine(t *testing.T) {
	t.Parallel()
	file := []byte("PY-7K3M-92QX,paid,45.50\nPY-7K3M-92QY,paid,1.00\n")
	l, err := Inspect(file, Mapping{Columns: map[Field]int{FieldReference: 1, FieldOutcome: 2, FieldAmount: 3}})
	if err != nil {
		t.Fatal(err)
	}
	if lines, err := Read(file, l); err != nil || len(lines) != 2 {
		t.Errorf("%d lines of 2: %v", len(lines), err)
	}
}

func TestWhatIsNoListIsRefusedInWordsThatHelp(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"", "\n\n", "PK\x03\x04xxxx", "%PDF-1.7"} {
		if _, err := Inspect([]byte(file), Mapping{}); !fault.Is(err, fault.Invalid) {
			t.Errorf("Inspect(%q) = %v", file, err)
		}
	}
}

// Unknown, wrong and settled already are three different things to do next.
func TestALineIsHeldAgainstItsPayment(t *testing.T) {
	t.Parallel()
	at := func(s State) *Payment { return &Payment{Reference: "PY-7K3M-92QX", Amount: 4550, State: s} }
	for name, c := range map[string]struct {
		line    Line
		payment *Payment
		finding Finding
		paid    money.Pence
		settles bool
	}{
		"paid":                       {Line{Verdict: SaysPaid, Pence: 4550}, at(Sent), FoundPaid, 4550, true},
		"paid in part":               {Line{Verdict: SaysPart, Pence: 1}, at(Sent), FoundShort, 1, true},
		"rejected":                   {Line{Verdict: SaysRejected, Code: "5"}, at(Sent), FoundFailed, 0, true},
		"unknown":                    {Line{Verdict: SaysPaid, Pence: 4550}, nil, Unknown, 0, false},
		"paid too much":              {Line{Verdict: SaysPaid, Pence: 4551}, at(Sent), WrongAmount, 0, false},
		"paid less, said to be all":  {Line{Verdict: SaysPaid, Pence: 4549}, at(Sent), WrongAmount, 0, false},
		"a part that is the whole":   {Line{Verdict: SaysPart, Pence: 4550}, at(Sent), WrongAmount, 0, false},
		"another amount rejected":    {Line{Verdict: SaysRejected, Pence: 1}, at(Sent), WrongAmount, 0, false},
		"paid again":                 {Line{Verdict: SaysPaid, Pence: 4550}, at(Paid), AlreadyDone, 0, false},
		"rejected after it was paid": {Line{Verdict: SaysRejected}, at(Paid), AlreadyDone, 0, false},
		"paid after it failed":       {Line{Verdict: SaysPaid, Pence: 4550}, at(Failed), AlreadyDone, 0, false},
		"never sent":                 {Line{Verdict: SaysPaid, Pence: 4550}, at(Batched), NotSent, 0, false},
		"cancelled":                  {Line{Verdict: SaysPaid, Pence: 4550}, at(Cancelled), NotSent, 0, false},
	} {
		outcome, settles := c.line.judge(c.payment)
		if settles != c.settles || outcome.Paid != c.paid || c.line.Finding != c.finding {
			t.Errorf("%s: %+v %v %s", name, outcome, settles, c.line.Finding)
		}
		if !settles && c.line.Reason == "" {
			t.Errorf("%s: no reason", name)
		}
	}
}

func TestAReferenceIsFoundInWhatAFinanceSystemMadeOfIt(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := newReference("PY")
		mark := rapid.SampledFrom([]string{"-", "", " ", "/", "_"}).Draw(t, "mark")
		text := strings.ReplaceAll(r, "-", mark)
		if rapid.Bool().Draw(t, "lower") {
			text = strings.ToLower(text)
		}
		before := rapid.SampledFrom([]string{"", "INSTEAD ", "pay:", "12/"}).Draw(t, "before")
		after := rapid.SampledFrom([]string{"", " 45.50", "/OK"}).Draw(t, "after")
		if got := findReference(before + text + after); got != r {
			t.Fatalf("findReference(%q) = %q, want %q", before+text+after, got, r)
		}
	})
	for _, text := range []string{"", "FR-7K3M-92QX", "HAPPY-7K3M-92QX", "PY-7K3M-92Q", "PY-7K3M-92QXX", "PY-7K3M92QX7"} {
		if got := findReference(text); got != "" {
			t.Errorf("findReference(%q) = %q", text, got)
		}
	}
}

// Whatever is in a file, each of its lines is told of once, and nothing is paid
// that the line does not say in so many words.
func TestReadingNeverInventsAPayment(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 30).Draw(t, "lines")
		var b strings.Builder
		b.WriteString("reference,status,amount,reason\n")
		for range n {
			fmt.Fprintf(&b, "%s,%s,%s,%s\n",
				rapid.SampledFrom([]string{"PY-0000-0001", "PY-0000-0002", newReference("PY"), "x", ""}).Draw(t, "reference"),
				rapid.SampledFrom([]string{"Paid", "rejected", "partial", "", "?", "PAID!"}).Draw(t, "status"),
				rapid.SampledFrom([]string{"", "0", "1.00", "-5", "ten", "GBP 7"}).Draw(t, "amount"),
				rapid.StringMatching(`[a-z ]{0,8}`).Draw(t, "reason"))
		}
		l, err := Inspect([]byte(b.String()), Mapping{})
		if err != nil {
			t.Fatal(err)
		}
		lines, err := Read([]byte(b.String()), l)
		if err != nil {
			t.Fatal(err)
		}
		waiting := map[string]bool{}
		for i := range lines {
			if lines[i].Finding != "" {
				continue
			}
			if waiting[lines[i].Reference] {
				t.Fatalf("%s would be settled twice", lines[i].Reference)
			}
			waiting[lines[i].Reference] = true
			p := &Payment{Reference: lines[i].Reference, Amount: 700, State: Sent}
			if o, settles := lines[i].judge(p); settles && o.Paid > p.Amount {
				t.Fatalf("%+v pays %v of %v", lines[i], o.Paid, p.Amount)
			}
		}
	})
}
