package award

import (
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
)

// Approval is what whoever approves says besides why: how much of each line, and
// what may be asked about the decision for years after.
type Approval struct {
	Lines        []Granted // one for each line of the request; with none each is granted in full
	OtherFunding string    // that was considered first, or that there is none
	Scrutiny     string    // why this is a good use of public money: it may be published, and names nobody
	Conflict     Conflict  // between who decides and who asks or is paid
}

// Granted is how much of a line is paid for.
type Granted struct {
	Line  uuid.UUID
	Pence money.Pence // 0 to the line's amount
	Code  Code        // why not all of it; "" where it is all of it
}

// Conflict is what a person declares of their own interest in a decision.
type Conflict string

// The declarations. Whoever has an interest may not decide.
const (
	NoConflict Conflict = "none"
	Declared   Conflict = "declared"
)

// LineCodes lists the reasons for granting less of a line than was asked.
func LineCodes() []Code { return slices.Clone(codes[Declined]) }

// grant keeps how much of each line why grants, and what else it says. It returns
// what that comes to, less what somebody else pays; Forbidden to whoever has an
// interest; and Invalid, naming every field that is wrong.
func (r *Request) grant(why Reason) (money.Pence, error) {
	if why.Conflict == Declared {
		return 0, fault.New(fault.Forbidden, "You have an interest in this request, so somebody else must decide it.")
	}
	said := why.Approval
	said.OtherFunding, said.Scrutiny = tidy(said.OtherFunding), tidy(said.Scrutiny)
	var c fault.Check
	c.Want(said.Conflict == NoConflict, "/conflict", "Say whether you have an interest in this request.")
	checkText(&c, "/other_funding", said.OtherFunding, 1000, "Say which other funding you considered, or that there is none.")
	checkText(&c, "/scrutiny", said.Scrutiny, 1000, "Say why this is a good use of public money, without naming anybody.")
	all := len(said.Lines) == len(r.Lines)
	c.Want(len(said.Lines) == 0 || all, "/lines", "Say of every line how much is granted.")
	lines, sum := slices.Clone(r.Lines), money.Pence(0)
	for i := range lines {
		l := &lines[i]
		l.Granted, l.GrantedCode = l.Amount, ""
		if all {
			l.Granted, l.GrantedCode = said.of(&c, *l)
		}
		sum += l.Granted
	}
	sum -= r.Elsewhere.Pence
	c.Want(sum >= 1, "/lines", "Grant more than what somebody else pays, or decline the request.")
	if err := c.Err(); err != nil {
		return 0, err
	}
	r.Lines, r.OtherFunding, r.Scrutiny = lines, said.OtherFunding, said.Scrutiny
	return sum, nil
}

// of is how much of a line is granted and why not all of it.
func (said Approval) of(c *fault.Check, l Line) (money.Pence, Code) {
	i := slices.IndexFunc(said.Lines, func(g Granted) bool { return g.Line == l.ID })
	if i < 0 {
		c.Want(false, "/lines", "Say of every line how much is granted.")
		return 0, ""
	}
	g, at := said.Lines[i], fmt.Sprintf("/lines/%d/", i)
	c.Want(g.Pence >= 0 && g.Pence <= l.Amount, at+"granted_pence", fmt.Sprintf("Grant from nothing to the %v that is asked for.", l.Amount))
	if g.Pence >= l.Amount {
		return g.Pence, ""
	}
	c.Want(slices.Contains(codes[Declined], g.Code), at+"code", "Choose why not all of it.")
	return g.Pence, g.Code
}
