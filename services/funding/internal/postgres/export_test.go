package postgres

import (
	"gorm.io/gorm"

	"github.com/instead-support/instead/services/funding/internal/policy"
)

// WithinForTest asks the database whether a record is within who's reach.
func WithinForTest(g *gorm.DB, who policy.Actor, op policy.Operation, rec policy.Record) (in bool, err error) {
	err = g.Raw("SELECT coalesce(?, false) FROM (SELECT ?::uuid AS jobseeker_id, ?::uuid AS coach_id, ?::text AS area, ?::text AS state) r CROSS JOIN (SELECT ?::uuid AS coach_id) a",
		within(who, op, ofRequest), rec.Jobseeker, rec.Coach, rec.Area, rec.State, rec.Coach).Scan(&in).Error
	return in, err
}
