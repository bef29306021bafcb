package httpd

import (
	"net/http"

	"minichat"
	"minichat/internal/chat"
)

func roomRoutes() []route {
	room := map[int]string{200: "Room"}
	return []route{
		{"GET", "/rooms", signedIn, (*Server).rooms, op{id: "listRooms", does: "My rooms; with all=1 the channels that I may join.",
			query: []param{{"all", "one", "1: the channels that I may join, instead of my rooms."}, afterList, limitList}, gives: map[int]string{200: "RoomList"}}},
		{"POST", "/rooms", signedIn, (*Server).newRoom, op{id: "makeRoom", does: "Make a room. A direct one with the same people again is the same room, with 200.",
			body: "NewRoom", gives: map[int]string{201: "Room", 200: "Room"}, fails: []int{403, 404, 409, 422}}},
		{"GET", "/rooms/{room}", signedIn, (*Server).room, op{id: "getRoom", does: "One room.", gives: room}},
		{"PATCH", "/rooms/{room}", signedIn, (*Server).changeRoom, op{id: "changeRoom", does: "Rename, set the topic, archive. For who made the room, and admins.",
			body: "RoomChange", gives: room, fails: []int{403, 422}}},
		{"GET", "/rooms/{room}/members", signedIn, (*Server).members, op{id: "listMembers", does: "Who is in a room.",
			query: []param{afterList, limitList}, gives: map[int]string{200: "MemberList"}, fails: []int{403}}},
		{"PUT", "/rooms/{room}/members/{user}", signedIn, (*Server).addMember, op{id: "addMember", does: "Join (user: my id or me), or add somebody.", gives: map[int]string{204: ""}, fails: []int{403}}},
		{"DELETE", "/rooms/{room}/members/{user}", signedIn, (*Server).removeMember, op{id: "removeMember", does: "Leave (user: my id or me), or remove somebody.", gives: map[int]string{204: ""}, fails: []int{403}}},
	}
}

func (s *Server) rooms(c *call) error {
	after, limit, err := c.page()
	if err != nil {
		return err
	}
	read := s.o.Chat.Rooms
	switch {
	case c.query.Get("all") == "1":
		read = s.o.Chat.Joinable
	case c.query.Has("all"):
		return minichat.FieldError(minichat.BadField, "all", "It must be 1, or left out.")
	}
	page, err := read(c.r.Context(), c.who.User, after, limit)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, page)
}

func (s *Server) newRoom(c *call) error {
	var n chat.NewRoom
	if err := c.decode(&n); err != nil {
		return err
	}
	room, created, err := s.o.Chat.CreateRoom(c.r.Context(), c.who.User, n)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return c.answer(status, room)
}

func (s *Server) room(c *call) error {
	id, err := c.room()
	if err != nil {
		return err
	}
	room, err := s.o.Chat.Room(c.r.Context(), c.who.User, id)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, room)
}

// room is the room in the path.
func (c *call) room() (string, error) { return c.id("room") }

func (s *Server) changeRoom(c *call) error {
	id, err := c.room()
	if err != nil {
		return err
	}
	var change chat.RoomChange
	if err := c.decode(&change); err != nil {
		return err
	}
	room, err := s.o.Chat.ChangeRoom(c.r.Context(), c.who.User, id, change)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, room)
}

func (s *Server) members(c *call) error {
	id, err := c.room()
	if err != nil {
		return err
	}
	after, limit, err := c.page()
	if err != nil {
		return err
	}
	page, err := s.o.Chat.Members(c.r.Context(), c.who.User, id, after, limit)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, page)
}

func (s *Server) addMember(c *call) error { return c.member(s.o.Chat.AddMember) }

func (s *Server) removeMember(c *call) error { return c.member(s.o.Chat.RemoveMember) }
