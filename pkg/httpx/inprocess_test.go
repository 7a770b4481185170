package httpx_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/instead-support/instead/pkg/httpx"
)

// endless writes lines for as long as somebody reads them, and says when it ended.
func endless(ended chan<- error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for n := 0; ; n++ {
			if _, err := fmt.Fprintln(w, n); err != nil {
				ended <- err
				return
			}
			w.(http.Flusher).Flush()
		}
	})
}

func TestWhatIsFlushedInProcessIsReadWhileTheRestIsStillToCome(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	transport := httpx.InProcess{Hosts: map[string]http.Handler{"lines": endless(ended)}}
	get := func(ctx context.Context) *http.Response {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://lines/", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	resp := get(t.Context())
	lines := bufio.NewScanner(resp.Body)
	for n := range 1000 {
		if !lines.Scan() || lines.Text() != fmt.Sprint(n) {
			t.Fatalf("line %d is %q, %v", n, lines.Text(), lines.Err())
		}
	}
	resp.Body.Close()
	if err := <-ended; err == nil {
		t.Error("the handler went on though nobody reads")
	}
	ctx, leave := context.WithCancel(t.Context())
	get(ctx).Body.Close()
	<-ended
	get(ctx)
	leave()
	<-ended // and not only if the body is closed
}
