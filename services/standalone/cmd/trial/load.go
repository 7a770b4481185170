package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/instead-support/instead/api/funding"
)

// result is what a load came to.
type result struct {
	Seconds  float64 `json:"seconds"`
	Requests int64   `json:"requests"` // sent, the checks after it included
	Failed   int64   `json:"failed"`   // of them, and sent again
	Jobs     int     `json:"jobs"`     // main jobs done, and told that they were
	Lost     int     `json:"lost"`     // of those
	Doubled  int     `json:"doubled"`  // of those
	Disagree int64   `json:"disagree"` // between the books
}

// load does main jobs, this many at once, and then reads each back. It fails if one
// was lost or is there twice. Requests that failed and were sent again are told of,
// and are for whoever asked to judge.
func (t *trial) load(ctx context.Context, length time.Duration, workers int, out io.Writer) error {
	if err := t.prepare(ctx); err != nil {
		return err
	}
	fmt.Fprintln(out, "ready") // whoever waits to disturb it may
	t.sent.Store(0)
	t.failed.Store(0)
	began := time.Now()
	all, err := t.work(ctx, began.Add(length), workers)
	if err != nil {
		return err
	}
	r := result{Seconds: time.Since(began).Seconds(), Jobs: len(all)}
	for _, d := range all {
		lost, doubled, err := t.check(ctx, d)
		if err != nil {
			return err
		}
		if lost {
			r.Lost++
		}
		if doubled {
			r.Doubled++
		}
	}
	if err := t.step(ctx, t.finance, "reconcile", func(ctx context.Context) error {
		books, err := t.funding.ReadReconciliationWithResponse(ctx, &funding.ReadReconciliationParams{})
		if err == nil {
			r.Disagree = books.JSON200.Disagree
		}
		return err
	}); err != nil {
		return err
	}
	r.Requests, r.Failed = t.sent.Load(), t.failed.Load()
	if err := json.NewEncoder(out).Encode(r); err != nil {
		return err
	}
	if r.Jobs == 0 || r.Lost+r.Doubled > 0 || r.Disagree > 0 {
		return errWrong
	}
	return nil
}

// work does jobs until the time is up, each to its end, and returns them all.
func (t *trial) work(ctx context.Context, until time.Time, workers int) (all []done, err error) {
	var mu sync.Mutex
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			for time.Now().Before(until) {
				_ = t.visit(ctx) // what failed of it is counted
				d, failed := t.job(ctx)
				mu.Lock()
				if failed != nil {
					err = failed
				} else {
					all = append(all, d)
				}
				mu.Unlock()
				if failed != nil || pause(ctx, 50*time.Millisecond) != nil {
					return
				}
			}
		})
	}
	working.Wait()
	return all, err
}
