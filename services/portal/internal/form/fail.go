package form

import (
	"strings"

	"github.com/instead-support/instead/pkg/fault"
)

// Names says which field of the page each JSON pointer of a request is. A "*"
// stands for one part of the pointer, and for the same part in the field's
// name: "/lines/*/amount" is "line-*-amount".
type Names map[string]string

func (n Names) of(pointer string) (string, bool) {
	if name, ok := n[pointer]; ok {
		return name, true
	}
	parts := strings.Split(pointer, "/")
	for pattern, name := range n {
		if filled, ok := fill(strings.Split(pattern, "/"), parts, name); ok {
			return filled, true
		}
	}
	return "", false
}

func fill(pattern, parts []string, name string) (string, bool) {
	if len(pattern) != len(parts) {
		return "", false
	}
	for i, p := range pattern {
		switch {
		case p == "*":
			name = strings.Replace(name, "*", parts[i], 1)
		case p != parts[i]:
			return "", false
		}
	}
	return name, true
}

// Fail puts a service's refusal where it belongs: each field's message beside
// that field, the rest at the top of the page. It returns nil when somebody can
// mend this on the page they have, or send it again, with all they typed kept;
// otherwise it returns err, for an error page. Fail(nil, …) does nothing.
func (f *Form) Fail(err error, names Names) error {
	if err == nil {
		return nil
	}
	problem := fault.As(err)
	switch problem.Kind {
	case fault.Invalid, fault.OverCap, fault.OverBudget, fault.TooLarge, fault.Unavailable:
	case fault.Conflict, fault.Stale:
		// The key may be what conflicts: a form sent, gone back to and changed.
		f.renewKey()
	default:
		return err
	}
	if len(problem.Fields) == 0 {
		f.WantWhole(false, problem.Message)
	}
	for _, field := range problem.Fields {
		if name, ok := names.of(field.Pointer); ok {
			f.Want(false, name, field.Message)
		} else {
			f.WantWhole(false, field.Message)
		}
	}
	return nil
}
