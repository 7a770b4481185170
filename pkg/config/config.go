// Package config turns the environment into a struct, and reports every mistake
// in it at once, in words for the person who runs the service.
package config

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Env is a set of settings: a process's environment, or what standalone gives
// each service that it runs.
type Env map[string]string

// FromOS is the environment of this process.
func FromOS() Env { return env.ToMap(os.Environ()) }

// Load fills a T by its `env` tags. The error lists every setting that is
// missing or unreadable, one a line, and never shows a value, which may be a
// secret.
func Load[T any](e Env) (T, error) {
	t, err := env.ParseAsWithOptions[T](env.Options{Environment: e})
	var all env.AggregateError
	if !errors.As(err, &all) {
		return t, err
	}
	lines := make([]string, 0, len(all.Errors))
	for _, one := range all.Errors {
		lines = append(lines, "  "+explain(one))
	}
	return t, fmt.Errorf("these settings need attention:\n%s", strings.Join(lines, "\n"))
}

func explain(err error) string {
	if missing, ok := errors.AsType[env.VarIsNotSetError](err); ok {
		return missing.Key + " is not set"
	}
	if empty, ok := errors.AsType[env.EmptyVarError](err); ok {
		return empty.Key + " is empty"
	}
	if parse, ok := errors.AsType[env.ParseError](err); ok {
		return fmt.Sprintf("%s is not a %v", parse.Name, parse.Type)
	}
	return "a setting is unreadable"
}
