package charts_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	sigs "sigs.k8s.io/yaml"
)

// setting is one that a service reads: its name, whether it is required, and
// whether without it another service is looked for where no release has it.
var setting = regexp.MustCompile(`env:"([A-Z_]+)(,required)?"(?: envDefault:"(http://))?`)

// known are the settings that a service reads, and whether it must be told, by the
// tags of its own code and of what every service has.
func known(t *testing.T, service string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, dir := range []string{filepath.Join("..", "services", service), filepath.Join("..", "pkg", "host")} {
		err := filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return err
			}
			b, err := os.ReadFile(name)
			for _, found := range setting.FindAllStringSubmatch(string(b), -1) {
				all[found[1]] = all[found[1]] || found[2] != "" || found[3] != ""
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(all) < 6 {
		t.Fatalf("only %d settings of %s: is the test looking in the right place?", len(all), service)
	}
	return all
}

// others are settings of what the services are made with.
var others = regexp.MustCompile(`^(OTEL_|AWS_|GOMEMLIMIT$|GOGC$)`)

func TestAServiceIsToldWhatItMustKnowAndNothingThatItDoesNotRead(t *testing.T) {
	for _, file := range valuesFiles(t) {
		for _, p := range pods(manifests(t, file, "")) {
			service := strings.TrimSuffix(p.name, "-migrate")
			if !slices.Contains(services, service) {
				continue
			}
			reads, told := known(t, service), map[string]bool{}
			for _, e := range p.spec.Containers[0].Env {
				if told[e.Name] {
					t.Errorf("%s: %s is told %s twice", file, p.name, e.Name)
				}
				told[e.Name] = true
				if _, ok := reads[e.Name]; !ok && !others.MatchString(e.Name) {
					t.Errorf("%s: %s is told %s, which it does not read", file, p.name, e.Name)
				}
			}
			for name, needed := range reads {
				if needed && !told[name] {
					t.Errorf("%s: %s is not told %s", file, p.name, name)
				}
			}
			if owner := told["OWNER_DATABASE_URL"]; owner != strings.HasSuffix(p.name, "-migrate") {
				t.Errorf("%s: %s has the owner's way into its database: %t", file, p.name, owner)
			}
		}
	}
}

func TestWhatAChartLetsOneSetTheServiceReads(t *testing.T) {
	for _, service := range services {
		var v struct{ Config map[string]any }
		b, err := os.ReadFile(filepath.Join(service, "values.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if err := sigs.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
		reads := known(t, service)
		for name := range v.Config {
			if _, ok := reads[name]; !ok && !others.MatchString(name) {
				t.Errorf("%s lets one set %s, which it does not read", service, name)
			}
		}
	}
}

func TestWhatAllServicesShareIsTheSameInEveryChart(t *testing.T) {
	var first string
	for _, chart := range append(slices.Clone(services), "instead") {
		b, err := os.ReadFile(filepath.Join(chart, "values.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		_, shared, _ := strings.Cut(string(b), "\nglobal:\n")
		if first == "" {
			first = shared
		}
		if shared != first || shared == "" {
			t.Errorf("global of %s is not that of %s", chart, services[0])
		}
	}
}
