package crash_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/standalone/internal/demo"
)

// person is somebody who acts, over HTTP as from a page.
type person struct {
	identity.Person
	who      demo.Person
	provider *demo.Provider

	mu    sync.Mutex
	token string
	until time.Time
}

func newPerson(at *demo.Provider, p demo.Person) *person {
	return &person{
		Person:   identity.Person{ID: identity.IDOf(at.Issuer(), p.Subject), Name: p.Name, Roles: p.Roles, Areas: p.Areas},
		who:      p,
		provider: at,
	}
}

// bearer is an access token that is good for some minutes yet.
func (p *person) bearer(ctx context.Context) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Now().Before(p.until) {
		return p.token, nil
	}
	token, err := p.provider.Token(ctx, p.who)
	p.token, p.until = token, time.Now().Add(5*time.Minute)
	return token, err
}

// message is one unsafe call, which is sent under the same key until there is an
// answer to it, and what the books are to say if it is acknowledged.
type message struct {
	verb    string // an operation of the contract
	by      *person
	id      uuid.UUID // in the address; uuid.Nil if there is none
	second  uuid.UUID // in the address too
	query   url.Values
	version int64  // in If-Match; 0 for none
	body    any    // JSON, if it is not raw
	raw     []byte // a file
	key     string

	about uuid.UUID                 // what the audit trail has it under, if not id
	learn func(answer []byte) error // reads an acknowledgement, with the world locked
	does  []effect                  // to the books, once acknowledged
}

// answer is what came back of a message in the end.
type answer struct {
	ok     bool
	status int
	kind   fault.Kind // of a refusal
	body   []byte
}

// load is people at work, all at once, on one machine.
type load struct {
	*world
	origin string
	client http.Client
	calls  map[string]call // by operation

	pause   sync.RWMutex // a worker holds it while a message is on its way
	stopped atomic.Bool
	failed  chan error
	lost    atomic.Int64 // answers that did not come
	ended   atomic.Int64 // messages that were answered
}

// call is how the contract has an operation called.
type call struct {
	method, path string
	media        string
}

func newLoad(w *world, origin string, calls map[string]call) *load {
	return &load{
		world: w, origin: origin, calls: calls, failed: make(chan error, 100),
		client: http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}, Timeout: 30 * time.Second},
	}
}

// worker does one thing after another, as whoever it takes.
type worker struct {
	*load
	rng    *rand.Rand
	number int
	sent   int
	forced *person // who has to do it, whoever may
}

// work goes on until the load is stopped, or something fails that must not.
func (w *worker) work(ctx context.Context) {
	for !w.stopped.Load() {
		w.pause.RLock()
		err := w.one(ctx)
		w.pause.RUnlock()
		if err != nil {
			select {
			case w.failed <- err:
			default:
			}
			return
		}
	}
}

// one sends one message, and now and then the same one once more.
func (w *worker) one(ctx context.Context) error {
	name := w.next()
	m, err := verbs[name].try(ctx, w)
	w.forced = nil
	if err != nil || m == nil {
		return err // nothing to do it to yet
	}
	w.sent++
	m.verb, m.key = name, fmt.Sprintf("crash-%d-%d", w.number, w.sent)
	if m.by == nil {
		return fmt.Errorf("%s has nobody to do it", name)
	}
	a, err := w.send(ctx, m)
	if err != nil {
		return err
	}
	if w.rng.IntN(20) == 0 {
		again, err := w.send(ctx, m)
		switch {
		case err != nil:
			return err
		case a.ok && !again.ok:
			return fmt.Errorf("%s by %s, acknowledged, was refused when it came again: %d %s", m.verb, m.by.Name, again.status, again.body)
		}
		a = again
	}
	w.ended.Add(1)
	return w.note(m, a)
}

// next chooses what to try: first of all everything by everybody, once, and then
// whatever comes, the everyday things more often.
func (w *worker) next() string {
	if w.rng.IntN(6) == 0 {
		if name, by, ok := w.sweep(); ok {
			w.forced = by
			return name
		}
	}
	n := w.rng.IntN(totalWeight)
	for _, name := range verbNames {
		if n -= verbs[name].weight; n < 0 {
			return name
		}
	}
	panic("weights")
}

// patience is how long a message is sent again before the system counts as gone
// for good.
const patience = 90 * time.Second

// send sends m until it is answered. A refusal is one of the contract's problems
// and never a fault of ours; a part that is not there is asked again, as is a
// system that is gone.
func (w *worker) send(ctx context.Context, m *message) (answer, error) {
	for deadline := time.Now().Add(patience); ; {
		a, err := w.attempt(ctx, m)
		if err == nil && a.kind != fault.Unavailable {
			return a, w.mustBe(m, a)
		}
		if err != nil {
			w.lost.Add(1)
		}
		if ctx.Err() != nil {
			return a, ctx.Err()
		}
		if time.Now().After(deadline) {
			return a, fmt.Errorf("%s by %s had no answer for %v: %v %s", m.verb, m.by.Name, patience, err, a.body)
		}
		time.Sleep(time.Duration(5+w.rng.IntN(20)) * time.Millisecond)
	}
}

// mustBe holds an answer against the contract, and against who may do what.
func (w *worker) mustBe(m *message, a answer) error {
	switch {
	case a.ok && !mayEver(m):
		return fmt.Errorf("%s was done by %s, who has no role for it", m.verb, m.by.Name)
	case !a.ok && (a.status >= 500 || a.kind == "" || httpx.Status(a.kind) != a.status):
		return fmt.Errorf("%s by %s was answered with %d %s", m.verb, m.by.Name, a.status, a.body)
	}
	return nil
}

func mayEver(m *message) bool {
	return slices.ContainsFunc(verbs[m.verb].roles, m.by.Is)
}

func (w *worker) attempt(ctx context.Context, m *message) (answer, error) {
	c := w.calls[m.verb]
	path := strings.NewReplacer("{id}", m.id.String(), "{payment}", m.second.String()).Replace(c.path)
	sent := m.raw
	if m.body != nil {
		var err error
		if sent, err = json.Marshal(m.body); err != nil {
			return answer{}, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, c.method, w.origin+"/api/funding"+path+"?"+m.query.Encode(), bytes.NewReader(sent))
	if err != nil {
		return answer{}, err
	}
	r.GetBody = nil // else the transport sends it again by itself, and nobody knows that an answer was lost
	r.Header.Set("Content-Type", c.media)
	r.Header.Set("Idempotency-Key", m.key)
	if m.version != 0 {
		r.Header.Set("If-Match", etag.Version(m.version).String())
	}
	return w.do(ctx, r, m.by)
}

func (w *worker) do(ctx context.Context, r *http.Request, by *person) (answer, error) {
	token, err := by.bearer(ctx)
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := w.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, ok: resp.StatusCode < 300}
	if a.body, err = io.ReadAll(resp.Body); err != nil || a.ok {
		return a, err
	}
	var problem struct{ Type string }
	if err := json.Unmarshal(a.body, &problem); err == nil {
		a.kind = fault.Kind(strings.TrimPrefix(problem.Type, httpx.ProblemType))
	}
	return a, nil
}

// read fills out with what is at this address, as somebody who may see it. It
// reports whether there was such a thing.
func (w *worker) read(ctx context.Context, by *person, path string, out any) (bool, error) {
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.origin+"/api/"+path, nil)
		if err != nil {
			return false, err
		}
		a, err := w.do(ctx, r, by)
		switch {
		case err == nil && a.ok:
			return true, json.Unmarshal(a.body, out)
		case err == nil && a.status == http.StatusNotFound:
			return false, nil
		case err == nil && a.kind != fault.Unavailable:
			return false, fmt.Errorf("%s by %s was answered with %d %s", path, by.Name, a.status, a.body)
		case ctx.Err() != nil || time.Now().After(deadline):
			return false, fmt.Errorf("%s had no answer: %v %s", path, err, a.body)
		}
	}
}

// hold keeps everybody from going on until the returned function is called. It
// waits until nobody waits for an answer any more.
func (l *load) hold(t *testing.T) (release func()) {
	t.Helper()
	l.pause.Lock()
	select {
	case err := <-l.failed:
		l.pause.Unlock()
		t.Fatal(err)
	default:
	}
	return l.pause.Unlock
}

// until waits until so many messages were answered, or something failed.
func (l *load) until(t *testing.T, n int64) {
	t.Helper()
	for l.ended.Load() < n {
		select {
		case err := <-l.failed:
			t.Fatal(err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
