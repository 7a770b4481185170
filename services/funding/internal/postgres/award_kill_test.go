package postgres_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/award/awardtest"
	"github.com/instead-support/instead/services/funding/internal/postgres"
)

// hammered is what the child process of the test below is told.
type hammered struct {
	URL       string
	World     *awardtest.World
	Allowance uuid.UUID
}

// said is what the child says on its standard output, a line each: that it will
// try something under a key, or that it was told that it is done.
type said struct {
	Key     string
	Done    bool
	Request uuid.UUID
	Steps   int         // of its history then
	State   award.State // where it stood
	Version int64
}

const hammer = "INSTEAD_TEST_HAMMER"

// TestMain makes this binary the child when the test below asks for it.
func TestMain(m *testing.M) {
	if told := os.Getenv(hammer); told != "" {
		if err := beHammer(told); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func TestAProcessKilledAtAnyMomentLosesNothingAcknowledgedAndLeavesNothingHalfDone(t *testing.T) {
	t.Parallel()
	url := dbtest.URLs(t, postgres.Migrations, "funding").Serve
	d := deskOn(t, connect(t, url), 5000)
	told, err := json.Marshal(hammered{url, d.World, d.allowance.ID})
	if err != nil {
		t.Fatal(err)
	}
	var all []said
	for range 6 {
		all = append(all, kill(t, string(told), 40+rand.IntN(40))...)
		alone(t, d.db)
		checkKilled(t, d, all)
	}

	// Whoever got no answer sends the same message again: it is done once, if it
	// was not done already.
	done := map[string]bool{}
	for _, s := range all {
		if s.Done {
			done[s.Key] = true
		}
	}
	keys := map[string]bool{}
	for _, s := range all {
		if strings.HasPrefix(s.Key, "draft") {
			keys[s.Key] = true
		}
	}
	for key := range keys {
		if _, err := d.Draft(db.WithKey(d.as(d.Amina), key), d.allowance.ID, d.Fund.ID); err != nil {
			t.Errorf("%s again: %v", key, err)
		}
	}
	if n := count(t, d.db, "SELECT count(*) FROM request"); n != len(keys) {
		t.Errorf("%d requests came of %d messages", n, len(keys))
	}
	checkKilled(t, d, all)
	t.Logf("%d messages sent, %d acknowledged, %d requests, %d steps", len(all)-len(done), len(done), len(keys), count(t, d.db, "SELECT count(*) FROM history"))
}

// kill runs the child until it has said so many lines, kills it in the middle of
// whatever it is doing, and returns all that it said.
func kill(t *testing.T, told string, lines int) []said {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), hammer+"="+told)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var all []said
	for r := bufio.NewReader(out); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			break // the end; what has no newline was not said
		}
		var s said
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, s)
		if len(all) == lines {
			time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
			_ = child.Process.Kill()
		}
	}
	if err := child.Wait(); err == nil || child.ProcessState.ExitCode() != -1 {
		t.Fatalf("the child ended by itself: %v", err)
	}
	if len(all) < lines {
		t.Fatalf("the child said %d lines and was gone", len(all))
	}
	return all
}

// alone waits until the database has noticed that the child is gone.
func alone(t *testing.T, d *db.DB) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		n := count(t, d, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'hammer'`)
		if n == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d connections of a dead process are still there", n)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// checkKilled reconciles everything with everything, and with what was said.
func checkKilled(t *testing.T, d *desk, all []said) {
	t.Helper()
	agrees(t, d.db)
	var ids []uuid.UUID
	if err := d.db.Gorm.Raw("SELECT id FROM request").Scan(&ids).Error; err != nil {
		t.Fatal(err)
	}
	found := awardtest.Everything(t, d.store, []uuid.UUID{d.allowance.ID}, ids)
	if err := found.Reconcile(); err != nil {
		t.Error(err)
	}
	for _, s := range all {
		if !s.Done {
			continue
		}
		r, ok := found.Requests[s.Request]
		if !ok || r.Version < s.Version || len(r.History) < s.Steps || r.History[s.Steps-1].To != s.State {
			t.Errorf("acknowledged and lost: %+v; found version %d with %d steps", s, r.Version, len(r.History))
		}
	}
	toldAddsUp(t, d.db)
	if n := count(t, d.db, "SELECT count(*) FROM idempotency WHERE subject IS NULL"); n != 0 {
		t.Errorf("%d messages are half done", n)
	}
}

func count(t testing.TB, d *db.DB, sql string) (n int) {
	t.Helper()
	if err := d.Gorm.Raw(sql).Scan(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

// beHammer is the child: eight people at once do whatever they may to whatever
// there is, until it is killed.
func beHammer(told string) error {
	var h hammered
	if err := json.Unmarshal([]byte(told), &h); err != nil {
		return err
	}
	h.World.Now = awardtest.Clock()
	d, err := db.Open(context.Background(), h.URL+"&pool_max_conns=10&application_name=hammer")
	if err != nil {
		return err
	}
	store := postgres.NewAwards(d, events.Rows)
	w := &hammerer{World: h.World, awards: h.World.Awards(store), allowance: h.Allowance, failed: make(chan error)}
	for range 8 {
		go w.work()
	}
	return <-w.failed
}

type hammerer struct {
	*awardtest.World
	awards    *award.Awards
	allowance uuid.UUID
	say       sync.Mutex
	failed    chan error
}

func (w *hammerer) work() {
	for {
		if err := w.one(); err != nil {
			w.failed <- err
		}
	}
}

// one sends one message, having said that it will, and says what came of it.
func (w *hammerer) one() error {
	as := func(p identity.Person) context.Context { return identity.With(context.Background(), p) }
	waiting := []award.State{award.Draft, award.Submitted, award.Returned}
	found, n, err := w.awards.List(as(w.Priya), award.Filter{States: waiting}, award.Page{Number: 1, Size: 20})
	if err != nil {
		return err
	}
	if n < 6 {
		return w.send("draft", uuid.New(), func(key string) (award.Standing, error) {
			return w.awards.Draft(db.WithKey(as(w.Amina), key), w.allowance, w.Fund.ID)
		})
	}
	r := found[rand.IntN(len(found))]
	by := []identity.Person{w.Amina, w.Priya, w.Bilal}[rand.IntN(3)]
	s, err := w.awards.Get(as(by), r.ID)
	if err != nil || len(s.Can) == 0 || !slices.Contains(waiting, s.Request.State()) {
		return err // there is nothing to do, or somebody else did it since
	}
	verb := s.Can[rand.IntN(len(s.Can))]
	return w.send(string(verb), r.ID, func(key string) (award.Standing, error) {
		ctx, id, v := db.WithKey(as(by), key), r.ID, s.Request.Version
		switch verb {
		case award.VerbEdit:
			var ask award.Ask
			for range 1 + rand.IntN(3) {
				ask.Lines = append(ask.Lines, w.Line(w.SamsRecord, money.Pence(1+rand.Int64N(900))))
			}
			return w.awards.Edit(ctx, id, v, ask)
		case award.VerbSubmit:
			return w.awards.Submit(ctx, id, v)
		case award.VerbApprove:
			return w.awards.Approve(ctx, id, v, because)
		case award.VerbDecline:
			return w.awards.Decline(ctx, id, v, because)
		case award.VerbReturn:
			return w.awards.Return(ctx, id, v, because)
		default:
			return w.awards.Withdraw(ctx, id, v, "")
		}
	})
}

func (w *hammerer) send(verb string, id uuid.UUID, do func(key string) (award.Standing, error)) error {
	line := said{Key: verb + " " + uuid.NewString(), Request: id}
	w.print(line)
	s, err := do(line.Key)
	if err != nil {
		switch fault.As(err).Kind {
		case fault.Conflict, fault.Stale, fault.OverCap, fault.OverBudget, fault.Invalid:
			return nil // as it should be: others were faster, or there is no more
		}
		return fmt.Errorf("%s: %w", verb, err)
	}
	line.Done, line.Request = true, s.Request.ID
	line.Steps, line.State, line.Version = len(s.Request.History), s.Request.State(), s.Request.Version
	w.print(line)
	return nil
}

func (w *hammerer) print(s said) {
	b, err := json.Marshal(s)
	if err != nil {
		w.failed <- err
	}
	w.say.Lock()
	defer w.say.Unlock()
	_, _ = os.Stdout.Write(append(b, '\n'))
}
