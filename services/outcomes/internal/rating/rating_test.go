package rating

import (
	"strings"
	"testing"

	"github.com/instead-support/instead/pkg/fault"
)

func TestOfFewerThanFivePeopleNothingIsTold(t *testing.T) {
	for people := range 8 {
		u := Useful{
			Went:    Went{People: people, ALot: 1, ALittle: 1, Pointless: people},
			Instead: Supported{People: people, CourseMore: 1, CourseNoMore: people},
		}.Suppressed()
		if people < 5 && (u.Went != Went{Suppressed: true} || u.Instead != Supported{Suppressed: true}) {
			t.Errorf("of %d people it tells %+v", people, u)
		}
		if people >= 5 && (u.Went.Pointless != people || u.Instead.CourseNoMore != people || u.Went.Suppressed || u.Instead.Suppressed) {
			t.Errorf("of %d people it tells only %+v", people, u)
		}
	}
}

func TestWhatIsSaidOfALineComparesItWithTheCourseAndOfTheCourseDoesNot(t *testing.T) {
	for name, c := range map[string]struct {
		of      Kind
		said    Said
		pointer string
	}{
		"a line":                      {Line, Said{Helped: ALot, Course: NotSure}, ""},
		"a line without a comparison": {Line, Said{Helped: ALot}, "/course_would_help_more"},
		"the course":                  {Course, Said{Helped: Harder}, ""},
		"the course with itself":      {Course, Said{Helped: Harder, Course: WouldNo}, "/course_would_help_more"},
		"nothing chosen":              {Course, Said{}, "/helped"},
		"too many words":              {Course, Said{Helped: No, Words: strings.Repeat("é", 2001)}, "/words"},
	} {
		f := fault.As(c.said.check(c.of))
		if c.pointer == "" && f == nil {
			continue
		}
		if f == nil || len(f.Fields) != 1 || f.Fields[0].Pointer != c.pointer {
			t.Errorf("%s: %+v, want %q", name, f, c.pointer)
		}
	}
}
