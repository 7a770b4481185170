package page

import (
	"strconv"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
)

// lessReasons are why not all of a line is granted.
var lessReasons = choices(declineWords, funding.DeclineCodeNotLinkedToNeed, funding.DeclineCodeOtherFundingAvailable, funding.DeclineCodeNotValueForMoney,
	funding.DeclineCodeNotAllowed, funding.DeclineCodeInsufficientInformation, funding.DeclineCodeOther)

var interests = []component.Choice{
	{Value: string(funding.NoConflict), Text: "I have none"},
	{Value: string(funding.ConflictDeclared), Text: "I know the person, or I or somebody near me gains by it"},
}

func grantedField(line uuid.UUID) string { return "granted-" + line.String() }
func lessField(line uuid.UUID) string    { return "less-" + line.String() }

// grantAll fills in that every line is granted in full, which is where a manager
// begins.
func grantAll(f *form.Form, lines []funding.Line) {
	for _, l := range lines {
		if f.Value(grantedField(l.Id)) == "" {
			f.Set(grantedField(l.Id), money.Pence(l.AmountPence).Input())
		}
	}
}

// approvalFrom reads what an approval says of each of these lines, and besides.
// What the page can see to be wrong it says at once; the service has the last
// word.
func approvalFrom(f *form.Form, lines []uuid.UUID, reason, words string) funding.Approval {
	a := funding.Approval{
		Code: funding.ApproveCode(reason), Words: words, Conflict: funding.NoConflict,
		OtherFunding: f.Required("other", "Enter which other funding you considered, or that there is none."),
		Scrutiny:     f.Required("scrutiny", "Enter why this is a good use of public money."),
	}
	f.AtMost("other", 1000, "Other funding")
	f.AtMost("scrutiny", 1000, "The public statement")
	interest := f.Choice("interest", "Say whether you have an interest.", values(interests)...)
	f.Want(interest != string(funding.ConflictDeclared), "interest", "You have an interest in this request, so somebody else must decide it. Leave it to another manager.")
	for _, id := range lines {
		g := funding.GrantedLine{LineId: id, GrantedPence: int64(f.Money(grantedField(id)))}
		if less := f.Text(lessField(id)); less != "" {
			g.Code = funding.DeclineCode(f.Choice(lessField(id), "Choose a reason from the list.", values(lessReasons)...))
		}
		a.Lines = append(a.Lines, g)
	}
	return a
}

// askedLines are the lines that the form was about.
func askedLines(f *form.Form) []uuid.UUID {
	var ids []uuid.UUID
	for _, s := range f.Values("line") {
		if id, err := uuid.Parse(s); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// checkGranted says beside its field which line is granted more than was asked,
// or less without saying why.
func checkGranted(f *form.Form, a funding.Approval, asked []funding.Line) {
	for _, g := range a.Lines {
		for _, l := range asked {
			if l.Id != g.LineId || f.Error(grantedField(l.Id)) != "" {
				continue
			}
			f.Want(g.GrantedPence <= l.AmountPence, grantedField(l.Id), "Enter "+pounds(l.AmountPence)+" or less: that is what was asked for.")
			f.Want(g.GrantedPence >= l.AmountPence || g.Code != "", lessField(l.Id), "Choose why not all of it.")
		}
	}
}

// grantedSum is what an approval comes to, less what somebody else pays.
func grantedSum(a funding.Approval, r *funding.Request) int64 {
	sum := -r.Elsewhere.Pence
	for _, g := range a.Lines {
		sum += g.GrantedPence
	}
	return sum
}

// grantedNames are the fields of the page by the pointers of the service.
func grantedNames(lines []uuid.UUID) form.Names {
	names := form.Names{"/code": "reason", "/words": "words", "/other_funding": "other", "/scrutiny": "scrutiny", "/conflict": "interest"}
	for i, id := range lines {
		at := "/lines/" + strconv.Itoa(i)
		names[at+"/granted_pence"], names[at+"/code"] = grantedField(id), lessField(id)
	}
	return names
}

// goesOn are the fields that go on from the question to the check and back.
func goesOn(f *form.Form, v verdict) []string {
	names := []string{"version", "reason", "words"}
	if v.verb != funding.Approve {
		return names
	}
	names = append(names, "other", "scrutiny", "interest")
	for _, id := range askedLines(f) {
		names = append(names, grantedField(id), lessField(id))
	}
	return names
}

// grantedRows show on the check page what is granted of each line.
func grantedRows(f *form.Form, c dossier) []component.SummaryRow {
	a := approvalFrom(f, askedLines(f), f.Value("reason"), "")
	rows := []component.SummaryRow{{Key: "You approve", Content: strong(pounds(grantedSum(a, c.Request)) + " of " + pounds(c.AskedPence) + " asked for")}}
	for _, g := range a.Lines {
		for _, l := range c.Lines {
			if l.Id != g.LineId {
				continue
			}
			words := pounds(g.GrantedPence)
			if g.GrantedPence < l.AmountPence {
				words += " of " + pounds(l.AmountPence) + ": " + wordsFor(declineWords, g.Code)
			}
			rows = append(rows, component.SummaryRow{Key: l.What, Value: words})
		}
	}
	return append(rows,
		component.SummaryRow{Key: "Other funding considered", Content: component.Words(a.OtherFunding)},
		component.SummaryRow{Key: "Public statement", Content: component.Words(a.Scrutiny)},
		component.SummaryRow{Key: "Your interest", Value: "None"})
}
