package protocol

import (
	"minichat"
)

// The methods here read one field each into *into, if it is there, and complain
// if it has the wrong form. need makes its absence a complaint too.

func (o *object) str(name string, into *string, need bool) {
	v := o.take(name, need)
	if v == nil {
		return
	}
	if v[0] != '"' {
		o.complain(name, "must be a string")
		return
	}
	*into = unquote(v[1 : len(v)-1])
}

func (o *object) id(name string, into *string, need bool) {
	o.checked(name, into, need, minichat.IsID, "must be an ID: 1 to 64 of A-Z a-z 0-9 _ -")
}

// checked is str with a rule; what says the rule.
func (o *object) checked(name string, into *string, need bool, rule func(string) bool, what string) {
	var s string
	before := o.err
	o.str(name, &s, need)
	if o.err != before || o.find(name) == nil {
		return
	}
	if !rule(s) {
		o.complain(name, "%s", what)
		return
	}
	*into = s
}

// key reads the key of an event.
func (o *object) key(into *string) {
	o.checked("key", into, true, isKey, "must be 16 to 64 of A-Z a-z 0-9 _ -")
}

func isKey(s string) bool { return len(s) >= 16 && minichat.IsID(s) }

// integer reads 0…2^53-1, written as plain digits.
func (o *object) integer(name string, into *int64, need bool) {
	o.within(name, into, need, 0, MaxInt)
}

// seq reads the number of an event that exists: 1…2^53-1.
func (o *object) seq(name string, into *int64, need bool) {
	o.within(name, into, need, 1, MaxInt)
}

func (o *object) within(name string, into *int64, need bool, least, most int64) {
	v := o.take(name, need)
	if v == nil {
		return
	}
	n, ok := plainInt(v)
	if !ok || n < least || n > most {
		o.complain(name, "must be an integer from %d to %d, in digits alone", least, most)
		return
	}
	*into = n
}

// optionalInt is within for a field whose absence means something.
func (o *object) optionalInt(name string, into **int64, least, most int64) {
	if o.find(name) == nil {
		return
	}
	n := new(int64)
	o.within(name, n, false, least, most)
	*into = n
}

// plainInt reads up to 16 digits: no sign, no point, no exponent.
func plainInt(v []byte) (int64, bool) {
	if len(v) == 0 || len(v) > 16 {
		return 0, false
	}
	var n int64
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, n <= MaxInt
}

func (o *object) flag(name string, into *bool, need bool) {
	switch v := o.take(name, need); {
	case v == nil:
	case v[0] == 't':
		*into = true
	case v[0] == 'f':
		*into = false
	default:
		o.complain(name, "must be true or false")
	}
}

func (o *object) optionalFlag(name string, into **bool) {
	if o.find(name) == nil {
		return
	}
	b := new(bool)
	o.flag(name, b, false)
	*into = b
}

// ids reads a list of IDs.
func (o *object) ids(name string, into *[]string) {
	o.list(name, false, func(v []byte) bool {
		if v[0] != '"' {
			return false
		}
		id := unquote(v[1 : len(v)-1])
		*into = append(*into, id)
		return minichat.IsID(id)
	}, "must be a list of IDs")
}

// strs reads a list of strings.
func (o *object) strs(name string, into *[]string) {
	o.list(name, false, func(v []byte) bool {
		if v[0] != '"' {
			return false
		}
		*into = append(*into, unquote(v[1:len(v)-1]))
		return true
	}, "must be a list of strings")
}

// list calls each with every element's raw value; false is a complaint.
func (o *object) list(name string, need bool, each func([]byte) bool, what string) {
	v := o.take(name, need)
	if v != nil && !elements(v, each) {
		o.complain(name, "%s", what)
	}
}

// elements calls each with every element of the raw array v, which a scanner
// has passed. False: v is no array, or each did not like one.
func elements(v []byte, each func([]byte) bool) bool {
	if v[0] != '[' {
		return false
	}
	s := scanner{b: v, i: 1}
	if s.peek() == ']' {
		return true
	}
	for {
		s.space()
		from := s.i
		if s.value() != nil || !each(v[from:s.i]) {
			return false
		}
		if s.peek() == ']' {
			return true
		}
		s.i++ // the comma
	}
}
