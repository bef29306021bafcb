package protocol

import (
	"fmt"
	"unicode/utf8"

	"minichat"
)

// maxMembers is how many fields of one object are kept: more than any request
// has, so that what lies beyond is unknown or a duplicate anyway.
const maxMembers = 16

// object is the outermost object of a frame or body, scanned but not judged.
// The methods that read a field keep the first complaint, so that a decoder is
// a plain list of fields; finish tells it.
type object struct {
	members [maxMembers]member
	n       int
	more    bool  // there were more than maxMembers
	utf8    error // a string held half of a surrogate pair
	err     error
}

type member struct {
	name  []byte // unquoted
	value []byte // raw, without white space around it
	used  bool
}

// parse fills o from b, which must hold exactly one object. Also after an
// error, o holds the fields before it.
func (o *object) parse(b []byte, depth int64) error {
	var room [32]byte
	s := scanner{b: b, max: int(min(depth, MaxInt>>22)), open: room[:0]}
	if s.peek() != '{' {
		if err := s.value(); err != nil {
			return err
		}
		if s.peek() != 0 || s.i < len(b) {
			return s.fail("something follows the first value")
		}
		return minichat.Errorf(minichat.BadFrame, "This must be one JSON object.")
	}
	if err := s.push('{'); err != nil {
		return err
	}
	if s.peek() == '}' {
		s.i++
	} else if err := o.fields(&s); err != nil {
		return err
	}
	if s.space(); s.i < len(b) {
		return s.fail("something follows the object")
	}
	return nil
}

func (o *object) fields(s *scanner) error {
	for {
		name, err := s.name()
		if err != nil {
			return err
		}
		s.space()
		from := s.i
		if err := s.value(); err != nil {
			return err
		}
		if err := o.add(name, s.b[from:s.i]); err != nil {
			return err
		}
		if s.lone && o.utf8 == nil {
			o.utf8 = minichat.FieldError(minichat.BadUTF8, shorten([]byte(unquote(name))), "This text has half of a surrogate pair, which stands for no character.")
		}
		switch s.peek() {
		case ',':
			s.i++
		case '}':
			s.i++
			return nil
		default:
			return s.fail("a comma or a closing brace is missing")
		}
	}
}

func (o *object) add(name, value []byte) error {
	for _, c := range name {
		if c == '\\' {
			name = []byte(unquote(name))
			break
		}
	}
	if o.find(string(name)) != nil {
		return minichat.FieldError(minichat.BadJSON, shorten(name), "The field %q stands here twice.", shorten(name))
	}
	m := member{name: name, value: value}
	if o.n < maxMembers {
		o.members[o.n] = m
		o.n++
		return nil
	}
	o.more = true
	if m.isHeader() { // the answer needs them, wherever they stand
		last := maxMembers - 1
		if o.members[last].isHeader() {
			last--
		}
		o.members[last] = m
	}
	return nil
}

func (m *member) isHeader() bool { return string(m.name) == "n" || string(m.name) == "type" }

// shorten makes a name that a stranger chose fit for an answer.
func shorten(name []byte) string {
	const most = 64
	if len(name) <= most {
		return string(name)
	}
	end := most
	for end > 0 && !utf8.RuneStart(name[end]) {
		end--
	}
	return string(name[:end])
}

func (o *object) find(name string) *member {
	for i := range o.n {
		if string(o.members[i].name) == name {
			return &o.members[i]
		}
	}
	return nil
}

// take returns the raw value of a field and marks it as known; nil when it is
// absent, which is a complaint if it is needed.
func (o *object) take(name string, need bool) []byte {
	m := o.find(name)
	if m == nil {
		if need {
			o.complain(name, "is missing")
		}
		return nil
	}
	m.used = true
	return m.value
}

// complain keeps a bad_field unless there is one already. what completes "The
// field NAME …".
func (o *object) complain(name, what string, args ...any) {
	if o.err == nil {
		o.err = minichat.FieldError(minichat.BadField, name, "The field %s %s.", name, fmt.Sprintf(what, args...))
	}
}

// finish returns what is wrong with the object: a field that nobody took before
// a field of the wrong form, since the first is often why the second is missing.
func (o *object) finish() error {
	for i := range o.n {
		if m := &o.members[i]; !m.used {
			return minichat.FieldError(minichat.UnknownField, shorten(m.name), "There is no field %q here. Names are case-sensitive.", shorten(m.name))
		}
	}
	if o.err == nil && o.more {
		return minichat.Errorf(minichat.UnknownField, "This has more than %d fields.", maxMembers)
	}
	return o.err
}
