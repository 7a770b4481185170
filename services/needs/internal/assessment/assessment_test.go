package assessment_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/needs/internal/assessment"
)

var (
	asha = identity.Person{ID: uuid.New(), Name: "Asha Begum"}
	now  = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
)

// bike is an answer that is whole.
var bike = assessment.Answer{Category: "getting-there", Standing: assessment.InTheWay, InTheWay: "No bus before 7.", WouldRemove: "A bike."}

func TestABlankAssessmentHasEveryCategoryUnexplored(t *testing.T) {
	a := assessment.Blank(uuid.New())
	if a.Version != 0 || len(a.Needs) != len(assessment.Categories) || len(a.InTheWay()) != 0 {
		t.Errorf("Blank() = %+v", a)
	}
	for i, n := range a.Needs {
		if n.Category != assessment.Categories[i] || n.Standing != assessment.NotExplored {
			t.Errorf("need %d = %+v", i, n)
		}
	}
}

func TestASaveKeepsWhatItLeavesOut(t *testing.T) {
	a := assessment.Blank(uuid.New())
	if _, err := a.Save(0, []assessment.Answer{bike}, asha, now); err != nil {
		t.Fatal(err)
	}
	changed, err := a.Save(1, []assessment.Answer{{Category: "health", Standing: assessment.Strength}}, asha, now)
	if err != nil || len(changed) != 1 || changed[0].Category != "health" {
		t.Fatalf("Save() = %v %v", changed, err)
	}
	if got := a.InTheWay(); len(got) != 1 || got[0].Answer != bike {
		t.Errorf("InTheWay() = %v", got)
	}
	if a.Version != 2 || a.By != asha.ID || a.ByName != asha.Name || !a.At.Equal(now) {
		t.Errorf("saved = %+v", a)
	}
}

func TestASaveThatChangesNothingIsNoNewVersion(t *testing.T) {
	a := assessment.Blank(uuid.New())
	if _, err := a.Save(0, []assessment.Answer{bike}, asha, now); err != nil {
		t.Fatal(err)
	}
	again := bike
	again.InTheWay = "  " + bike.InTheWay + "\r\n"
	if changed, err := a.Save(1, []assessment.Answer{again}, asha, now.Add(time.Hour)); err != nil || len(changed) != 0 || a.Version != 1 || !a.At.Equal(now) {
		t.Errorf("Save(the same) = %v %v, version %d at %v", changed, err, a.Version, a.At)
	}
}

func TestASaveOverSomebodyElsesIsRefused(t *testing.T) {
	a := assessment.Blank(uuid.New())
	if _, err := a.Save(0, []assessment.Answer{bike}, asha, now); err != nil {
		t.Fatal(err)
	}
	_, err := a.Save(0, []assessment.Answer{{Category: "health", Standing: assessment.Strength}}, asha, now)
	if !fault.Is(err, fault.Stale) {
		t.Errorf("Save(stale) = %v", err)
	}
	if a.Version != 1 {
		t.Errorf("version = %d after a save that was refused", a.Version)
	}
}

func TestAnAnswerThatIsNotWholeIsNamedWithTheWayOut(t *testing.T) {
	long := strings.Repeat("é", 1001)
	for _, test := range []struct {
		name    string
		answers []assessment.Answer
		want    []string
	}{
		{"in the way, without words", []assessment.Answer{bike, {Category: "health", Standing: assessment.InTheWay, InTheWay: " "}}, []string{"/needs/1/in_the_way", "/needs/1/would_remove"}},
		{"words, but a strength", []assessment.Answer{{Category: "health", Standing: assessment.Strength, InTheWay: "Back pain."}}, []string{"/needs/0/standing"}},
		{"words, but not explored", []assessment.Answer{{Category: "health", Standing: assessment.NotExplored, WouldRemove: "A chair."}}, []string{"/needs/0/standing"}},
		{"no standing", []assessment.Answer{{Category: "health"}}, []string{"/needs/0/standing"}},
		{"a category of one's own", []assessment.Answer{{Category: "luck", Standing: assessment.Strength}}, []string{"/needs/0/category"}},
		{"a category twice", []assessment.Answer{bike, bike}, []string{"/needs/1/category"}},
		{"too long", []assessment.Answer{{Category: "health", Standing: assessment.InTheWay, InTheWay: long, WouldRemove: long}}, []string{"/needs/0/in_the_way", "/needs/0/would_remove"}},
	} {
		a := assessment.Blank(uuid.New())
		_, err := a.Save(0, test.answers, asha, now)
		var got []string
		for _, f := range fault.As(err).Fields {
			got = append(got, f.Pointer)
		}
		if diff := cmp.Diff(test.want, got); diff != "" || a.Version != 0 {
			t.Errorf("%s: version %d, %s", test.name, a.Version, diff)
		}
	}
}

// answers draws what a page could send, whole and otherwise.
var answers = rapid.Custom(func(t *rapid.T) []assessment.Answer {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) assessment.Answer {
		return assessment.Answer{
			Category:    rapid.SampledFrom(assessment.Categories).Draw(t, "category"),
			Standing:    rapid.SampledFrom([]assessment.Standing{assessment.InTheWay, assessment.Strength, assessment.NotExplored}).Draw(t, "standing"),
			InTheWay:    rapid.SampledFrom([]string{"", "No bus.", "No boots."}).Draw(t, "in the way"),
			WouldRemove: rapid.SampledFrom([]string{"", "A bike.", "Boots."}).Draw(t, "would remove"),
		}
	}), 0, 4).Draw(t, "answers")
})

func TestWhateverIsSavedNeedsKeepTheirIDsAndVersionsCountChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		jobseeker := uuid.New()
		a := assessment.Blank(jobseeker)
		ids := idsOf(a)
		if sorted := slices.SortedFunc(maps.Values(ids), func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }); len(slices.Compact(sorted)) != len(assessment.Categories) {
			t.Fatal("two needs share an id")
		}
		rebuilt := assessment.Blank(jobseeker)
		for range rapid.IntRange(1, 10).Draw(t, "saves") {
			was := a.Version
			changed, err := a.Save(was-int64(rapid.IntRange(0, 1).Draw(t, "stale")), answers.Draw(t, "page"), asha, now)
			if want := was + min(int64(len(changed)), 1); a.Version != want || (err != nil && len(changed) > 0) {
				t.Fatalf("version %d became %d with %d changes and %v", was, a.Version, len(changed), err)
			}
			for _, answer := range changed {
				if !rebuilt.Put(answer) {
					t.Fatalf("%v is listed as changed, and is not", answer)
				}
			}
			if diff := cmp.Diff(ids, idsOf(a)); diff != "" {
				t.Fatal(diff)
			}
			if diff := cmp.Diff(rebuilt.Needs, a.Needs); diff != "" {
				t.Fatalf("the changes kept don't add up to the assessment: %s", diff)
			}
			for _, n := range a.Needs {
				if whole := n.InTheWay != "" && n.WouldRemove != ""; whole != (n.Standing == assessment.InTheWay) {
					t.Fatalf("a need that is not whole was saved: %+v", n)
				}
			}
		}
	})
}

func TestNoTwoPeopleShareANeed(t *testing.T) {
	a, b := uuid.New(), uuid.New()
	for _, c := range assessment.Categories {
		if assessment.NeedID(a, c) == assessment.NeedID(b, c) {
			t.Errorf("%s is one need of two people", c)
		}
	}
}

func idsOf(a assessment.Assessment) map[assessment.Category]uuid.UUID {
	ids := map[assessment.Category]uuid.UUID{}
	for _, n := range a.Needs {
		ids[n.Category] = n.ID
	}
	return ids
}
