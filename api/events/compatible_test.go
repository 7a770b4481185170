package events_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/instead-support/instead/api/events"
)

// A message of the last release is read by this one, and one of this release by
// the last: both run at once while one is rolled out.
func TestWhatWasReleasedIsStillToldAndStillRead(t *testing.T) {
	files, err := filepath.Glob("released/*.schema.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d schemas were released, %v", len(files), err)
	}
	for _, f := range files {
		old := read(t, f)
		raw, err := events.Schemas.ReadFile(filepath.Base(f))
		if err != nil {
			t.Errorf("%s is told no more: %v", old["title"], err)
			continue
		}
		for _, broken := range breaks(old, parse(t, string(raw)), "") {
			t.Errorf("%s: %s", old["title"], broken)
		}
	}
}

// breaks lists what in a schema, compared to one that was released, a reader or
// a teller of that release would stumble over.
func breaks(old, now map[string]any, at string) (all []string) {
	say := func(format string, args ...any) { all = append(all, at+": "+fmt.Sprintf(format, args...)) }
	oldFields, nowFields := fields(old), fields(now)
	for _, name := range slices.Sorted(maps.Keys(oldFields)) {
		if nowFields[name] == nil {
			say("%s is gone", name)
			continue
		}
		all = append(all, breaks(oldFields[name], nowFields[name], at+"/"+name)...)
	}
	for _, name := range list(now["required"]) {
		if !slices.Contains(list(old["required"]), name) {
			say("%s is required, and was not told before", name)
		}
	}
	for _, name := range list(old["required"]) {
		if !slices.Contains(list(now["required"]), name) {
			say("%s is required no more, and is relied upon", name)
		}
	}
	for _, value := range list(old["enum"]) {
		if _, still := now["enum"]; still && !slices.Contains(list(now["enum"]), value) {
			say("%q is in the enum no more", value)
		}
	}
	if (old["enum"] == nil) != (now["enum"] == nil) {
		say("it is, or is no longer, one of a list")
	}
	if items, ok := old["items"].(map[string]any); ok {
		now, _ := now["items"].(map[string]any)
		all = append(all, breaks(items, now, at+"/-")...)
	}
	// Whatever else says what may stand there says the same as before.
	for key := range merged(old, now) {
		switch key {
		case "properties", "required", "enum", "items", "description", "$schema", "$id", "title":
		default:
			if !reflect.DeepEqual(old[key], now[key]) {
				say("%s was %v and is %v", key, old[key], now[key])
			}
		}
	}
	return all
}

func merged(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

func fields(schema map[string]any) map[string]map[string]any {
	all := map[string]map[string]any{}
	properties, _ := schema["properties"].(map[string]any)
	for name, p := range properties {
		all[name], _ = p.(map[string]any)
	}
	return all
}

func list(of any) []string {
	values, _ := of.([]any)
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = fmt.Sprint(v)
	}
	return all
}

func read(t *testing.T, file string) map[string]any {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(raw))
}

func parse(t *testing.T, raw string) (schema map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(raw), &schema); err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestAReleasedSchemaOnlyGrows(t *testing.T) {
	const released = `{"type": "object", "required": ["id"], "properties": {
		"id": {"type": "string", "format": "uuid"}, "state": {"enum": ["open", "shut"]}, "words": {"type": "string"},
		"parts": {"type": "array", "items": {"type": "object", "required": ["pence"], "properties": {"pence": {"type": "integer", "minimum": 0}}}}}}`
	for _, test := range []struct{ change, from, to, want string }{
		{"nothing changes", "", "", ""},
		{"a further field", `"id": {`, `"new": {"type": "string"}, "id": {`, ""},
		{"a further value", `"shut"`, `"shut", "ajar"`, ""},
		{"a further field of a part", `{"pence": {`, `{"new": {"type": "string"}, "pence": {`, ""},
		{"other words about it", `"id": {`, `"id": {"description": "Whose", `, ""},
		{"a field is taken away", `"words": {"type": "string"},`, ``, ": words is gone"},
		{"a field is called otherwise", `"words"`, `"text"`, ": words is gone"},
		{"a value is taken away", `, "shut"`, ``, `/state: "shut" is in the enum no more`},
		{"a list of values comes to be", `"words": {"type": "string"`, `"words": {"enum": ["yes"]`, "/words: it is, or is no longer, one of a list"},
		{"a list of values ends", `"enum": ["open", "shut"]`, `"type": "string"`, "/state: it is, or is no longer, one of a list"},
		{"old tellers did not tell it", `["id"]`, `["id", "words"]`, ": words is required, and was not told before"},
		{"old readers rely on it", `["id"]`, `[]`, ": id is required no more, and is relied upon"},
		{"another type", `"words": {"type": "string"`, `"words": {"type": "integer"`, "/words: type was string and is integer"},
		{"null, too", `"words": {"type": "string"`, `"words": {"type": ["string", "null"]`, "/words: type was string and is [string null]"},
		{"another format", `"format": "uuid"`, `"format": "date"`, "/id: format was uuid and is date"},
		{"a narrower range", `"minimum": 0`, `"minimum": 1`, "/parts/-/pence: minimum was 0 and is 1"},
		{"a part that is required less", `["pence"]`, `[]`, "/parts/-: pence is required no more, and is relied upon"},
		{"nothing but what it knows", `"required": ["id"]`, `"additionalProperties": false, "required": ["id"]`, ": additionalProperties was <nil> and is false"},
	} {
		changed := strings.Replace(released, test.from, test.to, 1)
		if test.from != "" && changed == released {
			t.Fatalf("%s: nothing is changed", test.change)
		}
		got := breaks(parse(t, released), parse(t, changed), "")
		if test.want == "" && len(got) > 0 || test.want != "" && !slices.Contains(got, test.want) {
			t.Errorf("%s: breaks() = %q, want %q", test.change, got, test.want)
		}
	}
}
