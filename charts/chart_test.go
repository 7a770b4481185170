// Package charts_test holds the charts to what they promise: each of their values
// files makes manifests that Kubernetes takes as they are meant, that ask for no
// more than they need, and that let nobody call whom the design does not.
package charts_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	sigs "sigs.k8s.io/yaml"
)

// release is the name under which everything is rendered.
const release = "council"

// custom are kinds of other projects, which Kubernetes' own types do not have.
var custom = []string{"PodMonitor", "HTTPRoute", "PrometheusRule"}

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // Helm tells of every link that it follows
	os.Exit(m.Run())
}

// values reads a values file of the umbrella's, with more set over it.
func values(t *testing.T, file string, more string) map[string]any {
	t.Helper()
	all := map[string]any{}
	if file != "" {
		b, err := os.ReadFile(filepath.Join("instead", "values", file))
		if err != nil {
			t.Fatal(err)
		}
		if err := sigs.UnmarshalStrict(b, &all); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	over := map[string]any{}
	if err := sigs.UnmarshalStrict([]byte(more), &over); err != nil {
		t.Fatal(err)
	}
	return loader.MergeMaps(all, over)
}

// render is a chart's manifests as text, in the order of their files.
func render(chart string, with map[string]any) (string, error) {
	c, err := loader.Load(chart)
	if err != nil {
		return "", err
	}
	all, err := util.ToRenderValues(c, with, common.ReleaseOptions{Name: release, Namespace: "instead", IsInstall: true, Revision: 1}, common.DefaultCapabilities)
	if err != nil {
		return "", err
	}
	files, err := engine.Render(c, all)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasSuffix(name, ".yaml") {
			fmt.Fprintf(&out, "---\n%s\n", files[name])
		}
	}
	return out.String(), nil
}

// decode reads manifests as the API server would that refuses what it does not
// know. Those of other projects it returns by kind alone.
func decode(manifests string) (all []runtime.Object, others []string, err error) {
	strict := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	documents := yaml.NewDocumentDecoder(io.NopCloser(strings.NewReader(manifests)))
	buffer := make([]byte, len(manifests)+1)
	for {
		n, err := documents.Read(buffer)
		if errors.Is(err, io.EOF) {
			return all, others, nil
		}
		if err != nil {
			return nil, nil, err
		}
		document := buffer[:n]
		var about struct{ Kind string }
		if err := sigs.Unmarshal(document, &about); err != nil {
			return nil, nil, err
		}
		switch {
		case about.Kind == "":
		case slices.Contains(custom, about.Kind):
			others = append(others, about.Kind)
		default:
			object, _, err := strict.Decode(document, nil, nil)
			if err != nil {
				return nil, nil, fmt.Errorf("%w in\n%s", err, document)
			}
			all = append(all, object)
		}
	}
}

// manifests are the umbrella's, of a values file with more set over it.
func manifests(t *testing.T, file, more string) []runtime.Object {
	t.Helper()
	text, err := render("instead", values(t, file, more))
	if err != nil {
		t.Fatal(err)
	}
	all, _, err := decode(text)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// valuesFiles are the umbrella's.
func valuesFiles(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("instead/values/*.yaml")
	if err != nil || len(found) < 2 {
		t.Fatalf("%d values files: %v", len(found), err)
	}
	for i := range found {
		found[i] = filepath.Base(found[i])
	}
	return found
}

// pod is what runs somewhere, whatever makes it.
type pod struct {
	name   string // app.kubernetes.io/name
	labels map[string]string
	spec   core.PodSpec
	kind   string
}

func pods(all []runtime.Object) (found []pod) {
	add := func(kind string, labels map[string]string, spec core.PodSpec) {
		found = append(found, pod{labels["app.kubernetes.io/name"], labels, spec, kind})
	}
	for _, object := range all {
		switch o := object.(type) {
		case *apps.Deployment:
			add("Deployment", o.Spec.Template.Labels, o.Spec.Template.Spec)
		case *apps.StatefulSet:
			add("StatefulSet", o.Spec.Template.Labels, o.Spec.Template.Spec)
		case *batch.Job:
			add("Job", o.Spec.Template.Labels, o.Spec.Template.Spec)
		case *core.Pod:
			add("Pod", o.Labels, o.Spec)
		}
	}
	return found
}

// of is every object of type T.
func of[T any](all []runtime.Object) (found []T) {
	for _, object := range all {
		if o, ok := object.(T); ok {
			found = append(found, o)
		}
	}
	return found
}
