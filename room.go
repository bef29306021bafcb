package minichat

// Kind of a room.
type Kind string

// A channel may be found and joined by every member, a private room is known
// only to those in it, a direct conversation is the one room of its people.
const (
	Channel Kind = "channel"
	Private Kind = "private"
	Direct  Kind = "direct"
)

// Room is a room as one person sees it: Read, Unread, Mentions, With and Role
// are that person's; they are empty where nobody in particular looks.
type Room struct {
	ID       string   `json:"room"`
	Kind     Kind     `json:"kind"`
	Name     string   `json:"name"` // "" for direct
	Topic    string   `json:"topic,omitempty"`
	Head     int64    `json:"head"`            // seq of the last event
	Floor    int64    `json:"floor,omitempty"` // first seq still held, when older ones are gone
	Read     int64    `json:"read"`            // seq up to which the person has read
	Unread   int64    `json:"unread"`
	Mentions int64    `json:"mentions"`
	Members  int64    `json:"members"`
	With     []string `json:"with,omitempty"` // direct: the other people
	Role     Role     `json:"role,omitempty"` // "admin" for who made the room
	Archived bool     `json:"archived,omitempty"`
}

// Membership is one person's place in one room.
type Membership struct {
	Room     string
	User     string
	Role     Role // Admin for who made the room, else ""
	Read     int64
	JoinedAt int64
}
