package host_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/instead-support/instead/pkg/host"
)

func get(t *testing.T, url string) int {
	t.Helper()
	for range 100 {
		if resp, err := http.Get(url); err == nil {
			resp.Body.Close()
			return resp.StatusCode
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s never answered", url)
	return 0
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestServeLetsARunningRequestFinishAndThenStopsTheWork(t *testing.T) {
	entered, release, stopped := make(chan struct{}), make(chan struct{}), make(chan struct{})
	s := &host.Service{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(entered)
			<-release
			select {
			case <-stopped:
				t.Error("the work stopped before the request ended")
			default:
			}
		}),
		Run: func(ctx context.Context) error { <-ctx.Done(); close(stopped); return nil },
	}
	address := freeAddress(t)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- host.Serve(ctx, s, address, host.Leave{Grace: 5 * time.Second}) }()
	if got := get(t, "http://"+address+"/readyz"); got != http.StatusOK {
		t.Errorf("ready = %d, want 200", got)
	}
	answered := make(chan int, 1)
	go func() { answered <- get(t, "http://"+address+"/slow") }()
	<-entered
	stop()
	close(release)
	if got := <-answered; got != http.StatusOK {
		t.Errorf("the running request ended with %d", got)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve() = %v", err)
	}
	<-stopped
}

func TestServeEndsWhenItsWorkFails(t *testing.T) {
	broken := errors.New("broken")
	s := &host.Service{Handler: http.NotFoundHandler(), Run: func(context.Context) error { return broken }}
	if err := host.Serve(context.Background(), s, freeAddress(t), host.Leave{Grace: time.Second}); !errors.Is(err, broken) {
		t.Errorf("Serve() = %v, want %v", err, broken)
	}
}

func TestOneThatIsToldToGoAnswersUntilNobodyComesAnyMore(t *testing.T) {
	s := &host.Service{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	address := freeAddress(t)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	began := time.Now()
	after := 300 * time.Millisecond
	go func() { served <- host.Serve(ctx, s, address, host.Leave{After: after, Grace: time.Second}) }()
	if got := get(t, "http://"+address+"/readyz"); got != http.StatusOK {
		t.Fatalf("ready = %d, want 200", got)
	}
	stop()
	for _, want := range []struct {
		path   string
		status int
	}{{"/readyz", http.StatusServiceUnavailable}, {"/healthz", http.StatusOK}, {"/startz", http.StatusOK}, {"/", http.StatusOK}} {
		resp, err := http.Get("http://" + address + want.path)
		if err != nil {
			t.Fatalf("%s after it was told to go: %v", want.path, err)
		}
		resp.Body.Close()
		if resp.StatusCode != want.status {
			t.Errorf("%s after it was told to go = %d, want %d", want.path, resp.StatusCode, want.status)
		}
		if !resp.Close {
			t.Errorf("%s after it was told to go leaves its connection open for more", want.path)
		}
	}
	if err := <-served; err != nil {
		t.Errorf("Serve() = %v", err)
	}
	if gone := time.Since(began); gone < after {
		t.Errorf("it was gone after %v, with somebody still on the way to it", gone)
	}
}

func TestNotReadyWhileItsDatabaseIsAway(t *testing.T) {
	var back atomic.Bool
	s := &host.Service{Handler: http.NotFoundHandler(), Ready: func(context.Context) error {
		if back.Load() {
			return nil
		}
		return errors.New("away")
	}}
	address := freeAddress(t)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() { _ = host.Serve(ctx, s, address, host.Leave{Grace: time.Second}) }()
	if got := get(t, "http://"+address+"/readyz"); got != http.StatusServiceUnavailable {
		t.Errorf("ready = %d, want 503", got)
	}
	if got := get(t, "http://"+address+"/healthz"); got != http.StatusOK {
		t.Errorf("health = %d, want 200", got)
	}
	if got := get(t, "http://"+address+"/startz"); got != http.StatusServiceUnavailable {
		t.Errorf("started = %d before it ever was ready, want 503", got)
	}
	back.Store(true)
	if got := get(t, "http://"+address+"/startz"); got != http.StatusOK {
		t.Errorf("started = %d once its database is there, want 200", got)
	}
	back.Store(false)
	if got := get(t, "http://"+address+"/startz"); got != http.StatusOK {
		t.Errorf("started = %d: to have started is for ever", got)
	}
}
