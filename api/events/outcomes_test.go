package events_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/instead-support/instead/api/events"
)

// What was said of somebody's work is told without whose it is, and without what
// would tell.
func TestWhatIsToldOfAnOutcomeNamesNobody(t *testing.T) {
	for _, e := range []any{events.OutcomeRecorded{}, events.CheckRecorded{}, events.Rated{}} {
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"jobseeker", "coach", "about", "words", "pay", "minutes", "pence", "employer", "evidence", `"occupation"`} {
			if strings.Contains(string(b), word) {
				t.Errorf("%T tells of %s: %s", e, word, b)
			}
		}
	}
}

// What an event's type puts on the wire is what its schema speaks of, no more and
// no less, so that whoever reads one by the schema reads all of it.
func TestAnEventIsWhatItsSchemaSays(t *testing.T) {
	for _, e := range []interface{ EventName() string }{
		events.RequestChanged{}, events.JobseekerMoved{}, events.OutcomeRecorded{}, events.CheckRecorded{}, events.CheckDue{}, events.Rated{},
	} {
		_, name, _ := strings.Cut(e.EventName(), ".")
		raw, err := os.ReadFile(name + ".schema.json")
		if err != nil {
			t.Error(err)
			continue
		}
		var schema struct {
			Title      string
			Required   []string
			Properties map[string]struct{ Properties map[string]any }
		}
		if err := json.Unmarshal(raw, &schema); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var said map[string]any
		if err := json.Unmarshal(b, &said); err != nil {
			t.Fatal(err)
		}
		want := slices.Sorted(maps.Keys(said))
		if got := slices.Sorted(maps.Keys(schema.Properties)); !slices.Equal(got, want) || schema.Title != e.EventName() {
			t.Errorf("%s: the schema %q has %v, the type %v", name, schema.Title, got, want)
		}
		if got := slices.Sorted(slices.Values(schema.Required)); !slices.Equal(got, want) {
			t.Errorf("%s: the schema requires %v, the type says %v", name, got, want)
		}
		for field, value := range said {
			if part, ok := value.(map[string]any); ok && !slices.Equal(slices.Sorted(maps.Keys(part)), slices.Sorted(maps.Keys(schema.Properties[field].Properties))) {
				t.Errorf("%s: %s is %v in the type", name, field, part)
			}
		}
	}
}
