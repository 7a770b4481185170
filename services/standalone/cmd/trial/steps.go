package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
)

// patience is for how long a step that fails is tried again. A pod that was killed
// is back long before.
const patience = time.Minute

// count is what became of the requests that were sent.
type count struct {
	sent   atomic.Int64
	failed atomic.Int64 // not answered, or answered that something broke
}

// step is something that somebody does.
type step struct {
	what string
	by   *person
	do   func(context.Context) error
}

// step has p do something, again and again under one key until it is done: what a
// browser does for somebody who presses the button once more. What is refused is
// not tried again.
func (t *trial) step(ctx context.Context, p *person, what string, do func(context.Context) error) error {
	key, began := uuid.NewString(), time.Now()
	for {
		acting, err := p.as(ctx, key)
		if err != nil {
			return fmt.Errorf("%s: a token: %w", what, err)
		}
		t.sent.Add(1)
		if err = do(acting); err == nil {
			return nil
		}
		if kind := fault.As(err).Kind; kind != fault.Unavailable && kind != fault.Internal {
			return fmt.Errorf("%s: %w", what, err)
		}
		t.failed.Add(1)
		if time.Since(began) > patience || pause(ctx, 100*time.Millisecond) != nil {
			return fmt.Errorf("%s, tried for %v: %w", what, patience, err)
		}
	}
}

// visit looks at the portal's first page, and at where it sends somebody to sign
// in, for which it writes down a session.
func (t *trial) visit(ctx context.Context) error {
	client := *t.http
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for path, want := range map[string]int{"/": http.StatusOK, "/sign-in/staff": http.StatusSeeOther} {
		t.sent.Add(1)
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, t.PortalURL+path, nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(r)
		if err != nil {
			t.failed.Add(1)
			return err
		}
		_ = resp.Body.Close()
		if resp.StatusCode >= http.StatusInternalServerError {
			t.failed.Add(1)
		}
		if resp.StatusCode != want && resp.StatusCode != http.StatusFound {
			return fmt.Errorf("the portal answers %s with %d", path, resp.StatusCode)
		}
	}
	return nil
}

var errWrong = errors.New("it is not as it must be")
