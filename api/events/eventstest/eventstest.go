// Package eventstest holds what services tell against the schemas of what they
// may tell. A service's own tests do the telling.
package eventstest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/instead-support/instead/api/events"
)

// Check fails t unless data is a message that the schema of the event with this
// name allows.
func Check(t testing.TB, name string, data []byte) {
	t.Helper()
	schema, ok := schemas(t)[name]
	if !ok {
		t.Errorf("%s has no schema", name)
		return
	}
	message, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if err := schema.Validate(message); err != nil {
		t.Errorf("%s: %v\n%s", name, err, data)
	}
}

// Of returns those of some messages, in their envelopes as JSON, that are of one
// event. All of them are held against their schemas.
func Of[E interface{ EventName() string }](t testing.TB, envelopes []string) (all []E) {
	t.Helper()
	for _, envelope := range envelopes {
		var e struct {
			Name string
			Data json.RawMessage
		}
		if err := json.Unmarshal([]byte(envelope), &e); err != nil {
			t.Fatal(err)
		}
		Check(t, e.Name, e.Data)
		var event E
		if e.Name != event.EventName() {
			continue
		}
		if err := json.Unmarshal(e.Data, &event); err != nil {
			t.Fatal(err)
		}
		all = append(all, event)
	}
	return all
}

func schemas(t testing.TB) map[string]*jsonschema.Schema {
	t.Helper()
	all, err := compile()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// compile reads every schema, by the name of its event. Formats count, as they
// would not by themselves.
var compile = sync.OnceValues(func() (map[string]*jsonschema.Schema, error) {
	files, err := events.Schemas.ReadDir(".")
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	all := map[string]*jsonschema.Schema{}
	for _, f := range files {
		raw, err := events.Schemas.ReadFile(f.Name())
		if err != nil {
			return nil, err
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
		if err := c.AddResource(f.Name(), doc); err != nil {
			return nil, err
		}
		schema, err := c.Compile(f.Name())
		if err != nil {
			return nil, err
		}
		name := path.Base(schema.ID)
		if !strings.HasPrefix(f.Name(), name[strings.Index(name, ".")+1:]+".") {
			return nil, fmt.Errorf("%s is the schema of %s", f.Name(), name)
		}
		all[name] = schema
	}
	return all, nil
})
