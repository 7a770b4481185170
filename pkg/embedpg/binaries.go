package embedpg

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// oldest is the first major version we run on.
const oldest = 15

var errMissing = errors.New("PostgreSQL 15 or newer is not on this machine: " +
	"install it (apt-get install postgresql), or run scripts/need postgresql, " +
	"or set PG_BINDIR to the folder that holds initdb and postgres")

// binaries is one installed PostgreSQL.
type binaries struct {
	dir   string
	major string
}

func (b binaries) path(name string) string { return filepath.Join(b.dir, name) }

// find looks for an installed PostgreSQL: where PG_BINDIR says and nowhere else,
// or in Debian's folders, on PATH, and where scripts/need unpacks for a user who
// may not install. It prefers the newest. Data made by one major version can
// only be run by the same, so madeBy, unless empty, must be matched.
func find(madeBy string) (binaries, error) {
	var found []binaries
	for _, dir := range candidates() {
		b, ok := inspect(dir)
		switch {
		case !ok:
		case madeBy == b.major:
			return b, nil
		default:
			found = append(found, b)
		}
	}
	if len(found) == 0 {
		return binaries{}, errMissing
	}
	newest := slices.MaxFunc(found, func(a, b binaries) int { return cmp.Compare(a.number(), b.number()) })
	if madeBy != "" {
		return binaries{}, fmt.Errorf("the data was made by PostgreSQL %s and this machine has %s: "+
			"install postgresql-%s, or carry the data over with pg_dump", madeBy, newest.major, madeBy)
	}
	return newest, nil
}

func candidates() []string {
	if dir := os.Getenv("PG_BINDIR"); dir != "" {
		return []string{dir}
	}
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	if cache, err := os.UserCacheDir(); err == nil {
		dirs = append(dirs, filepath.Join(cache, "instead", "postgresql", "bin"))
	}
	return dirs
}

var versionText = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inspect reports the PostgreSQL in dir, if it is complete and new enough.
func inspect(dir string) (binaries, bool) {
	b := binaries{dir: dir}
	if _, err := os.Stat(b.path("initdb")); err != nil {
		return b, false
	}
	out, err := exec.Command(b.path("postgres"), "--version").Output()
	if err != nil {
		return b, false
	}
	if m := versionText.FindSubmatch(out); m != nil {
		b.major = string(m[1])
	}
	return b, b.number() >= oldest
}

func (b binaries) number() int {
	n, _ := strconv.Atoi(b.major)
	return n
}
