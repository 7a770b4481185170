package document

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gabriel-vasile/mimetype"

	"github.com/instead-support/instead/pkg/fault"
)

// Largest is how many bytes a file may have: a photograph of any telephone.
const Largest = 10 << 20

// endings are the types of file that are taken, each with how its name ends.
var endings = map[string]string{
	"application/pdf": ".pdf",
	"image/jpeg":      ".jpg",
	"image/png":       ".png",
	"image/heic":      ".heic",
	"image/webp":      ".webp",
}

// errWhatItIs says what is taken, in the words of somebody at a telephone.
const errWhatItIs = "We can’t take this kind of file. Take a photo of it, or send a PDF, JPEG, PNG, HEIC or WebP file."

// typeOf is the media type of a file by its content, whatever it is called. It
// returns Invalid, about the field "/file", for a file that is not taken.
func typeOf(content []byte) (string, error) {
	var c fault.Check
	c.Want(len(content) > 0, "/file", "The file is empty. Choose another, or take the photo again.")
	c.Want(len(content) <= Largest, "/file", fmt.Sprintf("The file is larger than %d MB. Send a smaller one, such as a photo at a lower quality.", Largest>>20))
	if err := c.Err(); err != nil {
		return "", err
	}
	seen := mimetype.Detect(content)
	for is := range endings {
		if seen.Is(is) {
			return is, nil
		}
	}
	c.Want(false, "/file", errWhatItIs)
	return "", c.Err()
}

// longestName is how much of a file's name is kept, in characters.
const longestName = 100

// safeName is what a file is called without the folders it lay in and without
// what a program might read into a name. It ends as files of its type do, so
// that nothing can be kept as a picture and opened as a program.
func safeName(name, is string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), `\`, "/"))
	name = strings.Map(func(r rune) rune {
		switch {
		case !unicode.IsPrint(r), strings.ContainsRune(`"<>:|?*/`, r):
			return -1
		}
		return r
	}, name)
	for range 2 { // "receipt.pdf.exe" is called "receipt"
		if ext := path.Ext(name); len(ext) > 1 && len(ext) <= 6 {
			name = strings.TrimSuffix(name, ext)
		}
	}
	name = strings.Trim(name, " .")
	if name == "" {
		name = "file"
	}
	if room := longestName - len(endings[is]); utf8.RuneCountInString(name) > room {
		name = string([]rune(name)[:room])
	}
	return name + endings[is]
}
