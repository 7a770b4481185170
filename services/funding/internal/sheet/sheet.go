// Package sheet reads lists that people save from spreadsheets and finance
// systems: whatever the encoding, the mark between cells and the ends of lines.
//
// It knows rows and cells. What a column means is for whoever reads it.
package sheet

import (
	"bufio"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode"
)

// Row is one row of a file, with the line it begins on, counted from 1 as a text
// editor counts.
type Row struct {
	Line  int
	Cells []string
	Whole bool // false if its quotation marks do not pair up
}

// Cell is what the row says in a column, counted from 0, made clean. It is empty
// where the row has no such column.
func (r Row) Cell(i int) string {
	if i < 0 || i >= len(r.Cells) {
		return ""
	}
	return Clean(r.Cells[i])
}

// Reader reads rows one at a time. It is used instead of encoding/csv because of
// what real files do to that: lines that end in a bare carriage return are not
// lines to it, and one quotation mark that is never closed swallows every row
// after it in silence. Here such a mark costs its own row only.
type Reader struct {
	lines lines
	comma rune
}

// New reads a file whose cells this mark stands between.
func New(file []byte, comma rune) *Reader {
	return &Reader{comma: comma, lines: lines{r: bufio.NewReader(decode(file))}}
}

// Line is the number of the line last read.
func (r *Reader) Line() int { return r.lines.at }

// LineBytes is the most that a line may have.
const LineBytes = 64 << 10

// quotedLines is the most lines that one quoted cell may run over.
const quotedLines = 50

// Next returns the next row that is not blank, or io.EOF.
func (r *Reader) Next() (Row, error) {
	for {
		text, err := r.lines.next()
		if err != nil {
			return Row{}, err
		}
		at := r.lines.at
		cells, end := split(text, r.comma)
		var extra []string
		for end == open && len(extra) < quotedLines {
			more, err := r.lines.next()
			if err != nil {
				break // the mark was never closed; what else is wrong shows when the line is read again
			}
			extra = append(extra, more)
			text += "\n" + more
			cells, end = split(text, r.comma)
		}
		if end != closed {
			r.lines.unread(extra)
			text, _, _ = strings.Cut(text, "\n")
			cells, _ = split(strings.ReplaceAll(text, `"`, ""), r.comma)
		}
		if !blank(cells) {
			return Row{Line: at, Cells: cells, Whole: end == closed}, nil
		}
	}
}

// blank reports whether no cell has a letter or a figure: empty rows, and the
// dashes that some lists draw under their headings.
func blank(cells []string) bool {
	says := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	return !slices.ContainsFunc(cells, func(c string) bool { return strings.ContainsFunc(c, says) })
}

// How split left the last cell: complete, inside a quoted cell, or with
// something behind a closing mark that does not belong there.
const (
	closed = iota
	open
	broken
)

// split cuts a row into cells. A mark opens a quoted cell only as its first
// character, so that `6" nails` is read as it stands.
func split(text string, comma rune) (cells []string, end int) {
	sep := string(comma)
	for {
		if !strings.HasPrefix(strings.TrimLeft(text, " "), `"`) {
			cell, rest, more := strings.Cut(text, sep)
			cells = append(cells, cell)
			if !more {
				return cells, closed
			}
			text = rest
			continue
		}
		var cell strings.Builder
		text = strings.TrimLeft(text, " ")[1:]
		for {
			i := strings.IndexByte(text, '"')
			if i < 0 {
				return append(cells, cell.String()+text), open
			}
			cell.WriteString(text[:i])
			text = text[i+1:]
			if !strings.HasPrefix(text, `"`) {
				break
			}
			cell.WriteByte('"')
			text = text[1:]
		}
		cells = append(cells, cell.String())
		text = strings.TrimLeft(text, " ")
		if text == "" {
			return cells, closed
		}
		if !strings.HasPrefix(text, sep) {
			return cells, broken
		}
		text = text[len(sep):]
	}
}

// lines reads lines that end in LF, CR or both, mixed as they may be.
type lines struct {
	r      *bufio.Reader
	at     int // the number of the line last read
	undone []string
}

var errLongLine = errors.New("a line is longer than any list has")

func (l *lines) next() (string, error) {
	if len(l.undone) > 0 {
		s := l.undone[0]
		l.undone = l.undone[1:]
		l.at++
		return s, nil
	}
	var b strings.Builder
	for {
		c, err := l.r.ReadByte()
		if err != nil {
			if errors.Is(err, io.EOF) && b.Len() > 0 {
				break
			}
			return "", err
		}
		if c == '\n' {
			break
		}
		if c == '\r' {
			if n, err := l.r.Peek(1); err == nil && n[0] == '\n' {
				_, _ = l.r.Discard(1)
			}
			break
		}
		if b.Len() == LineBytes {
			return "", errLongLine
		}
		b.WriteByte(c)
	}
	l.at++
	return b.String(), nil
}

// unread gives lines back, to be read again from the first.
func (l *lines) unread(s []string) {
	l.undone = append(s, l.undone...)
	l.at -= len(s)
}
