package protocol

import (
	"bytes"
	"unicode/utf8"
)

// str steps over a string; s.i stands at its opening quote.
func (s *scanner) str() error {
	for s.i++; s.i < len(s.b); {
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			return nil
		case c < 0x20:
			return s.fail("a control character in a string")
		case c != '\\':
			s.i++
		default:
			if err := s.escape(); err != nil {
				return err
			}
		}
	}
	return s.fail("")
}

func (s *scanner) escape() error {
	if s.i+1 >= len(s.b) {
		s.i = len(s.b)
		return s.fail("")
	}
	switch s.b[s.i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.i += 2
		return nil
	case 'u':
	default:
		return s.fail("an unknown escape")
	}
	r, size := unicodeEscape(s.b[s.i:])
	if size == 0 {
		return s.fail(`four hex digits must follow \u`)
	}
	if r == utf8.RuneError && size == 6 && !bytes.EqualFold(s.b[s.i:s.i+6], []byte(`\ufffd`)) {
		s.lone = true
	}
	s.i += size
	return nil
}

// unicodeEscape reads \uXXXX, or two of them that make a pair. Half a pair is
// utf8.RuneError with size 6; size 0 means that hex digits are missing.
func unicodeEscape(b []byte) (r rune, size int) {
	high, ok := hex4(b)
	if !ok {
		return 0, 0
	}
	if high < 0xD800 || high > 0xDFFF {
		return high, 6
	}
	low, ok := hex4(b[6:])
	if ok && high < 0xDC00 && low >= 0xDC00 && low <= 0xDFFF {
		return (high-0xD800)<<10 + low - 0xDC00 + 0x10000, 12
	}
	return utf8.RuneError, 6
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// unquote returns the text of a string that a scanner has passed, raw being
// what stands between the quotes.
func unquote(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw)
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			out = append(out, raw[i])
			i++
			continue
		}
		if raw[i+1] == 'u' {
			r, size := unicodeEscape(raw[i:])
			out = utf8.AppendRune(out, r)
			i += size
			continue
		}
		out = append(out, plainEscape(raw[i+1]))
		i += 2
	}
	return string(out)
}

func plainEscape(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c // the quote, the backslash and the slash
}
