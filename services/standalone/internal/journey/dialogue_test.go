package journey_test

import (
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
)

// signInOnAPhone is a jobseeker of the demo at the smallest telephone.
func signInOnAPhone(t *testing.T, script bool, name string) *person {
	t.Helper()
	p := newPerson(t, script).onAPhone()
	p.open("/")
	p.click("See my support")
	p.click("Sign in as " + name)
	return p
}

// photograph is a picture as a telephone's camera makes one.
func photograph(t *testing.T) string {
	t.Helper()
	paper := image.NewGray(image.Rect(0, 0, 300, 500))
	for i := range paper.Pix {
		paper.Pix[i] = 230
	}
	for y := 40; y < 460; y += 30 {
		for x := 30; x < 30+(y*7)%240; x++ {
			paper.SetGray(x, y, color.Gray{Y: 40})
		}
	}
	name := filepath.Join(t.TempDir(), "IMG_2044.jpg")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := jpeg.Encode(f, paper, nil); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestAReceiptIsSentInFromAPhone(t *testing.T) {
	for name, script := range map[string]bool{"Leanne Hargreaves": true, "Shabnam Akhtar": false} {
		t.Run(name, func(t *testing.T) {
			lines := map[string]string{"Leanne Hargreaves": "Chef's knife roll, five pieces", "Shabnam Akhtar": "Refurbished bicycle"}
			p := signInOnAPhone(t, script, name)
			p.open(p.hrefOf(lines[name]))
			p.sees("Quotes and receipts")
			p.click("Add a receipt")
			p.picture("receipt-new")
			p.click("Send")
			p.sees("There is a problem", "Take a photo or choose a file.")
			page := filepath.Join(t.TempDir(), "IMG_1.jpg")
			if err := os.WriteFile(page, []byte("<html><script>alert(1)</script></html>"), 0o600); err != nil {
				t.Fatal(err)
			}
			p.upload("Photo or file of the receipt", page)
			p.fill(lines[name], "110.00")
			p.click("Send")
			p.sees("There is a problem", "can’t take this kind of file")
			if kept := ask[string](p, `[...document.querySelectorAll('input[name^=amount-]')].map(e => e.value).join('')`); kept != "110.00" {
				t.Errorf("what was typed is gone: %q", kept)
			}
			p.picture("receipt-refused")
			p.upload("Photo or file of the receipt", photograph(t))
			p.clickTwice("Send")
			p.sees("Thank you. The receipt is kept.", "Receipt: IMG_2044.jpg", "£110.00 for", "Added by you")
			if n := strings.Count(p.reads(), "Receipt: IMG_2044.jpg"); n != 1 {
				t.Errorf("%d receipts were kept, want 1", n)
			}
			p.picture("support-receipts")
		})
	}
	coach := signIn(t, true, "Priya Shah")
	coach.open("/requests/" + leanne(t).request)
	coach.sees("Receipt: IMG_2044.jpg", "Added by the jobseeker")
	coach.picture("request-receipts")
}

// hrefOf is where the first link that says any of these leads.
func (p *person) hrefOf(words ...string) string {
	p.t.Helper()
	for _, w := range words {
		href := ask[string](p, `[...document.querySelectorAll('a[href]')].filter(e => e.innerText.trim().startsWith(`+quoted(w)+`)).map(e => e.getAttribute('href'))[0] || ''`)
		if href != "" {
			return href
		}
	}
	p.t.Fatalf("no link says any of %v\n%s", words, p.where())
	return ""
}

func TestAQuestionIsAskedAndAnsweredOnAPhone(t *testing.T) {
	for name, script := range map[string]bool{"Ewa Nowak": true, "Mohammed Iqbal": false} {
		t.Run(name, func(t *testing.T) {
			manager := signIn(t, script, "Helen Barlow")
			manager.open("/all-requests?state=submitted")
			manager.click(name)
			manager.click("Ask a question")
			manager.click("Send the question")
			manager.sees("There is a problem", "Choose whom you ask.")
			manager.choose(name)
			manager.fill("Your question", "When could you start?")
			manager.picture("question-new")
			manager.clickTwice("Send the question")
			manager.sees("Your question is sent.", "Not answered yet.")

			p := signInOnAPhone(t, script, name)
			p.sees("Questions for you", "When could you start?")
			p.picture("support-question")
			p.click("Answer Helen Barlow")
			p.click("Send your answer")
			p.sees("There is a problem", "Enter your answer.")
			p.fill("Your answer", "On Monday, if I have it.")
			p.picture("question-answer")
			p.clickTwice("Send your answer")
			p.sees("You answered", "On Monday, if I have it.")
			p.open("/support")
			p.seesNot("Questions for you")

			manager.open("/decisions")
			manager.sees("Answered, and waiting for you", "On Monday, if I have it.")
			manager.picture("manager-answers")
		})
	}
}

// declined is a request that a manager has just declined, of somebody who has
// an allowance with something left.
func declined(t *testing.T, jobseeker, coach, manager string) *funding.Request {
	t.Helper()
	n, f := theWhole.clients(t)
	as := theWhole.as(t, coach)
	me, err := n.ReadMeWithResponse(theWhole.as(t, jobseeker))
	if err != nil {
		t.Fatal(err)
	}
	inTheWay, err := n.ListNeedsWithResponse(as, me.JSON200.JobseekerId)
	if err != nil {
		t.Fatal(err)
	}
	allowances, err := f.ListAllowancesWithResponse(as, &funding.ListAllowancesParams{JobseekerId: me.JSON200.JobseekerId})
	if err != nil {
		t.Fatal(err)
	}
	drafted, err := f.DraftRequestWithResponse(as, nil, funding.DraftRequestJSONRequestBody{AllowanceId: allowances.JSON200.Items[0].Id})
	if err != nil {
		t.Fatal(err)
	}
	r := drafted.JSON201
	edited, err := f.EditRequestWithResponse(as, r.Id, &funding.EditRequestParams{IfMatch: etag.Version(r.Version)}, funding.RequestEdit{Lines: []funding.NewLine{
		{What: "Thermos flask", Why: "Breaks are outside.", NeedId: firstOf(inTheWay.JSON200.Items).Id, Category: "other", AmountPence: 1500},
	}})
	if err != nil {
		t.Fatal(err)
	}
	sent, err := f.SubmitRequestWithResponse(as, r.Id, &funding.SubmitRequestParams{IfMatch: etag.Version(edited.JSON200.Version)})
	if err != nil {
		t.Fatal(err)
	}
	no, err := f.DeclineRequestWithResponse(theWhole.as(t, manager), r.Id, &funding.DeclineRequestParams{IfMatch: etag.Version(sent.JSON200.Version)},
		funding.DeclineRequestJSONRequestBody{Code: "other", Words: "Flasks are not something we pay for."})
	if err != nil {
		t.Fatal(err)
	}
	return no.JSON200
}

func firstOf(all []needs.Need) needs.Need { return all[0] }

func TestADeclineIsChallengedOnAPhoneAndDecidedByAnother(t *testing.T) {
	for subject, test := range map[string]struct {
		name   string
		script bool
	}{"leanne-hargreaves": {"Leanne Hargreaves", true}, "kwame-boateng": {"Kwame Boateng", false}} {
		t.Run(test.name, func(t *testing.T) {
			r := declined(t, subject, "priya-shah", "helen-barlow")
			p := signInOnAPhone(t, test.script, test.name)
			p.sees("Not agreed", "ask for another look")
			p.picture("support-challenge")
			p.open("/support/requests/" + r.Id.String())
			p.sees("Somebody else will decide.")
			p.click("Ask for another look")
			p.click("Ask for another look")
			p.sees("There is a problem", "Say why somebody should look at this again.")
			p.fill("Why should somebody look again?", "There is no canteen and no shop.")
			p.picture("challenge")
			p.clickTwice("Ask for another look")
			p.sees("Another look asked for", "There is no canteen and no shop.", "Sent to somebody else to decide")

			first := signIn(t, test.script, "Helen Barlow")
			first.open("/decisions/" + r.Id.String())
			first.sees("There is no canteen and no shop.")
			first.seesNot("Your decision")
			first.picture("decision-challenged")
			second := signIn(t, test.script, "Marcus Reid")
			second.open("/decisions/" + r.Id.String())
			second.sees("Your decision")
		})
	}
}
