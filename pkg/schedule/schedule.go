// Package schedule has work done every hour or every night, by one of a service's
// processes, however many there are.
//
// A task is a function that finds out by itself what is due, from what is kept and
// from the day, and may be called at any time: what was done already is not done
// again. So nothing hangs on how often it runs, or on any timer. A process that
// begins has every task done, which catches up on a night that was missed; a task
// that is waiting or at work is not put in line a second time; and clocks that go
// forward or back move the hour of a night and nothing else.
//
// River elects the process that puts tasks in line, and any of them does one. It
// knows no task, and keeps nothing of its own.
package schedule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
	_ "time/tzdata" // a small container has no time zones of its own

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/instead-support/instead/pkg/db"
)

// Task is work that is done again and again.
type Task struct {
	Name  string // unique within the service, such as "sweep-documents"
	Every river.PeriodicSchedule
	Do    func(context.Context) error
}

// Nightly is once a night, at this hour and minute in London. A night in which the
// clocks skip it has it as soon after as they can.
func Nightly(hour, minute int) river.PeriodicSchedule { return nightly{hour, minute} }

// Hourly is once an hour, from when the process began.
func Hourly() river.PeriodicSchedule { return river.PeriodicInterval(time.Hour) }

type nightly struct{ hour, minute int }

var london = func() *time.Location {
	l, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err) // tzdata is linked in, so this is a broken build
	}
	return l
}()

// Next is river.PeriodicSchedule's.
func (n nightly) Next(now time.Time) time.Time {
	y, m, d := now.In(london).Date()
	for ; ; d++ {
		if at := time.Date(y, m, d, n.hour, n.minute, 0, 0, london); at.After(now) {
			return at
		}
	}
}

// job has a task done.
type job struct {
	Task string `json:"task"`
}

// Kind names the job in River's tables.
func (job) Kind() string { return "scheduled-task" }

// atWork are the states in which a task waits or is done.
var atWork = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled,
}

// InsertOpts puts a task in line that is not there. It is not tried for long: its
// next time comes.
func (job) InsertOpts() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: 5, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: atWork}}
}

type worker struct {
	river.WorkerDefaults[job]
	tasks map[string]Task
}

// Timeout is for how long a task goes on at a time, and so how long it stays undone
// when the process that did it is killed. One that has more to look at goes on from
// where it was when it is tried again.
func (*worker) Timeout(*river.Job[job]) time.Duration { return 10 * time.Minute }

// Work does a task. One that an older or newer version of the service put in line
// is nobody's here.
func (w *worker) Work(ctx context.Context, j *river.Job[job]) error {
	t, ok := w.tasks[j.Args.Task]
	if !ok {
		return river.JobCancel(fmt.Errorf("there is no task %q here", j.Args.Task))
	}
	return t.Do(ctx)
}

// Add adds to a service's River workers the one that does these tasks, and returns
// what its River client is to be configured with.
func Add(workers *river.Workers, tasks ...Task) []*river.PeriodicJob {
	w := &worker{tasks: map[string]Task{}}
	periodic := make([]*river.PeriodicJob, len(tasks))
	for i, t := range tasks {
		w.tasks[t.Name] = t
		periodic[i] = river.NewPeriodicJob(t.Every, func() (river.JobArgs, *river.InsertOpts) { return job{t.Name}, nil },
			&river.PeriodicJobOpts{ID: t.Name, RunOnStart: true})
	}
	river.AddWorker(workers, w)
	return periodic
}

// Run has these tasks done until ctx ends, for a service with no other jobs.
func Run(ctx context.Context, d *db.DB, log *slog.Logger, tasks ...Task) error {
	workers := river.NewWorkers()
	return Work(ctx, d, &river.Config{Workers: workers, Logger: log, PeriodicJobs: Add(workers, tasks...)})
}

// Work works a service's jobs until ctx ends, and then lets running ones finish.
// Those that a killed process had in hand are taken up again in minutes, where River
// by itself would wait an hour.
func Work(ctx context.Context, d *db.DB, config *river.Config) error {
	if config.Queues == nil {
		config.Queues = map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 2}}
	}
	config.RescueStuckJobsAfter = 2 * time.Minute
	config.PollOnly = d.Pooled // a pooler passes no word on that work has come
	jobs, err := river.NewClient(riverpgxv5.New(d.Pool), config)
	if err != nil {
		return err
	}
	if err := jobs.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	<-ctx.Done()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := jobs.Stop(grace); errors.Is(err, context.DeadlineExceeded) {
		// What is cut off here is taken up again: jobs do their work once.
		return jobs.StopAndCancel(context.WithoutCancel(ctx))
	}
	return nil
}
