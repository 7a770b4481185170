// Package postgres keeps what the funding service knows in PostgreSQL, and writes
// the audit trail of who changed or looked at what, in the same transaction.
//
// It has no rules of its own: what a change does is decided by the domain,
// between a lock and a save.
package postgres

import "embed"

// Migrations make the service's schema.
//
//go:embed migrations/*.sql
var Migrations embed.FS
