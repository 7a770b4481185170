package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
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
	latencies []time.Duration // sorted
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
	dir string // for the script and the log
}

var failedLine = regexp.MustCompile(`number of failed transactions: 0 `)

// warming is for how long so many clients are let run before anything is counted.
// Each is a new session of PostgreSQL, which plans every statement of the script
// and of the triggers anew, where a service's sessions have long done so.
func warming(clients int) time.Duration {
	return time.Second + time.Duration(clients)*150*time.Millisecond
}

// run runs the script, whose transactions are numbered from base on, a series
// for each client. It says how many numbers are gone: as many as there would be
// if every client had got as far as the busiest.
func (p pgbench) run(ctx context.Context, script string, clients int, long time.Duration, base int) (s spell, used int, err error) {
	program, err := pgbenchProgram()
	if err != nil {
		return spell{}, 0, err
	}
	file, log := filepath.Join(p.dir, "script.sql"), filepath.Join(p.dir, "pgbench")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		return spell{}, 0, err
	}
	whole := warming(clients) + long
	out, err := exec.CommandContext(ctx, program, "--no-vacuum", "--protocol=prepared", "--file="+file, "--client="+strconv.Itoa(clients),
		"--jobs="+strconv.Itoa(min(clients, 2)), "--time="+strconv.Itoa(int(math.Ceil(whole.Seconds()))), "--log", "--log-prefix="+log,
		"--define=i=-1", "--define=base="+strconv.Itoa(base), "--define=clients="+strconv.Itoa(clients), p.url).CombinedOutput()
	if err != nil {
		return spell{}, 0, fmt.Errorf("pgbench: %w: %s", err, out)
	}
	if !failedLine.Match(out) {
		return spell{}, 0, fmt.Errorf("pgbench: %s", out)
	}
	s, busiest, err := fromLogs(log, long)
	return s, clients * busiest, err
}

// fromLogs reads what pgbench logged of every transaction, counts those that
// ended in the last stretch of its time, and removes the logs. It says how many
// the busiest client began.
func fromLogs(prefix string, long time.Duration) (s spell, busiest int, err error) {
	logs, err := filepath.Glob(prefix + ".*")
	if err != nil {
		return spell{}, 0, err
	}
	type ended struct{ at, took time.Duration }
	var all []ended
	var last time.Duration
	for _, log := range logs {
		b, err := os.ReadFile(log)
		if err != nil {
			return spell{}, 0, errors.Join(err, os.Remove(log))
		}
		for line := range strings.Lines(string(b)) {
			var client, number, took, script, seconds, micros int
			if _, err := fmt.Sscan(line, &client, &number, &took, &script, &seconds, &micros); err != nil {
				return spell{}, 0, fmt.Errorf("a line of pgbench's log: %w: %s", err, line)
			}
			at := time.Duration(seconds)*time.Second + time.Duration(micros)*time.Microsecond
			all, last = append(all, ended{at, time.Duration(took) * time.Microsecond}), max(last, at)
			busiest = max(busiest, number+2) // counted from 0 or 1, and one that may have been cut off
		}
		if err := os.Remove(log); err != nil {
			return spell{}, 0, err
		}
	}
	for _, e := range all {
		if e.at > last-long {
			s.latencies = append(s.latencies, e.took)
		}
	}
	slices.Sort(s.latencies)
	s.perSecond = float64(len(s.latencies)) / long.Seconds()
	return s, busiest, nil
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
