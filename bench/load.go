package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// spell is what a number of clients did in some time, each beginning the next
// call as soon as the last was answered.
type spell struct {
	perSecond float64
	latencies []time.Duration // sorted; none for pgbench
}

// call is one message of the load, as it goes over the wire, and the status that
// it must be answered with.
type call struct {
	wire []byte
	want int
}

// httpLoad sends calls to address from so many clients for so long. next makes
// the nth call, from 0; no two calls have the same n. An answer with another
// status than wanted is an error: what failed must not count as fast.
func httpLoad(ctx context.Context, address string, clients int, long time.Duration, next func(n int) call) (s spell, used int, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var taken atomic.Int64
	latencies := make([][]time.Duration, clients)
	began := time.Now()
	var running sync.WaitGroup
	for i := range clients {
		running.Go(func() {
			conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
			if err != nil {
				cancel(err)
				return
			}
			defer conn.Close()
			answers := bufio.NewReaderSize(conn, 16<<10)
			for time.Since(began) < long && ctx.Err() == nil {
				c := next(int(taken.Add(1) - 1))
				sent := time.Now()
				if err := c.on(conn, answers); err != nil {
					cancel(err)
					return
				}
				latencies[i] = append(latencies[i], time.Since(sent))
			}
		})
	}
	running.Wait()
	took := time.Since(began)
	if err := context.Cause(ctx); err != nil {
		return spell{}, 0, err
	}
	all := slices.Concat(latencies...)
	slices.Sort(all)
	return spell{float64(len(all)) / took.Seconds(), all}, int(taken.Load()), nil
}

// on sends the call and reads the answer. A bare connection takes the least from
// the cores that the load shares with what is measured.
func (c call) on(conn net.Conn, answers *bufio.Reader) error {
	if _, err := conn.Write(c.wire); err != nil {
		return err
	}
	resp, err := http.ReadResponse(answers, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != c.want {
		body, _ := io.ReadAll(resp.Body)
		return fmt.Errorf("answered %d: %s", resp.StatusCode, body)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// pgbench runs a script of PostgreSQL's own load generator, as the login of url,
// with the variables set. The statements are prepared, as ours are.
type pgbench struct {
	url string
	dir string // for the script
}

var (
	tpsLine    = regexp.MustCompile(`tps = ([0-9.]+) \(without initial connection time\)`)
	doneLine   = regexp.MustCompile(`number of transactions actually processed: ([0-9]+)`)
	failedLine = regexp.MustCompile(`number of failed transactions: 0 `)
)

// run runs the script, whose transactions are numbered from base on, a series
// for each client. It says how many numbers are gone: as many as there would be
// if every client had got as far as the busiest can have.
func (p pgbench) run(ctx context.Context, script string, clients int, long time.Duration, base int) (s spell, used int, err error) {
	program, err := pgbenchProgram()
	if err != nil {
		return spell{}, 0, err
	}
	file := filepath.Join(p.dir, "script.sql")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		return spell{}, 0, err
	}
	out, err := exec.CommandContext(ctx, program, "--no-vacuum", "--protocol=prepared", "--file="+file, "--client="+strconv.Itoa(clients),
		"--jobs="+strconv.Itoa(min(clients, 2)), "--time="+strconv.Itoa(int(long.Seconds())),
		"--define=i=-1", "--define=base="+strconv.Itoa(base), "--define=clients="+strconv.Itoa(clients), p.url).CombinedOutput()
	if err != nil {
		return spell{}, 0, fmt.Errorf("pgbench: %w: %s", err, out)
	}
	tps, done := tpsLine.FindSubmatch(out), doneLine.FindSubmatch(out)
	if tps == nil || done == nil || !failedLine.Match(out) {
		return spell{}, 0, fmt.Errorf("pgbench: %s", out)
	}
	if s.perSecond, err = strconv.ParseFloat(string(tps[1]), 64); err != nil {
		return spell{}, 0, err
	}
	used, err = strconv.Atoi(string(done[1]))
	return s, 2*used + 100*clients, err
}

func pgbenchProgram() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if len(found) > 0 {
		slices.SortFunc(found, func(a, b string) int { return strings.Compare(b, a) })
		return found[0], nil
	}
	if path, err := exec.LookPath("pgbench"); err == nil {
		return path, nil
	}
	return "", errors.New("pgbench is not on this machine: it comes with PostgreSQL's server packages (postgresql-contrib on some)")
}
