package payment

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/pkg/workday"
)

// BACS Standard 18, for one processing day: labels of 80 characters around data
// records of 100, and a contra record that takes from our account what all of
// them together give.
//
//	VOL1  the submission and who sends it
//	HDR1  the file; HDR2 its records; UHL1 the processing day
//	data  one for each payment, transaction code 99: a credit
//	data  the contra, transaction code 17: the debit that balances them
//	EOF1, EOF2  HDR1 and HDR2 again
//	UTL1  what the debits and the credits come to, and how many there are
const (
	labelLength = 80
	dataLength  = 100
	credit      = "99"
	contra      = "17"
)

// mostBACS is the largest amount that a record has room for, in pence.
const mostBACS money.Pence = 99_999_999_999

// Standard18 is the batch as a file for a bank. It returns Conflict, naming the
// payments, if the account of one is not such that a bank could pay it.
func Standard18(b Batch, from Originator, all []Instruction, created time.Time) ([]byte, error) {
	if err := from.Check(); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The account that bank payments leave from is not set up as BACS needs it. Export a CSV file meanwhile.")
	}
	var bad []string
	var total money.Pence
	for _, i := range all {
		if !digits(i.To.SortCode, 6) || !digits(i.To.Number, 8) || strings.TrimSpace(field(i.To.Name, 18)) == "" {
			bad = append(bad, i.Reference)
		}
		total += i.Amount
	}
	if len(bad) > 0 {
		return nil, fault.Newf(fault.Conflict, "A bank cannot pay to the details kept for %s. Take it out of the batch, or put the details right first.", strings.Join(bad, ", "))
	}
	if total > mostBACS {
		return nil, fault.Newf(fault.Conflict, "A BACS file cannot pay more than %v at once. Make two batches.", mostBACS)
	}
	serial := fmt.Sprintf("%06d", b.Serial%1_000_000)
	header := "A" + from.ServiceUser + "S  1" + from.ServiceUser + serial + "00010001" + spaces(6) +
		julian(created) + julian(workday.After(b.ProcessingDay, 1)) + " " + "000000"
	records := "F" + "02000" + fmt.Sprintf("%05d", dataLength) + spaces(35) + "00"

	var out strings.Builder
	label := func(name, text string) { out.WriteString(pad(name+text, labelLength) + "\r\n") }
	label("VOL1", serial+spaces(31)+from.ServiceUser+spaces(32)+"1")
	label("HDR1", header)
	label("HDR2", records)
	label("UHL1", julian(b.ProcessingDay)+"999999"+spaces(4)+"00"+"000000"+"1 DAILY  "+"001")
	for _, i := range all {
		out.WriteString(record(i.To, credit, from.Account, i.Amount, from.Name, i.Reference, i.To.Name) + "\r\n")
	}
	out.WriteString(record(from.Account, contra, from.Account, total, b.Reference, "CONTRA", from.Name) + "\r\n")
	label("EOF1", header)
	label("EOF2", records)
	label("UTL1", fmt.Sprintf("%013d%013d%07d%07d", total, total, 1, len(all)))
	return []byte(out.String()), nil
}

// record is one data record: to whom, what kind, from where, how much, and three
// texts that the bank passes on.
func record(to Account, code string, from Account, pence money.Pence, user, reference, name string) string {
	return to.SortCode + to.Number + "0" + code + from.SortCode + from.Number + spaces(4) +
		fmt.Sprintf("%011d", pence) + field(user, 18) + field(reference, 18) + field(name, 18)
}

// julian is a day as BACS writes it: a space, the year and the day of the year.
func julian(day time.Time) string { return fmt.Sprintf(" %02d%03d", day.Year()%100, day.YearDay()) }

// field is text in the characters that BACS takes (capitals, figures, and
// . & / - and space), cut and filled to so many. Accents fall away, and a mark
// that BACS does not take becomes a space.
func field(text string, length int) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToUpper(text)) {
		switch {
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune(".&/- ", r):
			b.WriteRune(r)
		case r >= 0x0300 && r <= 0x036F, r == '\'', r == '’':
			// An accent, or an apostrophe: what is left reads well without it.
		default:
			b.WriteByte(' ')
		}
	}
	s := strings.Join(strings.Fields(b.String()), " ")
	return pad(s[:min(len(s), length)], length)
}

func pad(s string, length int) string { return s + spaces(length-len(s)) }

func spaces(n int) string { return strings.Repeat(" ", n) }
