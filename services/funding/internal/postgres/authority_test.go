package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/funding/internal/authority"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/award/awardtest"
	"github.com/instead-support/instead/services/funding/internal/policy"
	"github.com/instead-support/instead/services/funding/internal/postgres"
)

// office is where authority is given, over a database of its own, on a day that
// a test can move.
type office struct {
	*awardtest.World
	*authority.Authorities
	t    testing.TB
	db   *db.DB
	now  time.Time
	fund uuid.UUID
}

func newOffice(t testing.TB) *office {
	t.Helper()
	d := dbtest.Open(t, postgres.Migrations, "funding")
	o := &office{World: awardtest.NewWorld(), t: t, db: d, now: time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC), fund: uuid.New()}
	o.Authorities = authority.New(authority.Deps{Store: postgres.NewAuthorities(d), Now: func() time.Time { return o.now }, Today: award.Today})
	if err := d.Gorm.Exec("INSERT INTO fund (id, code, name, first_day) VALUES (?, 'CORE', 'Core', '2020-01-01')", o.fund).Error; err != nil {
		t.Fatal(err)
	}
	for _, p := range []identity.Person{o.Amina, o.Bilal, o.Chloe, o.Priya, o.Rochdale, o.Finn} {
		if _, err := o.Mine(o.as(p)); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

func (o *office) as(p identity.Person) context.Context { return identity.With(context.Background(), p) }

func (o *office) today() time.Time { return award.Today(o.now) }

// proposal is for every manager of Oldham, from today.
func (o *office) proposal() authority.Grant {
	return authority.Grant{
		Kind: authority.Decide, Holder: authority.Holder{Role: identity.Manager}, Whose: authority.Any, Area: "Oldham",
		Limit: 500_00, Alone: 200_00, FirstDay: o.today(), Why: "Scheme of delegation, June 2026.",
	}
}

func (o *office) granted(g authority.Grant) authority.Grant {
	o.t.Helper()
	proposed := must(o.Propose(o.as(o.Priya), g))(o.t)
	return must(o.Confirm(o.as(o.Finn), proposed.ID))(o.t).Grant
}

// may is what p may decide today of what Amina submitted.
func (o *office) may(p identity.Person) authority.Authority {
	o.t.Helper()
	return must(postgres.AuthorityForTest(o.db.Gorm, policy.Actor{Person: p}, o.fund, "Oldham", o.Amina.ID, o.now))(o.t)
}

func TestAGrantCountsFromItsConfirmationToItsEnd(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	none, given := authority.Authority{}, authority.Authority{Limit: 500_00, Alone: 200_00}
	if got := o.may(o.Priya); got != none {
		t.Fatalf("without a grant: %+v", got)
	}
	g := must(o.Propose(o.as(o.Priya), o.proposal()))(t)
	if got := o.may(o.Priya); got != none {
		t.Errorf("proposed: %+v", got)
	}
	g = must(o.Confirm(o.as(o.Finn), g.ID))(t)
	for name, p := range map[string]identity.Person{"Priya": o.Priya, "Bilal, who coaches as well": o.Bilal} {
		if got := o.may(p); got != given {
			t.Errorf("confirmed: %s may %+v", name, got)
		}
	}
	for name, p := range map[string]identity.Person{"a coach": o.Amina, "finance": o.Finn, "a manager elsewhere": o.Rochdale, "one of no area": o.Owen} {
		if got := o.may(p); got != none {
			t.Errorf("confirmed: %s may %+v", name, got)
		}
	}
	g = must(o.End(o.as(o.Priya), g.ID, o.today(), "The year is over."))(t)
	if got := o.may(o.Priya); got != given {
		t.Errorf("on its last day: %+v", got)
	}
	o.now = o.now.AddDate(0, 0, 1)
	if got := o.may(o.Priya); got != none {
		t.Errorf("the day after: %+v", got)
	}
	if _, err := o.End(o.as(o.Priya), g.ID, time.Time{}, "Again."); !fault.Is(err, fault.Conflict) {
		t.Errorf("ended twice: %v", err)
	}
}

func TestAGrantThatIsStoppedCountsNoMomentLonger(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	g := o.granted(o.proposal())
	must(o.End(o.as(o.Finn), g.ID, time.Time{}, "Found to be wrong."))(t)
	if got := o.may(o.Priya); got != (authority.Authority{}) {
		t.Errorf("stopped: %+v", got)
	}
}

func TestALineManagersGrantIsForTheirOwnCoachesOnTheDay(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	line := o.proposal()
	line.Whose = authority.Line
	o.granted(line)
	given := authority.Authority{Limit: 500_00, Alone: 200_00}
	if got := o.may(o.Priya); got != (authority.Authority{}) {
		t.Errorf("before anybody said whose line it is: %+v", got)
	}
	must(o.SetLineManager(o.as(o.Finn), o.Amina.ID, o.Priya.ID, o.today()))(t)
	must(o.SetLineManager(o.as(o.Finn), o.Amina.ID, o.Bilal.ID, o.today().AddDate(0, 0, 7)))(t)
	if p, b := o.may(o.Priya), o.may(o.Bilal); p != given || b != (authority.Authority{}) {
		t.Errorf("Priya's line: Priya may %+v, Bilal %+v", p, b)
	}
	led, total, err := o.LineManagers(o.as(o.Priya), authority.Page{Number: 1, Size: 10})
	if err != nil || total != 3 || led[0].Coach.Name != "Amina" || led[0].Now.Manager.Name != "Priya" || len(led[0].Next) != 1 || led[0].Next[0].Manager.Name != "Bilal" {
		t.Errorf("LineManagers() = %+v, %d, %v", led, total, err)
	}
	o.now = o.now.AddDate(0, 0, 7)
	if p, b := o.may(o.Priya), o.may(o.Bilal); p != (authority.Authority{}) || b != given {
		t.Errorf("a week on: Priya may %+v, Bilal %+v", p, b)
	}
	must(o.SetLineManager(o.as(o.Finn), o.Amina.ID, uuid.Nil, o.today()))(t)
	if b := o.may(o.Bilal); b != (authority.Authority{}) {
		t.Errorf("nobody's line: Bilal may %+v", b)
	}
}

func TestNobodyGivesThemselvesAuthority(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	both := o.Finn // finance and manager at once, under another id
	both.ID, both.Roles = uuid.New(), []identity.Role{identity.Finance, identity.Manager}
	must(o.Mine(o.as(both)))(t)
	own := o.proposal()
	own.Holder = authority.Holder{Person: o.Priya.ID}
	ofBoth := o.proposal()
	ofBoth.Holder = authority.Holder{Person: both.ID}
	waiting := must(o.Propose(o.as(o.Priya), o.proposal()))(t)
	toBoth := must(o.Propose(o.as(o.Priya), ofBoth))(t)
	byFinn := must(o.Propose(o.as(o.Finn), o.proposal()))(t)
	if slices.Contains(byFinn.Can, authority.VerbConfirm) || !slices.Contains(must(o.Get(o.as(o.Finn), waiting.ID))(t).Can, authority.VerbConfirm) {
		t.Error("whoever proposed it is told that they can confirm it, or who can is not")
	}
	for name, act := range map[string]func() error{
		"proposed for oneself":          func() error { _, err := o.Propose(o.as(o.Priya), own); return err },
		"confirmed by whoever proposed": func() error { _, err := o.Confirm(o.as(o.Finn), byFinn.ID); return err },
		"confirmed by a manager":        func() error { _, err := o.Confirm(o.as(o.Bilal), waiting.ID); return err },
		"confirmed by one of the role":  func() error { _, err := o.Confirm(o.as(both), waiting.ID); return err },
		"confirmed by the holder":       func() error { _, err := o.Confirm(o.as(both), toBoth.ID); return err },
		"a line manager by themself":    func() error { _, err := o.SetLineManager(o.as(o.Priya), o.Amina.ID, o.Priya.ID, o.today()); return err },
		"a coach by themself":           func() error { _, err := o.SetLineManager(o.as(o.Bilal), o.Bilal.ID, o.Priya.ID, o.today()); return err },
		"proposed by a coach":           func() error { _, err := o.Propose(o.as(o.Amina), o.proposal()); return err },
	} {
		if err := act(); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := o.may(o.Priya); got != (authority.Authority{}) {
		t.Errorf("and yet Priya may %+v", got)
	}
}

func TestAProposalThatCouldNotBeReadIsRefused(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for name, c := range map[string]struct {
		change func(*authority.Grant)
		field  string
	}{
		"no holder":              {func(g *authority.Grant) { g.Holder = authority.Holder{} }, "/holder_id"},
		"somebody unknown":       {func(g *authority.Grant) { g.Holder = authority.Holder{Person: uuid.New()} }, "/holder_id"},
		"a coach":                {func(g *authority.Grant) { g.Holder = authority.Holder{Person: o.Amina.ID} }, "/holder_id"},
		"a manager of elsewhere": {func(g *authority.Grant) { g.Holder = authority.Holder{Person: o.Rochdale.ID} }, "/holder_id"},
		"a role that pays":       {func(g *authority.Grant) { g.Holder.Role = identity.Finance }, "/holder_role"},
		"a role everywhere":      {func(g *authority.Grant) { g.Area = "" }, "/area"},
		"nothing":                {func(g *authority.Grant) { g.Limit, g.Alone = 0, 0 }, "/limit_pence"},
		"more alone than at all": {func(g *authority.Grant) { g.Alone = g.Limit + 1 }, "/alone_pence"},
		"no kind":                {func(g *authority.Grant) { g.Kind = "" }, "/kind"},
		"nobody's requests":      {func(g *authority.Grant) { g.Whose = "" }, "/whose"},
		"a first day gone by":    {func(g *authority.Grant) { g.FirstDay = o.today().AddDate(0, 0, -1) }, "/first_day"},
		"over before it begins":  {func(g *authority.Grant) { g.LastDay = o.today().AddDate(0, 0, -1) }, "/last_day"},
		"no reason":              {func(g *authority.Grant) { g.Why = " " }, "/why"},
		"no such fund":           {func(g *authority.Grant) { g.Fund = uuid.New() }, "/fund_id"},
	} {
		g := o.proposal()
		c.change(&g)
		_, err := o.Propose(o.as(o.Finn), g)
		if f := fault.As(err); !fault.Is(err, fault.Invalid) || len(f.Fields) == 0 || f.Fields[0].Pointer != c.field {
			t.Errorf("%s: %v %+v", name, err, f)
		}
	}
}

func TestGrantsAreSeenWhereOneWorks(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	g := o.granted(o.proposal())
	everywhere := o.proposal()
	everywhere.Area, everywhere.Holder = "", authority.Holder{Person: o.Bilal.ID}
	o.granted(everywhere)
	for name, c := range map[string]struct {
		who  identity.Person
		want int
	}{"a manager": {o.Priya, 2}, "finance": {o.Finn, 2}, "a manager elsewhere": {o.Rochdale, 1}, "one of no area": {o.Owen, 1}} {
		found, total, err := o.List(o.as(c.who), "", authority.Page{Number: 1, Size: 10})
		if err != nil || total != c.want || len(found) != c.want {
			t.Errorf("%s sees %d of %d, %v", name, len(found), total, err)
		}
	}
	if _, err := o.Get(o.as(o.Rochdale), g.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("read from elsewhere: %v", err)
	}
	if _, err := o.End(o.as(o.Rochdale), g.ID, time.Time{}, "Not mine."); !fault.Is(err, fault.NotFound) {
		t.Errorf("ended from elsewhere: %v", err)
	}
	if _, _, err := o.List(o.as(o.Amina), "", authority.Page{Number: 1, Size: 10}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("listed by a coach: %v", err)
	}
}

func TestTheSameProposalTwiceIsMadeOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ctx := db.WithKey(o.as(o.Priya), "one")
	first := must(o.Propose(ctx, o.proposal()))(t)
	second := must(o.Propose(ctx, o.proposal()))(t)
	if first.ID != second.ID {
		t.Errorf("%s and %s", first.ID, second.ID)
	}
	ctx = db.WithKey(o.as(o.Finn), "two")
	must(o.Confirm(ctx, first.ID))(t)
	if g, err := o.Confirm(ctx, first.ID); err != nil || g.Confirmed.By != o.Finn.ID {
		t.Errorf("confirmed again: %+v, %v", g, err)
	}
}

func TestTwoAtOnceMeetAtTheGrant(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	other := o.Finn
	other.ID = uuid.New()
	for range 5 {
		twice := must(o.Propose(o.as(o.Priya), o.proposal()))(t)
		crossed := must(o.Propose(o.as(o.Priya), o.proposal()))(t)
		var all sync.WaitGroup
		var errs [4]error
		all.Go(func() { _, errs[0] = o.Confirm(o.as(o.Finn), twice.ID) })
		all.Go(func() { _, errs[1] = o.Confirm(o.as(other), twice.ID) })
		all.Go(func() { _, errs[2] = o.Confirm(o.as(o.Finn), crossed.ID) })
		all.Go(func() { _, errs[3] = o.End(o.as(other), crossed.ID, time.Time{}, "No.") })
		all.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("confirmed twice: %v and %v", errs[0], errs[1])
		}
		// Whichever came first, what somebody has stopped counts for nothing.
		must(o.End(o.as(o.Finn), twice.ID, time.Time{}, "Enough."))(t)
		if got := o.may(o.Priya); errs[3] != nil || got != (authority.Authority{}) {
			t.Fatalf("confirmed: %v, ended: %v, and Priya may %+v", errs[2], errs[3], got)
		}
	}
}

func TestTheStateOfAGrantIsTheSameInTheDatabase(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	next := o.proposal()
	next.FirstDay, next.LastDay = o.today().AddDate(0, 0, 2), o.today().AddDate(0, 0, 4)
	o.granted(o.proposal())
	o.granted(next)
	must(o.Propose(o.as(o.Priya), next))(t)
	refused := must(o.Propose(o.as(o.Priya), next))(t)
	must(o.End(o.as(o.Finn), refused.ID, time.Time{}, "No."))(t)
	stopped := o.granted(next)
	must(o.End(o.as(o.Finn), stopped.ID, time.Time{}, "No more."))(t)

	for range 7 {
		all, _, err := o.List(o.as(o.Priya), "", authority.Page{Number: 1, Size: 50})
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for _, state := range authority.States {
			found, total, err := o.List(o.as(o.Priya), state, authority.Page{Number: 1, Size: 50})
			if err != nil {
				t.Fatal(err)
			}
			seen += total
			for _, g := range found {
				if g.State != state {
					t.Errorf("%s: found as %s, is %s", o.now, state, g.State)
				}
			}
		}
		if seen != len(all) {
			t.Errorf("%s: %d of %d grants are in a state", o.now, seen, len(all))
		}
		o.now = o.now.AddDate(0, 0, 1)
	}
}

func TestTheDatabaseRefusesAuthorityThatOnePersonMade(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	waiting := must(o.Propose(o.as(o.Priya), o.proposal()))(t).Grant
	toBilal := o.proposal()
	toBilal.Holder = authority.Holder{Person: o.Bilal.ID}
	named := must(o.Propose(o.as(o.Priya), toBilal))(t).Grant
	current := o.granted(o.proposal())
	ended := o.granted(o.proposal())
	must(o.End(o.as(o.Finn), ended.ID, time.Time{}, "No more."))(t)
	must(o.SetLineManager(o.as(o.Finn), o.Amina.ID, o.Priya.ID, o.today()))(t)

	limited := o.proposal()
	limited.LastDay = o.today().AddDate(0, 0, 4)
	limited = o.granted(limited)

	is := func(g authority.Grant) string { return " WHERE id = '" + g.ID.String() + "'" }
	confirm := func(g authority.Grant, by uuid.UUID) string {
		return "UPDATE authority_grant SET confirmed_by = '" + by.String() + "', confirmed_name = 'x', confirmed_at = now()" + is(g)
	}
	insert := func(columns, values string) string {
		return fmt.Sprintf(`INSERT INTO authority_grant (id, kind, holder_name, whose, why, first_day, proposed_by, proposed_name, proposed_at, %s)
			VALUES (gen_random_uuid(), 'decide', '', 'any', 'x', '2026-06-01', '%s', 'x', now(), %s)`, columns, o.Priya.ID, values)
	}
	line := func(coach, manager, by uuid.UUID) string {
		return fmt.Sprintf(`INSERT INTO line_manager (id, coach_id, coach_name, manager_id, manager_name, first_day, set_by, set_name, set_at)
			VALUES (gen_random_uuid(), '%s', 'x', '%s', 'x', '2026-06-01', '%s', 'x', now())`, coach, manager, by)
	}
	const holder = "holder_role, holder_person, area, most, alone"
	for name, c := range map[string]struct{ sql, want string }{
		"a confirmation by whoever proposed": {confirm(waiting, o.Priya.ID), "grant_by_two"},
		"a confirmation by the holder":       {confirm(named, o.Bilal.ID), "grant_not_own"},
		"a second confirmation":              {confirm(current, uuid.New()), "grant_moves"},
		"a confirmation of what has ended":   {confirm(ended, uuid.New()), "grant_moves"},
		"a grant that is born confirmed":     {insert(holder+", confirmed_by", "'manager', NULL, 'Oldham', 5, 5, gen_random_uuid()"), "no right"},
		"a proposal for oneself":             {insert(holder, "'', '"+o.Priya.ID.String()+"', '', 5, 5"), "grant_not_own"},
		"a holder who is nobody":             {insert(holder, "'', NULL, 'Oldham', 5, 5"), "grant_holder"},
		"two holders":                        {insert(holder, "'manager', gen_random_uuid(), 'Oldham', 5, 5"), "grant_holder"},
		"a role everywhere":                  {insert(holder, "'manager', NULL, '', 5, 5"), "grant_role_area"},
		"a limit of nothing":                 {insert(holder, "'manager', NULL, 'Oldham', 0, 0"), "authority_grant_most_check"},
		"more alone than at all":             {insert(holder, "'manager', NULL, 'Oldham', 5, 6"), "grant_alone"},
		"another limit":                      {"UPDATE authority_grant SET most = 100000" + is(current), "no right"},
		"another holder":                     {"UPDATE authority_grant SET holder_person = gen_random_uuid()" + is(current), "no right"},
		"a later end":                        {"UPDATE authority_grant SET last_day = '2999-01-01'" + is(current), "grant_moves"},
		"a later end, as it is ended":        {"UPDATE authority_grant SET last_day = '2999-01-01', ended_by = gen_random_uuid(), ended_at = now(), ended_why = 'x'" + is(limited), "grant_moves"},
		"another end, as it is confirmed":    {strings.Replace(confirm(waiting, uuid.New()), " WHERE", ", last_day = '2026-06-05' WHERE", 1), "grant_moves"},
		"a confirmation at no time":          {"UPDATE authority_grant SET confirmed_by = gen_random_uuid()" + is(waiting), "grant_confirmed"},
		"over before it begins":              {insert(holder+", last_day", "'manager', NULL, 'Oldham', 5, 5, '2026-05-31'"), "grant_days"},
		"an end without whoever ended it":    {"UPDATE authority_grant SET last_day = '2026-06-05'" + is(current), "grant_moves"},
		"an end taken back":                  {"UPDATE authority_grant SET ended_by = NULL, ended_at = NULL, ended_why = '', last_day = NULL" + is(ended), "grant_moves"},
		"a confirmation taken back":          {"UPDATE authority_grant SET confirmed_by = NULL, confirmed_at = NULL" + is(ended), "grant_moves"},
		"a grant that is deleted":            {"DELETE FROM authority_grant", "no right"},
		"a line manager of oneself":          {line(o.Amina.ID, o.Amina.ID, o.Finn.ID), "line_manager_of_another"},
		"a line manager by themself":         {line(o.Amina.ID, o.Priya.ID, o.Priya.ID), "line_manager_by_another"},
		"a line manager by the coach":        {line(o.Amina.ID, o.Priya.ID, o.Amina.ID), "line_manager_by_another"},
		"a line manager that is changed":     {"UPDATE line_manager SET manager_name = ''", "no right"},
		"a line manager that is deleted":     {"DELETE FROM line_manager", "no right"},
	} {
		if got := refused(o.db.Gorm.Exec(c.sql).Error); got != c.want {
			t.Errorf("%s: refused by %q, want %q", name, got, c.want)
		}
	}
	owner := dbtest.Owner(t, o.db)
	for name, c := range map[string]struct{ sql, want string }{
		"a grant that is deleted":        {"DELETE FROM authority_grant", "authority_grant_append_only"},
		"another limit":                  {"UPDATE authority_grant SET most = 100000" + is(current), "grant_moves"},
		"another limit, as it is ended":  {"UPDATE authority_grant SET most = 100000, ended_by = gen_random_uuid(), ended_at = now(), ended_why = 'x'" + is(current), "grant_moves"},
		"a grant that is born confirmed": {insert(holder+", confirmed_by, confirmed_at", "'manager', NULL, 'Oldham', 5, 5, gen_random_uuid(), now()"), "grant_moves"},
		"a line manager that is changed": {"UPDATE line_manager SET manager_name = ''", "line_manager_append_only"},
	} {
		if got := refused(owner.Gorm.Exec(c.sql).Error); got != c.want {
			t.Errorf("by the owner, %s: refused by %q, want %q", name, got, c.want)
		}
	}
}
