package page_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/needs"
)

// beside are so many further people of one name whom somebody supports.
func (p *portal) beside(coach uuid.UUID, many int) {
	for range many {
		p.needs.jobseekers = append(p.needs.jobseekers, needs.Jobseeker{Id: uuid.New(), Name: "Leanne Hargreaves", Area: "Oldham", CoachId: coach})
	}
}

func TestSomebodyIsFoundAmongTheCoachsOwnHoweverManyOthersShareTheName(t *testing.T) {
	p := start(t)
	p.beside(uuid.New(), 201)
	mine := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 24*time.Hour).JobseekerId
	p.as(priya).get("/checks").press("Show", fill{"q": "hargreaves"}).sound().wants("Nobody who matches that has to be asked.")
	if of := p.outcomes.of; len(of) != 1 || of[0] != mine {
		t.Errorf("looked for the checks of %d people, want only hers", len(of))
	}
}

func TestWhereTooManyMatchNobodyIsLeftOutInSilence(t *testing.T) {
	p := start(t)
	p.beside(uuid.New(), 201)
	p.as(priya).get("/checks").press("Show", fill{"q": "hargreaves", "show": "area"}).sound().
		wants("There is a problem", "Too many people match that", "Add more of the name, or a postcode.").lacks("Nobody who matches")
}
