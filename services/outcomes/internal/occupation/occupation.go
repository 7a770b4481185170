// Package occupation knows the unit groups of the Standard Occupational
// Classification 2020, which is how an outcome says what work it is. Its source
// and licence are in README.md. It judges no work and knows no person.
package occupation

import (
	_ "embed"
	"slices"
	"strings"
)

// Group is a unit group.
type Group struct {
	Code  string // four figures
	Title string
}

//go:embed soc2020.txt
var list string

// groups is every unit group, by code.
var groups = func() []Group {
	var all []Group
	for line := range strings.Lines(list) {
		if code, title, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			all = append(all, Group{code, title})
		}
	}
	slices.SortFunc(all, func(a, b Group) int { return strings.Compare(a.Code, b.Code) })
	return all
}()

// majors are the nine major groups, by the first figure of a code.
var majors = map[byte]string{
	'1': "Managers, directors and senior officials",
	'2': "Professional occupations",
	'3': "Associate professional occupations",
	'4': "Administrative and secretarial occupations",
	'5': "Skilled trades occupations",
	'6': "Caring, leisure and other service occupations",
	'7': "Sales and customer service occupations",
	'8': "Process, plant and machine operatives",
	'9': "Elementary occupations",
}

// Of is the unit group with this code, if there is one.
func Of(code string) (Group, bool) {
	i, ok := slices.BinarySearchFunc(groups, code, func(g Group, code string) int { return strings.Compare(g.Code, code) })
	if !ok {
		return Group{}, false
	}
	return groups[i], true
}

// Major is the title of the major group that it is part of.
func (g Group) Major() string {
	if g.Code == "" {
		return ""
	}
	return majors[g.Code[0]]
}

// Find is every unit group whose code begins with what is asked for or whose
// title has each of its words in it, by code. Nothing asked for finds them all.
func Find(asked string) []Group {
	words := strings.Fields(strings.ToLower(asked))
	return slices.DeleteFunc(slices.Clone(groups), func(g Group) bool {
		title := strings.ToLower(g.Title)
		return slices.ContainsFunc(words, func(w string) bool {
			return !strings.HasPrefix(g.Code, w) && !strings.Contains(title, w)
		})
	})
}
