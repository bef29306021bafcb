package protocol

import (
	"bytes"
	"unicode/utf8"

	"minichat"
)

// scanner checks JSON by RFC 8259 without recursion: what is open stands in a
// slice that grows with the input's depth and never above the limit.
type scanner struct {
	b    []byte
	i    int
	max  int    // greatest depth; 0: no limit
	open []byte // the '{' and '[' that are not closed yet
	lone bool   // a string had half of a surrogate pair
}

func (s *scanner) fail(what string) error {
	if s.i >= len(s.b) {
		return minichat.Errorf(minichat.BadJSON, "This is not JSON: it ends too early.")
	}
	return minichat.Errorf(minichat.BadJSON, "This is not JSON: %s at byte %d.", what, s.i)
}

func (s *scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return
		}
	}
}

// peek skips white space and returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.i >= len(s.b) {
		return 0
	}
	return s.b[s.i]
}

func (s *scanner) push(c byte) error {
	if s.max > 0 && len(s.open) >= s.max {
		return minichat.Errorf(minichat.BadJSON, "This JSON is nested deeper than %d levels.", s.max)
	}
	s.open = append(s.open, c)
	s.i++
	return nil
}

// value steps over one value of any kind.
func (s *scanner) value() error {
	base := len(s.open)
	for {
		opened, err := s.start()
		if err != nil {
			return err
		}
		if opened {
			continue
		}
		more, err := s.after(base)
		if err != nil || !more {
			return err
		}
	}
}

// start reads a scalar, an empty array or object, or the opening of one with
// something in it, of an object up to its first value; then opened is true.
func (s *scanner) start() (opened bool, err error) {
	c := s.peek()
	if c != '{' && c != '[' {
		return false, s.scalar(c)
	}
	if err := s.push(c); err != nil {
		return false, err
	}
	if s.peek() == c+2 { // '}' and ']' stand two after their openings
		s.open = s.open[:len(s.open)-1]
		s.i++
		return false, nil
	}
	if c == '{' {
		_, err = s.name()
	}
	return true, err
}

// after reads what follows a value: closings, and a comma if more is true.
func (s *scanner) after(base int) (more bool, err error) {
	for len(s.open) > base {
		top := s.open[len(s.open)-1]
		switch s.peek() {
		case ',':
			s.i++
			if top == '{' {
				_, err = s.name()
			}
			return true, err
		case top + 2:
			s.open = s.open[:len(s.open)-1]
			s.i++
		default:
			return false, s.fail("a comma or a closing bracket is missing")
		}
	}
	return false, nil
}

// name reads a field's name and its colon and returns the name's raw text.
func (s *scanner) name() ([]byte, error) {
	if s.peek() != '"' {
		return nil, s.fail("a field's name in double quotes is missing")
	}
	from := s.i + 1
	if err := s.str(); err != nil {
		return nil, err
	}
	name := s.b[from : s.i-1]
	if s.peek() != ':' {
		return nil, s.fail("a colon is missing")
	}
	s.i++
	return name, nil
}

func (s *scanner) scalar(c byte) error {
	switch c {
	case '"':
		return s.str()
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	}
	return s.number()
}

func (s *scanner) word(w string) error {
	if !bytes.HasPrefix(s.b[s.i:], []byte(w)) {
		return s.fail("an unknown word")
	}
	s.i += len(w)
	return nil
}

func (s *scanner) digits() bool {
	from := s.i
	for s.i < len(s.b) && s.b[s.i]-'0' <= 9 {
		s.i++
	}
	return s.i > from
}

func (s *scanner) number() error {
	at := func(c byte) bool { return s.i < len(s.b) && s.b[s.i] == c }
	if at('-') {
		s.i++
	}
	if at('0') {
		s.i++
	} else if !s.digits() {
		return s.fail("a value is missing")
	}
	if at('.') {
		s.i++
		if !s.digits() {
			return s.fail("a digit is missing")
		}
	}
	if at('e') || at('E') {
		s.i++
		if at('+') || at('-') {
			s.i++
		}
		if !s.digits() {
			return s.fail("a digit is missing")
		}
	}
	return nil
}

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
