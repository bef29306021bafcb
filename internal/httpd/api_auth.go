package httpd

import (
	"net/http"
	"time"

	"minichat"
	"minichat/internal/auth"
)

func authRoutes() []route {
	signed := map[int]string{201: "Signed"}
	return []route{
		{"POST", "/setup", anyone, (*Server).setup, op{id: "setup", does: "Become the owner, with the token of the setup link. Works once.",
			body: "Entry", secret: true, gives: signed, fails: []int{422}}},
		{"POST", "/join", anyone, (*Server).join, op{id: "join", does: "Become a member, with the token of an invite.",
			body: "Entry", secret: true, gives: signed, fails: []int{409, 422}}},
		{"POST", "/sessions", anyone, (*Server).signIn, op{id: "signIn", does: "Sign in with handle and password.",
			body: "Login", secret: true, gives: signed, fails: []int{401, 429}}},
		{"GET", "/sessions", signedIn, (*Server).sessions, op{id: "listSessions", does: "My sessions.", gives: map[int]string{200: "SessionList"}}},
		{"DELETE", "/sessions/{id}", signedIn, (*Server).endSession, op{id: "endSession", does: "End one of my sessions; current is the one that asks. Its sockets close with 4004.", gives: map[int]string{204: ""}}},
		{"GET", "/tokens", signedIn, (*Server).tokens, op{id: "listTokens", does: "My bearer tokens, without their secrets.", gives: map[int]string{200: "TokenList"}}},
		{"POST", "/tokens", signedIn, (*Server).newToken, op{id: "makeToken", does: "Make a bearer token for a program of mine. It is shown this once.",
			body: "NewToken", gives: map[int]string{201: "MadeToken"}, fails: []int{422}}},
		{"DELETE", "/tokens/{id}", signedIn, (*Server).endToken, op{id: "endToken", does: "End one of my tokens. Its sockets close with 4002.", gives: map[int]string{204: ""}}},
		{"GET", "/invites", signedIn, (*Server).invites, op{id: "listInvites", does: "Invites that still work. Admins only.", gives: map[int]string{200: "InviteList"}, fails: []int{403}}},
		{"POST", "/invites", signedIn, (*Server).newInvite, op{id: "makeInvite", does: "Make a link that lets people in. Admins only.",
			body: "NewInvite", gives: map[int]string{201: "MadeInvite"}, fails: []int{403}}},
		{"DELETE", "/invites/{id}", signedIn, (*Server).revokeInvite, op{id: "revokeInvite", does: "Make an invite useless. Admins only.", gives: map[int]string{204: ""}, fails: []int{403}}},
	}
}

// list is the shape of every list: next is there when there is more.
type list[T any] struct {
	List []T    `json:"list"`
	Next string `json:"next,omitempty"`
}

// whole makes a list of everything; nothing is [] and not null.
func whole[T any](all []T, err error) (list[T], error) {
	if all == nil {
		all = []T{}
	}
	return list[T]{List: all}, err
}

func (s *Server) setup(c *call) error {
	var e auth.Entry
	if err := c.decode(&e); err != nil {
		return err
	}
	signed, err := s.o.Auth.Setup(c.r.Context(), e, from(c.r))
	return s.welcome(c, signed, err, e.Cookie)
}

func (s *Server) join(c *call) error {
	var e auth.Entry
	if err := c.decode(&e); err != nil {
		return err
	}
	signed, err := s.o.Auth.Join(c.r.Context(), e, from(c.r))
	return s.welcome(c, signed, err, e.Cookie)
}

func (s *Server) signIn(c *call) error {
	var l auth.Login
	if err := c.decode(&l); err != nil {
		return err
	}
	signed, err := s.o.Auth.SignIn(c.r.Context(), l, from(c.r))
	return s.welcome(c, signed, err, l.Cookie)
}

func from(r *http.Request) auth.From {
	return auth.From{Addr: ClientAddr(r), Device: cut(r.UserAgent(), 256)}
}

// welcome answers somebody who has just signed in: the secret goes into a cookie
// when that was asked for by our own page, else into the body.
func (s *Server) welcome(c *call, signed auth.Signed, err error, wantsCookie bool) error {
	if err != nil {
		return err
	}
	body := struct {
		User      minichat.User `json:"user"`
		Token     string        `json:"token,omitempty"`
		ExpiresAt int64         `json:"expires_at"`
	}{signed.User, signed.Token, signed.ExpiresAt}
	if wantsCookie && c.kin == same {
		body.Token = ""
		http.SetCookie(c.w, s.newCookie(signed.Token, time.UnixMilli(signed.ExpiresAt)))
	}
	return c.answer(http.StatusCreated, body)
}

// newCookie is the session's cookie; an empty value takes it away.
func (s *Server) newCookie(value string, expires time.Time) *http.Cookie {
	cookie := &http.Cookie{Name: s.cookie, Value: value, Path: "/", HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteStrictMode}
	if value == "" {
		cookie.MaxAge = -1
		return cookie
	}
	cookie.Expires = expires
	return cookie
}

func (s *Server) sessions(c *call) error {
	all, err := whole(s.o.Auth.Sessions(c.r.Context(), c.who))
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, all)
}

func (s *Server) endSession(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	if err := s.o.Auth.EndSession(c.r.Context(), c.who, id); err != nil {
		return err
	}
	if _, err := c.r.Cookie(s.cookie); err == nil && (id == "current" || id == c.who.Session) {
		http.SetCookie(c.w, s.newCookie("", time.Time{}))
	}
	return c.done()
}

func (s *Server) tokens(c *call) error {
	all, err := whole(s.o.Auth.Tokens(c.r.Context(), c.who))
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, all)
}

func (s *Server) newToken(c *call) error {
	var body struct {
		Name string `json:"name" need:"true"`
	}
	if err := c.decode(&body); err != nil {
		return err
	}
	id, secret, err := s.o.Auth.NewToken(c.r.Context(), c.who, body.Name)
	if err != nil {
		return err
	}
	return c.answer(http.StatusCreated, struct {
		ID    string `json:"id"`
		Token string `json:"token"`
	}{id, secret})
}

func (s *Server) endToken(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	if err := s.o.Auth.EndToken(c.r.Context(), c.who, id); err != nil {
		return err
	}
	return c.done()
}

func (s *Server) invites(c *call) error {
	all, err := whole(s.o.Auth.Invites(c.r.Context(), c.who.User))
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, all)
}

func (s *Server) newInvite(c *call) error {
	var n auth.NewInvite
	if err := c.decode(&n); err != nil {
		return err
	}
	invite, secret, err := s.o.Auth.NewInvite(c.r.Context(), c.who.User, n)
	if err != nil {
		return err
	}
	return c.answer(http.StatusCreated, struct {
		ID        string `json:"id"`
		URL       string `json:"url"`
		Uses      int64  `json:"uses"`
		ExpiresAt int64  `json:"expires_at"`
	}{invite.ID, s.linkBase(c) + "/#join=" + secret, invite.Uses, invite.ExpiresAt})
}

// linkBase is what a link for people begins with: the public URL when there is
// one, else the address under which our own page was just opened, since others
// on the network cannot follow a link to localhost.
func (s *Server) linkBase(c *call) string {
	if s.o.PublicURL == "" && c.kin == same {
		if o := c.r.Header.Get("Origin"); o != "" {
			return o
		}
	}
	return s.o.Base
}

func (s *Server) revokeInvite(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	if err := s.o.Auth.RevokeInvite(c.r.Context(), c.who.User, id); err != nil {
		return err
	}
	return c.done()
}
