package crash_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/instead-support/instead/api/funding"
)

// books are what there must be, out of what was there at first and what was
// acknowledged since, by nothing that the system says of itself afterwards. They
// are held against what there is, one way and the other: what was acknowledged
// and is missing was lost, and what is there unacknowledged was done twice, or
// done although it was refused.
type books struct {
	facts map[string]map[string]string // by kind, and by what it is about
	looks map[string]int               // how often whoever did what to what, for the audit trail
	steps map[string]int               // requests' steps: how many of each
	money map[uuid.UUID]totals         // of each request
	acked map[string]int               // how often each verb was acknowledged
	other map[string]int               // and how often refused
}

// totals are a request's, in pence.
type totals struct{ held, committed, paid int64 }

func (t totals) plus(o totals) totals {
	return totals{t.held + o.held, t.committed + o.committed, t.paid + o.paid}
}

// effect is what the books say once a message is acknowledged.
type effect func(*books)

// kinds are the facts that are kept, and where each stands in the database as
// (what it is about, what is so). All of a kind is compared, and nothing but it.
var kinds = map[string]string{
	"message":    "SELECT person || ' ' || key, operation FROM idempotency WHERE key LIKE 'crash-%' AND subject IS NOT NULL",
	"half done":  "SELECT person || ' ' || key, operation FROM idempotency WHERE subject IS NULL",
	"allowance":  "SELECT id::text, jobseeker_id::text FROM allowance",
	"version":    "SELECT id::text, version::text FROM request",
	"plan":       "SELECT note, count(*) || ' of ' || sum(amount) FROM payment WHERE note LIKE 'crash-%' GROUP BY note",
	"completion": "SELECT id::text, paid::text FROM payment WHERE state = 'paid' AND batch_id IS NULL",
	"given up":   "SELECT id::text, words FROM payment WHERE state = 'cancelled'",
	"recovery":   "SELECT payment_id || ' ' || document, pence::text FROM recovery",
	"batch":      "SELECT id::text, created_by::text FROM batch",
	"file":       "SELECT id::text, encode(hash, 'hex') FROM batch WHERE state <> 'open'",
	"result":     "SELECT id::text, encode(hash, 'hex') FROM result",
	"line":       "SELECT result_id || ' ' || line, reference || ' ' || verdict || ' ' || pence FROM result_line",
	"fund":       "SELECT id::text, code FROM fund",
	"budget":     "SELECT id::text, area || ' ' || year FROM budget",
	"allocated":  "SELECT id::text, allocated::text FROM budget",
	"proposal":   "SELECT id::text, by_id::text FROM proposal",
	"movement":   "SELECT id::text, pence::text FROM movement",
	"answer":     "SELECT proposal_id::text, confirmed || ' by ' || by_id FROM proposal_answer",
	"question":   "SELECT id::text, request_id::text FROM question",
	"reply":      "SELECT question_id::text, by_id::text FROM answer",
	"review":     "SELECT request_id::text, agrees || ' by ' || by_id FROM automatic_review",
	"authority": `SELECT id || ' proposed', proposed_by::text FROM authority_grant
		UNION ALL SELECT id || ' confirmed', confirmed_by::text FROM authority_grant WHERE confirmed_by IS NOT NULL
		UNION ALL SELECT id || ' ended', ended_by::text FROM authority_grant WHERE ended_by IS NOT NULL`,
}

// empty is what must have no rows, whatever was done.
var empty = map[string]string{
	"what was paid more than once": "SELECT h.payment_id FROM entry e JOIN history h USING (request_id, step) WHERE e.kind = 'pay' GROUP BY 1 HAVING count(*) > 1",
	"a payment without its entry, or an entry of another amount": `SELECT p.id FROM payment p LEFT JOIN (SELECT h.payment_id, sum(e.pence) AS pence
		FROM entry e JOIN history h USING (request_id, step) WHERE e.kind = 'pay' GROUP BY 1) e ON e.payment_id = p.id WHERE p.paid <> coalesce(e.pence, 0)`,
	"what two lines settled":                   "SELECT payment_id FROM result_line WHERE finding IN ('paid', 'short', 'failed') GROUP BY 1 HAVING count(*) > 1",
	"a payment that is not as its line says":   "SELECT p.id FROM payment p JOIN result_line l ON l.payment_id = p.id AND l.finding IN ('paid', 'short', 'failed') WHERE p.paid <> CASE l.finding WHEN 'failed' THEN 0 ELSE l.pence END OR p.state <> CASE l.finding WHEN 'failed' THEN 'failed' ELSE 'paid' END",
	"a payment settled by no line of any file": "SELECT p.id FROM payment p WHERE p.batch_id IS NOT NULL AND p.state IN ('paid', 'failed') AND NOT EXISTS (SELECT FROM result_line l WHERE l.payment_id = p.id AND l.finding IN ('paid', 'short', 'failed'))",
	"a line that was taken and waits":          "SELECT l.result_id FROM result_line l JOIN result r ON r.id = l.result_id WHERE r.state = 'done' AND l.finding = ''",
	"a step that is no arrow of the machine":   "SELECT h.request_id FROM history h WHERE NOT EXISTS (SELECT FROM transition t WHERE (t.from_state, t.act, t.to_state) = (h.from_state, h.act, h.to_state))",
	"an allowance above its cap": `SELECT a.id FROM allowance a WHERE held < 0 OR committed < 0 OR paid < 0
		OR held + committed + paid > cap + coalesce((SELECT max(r.over) FROM request r WHERE r.allowance_id = a.id AND r.held + r.committed + r.paid > 0), 0)`,
	"a cap passed as nobody let it": `SELECT r.id FROM request r WHERE r.over > 0 AND NOT EXISTS (SELECT FROM history h JOIN exception e USING (request_id, step)
		WHERE h.request_id = r.id AND h.act = 'allow-exception' AND e.over = r.over)`,
	"what was let pass the cap by who asked": `SELECT a.request_id FROM history a JOIN history b ON b.request_id = a.request_id AND b.by_id = a.by_id AND b.step < a.step
		WHERE a.act = 'allow-exception' AND (b.from_state = '' OR b.act = 'ask-exception' OR b.to_state = 'submitted' AND b.act = '')`,
	"a budget above what it was given":          "SELECT id FROM budget WHERE committed < 0 OR paid < 0 OR committed + paid > allocated",
	"what was decided by who had submitted it":  "SELECT d.request_id FROM history d JOIN history s ON s.request_id = d.request_id AND s.by_id = d.by_id AND s.to_state = 'submitted' AND s.act = '' AND s.step < d.step WHERE d.from_state = 'submitted' AND d.to_state IN ('approved', 'declined', 'returned')",
	"what was paid by who had decided it":       "SELECT p.request_id FROM history p JOIN history d ON d.request_id = p.request_id AND d.by_id = p.by_id WHERE p.act IN ('pay', 'recover', 'release-rest') AND (d.act = 'allow-exception' OR d.from_state = 'submitted' AND (d.act = 'endorse' OR d.to_state IN ('approved', 'declined', 'returned')))",
	"what was confirmed by who had proposed it": "SELECT p.id FROM proposal p JOIN proposal_answer a ON a.proposal_id = p.id AND a.confirmed AND a.by_id = p.by_id",
	"a promise out of another area's budget":    "SELECT r.id FROM request r JOIN budget b ON b.id = r.budget_id WHERE b.area <> r.area OR b.fund_id <> r.fund_id",
	"an allowance that is not its requests' sum": `SELECT a.id FROM allowance a LEFT JOIN request r ON r.allowance_id = a.id GROUP BY a.id
		HAVING (a.held, a.committed, a.paid) <> (coalesce(sum(r.held), 0), coalesce(sum(r.committed), 0), coalesce(sum(r.paid), 0))`,
	"a budget that is not its requests' sum": `SELECT b.id FROM budget b LEFT JOIN request r ON r.budget_id = b.id GROUP BY b.id
		HAVING (b.committed, b.paid) <> (coalesce(sum(r.committed), 0), coalesce(sum(r.paid), 0))`,
}

// rows is what a query answers with, its columns side by side.
func rows[T any](t *testing.T, conn *pgx.Conn, sql string, row pgx.RowToFunc[T]) []T {
	t.Helper()
	found, err := conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	all, err := pgx.CollectRows(found, row)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return all
}

type fact struct{ About, So string }

// look is what the database says of a kind of fact.
func look(t *testing.T, conn *pgx.Conn, kind string) map[string]string {
	t.Helper()
	there := map[string]string{}
	for _, f := range rows(t, conn, kinds[kind], pgx.RowToStructByPos[fact]) {
		there[f.About] = f.So
	}
	return there
}

const ofSteps = `SELECT concat_ws(' ', request_id, coalesce(nullif(act, ''), to_state), by_id, payment_id), count(*) FROM history GROUP BY 1`

type counted struct {
	About string
	N     int
}

func lookAtSteps(t *testing.T, conn *pgx.Conn) map[string]int {
	t.Helper()
	there := map[string]int{}
	for _, s := range rows(t, conn, ofSteps, pgx.RowToStructByPos[counted]) {
		there[s.About] = s.N
	}
	return there
}

type requestTotals struct {
	ID                    uuid.UUID
	Held, Committed, Paid int64
}

func lookAtMoney(t *testing.T, conn *pgx.Conn) map[uuid.UUID]totals {
	t.Helper()
	there := map[uuid.UUID]totals{}
	for _, r := range rows(t, conn, "SELECT id, held, committed, paid FROM request", pgx.RowToStructByPos[requestTotals]) {
		there[r.ID] = totals{r.Held, r.Committed, r.Paid}
	}
	return there
}

// open are the books as things stand.
func (m *machine) books(t *testing.T) *books {
	t.Helper()
	conn := m.ofFunding(t)
	defer conn.Close(context.WithoutCancel(t.Context()))
	b := &books{
		facts: map[string]map[string]string{}, looks: map[string]int{}, steps: lookAtSteps(t, conn), money: lookAtMoney(t, conn),
		acked: map[string]int{}, other: map[string]int{},
	}
	for kind := range kinds {
		b.facts[kind] = look(t, conn, kind)
	}
	return b
}

// ofFunding is a connection that sees funding's tables without naming it.
func (m *machine) ofFunding(t *testing.T) *pgx.Conn {
	t.Helper()
	conn := m.connect(t)
	if _, err := conn.Exec(t.Context(), "SET search_path = funding, extensions"); err != nil {
		t.Fatal(err)
	}
	return conn
}

// The effects that verbs are made of.

// is a fact from now on.
func is(kind, about, so string) effect {
	return func(b *books) { b.facts[kind][about] = so }
}

// more of a fact that is a number.
func more(kind string, about uuid.UUID, n int64) effect {
	return func(b *books) {
		had, _ := strconv.ParseInt(b.facts[kind][about.String()], 10, 64)
		b.facts[kind][about.String()] = strconv.FormatInt(had+n, 10)
	}
}

// step is one step of a request by somebody, which is a new version of it.
func step(request uuid.UUID, what string, by, payment uuid.UUID) effect {
	return func(b *books) {
		b.steps[stepOf(request, what, by, payment)]++
		more("version", request, 1)(b)
	}
}

func stepOf(request uuid.UUID, what string, by, payment uuid.UUID) string {
	about := request.String() + " " + what + " " + by.String()
	if payment != uuid.Nil {
		about += " " + payment.String()
	}
	return about
}

// move is money of a request's from one of its totals to another.
func move(request uuid.UUID, by totals) effect {
	return func(b *books) { b.money[request] = b.money[request].plus(by) }
}

// note enters the end of a message into the books, and into what everybody knows.
func (w *world) note(m *message, a answer) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !a.ok {
		w.other[m.verb]++
		return nil
	}
	if m.learn != nil {
		if err := m.learn(a.body); err != nil {
			return fmt.Errorf("the answer to %s: %w: %s", m.verb, err, a.body)
		}
	}
	w.acked[m.verb]++
	is("message", m.by.ID.String()+" "+m.key, m.verb)(w.books)
	about := m.id
	if m.about != uuid.Nil {
		about = m.about
	}
	w.looks[m.by.ID.String()+" "+m.verb+" "+about.String()]++
	for _, do := range m.does {
		do(w.books)
	}
	return nil
}

// check holds everything against everything, while nobody does anything.
func (w *world) check(t *testing.T, m *machine) {
	t.Helper()
	w.settled(t, m)
	conn := m.ofFunding(t)
	defer conn.Close(context.WithoutCancel(t.Context()))
	for _, what := range slices.Sorted(maps.Keys(empty)) {
		for _, id := range rows(t, conn, empty[what], pgx.RowTo[uuid.UUID]) {
			t.Errorf("%s: %s", what, id)
		}
	}
	for _, view := range rows(t, conn, "SELECT viewname FROM pg_views WHERE schemaname = 'funding' AND viewname LIKE '%disagreement'", pgx.RowTo[string]) {
		for _, f := range rows(t, conn, "SELECT what, id::text FROM "+view, pgx.RowToStructByPos[fact]) {
			t.Errorf("%s: %s: %s", view, f.About, f.So)
		}
	}
	paid, released := w.paidByFiles(t, conn), rows(t, conn, `SELECT e.request_id, 0::bigint, e.pence, 0::bigint FROM entry e
		JOIN history h USING (request_id, step) WHERE h.act = 'release-rest'`, pgx.RowToStructByPos[requestTotals])
	money, steps, versions := maps.Clone(w.money), maps.Clone(w.steps), maps.Clone(w.facts["version"])
	for _, p := range paid {
		money[p.Request] = money[p.Request].plus(totals{committed: -p.Pence, paid: p.Pence})
		steps[stepOf(p.Request, "pay", p.By, p.Payment)]++
		had, _ := strconv.ParseInt(versions[p.Request.String()], 10, 64)
		versions[p.Request.String()] = strconv.FormatInt(had+1, 10)
	}
	for _, r := range released {
		money[r.ID] = money[r.ID].plus(totals{committed: -r.Committed})
	}
	differ(t, "the money of a request", money, lookAtMoney(t, conn))
	differ(t, "a step", steps, lookAtSteps(t, conn))
	for kind := range kinds {
		want := w.facts[kind]
		if kind == "version" {
			want = versions
		}
		differ(t, kind, want, look(t, conn, kind))
	}
	w.looked(t, conn)
}

// differ tells of everything that is not as it must be.
func differ[K comparable, V comparable](t *testing.T, what string, want, got map[K]V) {
	t.Helper()
	told := 0
	tell := func(format string, args ...any) {
		if told++; told <= 10 {
			t.Errorf(what+": "+format, args...)
		}
	}
	for k, v := range want {
		if g, ok := got[k]; !ok {
			tell("%v was acknowledged (%v) and is not there", k, v)
		} else if g != v {
			tell("%v is %v, and %v was acknowledged", k, g, v)
		}
	}
	for k, v := range got {
		if _, ok := want[k]; !ok {
			tell("%v is there (%v) and was not acknowledged", k, v)
		}
	}
}

// settlement is a line of a file by which a payment was paid since the start.
type settlement struct {
	Request, Payment, By uuid.UUID
	Pence                int64
}

// paidByFiles is what files say was paid: the lines are held against the files
// that were sent in as a fact of their own.
func (w *world) paidByFiles(t *testing.T, conn *pgx.Conn) []settlement {
	t.Helper()
	return rows(t, conn, `SELECT p.request_id, p.id, r.by_id, l.pence FROM result_line l JOIN result r ON r.id = l.result_id
		JOIN payment p ON p.id = l.payment_id WHERE l.finding IN ('paid', 'short') AND p.note LIKE 'crash-%'`, pgx.RowToStructByPos[settlement])
}

// looked holds the audit trail against what was done.
func (w *world) looked(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	trail := map[string]int{}
	for _, l := range rows(t, conn, "SELECT person || ' ' || action || ' ' || subject_id, count(*) FROM audit_entry GROUP BY 1", pgx.RowToStructByPos[counted]) {
		trail[l.About] = l.N
	}
	for did, n := range w.looks {
		if trail[did] < n {
			t.Errorf("the audit trail says %d times %s, which was acknowledged %d times", trail[did], did, n)
		}
	}
}

// settled waits until no file is at work any more, which goes on behind the back
// of whoever sent it in.
func (w *world) settled(t *testing.T, m *machine) {
	t.Helper()
	conn := m.ofFunding(t)
	defer conn.Close(context.WithoutCancel(t.Context()))
	eventually(t, "files are still being settled", func() bool {
		return rows(t, conn, "SELECT count(*) FROM result WHERE state = 'running'", pgx.RowTo[int])[0] == 0
	})
}

// reconciled asks the system itself, as everybody who may.
func (w *worker) reconciled(t *testing.T) {
	t.Helper()
	for _, subject := range []string{"imran-sadiq", "helen-barlow", "nadia-rahman"} {
		var report funding.Reconciliation
		if _, err := w.read(t.Context(), w.named(subject), "funding/reconciliation", &report); err != nil {
			t.Fatal(err)
		}
		if report.Disagree != 0 {
			t.Errorf("what %s reconciles does not agree: %+v", subject, report.Disagreements)
		}
	}
}

// filesAreWhole downloads every file that was made: each is to the byte what it
// was when it was made, and no payment is in two of them.
func (w *worker) filesAreWhole(t *testing.T) {
	t.Helper()
	in := map[string]string{}
	for id, hash := range w.facts["file"] {
		a := w.download(t, "funding/batches/"+id+"/file")
		if got := sha(a); got != hash {
			t.Errorf("the file of batch %s is %s, and was %s when it was made", id, got, hash)
		}
		for _, reference := range references.FindAllString(string(a), -1) {
			if other, ok := in[reference]; ok && other != id {
				t.Errorf("payment %s is in the files of two batches, %s and %s", reference, other, id)
			}
			in[reference] = id
		}
	}
}

// told waits until every event is told, and needs has each request where it stands.
func (w *world) told(t *testing.T, m *machine) {
	t.Helper()
	conn := m.connect(t)
	defer conn.Close(context.WithoutCancel(t.Context()))
	// What a killed process was at work on is taken up again after two minutes.
	// Here it is later than that.
	for _, sql := range []string{
		"UPDATE funding.river_job SET attempted_at = attempted_at - interval '2 hours' WHERE state = 'running'",
		"UPDATE funding.river_job SET scheduled_at = now() WHERE state = 'retryable'",
	} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "needs has not heard of every step", func() bool {
		return rows(t, conn, `SELECT count(*) FROM funding.request r LEFT JOIN needs.funding_request n ON n.id = r.id
			WHERE n.state IS DISTINCT FROM r.state`, pgx.RowTo[int])[0] == 0 &&
			rows(t, conn, "SELECT count(*) FROM funding.river_job WHERE kind = 'publish-event' AND state <> 'completed'", pgx.RowTo[int])[0] == 0
	})
}
