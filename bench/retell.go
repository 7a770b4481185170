package main

import (
	"context"
	"fmt"
	"io"
	"syscall"
	"time"
)

// retell is what it takes to tell others everything again: of ten million requests
// no more than half an hour of one processor, NATS included.
type retell struct {
	requests int
	most     time.Duration // of processor a request
}

func (r retell) run(ctx context.Context, out io.Writer) error {
	goods := &stock{done: r.requests}
	s, err := growth{}.world(ctx, out, goods)
	if err != nil {
		return err
	}
	defer s.stop()
	before, err := s.deps.Bus.AccountInfo(ctx)
	if err != nil {
		return err
	}
	began, idle := time.Now(), processor()
	if err := s.commands["retell"](ctx, nil, out); err != nil {
		return err
	}
	took, worked := time.Since(began), processor()-idle
	after, err := s.deps.Bus.AccountInfo(ctx)
	if err != nil {
		return err
	}
	each := worked / time.Duration(r.requests)
	fmt.Fprintf(out, "retell: %d requests and their allowances in %v, %.0f requests/s; %v of processor a request besides PostgreSQL's, limit %v; %d bytes a request in the stream\n",
		r.requests, took.Round(time.Second), float64(r.requests)/took.Seconds(), each, r.most, (after.Store-before.Store)/uint64(r.requests))
	if each > r.most {
		return fmt.Errorf("telling a request again takes %v of processor, more than %v", each, r.most)
	}
	return nil
}

// processor is how long this process has been at work, NATS in it included.
func processor() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // of oneself it can't fail
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
