package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// dialogueFaults say what a broken constraint means to the person who broke it.
var dialogueFaults = db.Faults{
	"answer_once":             fault.New(fault.Conflict, "This question has been answered already."),
	"question_while_it_waits": errTooLate,
}

// questionRow is a question with its answer and the request it is about.
type questionRow struct {
	ID          uuid.UUID
	RequestID   uuid.UUID
	Reference   string
	JobseekerID uuid.UUID
	ToWhom      string
	Words       string
	ByID        uuid.UUID
	ByName      string
	At          time.Time
	Answer      *string
	AnsweredBy  *uuid.UUID
	AnswerName  *string
	AnsweredAt  *time.Time
}

const fromQuestions = ` FROM question q JOIN request r ON r.id = q.request_id JOIN allowance a ON a.id = r.allowance_id
	LEFT JOIN answer w ON w.question_id = q.id WHERE ?`

const selectQuestions = `SELECT q.id, q.request_id, r.reference, r.jobseeker_id, q.to_whom, q.words, q.by_id, q.by_name, q.at,
	w.words AS answer, w.by_id AS answered_by, w.by_name AS answer_name, w.at AS answered_at` + fromQuestions

func (r questionRow) toDomain() award.Question {
	q := award.Question{
		ID: r.ID, RequestID: r.RequestID, Reference: r.Reference, JobseekerID: r.JobseekerID,
		To: award.Addressee(r.ToWhom), Words: r.Words, By: r.ByID, ByName: r.ByName, At: r.At,
	}
	if r.Answer != nil {
		q.Answer, q.AnsweredBy, q.AnswerName, q.AnsweredAt = *r.Answer, *r.AnsweredBy, *r.AnswerName, *r.AnsweredAt
	}
	return q
}

// questions reads what where admits, in this order.
func questions(ctx context.Context, tx *gorm.DB, where clause.Expr, order string, values ...any) ([]award.Question, error) {
	var rows []questionRow
	err := tx.WithContext(ctx).Raw(selectQuestions+order, append([]any{where}, values...)...).Scan(&rows).Error
	all := make([]award.Question, len(rows))
	for i, row := range rows {
		all[i] = row.toDomain()
	}
	return all, err
}

// questionsOf is the WHERE of what who may see by op, and more.
func questionsOf(who policy.Actor, op policy.Operation, and string, values ...any) clause.Expr {
	where := within(who, op, ofRequest)
	where.SQL += " AND " + and
	where.Vars = append(where.Vars, values...)
	return where
}

// readQuestion reads one that who may see.
func readQuestion(ctx context.Context, tx *gorm.DB, who policy.Actor, id uuid.UUID) (award.Question, error) {
	found, err := questions(ctx, tx, questionsOf(who, policy.ListQuestions, "q.id = ?", id), "")
	if err == nil && len(found) == 0 {
		err = errNoRecord
	}
	if err != nil {
		return award.Question{}, err
	}
	return found[0], nil
}

// RequestOf is award.QuestionStore's.
func (s Awards) RequestOf(ctx context.Context, who policy.Actor, question uuid.UUID) (uuid.UUID, error) {
	q, err := readQuestion(ctx, s.db.Gorm, who, question)
	return q.RequestID, err
}

// Ask is award.QuestionStore's.
func (s Awards) Ask(ctx context.Context, act award.Act, request uuid.UUID, also award.Also, ask func(award.Case) (award.Question, error)) (award.Question, error) {
	return s.dialogue(ctx, act, func(tx *gorm.DB) (award.Question, error) {
		c, err := holdRequest(ctx, tx, act.Who, request, also)
		if err != nil {
			return award.Question{}, err
		}
		q, err := ask(c)
		if err != nil {
			return award.Question{}, err
		}
		err = tx.WithContext(ctx).Exec("INSERT INTO question (id, request_id, to_whom, words, by_id, by_name, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
			q.ID, q.RequestID, q.To, q.Words, q.By, q.ByName, q.At).Error
		if err != nil {
			return award.Question{}, err
		}
		return q, s.tellIn(ctx, tx, tellingQuestion(q))
	})
}

// Answer is award.QuestionStore's.
func (s Awards) Answer(ctx context.Context, act award.Act, question uuid.UUID, answer func(award.Case, award.Question) (award.Question, error)) (award.Question, error) {
	return s.dialogue(ctx, act, func(tx *gorm.DB) (award.Question, error) {
		asked, err := readQuestion(ctx, tx, act.Who, question)
		if err != nil {
			return award.Question{}, err
		}
		c, err := holdRequest(ctx, tx, act.Who, asked.RequestID, award.Also{})
		if err != nil {
			return award.Question{}, err
		}
		if asked, err = readQuestion(ctx, tx, act.Who, question); err != nil { // as it is now that nobody else changes it
			return award.Question{}, err
		}
		q, err := answer(c, asked)
		if err != nil {
			return award.Question{}, err
		}
		err = tx.WithContext(ctx).Exec("INSERT INTO answer (question_id, words, by_id, by_name, at) VALUES (?, ?, ?, ?, ?)",
			q.ID, q.Answer, q.AnsweredBy, q.AnswerName, q.AnsweredAt).Error
		if err != nil {
			return award.Question{}, err
		}
		return q, s.tellIn(ctx, tx, tellingQuestion(q))
	})
}

// holdRequest reads a request that who may see and keeps it from being decided
// until tx ends. It is read by statements that begin once the lock is held.
func holdRequest(ctx context.Context, tx *gorm.DB, who policy.Actor, id uuid.UUID, also award.Also) (award.Case, error) {
	if err := tx.WithContext(ctx).Exec("SELECT FROM request WHERE id = ? FOR NO KEY UPDATE", id).Error; err != nil {
		return award.Case{}, err
	}
	return readCase(tx, who, id, also)
}

// dialogue does what asks or answers a question once for each message, and notes
// it in the trail of the request.
func (s Awards) dialogue(ctx context.Context, act award.Act, do func(tx *gorm.DB) (award.Question, error)) (q award.Question, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		id, seen, err := takeOnce(ctx, tx, act, func() (uuid.UUID, error) {
			q, err = do(tx)
			return q.ID, err
		})
		if err == nil && seen {
			q, err = readQuestion(ctx, tx, act.Who, id)
		}
		if err != nil {
			return dialogueFaults.Translate(err)
		}
		return audit.Write(ctx, tx, audit.Entry{Action: string(act.Operation), Subject: "request", SubjectID: q.RequestID, Jobseeker: q.JobseekerID})
	})
	return q, err
}

// QuestionsOf is award.QuestionStore's.
func (s Awards) QuestionsOf(ctx context.Context, act award.Act, request uuid.UUID) (all []award.Question, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		c, err := readCase(tx, act.Who, request, award.Also{})
		if err != nil {
			return err
		}
		all, err = questions(ctx, tx, questionsOf(act.Who, act.Operation, "q.request_id = ?", request), " ORDER BY q.at, q.id")
		return noteRequest(ctx, tx, act, c.Request, err)
	})
	return all, err
}

// Questions is award.QuestionStore's.
func (s Awards) Questions(ctx context.Context, act award.Act, which award.Questions, p award.Page) (found []award.Question, total int, err error) {
	where := questionsOf(act.Who, policy.ApproveRequest, "r.state = 'submitted' AND w.question_id IS NULL")
	switch which {
	case award.ForMe:
		where = questionsOf(act.Who, policy.AnswerQuestion, "r.state = 'submitted' AND w.question_id IS NULL")
		if act.Who.Jobseeker != uuid.Nil {
			where.SQL += " AND q.to_whom = 'jobseeker'"
		}
	case award.Answers:
		where = questionsOf(act.Who, policy.ApproveRequest, "r.state = 'submitted' AND w.question_id IS NOT NULL")
	}
	err = s.still(ctx, func(tx *gorm.DB) error {
		if err := tx.Raw("SELECT count(*)"+fromQuestions, where).Scan(&total).Error; err != nil {
			return err
		}
		if found, err = questions(ctx, tx, where, " ORDER BY coalesce(w.at, q.at), q.id LIMIT ? OFFSET ?", p.Size, (p.Number-1)*p.Size); err != nil {
			return err
		}
		var looks []audit.Entry
		for _, q := range found {
			look := audit.Entry{Action: string(act.Operation), Subject: "jobseeker", SubjectID: q.JobseekerID, Jobseeker: q.JobseekerID}
			if !slices.Contains(looks, look) {
				looks = append(looks, look)
			}
		}
		return audit.Write(ctx, tx, looks...)
	})
	return found, total, err
}

// paceRow is a question about a request that waits, or none, beside what its
// clock hangs on.
type paceRow struct {
	ID       uuid.UUID
	Sent     time.Time
	Days     int
	Asked    *time.Time
	Answered *time.Time
}

// Paces is award.Store's.
func (s Awards) Paces(ctx context.Context, requests []uuid.UUID) (map[uuid.UUID]award.Pace, error) {
	var rows []paceRow
	err := s.db.Gorm.WithContext(ctx).Raw(`
		SELECT r.id, r.submitted_at AS sent, q.at AS asked, w.at AS answered, coalesce(
			(SELECT t.decide_days FROM terms_on(r.fund_id, (r.submitted_at AT TIME ZONE 'Europe/London')::date) t), 0) AS days
		FROM request r LEFT JOIN question q ON q.request_id = r.id LEFT JOIN answer w ON w.question_id = q.id
		WHERE r.id IN ? AND r.state = 'submitted'`, requests).Scan(&rows).Error
	paces := map[uuid.UUID]award.Pace{}
	for _, row := range rows {
		p := award.Pace{Sent: row.Sent, Days: row.Days, Waits: paces[row.ID].Waits}
		if row.Asked != nil {
			p.Waits = append(p.Waits, award.Wait{Asked: *row.Asked, Answered: orNever(row.Answered)})
		}
		paces[row.ID] = p
	}
	return paces, err
}
