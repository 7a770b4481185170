package award

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/funding/internal/authority"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Question is what a manager wants to know before they decide, asked without
// deciding: the request stays submitted, and what is asked stays held. It is
// answered once, in words. Neither is ever changed.
type Question struct {
	ID          uuid.UUID
	RequestID   uuid.UUID
	Reference   string
	JobseekerID uuid.UUID
	To          Addressee
	Words       string
	By          uuid.UUID
	ByName      string
	At          time.Time

	Answer     string // empty until it is answered
	AnsweredBy uuid.UUID
	AnswerName string
	AnsweredAt time.Time
}

// Answered reports whether it is.
func (q Question) Answered() bool { return q.Answer != "" }

// Addressee is whom a question is put to.
type Addressee string

// Whom a question can be put to. Both see every question and every answer.
const (
	ToCoach     Addressee = "coach"
	ToJobseeker Addressee = "jobseeker"
)

// Questions chooses among all questions that somebody may see, about requests
// that wait for a decision.
type Questions string

// The choices.
const (
	ForMe      Questions = "for-me"     // to be answered by whoever looks
	Unanswered Questions = "unanswered" // about requests that whoever looks could decide
	Answers    Questions = "answered"   // likewise
)

// QuestionStore keeps questions, as Store keeps requests.
type QuestionStore interface {
	// Ask saves the question that ask makes of a request that stays as it is.
	Ask(ctx context.Context, act Act, request uuid.UUID, also Also, ask func(Case) (Question, error)) (Question, error)
	// Answer saves what answer makes of the question.
	Answer(ctx context.Context, act Act, question uuid.UUID, answer func(Case, Question) (Question, error)) (Question, error)
	// QuestionsOf lists those about a request, oldest first.
	QuestionsOf(ctx context.Context, act Act, request uuid.UUID) ([]Question, error)
	// Questions is one page of those, longest waiting first, and how many there
	// are.
	Questions(ctx context.Context, act Act, which Questions, p Page) ([]Question, int, error)
	// RequestOf is the request that the question is about.
	RequestOf(ctx context.Context, who policy.Actor, question uuid.UUID) (uuid.UUID, error)
}

// Ask puts a question about a submitted request to its coach or to the
// jobseeker, without deciding it. It returns Conflict if the request does not
// wait for a decision, Forbidden to who could not decide it, and Invalid without
// words.
func (s *Awards) Ask(ctx context.Context, request uuid.UUID, to Addressee, words string) (Question, error) {
	who, err := s.actor(ctx, policy.AskQuestion)
	if err != nil {
		return Question{}, err
	}
	return s.d.Questions.Ask(ctx, Act{who, policy.AskQuestion, []any{request, to, words}}, request, Also{Authority: true, At: s.now()}, func(c Case) (Question, error) {
		if err := policy.Check(who, policy.AskQuestion, policy.ReadRequest, c.record()); err != nil {
			return Question{}, err
		}
		return c.Request.ask(to, words, who.Person, c.Authority, s.now())
	})
}

// Answer answers a question: the jobseeker one that was put to them, their coach
// any. It returns Conflict if it was answered, or the request no longer waits,
// and Invalid without words.
func (s *Awards) Answer(ctx context.Context, question uuid.UUID, words string) (Question, error) {
	who, err := s.actor(ctx, policy.AnswerQuestion)
	if err != nil {
		return Question{}, err
	}
	request, err := s.d.Questions.RequestOf(ctx, who, question)
	if err != nil {
		return Question{}, err
	}
	taken, err := s.takenOver(ctx, who, policy.AnswerQuestion, request)
	if err != nil {
		return Question{}, err
	}
	return s.d.Questions.Answer(ctx, Act{who, policy.AnswerQuestion, []any{question, words}}, question, func(c Case, q Question) (Question, error) {
		c.Allowance.handTo(taken)
		if err := policy.Check(who, policy.AnswerQuestion, policy.ReadRequest, c.record()); err != nil {
			return Question{}, err
		}
		return c.Request.answer(q, words, who, s.now())
	})
}

// QuestionsOf lists the questions about a request, oldest first.
func (s *Awards) QuestionsOf(ctx context.Context, request uuid.UUID) ([]Question, error) {
	who, err := s.actor(ctx, policy.ListQuestions)
	if err != nil {
		return nil, err
	}
	return s.d.Questions.QuestionsOf(ctx, Act{Who: who, Operation: policy.ListQuestions}, request)
}

// Questions is one page of the questions about requests that wait, the longest
// waiting first, and how many there are in all.
func (s *Awards) Questions(ctx context.Context, which Questions, p Page) ([]Question, int, error) {
	who, err := s.actor(ctx, policy.FindQuestions)
	if err != nil {
		return nil, 0, err
	}
	return s.d.Questions.Questions(ctx, Act{Who: who, Operation: policy.FindQuestions}, which, p)
}

// ask is a question about r. See Awards.Ask.
func (r *Request) ask(to Addressee, words string, by identity.Person, may authority.Authority, at time.Time) (Question, error) {
	if r.State() != Submitted {
		return Question{}, fault.Newf(fault.Conflict, "This request is %s, so there is nothing to ask before a decision. Look at it again before you go on.", r.State())
	}
	if err := r.decidable(by, may); err != nil {
		return Question{}, err
	}
	q := Question{
		ID: newID(), RequestID: r.ID, Reference: r.Reference, JobseekerID: r.JobseekerID,
		To: to, Words: tidy(words), By: by.ID, ByName: by.Name, At: at,
	}
	var c fault.Check
	c.Want(to == ToCoach || to == ToJobseeker, "/to", "Choose whom you ask.")
	checkText(&c, "/words", q.Words, 2000, "Enter your question.")
	return q, c.Err()
}

// answer is q with an answer. See Awards.Answer.
func (r *Request) answer(q Question, words string, by policy.Actor, at time.Time) (Question, error) {
	switch {
	case q.Answered():
		return Question{}, fault.New(fault.Conflict, "This question has been answered already.")
	case r.State() != Submitted:
		return Question{}, fault.Newf(fault.Conflict, "This request is %s, so the question no longer waits for an answer.", r.State())
	case by.Jobseeker != uuid.Nil && q.To != ToJobseeker:
		return Question{}, fault.New(fault.Forbidden, "This question is for your work coach. You need not do anything.")
	}
	q.Answer, q.AnsweredBy, q.AnswerName, q.AnsweredAt = tidy(words), by.ID, by.Name, at
	if by.Jobseeker != uuid.Nil {
		q.AnswerName = TheJobseeker
	}
	var c fault.Check
	checkText(&c, "/words", q.Answer, 2000, "Enter your answer.")
	return q, c.Err()
}
