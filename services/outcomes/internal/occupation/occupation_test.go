package occupation_test

import (
	"testing"

	"github.com/instead-support/instead/services/outcomes/internal/occupation"
)

func TestEveryUnitGroupHasATitleAndAMajorGroup(t *testing.T) {
	all := occupation.Find("")
	if len(all) != 412 {
		t.Errorf("%d unit groups, want the 412 of SOC 2020", len(all))
	}
	for _, g := range all {
		if len(g.Code) != 4 || g.Title == "" || g.Major() == "" {
			t.Errorf("%+v, of %q", g, g.Major())
		}
		if of, ok := occupation.Of(g.Code); !ok || of != g {
			t.Errorf("Of(%s) = %v, %t", g.Code, of, ok)
		}
	}
	if _, ok := occupation.Of("0000"); ok {
		t.Error("there is an occupation 0000")
	}
}

func TestAnOccupationIsFoundByItsWordsInAnyOrderOrByItsCode(t *testing.T) {
	for asked, code := range map[string]string{"chefs": "5434", "543 Chefs": "5434", "drivers delivery": "8214"} {
		if found := occupation.Find(asked); len(found) == 0 || found[0].Code != code {
			t.Errorf("Find(%q) = %v, want %s first", asked, found, code)
		}
	}
	if found := occupation.Find("unicorn"); len(found) != 0 {
		t.Errorf("Find(unicorn) = %v", found)
	}
}
