package postgres

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/payment"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// ofResult says where a query of result files finds what the policy asks about.
var ofResult = columns{"NULL::uuid", "NULL::uuid", "f.area", "f.state"}

const selectResults = "SELECT f.id, f.file_name, f.area, f.state, f.message, f.hash, f.at, f.by_id, f.by_name, f.heading_line, f.shown, f.columns FROM result f"

// Import is payment.Store's.
func (s Payments) Import(ctx context.Context, act award.Act, r *payment.Result, file []byte) (was *payment.Result, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		id, _, err := takeOnce(ctx, tx, act, func() (uuid.UUID, error) {
			sealed, err := s.seal.Encrypt(file, r.Hash)
			if err != nil {
				return uuid.Nil, err
			}
			shown, columns, err := layoutOf(r)
			if err != nil {
				return uuid.Nil, err
			}
			done := tx.Exec(`INSERT INTO result (id, file_name, area, state, message, hash, file, at, by_id, by_name, heading_line, shown, columns)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (area, hash) DO NOTHING`,
				r.ID, r.FileName, r.Area, string(r.State), r.Message, r.Hash, sealed, r.At, r.By, r.ByName, r.HeadingLine, shown, columns)
			if done.Error != nil || done.RowsAffected == 1 {
				if done.Error == nil {
					done.Error = s.keepLines(ctx, tx, r)
				}
				return r.ID, done.Error
			}
			var there uuid.UUID
			err = tx.Raw("SELECT id FROM result WHERE area = ? AND hash = ?", r.Area, r.Hash).Row().Scan(&there)
			return there, err
		})
		if err != nil {
			return err
		}
		was, err = readResult(ctx, tx, act, id, "")
		return noteResult(ctx, tx, act, was, err)
	})
	return was, err
}

// Map is payment.Store's.
func (s Payments) Map(ctx context.Context, act award.Act, id uuid.UUID, remap func(*payment.Result, []byte) error) (r *payment.Result, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		_, seen, err := takeOnce(ctx, tx, act, func() (uuid.UUID, error) {
			if r, err = readResult(ctx, tx, act, id, " FOR NO KEY UPDATE"); err != nil {
				return uuid.Nil, err
			}
			var sealed []byte
			if err := tx.Raw("SELECT file FROM result WHERE id = ?", id).Row().Scan(&sealed); err != nil {
				return uuid.Nil, err
			}
			file, err := s.seal.Decrypt(sealed, r.Hash)
			if err != nil {
				return uuid.Nil, err
			}
			if err := remap(r, file); err != nil {
				return uuid.Nil, err
			}
			shown, columns, err := layoutOf(r)
			if err != nil {
				return uuid.Nil, err
			}
			err = tx.Exec("UPDATE result SET state = ?, message = ?, by_id = ?, by_name = ?, heading_line = ?, shown = ?, columns = ? WHERE id = ?",
				string(r.State), r.Message, r.By, r.ByName, r.HeadingLine, shown, columns, id).Error
			if err != nil {
				return uuid.Nil, err
			}
			return id, s.keepLines(ctx, tx, r)
		})
		if err != nil {
			return err
		}
		if seen {
			r, err = readResult(ctx, tx, act, id, "")
		}
		return noteResult(ctx, tx, act, r, err)
	})
	return r, err
}

func layoutOf(r *payment.Result) (shown, columns string, err error) {
	s, err := json.Marshal(r.Shown)
	if err != nil {
		return "", "", err
	}
	c, err := json.Marshal(r.Columns)
	return string(s), string(c), err
}

// keepLines saves the lines of a result that was read, and makes it part of tx
// that they are settled even if whoever sent it in is not there to see it.
func (s Payments) keepLines(ctx context.Context, tx *gorm.DB, r *payment.Result) error {
	if r.State != payment.Running {
		return nil
	}
	for lines := range slices.Chunk(r.Read, 500) {
		rows := make([]map[string]any, len(lines))
		for i, l := range lines {
			rows[i] = map[string]any{
				"result_id": r.ID, "line": l.Line, "reference": l.Reference, "verdict": string(l.Verdict), "pence": int64(l.Pence),
				"code": l.Code, "words": l.Words, "finding": string(l.Finding), "reason": l.Reason,
			}
		}
		if err := tx.WithContext(ctx).Table("result_line").Create(rows).Error; err != nil {
			return err
		}
	}
	if err := finish(ctx, tx, r.ID); err != nil {
		return err
	}
	return s.jobs.settleResult(ctx, db.SQLTx(tx), r.ID)
}

// finish has a result be done, if none of its lines waits.
func finish(ctx context.Context, tx *gorm.DB, id uuid.UUID) error {
	return tx.WithContext(ctx).Exec(`UPDATE result SET state = 'done' WHERE id = ? AND state = 'running'
		AND NOT EXISTS (SELECT FROM result_line l WHERE l.result_id = result.id AND l.finding = '')`, id).Error
}

// Waiting is payment.Store's. It is asked by the work behind an upload, which
// acts for whoever sent the file in, and has been let do so.
func (s Payments) Waiting(ctx context.Context, id uuid.UUID) (r *payment.Result, lines []int, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		all, err := findResults(ctx, tx, " WHERE f.id = ?", id)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return errNoRecord
		}
		r, lines = all[0], nil
		return tx.Raw("SELECT line FROM result_line WHERE result_id = ? AND finding = '' ORDER BY line", id).Scan(&lines).Error
	})
	return r, lines, err
}

// Settle is payment.Store's. The line is locked last of all, and looked at again
// then: whoever comes second finds that it no longer waits.
func (s Payments) Settle(ctx context.Context, act award.Act, id uuid.UUID, number int, settle func(*payment.Line, *payment.Books, *payment.Payment) error) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		var named struct{ ID, RequestID *uuid.UUID }
		err := tx.Raw(`SELECT p.id, p.request_id FROM result_line l JOIN result f ON f.id = l.result_id
			LEFT JOIN payment p ON p.reference = l.reference AND p.area = f.area
			WHERE l.result_id = ? AND l.line = ?`, id, number).Scan(&named).Error
		if err != nil {
			return err
		}
		var b *payment.Books
		var p *payment.Payment
		if named.ID != nil {
			if b, err = s.lockBooks(ctx, tx, act, *named.RequestID); err != nil {
				return err
			}
			p = b.Payments[slices.IndexFunc(b.Payments, func(p *payment.Payment) bool { return p.ID == *named.ID })]
		}
		var rows []lineRowOfResult
		err = tx.Raw("SELECT * FROM result_line WHERE result_id = ? AND line = ? AND finding = '' FOR UPDATE", id, number).Scan(&rows).Error
		if err != nil || len(rows) == 0 {
			return err
		}
		line := rows[0].toDomain().Line
		if b == nil {
			b = &payment.Books{}
			err = settle(&line, b, nil)
		} else {
			err = s.saveBooks(ctx, tx, act, b, func(b *payment.Books) error { return settle(&line, b, p) })
		}
		if err != nil {
			return err
		}
		err = tx.Exec("UPDATE result_line SET finding = ?, reason = ?, payment_id = ? WHERE result_id = ? AND line = ?",
			string(line.Finding), line.Reason, named.ID, id, number).Error
		if err != nil {
			return err
		}
		return finish(ctx, tx, id)
	})
}

// Result is payment.Store's.
func (s Payments) Result(ctx context.Context, act award.Act, id uuid.UUID) (r *payment.Result, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		r, err = readResult(ctx, tx, act, id, "")
		return noteResult(ctx, tx, act, r, err)
	})
	return r, err
}

// Results is payment.Store's.
func (s Payments) Results(ctx context.Context, act award.Act, p award.Page) (found []*payment.Result, total int, err error) {
	where := within(act.Who, act.Operation, ofResult)
	err = s.still(ctx, func(tx *gorm.DB) error {
		if err := tx.Raw("SELECT count(*) FROM result f WHERE ?", where).Scan(&total).Error; err != nil {
			return err
		}
		found, err = findResults(ctx, tx, " WHERE ? ORDER BY f.at DESC, f.id DESC LIMIT ? OFFSET ?", where, p.Size, (p.Number-1)*p.Size)
		return err
	})
	return found, total, err
}

// Lines is payment.Store's.
func (s Payments) Lines(ctx context.Context, act award.Act, id uuid.UUID, f payment.LineFilter, p award.Page) (lines []payment.ResultLine, total int, err error) {
	err = s.still(ctx, func(tx *gorm.DB) error {
		r, err := readResult(ctx, tx, act, id, "")
		if err != nil {
			return err
		}
		where := gorm.Expr("l.result_id = ?", id)
		narrow(&where, len(f.Findings) > 0, "l.finding IN ?", f.Findings)
		if err := tx.Raw("SELECT count(*) FROM result_line l WHERE ?", where).Scan(&total).Error; err != nil {
			return err
		}
		var rows []lineRowOfResult
		err = tx.Raw(`SELECT l.*, p.request_id FROM result_line l LEFT JOIN payment p ON p.id = l.payment_id
			WHERE ? ORDER BY l.line LIMIT ? OFFSET ?`, where, p.Size, (p.Number-1)*p.Size).Scan(&rows).Error
		if err != nil {
			return err
		}
		lines = make([]payment.ResultLine, len(rows))
		for i, row := range rows {
			lines[i] = row.toDomain()
		}
		return noteResult(ctx, tx, act, r, nil)
	})
	return lines, total, err
}

// readResult reads a result file that act may be done to.
func readResult(ctx context.Context, tx *gorm.DB, act award.Act, id uuid.UUID, lock string) (*payment.Result, error) {
	all, err := findResults(ctx, tx, " WHERE f.id = ? AND ?"+lock, id, within(act.Who, policy.ReadResult, ofResult))
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errNoRecord
	}
	return all[0], policy.Check(act.Who, act.Operation, policy.ReadResult, policy.Record{Area: all[0].Area})
}

func findResults(ctx context.Context, tx *gorm.DB, where string, values ...any) ([]*payment.Result, error) {
	var rows []resultRow
	if err := tx.WithContext(ctx).Raw(selectResults+where, values...).Scan(&rows).Error; err != nil {
		return nil, err
	}
	all := make([]*payment.Result, len(rows))
	ids := make([]uuid.UUID, len(rows))
	for i, row := range rows {
		r, err := row.toDomain()
		if err != nil {
			return nil, err
		}
		all[i], ids[i] = r, r.ID
	}
	if len(rows) == 0 {
		return all, nil
	}
	var found []struct {
		ResultID uuid.UUID
		Finding  string
		Count    int
		Pence    int64
	}
	err := tx.WithContext(ctx).Raw(`SELECT result_id, finding, count(*) AS count, sum(pence) AS pence FROM result_line
		WHERE result_id IN ? GROUP BY result_id, finding`, ids).Scan(&found).Error
	for _, f := range found {
		i := slices.Index(ids, f.ResultID)
		all[i].Found = append(all[i].Found, payment.FindingTotal{Finding: payment.Finding(f.Finding), Count: f.Count, Pence: money.Pence(f.Pence)})
	}
	for _, r := range all {
		slices.SortFunc(r.Found, func(a, b payment.FindingTotal) int {
			return slices.Index(payment.Findings, a.Finding) - slices.Index(payment.Findings, b.Finding)
		})
	}
	return all, err
}

func noteResult(ctx context.Context, tx *gorm.DB, act award.Act, r *payment.Result, err error) error {
	if err != nil {
		return err
	}
	return audit.Write(ctx, tx, audit.Entry{Action: string(act.Operation), Subject: "result", SubjectID: r.ID})
}

// resultRow is a row of table result, without its file.
type resultRow struct {
	ID          uuid.UUID
	FileName    string
	Area        string
	State       string
	Message     string
	Hash        []byte
	At          time.Time
	ByID        uuid.UUID
	ByName      string
	HeadingLine int
	Shown       string
	Columns     string
}

func (r resultRow) toDomain() (*payment.Result, error) {
	d := &payment.Result{
		ID: r.ID, FileName: r.FileName, Area: r.Area, State: payment.ResultState(r.State), Message: r.Message, Hash: r.Hash,
		At: r.At, By: r.ByID, ByName: r.ByName, HeadingLine: r.HeadingLine,
	}
	if err := json.Unmarshal([]byte(r.Shown), &d.Shown); err != nil {
		return nil, err
	}
	return d, json.Unmarshal([]byte(r.Columns), &d.Columns)
}

// lineRowOfResult is a row of table result_line, and the request of its payment.
type lineRowOfResult struct {
	Line      int
	Reference string
	Verdict   string
	Pence     int64
	Code      string
	Words     string
	Finding   string
	Reason    string
	PaymentID *uuid.UUID
	RequestID *uuid.UUID
}

func (r lineRowOfResult) toDomain() payment.ResultLine {
	return payment.ResultLine{
		Line: payment.Line{
			Line: r.Line, Reference: r.Reference, Verdict: payment.Verdict(r.Verdict), Pence: money.Pence(r.Pence), Code: r.Code, Words: r.Words,
			Finding: payment.Finding(r.Finding), Reason: r.Reason,
		},
		PaymentID: orNobody(r.PaymentID), RequestID: orNobody(r.RequestID),
	}
}
