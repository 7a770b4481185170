package postgres_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	told "github.com/instead-support/instead/api/events"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/outcomes/internal/outcome"
	"github.com/instead-support/instead/services/outcomes/internal/postgres"
	"github.com/instead-support/instead/services/outcomes/internal/voice"
)

// Course is voice.Catalogue's.
func (w *world) Course(_ context.Context, id uuid.UUID) (string, error) {
	return "Course " + id.String(), nil
}

// polls are the ballots of a world.
func (w *world) polls() *voice.Ballots {
	w.t.Helper()
	store, err := postgres.NewStore(w.db)
	if err != nil {
		w.t.Fatal(err)
	}
	return voice.New(voice.Deps{Store: postgres.Ballots{Store: store}, People: w.outcomes, Catalogue: w, Now: w.clock})
}

// asks opens a ballot in Oldham for a fortnight.
func (w *world) asks(polls *voice.Ballots) voice.Standing {
	w.t.Helper()
	b, err := polls.Open(as(mo), voice.Ballot{Area: "Oldham", Kind: voice.Priorities, OpensOn: w.day(0), ClosesOn: w.day(14)}, []string{"Tools", "Childcare", "Buses"}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func TestAMemberHasOneVoteThatCanBeChangedAndIsGoneAtTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	polls := w.polls()
	b := w.asks(polls)
	for i := range 12 {
		_, self := w.join()
		if _, err := polls.Vote(db.WithKey(as(self), "vote "+self.ID.String()), b.ID, 1+i%2); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if changed, err := polls.Vote(as(self), b.ID, 2); err != nil || changed.Mine != 2 {
				t.Fatalf("their changed vote is %d: %v", changed.Mine, err)
			}
			again, err := polls.Vote(db.WithKey(as(self), "vote "+self.ID.String()), b.ID, 1)
			if err != nil || again.Mine != 2 {
				t.Fatalf("the message that came again made it %d: %v", again.Mine, err)
			}
		}
	}
	if _, err := polls.Vote(as(asha), b.ID, 2); err != nil {
		t.Fatal(err)
	}
	seen, err := polls.Get(as(mo), b.ID)
	if err != nil || seen.Mine != 0 || seen.Options[0].Votes+seen.Options[1].Votes != 0 {
		t.Errorf("while it is open somebody else sees %+v, %v", seen.Ballot, err)
	}
	w.now = w.now.AddDate(0, 0, 15)
	if late, err := polls.Vote(as(asha), b.ID, 1); !fault.Is(err, fault.Conflict) {
		t.Errorf("a vote after the last day gives %+v, %v", late, err)
	}
	closed, err := polls.Get(as(asha), b.ID)
	if err != nil || closed.State != voice.Closed || closed.Options[0].Votes != 5 || closed.Options[1].Votes != 8 || closed.Options[2].Votes != 0 || closed.Mine != 0 {
		t.Fatalf("closed as %+v, %v", closed.Ballot, err)
	}
	if n := w.count("SELECT (SELECT count(*) FROM vote) + (SELECT count(*) FROM idempotency WHERE operation = 'castVote')"); n != 0 {
		t.Errorf("%d rows still lead from somebody to what they voted for", n)
	}
	if n := w.count("SELECT count(*) FROM audit_entry WHERE action = 'castVote' AND jobseeker_id IS NULL"); n != 14 {
		t.Errorf("%d entries in the audit trail say that somebody voted, want 14, of nobody's record", n)
	}
	if err := polls.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := w.count("SELECT count(*) FROM river_job WHERE args->>'name' = 'outcomes.ballot-closed'"); n != 1 {
		t.Errorf("told of %d, want 1", n)
	}
	w.asks(polls) // which has not ended, and is not told of
	if all := again[told.BallotClosed](t, w); len(all) != 1 || all[0].Turnout != 13 || all[0].Options[1].Votes != 8 || !all[0].Options[2].Told {
		t.Errorf("told again: %+v", all)
	}
}

func TestOnlyMembersVoteAndOnlyOnWhatIsTheirs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	polls := w.polls()
	b := w.asks(polls)
	far, farSelf := w.join()
	j := w.jobseekers[far]
	j.Area = "Rochdale"
	w.jobseekers[far] = j
	for _, c := range []struct {
		who  identity.Person
		kind fault.Kind
	}{{farSelf, fault.NotFound}, {nia, fault.NotFound}, {staff(identity.Auditor, "Nadia Rahman", "Oldham"), fault.Forbidden}, {staff(identity.Finance, "Fin Doyle", "Rochdale"), fault.NotFound}} {
		if _, err := polls.Vote(as(c.who), b.ID, 1); !fault.Is(err, c.kind) {
			t.Errorf("a vote of %v in %v: %v", c.who.Roles, c.who.Areas, err)
		}
	}
	if _, total, err := polls.List(as(farSelf), outcome.Page{Number: 1, Size: 10}); total != 0 || err != nil {
		t.Errorf("somebody of Rochdale is shown %d: %v", total, err)
	}
	if _, err := polls.Open(as(nia), voice.Ballot{Area: "Oldham", Kind: voice.Priorities, OpensOn: w.day(0), ClosesOn: w.day(2)}, []string{"a", "b"}, nil); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a manager of Rochdale asks Oldham: %v", err)
	}
	if _, err := polls.Vote(as(asha), b.ID, 4); !fault.Is(err, fault.Invalid) {
		t.Errorf("a vote for what there is not: %v", err)
	}
}

func TestWhatIsCancelledIsNeverCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	polls := w.polls()
	b := w.asks(polls)
	if _, err := polls.Vote(as(asha), b.ID, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := polls.Cancel(as(mo), b.ID, 7, "So."); !fault.Is(err, fault.Stale) {
		t.Errorf("of another version: %v", err)
	}
	if _, err := polls.Cancel(as(mo), b.ID, 1, " "); !fault.Is(err, fault.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
	gone, err := polls.Cancel(as(mo), b.ID, 1, "A priority was left out.")
	if err != nil || gone.State != voice.Cancelled || gone.CancelledBy != mo.Name {
		t.Fatalf("%+v, %v", gone.Ballot, err)
	}
	if _, err := polls.Vote(as(asha), b.ID, 1); !fault.Is(err, fault.Conflict) {
		t.Errorf("a vote in it: %v", err)
	}
	w.now = w.now.AddDate(0, 1, 0)
	if err := polls.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := w.count("SELECT (SELECT count(*) FROM vote) + (SELECT count(*) FROM ballot_count)"); n != 0 {
		t.Errorf("%d votes or counts are left of it", n)
	}
}

// Everybody votes and changes their vote at once, while the ballot closes.
func TestEveryVoteThatWasTakenIsCountedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	polls := w.polls()
	b := w.asks(polls)
	members := make([]identity.Person, 20)
	for i := range members {
		_, members[i] = w.join()
	}
	var all sync.WaitGroup
	var taken sync.Map
	for _, self := range members {
		all.Go(func() {
			for option := 1; option <= 3; option++ {
				switch _, err := polls.Vote(as(self), b.ID, option); {
				case err == nil:
					taken.Store(self.ID, option)
				case !fault.Is(err, fault.Conflict):
					t.Error(err)
				}
			}
		})
	}
	all.Go(func() {
		if err := w.db.Gorm.Exec("UPDATE ballot SET closed_at = now() WHERE id = ?", b.ID).Error; err != nil {
			t.Error(err)
		}
	})
	all.Wait()
	want := map[int]int{}
	taken.Range(func(_, option any) bool { want[option.(int)]++; return true })
	for option := 1; option <= 3; option++ {
		if n := w.count("SELECT votes FROM ballot_count WHERE ballot_id = ? AND option = ?", b.ID, option); n != want[option] {
			t.Errorf("%d votes are counted for option %d, want %d", n, option, want[option])
		}
	}
}

func TestTheDatabaseRefusesVotesThatGotPastTheRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	polls := w.polls()
	b := w.asks(polls)
	if _, err := polls.Vote(as(asha), b.ID, 1); err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("{b}", "'"+b.ID.String()+"'", "{asha}", "'"+asha.ID.String()+"'")
	owner := dbtest.Owner(t, w.db)
	refused := func(who string, d *db.DB, all ...string) {
		t.Helper()
		for _, sql := range all {
			if d.Gorm.Exec(fill.Replace(sql)).Error == nil {
				t.Errorf("%s: %s", who, sql)
			}
		}
	}
	refused("the serving login, while it is open", w.db,
		"INSERT INTO vote VALUES ({b}, {asha}, 2)", "INSERT INTO vote VALUES ({b}, gen_random_uuid(), 4)", "DELETE FROM vote", "UPDATE vote SET member_id = gen_random_uuid()",
		"INSERT INTO ballot_option VALUES ({b}, 4, 'Late', NULL)", "INSERT INTO ballot_count VALUES ({b}, 1, 9)", "UPDATE ballot SET closes_on = closes_on + 1",
		"UPDATE ballot SET cancelled_at = now()", "UPDATE ballot SET closed_at = now(), cancelled_at = now(), cancelled_by = 'x', why = 'x'", "DELETE FROM ballot",
	)
	refused("even the owner, while it is open", owner, "UPDATE ballot SET area = 'Bury'", "UPDATE ballot_option SET text = 'x'", "TRUNCATE ballot CASCADE")
	if err := w.db.Gorm.Exec(fill.Replace("UPDATE ballot SET closed_at = now() WHERE id = {b}")).Error; err != nil {
		t.Fatal(err)
	}
	for who, d := range map[string]*db.DB{"the serving login, once it is closed": w.db, "even the owner, once it is closed": owner} {
		refused(who, d, "INSERT INTO vote VALUES ({b}, gen_random_uuid(), 2)", "UPDATE ballot SET closed_at = NULL", "UPDATE ballot SET closed_at = now()",
			"UPDATE ballot_count SET votes = 9", "DELETE FROM ballot_count", "INSERT INTO ballot_option VALUES ({b}, 4, 'Late', NULL)")
	}
	for _, sql := range []string{
		"INSERT INTO usefulness (area, course_id, question, course_name, people, yes, no) VALUES ('Oldham', gen_random_uuid(), 'course-more', 'x', 4, 2, 2)",
		"INSERT INTO usefulness (area, course_id, question, course_name, people, yes) VALUES ('Oldham', gen_random_uuid(), 'course-more', 'x', 6, 6)",
		"INSERT INTO usefulness (area, course_id, question, course_name, people, yes, no) VALUES ('Oldham', gen_random_uuid(), 'course-more', 'x', 7, 3, 3)",
	} {
		refused("of what is told", w.db, sql)
	}
}
