package crash_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"
)

var (
	kills = flag.Int("kills", 5, "how often the system is killed")
	seeds = flag.Uint64("seed", 0, "what is tried, and when it is killed; any, if 0")
	crowd = flag.Int("workers", 12, "how many people are at work at once")
)

func TestMain(m *testing.M) {
	if where := os.Getenv(asChild); where != "" {
		if err := beSystem(context.Background(), where); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1) // it is to be killed
	}
	os.Exit(m.Run())
}

// Everybody does whatever they may and may not, all at once, and the system is
// killed at any moment: what was acknowledged is there once, what was refused is
// not, and the books balance to the penny, each time.
func TestKilledAtAnyMomentItLosesNothingAcknowledgedAndPaysNothingTwice(t *testing.T) {
	seed := *seeds
	if seed == 0 {
		seed = rand.Uint64N(1 << 32)
	}
	t.Logf("with -seed=%d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	m := newMachine(t)
	slowest := m.start(t)
	w := newWorld(t, m, rng)
	w.books = m.books(t)
	l := newLoad(w, m.origin, callsOf(t))
	asks := &worker{load: l, rng: rng, number: -1}

	var workers sync.WaitGroup
	for i := range *crowd {
		one := &worker{load: l, rng: rand.New(rand.NewPCG(seed, uint64(i+1))), number: i}
		workers.Go(func() { one.work(t.Context()) })
	}
	defer workers.Wait()
	defer l.stopped.Store(true)

	for kill := 1; kill <= *kills; kill++ {
		l.until(t, l.ended.Load()+int64(rng.IntN(200)))
		for n := 0; kill == *kills && n < 200 && !w.everyday(); n++ {
			l.until(t, l.ended.Load()+20)
		}
		time.Sleep(time.Duration(rng.IntN(50)) * time.Millisecond)
		what := disasters[rng.IntN(len(disasters))](m, t, rng)
		slowest = max(slowest, m.recover(t))
		func() {
			defer l.hold(t)()
			w.check(t, m)
			asks.reconciled(t)
			if kill == *kills && !t.Failed() {
				asks.filesAreWhole(t)
				w.told(t, m)
				w.report(t, slowest, l.lost.Load())
			}
		}()
		if t.Failed() {
			t.Fatalf("after %d kills, the last of %s", kill, what)
		}
	}
}

// report says what was done, and fails if too little was for this to have shown
// anything.
func (w *world) report(t *testing.T, slowest time.Duration, lost int64) {
	t.Helper()
	done, refused := 0, 0
	for _, name := range verbNames {
		done, refused = done+w.acked[name], refused+w.other[name]
		t.Logf("%6d acknowledged %6d refused %s", w.acked[name], w.other[name], name)
	}
	t.Logf("%d kills, %d acknowledged, %d refused, %d answers lost; the slowest start took %v", *kills, done, refused, lost, slowest)
	if !w.everyday() {
		t.Error("nobody got round to all that money goes through")
	}
	if len(w.untried) > 0 && *kills >= 50 {
		t.Errorf("%d pairs of a verb and a person were never tried, such as %s by %s", len(w.untried), w.untried[0].verb, w.untried[0].by.Name)
	}
}

// everyday reports whether money has gone all of its way by now.
func (w *world) everyday() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !slices.ContainsFunc([]string{"approveRequest", "planPayments", "completePayment", "exportBatch", "uploadResults", "recoverPayment", "confirmProposal"},
		func(name string) bool { return w.acked[name] == 0 })
}

func TestEveryUnsafeOperationIsTriedOrLeftOutWithAReason(t *testing.T) {
	calls := callsOf(t)
	for name := range calls {
		_, tried := verbs[name]
		_, out := left[name]
		if tried == out {
			t.Errorf("%s is to be either among the verbs or left out with a reason", name)
		}
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(verbs)), slices.Collect(maps.Keys(left))) {
		if _, ok := calls[name]; !ok {
			t.Errorf("the contract has no %s any more", name)
		}
	}
}

// references are what payments go by in a file.
var references = regexp.MustCompile(`PY-[0-9A-Z]{4}-[0-9A-Z]{4}`)

func sha(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func today() string { return time.Now().Format(time.DateOnly) }

// eventually waits for what happens by itself in a while.
func eventually(t *testing.T, otherwise string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !so(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(otherwise)
		}
	}
}

// download is a file, byte for byte.
func (w *worker) download(t *testing.T, path string) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.origin+"/api/"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := w.do(t.Context(), r, w.named("imran-sadiq"))
	if err != nil || !a.ok {
		t.Fatalf("%s: %d %v", path, a.status, err)
	}
	return a.body
}
