package httpx_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
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

func TestAPanicInProcessBreaksItsAnswerAndNothingElse(t *testing.T) {
	t.Parallel()
	transport := httpx.InProcess{Hosts: map[string]http.Handler{
		"silent": http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
		"spoken": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			w.(http.Flusher).Flush()
			panic("Jane Doe")
		}),
	}}
	get := func(host string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+host+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		return transport.RoundTrip(r)
	}
	if resp, err := get("silent"); err == nil {
		t.Errorf("a handler that said nothing answers %d", resp.StatusCode)
	}
	resp, err := get("spoken")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if string(body) != "half" || err == nil || strings.Contains(err.Error(), "Jane") {
		t.Errorf("what was begun ends with %q, %v", body, err)
	}
}

func TestWhatIsPipedEndsWithTheErrorOrThePanicOfWhoWritesIt(t *testing.T) {
	t.Parallel()
	for what, write := range map[string]func(io.Writer) error{
		"an error": func(io.Writer) error { return io.ErrNoProgress },
		"a panic":  func(io.Writer) error { panic("Jane Doe") },
	} {
		_, err := io.ReadAll(httpx.Piped(write))
		if err == nil || strings.Contains(err.Error(), "Jane") {
			t.Errorf("%s comes as %v", what, err)
		}
	}
}
