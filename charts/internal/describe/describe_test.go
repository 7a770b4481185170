package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestEveryChartIsDescribedAsItsValuesAre(t *testing.T) {
	t.Chdir("../..")
	charts, err := filepath.Glob("*/values.yaml")
	if err != nil || len(charts) < 5 {
		t.Fatalf("%d charts: %v", len(charts), err)
	}
	for _, values := range charts {
		files, err := describe(filepath.Dir(values))
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range files {
			if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s is not what values.yaml says (%v): run go run ./internal/describe", name, err)
			}
		}
	}
}
