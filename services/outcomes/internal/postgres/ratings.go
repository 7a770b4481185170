package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/services/outcomes/internal/outcome"
	"github.com/instead-support/instead/services/outcomes/internal/policy"
	"github.com/instead-support/instead/services/outcomes/internal/rating"
)

// ratingRow is a row of table rating.
type ratingRow struct {
	JobseekerID         uuid.UUID
	About               uuid.UUID
	Version             int64
	Kind                string
	AllowanceID         uuid.UUID
	CourseID            uuid.UUID
	CourseName          string
	RequestID           *uuid.UUID
	Helped              string
	CourseWouldHelpMore string
	Words               string
	ByID                uuid.UUID
	At                  time.Time
}

// TableName is where GORM finds it.
func (ratingRow) TableName() string { return "rating" }

func toRatingRow(who policy.Actor, jobseeker uuid.UUID, r rating.Rating) ratingRow {
	row := ratingRow{
		JobseekerID: jobseeker, About: r.About, Version: r.Version, Kind: string(r.Kind),
		AllowanceID: r.Allowance, CourseID: r.CourseID, CourseName: r.CourseName,
		Helped: string(r.Helped), CourseWouldHelpMore: string(r.Said.Course), Words: r.Words, ByID: who.ID, At: r.At,
	}
	if r.Kind == rating.Line {
		row.RequestID = &r.Request
	}
	return row
}

func (r ratingRow) toDomain() rating.Rating {
	out := rating.Rating{
		Subject: rating.Subject{About: r.About, Kind: rating.Kind(r.Kind), Allowance: r.AllowanceID, CourseID: r.CourseID, CourseName: r.CourseName},
		Said:    rating.Said{Helped: rating.Helped(r.Helped), Course: rating.WouldHelp(r.CourseWouldHelpMore), Words: r.Words},
		Version: r.Version, At: r.At,
	}
	if r.RequestID != nil {
		out.Request = *r.RequestID
	}
	return out
}

// lastSaid is what each jobseeker said of each thing last.
const lastSaid = `SELECT DISTINCT ON (r.jobseeker_id, r.about) r.* FROM rating r JOIN jobseeker j ON j.id = r.jobseeker_id
	WHERE ? ORDER BY r.jobseeker_id, r.about, r.version DESC`

// Said is rating.Store's.
func (s Store) Said(ctx context.Context, act outcome.Act, j outcome.Jobseeker) (said map[uuid.UUID]rating.Rating, went []uuid.UUID, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		if err := keep(ctx, tx, j); err != nil {
			return err
		}
		where := within(act.Who, act.Operation)
		where.SQL += " AND j.id = ?"
		where.Vars = append(where.Vars, j.ID)
		rows, err := db.Find[ratingRow](ctx, tx, lastSaid, where)
		if err != nil {
			return err
		}
		said = map[uuid.UUID]rating.Rating{}
		for _, r := range rows {
			said[r.About] = r.toDomain()
		}
		if err := tx.Raw(`
			SELECT DISTINCT unnest(s.allowance_ids) FROM outcome o JOIN jobseeker j ON j.id = o.jobseeker_id CROSS JOIN LATERAL (`+lastStart+`) s
			WHERE ? AND s.route = 'course' AND NOT EXISTS (SELECT FROM entry e WHERE e.outcome_id = o.id AND e.deed = 'strike')`, where).Scan(&went).Error; err != nil {
			return err
		}
		return note(ctx, tx, act, "jobseeker", j.ID, j.ID)
	})
	return said, went, err
}

// Say is rating.Store's.
func (s Store) Say(ctx context.Context, act outcome.Act, j outcome.Jobseeker, about uuid.UUID, say func(rating.Rating) (rating.Rating, error)) (r rating.Rating, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		_, seen, err := once(ctx, tx, act, func() (uuid.UUID, error) {
			if err := keep(ctx, tx, j); err != nil {
				return uuid.Nil, err
			}
			if err := tx.Exec("SELECT FROM jobseeker j WHERE j.id = ? AND ? FOR NO KEY UPDATE", j.ID, within(act.Who, act.Operation)).Error; err != nil {
				return uuid.Nil, err
			}
			last, err := lastOf(ctx, tx, act.Who, j, about)
			if err != nil {
				return uuid.Nil, err
			}
			if r, err = say(last); err != nil {
				return uuid.Nil, err
			}
			row := toRatingRow(act.Who, j.ID, r)
			if err := tx.Create(&row).Error; err != nil {
				return uuid.Nil, err
			}
			return about, s.tellRated(ctx, tx, r, last, j)
		})
		if err == nil && seen {
			act.Operation = policy.ListRatings
			r, err = lastOf(ctx, tx, act.Who, j, about)
		}
		if err != nil {
			return err
		}
		return note(ctx, tx, act, "rating", about, j.ID)
	})
	return r, err
}

// lastOf is what the jobseeker who acts said of a thing last; the zero Rating if
// nothing.
func lastOf(ctx context.Context, tx *gorm.DB, who policy.Actor, j outcome.Jobseeker, about uuid.UUID) (rating.Rating, error) {
	where := within(who, policy.Rate)
	where.SQL += " AND j.id = ? AND r.about = ?"
	where.Vars = append(where.Vars, j.ID, about)
	rows, err := db.Find[ratingRow](ctx, tx, lastSaid, where)
	if err != nil || len(rows) == 0 {
		return rating.Rating{}, err
	}
	return rows[0].toDomain(), nil
}

// usefulRow counts people of one course.
type usefulRow struct {
	CourseID     uuid.UUID
	CourseName   string
	Went         int
	ALot         int
	ALittle      int
	Pointless    int
	Instead      int
	CourseMore   int
	CourseNoMore int
}

// Useful is rating.Store's. Each person counts once a course, by what they said last
// of it, or of anything that was paid for instead of it.
func (s Store) Useful(ctx context.Context, act outcome.Act, words []string, fewest int, p outcome.Page) (found []rating.Useful, total int, err error) {
	where := within(act.Who, act.Operation)
	for _, w := range words {
		where.SQL += ` AND r.course_name ILIKE ? ESCAPE '\'`
		where.Vars = append(where.Vars, "%"+strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(w)+"%")
	}
	err = s.tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Raw("SELECT count(DISTINCT r.course_id) FROM rating r JOIN jobseeker j ON j.id = r.jobseeker_id WHERE ?", where).Scan(&total).Error; err != nil {
			return err
		}
		rows, err := db.Find[usefulRow](ctx, tx, `
			WITH last AS (`+lastSaid+`),
			person AS (SELECT DISTINCT ON (course_id, kind, jobseeker_id) * FROM last ORDER BY course_id, kind, jobseeker_id, at DESC, about),
			course AS (
				SELECT course_id, (array_agg(course_name ORDER BY at DESC))[1] AS course_name,
					count(*) FILTER (WHERE kind = 'course') AS went,
					count(*) FILTER (WHERE kind = 'course' AND helped = 'a-lot') AS a_lot,
					count(*) FILTER (WHERE kind = 'course' AND helped = 'a-little') AS a_little,
					count(*) FILTER (WHERE kind = 'course' AND helped IN ('no', 'harder')) AS pointless,
					count(*) FILTER (WHERE kind = 'line') AS instead,
					count(*) FILTER (WHERE kind = 'line' AND course_would_help_more = 'yes') AS course_more,
					count(*) FILTER (WHERE kind = 'line' AND course_would_help_more = 'no') AS course_no_more
				FROM person GROUP BY course_id
			)
			SELECT * FROM course
			ORDER BY CASE WHEN went >= ? THEN pointless END DESC NULLS LAST, CASE WHEN instead >= ? THEN course_no_more END DESC NULLS LAST, course_name, course_id
			LIMIT ? OFFSET ?`, where, fewest, fewest, p.Size, (p.Number-1)*p.Size)
		found = make([]rating.Useful, len(rows))
		for i, r := range rows {
			found[i] = rating.Useful{
				CourseID: r.CourseID, CourseName: r.CourseName,
				Went:    rating.Went{People: r.Went, ALot: r.ALot, ALittle: r.ALittle, Pointless: r.Pointless},
				Instead: rating.Supported{People: r.Instead, CourseMore: r.CourseMore, CourseNoMore: r.CourseNoMore},
			}
		}
		return err
	})
	return found, total, err
}
