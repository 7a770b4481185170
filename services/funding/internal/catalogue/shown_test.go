package catalogue

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheLinesShownStandAtTheirNumbers(t *testing.T) {
	l, err := Inspect([]byte("Kursliste\n\n\"Nr\nneu\";Name;Preis\nA1;Care;450\n"), Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"Kursliste"}, {}, {"Nr neu", "Name", "Preis"}, {}, {"A1", "Care", "450"}}
	if diff := cmp.Diff(want, l.Lines); diff != "" {
		t.Error(diff)
	}
	if l.HeadingLine != 3 {
		t.Errorf("the headings are taken to be on line %d, want 3", l.HeadingLine)
	}
}
