package protocol

import (
	"sync"
	"unicode"
	"unicode/utf8"

	"minichat"
)

// Decode reads one request. depth limits nesting, 0 for no limit. b must be
// valid UTF-8; the socket has seen to that. The errors are *minichat.Error with
// bad_json bad_frame bad_utf8 bad_field unknown_field or unknown_type; the frame
// then still holds Type and N if they could be read, for the answer.
func Decode(b []byte, depth int64) (Frame, error) {
	o := objects.Get().(*object)
	defer func() {
		*o = object{}
		objects.Put(o)
	}()
	broken := o.parse(b, depth)
	var f Frame
	if v := o.take("n", false); v != nil {
		f.N, f.HasN = plainInt(v)
	}
	typ := o.take("type", false)
	if typ != nil && typ[0] == '"' {
		f.Type = unquote(typ[1 : len(typ)-1])
	}
	switch {
	case broken != nil:
		return f, broken
	case o.utf8 != nil:
		return f, o.utf8
	case typ == nil || typ[0] != '"':
		return f, minichat.FieldError(minichat.BadFrame, "type", "The field type is missing, or is not a string.")
	}
	decode := decoders[f.Type]
	if decode == nil {
		return f, minichat.FieldError(minichat.UnknownType, "type", "There is no request of type %q.", shorten([]byte(f.Type)))
	}
	if !f.HasN && (f.Type != "typing" || o.find("n") != nil) {
		o.complain("n", "must be there, an integer from 0 to %d, in digits alone", int64(MaxInt))
	}
	body := decode(o)
	if err := o.finish(); err != nil {
		return f, err
	}
	f.Body = body
	return f, nil
}

// objects are for frames: one is a kilobyte, and nothing of it outlives Decode.
var objects = sync.Pool{New: func() any { return new(object) }}

// decoders has one line for each type of request.
var decoders = map[string]func(*object) any{
	"hello":    decodeHello,
	"watch":    decodeWatch,
	"unwatch":  decodeUnwatch,
	"post":     decodePost,
	"edit":     decodeEdit,
	"delete":   decodeDelete,
	"pin":      decodePin,
	"react":    decodeReact,
	"read":     decodeRead,
	"typing":   decodeTyping,
	"presence": decodePresence,
	"pull":     decodePull,
	"ping":     decodePing,
}

func decodeHello(o *object) any {
	p := &Hello{}
	o.str("token", &p.Token, false)
	o.checked("device", &p.Device, false, isDevice, "may have 64 characters at most, and none of control")
	o.id("epoch", &p.Epoch, false)
	o.list("cursors", false, func(v []byte) bool {
		c, ok := decodeCursor(v)
		p.Cursors = append(p.Cursors, c)
		return ok
	}, `must be a list of cursors ["ROOM",SEQ,"EVENT"], the event's ID being optional`)
	o.optionalFlag("rooms", &p.Rooms)
	return p
}

func isDevice(s string) bool {
	for _, r := range s {
		if unicode.IsControl(r) {
			return false
		}
	}
	return utf8.RuneCountInString(s) <= 64
}

// decodeCursor reads ["r1",97,"e1"]; the id may be absent or "".
func decodeCursor(v []byte) (Cursor, bool) {
	var c Cursor
	n := 0
	ok := elements(v, func(v []byte) bool {
		n++
		text := v[0] == '"'
		switch {
		case n == 1 && text:
			c.Room = unquote(v[1 : len(v)-1])
			return minichat.IsID(c.Room)
		case n == 2:
			var ok bool
			c.Seq, ok = plainInt(v)
			return ok
		case n == 3 && text:
			c.ID = unquote(v[1 : len(v)-1])
			return isIDOrNone(c.ID)
		}
		return false
	})
	return c, ok && n >= 2
}

func isIDOrNone(s string) bool { return s == "" || minichat.IsID(s) }

func decodeWatch(o *object) any {
	p := &Watch{}
	o.id("room", &p.Room, true)
	o.optionalInt("after", &p.After, 0, MaxInt)
	o.checked("id", &p.ID, false, isIDOrNone, "must be the ID of the event after")
	if p.ID != "" && p.After == nil {
		o.complain("id", "has no meaning without the field after")
	}
	return p
}

func decodeUnwatch(o *object) any {
	p := &Unwatch{}
	o.id("room", &p.Room, true)
	return p
}

func decodePost(o *object) any {
	p := &Post{}
	o.id("room", &p.Room, true)
	o.key(&p.Key)
	o.str("text", &p.Text, true)
	o.ids("files", &p.Files)
	o.strs("alts", &p.Alts)
	o.seq("thread", &p.Thread, false)
	o.flag("in_room", &p.InRoom, false)
	o.seq("reply_to", &p.ReplyTo, false)
	return p
}

func decodeEdit(o *object) any {
	p := &Edit{}
	o.target(&p.Room, &p.Key, &p.Target)
	o.str("text", &p.Text, true)
	o.seq("rev", &p.Rev, true)
	return p
}

// target reads what all requests about an existing message have.
func (o *object) target(room, key *string, target *int64) {
	o.id("room", room, true)
	o.key(key)
	o.seq("target", target, true)
}

func decodeDelete(o *object) any {
	p := &Delete{}
	o.target(&p.Room, &p.Key, &p.Target)
	return p
}

func decodePin(o *object) any {
	p := &Pin{}
	o.target(&p.Room, &p.Key, &p.Target)
	o.flag("on", &p.On, true)
	return p
}

func decodeReact(o *object) any {
	p := &React{}
	o.target(&p.Room, &p.Key, &p.Target)
	o.str("emoji", &p.Emoji, true)
	o.flag("on", &p.On, true)
	return p
}

func decodeRead(o *object) any {
	p := &Read{}
	o.id("room", &p.Room, true)
	o.integer("seq", &p.Seq, true)
	o.flag("back", &p.Back, false)
	return p
}

func decodeTyping(o *object) any {
	p := &Typing{}
	o.id("room", &p.Room, true)
	o.seq("thread", &p.Thread, false)
	return p
}

func decodePresence(o *object) any {
	p := &Presence{}
	o.checked("state", &p.State, true, isState, "must be active or away")
	return p
}

func isState(s string) bool { return s == StateActive || s == StateAway }

func decodePull(o *object) any {
	p := &Pull{}
	o.id("room", &p.Room, true)
	o.optionalInt("after", &p.After, 0, MaxInt)
	o.optionalInt("before", &p.Before, 0, MaxInt)
	if p.After != nil && p.Before != nil {
		o.complain("before", "cannot stand beside the field after")
	}
	o.optionalInt("limit", &p.Limit, 1, MaxPull)
	return p
}

func decodePing(*object) any { return &Ping{} }
