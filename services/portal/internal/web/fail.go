package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/telemetry"
	"github.com/instead-support/instead/services/portal/internal/component"
)

var errOtherSite = fault.New(fault.Forbidden, "This form came from another website, so we did nothing with it.")

// signInFirst is met by somebody who is not signed in at a page for roles.
type signInFirst struct{ roles []identity.Role }

// Error is for a log; people are sent to sign in.
func (signInFirst) Error() string { return "not signed in" }

// unreadable is a form that could not be read.
func unreadable(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		// The server reads a little more than a file may be, for what is around it.
		return fault.New(fault.TooLarge, "A file may be up to 20 MB, and what was sent is larger. Nothing was kept of it.")
	}
	return fault.Wrap(err, fault.Invalid, "We could not read what your browser sent.")
}

// trouble is an error page.
type trouble struct {
	status    int
	title     string
	message   string
	errors    []component.ErrorItem
	advice    string
	link      component.Link
	reference string // of the trace: what to quote when asking for help
}

// fail answers with an error page in plain words, with a way out.
func (s *site) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	if first, ok := errors.AsType[signInFirst](err); ok {
		err = s.sendToSignIn(c, first)
		if err == nil {
			return
		}
	}
	t := s.explain(err, c)
	t.reference = telemetry.TraceID(c.Request().Context())
	s.note(err, t.status, c)
	page := shown{component.LayoutProps{Title: t.title}, troublePage(t), t.status}
	if page.send(s, c) == nil {
		return
	}
	// The session or the page itself is what fails: say it without either.
	c.Response().Header().Set("Content-Type", "text/plain; charset=utf-8")
	c.Response().WriteHeader(t.status)
	_, _ = c.Response().Write([]byte(t.title + "\n\n" + t.message + "\n"))
}

// sendToSignIn takes somebody who wants to read a page to the way in that is
// theirs, and back again. A form can't be sent again by us, so its sender is
// told instead, and comes back to the page that the form was on.
func (s *site) sendToSignIn(c echo.Context, first signInFirst) error {
	if c.Request().Method == http.MethodPost {
		return fault.New(fault.Unauthenticated, "You were signed out, so what you sent was not saved.")
	}
	to := "/sign-in?" + url.Values{returnTo: {c.Request().URL.RequestURI()}}.Encode()
	if door := doorFor(first.roles); door != "" {
		to = doorHref(door, c.Request().URL.RequestURI())
	}
	return s.redirect(c, to)
}

// doorFor is the way in for people with these roles, or "" if they come in by
// more than one.
func doorFor(roles []identity.Role) string {
	switch {
	case len(roles) == 0:
		return ""
	case !slices.Contains(roles, identity.Jobseeker):
		return "staff"
	case len(roles) == 1:
		return "public"
	}
	return ""
}

// explain chooses the words for an error.
func (s *site) explain(err error, c echo.Context) trouble {
	home := component.Link{Text: "Go to your home page", Href: "/"}
	if visitOf(c).signIn == nil {
		home.Text = "Go to the start page"
	}
	if e, ok := errors.AsType[*echo.HTTPError](err); ok {
		switch e.Code {
		case http.StatusNotFound:
			err = fault.New(fault.NotFound, "If you typed the address, check it. If you followed a link, what it led to may have been removed.")
		case http.StatusMethodNotAllowed:
			return trouble{e.Code, "This page can’t be opened like that", "It answers to another kind of request.", nil, "", home, ""}
		case http.StatusTooManyRequests:
			return trouble{e.Code, "Too many tries", "There were too many tries in a short time. Nothing was changed.", nil, "Wait a minute and try again.", home, ""}
		}
	}
	f := fault.As(err)
	t := trouble{status: httpx.Status(f.Kind), message: f.Message, link: home}
	switch f.Kind {
	case fault.Invalid:
		t.title, t.advice = "There is a problem with what was sent", "Go back, put it right and send it again."
		for _, field := range f.Fields {
			t.errors = append(t.errors, component.ErrorItem{Text: field.Message})
		}
	case fault.Unauthenticated:
		t.title, t.link = "Sign in again", component.Link{Text: "Sign in and go on", Href: "/sign-in?" + url.Values{returnTo: {cameFrom(c.Request())}}.Encode()}
	case fault.Forbidden:
		t.title, t.advice = "You can’t do this", "If you think you should be able to, ask your manager."
	case fault.NotFound:
		t.title = "Page not found"
	case fault.Conflict, fault.Stale:
		t.title, t.advice = "Someone else changed this", "Open it again to see how it is now, then decide what to do."
	case fault.OverCap, fault.OverBudget:
		t.title = "This is more than is available"
	case fault.TooLarge:
		t.title, t.advice = "That is too large", "Go back and send something smaller."
	case fault.Unavailable:
		t.title = "This is not working right now"
	default:
		t.status, t.title = http.StatusInternalServerError, "Something went wrong"
	}
	return t
}

// cameFrom is the page that a form was on: for a page itself, the page.
func cameFrom(r *http.Request) string {
	if r.Method != http.MethodPost {
		return r.URL.RequestURI()
	}
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host != r.Host {
		return "/"
	}
	return from.RequestURI()
}

// note logs what only we can mend, with its cause, and the rest quietly. What
// people typed, and addresses, which may hold it, stay out.
func (s *site) note(err error, status int, c echo.Context) {
	ctx, route := c.Request().Context(), c.Request().Method+" "+c.Path()
	if status >= http.StatusInternalServerError {
		s.Log.ErrorContext(ctx, "page failed", "route", route, "status", status, "cause", db.Cause(err))
		return
	}
	s.Log.InfoContext(ctx, "page refused", "route", route, "status", status)
}
