package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"

	"github.com/instead-support/instead/services/funding"
)

// task is work that is measured: one call of the API, which locks with one
// statement, reads with one and writes with one. Those are taken from the service's own
// spans; what is sent with them is built here, with SQL for pgbench and in Go
// for the bare handler, and must be as much.
type task struct {
	name string
	call func(s *service, n int) call
	as   func(s *service) person // who calls

	readArgs  func(p person) []string // in SQL, of the request whose number n is in :n
	decided   outcome                 // in SQL
	decidedGo func(n, allowance, budget int, p person, now time.Time) outcomeGo
}

// outcome is what comes of a task, as SQL for JSON.
type outcome struct{ step, decision, lines, entry, awarded string }

// outcomeGo is the same in Go, as lists of rows.
type outcomeGo struct {
	steps, decisions, lines, entries []row
	awarded                          int
}

type row map[string]any

// orNull is a list of the rows that SQL makes, or none.
func orNull(rows string) string {
	if rows == "" {
		return "NULL"
	}
	return "jsonb_build_array(" + rows + ")"
}

// sent is a statement as the service sends it.
type sent struct{ lock, read, write string }

var placeholder = regexp.MustCompile(`\$([0-9]+)`)

// lockArgs are the arguments of the locking statement, in SQL.
var lockArgs = []string{sqlID(aRequest, ":n"), sqlID(aRequest, ":n")}

// inlined is the statement with SQL for each of its arguments.
func inlined(sql string, args []string) (string, error) {
	most := 0
	out := placeholder.ReplaceAllStringFunc(sql, func(p string) string {
		n, _ := strconv.Atoi(p[1:])
		if most = max(most, n); n > len(args) {
			return p
		}
		return args[n-1]
	})
	if most != len(args) {
		return "", fmt.Errorf("the statement takes %d arguments, and the benchmark knows %d: %s", most, len(args), sql)
	}
	return out, nil
}

// writeArgs are the arguments of the writing statement, in SQL.
func (t task) writeArgs(p person, goods stock, hot bool) []string {
	request, allowance, budget := sqlID(aRequest, ":n"), sqlID(anAllowance, ":n"), sqlID(aBudget, fmt.Sprintf("mod(:n::bigint, %d)", funds-1))
	jobseeker := sqlID(aPerson, ":n::bigint + 1000")
	if hot {
		allowance, budget = sqlID(anAllowance, fmt.Sprintf(":n::bigint / %d * %d", goods.each, goods.each)), sqlID(aBudget, strconv.Itoa(funds-1))
		jobseeker = sqlID(aPerson, fmt.Sprintf(":n::bigint / %d", goods.each))
	}
	say := strings.NewReplacer("{request}", request, "{allowance}", allowance, "{budget}", budget, "{jobseeker}", jobseeker,
		"{me}", "'"+p.id+"'", "{asked}", strconv.Itoa(asked), "{need}", sqlID(aNeed, "1"),
		"{line 1}", sqlID(aLine, "2 * :n::bigint"), "{line 2}", sqlID(aLine, "2 * :n::bigint + 1"), "{first}", strconv.Itoa(firstLine), "{second}", strconv.Itoa(secondLine))
	args := []string{
		`jsonb_build_array(jsonb_build_object('person', {me}, 'key', 'k' || :n::bigint, 'operation', '` + t.name + `', 'hash', '\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff', 'subject', {request}))`,
		`{request}`, `false`, `NULL`,
		`jsonb_build_array(` + t.decided.step + `)`, orNull(t.decided.decision), orNull(t.decided.lines),
		`jsonb_build_array(` + t.decided.entry + `)`,
		`jsonb_build_array(jsonb_build_object('id', gen_random_uuid(), 'person', {me}, 'roles', jsonb_build_array('` + p.role + `'), 'action', '` + t.name + `', 'subject', 'request', 'subject_id', {request}, 'jobseeker_id', {jobseeker}, 'trace_id', ''))`,
		`jsonb_build_array(jsonb_build_object('kind', 'publish-event', 'max_attempts', 100, 'args', jsonb_build_object('id', gen_random_uuid(), 'name', 'funding.request-changed', 'at', now(), 'data',
			jsonb_build_object('request_id', {request}, 'reference', 'FR-0000-0000', 'version', 4, 'jobseeker_id', {jobseeker}, 'state', 'approved', 'need_ids', jsonb_build_array({need}, {need}), 'at', now()))))`,
		`jsonb_build_array(jsonb_build_object('id', {allowance}, 'coach_id', '` + goods.coach.id + `', 'coach_name', 'Cy Coach', 'version', :version::bigint + 1))`,
		`jsonb_build_array(jsonb_build_object('id', {request}, 'area', 'Oldham', 'elsewhere', 0, 'elsewhere_from', '', 'asked', {asked}, 'awarded', ` + t.decided.awarded + `, 'changed_at', now(), 'version', 4))`,
	}
	for i := range args {
		args[i] = say.Replace(args[i])
	}
	return args
}

// script is the task for pgbench: the very statements, each sent by itself.
func (t task) script(said sent, p person, goods stock, hot bool) (string, error) {
	lock, err := inlined(said.lock, lockArgs)
	if err != nil {
		return "", err
	}
	read, err := inlined(said.read, t.readArgs(p))
	if err != nil {
		return "", err
	}
	write, err := inlined(said.write, t.writeArgs(p, goods, hot))
	if err != nil {
		return "", err
	}
	return "\\set i :i + 1\n\\set n :base + :i * :clients + :client_id\nBEGIN;\n" + flat(lock) + ";\n" + flat(read) + " \\gset\n" + flat(write) + ";\nCOMMIT;\n", nil
}

// oneCall is a function that does it all on the server, and the script that calls
// it.
func (t task) oneCall(said sent, p person, goods stock, hot bool) (function, script string, err error) {
	name := fmt.Sprintf("bench_%s_%v", strings.ToLower(t.name), hot)
	lock, err := inlined(said.lock, lockArgs)
	if err != nil {
		return "", "", err
	}
	read, err := inlined(said.read, t.readArgs(p))
	if err != nil {
		return "", "", err
	}
	write, err := inlined(said.write, t.writeArgs(p, goods, hot))
	if err != nil {
		return "", "", err
	}
	say := strings.NewReplacer(":n::bigint", "p_n", "(:n)::bigint", "p_n", ":n", "p_n", ":version::bigint", "p_version")
	request := say.Replace(sqlID(aRequest, ":n"))
	return "CREATE FUNCTION " + name + "(p_n bigint) RETURNS bigint LANGUAGE plpgsql AS $f$ DECLARE p_version bigint; BEGIN\n" +
			say.Replace(strings.Replace(lock, "SELECT FROM request", "SELECT 1 INTO p_version FROM request", 1)) + ";\n" +
			"PERFORM * FROM (" + say.Replace(read) + ") x;\n" +
			"SELECT a.version INTO p_version FROM allowance a WHERE a.id = (SELECT r.allowance_id FROM request r WHERE r.id = " + request + ");\n" +
			"PERFORM 1; " + strings.Replace(say.Replace(write), "SELECT (SELECT count(*) FROM asked), (SELECT count(*) FROM handed)", "SELECT (SELECT count(*) FROM asked) INTO p_version", 1) + ";\nRETURN p_version; END $f$",
		"\\set i :i + 1\n\\set n :base + :i * :clients + :client_id\nSELECT " + name + "(:n);\n", nil
}

// flat is the statement on one line, since pgbench ends a statement of \gset
// where its line ends; comments go.
func flat(sql string) string {
	var words []string
	for line := range strings.Lines(sql) {
		line, _, _ = strings.Cut(line, "--")
		words = append(words, strings.Fields(line)...)
	}
	return strings.Join(words, " ")
}

// bare is the least that a service of ours could be: it does without a contract,
// a token, a policy and rules, and sends the same statements.
type bare struct {
	task  task
	said  sent
	pool  *pgxpool.Pool
	goods stock
	me    person
}

func (b bare) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := b.do(r); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte("{}")) // whoever has gone needs no answer
}

func (b bare) do(r *http.Request) error {
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return err
	}
	id := strings.Split(r.URL.Path, "/")[2]
	n := numberOf(id)
	now := time.Now().UTC()
	return pgx.BeginFunc(r.Context(), b.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(r.Context(), b.said.lock, goID(aRequest, n), goID(aRequest, n)); err != nil {
			return err
		}
		rows, err := tx.Query(r.Context(), b.said.read, b.task.readGo(n, b.me)...)
		if err != nil {
			return err
		}
		var version int64
		for rows.Next() {
			values, err := rows.Values()
			if err != nil {
				return err
			}
			for i, f := range rows.FieldDescriptions() {
				if f.Name == "version" {
					version = values[i].(int64) // the allowance's comes last
				}
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if version == 0 {
			return errors.New("no such request")
		}
		args, err := b.task.writeGo(n, version, b.goods, b.me, now, r.Header.Get("Idempotency-Key"))
		if err != nil {
			return err
		}
		var requests, allowances int
		if err := tx.QueryRow(r.Context(), b.said.write, args...).Scan(&requests, &allowances); err != nil {
			return err
		}
		if requests != 1 || allowances != 1 {
			return errors.New("changed meanwhile")
		}
		return nil
	})
}

func (t task) readGo(n int, p person) []any {
	id, year := goID(aRequest, n), financialYear(time.Now())
	if p.role == "coach" {
		return []any{year, time.Now().Format(time.DateOnly), p.id, uuid.NewString(), id, p.id, "Oldham"}
	}
	return []any{year, p.id, "decide", p.role, "decide", time.Now().Format(time.DateOnly), p.id, uuid.NewString(), id, "Oldham"}
}

func (t task) writeGo(n int, version int64, goods stock, p person, now time.Time, key string) ([]any, error) {
	allowance, budget := goods.allowanceOf(n), goods.budgetOf(n)
	request := goID(aRequest, n)
	jobseeker := goID(aPerson, n+1000)
	o := t.decidedGo(n, allowance, budget, p, now)
	lists := []any{
		[]any{map[string]any{"person": p.id, "key": key, "operation": t.name, "hash": `\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff`, "subject": request}},
		nil, nil, nil, o.steps, o.decisions, o.lines, o.entries,
		[]any{map[string]any{"id": uuid.NewString(), "person": p.id, "roles": []string{p.role}, "action": t.name, "subject": "request", "subject_id": request, "jobseeker_id": jobseeker, "trace_id": ""}},
		[]any{map[string]any{"kind": "publish-event", "max_attempts": 100, "args": map[string]any{"id": uuid.NewString(), "name": "funding.request-changed", "at": now, "data": map[string]any{
			"request_id": request, "reference": "FR-0000-0000", "version": 4, "jobseeker_id": jobseeker, "state": "approved", "need_ids": []string{goID(aNeed, 1), goID(aNeed, 1)}, "at": now}}}},
		[]any{map[string]any{"id": goID(anAllowance, allowance), "coach_id": goods.coach.id, "coach_name": "Cy Coach", "version": version + 1}},
		[]any{map[string]any{"id": request, "area": "Oldham", "elsewhere": 0, "elsewhere_from": "", "asked": asked, "awarded": o.awarded, "changed_at": now, "version": 4}},
	}
	args := make([]any, len(lists))
	for i, list := range lists {
		b, err := json.Marshal(list)
		if err != nil {
			return nil, err
		}
		if string(b) != "null" {
			args[i] = string(b)
		}
	}
	args[1], args[2] = request, false
	return args, nil
}

// contenders are the four that race at the task.
func (t task) contenders(ctx context.Context, s *service, goods stock, hot bool) ([]contender, error) {
	p := t.as(s)
	said := s.sent[t.name]
	bench, err := t.script(said, p, goods, hot)
	if err != nil {
		return nil, err
	}
	function, once, err := t.oneCall(said, p, goods, hot)
	if err != nil {
		return nil, err
	}
	if err := s.exec(ctx, function); err != nil {
		return nil, err
	}
	pool, err := pgxpool.New(ctx, s.database+"&pool_max_conns=32")
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, pool.Close)
	bareAt, err := s.listen(ctx, bare{t, said, pool, goods, p})
	if err != nil {
		return nil, err
	}
	overHTTP := func(address string) func(context.Context, int, time.Duration, int) (spell, int, error) {
		return func(ctx context.Context, clients int, long time.Duration, base int) (spell, int, error) {
			return httpLoad(ctx, address, clients, long, func(n int) call { return t.call(s, base+n) })
		}
	}
	overSQL := func(script string) func(context.Context, int, time.Duration, int) (spell, int, error) {
		return func(ctx context.Context, clients int, long time.Duration, base int) (spell, int, error) {
			return pgbench{url: s.database, dir: s.dir}.run(ctx, script, clients, long, base)
		}
	}
	return []contender{
		{"instead", overHTTP(s.address)},
		{"pgbench", overSQL(bench)},
		{"net/http+pgx", overHTTP(bareAt)},
		{"one call", overSQL(once)},
	}, nil
}

// capture does each task once through a service that is traced, on the requests of
// these numbers, and keeps the statements that it sends.
func (s *service) capture(ctx context.Context, decide, submit int) error {
	spans, before := tracetest.NewInMemoryExporter(), otel.GetTracerProvider()
	traced := trace.NewTracerProvider(trace.WithSyncer(spans))
	otel.SetTracerProvider(traced)
	f, err := funding.New(ctx, s.deps)
	otel.SetTracerProvider(before)
	if err != nil {
		return err
	}
	defer f.Close()
	address, err := s.listen(ctx, f.Handler)
	if err != nil {
		return err
	}
	for t, n := range map[*task]int{&deciding: decide, &submitting: submit} {
		spans.Reset()
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		err = t.call(s, n).on(conn, bufio.NewReader(conn))
		if err := errors.Join(err, conn.Close()); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		var said sent
		for _, span := range spans.GetSpans() {
			for _, a := range span.Attributes {
				switch text := a.Value.AsString(); {
				case a.Key != semconv.DBQueryTextKey:
				case strings.Contains(text, "INSERT INTO history"):
					said.write = text
				case strings.Contains(text, "FOR NO KEY UPDATE"):
					said.lock = text
				case strings.Contains(text, "FROM history"):
					said.read = text
				}
			}
		}
		if said.lock == "" || said.read == "" || said.write == "" {
			return fmt.Errorf("%s does not lock with one statement, read with one and write with one", t.name)
		}
		s.sent[t.name] = said
	}
	return nil
}

func post(path, token, etag, key, body string) call {
	return call{want: http.StatusOK, wire: fmt.Appendf(nil,
		"POST %s HTTP/1.1\r\nHost: funding\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nIf-Match: \"%s\"\r\nIdempotency-Key: %s\r\nContent-Length: %d\r\n\r\n%s",
		path, token, etag, key, len(body), body)}
}

var deciding = task{
	name: "approveRequest",
	as:   func(s *service) person { return s.manager },
	call: func(s *service, n int) call {
		return post("/requests/"+goID(aRequest, n)+"/approval", s.manager.token, "3", "k"+strconv.Itoa(n), `{"code":"removes-need","other_funding":"None","scrutiny":"It leads to work","conflict":"none"}`)
	},
	readArgs: func(p person) []string {
		return []string{
			strconv.Itoa(financialYear(time.Now())), "'" + p.id + "'::uuid", "'decide'", "'" + p.role + "'", "'decide'", "'" + time.Now().Format(time.DateOnly) + "'::date",
			"'" + p.id + "'::uuid", "'k' || :n::bigint", sqlID(aRequest, ":n"), "'Oldham'",
		}
	},
	decided: outcome{
		`jsonb_build_object('request_id', {request}, 'step', 3, 'from_state', 'submitted', 'to_state', 'approved', 'act', '', 'at', now(), 'by_id', {me}, 'by_name', 'Mo Hussain', 'code', 'removes-need', 'words', '')`,
		`jsonb_build_object('request_id', {request}, 'step', 3, 'other_funding', 'None', 'scrutiny', 'It leads to work')`,
		`jsonb_build_object('request_id', {request}, 'line_id', {line 1}, 'granted', {first}, 'code', ''), jsonb_build_object('request_id', {request}, 'line_id', {line 2}, 'granted', {second}, 'code', '')`,
		`jsonb_build_object('id', gen_random_uuid(), 'allowance_id', {allowance}, 'request_id', {request}, 'budget_id', {budget}, 'step', 3, 'kind', 'commit', 'pence', {asked})`,
		`{asked}`,
	},
	decidedGo: func(n, allowance, budget int, p person, now time.Time) outcomeGo {
		return outcomeGo{
			steps:     []row{{"request_id": goID(aRequest, n), "step": 3, "from_state": "submitted", "to_state": "approved", "act": "", "at": now, "by_id": p.id, "by_name": p.name, "code": "removes-need", "words": ""}},
			decisions: []row{{"request_id": goID(aRequest, n), "step": 3, "other_funding": "None", "scrutiny": "It leads to work"}},
			lines:     []row{{"request_id": goID(aRequest, n), "line_id": goID(aLine, 2*n), "granted": firstLine, "code": ""}, {"request_id": goID(aRequest, n), "line_id": goID(aLine, 2*n+1), "granted": secondLine, "code": ""}},
			entries:   []row{{"id": uuid.NewString(), "allowance_id": goID(anAllowance, allowance), "request_id": goID(aRequest, n), "budget_id": goID(aBudget, budget), "step": 3, "kind": "commit", "pence": asked}},
			awarded:   asked,
		}
	},
}

var submitting = task{
	name: "submitRequest",
	as:   func(s *service) person { return s.coach },
	call: func(s *service, n int) call {
		return post("/requests/"+goID(aRequest, n)+"/submission", s.coach.token, "3", "k"+strconv.Itoa(n), `{}`)
	},
	readArgs: func(p person) []string {
		me := "'" + p.id + "'::uuid"
		return []string{strconv.Itoa(financialYear(time.Now())), "'" + time.Now().Format(time.DateOnly) + "'::date", me, "'k' || :n::bigint", sqlID(aRequest, ":n"), me, "'Oldham'"}
	},
	decided: outcome{
		`jsonb_build_object('request_id', {request}, 'step', 2, 'from_state', 'draft', 'to_state', 'submitted', 'act', '', 'at', now(), 'by_id', {me}, 'by_name', 'Cy Coach', 'code', '', 'words', '')`, "", "",
		`jsonb_build_object('id', gen_random_uuid(), 'allowance_id', {allowance}, 'request_id', {request}, 'step', 2, 'kind', 'hold', 'pence', {asked})`,
		`0`,
	},
	decidedGo: func(n, allowance, budget int, p person, now time.Time) outcomeGo {
		return outcomeGo{
			steps:   []row{{"request_id": goID(aRequest, n), "step": 2, "from_state": "draft", "to_state": "submitted", "act": "", "at": now, "by_id": p.id, "by_name": p.name, "code": "", "words": ""}},
			entries: []row{{"id": uuid.NewString(), "allowance_id": goID(anAllowance, allowance), "request_id": goID(aRequest, n), "step": 2, "kind": "hold", "pence": asked}},
			awarded: 0,
		}
	},
}
