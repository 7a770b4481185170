package charts_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	sigs "sigs.k8s.io/yaml"
)

type deployed struct {
	ChartPath         string
	ValuesFiles       []string
	SetValueTemplates map[string]string
}

type pipeline struct {
	Name  string
	Build struct {
		Artifacts []struct {
			Image string
			Ko    struct {
				Main         string
				Dependencies struct{ Paths []string }
			}
		}
	}
	Deploy struct{ Helm struct{ Releases []deployed } }
}

// skaffold is the file, with its profiles, each as it would be run.
func skaffold(t *testing.T) (base pipeline, profiles []pipeline, text []byte) {
	t.Helper()
	text, err := os.ReadFile("../skaffold.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := sigs.Unmarshal(text, &base); err != nil {
		t.Fatal(err)
	}
	var file struct{ Profiles []pipeline }
	if err := sigs.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return base, file.Profiles, text
}

func TestSkaffoldTakesItsFile(t *testing.T) {
	_, _, text := skaffold(t)
	asJSON, err := sigs.YAMLToJSONStrict(text)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.NewCompiler().Compile("testdata/skaffold-v4beta13.json")
	if err != nil {
		t.Fatal(err)
	}
	var file any
	if err := json.Unmarshal(asJSON, &file); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(file); err != nil {
		t.Error(err)
	}
	file.(map[string]any)["biuld"] = map[string]any{}
	if schema.Validate(file) == nil {
		t.Error("a misspelt name is taken")
	}
}

var imageOf = regexp.MustCompile(`IMAGE_(?:REPO|TAG|DIGEST)_(\w+)`)

func TestEverythingThatSkaffoldNamesIsThere(t *testing.T) {
	base, profiles, _ := skaffold(t)
	var names []string
	for _, p := range append(profiles, base) {
		names = append(names, p.Name)
		built := base.Build.Artifacts
		if len(p.Build.Artifacts) > 0 {
			built = p.Build.Artifacts
		}
		var images []string
		for _, a := range built {
			images = append(images, a.Image)
			found, err := filepath.Glob(filepath.Join("..", a.Ko.Main, "*.go"))
			if err != nil || len(found) == 0 {
				t.Errorf("profile %q builds %s of %s, where there is no program", p.Name, a.Image, a.Ko.Main)
			}
			for _, path := range a.Ko.Dependencies.Paths {
				if _, err := os.Stat(filepath.Join("..", path)); err != nil {
					t.Errorf("profile %q looks at %s for changes: %v", p.Name, path, err)
				}
			}
		}
		for _, r := range p.Deploy.Helm.Releases {
			with := map[string]any{}
			for _, file := range r.ValuesFiles {
				b, err := os.ReadFile(filepath.Join("..", file))
				if err != nil {
					t.Error(err)
				}
				if err := sigs.Unmarshal(b, &with); err != nil {
					t.Error(err)
				}
			}
			for value, template := range r.SetValueTemplates {
				set(with, strings.Split(value, "."), template)
				if found := imageOf.FindStringSubmatch(template); found != nil && !slices.Contains(images, found[1]) {
					t.Errorf("profile %q gives %s the image %s, which it does not build", p.Name, value, found[1])
				}
			}
			text, err := render(filepath.Base(r.ChartPath), with)
			if err != nil {
				t.Errorf("profile %q can't be deployed: %v", p.Name, err)
			}
			for _, image := range images {
				if image != "trial" && !strings.Contains(text, "IMAGE_REPO_"+image) {
					t.Errorf("profile %q builds %s and does not run it", p.Name, image)
				}
			}
		}
	}
	for _, want := range []string{"dev", "standalone", "production"} {
		if !slices.Contains(names, want) {
			t.Errorf("there is no profile %s", want)
		}
	}
}

func set(values map[string]any, path []string, to any) {
	for ; len(path) > 1; path = path[1:] {
		next, ok := values[path[0]].(map[string]any)
		if !ok {
			next = map[string]any{}
			values[path[0]] = next
		}
		values = next
	}
	values[path[0]] = to
}

func TestAllOfItInOnePodIsRestrictedToo(t *testing.T) {
	text, err := render("standalone", map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	all, _, err := decode(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pods(all) {
		if why := restricted(t, p); why != "" {
			t.Errorf("%s %s: %s", p.kind, p.name, why)
		}
	}
	if len(pods(all)) != 1 {
		t.Errorf("it is %d pods", len(pods(all)))
	}
}
