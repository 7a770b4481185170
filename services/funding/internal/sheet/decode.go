package sheet

import (
	"bytes"
	"encoding/binary"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// decode returns the text of a file, in UTF-8 and without a byte order mark. A
// file that is neither UTF-16 nor valid UTF-8 is taken for Windows-1252, in
// which every byte means something: that is what Excel in Britain writes.
func decode(file []byte) io.Reader {
	switch {
	case bytes.HasPrefix(file, []byte("\xef\xbb\xbf")):
		return bytes.NewReader(file[3:])
	case bytes.HasPrefix(file, []byte("\xff\xfe")):
		return decoded(file[2:], unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM))
	case bytes.HasPrefix(file, []byte("\xfe\xff")):
		return decoded(file[2:], unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM))
	case wide(file, binary.LittleEndian):
		return decoded(file, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM))
	case wide(file, binary.BigEndian):
		return decoded(file, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM))
	case utf8.Valid(file):
		return bytes.NewReader(file)
	}
	return decoded(file, charmap.Windows1252)
}

func decoded(file []byte, e encoding.Encoding) io.Reader {
	return e.NewDecoder().Reader(bytes.NewReader(file))
}

// wide reports whether a file without a byte order mark looks like UTF-16 in
// this order. Course lists are mostly letters of the Latin alphabet, of which
// UTF-16 writes every second byte as zero; no other text has zero bytes at all.
func wide(file []byte, order binary.ByteOrder) bool {
	sample := file[:min(len(file), 4096)&^1]
	latin := 0
	for i := 0; i < len(sample); i += 2 {
		if u := order.Uint16(sample[i:]); u > 0 && u < 0x100 {
			latin++
		}
	}
	return len(sample) > 0 && latin*10 > len(sample)/2*7
}
