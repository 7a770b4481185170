// Command describe writes, from each chart's values.yaml, the table of its README
// and its values.schema.json, so that neither can say anything else. Run it from
// the folder of the charts: go run ./internal/describe. It knows nothing of what
// the values do.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

func main() {
	charts, err := filepath.Glob("*/values.yaml")
	if err != nil {
		log.Fatal(err)
	}
	for _, values := range charts {
		files, err := describe(filepath.Dir(values))
		if err != nil {
			log.Fatalf("%s: %v", values, err)
		}
		for name, content := range files {
			if err := os.WriteFile(name, content, 0o644); err != nil { //nolint:gosec // anybody may read it
				log.Fatal(err)
			}
		}
	}
}

// describe returns what the files of a chart, by name, are to hold.
func describe(chart string) (map[string][]byte, error) {
	var about struct{ Name, Description string }
	if err := read(filepath.Join(chart, "Chart.yaml"), &about); err != nil {
		return nil, err
	}
	var values yaml.Node
	if err := read(filepath.Join(chart, "values.yaml"), &values); err != nil {
		return nil, err
	}
	root := values.Content[0]
	schema := objectOf(root, chart == "instead")
	schema["$schema"] = "http://json-schema.org/draft-07/schema#"
	schema["title"] = about.Description
	// Helm gives a chart the values of the charts that it is made of.
	schema["properties"].(map[string]any)["common"] = map[string]any{"type": "object"}
	js, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	fmt.Fprintf(&page, "# %s\n\n%s.\n", about.Name, about.Description)
	if more, err := os.ReadFile(filepath.Join(chart, "about.md")); err == nil {
		fmt.Fprintf(&page, "\n%s", more)
	}
	fmt.Fprintf(&page, "\n## Values\n\nMade from [values.yaml](values.yaml) by `go run ./internal/describe`. A name that is not here is refused.\n\n| value | default | what |\n|---|---|---|\n")
	rows(&page, "", root)
	return map[string][]byte{
		filepath.Join(chart, "values.schema.json"): append(js, '\n'),
		filepath.Join(chart, "README.md"):          page.Bytes(),
	}, nil
}

func read(name string, into any) error {
	b, err := os.ReadFile(name) //nolint:gosec // a file of the charts'
	if err != nil {
		return err
	}
	return yaml.Unmarshal(b, into)
}

// open are the values that Kubernetes, or another chart, knows the names in.
var open = map[string]bool{"resources": true, "podAnnotations": true, "annotations": true}

// objectOf is the schema of a mapping. In the umbrella an empty one is the values
// of another chart, which has a schema of its own.
func objectOf(n *yaml.Node, umbrella bool) map[string]any {
	properties := map[string]any{}
	for i := 0; i < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		one := schemaOf(value, umbrella)
		if open[name.Value] || umbrella && value.Kind == yaml.MappingNode && len(value.Content) == 0 {
			one = map[string]any{"type": "object"}
		}
		if about := comment(name); about != "" {
			one["description"] = about
		}
		properties[name.Value] = one
	}
	return map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
}

func schemaOf(n *yaml.Node, umbrella bool) map[string]any {
	switch {
	case n.Kind == yaml.MappingNode:
		return objectOf(n, umbrella)
	case n.Kind == yaml.SequenceNode && len(n.Content) > 0:
		return map[string]any{"type": "array", "items": schemaOf(n.Content[0], umbrella)}
	case n.Kind == yaml.SequenceNode:
		return map[string]any{"type": "array", "items": map[string]any{"type": "string"}}
	case n.Tag == "!!bool":
		return map[string]any{"type": "boolean"}
	case n.Tag == "!!int":
		return map[string]any{"type": "integer", "minimum": 0}
	case n.Tag == "!!null":
		return map[string]any{"type": []string{"string", "integer", "null"}}
	default:
		return map[string]any{"type": "string"}
	}
}

// rows writes a line for each value that is not made of others, and for what is
// said of those that are.
func rows(w *bytes.Buffer, above string, n *yaml.Node) {
	for i := 0; i < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		path := above + name.Value
		if value.Kind == yaml.MappingNode && len(value.Content) > 0 {
			if about := comment(name); about != "" {
				fmt.Fprintf(w, "| **%s** | | %s |\n", path, about)
			}
			rows(w, path+".", value)
			continue
		}
		fmt.Fprintf(w, "| `%s` | `%s` | %s |\n", path, plain(value), comment(name))
	}
}

func plain(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		if n.Value == "" {
			return `""`
		}
		return n.Value
	}
	flow := *n
	flow.Style = yaml.FlowStyle
	b, err := yaml.Marshal(&flow)
	if err != nil {
		return "?"
	}
	return strings.TrimSpace(string(b))
}

// comment is what values.yaml says above a name, on one line.
func comment(name *yaml.Node) string {
	last := name.HeadComment[strings.LastIndex(name.HeadComment, "\n\n")+1:]
	var words []string
	for line := range strings.Lines(last) {
		words = append(words, strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "#")))
	}
	return strings.TrimSpace(strings.Join(words, " "))
}
