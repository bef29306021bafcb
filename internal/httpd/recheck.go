package httpd

import (
	"context"
	"fmt"

	"minichat"
	"minichat/internal/auth"
)

// Recheck closes the connections of those whose session, token or account was
// ended by another process.
func (s *Server) Recheck(ctx context.Context) error {
	ended, err := s.o.Auth.Valid(ctx, s.identities())
	if err != nil {
		return fmt.Errorf("check who may stay: %w", err)
	}
	for _, who := range ended {
		code, reason := 4004, "the session has ended"
		if who.Kind == auth.KindToken {
			code, reason = 4002, "the token has ended"
		}
		u, err := s.o.Store.GetUser(ctx, who.User.ID)
		if err != nil {
			return fmt.Errorf("check who may stay: %w", err)
		}
		if u == nil || u.Disabled {
			code, reason = 4003, "the account is disabled"
		}
		s.o.Hub.End(who.User.ID, who.Session, code, reason)
	}
	return nil
}

// identities are those connected, each once.
func (s *Server) identities() []auth.Identity {
	seen := map[auth.Identity]bool{}
	var all []auth.Identity
	for _, c := range s.o.Hub.Clients() {
		if c.Encoding != nil {
			continue // the classroom signs nobody in
		}
		who := auth.Identity{User: minichat.User{ID: c.User}, Session: c.ID, Kind: auth.KindSession}
		if c.Token {
			who.Kind = auth.KindToken
		}
		if !seen[who] {
			seen[who] = true
			all = append(all, who)
		}
	}
	return all
}
