package page

import (
	"testing"
	"time"

	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/instead-support/instead/api/outcomes"
)

func TestACoachIsPromisedRemindersOfDaysToComeAlone(t *testing.T) {
	on := func(month time.Month) openapi.Date {
		return openapi.Date{Time: time.Date(2026, month, 3, 0, 0, 0, 0, time.UTC)}
	}
	o := outcomes.Outcome{Checks: []outcomes.Check{{DueOn: on(8), State: outcomes.Overdue}, {DueOn: on(11), State: outcomes.Upcoming}}}
	if got := remindedOn(o); got != " You will be reminded to ask how it goes on 3 November 2026." {
		t.Errorf("half way: %q", got)
	}
	o.Checks[1].State = outcomes.Due
	if got := remindedOn(o); got != "" {
		t.Errorf("long ago: %q", got)
	}
}
