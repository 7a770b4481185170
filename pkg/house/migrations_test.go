package house_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// Two people who each add a migration take the same number, and nothing would say
// so before a database refuses both.
func TestEveryMigrationOfAServiceHasANumberOfItsOwn(t *testing.T) {
	files, err := filepath.Glob("../../services/*/internal/postgres/migrations/*.sql")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d migrations found: %v", len(files), err)
	}
	taken := map[string]string{}
	for _, file := range files {
		dir, name := filepath.Split(file)
		number, _, _ := strings.Cut(name, "_")
		if other, ok := taken[dir+number]; ok {
			t.Errorf("%s and %s of %s have one number", other, name, dir)
		}
		taken[dir+number] = name
	}
}
