package embedpg

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// account is who the server runs as. PostgreSQL refuses to run as root, so root
// lends it another name.
type account struct {
	name     string
	uid, gid int
	lent     bool // we are root and the server is not
}

func serverAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil {
			return account{}, err
		}
		gid, err := strconv.Atoi(u.Gid)
		return account{name: name, uid: uid, gid: gid, lent: true}, err
	}
	return account{}, errors.New("PostgreSQL can't run as root, and there is no account postgres or nobody to run it as")
}

// command prepares a program to run as the account, out of reach of a Ctrl-C
// meant for us, so that we decide when it stops.
func (a account) command(dir, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if a.lent {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return cmd
}

// give makes the account the owner of what we, as root, just made.
func (a account) give(path string) error {
	if !a.lent {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// settle makes the server's folder and returns its absolute path: dir, or the
// one that dir links to because the account can't reach dir itself.
func (a account) settle(dir string, log *slog.Logger) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	above := filepath.Dir(dir)
	if !a.reaches(above) {
		a.openTemporary(above)
	}
	if a.reaches(above) {
		return dir, a.own(dir)
	}
	link := filepath.Join(dir, "elsewhere")
	if other, err := os.Readlink(link); err == nil {
		if _, err := os.Stat(other); err == nil {
			return other, a.own(other)
		}
		if err := os.Remove(link); err != nil {
			return "", err
		}
	}
	const home = "/var/lib/instead"
	if err := os.MkdirAll(home, 0o755); err != nil {
		return "", err
	}
	other, err := os.MkdirTemp(home, "postgresql-")
	if err != nil {
		return "", err
	}
	log.Info("PostgreSQL keeps its data elsewhere, because its account can't reach the folder asked for",
		"account", a.name, "asked", dir, "data", other)
	if err := os.Symlink(other, link); err != nil {
		return "", err
	}
	return other, a.own(other)
}

// reaches reports whether the account may enter dir and every folder above it.
func (a account) reaches(dir string) bool {
	for a.lent {
		info, err := os.Stat(dir)
		if err != nil {
			return false
		}
		enter := os.FileMode(0o001)
		if owner(info) == a.uid {
			enter = 0o100
		}
		if info.Mode().Perm()&enter == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	return true
}

// openTemporary lets the account pass through dir and the folders above it, if
// they are temporary ones of ours: what is put elsewhere would outlive them. It
// lets nobody see what they hold.
func (a account) openTemporary(dir string) {
	for temporary := filepath.Clean(os.TempDir()) + "/"; strings.HasPrefix(dir, temporary); dir = filepath.Dir(dir) {
		if info, err := os.Lstat(dir); err == nil && info.IsDir() && owner(info) == os.Geteuid() {
			_ = os.Chmod(dir, info.Mode().Perm()|0o001) // settle looks whether it helped
		}
	}
}

// own makes dir the account's own, closed to everybody else. It must be empty
// or hold a server already, so that a slip of the pen closes nothing else; and a
// folder of a third person's may hold a trap.
func (a account) own(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if by := owner(info); !info.IsDir() || by != a.uid && by != os.Geteuid() {
		return fmt.Errorf("%s is not a folder of ours: remove it, or choose another", dir)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if holds := func(f os.DirEntry) bool { return f.Name() == usersFile }; len(files) > 0 && !slices.ContainsFunc(files, holds) {
		return fmt.Errorf("%s has other things in it: choose an empty folder for PostgreSQL", dir)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return err
	}
	return a.give(dir)
}

func owner(info os.FileInfo) int { return int(info.Sys().(*syscall.Stat_t).Uid) }
