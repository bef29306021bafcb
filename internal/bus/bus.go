// Package bus carries events from the node that committed them to every node
// that has listeners. What it carries may be lost: the log is the truth, and
// the hub heals from it.
package bus

import "minichat"

// Kinds of messages.
const (
	Event  = "event"  // Event and Data: an entry of Room's log
	Typing = "typing" // By is writing in Room
	Read   = "read"   // User has read Room up to Seq
	User   = "user"   // Data: somebody changed name, colour, face or role
	Room   = "room"   // how User sees Room changed without an event
	End    = "end"    // the sessions of User, or Session, are over
)

// Message is one thing to pass on. Nothing of it may be changed after Publish.
type Message struct {
	Kind  string
	Room  string
	User  string // only to the sessions of this user
	By    string
	Event *minichat.Event
	Data  []byte // the v1 JSON frame, without a socket header

	Seq, Unread, Mentions int64 // Read
	Head                  int64 // Read: the room's, when that was so

	Except []string // User: those whom it is not for

	Session string // End: only this session or token; "" means any of User
	Code    int    // End: the close code
	Reason  string // End
}

// Bus passes messages on. Messages of one publisher reach a subscriber in the
// order in which they were published.
type Bus interface {
	// Publish must not block for long; it fails silently.
	Publish(m Message)
	// Subscribe has fn called for every message until cancel is called. fn must
	// not block, and must not publish or subscribe.
	Subscribe(fn func(Message)) (cancel func())
	Close() error
}
