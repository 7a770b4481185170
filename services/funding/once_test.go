package funding_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	api "github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/host/hosttest"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// leavesNoTrace are the tables that say of a second message that it came.
var leavesNoTrace = "'audit_entry', 'idempotency'"

// kept is all that the service keeps, table by table, as one word each.
func (s *system) kept() map[string]string {
	s.T.Helper()
	var tables []string
	err := s.Owner.Gorm.Raw(`SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema::regnamespace
		AND relname NOT IN (` + leavesNoTrace + `) AND relname NOT LIKE 'river%'`).Scan(&tables).Error
	if err != nil || len(tables) < 10 {
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

// Every unsafe operation that the walk has somebody do is done by one message
// twice, as after an answer that was lost on its way.
func TestEveryMessageThatComesTwiceDoesItsWorkOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	allowance := s.open(dansRecord)
	spec, err := api.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, path := range spec.Paths.InMatchingOrder() {
		for method, operation := range spec.Paths.Value(path).Operations() {
			op := policy.Operation(operation.OperationID)
			step := walk[op]
			people := []*hosttest.Person{nil, &asha, &ben, &cal, &mo, &nia, &fin, &dan, &eve}
			var who *hosttest.Person
			for i, want := range []int{step.nobody, step.coach, step.peer, step.far, step.boss, step.strange, step.pay, step.own, step.eve} {
				if want > 0 && want < 300 && who == nil {
					who = people[i]
				}
			}
			if method == http.MethodGet || who == nil || op == policy.UploadImport { // whose work goes on behind it, and is tried in catalogue
				continue
			}
			tried++
			request := s.draft(allowance.Id, 10)
			if strings.Contains(step.path, "{sent}") {
				request = s.submit(request)
			}
			var version []int64
			if operation.Parameters.GetByInAndName("header", "If-Match") != nil {
				version = append(version, int64(request.Version))
			}
			address, body := s.fill(step.path, request.Id, allowance.Id), s.fill(step.body, request.Id, allowance.Id)
			if op == policy.OpenAllowance {
				body = s.fill(`{"jobseeker_id":"{anyone}","course_id":"{course}"}`, request.Id, allowance.Id)
			}
			s.Key = "message " + uuid.NewString()
			status, first := s.SendAs(kindOf(op), who, method, address, body, version...)
			before := s.kept()
			again, second := s.SendAs(kindOf(op), who, method, address, body, version...)
			if status > 299 || again != status || idIn(first) != idIn(second) {
				t.Errorf("%s answered %d %s, and then %d %s", op, status, first, again, second)
			}
			for table, was := range before {
				if is := s.kept()[table]; is != was {
					t.Errorf("%s by the same message again changed %s", op, table)
				}
			}
			s.Key = ""
		}
	}
	if tried < 12 {
		t.Errorf("only %d operations were tried", tried)
	}
}

// idIn is the id that an answer begins with, whichever it is of.
func idIn(answer string) string {
	_, rest, found := strings.Cut(answer, `"id":"`)
	if !found || len(rest) < 36 {
		return ""
	}
	return fmt.Sprint(rest[:36])
}
