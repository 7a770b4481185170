package events_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/instead-support/instead/api/events"
)

// What was said of somebody's work is told without whose it is, and without what
// would tell.
func TestWhatIsToldOfAnOutcomeNamesNobody(t *testing.T) {
	for _, e := range []any{events.OutcomeRecorded{}, events.CheckRecorded{}, events.Rated{}, events.BallotClosed{Options: []events.Choice{{}}}} {
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
	line, entry := []events.Line{{}}, []events.Entry{{}}
	all := []interface{ EventName() string }{
		events.RequestChanged{Lines: line, Entries: entry}, events.AllowanceChanged{}, events.BudgetChanged{}, events.TermsAgreed{}, events.QuestionChanged{},
		events.JobseekerMoved{}, events.NeedAssessed{},
		events.OutcomeRecorded{}, events.CheckRecorded{}, events.CheckDue{}, events.Rated{Counts: []events.Count{{}}}, events.BallotClosed{Options: []events.Choice{{}}},
	}
	files, err := events.Schemas.ReadDir(".")
	if err != nil || len(files) != len(all) {
		t.Errorf("%d events have %d schemas, %v", len(all), len(files), err)
	}
	for _, e := range all {
		_, name, _ := strings.Cut(e.EventName(), ".")
		raw, err := events.Schemas.ReadFile(name + ".schema.json")
		if err != nil {
			t.Error(err)
			continue
		}
		schema := parse(t, string(raw))
		if schema["title"] != e.EventName() {
			t.Errorf("%s is the schema of %v", name, schema["title"])
		}
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var said map[string]any
		if err := json.Unmarshal(b, &said); err != nil {
			t.Fatal(err)
		}
		speaksOf(t, schema, said, name)
	}
}

// speaksOf fails t unless schema has the fields that said has, and requires no
// others.
func speaksOf(t *testing.T, schema, said map[string]any, at string) {
	t.Helper()
	want := slices.Sorted(maps.Keys(said))
	if got := slices.Sorted(maps.Keys(fields(schema))); !slices.Equal(got, want) {
		t.Errorf("%s: the schema has %v, the type %v", at, got, want)
	}
	for _, name := range list(schema["required"]) {
		if !slices.Contains(want, name) {
			t.Errorf("%s: the schema requires %s, which the type does not tell", at, name)
		}
	}
	for name, value := range said {
		part := fields(schema)[name]
		if all, ok := value.([]any); ok && len(all) > 0 {
			value, part = all[0], part["items"].(map[string]any)
		}
		if value, ok := value.(map[string]any); ok {
			speaksOf(t, part, value, at+"/"+name)
		}
	}
}
