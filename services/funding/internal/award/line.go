package award

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
)

// Line is one priced thing that a request asks for.
type Line struct {
	ID       uuid.UUID
	What     string
	Why      string    // it gets this person into work
	NeedID   uuid.UUID // that it meets, in needs
	Category Category
	Supplier string      // may be empty
	Amount   money.Pence // the full price, whoever pays it
	Quote    string      // where the price comes from; may be empty

	Granted     money.Pence // how much of it an approval pays for; 0 until then
	GrantedCode Code        // why not all of it
}

// Category is what kind of thing a line buys, by a code that its fund knows. A
// draft may say anything; whether the fund pays for it is asked on the day it is
// submitted.
type Category string

// Elsewhere is what somebody else pays towards the lines. The zero Elsewhere is
// nobody and nothing.
type Elsewhere struct {
	Pence money.Pence
	From  string // who pays it, in words
}

// Ask is what a coach fills in: everything about a request that an edit may
// change.
type Ask struct {
	Lines     []Line
	Elsewhere Elsewhere
}

// MostLines is how many lines a request may have.
const MostLines = 30

func total(lines []Line) money.Pence {
	var sum money.Pence
	for _, l := range lines {
		sum += l.Amount
	}
	return sum
}

// tidy is the ask without stray spaces, each line with an id: its own if it is
// one of the lines that were there before, a new one otherwise.
func (ask Ask) tidy(before []Line) Ask {
	ask.Lines = slices.Clone(ask.Lines)
	kept := map[uuid.UUID]bool{}
	for _, l := range before {
		kept[l.ID] = true
	}
	for i := range ask.Lines {
		l := &ask.Lines[i]
		l.What, l.Why, l.Supplier, l.Quote = tidy(l.What), tidy(l.Why), tidy(l.Supplier), tidy(l.Quote)
		if !kept[l.ID] {
			l.ID = newID()
		}
		delete(kept, l.ID) // an id sent twice is kept once
	}
	ask.Elsewhere.From = tidy(ask.Elsewhere.From)
	return ask
}

// check returns Invalid naming every field that is wrong. Lines are whole from
// the start; that there is at least one waits for the submission.
func (ask Ask) check() error {
	var c fault.Check
	c.Want(len(ask.Lines) <= MostLines, "/lines", fmt.Sprintf("A request can have %d lines at most.", MostLines))
	for i, l := range ask.Lines {
		at := func(field string) string { return fmt.Sprintf("/lines/%d/%s", i, field) }
		checkText(&c, at("what"), l.What, 200, "Enter what is needed.")
		checkText(&c, at("why"), l.Why, 1000, "Say why this gets the person into work.")
		checkText(&c, at("supplier"), l.Supplier, 200, "")
		checkText(&c, at("quote"), l.Quote, 200, "")
		c.Want(l.NeedID != uuid.Nil, at("need_id"), "Choose the need that this meets.")
		checkText(&c, at("category"), string(l.Category), 40, "Choose what kind of thing it is.")
		checkAmount(&c, at("amount_pence"), l.Amount)
	}
	if e := ask.Elsewhere; e != (Elsewhere{}) {
		checkAmount(&c, "/elsewhere/pence", e.Pence)
		c.Want(e.Pence < total(ask.Lines), "/elsewhere/pence", "What somebody else pays must be less than the lines come to.")
		checkText(&c, "/elsewhere/from", e.From, 200, "Enter who pays the rest.")
	}
	return c.Err()
}

// Ruling is what a fund says of one kind of thing.
type Ruling struct {
	Category Category
	Allowed  bool
	Label    string // what people call it
	Words    string // what counts or, if it is not allowed, why not
}

// paidFor returns Invalid, naming every line that the fund does not pay for, in
// its own words; of what it does not speak of, it pays for nothing. It returns
// Conflict if the request cannot be submitted now anyway.
func (r *Request) paidFor(rulings []Ruling) error {
	if err := r.canMove(Submitted); err != nil {
		return err
	}
	var c fault.Check
	for i, l := range r.Lines {
		at, message := fmt.Sprintf("/lines/%d/category", i), ""
		switch n := slices.IndexFunc(rulings, func(u Ruling) bool { return u.Category == l.Category }); {
		case n < 0:
			message = fmt.Sprintf("Line %d: %s does not pay for this kind of thing. Choose another kind, or take the line out.", i+1, r.Fund.Name)
		case !rulings[n].Allowed:
			message = fmt.Sprintf("Line %d, %s: %s", i+1, rulings[n].Label, rulings[n].Words)
		}
		c.Want(message == "", at, message)
	}
	return c.Err()
}

// ready returns Invalid unless there is something to ask for and every line
// meets one of these needs.
func (r *Request) ready(inTheWay []uuid.UUID) error {
	var c fault.Check
	c.Want(len(r.Lines) > 0, "/lines", "Add at least one thing that is needed.")
	for i, l := range r.Lines {
		c.Want(slices.Contains(inTheWay, l.NeedID), fmt.Sprintf("/lines/%d/need_id", i),
			"Choose a need that now stands in this person's way.")
	}
	return c.Err()
}

// check returns Invalid unless the code is one of the decision's own, with
// words wherever the answer is not yes.
func (why Reason) check(decision State) error {
	var c fault.Check
	c.Want(slices.Contains(codes[decision], why.Code), "/code", "Choose a reason from the list.")
	missing := ""
	if decision != Approved {
		missing = "Say why, in words that the jobseeker can understand."
	}
	checkText(&c, "/words", why.Words, 2000, missing)
	return c.Err()
}

func checkAmount(c *fault.Check, pointer string, p money.Pence) {
	c.Want(p >= 1, pointer, "Enter an amount of 1p or more.")
	c.Want(p <= money.Most, pointer, fmt.Sprintf("Enter an amount of %v or less.", money.Most))
}

// checkText wants text of at most so many characters, and some text where
// missing says what to tell a person who entered none.
func checkText(c *fault.Check, pointer, text string, most int, missing string) {
	c.Want(text != "" || missing == "", pointer, missing)
	c.Want(utf8.RuneCountInString(text) <= most, pointer, fmt.Sprintf("Use %d characters or fewer.", most))
}

// tidy is text without spaces around it and without control characters, which
// come from copying and which the database does not all take.
func tidy(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text))
}
