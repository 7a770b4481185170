package component_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// fixture is one example that govuk-frontend publishes of a component: what
// its template was given, and the HTML that came out.
type fixture struct {
	Name    string
	Options any
	HTML    string
}

func fixturesOf(t *testing.T, name string) []fixture {
	t.Helper()
	b, err := os.ReadFile("testdata/fixtures/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Fixtures []fixture }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	return file.Fixtures
}

// options reads what a fixture's template was given, and remembers what was
// read: an option that nobody read is one that we do not have.
type options struct {
	value any
	path  string
	read  map[string]bool
}

func optionsOf(f fixture) options { return options{value: f.Options, read: map[string]bool{}} }

func (o options) at(path string) options {
	for part := range strings.SplitSeq(path, ".") {
		m, _ := o.value.(map[string]any)
		o = options{m[part], o.path + "." + part, o.read}
	}
	return o
}

func (o options) has(path string) bool { return o.at(path).value != nil }

func (o options) str(path string) string {
	at := o.at(path)
	switch v := at.value.(type) {
	case string:
		o.read[at.path] = true
		return v
	case float64:
		o.read[at.path] = true
		return fmt.Sprint(v)
	}
	return ""
}

// is reads the option if it is this very value.
func (o options) is(path string, want any) bool {
	at := o.at(path)
	if at.value != want {
		return false
	}
	o.read[at.path] = true
	return true
}

// yes reads a boolean that, when false, changes nothing.
func (o options) yes(path string) bool {
	v, _ := o.at(path).value.(bool)
	return o.is(path, v) && v
}

func (o options) num(path string) int {
	at := o.at(path)
	n := 0
	if _, err := fmt.Sscan(fmt.Sprint(at.value), &n); err == nil {
		o.read[at.path] = true
	}
	return n
}

func (o options) list(path string) []options {
	at := o.at(path)
	vs, _ := at.value.([]any)
	var all []options
	for i, v := range vs {
		item := options{v, fmt.Sprintf("%s[%d]", at.path, i), o.read}
		switch v.(type) {
		case map[string]any, []any:
			all = append(all, item)
		default: // the template leaves out items that are false, null or empty
			o.read[item.path] = true
		}
	}
	return all
}

func (o options) strs(path string) []string {
	at := o.at(path)
	vs, _ := at.value.([]any)
	var all []string
	for i, v := range vs {
		if s, ok := v.(string); ok {
			o.read[fmt.Sprintf("%s[%d]", at.path, i)] = true
			all = append(all, s)
		}
	}
	return all
}

func (o options) attributes(path string) templ.Attributes {
	at := o.at(path)
	m, _ := at.value.(map[string]any)
	all := templ.Attributes{}
	for name := range m {
		all[name] = at.str(name)
	}
	return all
}

// words reads an option for markup that holds none.
func (o options) words(path string) string {
	if s, ok := o.at(path).value.(string); ok && !strings.ContainsAny(s, "<&") {
		return o.str(path)
	}
	return ""
}

// html is markup for a Content field, or nil.
func (o options) html(path string) templ.Component {
	if s := o.str(path); s != "" {
		return templ.Raw(s)
	}
	return nil
}

// unread lists the options that nobody read.
func (o options) unread() []string {
	leaves := map[string]bool{}
	var walk func(v any, path string)
	walk = func(v any, path string) {
		switch v := v.(type) {
		case map[string]any:
			for name, v := range v {
				walk(v, path+"."+name)
			}
		case []any:
			for i, v := range v {
				walk(v, fmt.Sprintf("%s[%d]", path, i))
			}
		default:
			leaves[path] = true
		}
	}
	walk(o.value, "")
	maps.DeleteFunc(leaves, func(path string, _ bool) bool { return o.read[path] })
	return slices.Sorted(maps.Keys(leaves))
}

func render(t *testing.T, c templ.Component) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// within gives c these children.
func within(c templ.Component, children templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return c.Render(templ.WithChildren(ctx, children), w)
	})
}

// normal writes markup one node a line with attributes and class names in
// order. Space that a browser does not show is dropped; space between words
// that stand beside each other is kept, as is the space that keeps hidden words
// from running into the ones before.
func normal(t *testing.T, markup string) string {
	t.Helper()
	nodes, err := html.ParseFragment(strings.NewReader(markup), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
	if err != nil {
		t.Fatal(err)
	}
	root := &html.Node{Type: html.ElementNode, Data: "body"}
	for _, n := range nodes {
		root.AppendChild(n)
	}
	var b strings.Builder
	for n := range root.ChildNodes() {
		write(&b, n, "")
	}
	return b.String()
}

func write(b *strings.Builder, n *html.Node, indent string) {
	switch n.Type {
	case html.TextNode:
		if words := visible(n); words != "" {
			fmt.Fprintf(b, "%s%q\n", indent, words)
		}
	case html.ElementNode:
		var attrs []string
		for _, a := range n.Attr {
			if a.Key == "class" {
				names := strings.Fields(a.Val)
				slices.Sort(names)
				a.Val = strings.Join(slices.Compact(names), " ")
			}
			attrs = append(attrs, fmt.Sprintf(" %s=%q", a.Key, a.Val))
		}
		slices.Sort(attrs)
		fmt.Fprintf(b, "%s<%s%s>\n", indent, n.Data, strings.Join(attrs, ""))
		for c := range n.ChildNodes() {
			write(b, c, indent+"  ")
		}
	}
}

// visible is the text of n with the space that a browser would not show folded.
func visible(n *html.Node) string {
	if n.Parent.Data == "textarea" {
		return n.Data
	}
	words := strings.Join(strings.Fields(n.Data), " ")
	if words == "" {
		return "" // between elements; the words beside it carry their own space
	}
	begins, ends := n.Data[0] != words[0], n.Data[len(n.Data)-1] != words[len(words)-1]
	if begins && (inline(n.PrevSibling) || n.PrevSibling == nil && hidden(n.Parent)) {
		words = " " + words
	}
	if ends && inline(n.NextSibling) {
		words += " "
	}
	return words
}

func inline(n *html.Node) bool {
	return n != nil && n.Type == html.ElementNode && slices.Contains([]string{"a", "b", "em", "span", "strong"}, n.Data)
}

func hidden(n *html.Node) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "class" && a.Val == "govuk-visually-hidden" })
}
