package page

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Suppliers is who sells what is asked for: finding them, adding them once, and
// correcting what is known of them.
type Suppliers struct{ Deps }

// Register implements web.Page.
func (s Suppliers) Register(g *web.Group) {
	seers := []identity.Role{identity.Finance, identity.Manager, identity.Auditor}
	for _, role := range seers {
		g.Menu(role, "Suppliers", "/suppliers")
	}
	g.Get("/suppliers", s.list, seers...)
	g.Get("/suppliers/new", s.blank, identity.Finance)
	g.Post("/suppliers/new", s.add, identity.Finance)
	g.Get("/suppliers/:id", s.read, seers...)
	g.Get("/suppliers/:id/edit", s.ask, identity.Finance)
	g.Post("/suppliers/:id/edit", s.edit, identity.Finance)
}

const suppliersAPage = 20

func supplierPath(id uuid.UUID) string { return "/suppliers/" + id.String() }

// supplierNames are the fields of a supplier, in the order of the page.
var supplierNames = form.Names{
	"/name": "name", "/postcode": "postcode", "/company_number": "company", "/charity_number": "charity", "/local_to": "local",
}

func (s Suppliers) list(r *http.Request) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	f := form.New(url.Values{"q": r.URL.Query()["q"]})
	words := f.Text("q")
	f.AtMost("q", 100, "What you look for")
	found := &funding.SupplierPage{Page: 1, Size: suppliersAPage}
	if f.OK() {
		resp, err := s.Funding.ListSuppliersWithResponse(r.Context(), &funding.ListSuppliersParams{
			Q: new(words), Page: new(pageOf(r)), Size: new(suppliersAPage),
		})
		if err != nil {
			return nil, err
		}
		found = resp.JSON200
	}
	layout := component.LayoutProps{Title: titled("Suppliers", found.Page, found.Size, found.Total), Errors: f.Errors()}
	return web.Show(layout, suppliers(f, found, me)), nil
}

func (s Suppliers) blank(r *http.Request) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	return showAddSupplier(form.New(nil), me), nil
}

func showAddSupplier(f *form.Form, me identity.Person) web.Answer {
	return web.Show(component.LayoutProps{
		Title: "Add a supplier", Errors: f.Errors(), Before: component.BackLink("Suppliers", "/suppliers"),
	}, addSupplier(f, me))
}

// typedSupplier reads the page of a supplier, from top to bottom.
func typedSupplier(f *form.Form) funding.SupplierEdit {
	return funding.SupplierEdit{
		Name: f.Required("name", "Enter the supplier’s name."), Postcode: f.Required("postcode", "Enter the postcode."),
		CompanyNumber: f.Text("company"), CharityNumber: f.Text("charity"), LocalTo: f.Values("local"), Closed: f.Text("closed") != "",
	}
}

// add adds a supplier. When it may be there already, it shows which first.
func (s Suppliers) add(r *http.Request) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	typed := typedSupplier(f)
	if !f.OK() || f.Value("step") == "change" {
		return showAddSupplier(f, me), nil
	}
	added, err := s.Funding.AddSupplierWithResponse(r.Context(), &funding.AddSupplierParams{}, funding.NewSupplier{
		Name: typed.Name, Postcode: typed.Postcode, CompanyNumber: typed.CompanyNumber, CharityNumber: typed.CharityNumber, LocalTo: typed.LocalTo,
		Different: f.Value("step") == "different",
	})
	if who := supplierCandidates(err); len(who) > 0 {
		return web.Show(component.LayoutProps{Title: "It may be here already", Before: component.BackLink("Suppliers", "/suppliers")}, mayBeSupplier(f, who)), nil
	}
	if err := f.Fail(err, supplierNames); err != nil {
		return nil, err
	}
	if !f.OK() {
		return showAddSupplier(f, me), nil
	}
	return web.Go(supplierPath(added.JSON201.Id)).Saying("You added " + added.JSON201.Name + "."), nil
}

// supplierCandidates is which a supplier may already be, if that is why it was
// not added.
func supplierCandidates(err error) []funding.Supplier {
	if !fault.Is(err, fault.Conflict) {
		return nil
	}
	raw, err := json.Marshal(fault.As(err).Extra["candidates"])
	if err != nil {
		return nil
	}
	var who []funding.Supplier
	if json.Unmarshal(raw, &who) != nil {
		return nil
	}
	return who
}

// supplier is the one that the address names.
func (d Deps) supplier(r *http.Request) (*funding.Supplier, error) {
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	resp, err := d.Funding.ReadSupplierWithResponse(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return resp.JSON200, nil
}

func (s Suppliers) read(r *http.Request) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	one, err := s.supplier(r)
	if err != nil {
		return nil, err
	}
	bank, err := s.Funding.ListSupplierBankDetailsWithResponse(r.Context(), one.Id)
	if err != nil {
		return nil, err
	}
	layout := component.LayoutProps{Title: one.Name, Before: component.BackLink("Suppliers", "/suppliers")}
	return web.Show(layout, supplierView(one, bank.JSON200.Items, me)), nil
}

func (s Suppliers) ask(r *http.Request) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	one, err := s.supplier(r)
	if err != nil {
		return nil, err
	}
	f := form.New(url.Values{
		"name": {one.Name}, "postcode": {one.Postcode}, "company": {one.CompanyNumber}, "charity": {one.CharityNumber}, "local": one.LocalTo,
	})
	if one.Closed {
		f.Set("closed", "yes")
	}
	f.Set("version", strconv.FormatInt(one.Version, 10))
	return showEditSupplier(f, one, me), nil
}

func showEditSupplier(f *form.Form, one *funding.Supplier, me identity.Person) web.Answer {
	return web.Show(component.LayoutProps{
		Title: "Correct " + one.Name, Errors: f.Errors(), Before: component.BackLink("Back to "+one.Name, supplierPath(one.Id)),
	}, editSupplier(f, one, me))
}

func (s Suppliers) edit(r *http.Request) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	id, f, version, err := editIn(r)
	if err != nil {
		return nil, err
	}
	typed := typedSupplier(f)
	if f.OK() {
		// Areas that are not ours are not on the page, and stay as they are.
		typed.LocalTo = slices.DeleteFunc(typed.LocalTo, func(area string) bool { return !me.Covers(area) })
		_, err := s.Funding.EditSupplierWithResponse(r.Context(), id, &funding.EditSupplierParams{IfMatch: etag.Version(version)}, typed)
		if err == nil {
			return web.Go(supplierPath(id)).Saying("The supplier is saved."), nil
		}
		if err := f.Fail(err, supplierNames); err != nil {
			return nil, err
		}
		if fault.Is(err, fault.Stale) {
			f.Set(theirs, "yes")
		}
	}
	one, err := s.supplier(r)
	if err != nil {
		return nil, err
	}
	f.Set("version", strconv.FormatInt(one.Version, 10))
	return showEditSupplier(f, one, me), nil
}
