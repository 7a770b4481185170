package page

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Payments is where each payment stands, and what can be done about it.
type Payments struct{ Deps }

// Register implements web.Page.
func (p Payments) Register(g *web.Group) {
	g.Menu(identity.Finance, "Payments", "/payments")
	g.Get("/payments", p.list, identity.Finance)
	g.Get("/payments/:id", p.read, identity.Finance)
	for _, d := range deeds {
		g.Get("/payments/:id/"+d.path, func(r *http.Request) (web.Answer, error) { return p.ask(r, d) }, identity.Finance)
		g.Post("/payments/:id/"+d.path, func(r *http.Request) (web.Answer, error) { return p.do(r, d) }, identity.Finance)
	}
}

// methodWords is how a payment leaves.
var methodWords = map[funding.PaymentMethod]string{
	funding.ByBACS:    "Bank payment",
	funding.ByCard:    "Purchase card",
	funding.ByVoucher: "Voucher",
}

// paymentStates are the states in the order in which a payment meets them.
var paymentStates = []funding.PaymentState{
	funding.PaymentPlanned, funding.PaymentBatched, funding.PaymentSent, funding.PaymentPaid, funding.PaymentFailed, funding.PaymentCancelled,
}

func paymentTag(s funding.PaymentState) component.TagProps {
	switch s {
	case funding.PaymentPlanned:
		return component.TagProps{Text: "Planned", Colour: component.Blue}
	case funding.PaymentBatched:
		return component.TagProps{Text: "In a batch", Colour: component.Blue}
	case funding.PaymentSent:
		return component.TagProps{Text: "Sent", Colour: component.Yellow}
	case funding.PaymentPaid:
		return component.TagProps{Text: "Paid", Colour: component.Green}
	case funding.PaymentFailed:
		return component.TagProps{Text: "Failed", Colour: component.Red}
	}
	return component.TagProps{Text: "Cancelled", Colour: component.Grey}
}

// payeeWords is who is paid. A jobseeker has no name here.
func payeeWords(p funding.Payee) string {
	if p.Kind == funding.PayeePerson {
		return "The jobseeker"
	}
	return p.Name
}

func (p Payments) list(r *http.Request) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	q := r.URL.Query()
	f := form.New(url.Values{"q": q["q"], "area": q["area"], "state": q["state"], "method": q["method"], "attention": q["attention"]})
	f.AtMost("q", 40, "The reference")
	found := &funding.PaymentPage{Page: 1, Size: paymentsAPage}
	if f.OK() {
		params := &funding.ListPaymentsParams{Page: new(pageOf(r)), Size: new(paymentsAPage)}
		if text := f.Text("q"); text != "" {
			params.Q = &text
		}
		if area := f.Text("area"); me.Covers(area) {
			params.Area = &area
		}
		if s := funding.PaymentState(f.Text("state")); slices.Contains(paymentStates, s) {
			params.State = &[]funding.PaymentState{s}
		}
		if m := funding.PaymentMethod(f.Text("method")); methodWords[m] != "" {
			params.Method = &[]funding.PaymentMethod{m}
		}
		if f.Text("attention") != "" {
			params.Attention = new(true)
		}
		resp, err := p.Funding.ListPaymentsWithResponse(r.Context(), params)
		if err != nil {
			return nil, err
		}
		found = resp.JSON200
	}
	layout := component.LayoutProps{Title: titled("Payments", found.Page, found.Size, found.Total), Errors: f.Errors(), Wide: true}
	return web.Show(layout, paymentList(f, me.Areas, found)), nil
}

// paymentQuery is the filter as an address carries it.
func paymentQuery(f *form.Form) url.Values {
	q := url.Values{}
	for _, name := range []string{"q", "area", "state", "method", "attention"} {
		q.Set(name, f.Value(name))
	}
	return q
}

func paymentPath(id uuid.UUID) string { return "/payments/" + id.String() }

func (p Payments) payment(r *http.Request) (*funding.Payment, error) {
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	resp, err := p.Funding.ReadPaymentWithResponse(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return resp.JSON200, nil
}

func (p Payments) read(r *http.Request) (web.Answer, error) {
	one, err := p.payment(r)
	if err != nil {
		return nil, err
	}
	layout := component.LayoutProps{Title: "Payment " + one.Reference, Before: component.BackLink("Payments", "/payments")}
	return web.Show(layout, paymentView(one)), nil
}

// deed is something that can be done to a payment, with a form of its own.
type deed struct {
	path  string
	title string
	can   func(*funding.Payment) bool
	fill  func(*form.Form, *funding.Payment)
	// do reads the form and does it, if there is nothing wrong with that. It
	// returns what to say once it is done.
	do    func(Payments, context.Context, *form.Form, *funding.Payment, int64) (string, error)
	names form.Names
}

var deeds = []deed{
	{
		path: "complete", title: "What was paid?", can: completable,
		fill:  func(f *form.Form, p *funding.Payment) { f.Set("amount", money.Pence(p.AmountPence).Input()) },
		names: form.Names{"/amount_pence": "amount", "/words": "words"},
		do: func(p Payments, ctx context.Context, f *form.Form, one *funding.Payment, version int64) (string, error) {
			amount := f.Money("amount")
			f.Want(amount > 0, "amount", "Enter what was paid. If nothing was, cancel the payment.")
			words := f.Text("words")
			f.AtMost("words", 500, "What to know about it")
			if !f.OK() {
				return "", nil
			}
			_, err := p.Funding.CompletePaymentWithResponse(ctx, one.Id, &funding.CompletePaymentParams{IfMatch: etag.Version(version)},
				funding.CompletePaymentJSONRequestBody{AmountPence: int64(amount), Words: words})
			return amount.String() + " recorded as paid.", err
		},
	},
	{
		path: "cancel", title: "Cancel this payment", can: func(p *funding.Payment) bool { return p.State == funding.PaymentPlanned },
		fill:  func(*form.Form, *funding.Payment) {},
		names: form.Names{"/words": "words"},
		do: func(p Payments, ctx context.Context, f *form.Form, one *funding.Payment, version int64) (string, error) {
			words := f.Required("words", "Say why the payment is cancelled.")
			f.AtMost("words", 500, "Why")
			if !f.OK() {
				return "", nil
			}
			_, err := p.Funding.CancelPaymentWithResponse(ctx, one.Id, &funding.CancelPaymentParams{IfMatch: etag.Version(version)},
				funding.CancelPaymentJSONRequestBody{Words: words})
			return "Payment cancelled. What it was for is left to pay again.", err
		},
	},
	{
		path: "recover", title: "Record money that came back", can: func(p *funding.Payment) bool { return p.PaidPence > p.RecoveredPence },
		fill:  func(*form.Form, *funding.Payment) {},
		names: form.Names{"/amount_pence": "amount", "/words": "words", "/document": "document", "/kind": "kind"},
		do: func(p Payments, ctx context.Context, f *form.Form, one *funding.Payment, version int64) (string, error) {
			kind := f.Choice("kind", "Choose how the money came back.", values(recoveryChoices)...)
			amount := f.Money("amount")
			f.Want(amount > 0, "amount", "Enter an amount of 1p or more.")
			document := f.Required("document", "Enter the number of the credit note, or the bank’s reference.")
			f.AtMost("document", 60, "The number or reference")
			words := f.Required("words", "Say why the money came back.")
			f.AtMost("words", 500, "Why")
			if !f.OK() {
				return "", nil
			}
			_, err := p.Funding.RecoverPaymentWithResponse(ctx, one.Id, &funding.RecoverPaymentParams{IfMatch: etag.Version(version)},
				funding.RecoverPaymentJSONRequestBody{Kind: funding.RecoveryKind(kind), AmountPence: int64(amount), Document: document, Words: words})
			return amount.String() + " is available again, to the allowance and in the budget.", err
		},
	},
}

func completable(p *funding.Payment) bool {
	return p.State == funding.PaymentPlanned && p.Method != funding.ByBACS
}

func (p Payments) ask(r *http.Request, d deed) (web.Answer, error) {
	one, err := p.payment(r)
	if err != nil {
		return nil, err
	}
	if !d.can(one) {
		return web.Go(paymentPath(one.Id)), nil
	}
	f := form.New(nil)
	f.Set("version", strconv.FormatInt(one.Version, 10))
	d.fill(f, one)
	return showDeed(f, one, d), nil
}

func showDeed(f *form.Form, one *funding.Payment, d deed) web.Answer {
	return web.Show(component.LayoutProps{
		Title: d.title, Errors: f.Errors(), Before: component.BackLink("Payment "+one.Reference, paymentPath(one.Id)),
	}, deedForm(f, one, d))
}

func (p Payments) do(r *http.Request, d deed) (web.Answer, error) {
	one, err := p.payment(r)
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	version, err := versionIn(f)
	if err != nil {
		return nil, err
	}
	done, err := d.do(p, r.Context(), f, one, version)
	if f.OK() && err == nil {
		return web.Go(paymentPath(one.Id)).Saying(done), nil
	}
	if err := mended(f, err, d.names); err != nil {
		return nil, err
	}
	if one, err = p.payment(r); err != nil { // as it is now, for whoever was not first
		return nil, err
	}
	f.Set("version", strconv.FormatInt(one.Version, 10))
	return showDeed(f, one, d), nil
}
