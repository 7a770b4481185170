package httpx

import (
	"fmt"
	"io"
	"runtime/debug"
)

// Piped is what write writes, read while it is written. Reading ends with write's
// error. A panic is such an error, too: write has a goroutine of its own, where
// nothing else would keep it from ending the process.
func Piped(write func(io.Writer) error) io.ReadCloser {
	r, w := io.Pipe()
	go func() {
		var err error
		defer func() { w.CloseWithError(err) }()
		defer rescue(&err)
		err = write(w)
	}()
	return r
}

// rescue makes a panic an error, in a function that defers it. The panic's value
// may hold data; its type and place do not.
func rescue(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %T\n%s", p, debug.Stack())
	}
}
