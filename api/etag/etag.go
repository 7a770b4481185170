// Package etag is the version of a thing as HTTP carries it: an answer shows it
// in ETag, and an edit sends it back in If-Match, so that nobody overwrites what
// they have not seen. The contracts share it, and it is no contract of its own.
package etag

import (
	"fmt"
	"strconv"
)

// Version counts the changes of a thing. In a header it stands in quotes: "7".
type Version int64

// String is the header's value.
func (v Version) String() string { return strconv.Quote(strconv.FormatInt(int64(v), 10)) }

// MarshalText is String, for the generated client.
func (v Version) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a header's value. It takes one strong tag and nothing
// else: "*" and a list would both let an edit through that saw something else.
func (v *Version) UnmarshalText(text []byte) error {
	if n := len(text); n > 2 && text[0] == '"' && text[n-1] == '"' {
		if number, err := strconv.ParseUint(string(text[1:n-1]), 10, 63); err == nil {
			*v = Version(number)
			return nil
		}
	}
	return fmt.Errorf("not a version in quotes")
}
