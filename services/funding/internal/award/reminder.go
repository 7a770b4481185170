package award

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/pkg/workday"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// ReminderKind is what somebody is reminded of.
type ReminderKind string

// DecisionDue is of a request that should have been decided; the rest are for the
// contract to name.
const DecisionDue ReminderKind = "decision-due"

// Reminder is something that waits for somebody for longer than it should. It is
// worked out from how things stand, and gone once it is seen to.
type Reminder struct {
	Kind        ReminderKind // as the contract names it
	Since       time.Time
	Due         time.Time // the day on which it runs out or was due; zero for none
	Reference   string
	RequestID   uuid.UUID
	PaymentID   uuid.UUID
	BatchID     uuid.UUID
	JobseekerID uuid.UUID
	Area        string
	Pence       money.Pence
}

// Working days after which finance is reminded of a payment that is planned and
// has not left, and of a file of which no result came: BACS takes three.
const (
	unsentFor  = 5
	awaitedFor = 4
)

// mostWorkingDays is the most that a fund's terms give anybody for anything.
const mostWorkingDays = 120

// Lateness is what was to be done by this day.
type Lateness struct {
	// Working are the latest working days, today's first if it is one: what was to be
	// done within n of them is due if it began before the n-th.
	Working []time.Time

	Unsent, Awaited time.Time // what was planned, or sent, before is too old
}

func latenessOn(today time.Time) Lateness {
	var l Lateness
	for day := today; len(l.Working) < mostWorkingDays; day = day.AddDate(0, 0, -1) {
		if workday.Is(day) {
			l.Working = append(l.Working, day)
		}
	}
	before := func(n int) time.Time { return workday.End(l.Working[n-1].AddDate(0, 0, -1)) }
	l.Unsent, l.Awaited = before(unsentFor), before(awaitedFor)
	return l
}

// Reminders is one page of what waits for the person acting, the oldest first,
// and how much there is in all.
func (s *Awards) Reminders(ctx context.Context, p Page) ([]Reminder, int, error) {
	who, err := s.actor(ctx, policy.ListReminders)
	if err != nil {
		return nil, 0, err
	}
	found, total, err := s.d.Promises.Reminders(ctx, Act{Who: who, Operation: policy.ListReminders}, latenessOn(Today(s.now())), p)
	if err != nil {
		return nil, 0, err
	}
	var waiting []uuid.UUID
	for _, m := range found {
		if m.Kind == DecisionDue {
			waiting = append(waiting, m.RequestID)
		}
	}
	if len(waiting) == 0 {
		return found, total, nil
	}
	paces, err := s.d.Store.Paces(ctx, waiting)
	for i, m := range found {
		if m.Kind == DecisionDue {
			found[i].Due = paces[m.RequestID].Clock(s.now()).By
		}
	}
	return found, total, err
}
