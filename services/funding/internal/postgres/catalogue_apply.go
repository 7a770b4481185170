package postgres

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/catalogue"
)

// Pending returns an import and its file.
func (s Courses) Pending(ctx context.Context, id uuid.UUID) (catalogue.Import, []byte, error) {
	imp, err := s.Import(ctx, id)
	if err != nil {
		return imp, nil, err
	}
	file, err := theFile(ctx, s.db.Gorm, id)
	return imp, file, err
}

// Begin keeps what was wrong with the file itself and the counts so far.
func (s Courses) Begin(ctx context.Context, id uuid.UUID, counted catalogue.Tally, problems []catalogue.Problem) error {
	return db.Tx(ctx, s.db.Gorm, func(tx *gorm.DB) error {
		begun := tx.Exec("UPDATE import SET begun = true, total = ? WHERE id = ? AND NOT begun", counted.Total, id)
		if begun.Error != nil || begun.RowsAffected == 0 {
			return begun.Error
		}
		counted.Total = 0
		return account(ctx, tx, id, counted, problems)
	})
}

// account adds to an import's counts and problems.
func account(ctx context.Context, tx *gorm.DB, id uuid.UUID, t catalogue.Tally, problems []catalogue.Problem) error {
	err := tx.Exec(`UPDATE import SET total = total + ?, done = done + ?, added = added + ?, updated = updated + ?,
		unchanged = unchanged + ?, duplicates = duplicates + ?, bad = bad + ?, flagged = flagged + ? WHERE id = ?`,
		t.Total, t.Done, t.Added, t.Updated, t.Unchanged, t.Duplicates, t.Bad, t.Flagged, id).Error
	if err != nil || len(problems) == 0 {
		return err
	}
	var lines []int
	var codes, heads, kinds, reasons []string
	for _, p := range problems {
		lines = append(lines, p.Line)
		codes, heads = append(codes, p.Code), append(heads, p.Column)
		kinds, reasons = append(kinds, string(p.Kind)), append(reasons, p.Reason)
	}
	_, err = db.SQLTx(tx).ExecContext(ctx, `INSERT INTO import_problem (import_id, line, code, head, kind, reason)
		SELECT $1, * FROM unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::text[])`,
		id, lines, codes, heads, kinds, reasons)
	return err
}

// Coded returns the stored courses of these keys with their prices.
func (s Courses) Coded(ctx context.Context, keys []string) (map[string]catalogue.Course, error) {
	return coded(ctx, s.db.Gorm, keys)
}

func coded(ctx context.Context, g *gorm.DB, keys []string) (map[string]catalogue.Course, error) {
	rows, err := db.Find[courseRow](ctx, g, "SELECT * FROM course WHERE code_key IN ?", keys)
	if err != nil {
		return nil, err
	}
	out := make(map[string]catalogue.Course, len(rows))
	keyOf := make(map[uuid.UUID]string, len(rows))
	ids := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		key := catalogue.Key(r.Code)
		ids[i], keyOf[r.ID], out[key] = r.ID, key, r.toDomain()
	}
	err = eachPrice(ctx, g, "WHERE p.course_id IN ?", ids, func(p catalogue.Price) {
		c := out[keyOf[p.CourseID]]
		c.Prices = append(c.Prices, p)
		out[keyOf[p.CourseID]] = c
	})
	return out, err
}

// EachPrice calls f with every stored price, without holding them all.
func (s Courses) EachPrice(ctx context.Context, f func(subject, code string, pence money.Pence)) error {
	rows, err := s.db.Pool.Query(ctx, "SELECT c.subject, c.code, p.pence FROM price p JOIN course c ON c.id = p.course_id")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var subject, code string
		var pence int64
		if err := rows.Scan(&subject, &code, &pence); err != nil {
			return err
		}
		f(subject, code, money.Pence(pence))
	}
	return rows.Err()
}

// Apply saves one step of an import.
//
// The steps of all imports wait for each other, so that what is stored of a
// course can't change between the look and the write, even of one that is not
// there yet and so can't be locked.
func (s Courses) Apply(ctx context.Context, id uuid.UUID, from, to int, keys []string, merge func(map[string]catalogue.Course) catalogue.Batch) (ours bool, err error) {
	err = db.Tx(ctx, s.db.Gorm, func(tx *gorm.DB) error {
		moved := tx.Exec("UPDATE import SET applied = ? WHERE id = ? AND applied = ? AND state = 'running'", to, id, from)
		if ours = moved.RowsAffected == 1; moved.Error != nil || !ours {
			return moved.Error
		}
		if err := tx.Exec("SELECT pg_advisory_xact_lock(hashtext('apply-import'))").Error; err != nil {
			return err
		}
		stored, err := coded(ctx, tx, keys)
		if err != nil {
			return err
		}
		b := merge(stored)
		if err := save(ctx, db.SQLTx(tx), b.Merged); err != nil {
			return err
		}
		var problems []catalogue.Problem
		for _, m := range b.Merged {
			problems = append(problems, m.Problems...)
		}
		if err := account(ctx, tx, id, b.Tally, problems); err != nil {
			return err
		}
		if b.Tally.Added+b.Tally.Updated == 0 {
			return nil
		}
		return onBehalf(ctx, tx, id)
	})
	return ours && err == nil, err
}

// onBehalf writes into the audit trail that whoever sent an import in changed
// courses with it.
func onBehalf(ctx context.Context, tx *gorm.DB, id uuid.UUID) error {
	sender, err := db.First[struct {
		By     uuid.UUID
		ByName string
		Roles  string
	}](ctx, tx, "SELECT by, by_name, array_to_string(by_roles, ' ') AS roles FROM import WHERE id = ?", id)
	if err != nil {
		return err
	}
	who := identity.Person{ID: sender.By, Name: sender.ByName}
	for _, r := range strings.Fields(sender.Roles) {
		who.Roles = append(who.Roles, identity.Role(r))
	}
	return audit.Write(identity.With(ctx, who), tx, audit.Entry{Action: "importCourses", Subject: "import", SubjectID: id})
}

// save writes what became of courses, with one statement for each kind of change
// however many they are.
func save(ctx context.Context, tx *sql.Tx, merged []catalogue.Merged) error {
	var added, changed courseColumns
	var moved, prices priceColumns
	words := map[string]bool{}
	for _, m := range merged {
		c := m.Course
		if len(c.Prices) == 0 {
			continue // every row was refused
		}
		if m.New {
			c.ID = newID()
			added.add(c)
		} else if m.Changed || m.Added > 0 || len(m.Moved) > 0 {
			changed.add(c)
		}
		if m.New || m.Changed {
			for _, w := range c.AllWords() {
				words[w] = true
			}
		}
		for _, p := range m.Moved {
			moved.add(p)
		}
		for _, p := range c.Prices {
			if p.ID == uuid.Nil {
				p.ID, p.CourseID = newID(), c.ID
				prices.add(p)
			}
		}
	}
	if err := added.insert(ctx, tx); err != nil {
		return err
	}
	if err := changed.update(ctx, tx); err != nil {
		return err
	}
	// Old prices make room before new ones take it.
	if err := moved.update(ctx, tx); err != nil {
		return err
	}
	if err := prices.insert(ctx, tx); err != nil {
		return err
	}
	list := make([]string, 0, len(words))
	for w := range words {
		list = append(list, w)
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO course_word SELECT unnest($1::text[]) ON CONFLICT DO NOTHING", list)
	return err
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// courseColumns are courses as PostgreSQL takes many at once: by column.
type courseColumns struct {
	ids                                             []uuid.UUID
	codes, keys, names, providers, subjects, levels []string
	places, codesFound, namesFound                  []string
	nameWords, allWords, priced                     []string
	hours, months                                   []int
}

func (cs *courseColumns) add(c catalogue.Course) {
	cs.ids = append(cs.ids, c.ID)
	cs.codes, cs.keys = append(cs.codes, c.Code), append(cs.keys, catalogue.Key(c.Code))
	cs.names, cs.providers = append(cs.names, c.Name), append(cs.providers, c.Provider)
	cs.subjects, cs.levels = append(cs.subjects, c.Subject), append(cs.levels, c.Level)
	cs.places, cs.hours, cs.months = append(cs.places, c.Place), append(cs.hours, c.Hours), append(cs.months, c.Months)
	cs.codesFound = append(cs.codesFound, catalogue.CodeKey(c.Code))
	cs.namesFound = append(cs.namesFound, catalogue.Fold(c.Name))
	cs.nameWords = append(cs.nameWords, strings.Join(c.NameWords(), " "))
	cs.allWords = append(cs.allWords, strings.Join(c.AllWords(), " "))
	cs.priced = append(cs.priced, priced(c.Prices))
}

// priced is the days on which there is a price, as a datemultirange.
func priced(prices []catalogue.Price) string {
	spans := make([]string, len(prices))
	for i, p := range prices {
		spans[i] = "[" + p.From.Format(time.DateOnly) + ","
		if p.Open() {
			spans[i] += ")"
		} else {
			spans[i] += p.To.Format(time.DateOnly) + "]"
		}
	}
	return "{" + strings.Join(spans, ",") + "}"
}

// asCourses unfolds courseColumns into rows.
const asCourses = `
	SELECT id, code, code_key, name, provider, subject, level, place, hours, months, code_found, name_found,
		array_to_tsvector(string_to_array(name_words, ' ')) AS name_words,
		array_to_tsvector(string_to_array(all_words, ' ')) AS all_words, priced::datemultirange AS priced
	FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::int[], $10::int[],
		$11::text[], $12::text[], $13::text[], $14::text[], $15::text[])
	AS c (id, code, code_key, name, provider, subject, level, place, hours, months, code_found, name_found, name_words, all_words, priced)`

func (cs *courseColumns) exec(ctx context.Context, tx *sql.Tx, sql string) error {
	if len(cs.ids) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, sql, cs.ids, cs.codes, cs.keys, cs.names, cs.providers, cs.subjects, cs.levels, cs.places,
		cs.hours, cs.months, cs.codesFound, cs.namesFound, cs.nameWords, cs.allWords, cs.priced)
	return err
}

func (cs *courseColumns) insert(ctx context.Context, tx *sql.Tx) error {
	return cs.exec(ctx, tx, `INSERT INTO course (id, code, code_key, name, provider, subject, level, place, hours, months,
		code_found, name_found, name_words, all_words, priced)`+asCourses)
}

func (cs *courseColumns) update(ctx context.Context, tx *sql.Tx) error {
	return cs.exec(ctx, tx, `UPDATE course SET name = n.name, provider = n.provider, subject = n.subject, level = n.level, place = n.place,
		hours = n.hours, months = n.months, name_found = n.name_found, name_words = n.name_words, all_words = n.all_words, priced = n.priced
		FROM (`+asCourses+`) n WHERE course.id = n.id`)
}

// priceColumns are prices as PostgreSQL takes many at once.
type priceColumns struct {
	ids, courses, imports []uuid.UUID
	pence                 []int64
	from                  []time.Time
	to                    []*time.Time
	flags                 []string
	distances             []float64
}

func (ps *priceColumns) add(p catalogue.Price) {
	ps.ids, ps.courses, ps.imports = append(ps.ids, p.ID), append(ps.courses, p.CourseID), append(ps.imports, p.ImportID)
	ps.pence, ps.from, ps.to = append(ps.pence, int64(p.Pence)), append(ps.from, p.From), append(ps.to, orNil(p.To))
	ps.flags, ps.distances = append(ps.flags, p.Flag), append(ps.distances, p.Distance)
}

func (ps *priceColumns) insert(ctx context.Context, tx *sql.Tx) error {
	if len(ps.ids) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO price (id, course_id, pence, first_day, last_day, import_id, flag, distance, confirmed_name)
		SELECT *, '' FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::date[], $5::date[], $6::uuid[], $7::text[], $8::float8[])`,
		ps.ids, ps.courses, ps.pence, ps.from, ps.to, ps.imports, ps.flags, ps.distances)
	return err
}

func (ps *priceColumns) update(ctx context.Context, tx *sql.Tx) error {
	if len(ps.ids) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE price SET last_day = n.last_day FROM unnest($1::uuid[], $2::date[]) AS n (id, last_day) WHERE price.id = n.id`,
		ps.ids, ps.to)
	return err
}

// Finish says that an import is done.
func (s Courses) Finish(ctx context.Context, id uuid.UUID) error {
	return s.db.Gorm.WithContext(ctx).Exec("UPDATE import SET state = 'done' WHERE id = ? AND state = 'running'", id).Error
}

// Fail says that an import can't be done, and why.
func (s Courses) Fail(ctx context.Context, id uuid.UUID, why string) error {
	return s.db.Gorm.WithContext(ctx).Exec("UPDATE import SET state = 'failed', message = ? WHERE id = ? AND state = 'running'", why, id).Error
}
