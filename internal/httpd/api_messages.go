package httpd

import (
	"net/http"

	"minichat"
	"minichat/internal/protocol"
)

func messageRoutes() []route {
	page := map[int]string{200: "Page"}
	return []route{
		{"GET", "/rooms/{room}/events", signedIn, (*Server).events, op{id: "listEvents", does: "A page of a room's log, ascending; without after and before the last page.",
			query: []param{{"after", "seq", "Only events with a larger seq."}, {"before", "seq", "Only events with a smaller seq, the nearest ones."}, limitList}, gives: page, fails: []int{403}}},
		{"GET", "/rooms/{room}/messages/{seq}/thread", signedIn, (*Server).thread, op{id: "listThread", does: "A page of one thread: the message and its replies, ascending, with holes in seq.",
			query: []param{{"after", "seq", "Only messages with a larger seq."}, limitList}, gives: page, fails: []int{403}}},
		{"POST", "/rooms/{room}/messages", signedIn, (*Server).post, op{id: "postMessage", does: "Post a message: what post does on the socket.",
			header: "Idempotency-Key", body: "NewMessage", gives: map[int]string{201: "Posted"}, fails: []int{403, 409, 422, 429}}},
	}
}

func (s *Server) events(c *call) error {
	room, err := c.room()
	if err != nil {
		return err
	}
	after, err := c.place("after")
	if err != nil {
		return err
	}
	before, err := c.place("before")
	if err != nil {
		return err
	}
	if after != nil && before != nil {
		return minichat.FieldError(minichat.BadField, "before", "Give either after or before.")
	}
	limit, err := c.limit()
	if err != nil {
		return err
	}
	p, err := s.o.Chat.Events(c.r.Context(), c.who.User, room, after, before, limit)
	if err != nil {
		return err
	}
	return c.answerRaw(http.StatusOK, protocol.AppendPage(nil, p))
}

func (s *Server) thread(c *call) error {
	room, err := c.room()
	if err != nil {
		return err
	}
	root, err := c.seq()
	if err != nil {
		return err
	}
	after, err := c.place("after")
	if err != nil {
		return err
	}
	limit, err := c.limit()
	if err != nil {
		return err
	}
	var from int64
	if after != nil {
		from = *after
	}
	p, err := s.o.Chat.Thread(c.r.Context(), c.who.User, room, root, from, limit)
	if err != nil {
		return err
	}
	return c.answerRaw(http.StatusOK, protocol.AppendPage(nil, p))
}

func (s *Server) post(c *call) error {
	room, err := c.room()
	if err != nil {
		return err
	}
	key, err := c.key()
	if err != nil {
		return err
	}
	var m struct {
		Text    string   `json:"text"`
		Files   []string `json:"files"`
		Alts    []string `json:"alts"`
		Thread  int64    `json:"thread"`
		InRoom  bool     `json:"in_room"`
		ReplyTo int64    `json:"reply_to"`
	}
	if err := c.decode(&m); err != nil {
		return err
	}
	result, err := s.o.Chat.Post(c.r.Context(), c.who.User, protocol.Post{
		Room: room, Key: key, Text: m.Text, Files: m.Files, Alts: m.Alts, Thread: m.Thread, InRoom: m.InRoom, ReplyTo: m.ReplyTo,
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusCreated, result)
}

// key is the Idempotency-Key; a caller that names none cannot ask again.
func (c *call) key() (string, error) {
	keys := c.r.Header.Values("Idempotency-Key")
	if len(keys) == 0 {
		return minichat.NewID(32), nil
	}
	k := keys[0]
	if len(keys) > 1 || len(k) < 16 || !minichat.IsID(k) {
		return "", minichat.FieldError(minichat.BadField, "Idempotency-Key", "It must be one key of 16 to 64 characters of A-Z a-z 0-9 _ and -.")
	}
	return k, nil
}
