package award_test

import (
	"testing"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/services/funding/internal/award"
)

func TestNothingIsSubmittedThatTheFundDoesNotPayFor(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1000)
	for name, c := range map[string]struct {
		category award.Category
		message  string
	}{
		"ruled out":      {"fines", "Line 2, Fines: This fund does not pay fines. Ask the court to agree smaller payments."},
		"never heard of": {"yachts", "Line 2: " + d.Fund.Name + " does not pay for this kind of thing. Choose another kind, or take the line out."},
	} {
		good, bad := d.Line(d.SamsRecord, 100), d.Line(d.SamsRecord, 50)
		bad.Category = c.category
		r := must(d.Draft(as(d.Amina), d.allowance.ID, d.Fund.ID))(t).Request
		r = must(d.Edit(as(d.Amina), r.ID, r.Version, award.Ask{Lines: []award.Line{good, bad}}))(t).Request
		_, err := d.Submit(as(d.Amina), r.ID, r.Version)
		if f := fault.As(err); !fault.Is(err, fault.Invalid) || len(f.Fields) != 1 || f.Fields[0] != (fault.Field{Pointer: "/lines/1/category", Message: c.message}) {
			t.Errorf("%s: Submit() = %v %+v", name, err, f)
		}
		r = must(d.Edit(as(d.Amina), r.ID, r.Version, award.Ask{Lines: []award.Line{good}}))(t).Request
		if s := must(d.Submit(as(d.Amina), r.ID, r.Version))(t); s.Request.State() != award.Submitted {
			t.Errorf("%s: without it the request is %s", name, s.Request.State())
		}
	}
}
