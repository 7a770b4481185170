package page_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/outcomes"
)

func TestAManagerTellsSuppressedFromNobodyAndFromNone(t *testing.T) {
	p := start(t)
	p.as(helen).get("/usefulness").sound().wants("Nobody has said yet what helped.")
	p.outcomes.useful = []outcomes.Usefulness{
		{
			CourseId: uuid.New(), CourseName: "Retail skills",
			CourseHelped:  outcomes.HelpedCount{Shown: outcomes.ShownTold, People: 12, Pointless: 9, ALittle: 2, ALot: 1},
			InsteadHelped: outcomes.HelpedCount{Shown: outcomes.ShownTold, People: 7, ALot: 4, ALittle: 3, Partial: true},
			CourseMore:    outcomes.MoreCount{Shown: outcomes.ShownSuppressed},
		},
		{
			CourseId: uuid.New(), CourseName: "Welding",
			CourseHelped: outcomes.HelpedCount{Shown: outcomes.ShownNone}, InsteadHelped: outcomes.HelpedCount{Shown: outcomes.ShownSuppressed}, CourseMore: outcomes.MoreCount{Shown: outcomes.ShownNone},
		},
	}
	p.as(helen).get("/usefulness").sound().wants(
		"9 of 12 people who went on it say that it was no help or made it harder.",
		"None of 7 people who were given something instead say that this was no help or made it harder. People of an area where too few answered are not among them.",
		"Some said whether the course would have helped more. They are too few, or all say the same, so nothing is shown.",
		"Nobody who went on it has said yet whether it helped.",
		"Some who were given something instead said whether this helped.",
	)
	p.as(helen).get("/usefulness?q=welding").sound().wants("1 course", "Welding").lacks("Retail skills")
	p.as(helen).get("/usefulness?q=cobbling").sound().wants("Nobody has said anything yet of a course called “cobbling”.")
}
