package minichat

import (
	"encoding/json"
	"fmt"
)

// Kinds of events.
const (
	KindMessage = "message"
	KindEdit    = "edit"
	KindDelete  = "delete"
	KindReact   = "react"
	KindPin     = "pin"
	KindMember  = "member"
	KindRoom    = "room"
)

// Event is one entry of a room's log. Body is one of the *Body types below, by
// value of Kind; its JSON is the body of docs/protocol.md, "Events".
type Event struct {
	Room string `json:"room,omitempty"` // left out inside a page
	Seq  int64  `json:"seq"`
	ID   string `json:"id"`
	Kind string `json:"kind"`
	By   string `json:"by"`
	At   int64  `json:"at"`
	Key  string `json:"key,omitempty"`
	Body any    `json:"body"`
}

// MessageBody is a message: as posted when live, in its present form in a page.
type MessageBody struct {
	Text     string   `json:"text"`
	Files    []File   `json:"files,omitempty"`
	Thread   int64    `json:"thread,omitempty"`
	InRoom   bool     `json:"in_room,omitempty"`
	ReplyTo  int64    `json:"reply_to,omitempty"`
	Mentions []string `json:"mentions,omitempty"` // user ids, "all", "here"
	Rev      int64    `json:"rev"`

	// Only in a page.
	EditedAt  int64      `json:"edited_at,omitempty"`
	Deleted   bool       `json:"deleted,omitempty"`
	Reactions []Reaction `json:"reactions,omitempty"`
	Pinned    bool       `json:"pinned,omitempty"`
	Replies   *Replies   `json:"replies,omitempty"`
	UpTo      int64      `json:"upto,omitempty"` // seq up to which this form is true
}

// Reaction is one emoji and who chose it, in order of first use. On the wire it
// is the pair [emoji, [user, …]].
type Reaction struct {
	Emoji string
	Users []string
}

// MarshalJSON writes the pair.
func (r Reaction) MarshalJSON() ([]byte, error) {
	users := r.Users
	if users == nil {
		users = []string{} // a list, never null
	}
	return json.Marshal([2]any{r.Emoji, users})
}

// UnmarshalJSON reads the pair.
func (r *Reaction) UnmarshalJSON(b []byte) error {
	var pair []json.RawMessage
	if err := json.Unmarshal(b, &pair); err != nil {
		return err
	}
	if len(pair) != 2 {
		return fmt.Errorf("a reaction is [emoji, [user, …]], not a list of %d", len(pair))
	}
	if err := json.Unmarshal(pair[0], &r.Emoji); err != nil {
		return err
	}
	return json.Unmarshal(pair[1], &r.Users)
}

// Replies sums up the thread below a message.
type Replies struct {
	Count  int64    `json:"count"`
	LastAt int64    `json:"last_at"`
	By     []string `json:"by"` // up to five authors, the latest first
}

// EditBody replaces a message's text.
type EditBody struct {
	Target   int64    `json:"target"`
	Text     string   `json:"text"`
	Mentions []string `json:"mentions,omitempty"`
	Rev      int64    `json:"rev"`
}

// TargetBody is the body of a delete, and of an edit, react or pin in a page.
type TargetBody struct {
	Target int64 `json:"target"`
}

// ReactBody sets or takes away one person's reaction.
type ReactBody struct {
	Target int64  `json:"target"`
	Emoji  string `json:"emoji"`
	On     bool   `json:"on"`
}

// PinBody pins or unpins a message.
type PinBody struct {
	Target int64 `json:"target"`
	On     bool  `json:"on"`
}

// Changes of a MemberBody.
const (
	Joined      = "joined"
	Left        = "left"
	Removed     = "removed"
	RoleChanged = "role"
)

// MemberBody says who came, went or changed role in the room. After Left and
// Removed that person receives nothing more of the room.
type MemberBody struct {
	User   User   `json:"user"`
	Change string `json:"change"`
	Role   Role   `json:"role,omitempty"`
}

// RoomBody holds what changed of the room; nil fields did not.
type RoomBody struct {
	Name     *string `json:"name,omitempty"`
	Topic    *string `json:"topic,omitempty"`
	Kind     *Kind   `json:"kind,omitempty"`
	Archived *bool   `json:"archived,omitempty"`
}
