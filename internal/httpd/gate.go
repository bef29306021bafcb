package httpd

import "minichat"

// places counts the connections of one address.
type places struct {
	addr         string
	all, unready int64
}

// enter takes a place for a new connection of addr, or says why there is none.
// Who got one gives it back with leave.
func (s *Server) enter(addr string) (*places, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.addrs[addr]
	if p == nil {
		p = &places{addr: addr}
	}
	full := func(n, limit int64) bool { return limit > 0 && n >= limit }
	if full(p.all, s.o.Limits.ConnectionsPerAddr) || full(p.unready, s.o.Limits.UnreadyConnectionsPerAddr) {
		e := minichat.Errorf(minichat.RateLimited, "There are too many connections from this address. Close some, or try again later.")
		e.RetryMS = 5000
		return nil, e
	}
	p.all++
	p.unready++
	s.addrs[addr] = p
	return p, nil
}

// settle notes that a connection has said hello.
func (s *Server) settle(p *places) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.unready--
}

// leave gives the place of a connection back.
func (s *Server) leave(p *places, ready bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.all--
	if !ready {
		p.unready--
	}
	if p.all == 0 {
		delete(s.addrs, p.addr)
	}
}
