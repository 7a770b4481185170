package rating

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
)

func TestAnswersAreToldOfByFivePeopleAtOnceWhoDoNotAllSayTheSame(t *testing.T) {
	moves := func(all ...string) (m []Move) {
		for _, one := range all {
			was, is, _ := strings.Cut(one, ">")
			m = append(m, Move{uuid.New(), was, is})
		}
		return m
	}
	for name, c := range map[string]struct {
		moves []Move
		told  int
	}{
		"nobody":                               {nil, 0},
		"four":                                 {moves(">a", ">a", ">b", ">c"), 0},
		"five":                                 {moves(">a", ">a", ">b", ">a", ">a"), 5},
		"six who all say the same":             {moves(">a", ">a", ">a", ">a", ">a", ">a"), 0},
		"five who change":                      {moves("a>b", "a>c", "b>c", "c>b", "a>b"), 5},
		"five who all change to the same":      {moves("a>c", "a>c", "b>c", "b>c", "a>c"), 0},
		"five who all said the same before":    {moves("a>c", "a>c", "a>b", "a>b", "a>c"), 0},
		"three who are new and two who change": {moves(">a", ">b", ">a", "a>b", "b>a"), 0},
		"five who are new and one who changes": {moves(">a", ">b", ">a", ">c", "b>a", ">a"), 5},
	} {
		if got := len(Tellable(c.moves)); got != c.told {
			t.Errorf("of %s it tells of %d, want %d", name, got, c.told)
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
