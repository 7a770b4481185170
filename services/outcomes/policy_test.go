package outcomes_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	api "github.com/instead-support/instead/api/outcomes"
	"github.com/instead-support/instead/pkg/host/hosttest"
	"github.com/instead-support/instead/services/outcomes/internal/policy"
)

// walk says what each operation answers to each person: to nobody, to the record's
// coach, to another coach of its area and one of another, to the manager of its
// area and of another, to a finance officer, to an auditor, to the jobseeker, and to
// another jobseeker. {outcome} is of Dan's, with {check} that waits and {answered}
// that does not.
var walk = map[policy.Operation]struct {
	path, body                                                     string
	nobody, coach, peer, far, boss, strange, pay, audits, own, eve int
}{
	policy.SearchOccupations: {"/occupations?q=chef", "", 401, 200, 200, 200, 200, 200, 403, 403, 403, 403},
	policy.ListDefinitions:   {"/definitions", "", 401, 200, 200, 200, 200, 200, 403, 200, 200, 200},

	policy.ListOutcomes:   {"/jobseekers/{dan}/outcomes", "", 401, 200, 200, 404, 200, 404, 403, 403, 200, 404},
	policy.RecordOutcome:  {"/jobseekers/{dan}/outcomes", training, 401, 201, 403, 404, 403, 403, 403, 403, 403, 403},
	policy.ReadOutcome:    {"/outcomes/{outcome}", "", 401, 200, 200, 404, 200, 404, 403, 403, 200, 404},
	policy.CorrectOutcome: {"/outcomes/{outcome}", strings.Replace(training, "}", `,"why":"So."}`, 1), 401, 200, 403, 404, 403, 403, 403, 403, 403, 403},
	policy.StrikeOutcome:  {"/outcomes/{outcome}/striking", `{"why":"Never."}`, 401, 200, 403, 404, 403, 403, 403, 403, 403, 403},

	policy.ListChecks:   {"/checks", "", 401, 200, 200, 200, 200, 200, 403, 403, 200, 200},
	policy.RecordCheck:  {"/checks/{check}/answer", `{"in_work":true}`, 401, 200, 403, 404, 403, 403, 403, 403, 200, 404},
	policy.CorrectCheck: {"/checks/{answered}", `{"in_work":true,"why":"So."}`, 401, 200, 403, 404, 403, 403, 403, 403, 403, 403},

	policy.ListRatings:      {"/jobseekers/{dan}/ratings", "", 401, 200, 200, 404, 200, 404, 403, 403, 200, 404},
	policy.Rate:             {"/jobseekers/{dan}/ratings/{bike}", `{"helped":"no","course_would_help_more":"no"}`, 401, 403, 403, 403, 403, 403, 403, 403, 200, 404},
	policy.ListUsefulness:   {"/usefulness", "", 401, 403, 403, 403, 200, 200, 403, 200, 403, 403},
	policy.ListOutcomeAudit: {"/jobseekers/{dan}/audit", "", 401, 403, 403, 403, 200, 200, 403, 200, 403, 403},

	policy.ListBallots:  {"/ballots", "", 401, 200, 200, 200, 200, 200, 200, 200, 200, 200},
	policy.OpenBallot:   {"/ballots", ballot, 401, 403, 403, 403, 201, 403, 403, 403, 403, 403},
	policy.ReadBallot:   {"/ballots/{ballot}", "", 401, 200, 200, 404, 200, 404, 200, 200, 200, 404},
	policy.CastVote:     {"/ballots/{ballot}/votes", `{"option":1}`, 401, 200, 200, 404, 200, 404, 200, 403, 200, 404},
	policy.CancelBallot: {"/ballots/{ballot}/cancellation", `{"why":"So."}`, 401, 403, 403, 403, 200, 404, 403, 403, 403, 403},
}

// ballot is one of a day that never comes too late.
var ballot = `{"area":"Oldham","kind":"priorities","priorities":["Tools","Buses"],"opens_on":"` + ago(0).Format(time.DateOnly) + `","closes_on":"` + ago(-2).Format(time.DateOnly) + `"}`

const training = `{"kind":"training","route":"instead","started_on":"2026-05-04"}`

// everybody, in the order of the table.
var everybody = []*hosttest.Person{nil, &asha, &ben, &cal, &mo, &nia, &fin, &nadia, &dan, &eve}

// fresh is an outcome of 30 weeks ago whose first check was answered, and an
// address and a body with the ids that it needs.
func (s *system) fresh(op policy.Operation) (o *api.Outcome, version int64, fill *strings.Replacer) {
	s.T.Helper()
	o = s.record(aJob(30))
	answered, err := s.client().RecordCheckWithResponse(s.As(asha), o.Checks[0].Id, &api.RecordCheckParams{IfMatch: 1}, api.Answer{InWork: true})
	if err != nil {
		s.T.Fatal(err)
	}
	o, version = answered.JSON200, int64(answered.JSON200.Version)
	if op == policy.Rate {
		ratings, err := s.client().ListRatingsWithResponse(s.As(dan), dansRecord)
		if err != nil {
			s.T.Fatal(err)
		}
		version = int64(ratings.JSON200.Items[0].Version)
	}
	on := uuid.Nil
	switch op {
	case policy.ReadBallot, policy.CastVote, policy.CancelBallot:
		opened, err := s.client().OpenBallotWithResponse(s.As(mo), nil, api.NewBallot{
			Area: "Oldham", Kind: api.Priorities, Priorities: []string{"Tools", "Buses"}, OpensOn: ago(0), ClosesOn: ago(-2),
		})
		if err != nil {
			s.T.Fatal(err)
		}
		on, version = opened.JSON201.Id, 1
	}
	return o, version, strings.NewReplacer("{ballot}", on.String(), "{dan}", dansRecord.String(), "{outcome}", o.Id.String(),
		"{check}", o.Checks[1].Id.String(), "{answered}", o.Checks[0].Id.String(), "{bike}", bike.String())
}

func TestEveryOperationOfTheContractAnswersEachRoleAsThePolicySays(t *testing.T) {
	t.Parallel()
	s := start(t)
	spec, err := api.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	operations := 0
	for _, path := range spec.Paths.InMatchingOrder() {
		for method, operation := range spec.Paths.Value(path).Operations() {
			operations++
			op := policy.Operation(operation.OperationID)
			step, ok := walk[op]
			if !ok || len(policy.Table[op]) == 0 {
				t.Errorf("%s %s (%s) has no policy, or no row in this test", method, path, op)
				continue
			}
			for i, want := range []int{step.nobody, step.coach, step.peer, step.far, step.boss, step.strange, step.pay, step.audits, step.own, step.eve} {
				_, read, fill := s.fresh(op)
				var version []int64
				if operation.Parameters.GetByInAndName("header", "If-Match") != nil {
					version = append(version, read)
				}
				if want < 300 && version != nil {
					s.WantsVersion(everybody[i], method, fill.Replace(step.path), fill.Replace(step.body))
				}
				got, answer := s.Send(everybody[i], method, fill.Replace(step.path), fill.Replace(step.body), version...)
				if got != want {
					t.Errorf("%s as person %d of the table = %d %s, want %d", op, i, got, answer, want)
				}
				// What is hidden must look like what is not there.
				if got == http.StatusNotFound {
					none := strings.NewReplacer("{ballot}", uuid.NewString(), "{dan}", uuid.NewString(), "{outcome}", uuid.NewString(), "{check}", uuid.NewString(), "{answered}", uuid.NewString(), "{bike}", uuid.NewString())
					_, nowhere := s.Send(everybody[i], method, none.Replace(step.path), fill.Replace(step.body), version...)
					if hosttest.Detail(answer) != hosttest.Detail(nowhere) {
						t.Errorf("%s tells a hidden record from none: %s and %s", op, answer, nowhere)
					}
				}
			}
		}
	}
	if operations != len(walk) {
		t.Errorf("the contract has %d operations, this test %d", operations, len(walk))
	}
	// Lists are open to many, and show each only what is theirs.
	for _, p := range []hosttest.Person{cal, nia, eve} {
		found, err := s.client().ListChecksWithResponse(s.As(p), &api.ListChecksParams{Upcoming: new(true), JobseekerIds: &[]uuid.UUID{dansRecord}})
		if err != nil || found.JSON200.Total != 0 {
			t.Errorf("%s lists Dan's checks: %+v %v", p.Sub(), found, err)
		}
	}
	looks, err := s.client().ListOutcomeAuditWithResponse(s.As(nia), dansRecord, nil)
	if err != nil || looks.JSON200.Total != 0 {
		t.Errorf("a manager of another area reads who looked at Dan: %+v %v", looks, err)
	}
}

// Every unsafe operation is done by one message twice, as after an answer that was
// lost on its way.
func TestEveryMessageThatComesTwiceDoesItsWorkOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Rested(1)
	spec, err := api.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, path := range spec.Paths.InMatchingOrder() {
		for method, operation := range spec.Paths.Value(path).Operations() {
			op := policy.Operation(operation.OperationID)
			if method == http.MethodGet {
				continue
			}
			tried++
			step, who := walk[op], &asha
			if step.coach > 299 {
				who = &dan
			}
			if step.own > 299 && who == &dan {
				who = &mo
			}
			_, read, fill := s.fresh(op)
			var version []int64
			if operation.Parameters.GetByInAndName("header", "If-Match") != nil {
				version = append(version, read)
			}
			s.Key = "message " + uuid.NewString()
			status, first := s.Send(who, method, fill.Replace(step.path), fill.Replace(step.body), version...)
			before := s.kept()
			again, second := s.Send(who, method, fill.Replace(step.path), fill.Replace(step.body), version...)
			if status > 299 || again != status || first != second {
				t.Errorf("%s answered %d %s, and then %d %s", op, status, first, again, second)
			}
			for table, is := range s.kept() {
				if is != before[table] {
					t.Errorf("%s by the same message again changed %s", op, table)
				}
			}
			if other, answer := s.Send(who, method, fill.Replace(step.path), strings.Replace(fill.Replace(step.body), "}", `,"words":"Other."}`, 1), version...); !slices.Contains(wordless, op) && other != http.StatusConflict {
				t.Errorf("%s took the key for something else: %d %s", op, other, answer)
			}
			s.Key = ""
		}
	}
	if tried != 9 {
		t.Errorf("%d operations were tried", tried)
	}
}

// wordless are the operations whose messages have no words to change.
var wordless = []policy.Operation{policy.RecordOutcome, policy.CorrectOutcome, policy.StrikeOutcome, policy.OpenBallot, policy.CastVote, policy.CancelBallot}

// kept is all that the service keeps, table by table, as one word each, but for what
// says of a second message that it came, and jobs, which go on meanwhile.
func (s *system) kept() map[string]string {
	s.T.Helper()
	var tables []string
	err := s.Owner.Gorm.Raw(`SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema::regnamespace
		AND relname NOT IN ('audit_entry', 'idempotency') AND relname NOT LIKE 'river%'`).Scan(&tables).Error
	if err != nil || len(tables) < 8 {
		s.T.Fatalf("%d tables: %v", len(tables), err)
	}
	all := map[string]string{}
	for _, table := range tables {
		var sum string
		if err := s.Owner.Gorm.Raw(`SELECT coalesce(md5(string_agg(x::text, ',' ORDER BY x::text)), '') FROM "` + table + `" x`).Scan(&sum).Error; err != nil {
			s.T.Fatal(err)
		}
		all[table] = sum
	}
	return all
}
