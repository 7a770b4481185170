package postgres_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/funding/internal/naming"
	"github.com/instead-support/instead/services/funding/internal/postgres"
)

func TestStaffAreNamedOnlyWhereWhoeverAsksWorks(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	names := naming.New(postgres.NewNaming(o.db))
	ids := []uuid.UUID{o.fund, o.Amina.ID, o.Chloe.ID, uuid.New()}
	called := func(who identity.Person) map[uuid.UUID]string {
		t.Helper()
		all := map[uuid.UUID]string{}
		for _, n := range must(names.Of(o.as(who), ids))(t) {
			if all[n.ID] != "" {
				t.Errorf("%s is named twice", n.Name)
			}
			all[n.ID] = n.Name
		}
		return all
	}
	here, there := called(o.Priya), called(o.Rochdale)
	for who, got := range map[string]map[uuid.UUID]string{"in Oldham": here, "in Rochdale": there} {
		if got[o.fund] != "Core" {
			t.Errorf("a manager %s finds the fund called %q", who, got[o.fund])
		}
	}
	if here[o.Amina.ID] != o.Amina.Name {
		t.Errorf("a manager of her area finds Amina called %q", here[o.Amina.ID])
	}
	if name, ok := there[o.Amina.ID]; ok {
		t.Errorf("a manager of another area finds Amina called %q", name)
	}
	if _, err := names.Of(o.as(o.Amina), ids); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a work coach is told names: %v", err)
	}
}
