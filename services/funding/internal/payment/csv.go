package payment

import (
	"bytes"
	"encoding/csv"
	"time"

	"github.com/instead-support/instead/services/funding/internal/sheet"
)

// Columns are the headings of the CSV file that a batch leaves in, in order. The
// page of this service documents them; they are only ever added to at the end.
var Columns = []string{
	"payment_reference", "batch_reference", "request_reference", "method", "payee_kind", "payee_name",
	"sort_code", "account_number", "amount", "currency", "area", "processing_day", "note",
}

// CSV is the batch as a file for a finance system: UTF-8, a row for each payment
// in the order of their references. Amounts are pounds with two decimals.
// No cell is one that a spreadsheet would run as a formula, and a sort code is
// written with hyphens so that its noughts are kept.
func CSV(b Batch, all []Instruction) []byte {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	_ = w.Write(Columns) // a buffer takes everything
	for _, i := range all {
		name := i.Payee.Name
		if i.To.Name != "" {
			name = i.To.Name
		}
		row := []string{
			i.Reference, b.Reference, i.RequestReference, string(i.Method), string(i.Payee.Kind), name,
			hyphenated(i.To.SortCode), i.To.Number, i.Amount.Input(), "GBP", i.Area, b.ProcessingDay.Format(time.DateOnly), i.Note,
		}
		for n := range row {
			row[n] = sheet.Harmless(row[n])
		}
		_ = w.Write(row)
	}
	w.Flush()
	return out.Bytes()
}

// hyphenated is a sort code as people write it: 20-00-00.
func hyphenated(sortCode string) string {
	if len(sortCode) != 6 {
		return sortCode
	}
	return sortCode[:2] + "-" + sortCode[2:4] + "-" + sortCode[4:]
}
