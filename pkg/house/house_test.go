package house_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/instead-support/instead/"

// room is where a package lives, as far as the rules go.
type room struct {
	service string // the service, if it is in one
	floor   string // what kind of package it is within the house
}

// roomOf places a package by its path from the module's root.
func roomOf(dir string) room {
	parts := strings.Split(dir, "/")
	switch parts[0] {
	case "services":
		if len(parts) < 2 {
			return room{}
		}
		r := room{service: parts[1], floor: "door"}
		if len(parts) > 2 {
			r.floor = parts[2]
		}
		if len(parts) > 3 && parts[2] == "internal" {
			switch parts[3] {
			case "rest", "postgres", "web", "page", "component", "form", "policy":
				r.floor = parts[3]
			default:
				r.floor = "domain"
			}
		}
		return r
	default:
		return room{floor: parts[0]}
	}
}

// imports lists what each package imports, tests left out: a test may reach
// further, to arrange what it looks at.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	root := filepath.Join("..", "..")
	found := map[string][]string{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && name != root || d.Name() == "var" || d.Name() == "node_modules" || d.Name() == "tools") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		for _, i := range file.Imports {
			p, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			found[filepath.ToSlash(dir)] = append(found[filepath.ToSlash(dir)], p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 10 {
		t.Fatalf("only %d packages found: is the test looking in the right place?", len(found))
	}
	return found
}

// refuse says why package dir may not import target, or "" if it may.
func refuse(dir, target string) string {
	from := roomOf(dir)
	if !strings.HasPrefix(target, module) {
		return refuseLibrary(from, target)
	}
	to := roomOf(strings.TrimPrefix(target, module))
	switch {
	case from.floor == "pkg" && to.floor != "pkg":
		return "pkg imports neither services nor api"
	case from.floor == "api" && to.floor != "api":
		return "a contract imports nothing of ours"
	case to.service != "" && from.service != to.service && !(from.service == "standalone" && to.floor == "door") && from.service != "":
		return "no service imports another; it asks over its contract"
	case from.floor == "domain" && from.service != "standalone" && (to.floor == "rest" || to.floor == "postgres" || to.floor == "web" || to.floor == "page" || to.floor == "door" || to.floor == "cmd"):
		return "a domain looks down only"
	case from.floor == "postgres" && (to.floor == "rest" || to.floor == "web" || to.floor == "page"):
		return "rows know nothing of the world outside"
	case from.floor == "domain" && from.service != "standalone" && to.floor == "pkg":
		name := strings.TrimPrefix(target, module+"pkg/")
		if name != "fault" && name != "money" && name != "identity" && name != "workday" {
			return "a domain rests on fault, money, identity and workday alone"
		}
	case from.floor == "domain" && from.service != "standalone" && to.floor == "api",
		from.floor == "postgres" && to.floor == "api" && !strings.HasSuffix(target, "/api/events"):
		return "only rest and web see a contract"
	}
	return ""
}

func refuseLibrary(from room, target string) string {
	switch {
	case from.service == "" || from.service == "standalone":
		return ""
	case strings.HasPrefix(target, "github.com/labstack/echo"):
		if from.floor != "rest" && from.floor != "web" && from.floor != "door" {
			return "only rest and web see Echo"
		}
	case strings.HasPrefix(target, "gorm.io/"), strings.HasPrefix(target, "github.com/jackc/pgx"):
		if from.floor != "postgres" {
			return "only postgres sees the database"
		}
	case strings.HasPrefix(target, "net/http"), strings.HasPrefix(target, "database/sql"):
		if from.floor == "domain" || from.floor == "policy" {
			return "a domain sees neither HTTP nor SQL"
		}
	}
	return ""
}

func TestImportsPointDownTheHouse(t *testing.T) {
	for dir, targets := range imports(t) {
		for _, target := range targets {
			if why := refuse(dir, target); why != "" {
				t.Errorf("%s imports %s: %s", dir, target, why)
			}
		}
	}
}

func TestTheRuleRefusesWhatItShould(t *testing.T) {
	for _, c := range [][2]string{
		{"pkg/money", module + "services/funding"},
		{"pkg/money", module + "api/funding"},
		{"api/needs", module + "pkg/fault"},
		{"services/funding/internal/award", "gorm.io/gorm"},
		{"services/funding/internal/award", "net/http"},
		{"services/funding/internal/award", module + "pkg/db"},
		{"services/funding/internal/award", module + "services/funding/internal/postgres"},
		{"services/funding/internal/award", module + "api/needs"},
		{"services/funding", module + "services/needs"},
		{"services/portal/internal/page", "github.com/labstack/echo/v4"},
		{"services/standalone/internal/system", module + "services/funding/internal/award"},
	} {
		if refuse(c[0], c[1]) == "" {
			t.Errorf("%s may import %s, and should not", c[0], c[1])
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	for dir := range imports(t) {
		files, err := filepath.Glob(filepath.Join("..", "..", dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		said := false
		for _, name := range files {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			said = said || file.Doc != nil && !strings.HasSuffix(name, "_test.go")
		}
		if !said {
			t.Errorf("%s has no package comment", path.Clean(dir))
		}
	}
}

func TestEachServiceSaysWhatItOwns(t *testing.T) {
	services, err := os.ReadDir(filepath.Join("..", "..", "services"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range services {
		if !s.IsDir() {
			continue
		}
		if _, err := os.Stat(filepath.Join("..", "..", "services", s.Name(), "README.md")); err != nil {
			t.Errorf("services/%s has no README.md", s.Name())
		}
	}
}
