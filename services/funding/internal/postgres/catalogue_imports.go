package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/services/funding/internal/catalogue"
)

type importRow struct {
	ID         uuid.UUID
	FileName   string
	State      string
	Message    string
	At         time.Time
	By         uuid.UUID
	ByName     string
	Mapping    []byte
	Shown      []byte
	Applied    int
	Total      int
	Done       int
	Added      int
	Updated    int
	Unchanged  int
	Duplicates int
	Bad        int
	Flagged    int
}

// TableName is the table of imports.
func (importRow) TableName() string { return "import" }

func (r importRow) toDomain() (catalogue.Import, error) {
	imp := catalogue.Import{
		ID: r.ID, FileName: r.FileName, State: catalogue.ImportState(r.State), Message: r.Message, At: r.At, By: r.By, ByName: r.ByName,
		Applied: r.Applied, Tally: catalogue.Tally{
			Total: r.Total, Done: r.Done, Added: r.Added, Updated: r.Updated, Unchanged: r.Unchanged,
			Duplicates: r.Duplicates, Bad: r.Bad, Flagged: r.Flagged,
		},
	}
	return imp, errors.Join(json.Unmarshal(r.Mapping, &imp.Mapping), json.Unmarshal(r.Shown, &imp.Shown))
}

// Imports returns a page of the imports, the newest first.
func (s Courses) Imports(ctx context.Context, page catalogue.Page) ([]catalogue.Import, int, error) {
	total, err := db.First[int](ctx, s.db.Gorm, "SELECT count(*) FROM import")
	if err != nil {
		return nil, 0, err
	}
	rows, err := db.Find[importRow](ctx, s.db.Gorm, "SELECT * FROM import ORDER BY at DESC, id LIMIT ? OFFSET ?", page.Size, page.Offset())
	if err != nil {
		return nil, 0, err
	}
	out := make([]catalogue.Import, len(rows))
	for i, r := range rows {
		if out[i], err = r.toDomain(); err != nil {
			return nil, 0, err
		}
	}
	return out, total, nil
}

// Import returns an import.
func (s Courses) Import(ctx context.Context, id uuid.UUID) (catalogue.Import, error) {
	return theImport(ctx, s.db.Gorm, id, "")
}

func theImport(ctx context.Context, g *gorm.DB, id uuid.UUID, lock string) (catalogue.Import, error) {
	row, err := db.First[importRow](ctx, g, "SELECT * FROM import WHERE id = ?"+lock, id)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return catalogue.Import{}, fault.New(fault.NotFound, "We could not find that import.")
	}
	if err != nil {
		return catalogue.Import{}, err
	}
	return row.toDomain()
}

func theFile(ctx context.Context, g *gorm.DB, id uuid.UUID) ([]byte, error) {
	row, err := db.First[struct{ Content []byte }](ctx, g, "SELECT content FROM import_file WHERE import_id = ?", id)
	return row.Content, err
}

// Upload keeps an import and its file.
func (s Courses) Upload(ctx context.Context, act catalogue.Act, imp catalogue.Import, file []byte) (catalogue.Import, error) {
	id := imp.ID
	mapping, shown, err := asJSON(imp)
	if err != nil {
		return imp, err
	}
	roles := make([]string, len(act.Who.Roles))
	for i, r := range act.Who.Roles {
		roles[i] = string(r)
	}
	err = db.Tx(ctx, s.db.Gorm, func(tx *gorm.DB) error {
		was, seen, err := db.Once(ctx, tx, string(act.Operation), act.Body)
		if err != nil {
			return err
		}
		if seen {
			id = was
			return nil
		}
		_, err = db.SQLTx(tx).ExecContext(ctx, `
			INSERT INTO import (id, file_name, state, message, at, by, by_name, by_roles, mapping, shown)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			imp.ID, imp.FileName, string(imp.State), imp.Message, imp.At, imp.By, imp.ByName, roles, mapping, shown)
		if err != nil {
			return err
		}
		if err := tx.Exec("INSERT INTO import_file (import_id, content) VALUES (?, ?)", id, file).Error; err != nil {
			return err
		}
		if err := s.runLater(ctx, tx, imp); err != nil {
			return err
		}
		if err := audit.Write(ctx, tx, audit.Entry{Action: string(act.Operation), Subject: "import", SubjectID: id}); err != nil {
			return err
		}
		return db.Did(ctx, tx, id)
	})
	if err != nil {
		return catalogue.Import{}, err
	}
	return s.Import(ctx, id)
}

// Map saves what change makes of an import.
func (s Courses) Map(ctx context.Context, act catalogue.Act, id uuid.UUID, change func(*catalogue.Import, []byte) error) (catalogue.Import, error) {
	var out catalogue.Import
	err := db.Tx(ctx, s.db.Gorm, func(tx *gorm.DB) error {
		imp, err := theImport(ctx, tx, id, forChange)
		if err != nil {
			return err
		}
		err = once(ctx, tx, act, id, func() error {
			file, err := theFile(ctx, tx, id)
			if err != nil {
				return err
			}
			if err := change(&imp, file); err != nil {
				return err
			}
			mapping, shown, err := asJSON(imp)
			if err != nil {
				return err
			}
			if err := tx.Exec("UPDATE import SET state = ?, message = ?, mapping = ?, shown = ? WHERE id = ?",
				string(imp.State), imp.Message, mapping, shown, id).Error; err != nil {
				return err
			}
			if err := s.runLater(ctx, tx, imp); err != nil {
				return err
			}
			return audit.Write(ctx, tx, audit.Entry{Action: string(act.Operation), Subject: "import", SubjectID: id})
		})
		if err == nil {
			out, err = theImport(ctx, tx, id, "")
		}
		return err
	})
	return out, err
}

func (s Courses) runLater(ctx context.Context, tx *gorm.DB, imp catalogue.Import) error {
	if imp.State != catalogue.Running {
		return nil
	}
	return s.jobs.importCourses(ctx, db.SQLTx(tx), imp.ID)
}

func asJSON(imp catalogue.Import) (mapping, shown string, err error) {
	m, err := json.Marshal(imp.Mapping)
	if err != nil {
		return "", "", err
	}
	s, err := json.Marshal(imp.Shown)
	return string(m), string(s), err
}

type problemRow struct {
	Line   int
	Code   string
	Head   string
	Kind   string
	Reason string
}

// TableName is the table of rows that were not taken.
func (problemRow) TableName() string { return "import_problem" }

func (r problemRow) toDomain() catalogue.Problem {
	return catalogue.Problem{Line: r.Line, Code: r.Code, Column: r.Head, Kind: catalogue.Kind(r.Kind), Reason: r.Reason}
}

// Problems returns a page of an import's problems by line.
func (s Courses) Problems(ctx context.Context, id uuid.UUID, page catalogue.Page) ([]catalogue.Problem, int, error) {
	if _, err := s.Import(ctx, id); err != nil {
		return nil, 0, err
	}
	total, err := db.First[int](ctx, s.db.Gorm, "SELECT count(*) FROM import_problem WHERE import_id = ?", id)
	if err != nil {
		return nil, 0, err
	}
	rows, err := db.Find[problemRow](ctx, s.db.Gorm, "SELECT * FROM import_problem WHERE import_id = ? ORDER BY line LIMIT ? OFFSET ?", id, page.Size, page.Offset())
	out := make([]catalogue.Problem, len(rows))
	for i, r := range rows {
		out[i] = r.toDomain()
	}
	return out, total, err
}

// EachProblem yields all of an import's problems by line, some thousand at a
// time.
func (s Courses) EachProblem(ctx context.Context, id uuid.UUID) iter.Seq2[catalogue.Problem, error] {
	const atOnce = 5000
	return func(yield func(catalogue.Problem, error) bool) {
		for last := 0; ; {
			rows, err := db.Find[problemRow](ctx, s.db.Gorm, "SELECT * FROM import_problem WHERE import_id = ? AND line > ? ORDER BY line LIMIT ?", id, last, atOnce)
			if err != nil {
				yield(catalogue.Problem{}, err)
				return
			}
			for _, r := range rows {
				if !yield(r.toDomain(), nil) {
					return
				}
				last = r.Line
			}
			if len(rows) < atOnce {
				return
			}
		}
	}
}
