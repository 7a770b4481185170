package page

import (
	"context"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// BankDetails is where a payee's account is proposed by one person and confirmed
// by another, for a supplier and for a jobseeker alike.
type BankDetails struct{ Deps }

// Register implements web.Page.
func (b BankDetails) Register(g *web.Group) {
	for _, kind := range []payeeKind{aSupplier, aPerson} {
		at := kind.at(":id")
		g.Get(at+"/:details/confirm", b.of(kind, b.askConfirm), identity.Finance, identity.Manager)
		g.Post(at+"/:details/confirm", b.of(kind, b.confirm), identity.Finance, identity.Manager)
		g.Get(at+"/:details/refuse", b.of(kind, b.askRefuse), kind.roles...)
		g.Post(at+"/:details/refuse", b.of(kind, b.refuse), kind.roles...)
	}
	g.Get(aSupplier.at(":id"), b.of(aSupplier, b.blank), identity.Finance)
	g.Post(aSupplier.at(":id"), b.of(aSupplier, b.propose), identity.Finance)
	g.Get(aPerson.at(":id"), b.of(aPerson, b.show), aPerson.roles...)
	g.Get(aPerson.at(":id")+"/new", b.of(aPerson, b.blank), identity.Finance, identity.Coach)
	g.Post(aPerson.at(":id")+"/new", b.of(aPerson, b.propose), identity.Finance, identity.Coach)
}

// payeeKind is one of the two kinds of payee, and where its pages are.
type payeeKind struct {
	before, after string // of the payee's id in an address
	roles         []identity.Role
}

var (
	aSupplier = payeeKind{"/suppliers/", "/bank-details", []identity.Role{identity.Finance, identity.Manager}}
	aPerson   = payeeKind{"/payees/", "/bank-details", []identity.Role{identity.Finance, identity.Manager, identity.Coach, identity.Auditor}}
)

func (k payeeKind) at(id string) string { return k.before + id + k.after }

// payee is whose account it is, as a page needs to know.
type payee struct {
	payeeKind
	id   uuid.UUID
	name string // of a supplier; a jobseeker's is not finance's to know
	all  []funding.BankDetails
}

func (p payee) path() string { return p.at(p.id.String()) }

// back is the page that shows the payee's bank details.
func (p payee) back() string {
	if p.person() {
		return p.path()
	}
	return supplierPath(p.id)
}

func (p payee) person() bool { return p.before == aPerson.before }

// called is the payee in the middle of a sentence.
func (p payee) called() string {
	if p.person() {
		return "the jobseeker"
	}
	return p.name
}

// waits is the proposal that the address names, if it waits.
func (p payee) waits(r *http.Request) (funding.BankDetails, bool) {
	i := slices.IndexFunc(p.all, func(d funding.BankDetails) bool { return d.Id.String() == r.PathValue("details") && waiting(d) })
	if i < 0 {
		return funding.BankDetails{}, false
	}
	return p.all[i], true
}

// of is h with the payee that the address names.
func (b BankDetails) of(kind payeeKind, h func(*http.Request, payee) (web.Answer, error)) web.Handler {
	return func(r *http.Request) (web.Answer, error) {
		id, err := idIn(r, "id")
		if err != nil {
			return nil, err
		}
		p := payee{payeeKind: kind, id: id}
		if p.person() {
			resp, err := b.Funding.ListPersonBankDetailsWithResponse(r.Context(), id)
			if err != nil {
				return nil, err
			}
			p.all = resp.JSON200.Items
			return h(r, p)
		}
		one, err := b.supplier(r)
		if err != nil {
			return nil, err
		}
		resp, err := b.Funding.ListSupplierBankDetailsWithResponse(r.Context(), id)
		if err != nil {
			return nil, err
		}
		p.name, p.all = one.Name, resp.JSON200.Items
		return h(r, p)
	}
}

func (b BankDetails) show(r *http.Request, p payee) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	return web.Show(component.LayoutProps{Title: "A jobseeker’s bank details"}, personBankDetails(p, me.Is(identity.Finance) || me.Is(identity.Coach))), nil
}

func (b BankDetails) blank(_ *http.Request, p payee) (web.Answer, error) {
	return showProposeBank(form.New(nil), p), nil
}

func showProposeBank(f *form.Form, p payee) web.Answer {
	return web.Show(component.LayoutProps{
		Title: "Propose bank details", Errors: f.Errors(), Before: component.BackLink("Back", p.back()),
	}, proposeBank(f, p))
}

// accountNames are the fields of an account, in the order of the page.
var accountNames = form.Names{"/holder": "holder", "/sort_code": "sort-code", "/account_number": "account", "/alike_reason": "alike"}

func (b BankDetails) propose(r *http.Request, p payee) (web.Answer, error) {
	f := form.New(r.PostForm)
	body := funding.NewBankDetails{
		Holder: f.Required("holder", "Enter the name on the account."), SortCode: f.Required("sort-code", "Enter the sort code."),
		AccountNumber: f.Required("account", "Enter the account number."), AlikeReason: f.Text("alike"),
	}
	if f.OK() {
		err := b.send(r.Context(), p, body)
		if err == nil {
			return web.Go(p.back()).Saying("The bank details are proposed. Somebody else confirms them."), nil
		}
		if fault.Is(err, fault.Conflict) && fault.As(err).Extra["alike"] != nil {
			f.Set("asked-why", "yes")
			f.Want(false, "alike", fault.As(err).Message)
			return showProposeBank(f, p), nil
		}
		if err := f.Fail(err, accountNames); err != nil {
			return nil, err
		}
	}
	return showProposeBank(f, p), nil
}

func (b BankDetails) send(ctx context.Context, p payee, body funding.NewBankDetails) (err error) {
	if p.person() {
		_, err = b.Funding.ProposePersonBankDetailsWithResponse(ctx, p.id, &funding.ProposePersonBankDetailsParams{}, body)
	} else {
		_, err = b.Funding.ProposeSupplierBankDetailsWithResponse(ctx, p.id, &funding.ProposeSupplierBankDetailsParams{}, body)
	}
	return err
}

func (b BankDetails) askConfirm(r *http.Request, p payee) (web.Answer, error) {
	return showConfirmBank(r, form.New(nil), p), nil
}

func showConfirmBank(r *http.Request, f *form.Form, p payee) web.Answer {
	d, ok := p.waits(r)
	if !ok || !d.CanConfirm {
		return web.Go(p.back())
	}
	return web.Show(component.LayoutProps{
		Title: "Confirm bank details", Errors: f.Errors(), Before: component.BackLink("Back", p.back()),
	}, confirmBank(f, p, d))
}

func (b BankDetails) confirm(r *http.Request, p payee) (web.Answer, error) {
	id, err := idIn(r, "details")
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	body := funding.ConfirmBankDetailsJSONRequestBody{
		SortCode: f.Required("sort-code", "Enter the sort code."), AccountNumber: f.Required("account", "Enter the account number."),
	}
	if f.OK() {
		_, err := b.Funding.ConfirmBankDetailsWithResponse(r.Context(), id, &funding.ConfirmBankDetailsParams{}, body)
		if err == nil {
			return web.Go(p.back()).Saying("The bank details are in force."), nil
		}
		if err := f.Fail(err, accountNames); err != nil {
			return nil, err
		}
	}
	return showConfirmBank(r, f, p), nil
}

func (b BankDetails) askRefuse(r *http.Request, p payee) (web.Answer, error) {
	return showRefuseBank(r, form.New(nil), p), nil
}

func showRefuseBank(r *http.Request, f *form.Form, p payee) web.Answer {
	d, ok := p.waits(r)
	if !ok || !d.CanRefuse {
		return web.Go(p.back())
	}
	return web.Show(component.LayoutProps{
		Title: "Refuse bank details", Errors: f.Errors(), Before: component.BackLink("Back", p.back()),
	}, refuseBank(f, p, d))
}

func (b BankDetails) refuse(r *http.Request, p payee) (web.Answer, error) {
	id, err := idIn(r, "details")
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	words := f.Required("words", "Enter why not.")
	f.AtMost("words", 1000, "What you write")
	if f.OK() {
		_, err := b.Funding.RefuseBankDetailsWithResponse(r.Context(), id, &funding.RefuseBankDetailsParams{}, funding.RefuseBankDetailsJSONRequestBody{Words: words})
		if err == nil {
			return web.Go(p.back()).Saying("The proposal is ended. What was in force stays so."), nil
		}
		if err := f.Fail(err, form.Names{"/words": "words"}); err != nil {
			return nil, err
		}
	}
	return showRefuseBank(r, f, p), nil
}
