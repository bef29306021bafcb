package minichat

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxMarks is how many combining marks may stand on one letter.
const maxMarks = 8

// CheckText returns a message's text as it is kept: in Unicode's form NFC, with
// "\r\n" as "\n", otherwise as it was sent. max is in bytes, 0 for no limit.
// What it refuses is bad_utf8, bad_field (control characters but newline and
// tab, non-characters), too_many_marks, empty (nothing that can be seen) or
// too_long, each with the field's name. Direction overrides, markup and every
// letter there is are a reader's affair and pass.
func CheckText(field, s string, max int64) (string, error) {
	if !utf8.ValidString(s) {
		return "", FieldError(BadUTF8, field, "This text is not UTF-8.")
	}
	s = norm.NFC.String(strings.ReplaceAll(s, "\r\n", "\n"))
	if max > 0 && int64(len(s)) > max {
		return "", FieldError(TooLong, field, "This text has %d bytes. It may have %d.", len(s), max)
	}
	for _, r := range s {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || isNonCharacter(r) {
			return "", FieldError(BadField, field, "The character U+%04X has no place in a text. Take it out.", r)
		}
	}
	if hasTooManyMarks(s) {
		return "", FieldError(TooManyMarks, field, "One letter may carry %d marks at most.", maxMarks)
	}
	if !isVisible(s) {
		return "", FieldError(Empty, field, "Write something first.")
	}
	return s, nil
}

// isNonCharacter: code points that Unicode will never give a meaning.
func isNonCharacter(r rune) bool {
	return r >= 0xFDD0 && r <= 0xFDEF || r&0xFFFE == 0xFFFE
}

func hasTooManyMarks(s string) bool {
	marks := 0
	for _, r := range s {
		switch {
		case unicode.Is(unicode.M, r):
			if marks++; marks > maxMarks {
				return true
			}
		case !unicode.Is(unicode.Cf, r): // a joiner between two marks parts nothing
			marks = 0
		}
	}
	return false
}

func isVisible(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsSpace(r) && !isInvisible(r) })
}

// isInvisible: what takes no ink of its own: zero-width and direction
// characters, variation selectors, the fillers of Hangul, the empty Braille cell.
func isInvisible(r rune) bool {
	switch r {
	case 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0:
		return true
	}
	return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r) ||
		unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

// cleanLine returns s in NFC, without blanks around it and with single spaces
// inside. False: s is not one line of text for people to read.
func cleanLine(s string) (string, bool) {
	if !utf8.ValidString(s) {
		return "", false
	}
	s = strings.Join(strings.FieldsFunc(norm.NFC.String(s), isBlank), " ")
	for _, r := range s {
		if unicode.IsControl(r) || r == 0x2028 || r == 0x2029 || isNonCharacter(r) {
			return "", false
		}
	}
	return s, true
}

// isBlank: white space within one line.
func isBlank(r rune) bool { return unicode.Is(unicode.Zs, r) }
