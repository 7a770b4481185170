package journey_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

// What the services tell comes to reporting a moment after it happened.
func (p *person) figuresAreIn(path, words string) {
	p.t.Helper()
	for range 60 {
		p.open(path)
		if p.says(words) && !p.says("These figures are behind") {
			return
		}
		time.Sleep(500 * time.Millisecond)
	}
	p.sees(words)
}

// cell is the figure in the row of a table that begins with these words, under the
// heading with those.
func (p *person) cell(row, column string) string {
	p.t.Helper()
	return ask[string](p, `(() => { const norm = s => s.replace(/\s+/g, ' ').trim();
		for (const t of document.querySelectorAll('table')) {
			const at = [...t.querySelectorAll('thead th')].findIndex(h => norm(h.innerText).startsWith(`+quoted(column)+`));
			const tr = [...t.querySelectorAll('tbody tr')].find(r => norm(r.cells[0].innerText) === `+quoted(row)+`);
			if (at > 0 && tr && t.offsetParent) { const c = tr.cells[at].cloneNode(true); c.querySelectorAll('.govuk-visually-hidden').forEach(h => h.remove()); return norm(c.textContent); }
		} return ''; })()`)
}

// A manager's hour with the figures: what the money did, what is behind it, beside
// another area, and all of it in a file that says the same.
func TestAManagersHourWithTheFigures(t *testing.T) {
	p := signIn(t, true, "Marcus Reid")
	p.figuresAreIn("/figures", "Spent")
	p.sees("What the money did", "Promised, not paid yet", "Left of the budget", "Saved against the courses replaced", "Time to decide", "As at")
	p.picture("figures")

	p.click("What it was spent on")
	p.sees("These figures as a table", "All figures, by month")
	p.picture("figures-spend-month")
	p.click("what it was for")
	p.sees("What was spent is highest for")
	p.picture("figures-spend")
	p.click("Paid")
	paid := p.cell("All", "Paid")
	if !strings.HasPrefix(paid, "£") || paid == "£0.00" {
		t.Fatalf("all that was paid is %q", paid)
	}

	// Filter: what is left is said in words, and the sum of the areas is the whole.
	p.fill("Area", "Oldham")
	p.fill("Beside", "Rochdale")
	p.click("Show")
	p.sees("Oldham, all funds", "beside Rochdale")
	p.picture("figures-beside")

	// Down to the requests, whose shares come to the figure, and to one of them.
	p.click("course replaced")
	figure := p.cell("All", "Spent")
	p.sees("All figures, by course replaced")
	p.open("/figures/requests?measure=spent&area=Oldham")
	p.sees("The requests behind it", figure)
	p.picture("figures-requests")
	p.click("FR-")
	if at := p.address(); !strings.HasPrefix(at, "/decisions/") {
		t.Errorf("a request behind a figure is at %s", at)
	}

	for _, path := range []string{"decisions", "decisions?by=coach", "savings", "savings?by=course", "starts", "starts?by=occupation", "worth", "left", "fairness", "fairness?by=area", "forecast"} {
		p.open("/figures/" + path)
		p.sees("As at")
		p.picture("figures-" + strings.NewReplacer("?by=", "-").Replace(path))
	}
	p.open("/figures?from=2021-12&to=2022-03&with=year")

	// The file has the figures of the page.
	p.open("/figures/spend?by=category")
	rows := map[string]string{"Spent": p.cell("All", "Spent"), "Paid": p.cell("All", "Paid"), "Approved": p.cell("All", "Approved")}
	p.click("Save this as a spreadsheet")
	p.sees("Totals, by what it was for")
	p.click("Continue")
	p.sees("There is a problem", "Choose a kind of file.")
	p.choose("A spreadsheet (XLSX)")
	p.picture("figures-export")
	p.click("Continue")
	p.sees("It has", "in the audit trail")
	p.picture("figures-file")
	f, err := excelize.OpenReader(bytes.NewReader(p.sends("Download the file")))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := f.GetRows("Figures")
	if err != nil || len(all) < 2 {
		t.Fatalf("the file has the rows %v (%v)", all, err)
	}
	for column, want := range rows {
		if got := sumOf(t, f, all[0], column, len(all)); got != want {
			t.Errorf("in the file %s comes to %s, on the page to %s", column, got, want)
		}
	}
	if said, err := f.GetCellValue("About", "B2"); err != nil || said != "Oldham, Rochdale" {
		t.Errorf("the file says that it is of %q (%v)", said, err)
	}
}

// sends is what the form of a button is answered with, where that is a file.
func (p *person) sends(button string) []byte {
	p.t.Helper()
	text := ask[string](p, `(async () => { const f = [...document.querySelectorAll('button')].find(b => b.innerText.trim() === `+quoted(button)+`).form;
		const r = await fetch(f.action, {method: 'POST', body: new URLSearchParams(new FormData(f))});
		const b = new Uint8Array(await r.arrayBuffer()); let s = ''; for (const c of b) s += String.fromCharCode(c); return btoa(s); })()`)
	content, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		p.t.Fatal(err)
	}
	return content
}

// sumOf adds a column of a sheet up with a formula, as whoever has the file would.
func sumOf(t *testing.T, f *excelize.File, head []string, column string, rows int) string {
	t.Helper()
	for i, name := range head {
		if name != column {
			continue
		}
		letter, err := excelize.ColumnNumberToName(i + 1)
		if err != nil {
			t.Fatal(err)
		}
		format := "£#,##0.00"
		style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.NewSheet("Sum"); err != nil {
			t.Fatal(err)
		}
		formula, err := excelize.JoinCellName(letter, rows)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.SetCellFormula("Sum", "A1", "SUM(Figures!"+letter+"2:"+formula+")"); err != nil {
			t.Fatal(err)
		}
		if err := f.SetCellStyle("Sum", "A1", "A1", style); err != nil {
			t.Fatal(err)
		}
		sum, err := f.CalcCellValue("Sum", "A1")
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	t.Fatalf("the file has no column %s: %v", column, head)
	return ""
}

// A finance officer has the figures of their areas, and a work coach has none.
func TestTheFiguresAreForThoseWhoAnswerForTheMoney(t *testing.T) {
	finance := signIn(t, false, "Grace Oduya")
	finance.figuresAreIn("/figures", "Spent")
	finance.click("What is left")
	finance.sees("Budgets", "Oldham, ")
	coach := signIn(t, false, "Priya Shah")
	coach.open("/figures")
	coach.sees("This page is for")
}
