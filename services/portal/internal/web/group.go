package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
)

// Page is one page of the portal, or a few that make one journey.
type Page interface {
	// Register says at which addresses the page is, and for whom.
	Register(*Group)
}

// Handler answers a request for a page. An error becomes an error page that
// suits its kind; one that is no fault becomes "something went wrong".
//
// A variable of the route, such as :id, is r.PathValue("id"). What a form sent
// is in r.PostForm, and a file in it is r.FormFile.
type Handler func(*http.Request) (Answer, error)

// Group is where pages register themselves.
type Group struct {
	site *site
	echo *echo.Echo
}

// Open adds a page that anyone may read, signed in or not.
func (g *Group) Open(path string, h Handler) { g.add(http.MethodGet, path, h, nil) }

// Get adds a page for people with any of these roles.
func (g *Group) Get(path string, h Handler, roles ...identity.Role) {
	g.add(http.MethodGet, path, h, named(path, roles))
}

// Post adds what happens when a form is sent by people with any of these roles.
// The form's key is passed on to the services, so that a form sent twice does
// its work once.
func (g *Group) Post(path string, h Handler, roles ...identity.Role) {
	g.add(http.MethodPost, path, h, named(path, roles))
}

// Home adds the page that a role begins with, and puts it first in that role's
// menu. Somebody with two roles gets both homes in their menu, and lands on the
// one registered first. People with one of the roles also named may read it too.
func (g *Group) Home(role identity.Role, text, path string, h Handler, also ...identity.Role) {
	g.Get(path, h, append([]identity.Role{role}, also...)...)
	g.site.menus = append(g.site.menus, menu{role, text, path, true})
}

// Menu puts a page in a role's menu.
func (g *Group) Menu(role identity.Role, text, path string) {
	g.site.menus = append(g.site.menus, menu{role, text, path, false})
}

// HomeOf returns the address of somebody's home, or "" if no page is for any
// of their roles.
func (g *Group) HomeOf(p identity.Person) string {
	for _, m := range g.site.menus {
		if m.home && p.Is(m.role) {
			return m.href
		}
	}
	return ""
}

// named panics for a page that is for nobody: that is a slip in a page, found
// by any test that starts the portal.
func named(path string, roles []identity.Role) []identity.Role {
	if len(roles) == 0 {
		panic(fmt.Sprintf("web: %s names no roles; use Open for a page that anyone may read", path))
	}
	return roles
}

func (g *Group) add(method, path string, h Handler, roles []identity.Role) {
	methods := []string{method}
	if method == http.MethodGet {
		methods = append(methods, http.MethodHead) // net/http leaves the body out
	}
	g.echo.Match(methods, path, func(c echo.Context) error {
		if err := g.site.admit(c, roles); err != nil {
			return err
		}
		r, err := ready(c)
		if err != nil {
			return err
		}
		answer, err := h(r)
		if err != nil {
			return err
		}
		return answer.send(g.site, c)
	})
}

// ready returns the request as pages see it: route variables in place, form
// read, and its key where httpx.Client finds it.
func ready(c echo.Context) (*http.Request, error) {
	r := c.Request()
	for i, name := range c.ParamNames() {
		r.SetPathValue(name, c.ParamValues()[i])
	}
	if r.Method != http.MethodPost {
		return r, nil
	}
	parse := r.ParseForm
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		parse = func() error { return r.ParseMultipartForm(1 << 20) } // the rest goes to disk
	}
	if err := parse(); err != nil {
		return nil, unreadable(err)
	}
	return r.WithContext(db.WithKey(r.Context(), r.PostForm.Get(form.KeyName))), nil
}

// Step names one of several changes that a form makes, so that each has a key
// of its own, and sending the form twice still makes each once:
//
//	a, err := p.Funding.OpenAllowance(ctx, …)
//	r, err := p.Funding.NewRequest(web.Step(ctx, "request"), …)
func Step(ctx context.Context, name string) context.Context {
	if key := db.Key(ctx); key != "" {
		return db.WithKey(ctx, key+"/"+name)
	}
	return ctx
}

// admit lets people with any of these roles in, and everybody if there are none.
func (s *site) admit(c echo.Context, roles []identity.Role) error {
	if roles == nil {
		return nil
	}
	p, err := identity.From(c.Request().Context())
	if err != nil {
		return signInFirst{roles}
	}
	if !slices.ContainsFunc(roles, p.Is) {
		return fault.Newf(fault.Forbidden, "This page is for %s.", together(roles))
	}
	return nil
}

// plural names the people who have a role.
var plural = map[identity.Role]string{
	identity.Coach: "work coaches", identity.Manager: "managers",
	identity.Finance: "finance officers", identity.Auditor: "auditors", identity.Jobseeker: "jobseekers",
}

func together(roles []identity.Role) string {
	words := make([]string, len(roles))
	for i, r := range roles {
		words[i] = plural[r]
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// menu is one item of one role's menu.
type menu struct {
	role identity.Role
	text string
	href string
	home bool
}

// nav is the menu of somebody who looks at path: what is for any of their
// roles, each address once. The item that path is nearest below is the active
// one.
func (s *site) nav(p identity.Person, path string) []component.NavItem {
	var items []component.NavItem
	nearest := -1
	for _, m := range s.menus {
		if !p.Is(m.role) || slices.ContainsFunc(items, func(i component.NavItem) bool { return i.Href == m.href }) {
			continue
		}
		items = append(items, component.NavItem{Text: m.text, Href: m.href, Current: path == m.href})
		below := path == m.href || strings.HasPrefix(path, m.href+"/")
		if below && (nearest < 0 || len(m.href) > len(items[nearest].Href)) {
			nearest = len(items) - 1
		}
	}
	if nearest >= 0 {
		items[nearest].Active = true
	}
	return items
}
