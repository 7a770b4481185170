package postgres

import (
	"context"
	"maps"
	"slices"
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
func (s Store) Say(ctx context.Context, act outcome.Act, j outcome.Jobseeker, about uuid.UUID,
	say func(rating.Rating) (rating.Rating, error), tellable func([]rating.Move) []rating.Move) (r rating.Rating, err error) {
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
			counted := r.Counted()
			for _, question := range slices.Sorted(maps.Keys(counted)) { // in one order, so that nobody waits in a ring
				if err := count(ctx, tx, j, r, question, counted[question], tellable); err != nil {
					return uuid.Nil, err
				}
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

// count keeps what a jobseeker answers to a question last, and lets those answers
// into what is told of it that can be.
func count(ctx context.Context, tx *gorm.DB, j outcome.Jobseeker, r rating.Rating, question rating.Question, answer string, tellable func([]rating.Move) []rating.Move) error {
	tx = tx.WithContext(ctx)
	var area string // in which they count: where they first gave an answer
	if err := tx.Raw(`INSERT INTO rating_last (area, course_id, question, jobseeker_id, answer) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (course_id, question, jobseeker_id) DO UPDATE SET answer = excluded.answer RETURNING area`,
		j.Area, r.CourseID, question, j.ID, answer).Scan(&area).Error; err != nil {
		return err
	}
	// The row of the count is what to wait for; what is read after it is all there is.
	if err := tx.Exec(`INSERT INTO usefulness (area, course_id, question, course_name) VALUES (?, ?, ?, ?)
		ON CONFLICT (course_id, question, area) DO UPDATE SET course_name = excluded.course_name`, area, r.CourseID, question, r.CourseName).Error; err != nil {
		return err
	}
	moves, err := db.Find[rating.Move](ctx, tx, `SELECT jobseeker_id AS jobseeker, counted AS was, answer AS "is" FROM rating_last
		WHERE area = ? AND course_id = ? AND question = ? AND counted <> answer ORDER BY jobseeker_id`, area, r.CourseID, question)
	if err != nil {
		return err
	}
	told := tellable(moves)
	if len(told) == 0 {
		return nil
	}
	ids := make([]uuid.UUID, len(told))
	for i, m := range told {
		ids[i] = m.Jobseeker
	}
	if err := tx.Exec("UPDATE rating_last SET counted = answer WHERE course_id = ? AND question = ? AND jobseeker_id IN ?", r.CourseID, question, ids).Error; err != nil {
		return err
	}
	return tx.Exec(`
		UPDATE usefulness SET (people, a_lot, a_little, pointless, yes, no, not_sure) = (
			SELECT count(*), count(*) FILTER (WHERE counted = 'a-lot'), count(*) FILTER (WHERE counted = 'a-little'), count(*) FILTER (WHERE counted = 'pointless'),
				count(*) FILTER (WHERE counted = 'yes'), count(*) FILTER (WHERE counted = 'no'), count(*) FILTER (WHERE counted = 'not-sure')
			FROM rating_last l WHERE l.area = usefulness.area AND l.course_id = usefulness.course_id AND l.question = usefulness.question AND l.counted <> '')
		WHERE area = ? AND course_id = ? AND question = ?`, area, r.CourseID, question).Error
}

// countRow is what is told of one question of one course.
type countRow struct {
	CourseID   uuid.UUID
	CourseName string
	Question   string
	Partial    bool
	People     int
	ALot       int
	ALittle    int
	Pointless  int
	Yes        int
	No         int
	NotSure    int
}

func (r countRow) toDomain() rating.Count {
	if r.People == 0 {
		return rating.Count{Shown: rating.Suppressed}
	}
	return rating.Count{
		Shown: rating.Told, Partial: r.Partial, People: r.People, ALot: r.ALot, ALittle: r.ALittle, Pointless: r.Pointless,
		CourseMore: r.Yes, CourseNoMore: r.No, NotSure: r.NotSure,
	}
}

// Useful is rating.Store's. Words choose courses, by what any area calls them, and
// whatever is told of a course is told whole.
func (s Store) Useful(ctx context.Context, act outcome.Act, words []string, p outcome.Page) (found []rating.Useful, total int, err error) {
	reach := within(act.Who, act.Operation) // of j, which is a count here: it has an area as a jobseeker has
	named := reach
	for _, w := range words {
		named.SQL += ` AND j.course_name ILIKE ? ESCAPE '\'`
		named.Vars = append(named.Vars, "%"+strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(w)+"%")
	}
	err = s.tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Raw("SELECT count(DISTINCT j.course_id) FROM usefulness j WHERE ?", named).Scan(&total).Error; err != nil {
			return err
		}
		rows, err := db.Find[countRow](ctx, tx, `
			WITH course AS (
				SELECT j.course_id, min(j.course_name) AS course_name,
					sum(j.pointless) FILTER (WHERE j.question = 'course-helped') * 1.0 / nullif(sum(j.people) FILTER (WHERE j.question = 'course-helped'), 0) AS found_pointless,
					sum(j.no) * 1.0 / nullif(sum(j.people) FILTER (WHERE j.question = 'course-more'), 0) AS no_more
				FROM usefulness j WHERE ? AND j.course_id IN (SELECT j.course_id FROM usefulness j WHERE ?) GROUP BY j.course_id
			), page AS (
				SELECT *, row_number() OVER (ORDER BY found_pointless DESC NULLS LAST, no_more DESC NULLS LAST, course_name, course_id) AS place
				FROM course ORDER BY place LIMIT ? OFFSET ?
			)
			SELECT page.course_id, page.course_name, j.question, bool_or(j.people = 0) AS partial, sum(j.people) AS people, sum(j.a_lot) AS a_lot,
				sum(j.a_little) AS a_little, sum(j.pointless) AS pointless, sum(j.yes) AS yes, sum(j.no) AS no, sum(j.not_sure) AS not_sure
			FROM page JOIN usefulness j ON j.course_id = page.course_id AND ?
			GROUP BY page.place, page.course_id, page.course_name, j.question ORDER BY page.place`,
			reach, named, p.Size, (p.Number-1)*p.Size, reach)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if len(found) == 0 || found[len(found)-1].CourseID != r.CourseID {
				none := rating.Count{Shown: rating.Unasked}
				found = append(found, rating.Useful{CourseID: r.CourseID, CourseName: r.CourseName, CourseHelped: none, InsteadHelped: none, CourseMore: none})
			}
			switch of := &found[len(found)-1]; rating.Question(r.Question) {
			case rating.CourseHelped:
				of.CourseHelped = r.toDomain()
			case rating.InsteadHelped:
				of.InsteadHelped = r.toDomain()
			case rating.CourseMore:
				of.CourseMore = r.toDomain()
			}
		}
		return nil
	})
	return found, total, err
}
