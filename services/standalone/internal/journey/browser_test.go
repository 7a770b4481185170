package journey_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

//go:embed testdata/axe.min.js
var axe string

// browser starts one Chromium for all tests; each person gets a profile of
// their own in it.
var browser = sync.OnceValues(func() (context.Context, error) {
	path, err := chromium()
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true),
	)
	allocator, _ := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	return ctx, chromedp.Do(ctx)
})

// chromium finds the browser that `make test` installs, or one that is there.
func chromium() (string, error) {
	for _, name := range []string{os.Getenv("CHROME_BIN"), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if name == "" {
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no Chromium: run these tests with make test, which installs it, or set CHROME_BIN")
}

// person is somebody at a browser.
type person struct {
	t      *testing.T
	ctx    context.Context
	script bool  // whether pages may run scripts
	width  int64 // of their window
}

// width of a desktop window, and of the smallest telephone that we draw for.
const desktop, telephone = 1280, 320

// newPerson opens a browser with an empty profile.
func newPerson(t *testing.T, script bool) *person {
	t.Helper()
	parent, err := browser()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	p := &person{t: t, ctx: ctx, script: script, width: desktop}
	// The first run opens the window, which lives as long as its context.
	if err := chromedp.Do(ctx, send(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !script})); err != nil {
		t.Fatal(err)
	}
	p.size(p.width)
	return p
}

// onAPhone has the person go on with the smallest telephone.
func (p *person) onAPhone() *person {
	p.t.Helper()
	p.width = telephone
	p.size(p.width)
	return p
}

// send is a bare command to the browser.
func send[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// patience is how long a person waits for anything.
const patience = 30 * time.Second

func do[T any](p *person, what string, a chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		p.t.Fatalf("%s: %v\n%s", what, err, p.where())
	}
	return v
}

func (p *person) size(width int64) {
	p.t.Helper()
	do(p, "resize", send(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 600,
	}))
}

// ask runs an expression that returns a value, as the browser's own tools may
// even where pages may run no script.
func ask[T any](p *person, expression string) T {
	p.t.Helper()
	return do(p, "ask", chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// loaded does what makes the browser load a page, waits for it, and looks at it
// as a critic.
func (p *person) loaded(what string, act chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	do(p, what, chromedp.WaitEvent(page.LoadEventFired, nil, act))
	p.inspect()
}

func (p *person) open(path string) {
	p.t.Helper()
	p.loaded("open "+path, send(page.Navigate, page.NavigateParams{URL: theWhole.origin + path}))
}

// find is JavaScript that returns the visible element that a person would mean
// by some words: a link or button by what it says, a field by its label.
const find = `((kind, words, nth) => {
	const norm = s => (s || '').replace(/\s+/g, ' ').trim();
	const seen = e => e.getClientRects().length > 0;
	const name = e => norm(e.getAttribute('aria-label') || e.innerText || e.value);
	if (kind === 'act') {
		const all = [...document.querySelectorAll('a[href], button, summary, input[type=submit]')].filter(seen);
		const exact = all.filter(e => name(e) === words);
		return (exact.length ? exact : all.filter(e => name(e).startsWith(words)))[nth] || null;
	}
	const labels = [...document.querySelectorAll('label')].filter(e => norm(e.innerText) === words || norm(e.innerText).startsWith(words));
	const exact = labels.filter(e => norm(e.innerText) === words);
	const fields = (exact.length ? exact : labels).map(l => document.getElementById(l.htmlFor)).filter(e => e && (seen(e) || e.type === 'file'));
	return fields[nth] || null;
})`

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// point brings the mouse to the middle of an element, scrolled into view, and
// returns where that is. The browser answers a movement once it has drawn the
// page as it is now, where a press just after the window changed its size can
// land on what was there before.
func (p *person) point(kind, words string, nth int) (x, y float64) {
	p.t.Helper()
	x, y = p.middle(kind, words, nth)
	do(p, "move the mouse", send(input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseMoved, X: x, Y: y}))
	return p.middle(kind, words, nth)
}

func (p *person) middle(kind, words string, nth int) (x, y float64) {
	p.t.Helper()
	at := ask[[]float64](p, fmt.Sprintf(`(() => { const e = %s(%s, %s, %d); if (!e) return [];
		e.scrollIntoView({block: 'center', behavior: 'instant'}); const r = e.getClientRects()[0]; return [r.x + r.width / 2, r.y + r.height / 2]; })()`, find, quoted(kind), quoted(words), nth))
	if len(at) == 0 {
		p.t.Fatalf("there is no %q here\n%s", words, p.where())
	}
	return at[0], at[1]
}

// click follows a link or presses a button, which leads to another page.
func (p *person) click(words string) {
	p.t.Helper()
	x, y := p.point("act", words, 0)
	p.loaded("click "+words, chromedp.MouseClickXY(x, y))
}

// clickNth is click for the nth, from 0, of several that say the same.
func (p *person) clickNth(words string, nth int) {
	p.t.Helper()
	x, y := p.point("act", words, nth)
	p.loaded("click "+words, chromedp.MouseClickXY(x, y))
}

// clickTwice presses a button twice, as impatient people do.
func (p *person) clickTwice(words string) {
	p.t.Helper()
	x, y := p.point("act", words, 0)
	p.loaded("double click "+words, chromedp.Steps(chromedp.MouseClickXY(x, y), chromedp.MouseClickXY(x, y, chromedp.ClickCount(2))))
	time.Sleep(time.Second) // the first answer may be followed by the second's
}

// fill types into the field with this label, in place of what it held.
func (p *person) fill(label, value string) { p.t.Helper(); p.fillNth(label, 0, value) }

func (p *person) fillNth(label string, nth int, value string) {
	p.t.Helper()
	p.point("field", label, nth)
	typed := ask[bool](p, fmt.Sprintf(`(() => { const e = %s('field', %s, %d); e.focus();
		if (e.tagName !== 'SELECT') { e.select(); return true; }
		e.value = [...e.options].find(o => o.text.trim() === %s).value; return false; })()`, find, quoted(label), nth, quoted(value)))
	if typed {
		do(p, "type", send(input.InsertText, input.InsertTextParams{Text: value}))
	}
}

// choose clicks a radio button or checkbox.
func (p *person) choose(label string) { p.t.Helper(); p.chooseNth(label, 0) }

func (p *person) chooseNth(label string, nth int) {
	p.t.Helper()
	x, y := p.point("field", label, nth)
	do(p, "choose "+label, chromedp.MouseClickXY(x, y))
}

// upload gives a file to the field with this label.
func (p *person) upload(label, file string) {
	p.t.Helper()
	path, err := filepath.Abs(file)
	if err != nil {
		p.t.Fatal(err)
	}
	id := ask[string](p, fmt.Sprintf(`(%s('field', %s, 0) || {}).id || ''`, find, quoted(label)))
	if id == "" {
		p.t.Fatalf("there is no %q here\n%s", label, p.where())
	}
	do(p, "upload", chromedp.SetUploadFiles(chromedp.CSS("#"+id), []string{path}))
}

// reads returns what the page says, as a person reads it.
func (p *person) reads() string {
	p.t.Helper()
	return strings.Join(strings.Fields(ask[string](p, `document.body.innerText`)), " ")
}

// says reports whether the page says this.
func (p *person) says(words string) bool { return strings.Contains(p.reads(), words) }

// sees fails unless the page says all of these.
func (p *person) sees(words ...string) {
	p.t.Helper()
	said := p.reads()
	for _, w := range words {
		if !strings.Contains(said, w) {
			p.t.Errorf("the page does not say %q\n%s", w, p.where())
		}
	}
}

// seesNot fails if the page says any of these.
func (p *person) seesNot(words ...string) {
	p.t.Helper()
	said := p.reads()
	for _, w := range words {
		if strings.Contains(said, w) {
			p.t.Errorf("the page says %q\n%s", w, p.where())
		}
	}
}

func (p *person) address() string { return ask[string](p, `location.pathname`) }

// where says what is in front of the person, for a failed test.
func (p *person) where() string {
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	said, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + '\n' + document.title + '\n' + document.body.innerText`))
	return "── " + said
}

// picture keeps a screenshot of the whole page in the folder SHOTS, if it is set.
func (p *person) picture(name string) {
	p.t.Helper()
	dir := os.Getenv("SHOTS")
	if dir == "" {
		return
	}
	for _, width := range []int64{desktop, 375} {
		p.size(width)
		png := do(p, "screenshot", chromedp.FullScreenshot(100))
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d.png", name, width)), png, 0o644); err != nil {
			p.t.Error(err)
		}
	}
	p.size(p.width)
}
