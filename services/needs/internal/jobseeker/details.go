package jobseeker

import (
	"net/mail"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/instead-support/instead/pkg/fault"
)

// Details are who a jobseeker is and how to reach them. Only the name must be
// given: people leaving prison or a hostel may have no address, phone or e-mail.
type Details struct {
	Name     string
	KnownAs  string // what they like to be called; empty when the same as the name
	Email    string
	Phone    string
	Postcode string
}

// tidy returns the details as they are kept: trimmed, single-spaced, with the
// postcode in capitals and its one space.
func (d Details) tidy() Details {
	d.Name = spaced(d.Name)
	d.KnownAs = spaced(d.KnownAs)
	d.Email = strings.TrimSpace(d.Email)
	d.Phone = spaced(d.Phone)
	d.Postcode = strings.ToUpper(strings.Join(strings.Fields(d.Postcode), ""))
	if n := len(d.Postcode); n > 3 && isASCII(d.Postcode) {
		d.Postcode = d.Postcode[:n-3] + " " + d.Postcode[n-3:]
	}
	return d
}

// check records what is wrong with the details, once tidied.
func (d Details) check(c *fault.Check) {
	switch {
	case d.Name == "":
		c.Want(false, "/name", "Enter the jobseeker's name.")
	case !strings.ContainsFunc(d.Name, unicode.IsLetter) || !printable(d.Name):
		c.Want(false, "/name", "Enter the jobseeker's name in letters.")
	default:
		c.Want(utf8.RuneCountInString(d.Name) <= 120, "/name", "Shorten the name to 120 characters or fewer.")
	}
	c.Want(printable(d.KnownAs), "/known_as", "Enter what they like to be called in letters, or leave it empty.")
	c.Want(utf8.RuneCountInString(d.KnownAs) <= 60, "/known_as", "Shorten what they like to be called to 60 characters or fewer.")
	c.Want(d.Email == "" || isEmail(d.Email), "/email", "Enter an e-mail address like name@example.com, or leave it empty.")
	c.Want(d.Phone == "" || isPhone(d.Phone), "/phone", "Enter a phone number like 07700 900123 or +44 161 496 0000, or leave it empty.")
	c.Want(d.Postcode == "" || postcode.MatchString(d.Postcode), "/postcode", "Enter a full postcode like OL1 1AA, or leave it empty.")
}

// postcode is the shape of a UK postcode: BS 7666, with the one exception.
var postcode = regexp.MustCompile(`^(GIR 0AA|[A-PR-UWYZ]([0-9]{1,2}|[A-HK-Y][0-9]([0-9]|[ABEHMNPRVWXY])?|[0-9][A-HJKPSTUW]) [0-9][ABD-HJLNP-UW-Z]{2})$`)

// isEmail reports whether s is one address, with a domain that could be on the
// internet. Whether anybody reads it, only sending can tell.
func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > 254 {
		return false
	}
	_, domain, _ := strings.Cut(s, "@")
	dot := strings.LastIndexByte(domain, '.')
	return dot > 0 && dot < len(domain)-1 && !strings.ContainsAny(domain, "[]")
}

// isPhone reports whether s has the digits of a number that can be dialled
// from the United Kingdom.
func isPhone(s string) bool {
	if strings.Trim(s, "+0123456789 -()") != "" || strings.LastIndexByte(s, '+') > 0 || len(s) > 30 {
		return false
	}
	digits := strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
	if s[0] == '+' {
		return len(digits) >= 8 && len(digits) <= 15
	}
	return digits != "" && digits[0] == '0' && (len(digits) == 10 || len(digits) == 11)
}

// spaced trims s and leaves one space where there were several.
func spaced(s string) string { return strings.Join(strings.Fields(s), " ") }

// printable reports whether s has nothing in it that a page can't show.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}
