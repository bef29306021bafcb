package protocol

import (
	"bytes"

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
