package payment

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/sheet"
)

// Field is something that a column of a result file can say.
type Field string

// The fields.
const (
	FieldReference Field = "reference"
	FieldOutcome   Field = "outcome"
	FieldAmount    Field = "amount"
	FieldCode      Field = "code"
	FieldWords     Field = "words"
)

// Fields is every field, in the order in which a page asks for them. The first
// three are needed: what a file does not say is never guessed where it is money.
var Fields = []Field{FieldReference, FieldOutcome, FieldAmount, FieldCode, FieldWords}

var needed = Fields[:3]

// label is the field as a sentence names it.
var label = map[Field]string{
	FieldReference: "the payment’s reference", FieldOutcome: "what became of it", FieldAmount: "the amount",
	FieldCode: "the reason code", FieldWords: "the reason in words",
}

// known is the headings by which each field goes, the surest first, without
// case, spaces and marks.
var known = map[Field][]string{
	FieldReference: {"paymentreference", "paymentref", "yourreference", "yourref", "serviceuserreference", "userreference", "beneficiaryreference",
		"transactionreference", "instructionreference", "endtoendid", "reference", "ref", "narrative"},
	FieldOutcome: {"outcome", "result", "paymentstatus", "transactionstatus", "status", "state", "paymentresult", "disposition"},
	FieldAmount: {"paidamount", "amountpaid", "actualamount", "paymentamount", "amountgbp", "transactionamount", "amount", "value", "valuegbp",
		"netamount", "paid", "gbp"},
	FieldCode: {"reasoncode", "returncode", "rejectioncode", "errorcode", "arucscode", "auddiscode", "failurecode", "code"},
	FieldWords: {"reason", "reasondescription", "description", "failurereason", "rejectionreason", "returnreason", "message", "comment",
		"comments", "details", "explanation"},
}

// Mapping is what a person says about a file's columns, where its headings do
// not say it. The zero Mapping says nothing.
type Mapping struct {
	HeadingLine int           `json:"heading_line,omitzero"` // counted from 1; 0 to find it
	Columns     map[Field]int `json:"columns,omitempty"`     // counted from 1
}

// Layout is how a result file is laid out.
type Layout struct {
	HeadingLine int
	Columns     map[Field]int // counted from 0
	Lines       [][]string    // the first, for a person to see
	Missing     []Field       // what must be mapped before the file can be read
	comma       rune
}

// A file's headings are looked for in its first headLines rows.
const headLines = 20

// MostBytes is the size of the largest result file.
const MostBytes = 5 << 20

// MostLines is how many lines a result file may have.
const MostLines = 10_000

// Inspect finds out how a result file is laid out. It returns Invalid if it is
// no list at all.
func Inspect(file []byte, m Mapping) (Layout, error) {
	if err := sheet.Text(file); err != nil {
		return Layout{}, err
	}
	var best Layout
	most := -1
	for _, comma := range []rune{',', ';', '\t', '|'} {
		l, score, err := arrange(file, comma, m)
		if err != nil {
			return Layout{}, err
		}
		if score > most {
			best, most = l, score
		}
	}
	if len(best.Lines) == 0 {
		return Layout{}, fault.New(fault.Invalid, "The file is empty. Choose the CSV file that the bank or the finance system gave back.")
	}
	return best, nil
}

// arrange lays a file out by the row among its first that names most fields, and
// scores how well that serves: what headings name counts for more than any
// number of cells, which only tell the mark between them from others.
func arrange(file []byte, comma rune, m Mapping) (Layout, int, error) {
	l := Layout{comma: comma, Columns: map[Field]int{}}
	widest := 0
	for r := sheet.New(file, comma); len(l.Lines) < headLines; {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return l, 0, unreadable(r.Line()+1, err)
		}
		l.show(row)
		widest = max(widest, len(row.Cells))
		// A row of data may hold one word that is also a heading, such as "paid".
		if found := locate(row); row.Line == m.HeadingLine || m.HeadingLine == 0 && len(found) > max(len(l.Columns), 1) {
			l.HeadingLine, l.Columns = row.Line, found
		}
	}
	score := len(l.Columns)*1000 + widest
	for f, n := range m.Columns {
		for other, at := range l.Columns {
			if at == n-1 {
				delete(l.Columns, other) // a column says one thing only
			}
		}
		l.Columns[f] = n - 1
	}
	for _, f := range needed {
		if _, ok := l.Columns[f]; !ok {
			l.Missing = append(l.Missing, f)
		}
	}
	return l, score, nil
}

// show adds a row to the lines for a person to see, each at its number: lines
// that were passed over are there as empty.
func (l *Layout) show(row sheet.Row) {
	for len(l.Lines) < min(row.Line-1, headLines) {
		l.Lines = append(l.Lines, []string{})
	}
	if row.Line <= headLines {
		shown := make([]string, len(row.Cells))
		for i := range row.Cells {
			shown[i] = sheet.Clip(row.Cell(i))
		}
		l.Lines = append(l.Lines, shown)
	}
}

// locate finds the columns that a row of headings names.
func locate(row sheet.Row) map[Field]int {
	keys := make([]string, len(row.Cells))
	for i := range row.Cells {
		keys[i] = strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return unicode.ToLower(r)
			}
			return -1
		}, row.Cell(i))
	}
	found, taken := map[Field]int{}, map[int]bool{}
	for _, f := range Fields {
		for _, k := range known[f] {
			if i := slices.Index(keys, k); i >= 0 && !taken[i] {
				found[f], taken[i] = i, true
				break
			}
		}
	}
	return found
}

// Why says what a layout needs before its file can be read, or "".
func (l Layout) Why() string {
	if len(l.Missing) == 0 {
		return ""
	}
	names := make([]string, len(l.Missing))
	for i, f := range l.Missing {
		names[i] = label[f]
	}
	if last := len(names) - 1; last > 0 {
		return "Say which column has " + strings.Join(names[:last], ", ") + " and " + names[last] + "."
	}
	return "Say which column has " + names[0] + "."
}

func unreadable(line int, err error) error {
	return fault.Wrap(err, fault.Invalid, fmt.Sprintf("Line %d cannot be read. Check that this is a CSV file with a row for each payment.", line))
}

// Outcome is what became of a payment that was sent.
type Outcome struct {
	Paid  money.Pence // 0 if nothing left
	Code  string      // why not, or not all of it
	Words string
}

// Line is one line of a result file, as far as it can be judged by itself.
type Line struct {
	Line      int
	Reference string // as ours, or as it stands there if it is none of ours
	Verdict   Verdict
	Pence     money.Pence
	Code      string
	Words     string
	Finding   Finding // what was found when it was read, or "" while it waits to be settled
	Reason    string
}

// Verdict is what a line says became of the payment.
type Verdict string

// The verdicts.
const (
	SaysPaid     Verdict = "paid"
	SaysPart     Verdict = "partially-paid"
	SaysRejected Verdict = "rejected"
)

// verdicts are the words by which finance systems and banks say each.
var verdicts = map[Verdict][]string{
	SaysPaid:     {"paid", "success", "successful", "succeeded", "settled", "cleared", "processed", "complete", "completed", "accepted", "ok", "p"},
	SaysPart:     {"partiallypaid", "partpaid", "partpayment", "partial", "partiallysettled", "short", "pp"},
	SaysRejected: {"rejected", "reject", "returned", "return", "failed", "failure", "unpaid", "unapplied", "notpaid", "error", "declined", "r", "f"},
}

// Finding is what became of a line of a result file.
type Finding string

// The findings. The first three changed a payment; with the others nothing was
// changed, and a person has to look.
const (
	FoundPaid     Finding = "paid"
	FoundShort    Finding = "short"
	FoundFailed   Finding = "failed"
	BadLine       Finding = "unreadable"
	Unknown       Finding = "unknown-reference"
	WrongAmount   Finding = "wrong-amount"
	AlreadyDone   Finding = "already-settled"
	NotSent       Finding = "not-sent"
	Repeated      Finding = "repeated"
	NotYoursToPay Finding = "decided-by-you"
)

// Findings lists every finding, in the order in which a page shows them.
var Findings = []Finding{FoundPaid, FoundShort, FoundFailed, WrongAmount, AlreadyDone, NotSent, NotYoursToPay, Unknown, Repeated, BadLine}

// Read reads a result file whose layout is known. Every line is there: the good
// ones wait to be settled, the others say what is wrong with them.
func Read(file []byte, l Layout) ([]Line, error) {
	var lines []Line
	seen := map[string]int{}
	for r := sheet.New(file, l.comma); ; {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return nil, unreadable(r.Line()+1, err)
		}
		if row.Line <= l.HeadingLine || totals(row) {
			continue
		}
		if len(lines) == MostLines {
			return nil, fault.Newf(fault.Invalid, "The file has more than %d lines. Split it and import the parts.", MostLines)
		}
		line := l.read(row)
		if first, ok := seen[line.Reference]; ok && line.Finding == "" {
			line.Finding, line.Reason = Repeated, fmt.Sprintf("Line %d says what became of this payment already.", first)
		} else if line.Finding == "" {
			seen[line.Reference] = line.Line
		}
		lines = append(lines, line)
	}
}

// totals reports whether a row is the sum that some systems write at the end.
func totals(row sheet.Row) bool {
	first := strings.ToLower(row.Cell(0))
	return findReference(strings.Join(row.Cells, " ")) == "" &&
		slices.Contains([]string{"total", "totals", "grand total", "end", "end of file"}, strings.TrimRight(first, ":"))
}

func (l Layout) cell(row sheet.Row, f Field) string {
	i, ok := l.Columns[f]
	if !ok {
		return ""
	}
	return row.Cell(i)
}

var currency = regexp.MustCompile(`(?i)^GBP\s*|\s*GBP$`)

// read judges one line by itself.
func (l Layout) read(row sheet.Row) Line {
	at := l.cell(row, FieldReference)
	out := Line{Line: row.Line, Reference: cmp.Or(findReference(at), sheet.Clip(at)), Code: strings.ToUpper(l.cell(row, FieldCode)), Words: l.cell(row, FieldWords)}
	bad := func(f Finding, reason string) Line {
		out.Finding, out.Reason = f, reason
		return out
	}
	if r := []rune(out.Code); len(r) > 20 {
		out.Code = string(r[:20])
	}
	if r := []rune(out.Words); len(r) > 500 {
		out.Words = string(r[:500])
	}
	said := l.cell(row, FieldOutcome)
	out.Verdict = verdict(said)
	amount := currency.ReplaceAllString(l.cell(row, FieldAmount), "")
	if amount != "" {
		p, err := money.Parse(amount)
		if err != nil {
			return bad(BadLine, fmt.Sprintf("The amount “%s” cannot be read. %s", sheet.Clip(amount), fault.As(err).Message))
		}
		out.Pence = p
	}
	switch {
	case !row.Whole:
		return bad(BadLine, "A quotation mark is not closed, or stands where none can.")
	case findReference(at) == "" && at == "":
		return bad(Unknown, "There is no reference.")
	case findReference(at) == "":
		return bad(Unknown, "This is not a reference of a payment from here, such as PY-7K3M-92QX.")
	case out.Verdict == "":
		return bad(BadLine, fmt.Sprintf("“%s” does not say what became of the payment: paid, partially paid or rejected.", sheet.Clip(said)))
	case out.Verdict != SaysRejected && out.Pence == 0:
		return bad(BadLine, "There is no amount, so it cannot be told what was paid.")
	}
	return out
}

func verdict(said string) Verdict {
	key := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, said)
	for v, words := range verdicts {
		if slices.Contains(words, key) {
			return v
		}
	}
	return ""
}

// judge holds a line that waits against the payment that it names, nil if there
// is none, and says what became of it: an outcome to settle, or a finding and
// nothing to change.
func (l *Line) judge(p *Payment) (Outcome, bool) {
	found := func(f Finding, reason string) (Outcome, bool) {
		l.Finding, l.Reason = f, reason
		return Outcome{}, false
	}
	switch {
	case p == nil:
		return found(Unknown, "There is no such payment in this area.")
	case p.State == Paid:
		return found(AlreadyDone, fmt.Sprintf("%v of this payment was recorded as paid before. Nothing was changed.", p.Paid))
	case p.State == Failed:
		return found(AlreadyDone, "This payment was recorded as failed before. Nothing was changed.")
	case p.State != Sent:
		return found(NotSent, fmt.Sprintf("This payment is %s, so no file with it has left here.", p.State))
	case l.Verdict == SaysPaid && l.Pence != p.Amount:
		return found(WrongAmount, fmt.Sprintf("The file says %v, and %v was sent.", l.Pence, p.Amount))
	case l.Verdict == SaysPart && l.Pence >= p.Amount:
		return found(WrongAmount, fmt.Sprintf("The file says that %v is a part, and %v was sent.", l.Pence, p.Amount))
	case l.Verdict == SaysRejected && l.Pence != 0 && l.Pence != p.Amount:
		return found(WrongAmount, fmt.Sprintf("The file says that %v was rejected, and %v was sent.", l.Pence, p.Amount))
	}
	l.Reason = l.Words
	switch l.Verdict {
	case SaysPaid:
		l.Finding = FoundPaid
		return Outcome{Paid: l.Pence, Code: l.Code, Words: l.Words}, true
	case SaysPart:
		l.Finding = FoundShort
		return Outcome{Paid: l.Pence, Code: l.Code, Words: cmp.Or(l.Words, reasons[l.Code])}, true
	}
	l.Finding, l.Reason = FoundFailed, cmp.Or(l.Words, reasons[l.Code], "The bank gave no reason.")
	return Outcome{Code: l.Code, Words: l.Reason}, true
}

// reasons are what the codes mean by which banks return a credit that they
// could not apply.
var reasons = map[string]string{
	"0": "The bank does not know these details.",
	"2": "The payee has died.",
	"3": "The account has moved to another bank.",
	"5": "There is no such account.",
	"B": "The account is closed.",
	"C": "Whoever sent it asked for it back.",
}
