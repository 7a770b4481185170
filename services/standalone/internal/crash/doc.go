// Package crash kills the whole system, again and again and at any moment, while
// people of every role do whatever they may and may not with money, and holds
// the books against what they were told.
//
// One run is many rounds. In each the system is started, worked on, and killed
// with SIGKILL: itself, or a process of its PostgreSQL, or all of its PostgreSQL.
// Whoever got no answer sends the same message again, until there is one. Then
// everybody waits, and everything that was acknowledged must be there once, and
// everything that was refused must not. `make crash` kills it 200 times.
//
// It has tests and no code. A new operation is a few lines in verbs_test.go; one
// that is neither there nor left out with a reason fails a test.
package crash
