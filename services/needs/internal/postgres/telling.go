package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	told "github.com/instead-support/instead/api/events"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/services/needs/internal/assessment"
	"github.com/instead-support/instead/services/needs/internal/jobseeker"
)

// tellMoved tells others in tx, with ids, that somebody has another coach, so that
// what waits for them elsewhere comes onto that coach's lists.
func tellMoved(ctx context.Context, tx *gorm.DB, j jobseeker.Jobseeker) error {
	return events.Tell(ctx, tx, told.JobseekerMoved{JobseekerID: j.ID, Version: j.Version, CoachID: j.CoachID, At: time.Now().UTC()})
}

// tellAssessed tells others in tx what changed of an assessment in this area: which
// kinds of things stand in the way, and neither whose way nor which things.
func tellAssessed(ctx context.Context, tx *gorm.DB, area string, a assessment.Assessment, changed []assessment.Answer) error {
	all := make([]events.Event, len(changed))
	for i, c := range changed {
		all[i] = tellingNeed(a.JobseekerID, area, c, a.Version, a.At)
	}
	return events.Tell(ctx, tx, all...)
}

func tellingNeed(jobseeker uuid.UUID, area string, a assessment.Answer, version int64, at time.Time) told.NeedAssessed {
	return told.NeedAssessed{
		NeedID: assessment.NeedID(jobseeker, a.Category), Version: version, Area: area,
		Category: string(a.Category), InTheWay: a.Standing == assessment.InTheWay, At: at,
	}
}

// toldNeedRow is one of a jobseeker's answers as it stands; the category is null if
// there is none.
type toldNeedRow struct {
	JobseekerID uuid.UUID
	Area        string
	Category    *string
	Standing    *string
	Version     *int64
	At          *time.Time
}

// Told is all that needs tells for others to count, to be told again as it stands.
// That somebody moved is told to be acted on, once.
func Told(d *db.DB) []events.Source {
	return []events.Source{events.Each("needs", d, `
		SELECT j.id, j.area, a.category, a.standing, a.version, a.at
		FROM (SELECT id, area FROM jobseeker WHERE id > $1 ORDER BY id LIMIT $2) j
		LEFT JOIN LATERAL (SELECT DISTINCT ON (n.category) n.category, n.standing, n.version, s.at
			FROM answer n JOIN assessment s ON s.jobseeker_id = n.jobseeker_id AND s.version = n.version
			WHERE n.jobseeker_id = j.id ORDER BY n.category, n.version DESC) a ON true
		ORDER BY j.id`, func(r toldNeedRow) (uuid.UUID, events.Event) {
		if r.Category == nil {
			return r.JobseekerID, nil
		}
		a := assessment.Answer{Category: assessment.Category(*r.Category), Standing: assessment.Standing(*r.Standing)}
		return r.JobseekerID, tellingNeed(r.JobseekerID, r.Area, a, *r.Version, *r.At)
	})}
}
