package events_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/embednats"
	"github.com/instead-support/instead/pkg/events"
)

// numbered is a source of things that are numbered from 1 to n, whose page fails
// where broken says so.
func numbered(name string, n int, broken func(after int) error) events.Source {
	return events.Source{Name: name, Page: func(_ context.Context, after uuid.UUID, size int) (all []events.Event, last uuid.UUID, err error) {
		from := int(after[14])<<8 | int(after[15])
		if err := broken(from); err != nil {
			return nil, last, err
		}
		for i := from + 1; i <= min(n, from+size); i++ {
			last = uuid.UUID{14: byte(i >> 8), 15: byte(i)}
			all = append(all, happened{last})
		}
		return all, last, nil
	}}
}

func whole(int) error { return nil }

func newStream(t *testing.T) jetstream.JetStream {
	t.Helper()
	broker, err := embednats.Start(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Stop)
	return broker.JetStream
}

// told is how many messages the stream has.
func told(t *testing.T, js jetstream.JetStream) uint64 {
	t.Helper()
	s, err := js.Stream(t.Context(), "EVENTS")
	if err != nil {
		t.Fatal(err)
	}
	return s.CachedInfo().State.Msgs
}

func TestEverythingIsToldAgainEachTime(t *testing.T) {
	t.Parallel()
	js := newStream(t)
	for i := range uint64(2) {
		var out strings.Builder
		if err := events.Retell(t.Context(), js, &out, "", numbered("odd", 2500, whole), numbered("none", 0, whole), numbered("even", 3, whole)); err != nil {
			t.Fatal(err)
		}
		if got := told(t, js); got != 2503*(i+1) || !strings.HasPrefix(out.String(), "2503 told again in ") {
			t.Errorf("%d messages: %s", got, out.String())
		}
	}
}

func TestARetellingThatBrokeOffGoesOnWhereItSaysItGotTo(t *testing.T) {
	t.Parallel()
	js := newStream(t)
	gone := errors.New("the database went away")
	breaks := func(after int) error {
		if after == 2000 {
			return gone
		}
		return nil
	}
	var out strings.Builder
	err := events.Retell(t.Context(), js, &out, "", numbered("first", 1, whole), numbered("second", 2500, breaks))
	if !errors.Is(err, gone) {
		t.Fatalf("Retell() = %v", err)
	}
	place := regexp.MustCompile(`--after (\S+) `).FindStringSubmatch(err.Error())
	if place == nil {
		t.Fatalf("it does not say where to go on: %v", err)
	}
	before := told(t, js)
	if err := events.Retell(t.Context(), js, &out, place[1], numbered("first", 1, whole), numbered("second", 2500, whole)); err != nil {
		t.Fatal(err)
	}
	if got := told(t, js); before != 2001 || got != 2501 {
		t.Errorf("%d messages, and %d after it went on from %s", before, got, place[1])
	}
	for _, nowhere := range []string{"third:" + uuid.NewString(), "second:", "second"} {
		if err := events.Retell(t.Context(), js, &out, nowhere, numbered("second", 2500, whole)); err == nil {
			t.Errorf("it went on after %q", nowhere)
		}
	}
}

func TestASourceOfRowsHasEachOnceInTheOrderOfTheirIDs(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, noMigrations, "test")
	if err := d.Gorm.Exec("INSERT INTO seen SELECT md5(n::text)::uuid FROM generate_series(1, 25) n").Error; err != nil {
		t.Fatal(err)
	}
	var want, got []uuid.UUID
	if err := d.Gorm.Raw("SELECT id FROM seen ORDER BY id").Scan(&want).Error; err != nil {
		t.Fatal(err)
	}
	s := events.Each("seen", d, "SELECT id FROM seen WHERE id > $1 ORDER BY id LIMIT $2", func(h happened) (uuid.UUID, events.Event) { return h.ID, h })
	for after := uuid.Nil; ; {
		page, last, err := s.Page(t.Context(), after, 10)
		if err != nil {
			t.Fatal(err)
		}
		if last == uuid.Nil {
			break
		}
		for _, e := range page {
			got = append(got, e.(happened).ID)
		}
		after = last
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
