package component

import (
	"strings"

	"github.com/a-h/templ"
)

// Size is how large a label, legend, heading or caption is set.
type Size string

// The sizes. The zero Size is body text.
const (
	Small      Size = "s"
	Medium     Size = "m"
	Large      Size = "l"
	ExtraLarge Size = "xl"
)

// under returns the class of this size of a block: "govuk-label--m".
func (s Size) under(block string) string {
	if s == "" {
		return ""
	}
	return block + "--" + string(s)
}

// Link is some words and where they lead.
type Link struct{ Text, Href string }

// classes joins the class names that are not empty.
func classes(names ...string) string {
	kept := names[:0:0]
	for _, n := range names {
		if n != "" {
			kept = append(kept, n)
		}
	}
	return strings.Join(kept, " ")
}

// when is name if ok, or nothing.
func when(ok bool, name string) string {
	if ok {
		return name
	}
	return ""
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// describedBy lists the ids of what explains the control with this id: what
// the caller named, then its hint, then its error.
func describedBy(id, named, hint, problem string) string {
	return classes(named, when(hint != "", id+"-hint"), when(problem != "", id+"-error"))
}

// textOr is the content, or the words if there is none.
func textOr(content templ.Component, words string) templ.Component {
	if content != nil {
		return content
	}
	return plain(words)
}
