package main

import (
	"bytes"
	"fmt"
	"strconv"
)

// Member is what a dialect may know of one connection.
type Member struct {
	Idx   int    // index of the connection, unique over the run
	Room  int    // room index
	Name  string // the room's name or ID on the wire
	Token string // who signs in, where the dialect signs in
	Watch bool   // wants the room's messages
	Step  int    // free for the dialect's join state machine
	ID    int    // free for the dialect (request counter)

	// Of the last message that came, for resuming; see Resumer.
	Epoch  string
	Cursor int64
	LastID string
}

// Dialect is all that differs between servers. To add one: implement this
// interface, and add a line to dialects below. Deliveries need no decoding: the
// load's bodies carry an ASCII marker that the generator finds wherever it
// stands in an incoming message, so a dialect must only pass the body through
// unescaped, and only once in what is a delivery.
type Dialect interface {
	// Target is the request target of the WebSocket handshake.
	Target(m *Member) string
	// Headers are extra handshake header lines, each ending in CRLF.
	Headers(m *Member) string
	// Join is called once with in == nil when the WebSocket is open and then
	// with each incoming message until it reports joined.
	Join(m *Member, in []byte) (out []byte, joined bool, err error)
	// Publish appends the client-to-server message that says body in m's room.
	Publish(dst []byte, m *Member, body []byte) []byte
	// Control sees each message that held no delivery after joining; what it
	// returns is sent (application-level pong). An error ends the run.
	Control(m *Member, in []byte) (out []byte, err error)
}

// Acker is a dialect whose server answers each published message.
type Acker interface {
	// Ack returns Member.ID as it was after the Publish that in answers.
	Ack(in []byte) (id int, ok bool)
}

// Resumer is a dialect that can go on where a connection broke off.
type Resumer interface {
	// Remember notes in m where a message with a delivery stands. Join of a
	// Member with a Cursor resumes there.
	Remember(m *Member, in []byte)
}

var dialects = map[string]func() Dialect{
	"raw":        func() Dialect { return raw{} },
	"centrifugo": func() Dialect { return centrifugo{} },
	"minichat":   func() Dialect { return minichat{run: runID()} },
}

// raw is the lab original's protocol: text frame in, the same text frame to everybody.
// Servers that know rooms take them from ?room=.
type raw struct{}

func (raw) Target(m *Member) string                           { return "/chat?room=" + m.Name }
func (raw) Headers(*Member) string                            { return "" }
func (raw) Join(*Member, []byte) ([]byte, bool, error)        { return nil, true, nil }
func (raw) Publish(dst []byte, _ *Member, body []byte) []byte { return append(dst, body...) }
func (raw) Control(*Member, []byte) ([]byte, error)           { return nil, nil }

// centrifugo is the bidirectional JSON protocol of Centrifugo v4+.
type centrifugo struct{}

func (centrifugo) Target(*Member) string  { return "/connection/websocket" }
func (centrifugo) Headers(*Member) string { return "" }

func (centrifugo) Join(m *Member, in []byte) ([]byte, bool, error) {
	if in == nil {
		m.ID = 2
		who := "{}"
		if m.Token != "" {
			who = `{"token":"` + m.Token + `"}`
		}
		out := `{"id":1,"connect":` + who + "}\n" + `{"id":2,"subscribe":{"channel":"` + m.Name + `"`
		if m.Cursor > 0 {
			out += `,"recover":true,"epoch":"` + m.Epoch + `","offset":` + strconv.FormatInt(m.Cursor, 10)
		}
		return []byte(out + "}}"), false, nil
	}
	if bytes.Contains(in, []byte(`"error"`)) {
		return nil, false, fmt.Errorf("centrifugo: %.200s", in)
	}
	if e := field(in, `"epoch":"`); e != "" {
		m.Epoch = e
	}
	return nil, bytes.Contains(in, []byte(`"id":2`)), nil
}

func (centrifugo) Publish(dst []byte, m *Member, body []byte) []byte {
	m.ID++
	dst = append(dst, `{"id":`...)
	dst = strconv.AppendInt(dst, int64(m.ID), 10)
	dst = append(dst, `,"publish":{"channel":"`...)
	dst = append(dst, m.Name...)
	dst = append(dst, `","data":{"text":"`...)
	dst = append(dst, body...)
	return append(dst, `"}}}`...)
}

func (centrifugo) Control(_ *Member, in []byte) ([]byte, error) {
	if len(in) <= 3 && bytes.HasPrefix(in, []byte("{}")) {
		return []byte("{}"), nil
	}
	if bytes.Contains(in, []byte(`"error"`)) {
		return nil, fmt.Errorf("centrifugo: %.200s", in)
	}
	return nil, nil
}

func (centrifugo) Remember(m *Member, in []byte) {
	m.Cursor = lastNumber(in, `"offset":`, m.Cursor)
}

// field is the string that stands behind the last prefix in b, up to a quote.
func field(b []byte, prefix string) string {
	i := bytes.LastIndex(b, []byte(prefix))
	if i < 0 {
		return ""
	}
	v, _, _ := bytes.Cut(b[i+len(prefix):], []byte(`"`))
	return string(v)
}

// lastNumber is the number behind the last prefix in b, or else.
func lastNumber(b []byte, prefix string, otherwise int64) int64 {
	i := bytes.LastIndex(b, []byte(prefix))
	if i < 0 {
		return otherwise
	}
	n, _ := leadingNumber(b[i+len(prefix):])
	return n
}

func leadingNumber(b []byte) (v int64, digits int) {
	for digits < len(b) && b[digits] >= '0' && b[digits] <= '9' {
		v = v*10 + int64(b[digits]-'0')
		digits++
	}
	return v, digits
}
