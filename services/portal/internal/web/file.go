package web

import (
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
)

// File answers with a file for the browser to keep under this name. Content that
// is a Closer is closed once it was sent, or once nobody waits for it any more.
// Content that fails half-way breaks the connection off, so that no browser takes
// what came of it for the whole.
func File(name, contentType string, content io.Reader) Answer {
	return file{name, contentType, content}
}

type file struct {
	name, contentType string
	content           io.Reader
}

func (a file) send(s *site, c echo.Context) error {
	if closer, ok := a.content.(io.Closer); ok {
		defer closer.Close()
	}
	if err := s.save(c); err != nil {
		return err
	}
	c.Response().Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": a.name}))
	err := c.Stream(http.StatusOK, a.contentType, a.content)
	if err != nil && c.Response().Committed {
		s.Log.ErrorContext(c.Request().Context(), "a file was not sent to its end", "cause", err)
		panic(http.ErrAbortHandler)
	}
	return err
}

// Again answers as a does, and has the browser ask again after a while, script
// or none: for something that is still going on. Offer the reader a way to stop
// it, because a page that changes by itself is hard for some to read.
func Again(a Answer, after time.Duration) Answer { return again{a, after} }

type again struct {
	Answer
	after time.Duration
}

func (a again) send(s *site, c echo.Context) error {
	c.Response().Header().Set("Refresh", strconv.Itoa(int(a.after.Seconds())))
	return a.Answer.send(s, c)
}
