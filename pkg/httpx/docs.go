package httpx

import (
	"bytes"
	_ "embed"
	"html/template"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

//go:embed docs.html
var docsHTML string

var docsPage = template.Must(template.New("docs").Parse(docsHTML))

type docOperation struct {
	ID, Method, Path, Summary, Description string
	Parameters                             []docField
	Body                                   []docField
	Answers                                []docAnswer
}

type docField struct {
	Name, Type, Description string
	Required                bool
}

type docAnswer struct{ Status, Description string }

type docTag struct {
	Name, Description string
	Operations        []docOperation
}

// newDocs renders the contract as one page for people, by tag.
func newDocs(spec *openapi3.T) ([]byte, error) {
	var tags []docTag
	for _, t := range spec.Tags {
		tags = append(tags, docTag{Name: t.Name, Description: t.Description})
	}
	for _, path := range spec.Paths.InMatchingOrder() {
		item := spec.Paths.Value(path)
		for method, op := range item.Operations() {
			d := document(method, path, item, op)
			for i := range tags {
				if slices.Contains(op.Tags, tags[i].Name) {
					tags[i].Operations = append(tags[i].Operations, d)
				}
			}
		}
	}
	for _, t := range tags {
		slices.SortFunc(t.Operations, func(a, b docOperation) int {
			return strings.Compare(a.Path+a.Method, b.Path+b.Method)
		})
	}
	var out bytes.Buffer
	err := docsPage.Execute(&out, map[string]any{"Title": spec.Info.Title, "Version": spec.Info.Version, "Description": spec.Info.Description, "Tags": tags})
	return out.Bytes(), err
}

func document(method, path string, item *openapi3.PathItem, op *openapi3.Operation) docOperation {
	d := docOperation{ID: op.OperationID, Method: method, Path: path, Summary: op.Summary, Description: op.Description}
	for _, p := range slices.Concat(item.Parameters, op.Parameters) {
		d.Parameters = append(d.Parameters, docField{p.Value.Name, typeOf(p.Value.Schema), p.Value.Description, p.Value.Required})
	}
	if op.RequestBody != nil {
		for kind, media := range op.RequestBody.Value.Content {
			d.Body = append(d.Body, docField{Name: kind, Type: typeOf(media.Schema), Required: op.RequestBody.Value.Required})
			d.Body = append(d.Body, properties(media.Schema)...)
		}
	}
	for status, r := range op.Responses.Map() {
		description := ""
		if r.Value.Description != nil {
			description = *r.Value.Description
		}
		d.Answers = append(d.Answers, docAnswer{status, description})
	}
	slices.SortFunc(d.Answers, func(a, b docAnswer) int { return strings.Compare(a.Status, b.Status) })
	return d
}

func properties(schema *openapi3.SchemaRef) []docField {
	var fields []docField
	for name, p := range schema.Value.Properties {
		fields = append(fields, docField{name, typeOf(p), p.Value.Description, slices.Contains(schema.Value.Required, name)})
	}
	slices.SortFunc(fields, func(a, b docField) int { return strings.Compare(a.Name, b.Name) })
	return fields
}

func typeOf(s *openapi3.SchemaRef) string {
	if s == nil {
		return ""
	}
	kind := strings.Join(s.Value.Type.Slice(), " or ")
	switch {
	case len(s.Value.Enum) > 0:
		words := make([]string, len(s.Value.Enum))
		for i, v := range s.Value.Enum {
			words[i], _ = v.(string)
		}
		return strings.Join(words, " | ")
	case kind == "array":
		return "array of " + typeOf(s.Value.Items)
	case s.Value.Format != "":
		return kind + " (" + s.Value.Format + ")"
	}
	return kind
}
