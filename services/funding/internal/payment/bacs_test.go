package payment

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/pkg/workday"
)

var council = Originator{ServiceUser: "123456", Account: Account{Name: "Oldham Council", SortCode: "200000", Number: "55779911"}}

// tuesday is 2 June 2026, the 153rd day of its year.
var tuesday = time.Date(2026, 6, 2, 0, 0, 0, 0, time.UTC)

func two() (Batch, []Instruction) {
	b := Batch{Reference: "PB-0000-0001", Area: "Oldham", Method: BACS, Format: BACSFormat, ProcessingDay: tuesday.AddDate(0, 0, 1), Serial: 7}
	return b, []Instruction{
		{&Payment{Reference: "PY-7K3M-92QX", RequestReference: "FR-AAAA-0001", Area: "Oldham", Method: BACS, Amount: 4550,
			Payee: Payee{Kind: Supplier, Name: "Zoë's Café & Catering Supplies Ltd"}}, Account{"Zoë's Café & Catering Supplies Ltd", "089999", "66374958"}},
		{&Payment{Reference: "PY-0000-0002", RequestReference: "FR-AAAA-0002", Area: "Oldham", Method: BACS, Amount: 100000,
			Payee: Payee{Kind: Person}, Note: "=HYPERLINK(\"http://example.org\")"}, Account{"S Patel", "107999", "88837491"}},
	}
}

func TestTheBACSFileIsTheGoldenOneToTheByte(t *testing.T) {
	t.Parallel()
	b, all := two()
	got, err := Standard18(b, council, all, tuesday)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/two.bacs18.txt", got)
}

func TestTheCSVFileIsTheGoldenOneToTheByte(t *testing.T) {
	t.Parallel()
	b, all := two()
	golden(t, "testdata/two.csv", CSV(b, all))
}

// golden compares with a file, which UPDATE_GOLDEN=1 writes.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(name, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}

// sent is what a bank reads out of a data record.
type sent struct {
	SortCode, Number, Code, FromSortCode, FromNumber string
	Pence                                            money.Pence
	User, Reference, Name                            string
}

// read18 reads a file as a bank does: by position alone.
func read18(t interface{ Fatalf(string, ...any) }, file string) (data []sent, labels map[string]string) {
	labels = map[string]string{}
	for _, line := range strings.Split(strings.TrimSuffix(file, "\r\n"), "\r\n") {
		if len(line) == labelLength {
			labels[line[:4]] = line
			continue
		}
		if len(line) != dataLength {
			t.Fatalf("a record has %d characters: %q", len(line), line)
		}
		pence, err := strconv.ParseInt(line[35:46], 10, 64)
		if err != nil {
			t.Fatalf("the amount of %q: %v", line, err)
		}
		data = append(data, sent{
			line[0:6], line[6:14], line[15:17], line[17:23], line[23:31], money.Pence(pence),
			strings.TrimRight(line[46:64], " "), strings.TrimRight(line[64:82], " "), strings.TrimRight(line[82:100], " "),
		})
	}
	return data, labels
}

func TestABankReadsBackWhatWasWrittenAndItBalances(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "payments")
		b := Batch{Reference: "PB-0000-0001", Method: BACS, ProcessingDay: workday.After(tuesday, 1), Serial: rapid.Int64Range(1, 5_000_000).Draw(t, "serial")}
		var all []Instruction
		var total money.Pence
		for range n {
			p := money.Pence(rapid.Int64Range(1, int64(money.Most)).Draw(t, "pence"))
			total += p
			all = append(all, Instruction{&Payment{Reference: newReference("PY"), Amount: p}, Account{
				"A" + rapid.String().Draw(t, "name"), rapid.StringMatching(`\d{6}`).Draw(t, "sort code"), rapid.StringMatching(`\d{8}`).Draw(t, "number"),
			}})
		}
		file, err := Standard18(b, council, all, tuesday)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Trim(string(file), "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.&/- \r\n") != "" {
			t.Fatalf("a mark that BACS does not take: %q", file)
		}
		data, labels := read18(t, string(file))
		if len(data) != n+1 {
			t.Fatalf("%d records for %d payments", len(data), n)
		}
		for i, d := range data[:n] {
			want := sent{all[i].To.SortCode, all[i].To.Number, "99", "200000", "55779911", all[i].Amount, "OLDHAM COUNCIL", all[i].Reference, d.Name}
			if d != want || !strings.HasPrefix(d.Name, "A") {
				t.Fatalf("record %d = %+v, want %+v", i, d, want)
			}
		}
		want := sent{"200000", "55779911", "17", "200000", "55779911", total, "PB-0000-0001", "CONTRA", "OLDHAM COUNCIL"}
		if data[n] != want {
			t.Fatalf("contra = %+v, want %+v", data[n], want)
		}
		utl := labels["UTL1"]
		debit, _ := strconv.ParseInt(utl[4:17], 10, 64)
		credits, _ := strconv.ParseInt(utl[17:30], 10, 64)
		if debit != credits || money.Pence(credits) != total || utl[30:37] != "0000001" || utl[37:44] != strconv.Itoa(10_000_000 + n)[1:] {
			t.Fatalf("UTL1 = %q for %d payments of %d", utl, n, total)
		}
		if labels["HDR1"][4:] != labels["EOF1"][4:] || labels["HDR2"][4:] != labels["EOF2"][4:] || labels["VOL1"][4:10] != labels["HDR1"][21:27] {
			t.Fatalf("labels disagree: %q", labels)
		}
	})
}

func TestANameIsWrittenInTheCharactersOfBACSAndCutToEighteen(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Zoë's Café & Catering Supplies Ltd": "ZOES CAFE & CATERI",
		"smith/jones (oldham)":               "SMITH/JONES OLDHAM",
		"Łukasz":                             "UKASZ             ",
		"  ":                                 "                  ",
	} {
		if got := field(name, 18); got != want || utf8.RuneCountInString(got) != 18 {
			t.Errorf("field(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestNoFileIsMadeForAnAccountThatNoBankCouldPay(t *testing.T) {
	t.Parallel()
	for what, to := range map[string]Account{
		"a short sort code": {"S Patel", "10799", "88837491"}, "a letter": {"S Patel", "107999", "8883749A"}, "no name": {"李", "107999", "88837491"},
	} {
		b, all := two()
		all[1].To = to
		_, err := Standard18(b, council, all, tuesday)
		if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "PY-0000-0002") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
