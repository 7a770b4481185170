package postgres

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/services/funding/internal/authority"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// WithinForTest asks the database whether a record is within who's reach, and
// whether one of the ways in which lists look leads to it.
func WithinForTest(g *gorm.DB, who policy.Actor, op policy.Operation, rec policy.Record) (in, listed bool, err error) {
	ways := ways(who, op, award.Filter{})
	led := ways[0]
	for _, way := range ways[1:] {
		led.SQL += " OR " + way.SQL
		led.Vars = slices.Concat(led.Vars, way.Vars)
	}
	err = g.Raw("SELECT coalesce(?, false), coalesce(?, false) FROM (SELECT ?::uuid AS jobseeker_id, ?::uuid AS coach_id, ?::text AS area, ?::text AS state) r",
		within(who, op, ofRequest), led, rec.Jobseeker, rec.Coach, rec.Area, rec.State).Row().Scan(&in, &listed)
	return in, listed, err
}

// AuthorityForTest is what q's person may decide of what this coach submitted.
func AuthorityForTest(ctx context.Context, g *gorm.DB, q authority.Question, submitter uuid.UUID) (authority.Authority, error) {
	return authorityFor(ctx, g, q, submitter)
}
