package minichat

import "hash/fnv"

// Role is what somebody is on the whole server.
type Role string

// Roles, from most to least.
const (
	Owner  Role = "owner"
	Admin  Role = "admin"
	Member Role = "member"
	Guest  Role = "guest"
)

// Rank orders roles: a higher rank may do more. Unknown roles rank below guests.
func (r Role) Rank() int {
	switch r {
	case Owner:
		return 4
	case Admin:
		return 3
	case Member:
		return 2
	case Guest:
		return 1
	}
	return 0
}

// User is a person or a bot. Times are milliseconds since 1970 UTC.
type User struct {
	ID       string `json:"user"`
	Handle   string `json:"handle"`
	Name     string `json:"name"`
	Color    string `json:"color"`
	Avatar   string `json:"avatar,omitempty"` // id of a file
	Role     Role   `json:"role"`
	Bot      bool   `json:"bot,omitempty"`
	Disabled bool   `json:"disabled,omitempty"` // shown to admins only

	CreatedAt int64 `json:"-"`
}

// LabUser is the author of everything that comes over the classroom's wire. It
// is a guest, stands in no directory and cannot sign in.
const LabUser = "lab"

// Colors are the names of the people's colours; web/style/tokens.css holds
// their values, each with a contrast of at least 4.5:1 in both themes.
var Colors = [...]string{"rose", "orange", "amber", "olive", "green", "jade", "teal", "sky", "blue", "violet", "magenta", "pink"}

// ColorOf picks a colour for somebody who chose none: the same for the same id.
func ColorOf(id string) string {
	h := fnv.New32a()
	h.Write([]byte(id))
	return Colors[h.Sum32()%uint32(len(Colors))]
}

// IsColor reports whether name is one of Colors.
func IsColor(name string) bool {
	for _, c := range Colors {
		if c == name {
			return true
		}
	}
	return false
}
