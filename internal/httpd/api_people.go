package httpd

import (
	"net/http"
	"strings"

	"minichat"
	"minichat/internal/auth"
	"minichat/internal/chat"
)

func peopleRoutes() []route {
	user := map[int]string{200: "User"}
	return []route{
		{"GET", "/me", signedIn, (*Server).me, op{id: "getMe", does: "Who I am, and what my files take up.", gives: map[int]string{200: "Me"}}},
		{"PATCH", "/me", signedIn, (*Server).changeMe, op{id: "changeMe", does: "Change my name, colour or face. An empty avatar takes the face away.",
			body: "MeChange", gives: user, fails: []int{404, 422}}},
		{"POST", "/me/password", signedIn, (*Server).changePassword, op{id: "changePassword", does: "Change my password. My other sessions end.",
			body: "NewPassword", secret: true, gives: map[int]string{204: ""}, fails: []int{403, 429}}},
		{"GET", "/users", signedIn, (*Server).users, op{id: "listUsers", does: "People: by id, by the beginning of a name, or all.",
			query: []param{{"ids", "ids", "Up to 200 ids with commas between; the others are then not looked at."}, {"q", "text", "The beginning of a handle or of a word of a name."}, afterList, limitList},
			gives: map[int]string{200: "UserList"}, fails: []int{422}}},
		{"GET", "/users/{user}", signedIn, (*Server).user, op{id: "getUser", does: "One person; me is who asks.", gives: user}},
		{"PATCH", "/users/{user}", signedIn, (*Server).changeUser, op{id: "changeUser", does: "Change somebody's role, or disable him. Admins only; only owners make, change or disable owners.",
			body: "UserChange", gives: user, fails: []int{403, 409}}},
	}
}

func (s *Server) me(c *call) error {
	u, err := s.o.Chat.User(c.r.Context(), c.who.User, "me")
	if err != nil {
		return err
	}
	files, err := s.o.Chat.FileUse(c.r.Context(), u)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, struct {
		minichat.User
		Files chat.FileUse `json:"files"`
	}{u, files})
}

func (s *Server) changeMe(c *call) error {
	var change chat.MeChange
	if err := c.decode(&change); err != nil {
		return err
	}
	u, err := s.o.Chat.UpdateMe(c.r.Context(), c.who.User, change)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, u)
}

func (s *Server) changePassword(c *call) error {
	var p auth.NewPassword
	if err := c.decode(&p); err != nil {
		return err
	}
	if err := s.o.Auth.ChangePassword(c.r.Context(), c.who, p); err != nil {
		return err
	}
	return c.done()
}

func (s *Server) users(c *call) error {
	after, limit, err := c.page()
	if err != nil {
		return err
	}
	if c.query.Has("ids") {
		return s.usersByID(c)
	}
	q := c.query.Get("q")
	if len(q) > 256 {
		return minichat.FieldError(minichat.BadField, "q", "It must be at most 256 bytes long.")
	}
	people, err := s.o.Chat.SearchUsers(c.r.Context(), c.who.User, q, after, limit)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, people)
}

func (s *Server) usersByID(c *call) error {
	if c.query.Has("q") || c.query.Has("after") {
		return minichat.FieldError(minichat.BadField, "ids", "Give either ids, or q and after.")
	}
	ids := strings.Split(c.query.Get("ids"), ",")
	if c.query.Get("ids") == "" {
		ids = nil
	}
	if len(ids) > 200 {
		return minichat.FieldError(minichat.TooMany, "ids", "Give at most 200 ids.")
	}
	for _, id := range ids {
		if !minichat.IsID(id) {
			return minichat.FieldError(minichat.BadField, "ids", "Each must be an id.")
		}
	}
	people, err := s.o.Chat.Users(c.r.Context(), c.who.User, ids)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, people)
}

func (s *Server) user(c *call) error {
	id, err := c.id("user")
	if err != nil {
		return err
	}
	u, err := s.o.Chat.User(c.r.Context(), c.who.User, id)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, u)
}

func (s *Server) changeUser(c *call) error {
	id, err := c.id("user")
	if err != nil {
		return err
	}
	var change chat.UserChange
	if err := c.decode(&change); err != nil {
		return err
	}
	u, err := s.o.Chat.UpdateUser(c.r.Context(), c.who.User, id, change)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, u)
}
