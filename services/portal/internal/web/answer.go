package web

import (
	"bytes"
	"errors"
	"net/http"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/instead-support/instead/services/portal/internal/component"
)

// Answer is what a page answers with: Show or Go.
type Answer interface {
	send(*site, echo.Context) error
}

// Show answers with a page. The page gives its title, its errors and the way
// back; the menu, who is signed in, what was just done and the footer are added
// here. A page with errors is answered with status 422.
func Show(layout component.LayoutProps, body templ.Component) Answer {
	status := http.StatusOK
	if len(layout.Errors) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return shown{layout, body, status}
}

type shown struct {
	layout component.LayoutProps
	body   templ.Component
	status int
}

func (a shown) send(s *site, c echo.Context) error {
	l, v := a.layout, visitOf(c)
	l.Footer = footer
	if v.signIn != nil {
		l.Nav = s.nav(v.signIn.Person, c.Request().URL.Path)
		l.Person, l.SignOut = v.signIn.Person.Name, "/sign-out"
	}
	if v.loaded && l.Notice == "" {
		l.Notice = s.sessions.PopString(c.Request().Context(), noticeKey)
	}
	// Drawn in memory first, so that a page that fails half-way is an error page
	// and not half a page.
	var b bytes.Buffer
	ctx := templ.WithChildren(c.Request().Context(), a.body)
	if err := component.Layout(l).Render(ctx, &b); err != nil {
		return err
	}
	if err := s.save(c); err != nil {
		return err
	}
	return c.HTMLBlob(a.status, b.Bytes())
}

// Went is an Answer that sends the browser elsewhere.
type Went struct {
	to     string
	notice string
}

// Go answers by sending the browser to an address of the portal, such as
// "/requests/…", which it then asks for with GET: what to do after a form.
func Go(path string) Went { return Went{to: path} }

// Saying has the next page say, once, what was done: "Request sent."
func (a Went) Saying(notice string) Went {
	a.notice = notice
	return a
}

func (a Went) send(s *site, c echo.Context) error {
	to, ok := within(a.to)
	if !ok {
		return errors.New("web.Go leads out of the portal")
	}
	if a.notice != "" {
		s.sessions.Put(c.Request().Context(), noticeKey, a.notice)
	}
	return s.redirect(c, to)
}

// redirect has the browser ask for an address with GET.
func (s *site) redirect(c echo.Context, to string) error {
	if err := s.save(c); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, to)
}
