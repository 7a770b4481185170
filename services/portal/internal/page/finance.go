package page

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Finance is what was approved and is to be paid. It shows what a payment
// needs and no more: who the jobseeker is, and why they need it, is not
// finance's to know.
type Finance struct{ Deps }

// Register implements web.Page.
func (p Finance) Register(g *web.Group) {
	g.Home(identity.Finance, "To pay", "/to-pay", p.list)
	g.Get("/to-pay/:id", p.read, identity.Finance)
	g.Get("/to-pay/:id/plan", p.askPlan, identity.Finance)
	g.Post("/to-pay/:id/plan", p.plan, identity.Finance)
	g.Get("/to-pay/:id/release", p.askRelease, identity.Finance)
	g.Post("/to-pay/:id/release", p.release, identity.Finance)
	g.Post("/to-pay/:id/closure", p.close, identity.Finance)
}

const paymentsAPage = 25

func (p Finance) list(r *http.Request) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	f := form.New(url.Values{"q": r.URL.Query()["q"], "area": r.URL.Query()["area"]})
	f.AtMost("q", 40, "The reference")
	found := &funding.ListDue200JSONResponse{Page: 1, Size: paymentsAPage}
	if f.OK() {
		params := &funding.ListDueParams{Page: new(pageOf(r)), Size: new(paymentsAPage)}
		if q := f.Text("q"); q != "" {
			params.Q = &q
		}
		if area := f.Text("area"); me.Covers(area) {
			params.Area = &area
		}
		resp, err := p.Funding.ListDueWithResponse(r.Context(), params)
		if err != nil {
			return nil, err
		}
		found = (*funding.ListDue200JSONResponse)(resp.JSON200)
	}
	sum, err := p.Funding.SummarisePaymentsWithResponse(r.Context(), &funding.SummarisePaymentsParams{})
	if err != nil {
		return nil, err
	}
	reminders, err := p.reminders(r.Context(), 1, aFew)
	if err != nil {
		return nil, err
	}
	layout := component.LayoutProps{Title: titled("To pay", found.Page, found.Size, found.Total), Errors: f.Errors(), Wide: true}
	return web.Show(layout, toPay(f, me.Areas, found, sum.JSON200, reminders)), nil
}

// bill is a request with its payments, and what is left of it to pay.
type bill struct {
	*funding.Request
	payments []funding.Payment
	left     int64
	inFlight int64
}

// mostOfABill is more payments than a request ever has: each of its lines could
// be planned many times over.
const mostOfABill = 200

func (p Finance) bill(ctx context.Context, id uuid.UUID) (bill, error) {
	resp, err := p.Funding.ReadRequestWithResponse(ctx, id)
	if err != nil {
		return bill{}, err
	}
	all, err := p.Funding.ListPaymentsWithResponse(ctx, &funding.ListPaymentsParams{RequestId: &id, Size: new(mostOfABill)})
	if err != nil {
		return bill{}, err
	}
	due, err := p.Funding.ListDueWithResponse(ctx, &funding.ListDueParams{RequestId: &id})
	if err != nil {
		return bill{}, err
	}
	b := bill{Request: resp.JSON200, payments: all.JSON200.Items}
	for _, one := range b.payments {
		if inFlight(one.State) {
			b.inFlight += one.AmountPence
		}
	}
	for _, d := range due.JSON200.Items {
		b.left = d.LeftPence
	}
	return b, nil
}

func inFlight(s funding.PaymentState) bool {
	return s == funding.PaymentPlanned || s == funding.PaymentBatched || s == funding.PaymentSent
}

func billPath(id uuid.UUID) string { return "/to-pay/" + id.String() }

func (p Finance) billOf(r *http.Request) (bill, error) {
	id, err := idIn(r, "id")
	if err != nil {
		return bill{}, err
	}
	return p.bill(r.Context(), id)
}

func (p Finance) read(r *http.Request) (web.Answer, error) {
	b, err := p.billOf(r)
	if err != nil {
		return nil, err
	}
	return showBill(form.New(nil), b), nil
}

func showBill(f *form.Form, b bill) web.Answer {
	return web.Show(component.LayoutProps{
		Title: "Pay for request " + b.Reference, Errors: f.Errors(), Before: component.BackLink("To pay", "/to-pay"),
	}, payView(f, b))
}

// close says that nothing more is paid or comes back.
func (p Finance) close(r *http.Request) (web.Answer, error) {
	b, err := p.billOf(r)
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	version, err := versionIn(f)
	if err != nil {
		return nil, err
	}
	_, err = p.Funding.CloseRequestWithResponse(r.Context(), b.Id, &funding.CloseRequestParams{IfMatch: etag.Version(version)})
	if err == nil {
		return web.Go(billPath(b.Id)).Saying("Request " + b.Reference + " is closed."), nil
	}
	if err := mended(f, err, nil); err != nil {
		return nil, err
	}
	return showBill(f, b), nil
}

// askPlan asks how to pay what is left: for a line, or in the place of a payment
// that failed, with what is known of that filled in.
func (p Finance) askPlan(r *http.Request) (web.Answer, error) {
	b, err := p.billOf(r)
	if err != nil {
		return nil, err
	}
	if b.left == 0 {
		return web.Go(billPath(b.Id)), nil
	}
	f := form.New(nil)
	f.Set("amount", money.Pence(b.left).Input())
	f.Set("line", "whole")
	for _, l := range b.Lines {
		if l.Id.String() == r.URL.Query().Get("line") || len(b.Lines) == 1 {
			f.Set("line", l.Id.String())
			f.Set("amount", money.Pence(min(l.AmountPence, b.left)).Input())
			f.Set("name", l.Supplier)
		}
	}
	for _, was := range b.payments {
		if was.Id.String() != r.URL.Query().Get("again") || was.State != funding.PaymentFailed || was.ReplacedBy != uuid.Nil {
			continue
		}
		f.Set("again", was.Id.String())
		f.Set("amount", money.Pence(min(was.AmountPence, b.left)).Input())
		f.Set("line", "whole")
		if was.LineId != uuid.Nil {
			f.Set("line", was.LineId.String())
		}
		f.Set("payee", string(was.Payee.Kind))
		f.Set("supplier", idOrNothing(was.Payee.SupplierId))
		f.Set("name", was.Payee.Name)
		f.Set("method", string(was.Method))
		f.Set("note", was.Note)
	}
	return p.showPlan(r.Context(), f, b)
}

func idOrNothing(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}

// mostSuppliers is how many suppliers the page offers, by name.
const mostSuppliers = 200

// supplierOptions are the suppliers that a payment can go to.
func (p Finance) supplierOptions(ctx context.Context) ([]component.Option, error) {
	found, err := p.Funding.ListSuppliersWithResponse(ctx, &funding.ListSuppliersParams{Open: new(true), Size: new(mostSuppliers)})
	if err != nil {
		return nil, err
	}
	all := []component.Option{{Value: "", Text: "None of these"}}
	for _, s := range found.JSON200.Items {
		all = append(all, component.Option{Value: s.Id.String(), Text: joined(", ", s.Name, s.Postcode)})
	}
	return all, nil
}

func (p Finance) showPlan(ctx context.Context, f *form.Form, b bill) (web.Answer, error) {
	suppliers, err := p.supplierOptions(ctx)
	if err != nil {
		return nil, err
	}
	return web.Show(component.LayoutProps{
		Title: "Plan a payment", Errors: f.Errors(), Before: component.BackLink("Request "+b.Reference, billPath(b.Id)),
	}, planForm(f, b, suppliers)), nil
}

// planNames is which field of the page each part of a plan is.
var planNames = form.Names{
	"/payments/0/line_id": "line", "/payments/0/payee/kind": "payee", "/payments/0/payee": "payee", "/payments/0/payee/supplier_id": "supplier",
	"/payments/0/payee/name": "name", "/payments/0/method": "method", "/payments/0/amount_pence": "amount", "/payments/0/note": "note",
}

func (p Finance) plan(r *http.Request) (web.Answer, error) {
	b, err := p.billOf(r)
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	plan := funding.PaymentPlan{}
	line := f.Choice("line", "Choose what is paid for.", values(lineChoices(b))...)
	plan.LineId, _ = uuid.Parse(line) // "whole" is none
	plan.Payee.Kind = funding.PayeeKind(f.Choice("payee", "Choose who is paid.", values(payeeChoices)...))
	if plan.Payee.Kind == funding.PayeeSupplier {
		plan.Payee.SupplierId, _ = uuid.Parse(f.Text("supplier"))
		f.AtMost("name", 200, "The name")
		if plan.Payee.SupplierId == uuid.Nil {
			plan.Payee.Name = f.Text("name")
		}
	}
	plan.Method = funding.PaymentMethod(f.Choice("method", "Choose how to pay.", values(methodChoices)...))
	plan.AmountPence = int64(f.Money("amount"))
	f.Want(plan.AmountPence > 0, "amount", "Enter an amount of 1p or more.")
	plan.Note = f.Text("note")
	f.AtMost("note", 200, "The note")
	plan.Replaces, _ = uuid.Parse(f.Value("again"))
	if f.OK() {
		_, err := p.Funding.PlanPaymentsWithResponse(r.Context(), b.Id, &funding.PlanPaymentsParams{}, funding.PlanPaymentsJSONRequestBody{
			Payments: []funding.PaymentPlan{plan},
		})
		if err == nil {
			return web.Go(billPath(b.Id)).Saying("Payment of " + pounds(plan.AmountPence) + " planned."), nil
		}
		if fault.Is(err, fault.Forbidden) {
			f.WantWhole(false, fault.As(err).Message)
		} else if err := f.Fail(err, planNames); err != nil {
			return nil, err
		}
	}
	return p.showPlan(r.Context(), f, b)
}

func (p Finance) askRelease(r *http.Request) (web.Answer, error) {
	b, err := p.billOf(r)
	if err != nil {
		return nil, err
	}
	if b.left == 0 {
		return web.Go(billPath(b.Id)), nil
	}
	f := form.New(nil)
	f.Set("version", strconv.FormatInt(b.Version, 10))
	return showRelease(f, b), nil
}

func showRelease(f *form.Form, b bill) web.Answer {
	return web.Show(component.LayoutProps{
		Title: "Give back what is left", Errors: f.Errors(), Before: component.BackLink("Request "+b.Reference, billPath(b.Id)),
	}, releaseForm(f, b))
}

func (p Finance) release(r *http.Request) (web.Answer, error) {
	b, err := p.billOf(r)
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	words := f.Required("words", "Say why the rest is not needed.")
	f.AtMost("words", 500, "Why")
	version, err := versionIn(f)
	if err != nil {
		return nil, err
	}
	if f.OK() {
		_, err := p.Funding.ReleaseRestWithResponse(r.Context(), b.Id, &funding.ReleaseRestParams{IfMatch: etag.Version(version)}, funding.ReleaseRestJSONRequestBody{Words: words})
		if err == nil {
			return web.Go(billPath(b.Id)).Saying(pounds(b.left) + " given back, to the allowance and to the budget."), nil
		}
		if err := mended(f, err, form.Names{"/words": "words"}); err != nil {
			return nil, err
		}
		f.Set("version", strconv.FormatInt(b.Version, 10))
	}
	return showRelease(f, b), nil
}

// mended is Fail, and takes as well that somebody else was first, or that it is
// for somebody else to do: those are said on the page, with all that was typed.
func mended(f *form.Form, err error, names form.Names) error {
	if fault.Is(err, fault.Forbidden) || fault.Is(err, fault.Stale) {
		f.WantWhole(false, fault.As(err).Message)
		return nil
	}
	return f.Fail(err, names)
}
