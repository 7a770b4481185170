package postgres

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db"
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

// AuthorityForTest is what who may decide of what this coach submitted.
func AuthorityForTest(g *gorm.DB, who policy.Actor, fund uuid.UUID, area string, submitter uuid.UUID, at time.Time) (authority.Authority, error) {
	also := award.Also{Authority: true, At: at}
	said := db.Say(g, "SELECT ? FROM (SELECT ?::text AS area, ?::uuid AS submitted_by) r", authorityOver(who, also), area, submitter)
	c := caseRow{request: requestRow{FundID: fund, Area: area}}
	var grants []byte
	if err := g.Statement.ConnPool.QueryRowContext(context.Background(), said.SQL, said.Args...).Scan(&grants, &c.leads); err != nil {
		return authority.Authority{}, err
	}
	if grants != nil {
		if err := json.Unmarshal(grants, &c.grants); err != nil {
			return authority.Authority{}, err
		}
	}
	return c.toDomain(who, also).Authority, nil
}
