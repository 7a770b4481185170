package page

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Line is one priced thing in a request: added, changed, removed.
type Line struct{ Deps }

// Register implements web.Page.
func (l Line) Register(g *web.Group) {
	g.Get("/requests/:id/lines/new", l.blank, identity.Coach)
	g.Post("/requests/:id/lines/new", l.save, identity.Coach)
	g.Get("/requests/:id/lines/:line", l.ask, identity.Coach)
	g.Post("/requests/:id/lines/:line", l.save, identity.Coach)
	g.Get("/requests/:id/lines/:line/remove", l.askRemove, identity.Coach)
	g.Post("/requests/:id/lines/:line/remove", l.remove, identity.Coach)
}

// kinds is what the fund that a request asks says today of each kind of thing.
func (d Deps) kinds(ctx context.Context, request *funding.Request) ([]funding.FundCategory, error) {
	resp, err := d.Funding.ListCategoriesWithResponse(ctx, request.Fund.Id, &funding.ListCategoriesParams{})
	if err != nil {
		return nil, err
	}
	return resp.JSON200.Items, nil
}

func (l Line) blank(r *http.Request) (web.Answer, error) {
	request, otherwise, err := l.editable(r)
	if err != nil || otherwise != nil {
		return otherwise, err
	}
	f := form.New(nil)
	setVersion(f, request)
	return l.show(r, f, request, "Add something that is needed")
}

func (l Line) ask(r *http.Request) (web.Answer, error) {
	request, otherwise, err := l.editable(r)
	if err != nil || otherwise != nil {
		return otherwise, err
	}
	i, found := lineIn(r, request)
	if !found {
		return web.Go(requestPath(request.Id)), nil
	}
	f, line := form.New(nil), request.Lines[i]
	setVersion(f, request)
	for name, value := range map[string]string{
		"what": line.What, "why": line.Why, "need": line.NeedId.String(), "category": line.Category,
		"supplier": line.Supplier, "amount": money.Pence(line.AmountPence).Input(), "quote": line.Quote,
	} {
		f.Set(name, value)
	}
	return l.show(r, f, request, "Change what is needed")
}

func (l Line) show(r *http.Request, f *form.Form, request *funding.Request, title string) (web.Answer, error) {
	c, err := l.asking(r.Context(), request)
	if err != nil {
		return nil, err
	}
	kinds, err := l.kinds(r.Context(), request)
	if err != nil {
		return nil, err
	}
	return web.Show(component.LayoutProps{
		Title: title, Errors: f.Errors(), Before: component.BackLink("Back to the request", requestPath(request.Id)),
	}, askLine(f, c, kinds, title)), nil
}

// save keeps a line: a new one, or the one that the address names.
func (l Line) save(r *http.Request) (web.Answer, error) {
	request, otherwise, err := l.editable(r)
	if err != nil || otherwise != nil {
		return otherwise, err
	}
	f := form.New(r.PostForm)
	version, err := versionIn(f)
	if err != nil {
		return nil, err
	}
	inTheWay, err := l.Needs.ListNeedsWithResponse(r.Context(), request.JobseekerId)
	if err != nil {
		return nil, err
	}
	kinds, err := l.kinds(r.Context(), request)
	if err != nil {
		return nil, err
	}
	line := typedLine(f, inTheWay.JSON200.Items, kinds)
	title, at := "Add something that is needed", len(request.Lines)
	if r.PathValue("line") != "" {
		title = "Change what is needed"
		i, found := lineIn(r, request)
		if !found {
			return web.Go(requestPath(request.Id)).Saying("This was removed from the request meanwhile."), nil
		}
		line.Id, at = request.Lines[i].Id, i
	}
	if f.OK() {
		if request.Version != version && kept(request.Lines, line) {
			return web.Go(requestPath(request.Id)), nil // by the first of two clicks
		}
		err := l.edit(r.Context(), request, version, func(e *funding.RequestEdit) {
			if at == len(e.Lines) {
				e.Lines = append(e.Lines, line)
			} else {
				e.Lines[at] = line
			}
		})
		if err == nil {
			return web.Go(requestPath(request.Id)), nil
		}
		if request, err = l.again(r, f, request, err, lineFields(at)); err != nil {
			return nil, err
		}
	}
	return l.show(r, f, request, title)
}

// again is what to do after an edit was refused: say so on the form, which is
// then about the request as it is now, and shows it. It returns an error that
// can't be mended on the form.
func (d Deps) again(r *http.Request, f *form.Form, request *funding.Request, refused error, fields form.Names) (*funding.Request, error) {
	if err := f.Fail(refused, fields); err != nil {
		return nil, err
	}
	if !fault.Is(refused, fault.Conflict) && !fault.Is(refused, fault.Stale) {
		return request, nil
	}
	now, err := d.request(r)
	if err != nil {
		return nil, err
	}
	setVersion(f, now)
	if fault.Is(refused, fault.Stale) {
		f.Set(theirs, "yes")
	}
	return now, nil
}

// lineFields is where what is wrong with the line at i belongs on the page.
func lineFields(i int) form.Names {
	names := form.Names{}
	for field, name := range map[string]string{
		"what": "what", "why": "why", "need_id": "need", "category": "category", "supplier": "supplier", "amount_pence": "amount", "quote": "quote",
	} {
		names["/lines/"+strconv.Itoa(i)+"/"+field] = name
	}
	return names
}

// typedLine reads the page of a line, from top to bottom.
func typedLine(f *form.Form, inTheWay []needs.Need, kinds []funding.FundCategory) funding.NewLine {
	var ids, categories []string
	for _, n := range inTheWay {
		ids = append(ids, n.Id.String())
	}
	for _, k := range kinds {
		categories = append(categories, k.Category)
	}
	line := funding.NewLine{What: f.Required("what", "Enter what is needed.")}
	f.AtMost("what", 200, "What is needed")
	line.NeedId, _ = uuid.Parse(f.Choice("need", "Choose the need that it meets.", ids...))
	line.Why = f.Required("why", "Enter why it gets them into work.")
	f.AtMost("why", 1000, "Why it gets them into work")
	amount := f.Money("amount")
	f.Want(amount > 0, "amount", "Enter an amount of 1p or more.")
	line.AmountPence = int64(amount)
	line.Quote = f.Text("quote")
	f.AtMost("quote", 200, "Where the price comes from")
	line.Supplier = f.Text("supplier")
	f.AtMost("supplier", 200, "The supplier")
	line.Category = f.Choice("category", "Choose what kind of thing it is.", categories...)
	if i := slices.Index(categories, line.Category); i >= 0 && !kinds[i].Allowed {
		f.Want(false, "category", kinds[i].Words) // why not, as the fund says it
	}
	return line
}

// kept reports whether the line is there already. A new line has no id to be
// known by, but nobody types all of one twice.
func kept(lines []funding.Line, typed funding.NewLine) bool {
	return slices.ContainsFunc(newLines(lines), func(there funding.NewLine) bool {
		if typed.Id == uuid.Nil {
			there.Id = uuid.Nil
		}
		return there == typed
	})
}

func (l Line) askRemove(r *http.Request) (web.Answer, error) {
	request, otherwise, err := l.editable(r)
	if err != nil || otherwise != nil {
		return otherwise, err
	}
	f := form.New(nil)
	setVersion(f, request)
	return l.showRemove(r, f, request)
}

func (l Line) showRemove(r *http.Request, f *form.Form, request *funding.Request) (web.Answer, error) {
	i, found := lineIn(r, request)
	if !found {
		return web.Go(requestPath(request.Id)), nil
	}
	c, err := l.asking(r.Context(), request)
	if err != nil {
		return nil, err
	}
	return web.Show(component.LayoutProps{
		Title: "Remove this from the request?", Errors: f.Errors(), Before: component.BackLink("Back to the request", requestPath(request.Id)),
	}, removeLine(f, c, request.Lines[i])), nil
}

func (l Line) remove(r *http.Request) (web.Answer, error) {
	request, otherwise, err := l.editable(r)
	if err != nil || otherwise != nil {
		return otherwise, err
	}
	i, found := lineIn(r, request)
	if !found {
		return web.Go(requestPath(request.Id)), nil // gone already
	}
	f := form.New(r.PostForm)
	version, err := versionIn(f)
	if err != nil {
		return nil, err
	}
	line := request.Lines[i]
	err = l.edit(r.Context(), request, version, func(e *funding.RequestEdit) {
		e.Lines = slices.Delete(e.Lines, i, i+1)
		if e.Elsewhere.Pence > 0 && e.Elsewhere.Pence >= totalOfLines(e.Lines) {
			e.Elsewhere = funding.Elsewhere{} // nobody else pays for what is not asked for
		}
	})
	if err == nil {
		return web.Go(requestPath(request.Id)).Saying("You removed " + line.What + "."), nil
	}
	if request, err = l.again(r, f, request, err, nil); err != nil {
		return nil, err
	}
	return l.showRemove(r, f, request)
}

func totalOfLines(lines []funding.NewLine) (sum int64) {
	for _, l := range lines {
		sum += l.AmountPence
	}
	return sum
}
