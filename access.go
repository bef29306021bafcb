package minichat

// Action is something that a person does in, or to, a room or the server.
type Action int

// The actions that Can judges.
const (
	ViewRoom    Action = iota // know that the room is there
	ReadRoom                  // its log, its members, its files
	PostMessage               // also typing
	EditMessage               // Subject.Author
	DeleteMessage
	ReactMessage
	PinMessage
	JoinRoom
	LeaveRoom
	AddMember
	RemoveMember
	ChangeRoom // rename, topic, archive
	CreateRoom // Subject.Room.Kind
	ManageInvites
	ManagePeople // Subject.Target, Subject.Role: role or disabled of another
	ViewServer   // limits, metrics
)

// Subject is what an action is done to; only what the action needs is set.
type Subject struct {
	Room   *Room       // nil: no such room
	Member *Membership // the actor's place in Room; nil: not in it
	Author string      // of the message acted on
	Target *User       // the person acted on
	Role   Role        // the role to be given to Target; "": none
}

// Can is the one judge of who may do what, for every entrance: nil, or the
// answer to give. Whoever may not know of a room gets ErrNoRoom.
func Can(u User, a Action, s Subject) error {
	if u.Disabled || u.Role.Rank() == 0 {
		return Errorf(Unauthenticated, "Sign in to do this.")
	}
	switch a {
	case CreateRoom:
		return need(u.Role.Rank() >= Member.Rank(), "Guests cannot make rooms.")
	case ManageInvites, ViewServer:
		return need(isAdmin(u), "Only an admin may do this.")
	case ManagePeople:
		return canManage(u, s)
	}
	return canInRoom(u, a, s)
}

func isAdmin(u User) bool { return u.Role.Rank() >= Admin.Rank() }

func need(ok bool, otherwise string) error {
	if ok {
		return nil
	}
	return Errorf(Forbidden, "%s", otherwise)
}

func canManage(u User, s Subject) error {
	if !isAdmin(u) {
		return Errorf(Forbidden, "Only an admin may do this.")
	}
	if u.Role != Owner && (s.Target.Role == Owner || s.Role == Owner) {
		return Errorf(Forbidden, "Only an owner may make, change or disable an owner.")
	}
	return nil
}

func canInRoom(u User, a Action, s Subject) error {
	if s.Room == nil || s.Member == nil && (s.Room.Kind != Channel || u.Role == Guest) {
		return ErrNoRoom()
	}
	if a == ViewRoom {
		return nil
	}
	if a == JoinRoom {
		return need(!s.Room.Archived, "This room is archived.")
	}
	if s.Member == nil && a != ChangeRoom {
		return Errorf(Forbidden, "Join the room first.")
	}
	if s.Room.Archived && a != ReadRoom && a != LeaveRoom && a != ChangeRoom {
		return Errorf(Forbidden, "This room is archived.")
	}
	keeper := isAdmin(u) || s.Member != nil && s.Member.Role == Admin
	direct := s.Room.Kind == Direct
	switch a {
	case EditMessage:
		return need(s.Author == u.ID, "Only its author may edit a message.")
	case DeleteMessage:
		return need(s.Author == u.ID || keeper, "Only its author, who made the room, or an admin may delete a message.")
	case AddMember:
		return need(!direct && u.Role != Guest, "People cannot be added here. Make a room for more of you.")
	case LeaveRoom:
		return need(!direct, "A direct conversation cannot be left.")
	case RemoveMember:
		return need(keeper && !direct, "Only who made the room, or an admin, may remove people.")
	case ChangeRoom:
		return need(keeper && !direct, "Only who made the room, or an admin, may change it.")
	}
	return nil
}
