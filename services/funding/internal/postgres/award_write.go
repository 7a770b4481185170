package postgres

import (
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/events"
)

// write is everything that one change of a request leaves behind, for one
// statement. What there is none of is left empty.
type write struct {
	id         uuid.UUID // the request's
	messages   []messageRow
	requests   []requestRow // it, unless it has just been made
	lines      []lineRow    // all of them, if relined
	relined    bool
	steps      []stepRow     // those just taken
	decisions  []decisionRow // what an approval that was just given says
	granted    []grantedRow
	exceptions []exceptionStepRow // that the last step allows
	automatic  []automaticRow     // how it was approved, if that was just done by its fund's rule
	entries    []entryRow
	allowances []allowanceRow // its own, if anything changed there
	notes      []audit.Row
	jobs       []events.Row
}

// messageRow is a row of table idempotency.
type messageRow struct {
	Person    uuid.UUID `json:"person"`
	Key       string    `json:"key"`
	Operation string    `json:"operation"`
	Hash      string    `json:"hash"`
	Subject   uuid.UUID `json:"subject"`
}

// toMessageRows is the message that led to subject, if it was marked.
func toMessageRows(m db.Message, subject uuid.UUID) []messageRow {
	if m.Key == "" {
		return nil
	}
	return []messageRow{{m.Person, m.Key, m.Operation, `\x` + hex.EncodeToString(m.Hash), subject}}
}

// writeCase takes rows as JSON, by the names of their columns. All of it happens
// at once, and what follows from it by trigger after that. It answers with how
// many requests and how many allowances it found as they had been read.
const writeCase = `
	said AS (INSERT INTO idempotency (person, key, operation, hash, subject)
		SELECT person, key, operation, hash, subject FROM jsonb_populate_recordset(null::idempotency, ?)),
	gone AS (DELETE FROM line WHERE request_id = ? AND ? RETURNING id),
	lined AS (INSERT INTO line (id, request_id, position, what, why, need_id, category, supplier, amount, quote)
		SELECT * FROM jsonb_to_recordset(?) AS l (id uuid, request_id uuid, position integer, what text, why text, need_id uuid,
			category text, supplier text, amount bigint, quote text) -- PostgreSQL has a type line of its own
		WHERE (SELECT count(*) FROM gone) >= 0), -- after they are gone
	stepped AS (INSERT INTO history SELECT * FROM jsonb_populate_recordset(null::history, ?)),
	decided AS (INSERT INTO decision SELECT * FROM jsonb_populate_recordset(null::decision, ?)),
	granted AS (INSERT INTO decision_line SELECT * FROM jsonb_populate_recordset(null::decision_line, ?)),
	entered AS (INSERT INTO entry SELECT * FROM jsonb_populate_recordset(null::entry, ?)),
	noted AS (` + audit.Insert + `),
	told AS (` + events.Insert + `),
	handed AS (UPDATE allowance a SET coach_id = n.coach_id, coach_name = n.coach_name, version = n.version
		FROM jsonb_populate_recordset(null::allowance, ?) n WHERE a.id = n.id AND a.version = n.version - 1 RETURNING a.id),
	asked AS (UPDATE request r SET area = n.area, elsewhere = n.elsewhere, elsewhere_from = n.elsewhere_from,
			asked = n.asked, awarded = n.awarded, changed_at = n.changed_at, version = n.version
		FROM jsonb_populate_recordset(null::request, ?) n WHERE r.id = n.id AND r.version = n.version - 1 RETURNING r.id)
	SELECT (SELECT count(*) FROM asked), (SELECT count(*) FROM handed)`

// writeAutomatic goes in front of writeCase where it is needed, which is seldom.
const writeAutomatic = `
	ruled AS (INSERT INTO automatic (request_id, step, fund_id, version, sampled)
		SELECT request_id, step, fund_id, version, sampled FROM jsonb_populate_recordset(null::automatic, ?)),`

// writeException goes there for one of the few steps that allow an exception.
const writeException = `
	excepted AS (INSERT INTO exception SELECT * FROM jsonb_populate_recordset(null::exception, ?)),`

// statement is the one that writes w.
func (w write) statement(g *gorm.DB) (db.Statement, error) {
	said, lists := writeCase, []any{w.messages, w.lines, w.steps, w.decisions, w.granted, w.entries, w.notes, w.jobs, w.allowances, w.requests}
	args := make([]any, len(lists))
	for i, rows := range lists {
		b, err := json.Marshal(rows)
		if err != nil {
			return db.Statement{}, err
		}
		if string(b) != "null" { // else none, which null is to a function that takes a list
			args[i] = string(b)
		}
	}
	args = slices.Insert(args, 1, any(w.id), any(w.relined))
	for _, seldom := range []struct {
		rows any
		n    int
		said string
	}{{w.automatic, len(w.automatic), writeAutomatic}, {w.exceptions, len(w.exceptions), writeException}} {
		if seldom.n == 0 {
			continue
		}
		b, err := json.Marshal(seldom.rows)
		if err != nil {
			return db.Statement{}, err
		}
		said, args = seldom.said+said, slices.Insert(args, 0, any(string(b)))
	}
	return db.Say(g, "WITH"+said, args...), nil
}

// in writes w as a part of tx.
func (w write) in(tx *gorm.DB) error {
	said, err := w.statement(tx)
	if err != nil {
		return err
	}
	return w.wrote(tx.Statement.ConnPool.QueryRowContext(tx.Statement.Context, said.SQL, said.Args...))
}

// wrote reads what the statement answers with, and returns errTooLate unless it
// found everything as it had been read.
func (w write) wrote(row interface{ Scan(...any) error }) error {
	var requests, allowances int
	if err := row.Scan(&requests, &allowances); err != nil {
		return err
	}
	if requests != len(w.requests) || allowances != len(w.allowances) {
		return errTooLate
	}
	return nil
}
