package protocol

// Frame is one decoded request.
type Frame struct {
	Type string
	N    int64
	HasN bool
	Body any // *Hello *Watch *Unwatch *Post *Edit *Delete *Pin *React *Read *Typing *Presence *Pull *Ping
}

// Hello opens a connection. Rooms nil means true.
type Hello struct {
	Token, Device, Epoch string
	Cursors              []Cursor
	Rooms                *bool
}

// Cursor is the last event that a client holds of a room. ID "" asks for no
// comparison.
type Cursor struct {
	Room string
	Seq  int64
	ID   string
}

// Watch asks for a room's live events, and those after After when it is set.
type Watch struct {
	Room  string
	After *int64
	ID    string // "": no comparison
}

// Unwatch ends a watch.
type Unwatch struct{ Room string }

// Post is a new message. Thread and ReplyTo are 0 when there is none.
type Post struct {
	Room, Key, Text string
	Files           []string
	Alts            []string `json:",omitempty"` // as many as Files, or none; left out of the digest of older posts
	Thread          int64
	InRoom          bool
	ReplyTo         int64
}

// Edit replaces the text of the message Target. Rev is the rev that was seen.
type Edit struct {
	Room, Key string
	Target    int64
	Text      string
	Rev       int64
}

// Delete wipes the message Target.
type Delete struct {
	Room, Key string
	Target    int64
}

// Pin pins or unpins the message Target.
type Pin struct {
	Room, Key string
	Target    int64
	On        bool
}

// React sets or takes away the sender's reaction to the message Target.
type React struct {
	Room, Key string
	Target    int64
	Emoji     string
	On        bool
}

// Read moves the read position forward to Seq, with Back also backward.
type Read struct {
	Room string
	Seq  int64
	Back bool
}

// Typing says that somebody writes. Thread is 0 outside threads.
type Typing struct {
	Room   string
	Thread int64
}

// Presence is StateActive or StateAway.
type Presence struct{ State string }

// States of a Presence.
const (
	StateActive = "active"
	StateAway   = "away"
)

// Pull asks for a page of the log: after After, or before Before, or, with
// neither, the last one. Never both are set.
type Pull struct {
	Room          string
	After, Before *int64
	Limit         *int64 // 1..MaxPull; nil: DefaultPull
}

// Ping asks for a pong.
type Ping struct{}
