package schedule_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/riverqueue/river"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/schedule"
)

func TestANightComesOnceADayThroughoutTheYears(t *testing.T) {
	t.Parallel()
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	for minutes := 0; minutes < 5*60; minutes += 10 { // the clocks go forward and back between 1 and 2
		every := schedule.Nightly(minutes/60, minutes%60)
		now := time.Date(2026, 1, 1, 12, 0, 0, 0, london)
		for day := range 3 * 365 {
			next := every.Next(now)
			if want := time.Date(2026, 1, 2+day, 0, 0, 0, 0, london); !next.After(now) || next.Before(want) || !next.Before(want.AddDate(0, 0, 1)) {
				t.Fatalf("after %v comes %v, want it on %v", now, next, want)
			}
			now = next
		}
	}
	summer := schedule.Nightly(2, 10).Next(time.Date(2026, 7, 1, 12, 0, 0, 0, london))
	if got := summer.UTC().Format(time.RFC3339); got != "2026-07-02T01:10:00Z" {
		t.Errorf("ten past two in summer is %s", got)
	}
}

// seldom comes after any test has ended, so that only the beginning of a process
// puts a task in line.
var seldom = river.PeriodicInterval(24 * time.Hour)

// run begins a process with one task, and returns what stops it.
func run(t *testing.T, serve string, do func(context.Context) error) (stop func()) {
	t.Helper()
	d, err := db.Open(t.Context(), serve)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- schedule.Run(ctx, d, slog.New(slog.DiscardHandler), schedule.Task{Name: "count", Every: seldom, Do: do})
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run() = %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func TestOfTwoProcessesOneDoesATaskAndTheOtherCarriesOn(t *testing.T) {
	t.Parallel()
	serve := dbtest.URLs(t, fstest.MapFS{"00001_none.sql": {Data: []byte("-- +goose Up\nSELECT 1;\n")}}, "test").Serve
	var done, atOnce, most atomic.Int64
	count := func(context.Context) error {
		most.Store(max(most.Load(), atOnce.Add(1)))
		defer atOnce.Add(-1)
		done.Add(1)
		return nil
	}
	first, second := run(t, serve, count), run(t, serve, count)
	eventually(t, "it is done", func() bool { return done.Load() > 0 })
	time.Sleep(time.Second)
	if got := done.Load(); got != 1 {
		t.Errorf("it was done %d times as two processes began, want once", got)
	}
	first()
	second()
	run(t, serve, count) // which catches up on whatever was missed meanwhile
	eventually(t, "it is done after a restart", func() bool { return done.Load() > 1 })
	if most.Load() != 1 {
		t.Errorf("it was done %d times at once", most.Load())
	}
}

func TestATaskThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	serve := dbtest.URLs(t, fstest.MapFS{"00001_none.sql": {Data: []byte("-- +goose Up\nSELECT 1;\n")}}, "test").Serve
	var tries atomic.Int64
	run(t, serve, func(context.Context) error {
		if tries.Add(1) == 1 {
			return errors.New("killed")
		}
		return nil
	})
	eventually(t, "it is tried again", func() bool { return tries.Load() == 2 })
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 600 {
		if ok() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("never: %s", what)
}
