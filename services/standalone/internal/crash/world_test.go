package crash_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/standalone/internal/demo"
	"github.com/instead-support/instead/services/standalone/internal/system"
)

// Of everybody's roles at once there is one person, in every area: who is held
// back by nothing but the rules on deciding one's own and paying what one decided.
func init() {
	demo.Staff = append(demo.Staff, demo.Person{
		Subject: "sam-okoro", Name: "Sam Okoro", Roles: []identity.Role{identity.Coach, identity.Manager, identity.Finance}, Areas: []string{"Oldham", "Rochdale"},
	})
}

// world is what everybody knows of the system, out of its answers alone. What
// somebody else has changed since is known late or never, as on a page that is
// open for a while.
type world struct {
	*books

	mu         sync.Mutex
	people     []*person
	jobseekers []jobseeker
	courses    []funding.CourseSummary
	suppliers  []uuid.UUID
	fund       uuid.UUID
	budgets    []funding.Budget
	untried    []pair

	allowances shelf[funding.Allowance]
	requests   shelf[funding.Request]
	payments   shelf[funding.Payment]
	batches    shelf[funding.Batch]
	proposals  shelf[funding.Proposal]
	grants     shelf[funding.Grant]
	questions  shelf[funding.Question]
	files      []file
}

// jobseeker is somebody to ask for, with the needs that stand in their way.
type jobseeker struct {
	id    uuid.UUID
	coach *person
	needs []uuid.UUID
}

// pair is a verb and somebody to try it.
type pair struct {
	verb string
	by   *person
}

// shelf is things as they were last seen, in the order in which they came to be
// known.
type shelf[T any] struct {
	all   map[uuid.UUID]T
	order []uuid.UUID
}

func (s *shelf[T]) put(id uuid.UUID, one T) {
	if s.all == nil {
		s.all = map[uuid.UUID]T{}
	}
	if _, known := s.all[id]; !known {
		s.order = append(s.order, id)
	}
	s.all[id] = one
}

// most is from how many of the latest one is picked.
const most = 12

// pick is one of the latest that will do; a zero T and false if none will.
func (s *shelf[T]) pick(rng *rand.Rand, will func(T) bool) (one T, ok bool) {
	var found []T
	for _, id := range slices.Backward(s.order) {
		if one := s.all[id]; will(one) {
			if found = append(found, one); len(found) == most {
				break
			}
		}
	}
	if len(found) == 0 {
		return one, false
	}
	return found[rng.IntN(len(found))], true
}

// sweep is a verb that somebody has not tried yet.
func (w *world) sweep() (string, *person, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.untried) == 0 {
		return "", nil, false
	}
	one := w.untried[0]
	w.untried = w.untried[1:]
	return one.verb, one.by, true
}

// named is the demo's person of this subject.
func (w *world) named(subject string) *person {
	i := slices.IndexFunc(w.people, func(p *person) bool { return p.who.Subject == subject })
	return w.people[i]
}

// known is the person with this id, if it is one of ours.
func (w *world) known(id uuid.UUID) *person {
	i := slices.IndexFunc(w.people, func(p *person) bool { return p.ID == id })
	if i < 0 {
		return nil
	}
	return w.people[i]
}

// newWorld looks around on a machine that runs.
func newWorld(t *testing.T, m *machine, rng *rand.Rand) *world {
	t.Helper()
	w := &world{}
	providers, err := system.SignIn(m.dir, m.origin)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range demo.Staff {
		w.people = append(w.people, newPerson(providers.Staff, p))
	}
	for _, p := range demo.Jobseekers[:3] {
		w.people = append(w.people, newPerson(providers.Public, p))
	}
	for _, name := range verbNames {
		for _, p := range w.people {
			w.untried = append(w.untried, pair{name, p})
		}
	}
	rng.Shuffle(len(w.untried), func(i, j int) { w.untried[i], w.untried[j] = w.untried[j], w.untried[i] })

	look := &worker{load: newLoad(w, m.origin, nil), rng: rng}
	if err := look.around(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

// around learns what the demo has left.
func (w *worker) around(ctx context.Context) error {
	helen, imran := w.named("helen-barlow"), w.named("imran-sadiq")
	for _, p := range w.people {
		if !p.Is(identity.Coach) {
			continue
		}
		if err := w.caseload(ctx, p); err != nil {
			return err
		}
	}
	var courses funding.CoursePage
	var suppliers funding.SupplierPage
	var budgets funding.BudgetPage
	for path, out := range map[string]any{
		"funding/courses?q=level&size=200&priced_on=" + today(): &courses, "funding/suppliers": &suppliers, "funding/budgets": &budgets,
	} {
		by := imran
		if out == any(&courses) {
			by = helen
		}
		if _, err := w.read(ctx, by, path, out); err != nil {
			return err
		}
	}
	for _, c := range courses.Items {
		if c.Price.Confirmed && c.Price.Pence >= 2000_00 && c.Price.Pence <= 9000_00 {
			w.courses = append(w.courses, c)
		}
	}
	for _, s := range suppliers.Items {
		w.suppliers = append(w.suppliers, s.Id)
	}
	w.budgets = budgets.Items
	if len(w.jobseekers) == 0 || len(w.courses) < 10 || len(w.suppliers) == 0 || len(w.budgets) < 2 {
		return fmt.Errorf("the demo has left %d jobseekers, %d courses, %d suppliers and %d budgets", len(w.jobseekers), len(w.courses), len(w.suppliers), len(w.budgets))
	}
	w.fund = w.budgets[0].Fund.Id
	return nil
}

// caseload learns whom a coach supports, and what is in their way.
func (w *worker) caseload(ctx context.Context, coach *person) error {
	var theirs needs.JobseekerPage
	if _, err := w.read(ctx, coach, "needs/jobseekers?size=100", &theirs); err != nil {
		return err
	}
	for _, j := range theirs.Items {
		if j.CoachId != coach.ID {
			continue
		}
		var all struct{ Items []needs.Need }
		if _, err := w.read(ctx, coach, "needs/jobseekers/"+j.Id.String()+"/needs", &all); err != nil {
			return err
		}
		one := jobseeker{id: j.Id, coach: coach}
		for _, n := range all.Items {
			if n.Standing == needs.InTheWay {
				one.needs = append(one.needs, n.Id)
			}
		}
		if len(one.needs) > 0 {
			w.jobseekers = append(w.jobseekers, one)
		}
	}
	return nil
}

// callsOf is how the contract has each of its unsafe operations called.
func callsOf(t *testing.T) map[string]call {
	t.Helper()
	doc, err := funding.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string]call{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if method == http.MethodGet {
				continue
			}
			c := call{method: method, path: path}
			if op.RequestBody != nil {
				for media := range op.RequestBody.Value.Content {
					c.media = media
				}
			}
			calls[op.OperationID] = c
		}
	}
	return calls
}
