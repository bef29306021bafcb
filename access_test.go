package minichat

import (
	"fmt"
	"testing"
)

// actors are the columns of the tables below: who asks, and whether he is in the room.
var actors = []struct {
	name string
	role Role
	in   bool
	room Role // his role in the room
}{
	{"owner in", Owner, true, ""},
	{"admin in", Admin, true, ""},
	{"maker in", Member, true, Admin},
	{"member in", Member, true, ""},
	{"guest in", Guest, true, ""},
	{"owner out", Owner, false, ""},
	{"admin out", Admin, false, ""},
	{"member out", Member, false, ""},
	{"guest out", Guest, false, ""},
}

const (
	channel  = "channel"
	private  = "private"
	direct   = "direct"
	archived = "archived channel"
)

// roomTable has one letter for each actor: y may, f forbidden, n there is no
// such room. own and other say whose message it is.
var roomTable = []struct {
	action Action
	name   string
	room   string
	other  bool
	want   string
}{
	{ViewRoom, "view", channel, false, "yyyyyyyyn"},
	{ViewRoom, "view", private, false, "yyyyynnnn"},
	{ViewRoom, "view", direct, false, "yyyyynnnn"},
	{ViewRoom, "view", archived, false, "yyyyyyyyn"},

	{ReadRoom, "read", channel, false, "yyyyyfffn"},
	{ReadRoom, "read", private, false, "yyyyynnnn"},
	{ReadRoom, "read", direct, false, "yyyyynnnn"},
	{ReadRoom, "read", archived, false, "yyyyyfffn"},

	{PostMessage, "post", channel, false, "yyyyyfffn"},
	{PostMessage, "post", private, false, "yyyyynnnn"},
	{PostMessage, "post", direct, false, "yyyyynnnn"},
	{PostMessage, "post", archived, false, "ffffffffn"},

	{EditMessage, "edit own", channel, false, "yyyyyfffn"},
	{EditMessage, "edit another's", channel, true, "ffffffffn"},
	{EditMessage, "edit own", private, false, "yyyyynnnn"},
	{EditMessage, "edit another's", private, true, "fffffnnnn"},
	{EditMessage, "edit own", direct, false, "yyyyynnnn"},
	{EditMessage, "edit own", archived, false, "ffffffffn"},

	{DeleteMessage, "delete own", channel, false, "yyyyyfffn"},
	{DeleteMessage, "delete another's", channel, true, "yyyfffffn"},
	{DeleteMessage, "delete own", private, false, "yyyyynnnn"},
	{DeleteMessage, "delete another's", private, true, "yyyffnnnn"},
	{DeleteMessage, "delete own", direct, false, "yyyyynnnn"},
	{DeleteMessage, "delete own", archived, false, "ffffffffn"},

	{ReactMessage, "react", channel, true, "yyyyyfffn"},
	{ReactMessage, "react", private, true, "yyyyynnnn"},
	{ReactMessage, "react", direct, true, "yyyyynnnn"},
	{ReactMessage, "react", archived, true, "ffffffffn"},

	{PinMessage, "pin", channel, true, "yyyyyfffn"},
	{PinMessage, "pin", private, true, "yyyyynnnn"},
	{PinMessage, "pin", direct, true, "yyyyynnnn"},
	{PinMessage, "pin", archived, true, "ffffffffn"},

	{JoinRoom, "join", channel, false, "yyyyyyyyn"},
	{JoinRoom, "join", private, false, "yyyyynnnn"},
	{JoinRoom, "join", direct, false, "yyyyynnnn"},
	{JoinRoom, "join", archived, false, "ffffffffn"},

	{LeaveRoom, "leave", channel, false, "yyyyyfffn"},
	{LeaveRoom, "leave", private, false, "yyyyynnnn"},
	{LeaveRoom, "leave", direct, false, "fffffnnnn"},
	{LeaveRoom, "leave", archived, false, "yyyyyfffn"},

	{AddMember, "add", channel, false, "yyyyffffn"},
	{AddMember, "add", private, false, "yyyyfnnnn"},
	{AddMember, "add", direct, false, "fffffnnnn"},
	{AddMember, "add", archived, false, "ffffffffn"},

	{RemoveMember, "remove", channel, false, "yyyfffffn"},
	{RemoveMember, "remove", private, false, "yyyffnnnn"},
	{RemoveMember, "remove", direct, false, "fffffnnnn"},
	{RemoveMember, "remove", archived, false, "ffffffffn"},

	{ChangeRoom, "change", channel, false, "yyyffyyfn"},
	{ChangeRoom, "change", private, false, "yyyffnnnn"},
	{ChangeRoom, "change", direct, false, "fffffnnnn"},
	{ChangeRoom, "change", archived, false, "yyyffyyfn"},
}

func TestCanInRoom(t *testing.T) {
	for _, row := range roomTable {
		for i, a := range actors {
			u := User{ID: "u1", Role: a.role}
			s := Subject{Room: makeRoom(row.room), Author: "u1"}
			if row.other {
				s.Author = "u2"
			}
			if a.in {
				s.Member = &Membership{Room: "r1", User: "u1", Role: a.room}
			}
			if got, want := letter(Can(u, row.action, s)), row.want[i:i+1]; got != want {
				t.Errorf("%s, %s, %s: got %s, want %s", a.name, row.name, row.room, got, want)
			}
		}
	}
}

func makeRoom(kind string) *Room {
	if kind == archived {
		return &Room{ID: "r1", Kind: Channel, Archived: true}
	}
	return &Room{ID: "r1", Kind: Kind(kind)}
}

func letter(err error) string {
	switch CodeOf(err) {
	case "":
		return "y"
	case Forbidden:
		return "f"
	case NotFound:
		return "n"
	case Unauthenticated:
		return "u"
	}
	return "?"
}

// Every action has rows: a new one without them fails here.
func TestCanTableIsWhole(t *testing.T) {
	tested := map[Action]bool{CreateRoom: true, ManageInvites: true, ManagePeople: true, ViewServer: true}
	for _, row := range roomTable {
		tested[row.action] = true
		if len(row.want) != len(actors) {
			t.Errorf("%s, %s: %d letters for %d actors", row.name, row.room, len(row.want), len(actors))
		}
	}
	for a := ViewRoom; a <= ViewServer; a++ {
		if !tested[a] {
			t.Errorf("action %d has no row", a)
		}
	}
}

// A room that is not there and one that may not be known get the same answer.
func TestCanTellsNothingOfHiddenRooms(t *testing.T) {
	for a := ViewRoom; a <= ChangeRoom; a++ {
		for _, role := range []Role{Owner, Admin, Member, Guest} {
			u := User{ID: "u1", Role: role}
			missing := Can(u, a, Subject{})
			for _, kind := range []Kind{Private, Direct} {
				hidden := Can(u, a, Subject{Room: &Room{ID: "r1", Kind: kind, Archived: true}})
				if fmt.Sprintf("%#v", missing) != fmt.Sprintf("%#v", hidden) {
					t.Errorf("action %d by %s: %v for no room, %v for a %s one", a, role, missing, hidden, kind)
				}
				if got := CodeOf(missing); got != NotFound {
					t.Errorf("action %d by %s in no room: got %s, want %s", a, role, got, NotFound)
				}
			}
		}
	}
}

func TestCanOnServer(t *testing.T) {
	rows := []struct {
		name    string
		action  Action
		subject Subject
		want    string // owner admin member guest
	}{
		{"make a channel", CreateRoom, Subject{Room: &Room{Kind: Channel}}, "yyyf"},
		{"make a private room", CreateRoom, Subject{Room: &Room{Kind: Private}}, "yyyf"},
		{"make a direct room", CreateRoom, Subject{Room: &Room{Kind: Direct}}, "yyyf"},
		{"invites", ManageInvites, Subject{}, "yyff"},
		{"see the server", ViewServer, Subject{}, "yyff"},
		{"disable a member", ManagePeople, Subject{Target: &User{Role: Member}}, "yyff"},
		{"disable an admin", ManagePeople, Subject{Target: &User{Role: Admin}}, "yyff"},
		{"disable an owner", ManagePeople, Subject{Target: &User{Role: Owner}}, "yfff"},
		{"make a member admin", ManagePeople, Subject{Target: &User{Role: Member}, Role: Admin}, "yyff"},
		{"make a member owner", ManagePeople, Subject{Target: &User{Role: Member}, Role: Owner}, "yfff"},
		{"make an owner member", ManagePeople, Subject{Target: &User{Role: Owner}, Role: Member}, "yfff"},
	}
	for _, row := range rows {
		for i, role := range []Role{Owner, Admin, Member, Guest} {
			got := letter(Can(User{ID: "u1", Role: role}, row.action, row.subject))
			if want := row.want[i : i+1]; got != want {
				t.Errorf("%s: %s: got %s, want %s", role, row.name, got, want)
			}
		}
	}
}

func TestCanWithoutAPlace(t *testing.T) {
	s := Subject{Room: &Room{ID: "r1", Kind: Channel}, Member: &Membership{}, Target: &User{Role: Member}}
	for a := ViewRoom; a <= ViewServer; a++ {
		for _, u := range []User{{}, {ID: "u1", Role: "king"}, {ID: "u1", Role: Owner, Disabled: true}} {
			if got := letter(Can(u, a, s)); got != "u" {
				t.Errorf("action %d by %+v: got %s, want u", a, u, got)
			}
		}
	}
}
