package host_test

import (
	"context"
	"errors"
	"net"
	"net/http"
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
	go func() { served <- host.Serve(ctx, s, address, 5*time.Second) }()
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
	if err := host.Serve(context.Background(), s, freeAddress(t), time.Second); !errors.Is(err, broken) {
		t.Errorf("Serve() = %v, want %v", err, broken)
	}
}

func TestNotReadyWhileItsDatabaseIsAway(t *testing.T) {
	s := &host.Service{Handler: http.NotFoundHandler(), Ready: func(context.Context) error { return errors.New("away") }}
	address := freeAddress(t)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() { _ = host.Serve(ctx, s, address, time.Second) }()
	if got := get(t, "http://"+address+"/readyz"); got != http.StatusServiceUnavailable {
		t.Errorf("ready = %d, want 503", got)
	}
	if got := get(t, "http://"+address+"/healthz"); got != http.StatusOK {
		t.Errorf("health = %d, want 200", got)
	}
}
