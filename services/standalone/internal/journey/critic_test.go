package journey_test

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/chromedp"
)

// inspected remembers the pages that were looked at, by address without ids and
// by title, so that each is looked at once.
var inspected sync.Map

var someID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

// inspect looks at the page as critics do: axe for WCAG 2.2 A and AA, no
// sideways scrolling on the smallest telephone, one heading, a title of its
// own, and no person's data in the address.
func (p *person) inspect() {
	p.t.Helper()
	if !p.script {
		return // the same HTML was looked at with scripts on
	}
	at := someID.ReplaceAllString(p.arrived(), "…")
	if strings.HasPrefix(at, "/demo-sign-in/") {
		return
	}
	if _, seen := inspected.LoadOrStore(at, true); seen {
		return
	}
	if n := ask[int](p, `document.querySelectorAll('h1').length`); n != 1 {
		p.t.Errorf("%s: %d first headings", at, n)
	}
	if search := ask[string](p, `location.search`); personal.MatchString(search) {
		p.t.Errorf("%s: the address carries what may be a person's: %s", at, search)
	}
	do(p, "axe", chromedp.Evaluate[chromedp.Void](axe))
	for _, width := range []int64{desktop, telephone} {
		p.size(width)
		if wide := ask[int](p, `document.documentElement.scrollWidth`); int64(wide) > width {
			p.t.Errorf("%s: scrolls sideways at %d, to %d: %s", at, width, wide, ask[string](p, overflow))
		}
		found := ask[[]string](p, `axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']}).then(r =>
			r.violations.map(v => v.id + ': ' + v.help + ': ' + v.nodes.map(n => n.html).slice(0, 3).join(' ; ')))`)
		for _, f := range found {
			p.t.Errorf("%s at %d: %s", at, width, f)
		}
	}
	p.size(p.width)
}

// arrived is where the browser is, once it is on a page that stays. The one of
// signing out goes on by itself, and whoever asks it something may be answered by
// the next, or by none.
func (p *person) arrived() string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	for {
		at, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.readyState === 'complete' ? location.pathname + ' ' + document.title : ''`))
		if err == nil && at != "" && !strings.HasPrefix(at, "/sign-out Signing you out") {
			return at
		}
		if ctx.Err() != nil {
			p.t.Fatalf("the browser does not come to rest: %q, %v", at, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// personal is what has no place in an address.
var personal = regexp.MustCompile(`(?i)%40|@|\bOL\d`)

// overflow names what sticks out to the right.
const overflow = `[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1).slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join(' ; ')`
