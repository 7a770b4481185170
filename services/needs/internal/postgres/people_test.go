package postgres_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/needs/internal/jobseeker"
	"github.com/instead-support/instead/services/needs/internal/policy"
)

func TestAnInvitationLinksASignInToItsRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j, err := w.jobseekers.Add(as(asha), jobseeker.Newcomer{Details: jobseeker.Details{Name: "Daniel Li", KnownAs: "Dan"}, Area: "Oldham"})
	if err != nil {
		t.Fatal(err)
	}
	if me, err := w.jobseekers.Me(as(dan)); err != nil || me.JobseekerID != uuid.Nil || me.KnownAs != "" {
		t.Fatalf("before: Me() = %+v %v", me, err)
	}
	code, until, err := w.jobseekers.Invite(as(asha), j.ID)
	if err != nil || !until.Equal(w.now.Add(jobseeker.InvitedFor)) {
		t.Fatalf("Invite() = %v %v", until, err)
	}
	if got, _ := w.jobseekers.Read(as(asha), j.ID); !got.InvitedUntil.Equal(until) || got.Person != uuid.Nil {
		t.Errorf("invited until %v, linked to %v", got.InvitedUntil, got.Person)
	}
	if _, err := w.jobseekers.Read(as(dan), j.ID); kind(err) != fault.NotFound {
		t.Errorf("before: Read() = %v", err)
	}
	for range 2 { // the second time is a double click
		me, err := w.jobseekers.Accept(as(dan), code.String())
		if err != nil || me.JobseekerID != j.ID || me.KnownAs != "Dan" || me.ID != dan.ID {
			t.Fatalf("Accept() = %+v %v", me, err)
		}
	}
	if got, err := w.jobseekers.Read(as(dan), j.ID); err != nil || got.Person != dan.ID || !got.InvitedUntil.IsZero() {
		t.Errorf("after: Read() = %+v %v", got, err)
	}
	if _, err := w.jobseekers.Accept(as(eve), code.String()); kind(err) != fault.Conflict {
		t.Errorf("Accept(used by somebody else) = %v", err)
	}
	if _, err := w.jobseekers.Accept(as(asha), code.String()); kind(err) != fault.Forbidden {
		t.Errorf("Accept(by a coach) = %v", err)
	}
}

func TestTheCodeIsNowhereInTheDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.add(asha, "Dan")
	code, _, err := w.jobseekers.Invite(as(asha), j.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{string(code), code.String()} {
		if got := w.count("SELECT count(*) FROM invitation i WHERE i::text LIKE ? OR encode(hash, 'escape') LIKE ?", "%"+form+"%", "%"+form+"%"); got != 0 {
			t.Errorf("%d invitations hold their code", got)
		}
	}
}

func TestANewCodeVoidsTheOneBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.add(asha, "Dan")
	old, _, err := w.jobseekers.Invite(as(asha), j.ID)
	if err != nil {
		t.Fatal(err)
	}
	code, _, err := w.jobseekers.Invite(as(asha), j.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.jobseekers.Accept(as(dan), old.String()); kind(err) != fault.Conflict {
		t.Errorf("Accept(the old code) = %v", err)
	}
	if _, err := w.jobseekers.Accept(as(dan), code.String()); err != nil {
		t.Errorf("Accept(the new code) = %v", err)
	}
}

func TestACodeRunsOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.add(asha, "Dan")
	code, until, err := w.jobseekers.Invite(as(asha), j.ID)
	if err != nil {
		t.Fatal(err)
	}
	w.now = until
	if _, err := w.jobseekers.Accept(as(dan), code.String()); kind(err) != fault.Conflict {
		t.Errorf("Accept(run out) = %v", err)
	}
}

func TestWhoLostTheirSignInCanLinkAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.add(asha, "Dan")
	w.link(j, dan)
	code, _, err := w.jobseekers.Invite(as(asha), j.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.jobseekers.Accept(as(eve), code.String()); err != nil { // Dan's new account
		t.Fatal(err)
	}
	if _, err := w.jobseekers.Read(as(eve), j.ID); err != nil {
		t.Errorf("the new sign-in: %v", err)
	}
	if _, err := w.jobseekers.Read(as(dan), j.ID); kind(err) != fault.NotFound {
		t.Errorf("the old sign-in: %v", err)
	}
}

func TestOneSignInIsLinkedToOneRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j, other := w.add(asha, "Dan"), w.add(asha, "Eve")
	w.link(j, dan)
	code, _, err := w.jobseekers.Invite(as(asha), other.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.jobseekers.Accept(as(dan), code.String()); kind(err) != fault.Conflict {
		t.Errorf("Accept(for a second record) = %v", err)
	}
	if _, err := w.jobseekers.Accept(as(eve), code.String()); err != nil {
		t.Errorf("the code was spent on somebody who could not use it: %v", err)
	}
}

func TestGuessingCodesIsSlowedDownEvenAllAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.add(asha, "Dan")
	code, _, err := w.jobseekers.Invite(as(asha), j.ID)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	errs := make([]error, 12)
	for i := range errs {
		wg.Go(func() { _, errs[i] = w.jobseekers.Accept(as(eve), jobseeker.NewCode().String()) })
	}
	wg.Wait()
	tried := 0
	for _, err := range errs {
		switch kind(err) {
		case fault.Invalid:
			tried++
		case fault.Forbidden:
		default:
			t.Error(err)
		}
	}
	if tried != jobseeker.MaxTries {
		t.Errorf("%d guesses taken, want %d", tried, jobseeker.MaxTries)
	}
	if _, err := w.jobseekers.Accept(as(eve), code.String()); kind(err) != fault.Forbidden {
		t.Errorf("after too many guesses even the right code = %v, or a guesser could tell", err)
	}
	if _, err := w.jobseekers.Accept(as(dan), code.String()); err != nil {
		t.Errorf("somebody else is slowed down too: %v", err)
	}
	j = w.add(asha, "Eve")
	if code, _, err = w.jobseekers.Invite(as(asha), j.ID); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(jobseeker.TriesWithin + time.Second)
	if _, err := w.jobseekers.Accept(as(eve), code.String()); err != nil {
		t.Errorf("an hour later: %v", err)
	}
}

func TestOnlyTheCoachOfTheRecordInvites(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.add(asha, "Dan")
	w.link(j, dan)
	for _, p := range []identity.Person{ben, mo, dan} {
		if _, _, err := w.jobseekers.Invite(as(p), j.ID); kind(err) != fault.Forbidden {
			t.Errorf("Invite(by %v) = %v", p.Roles, err)
		}
	}
}

// Whoever says what, in whatever order: what was said before stays as it was,
// the jobseeker can always add, and their coach only until they first have.
func TestStatementsAreOnlyEverAddedTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		j := w.add(asha, fmt.Sprintf("Dan %d", n))
		p := identity.Person{ID: uuid.New(), Roles: dan.Roles}
		w.link(j, p)
		spoken := false
		var before []jobseeker.Statement
		for i, who := range rapid.SliceOfN(rapid.SampledFrom([]string{"jobseeker", "coach", "other coach", "manager"}), 1, 6).Draw(t, "who") {
			w.now = w.now.Add(time.Millisecond)
			speaker := map[string]identity.Person{"jobseeker": p, "coach": asha, "other coach": ben, "manager": mo}[who]
			said, err := w.jobseekers.Say(as(speaker), j.ID, fmt.Sprintf("statement %d", i))
			may := who == "jobseeker" || who == "coach" && !spoken
			if may != (err == nil) || err != nil && kind(err) != fault.Forbidden {
				t.Fatalf("Say(%s, spoken %t) = %v", who, spoken, err)
			}
			spoken = spoken || who == "jobseeker"
			after, err := w.jobseekers.Statements(as(asha), j.ID)
			if err != nil {
				t.Fatal(err)
			}
			if may {
				before = append([]jobseeker.Statement{said}, before...)
			}
			if diff := cmp.Diff(before, after, cmpopts.EquateEmpty()); diff != "" {
				t.Fatal(diff)
			}
		}
		for _, s := range before {
			if s.TakenDown != (s.By == asha.ID) || s.TakenDown != (s.CoachName == asha.Name) {
				t.Fatalf("whose hand is it in? %+v", s)
			}
		}
	})
}

func TestACoachWhoTakesDownWordsWhileTheJobseekerWritesIsTooLateOrFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 10 {
		j := w.add(asha, fmt.Sprintf("Dan %d", i))
		p := identity.Person{ID: uuid.New(), Roles: dan.Roles}
		w.link(j, p)
		var wg sync.WaitGroup
		var coach, own error
		wg.Go(func() { _, own = w.jobseekers.Say(as(p), j.ID, "In my words.") })
		wg.Go(func() { _, coach = w.jobseekers.Say(as(asha), j.ID, "In their words.") })
		wg.Wait()
		if own != nil || coach != nil && kind(coach) != fault.Forbidden {
			t.Fatalf("own %v, coach %v", own, coach)
		}
		if late := w.count(`SELECT count(*) FROM audit_entry c JOIN audit_entry o USING (jobseeker_id, action)
			WHERE jobseeker_id = ? AND action = 'addStatement' AND c.person = ? AND o.person = ?`, j.ID, asha.ID, p.ID); (late == 1) != (coach == nil) {
			t.Fatalf("%d statements by the coach, who was told %v", late, coach)
		}
	}
}

func TestAStatementSentTwiceIsKeptOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.add(asha, "Dan")
	ctx := db.WithKey(as(asha), "a form")
	first, err := w.jobseekers.Say(ctx, j.ID, "I need a bike.")
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.jobseekers.Say(ctx, j.ID, "I need a bike.")
	if diff := cmp.Diff(first, again); err != nil || diff != "" {
		t.Errorf("again: %v %s", err, diff)
	}
	if got := w.count("SELECT count(*) FROM statement"); got != 1 {
		t.Errorf("%d statements", got)
	}
}

func TestEveryChangeAndEveryLookIsInTheTrailOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.add(asha, "Dan Li")
	w.link(j, dan)
	page := jobseeker.Page{Number: 1, Size: 100}
	for _, step := range []struct {
		p      identity.Person
		action policy.Operation
		do     func() error
	}{
		{asha, policy.ReadJobseeker, func() error { _, err := w.jobseekers.Read(as(asha), j.ID); return err }},
		{ben, policy.ListJobseekers, func() error { _, _, err := w.jobseekers.List(as(ben), jobseeker.Query{Page: page}); return err }},
		{asha, policy.ChangeJobseeker, func() error {
			_, err := w.jobseekers.Correct(as(asha), j.ID, 1, jobseeker.Details{Name: "Dan"})
			return err
		}},
		{dan, policy.AddStatement, func() error { _, err := w.jobseekers.Say(as(dan), j.ID, "I need a bike."); return err }},
		{mo, policy.ListStatements, func() error { _, err := w.jobseekers.Statements(as(mo), j.ID); return err }},
		{asha, policy.SaveAssessment, func() error { w.save(asha, j.ID, 0, bike); return nil }},
		{dan, policy.ReadAssessment, func() error { _, err := w.assessments.Read(as(dan), j.ID); return err }},
		{ben, policy.ListNeeds, func() error { _, err := w.assessments.Needs(as(ben), j.ID); return err }},
		{mo, policy.ListAssessmentVersions, func() error { _, err := w.assessments.Versions(as(mo), j.ID); return err }},
		{asha, policy.InviteJobseeker, func() error { _, _, err := w.jobseekers.Invite(as(asha), j.ID); return err }},
		{mo, policy.ListJobseekerAudit, func() error { _, _, err := w.jobseekers.Looks(as(mo), j.ID, page); return err }},
		{mo, policy.TransferJobseeker, func() error { _, err := w.jobseekers.Transfer(as(mo), j.ID, 2, ben.ID); return err }},
	} {
		before := w.count("SELECT count(*) FROM audit_entry")
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.action, err)
		}
		if got := w.count("SELECT count(*) FROM audit_entry") - before; got != 1 {
			t.Errorf("%s left %d entries, want 1", step.action, got)
		}
		looks, total, err := w.jobseekers.Looks(as(mo), j.ID, page)
		if err != nil || total != len(looks) {
			t.Fatal(total, len(looks), err)
		}
		got := looks[0]
		name := step.p.Name
		if step.p.ID == dan.ID {
			name = "" // a jobseeker's name is in their record and nowhere else
		}
		if got.Action != string(step.action) || got.Person != step.p.ID || got.PersonName != name {
			t.Errorf("%s left %+v", step.action, got)
		}
	}
	for _, p := range []identity.Person{asha, ben, dan} {
		if _, _, err := w.jobseekers.Looks(as(p), j.ID, page); kind(err) != fault.Forbidden {
			t.Errorf("Looks(by %v) = %v", p.Roles, err)
		}
	}
	looks, total, err := w.jobseekers.Looks(as(mo), j.ID, jobseeker.Page{Number: 2, Size: 2})
	if err != nil || len(looks) != 2 || total < 18 {
		t.Errorf("second page of two = %d of %d, %v", len(looks), total, err)
	}
}

func TestAChangeThatIsRefusedLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.add(asha, "Dan")
	// Whoever was overtaken is told who was faster, which is a look and noted as one.
	const changes = "SELECT count(*) FROM audit_entry WHERE action IN ('changeJobseeker', 'addStatement', 'saveAssessment')"
	before := w.count(changes)
	for name, err := range map[string]error{
		"a wrong detail":     second(w.jobseekers.Correct(as(asha), j.ID, 1, jobseeker.Details{})),
		"a stale correction": second(w.jobseekers.Correct(as(asha), j.ID, 7, jobseeker.Details{Name: "X"})),
		"no words":           second(w.jobseekers.Say(as(asha), j.ID, " ")),
		"half an answer":     second(w.assessments.Save(as(asha), j.ID, 0, answers("in-the-way"))),
		"a stale save":       second(w.assessments.Save(as(asha), j.ID, 7, answers("strength"))),
		"not their record":   second(w.jobseekers.Correct(as(ben), j.ID, 1, jobseeker.Details{Name: "X"})),
	} {
		if err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if got := w.count(changes) - before; got != 0 {
		t.Errorf("%d audit entries of changes that were refused", got)
	}
	if got := w.count("SELECT (SELECT count(*) FROM statement) + (SELECT count(*) FROM answer) + (SELECT max(version) - 1 FROM jobseeker)"); got != 0 {
		t.Errorf("%d things changed", got)
	}
}
