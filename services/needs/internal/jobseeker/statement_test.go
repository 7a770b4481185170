package jobseeker

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
)

func TestAStatementSaysWhoseHandItIsIn(t *testing.T) {
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	asha := identity.Person{ID: uuid.New(), Name: "Asha Begum"}
	dan := identity.Person{ID: uuid.New(), Name: "a name that the public provider gave"}
	j := Jobseeker{ID: uuid.New(), CoachID: asha.ID, Person: dan.ID}

	s, err := j.Say(asha, "  I need a bike.\r\nAnd a lock. ", now)
	if err != nil || s.Words != "I need a bike.\nAnd a lock." || !s.TakenDown || s.CoachName != "Asha Begum" || s.By != asha.ID || s.JobseekerID != j.ID || !s.At.Equal(now) {
		t.Errorf("Say(coach) = %+v %v", s, err)
	}
	if j.Spoken {
		t.Error("the jobseeker counts as having spoken when only their coach has")
	}

	s, err = j.Say(dan, "I need a bike.", now)
	if err != nil || s.TakenDown || s.CoachName != "" || s.By != dan.ID {
		t.Errorf("Say(jobseeker) = %+v %v", s, err)
	}
	if !j.Spoken {
		t.Error("the jobseeker has written a statement and does not count as having spoken")
	}
}

func TestAStatementNeedsWordsAndNotTooMany(t *testing.T) {
	for _, words := range []string{"", " \n\t", strings.Repeat("é", longest+1), "a\x00b", "\xff"} {
		j := Jobseeker{}
		if _, err := j.Say(identity.Person{ID: uuid.New()}, words, time.Now()); !fault.Is(err, fault.Invalid) || fault.As(err).Fields[0].Pointer != "/words" {
			t.Errorf("Say(%.20q) = %v, want invalid /words", words, err)
		}
	}
	j := Jobseeker{}
	if _, err := j.Say(identity.Person{ID: uuid.New()}, strings.Repeat("é", longest), time.Now()); err != nil {
		t.Error(err)
	}
}
