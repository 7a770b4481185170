package award_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
)

// exceptingDesk is a desk with an allowance of 1000 pence, whose managers may allow
// up to 300 above it, and alone up to 200, if the fund has exceptions.
func exceptingDesk(t *testing.T, exceptions bool) *desk {
	t.Helper()
	d := newDesk(t, 1000)
	d.Excepts.Limit, d.Excepts.Alone = 300, 200
	_ = d.store.Give(d.Oldham, d.Excepts)
	_ = d.store.Agree(d.Fund, award.Rule{}, exceptions)
	return d
}

// wished is a draft of Amina's for this much, that waits to be let pass the cap.
func (d *desk) wished(pence money.Pence) *award.Request {
	d.t.Helper()
	r := d.draft(pence)
	return must(d.AskException(as(d.Amina), r.ID, r.Version, "A job waits for it."))(d.t).Request
}

// allow is what comes of it when somebody lets r pass the cap by so much.
func (d *desk) allow(by identity.Person, r *award.Request, over money.Pence) (award.Standing, error) {
	return d.AllowException(as(by), r.ID, r.Version, over, "leads-to-job-offer", "He starts on Monday.")
}

func TestNobodyAsksToPassTheCapWhereTheFundHasNoExceptions(t *testing.T) {
	d := exceptingDesk(t, false)
	r := d.draft(1100)
	if _, err := d.AskException(as(d.Amina), r.ID, r.Version, "A job waits for it."); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "no exceptions") {
		t.Errorf("asked: %v", err)
	}
}

func TestNobodyAllowsWhatTheFundHasCeasedToHave(t *testing.T) {
	d := exceptingDesk(t, true)
	r := d.wished(1100)
	_ = d.store.Agree(d.Fund, award.Rule{}, false)
	if _, err := d.allow(d.Priya, r, 100); !fault.Is(err, fault.Conflict) {
		t.Errorf("allowed: %v", err)
	}
}

func TestNobodyAsksForAnExceptionThatIsNotNeededOrWasAnswered(t *testing.T) {
	d := exceptingDesk(t, true)
	fits := d.draft(1000)
	if _, err := d.AskException(as(d.Amina), fits.ID, fits.Version, "So."); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "Submit it") {
		t.Errorf("for what is available: %v", err)
	}
	asked := d.wished(1100)
	if _, err := d.AskException(as(d.Amina), asked.ID, asked.Version, "So."); !fault.Is(err, fault.Conflict) {
		t.Errorf("twice: %v", err)
	}
	refused := must(d.RefuseException(as(d.Priya), asked.ID, asked.Version, "possible-for-less", "Ask the agency."))(t).Request
	if _, err := d.AskException(as(d.Amina), refused.ID, refused.Version, "So."); !fault.Is(err, fault.Conflict) {
		t.Errorf("again for what was refused: %v", err)
	}
	changed := must(d.Edit(as(d.Amina), refused.ID, refused.Version, award.Ask{Lines: []award.Line{d.Line(d.SamsRecord, 1050)}}))(t).Request
	must(d.AskException(as(d.Amina), changed.ID, changed.Version, "It is less now."))(t)
	sent := d.in(award.Submitted)
	if _, err := d.AskException(as(d.Amina), sent.ID, sent.Version, "So."); !fault.Is(err, fault.Conflict) {
		t.Errorf("for what waits for a decision: %v", err)
	}
}

func TestAnExceptionIsAllowedAsFarAsSomebodyMayAlone(t *testing.T) {
	d := exceptingDesk(t, true)
	if _, err := d.allow(d.Priya, d.wished(1201), 201); !fault.Is(err, fault.Forbidden) || !strings.Contains(err.Error(), "up to £2.00 above the cap") {
		t.Errorf("a penny further: %v", err)
	}
	if s, err := d.allow(d.Priya, d.wished(1200), 200); err != nil || s.Request.Over != 200 {
		t.Errorf("as far as she may: %v", err)
	}
}

func TestAuthorityToDecideIsNoneForExceptions(t *testing.T) {
	d := newDesk(t, 1000) // where Priya may decide anything
	_ = d.store.Agree(d.Fund, award.Rule{}, true)
	r := d.wished(1100)
	if _, err := d.allow(d.Priya, r, 100); !fault.Is(err, fault.Forbidden) || !strings.Contains(err.Error(), "no authority to allow") {
		t.Errorf("allowed: %v", err)
	}
	if _, err := d.RefuseException(as(d.Priya), r.ID, r.Version, "other", "No."); !fault.Is(err, fault.Forbidden) {
		t.Errorf("refused: %v", err)
	}
}

func TestNobodyAnswersTheirOwnWishToPassTheCap(t *testing.T) {
	d := exceptingDesk(t, true)
	d.Amina.Roles = append(d.Amina.Roles, identity.Manager)
	r := d.wished(1100)
	if _, err := d.allow(d.Amina, r, 100); !fault.Is(err, fault.Forbidden) || !strings.Contains(err.Error(), "yourself") {
		t.Errorf("by the coach who asks: %v", err)
	}
	if _, err := d.allow(d.Rochdale, r, 100); !fault.Is(err, fault.NotFound) {
		t.Errorf("by a manager of elsewhere: %v", err)
	}
}

func TestWhoHasJustBecomeTheCoachAnswersNoWishForTheirJobseeker(t *testing.T) {
	d := exceptingDesk(t, true)
	r := d.wished(1100)
	j := d.Needs.People[d.SamsRecord]
	j.CoachID, j.CoachName = d.Priya.ID, d.Priya.Name
	d.Needs.People[d.SamsRecord] = j
	if _, err := d.allow(d.Priya, r, 100); !fault.Is(err, fault.Forbidden) || !strings.Contains(err.Error(), "yourself") {
		t.Errorf("allowed: %v", err)
	}
}

func TestWhoTookPartInWhatWasChallengedAnswersNoWishForIt(t *testing.T) {
	d := exceptingDesk(t, true)
	r := d.in(award.Declined)
	d.store.Leave(r.ID, award.Challenged)
	other := d.draft(950)
	must(d.Submit(as(d.Amina), other.ID, other.Version))(t) // less is left by now than the declined one asks for
	r = must(d.AskException(as(d.Amina), r.ID, r.Version, "So."))(t).Request
	if _, err := d.allow(d.Priya, r, 200); !fault.Is(err, fault.Forbidden) || !strings.Contains(err.Error(), "challenged") {
		t.Errorf("by who declined it: %v", err)
	}
	d.Bilal.Roles = []identity.Role{identity.Manager}
	must(d.allow(d.Bilal, r, 200))(t)
}

func TestNothingIsOfferedThatCouldNotBeAllowed(t *testing.T) {
	d := exceptingDesk(t, true)
	far := d.wished(1201)
	if s := must(d.Get(as(d.Priya), far.ID))(t); slices.Contains(s.Can, award.VerbAllowException) || slices.Contains(s.Can, award.VerbRefuseException) {
		t.Errorf("a penny above her authority she can %v", s.Can)
	}
	sent := d.in(award.Submitted)
	needed := d.wished(950) // beside the 100 that are held
	must(d.Withdraw(as(d.Amina), sent.ID, sent.Version, ""))(t)
	if s := must(d.Get(as(d.Priya), needed.ID))(t); slices.Contains(s.Can, award.VerbAllowException) {
		t.Errorf("what is available by now she can %v", s.Can)
	}
}

func TestWhoAllowsAnExceptionAllowsWhatTheySaw(t *testing.T) {
	d := exceptingDesk(t, true)
	r := d.wished(1100)
	d.in(award.Submitted) // 100 more are held since
	if _, err := d.allow(d.Priya, r, 100); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "£2.00 above the cap, not £1.00") {
		t.Errorf("by now it takes 200: %v", err)
	}
	must(d.Edit(as(d.Amina), r.ID, r.Version, award.Ask{Lines: []award.Line{d.Line(d.SamsRecord, 1)}}))(t)
}

func TestAnExceptionEndsWithTheLinesThatItIsFor(t *testing.T) {
	d := exceptingDesk(t, true)
	r := must(d.allow(d.Priya, d.wished(1100), 100))(t).Request
	ask := award.Ask{Lines: []award.Line{r.Lines[0]}}
	same := must(d.Edit(as(d.Amina), r.ID, r.Version, ask))(t).Request
	if same.Over != 100 || same.Exception != award.ExceptionGiven {
		t.Errorf("with the same lines it stands as %q by %d", same.Exception, same.Over)
	}
	ask.Elsewhere = award.Elsewhere{Pence: 10, From: "A charity"}
	other := must(d.Edit(as(d.Amina), r.ID, same.Version, ask))(t).Request
	if other.Over != 0 || other.Exception != award.NotAsked {
		t.Errorf("where a charity pays a part it stands as %q by %d", other.Exception, other.Over)
	}
	let := must(d.allow(d.Priya, must(d.AskException(as(d.Amina), r.ID, other.Version, "Again."))(t).Request, 90))(t).Request
	ask.Lines[0].Amount = 1095
	other = must(d.Edit(as(d.Amina), r.ID, let.Version, ask))(t).Request
	if other.Over != 0 || other.Exception != award.NotAsked {
		t.Errorf("with another line it stands as %q by %d", other.Exception, other.Over)
	}
	if _, err := d.Submit(as(d.Amina), r.ID, other.Version); !fault.Is(err, fault.OverCap) {
		t.Errorf("submitted above the cap: %v", err)
	}
}

func TestAnExceptionLeavesNothingToAnother(t *testing.T) {
	d := exceptingDesk(t, true)
	let := must(d.allow(d.Priya, d.wished(1100), 100))(t).Request
	other := d.draft(1050)
	if _, err := d.Submit(as(d.Amina), other.ID, other.Version); !fault.Is(err, fault.OverCap) {
		t.Errorf("another, within what was allowed and above the cap: %v", err)
	}
	s := must(d.Submit(as(d.Amina), let.ID, let.Version))(t)
	if left := s.Allowance.Available(); left != 0 {
		t.Errorf("%d available of what is 100 above its cap", left)
	}
	if !s.Request.DecidedBy(d.Priya.ID) {
		t.Error("Priya may pay what she let pass the cap")
	}
}
