package httpd

import (
	"context"
	"fmt"

	"minichat/internal/auth"
)

// remember keeps a connection for Recheck.
func (s *Server) remember(p *peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.peers[p] = struct{}{}
}

func (s *Server) forget(p *peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.peers, p)
}

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
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := map[string]bool{}
	var all []auth.Identity
	for p := range s.peers {
		p.mu.Lock()
		who := p.who
		p.mu.Unlock()
		if !seen[who.Kind+who.Session] {
			seen[who.Kind+who.Session] = true
			all = append(all, who)
		}
	}
	return all
}
