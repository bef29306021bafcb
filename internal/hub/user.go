package hub

import (
	"slices"
	"sync"
	"sync/atomic"

	"minichat/internal/bus"
)

// user is somebody who is connected here, by however many sessions.
type user struct {
	id        string
	away      atomic.Bool
	following atomic.Int32 // sessions that follow the user's rooms

	mu       sync.Mutex // all below
	gone     bool       // the last session left
	sessions []*Session
	rooms    []*member
}

// member is a user in a room, as far as this node has to do with it: online
// there, and with what is unread. The room's mu guards it, but place.
type member struct {
	r *room
	u *user

	place  int32 // in u.rooms; u.mu guards it
	watch  int32 // sessions that watch the room
	near   int32 // those of them that follow
	joined bool  // a room of his that some session follows

	read  int64 // the tally's messages up to what was read
	all   int64 // the tally's mentions of all up to there
	named int64 // mentions by name since
}

func (u *user) everySession(into []*Session) []*Session {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append(into, u.sessions...)
}

// enroll adds a session. extra is the one to be closed in its place, if there
// are too many: the longest silent.
func (h *Hub) enroll(s *Session, who string) (extra *Session) {
	sh := h.userShard(who)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	u := sh.m[who]
	if u == nil {
		u = &user{id: who}
		sh.m[u.id] = u
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	s.user = u
	if s.enc == nil {
		extra = u.surplus(h.o.Limits.ConnectionsPerUser)
	}
	s.place = int32(len(u.sessions))
	u.sessions = append(u.sessions, s)
	return extra
}

// surplus is the longest silent session if there is no room for another one.
// mu is held.
func (u *user) surplus(limit int64) *Session {
	if limit == 0 {
		return nil
	}
	var silent *Session
	var n, longest int64
	for _, s := range u.sessions {
		if s.ending.Load() {
			continue
		}
		n++
		if idle := s.conn.IdleMS(); silent == nil || idle > longest {
			silent, longest = s, idle
		}
	}
	if n < limit {
		return nil
	}
	return silent
}

// strike takes a session off its user, and off the users if it was the last.
// It returns the memberships that are to be looked at.
func (h *Hub) strike(s *Session) []*member {
	u := s.user
	sh := h.userShard(u.id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	u.mu.Lock()
	defer u.mu.Unlock()
	last := len(u.sessions) - 1
	u.sessions[s.place] = u.sessions[last]
	u.sessions[s.place].place = s.place
	u.sessions[last] = nil
	u.sessions = u.sessions[:last]
	if last == 0 {
		u.gone = true
		delete(sh.m, u.id)
	}
	if s.follows.Load() && u.following.Add(-1) == 0 || last == 0 {
		return slices.Clone(u.rooms)
	}
	return nil
}

// attend makes u present in the room, or finds him there; nil: he has left the
// server meanwhile. mu is held, and by the caller the room.
func (r *room) attend(u *user) *member {
	if m := r.members[u.id]; m != nil {
		if m.u == u {
			return m
		}
		r.forget(m) // of his last session, which is leaving
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.gone {
		return nil
	}
	m := &member{r: r, u: u, place: int32(len(u.rooms)), read: r.tally.messages, all: r.tally.all}
	u.rooms = append(u.rooms, m)
	if r.members == nil {
		r.members = map[string]*member{}
	}
	r.members[u.id] = m
	r.hub.hold(r.id)
	r.presence(u.id)
	return m
}

// absent takes away a member that nothing keeps any more. mu is held, and by
// the caller the room.
func (r *room) absent(m *member) {
	if !m.joined && m.watch == 0 && r.members[m.u.id] == m {
		r.forget(m)
	}
}

// forget takes away a member. mu is held, and by the caller the room.
func (r *room) forget(m *member) {
	delete(r.members, m.u.id)
	m.u.mu.Lock()
	last := len(m.u.rooms) - 1
	m.u.rooms[m.place] = m.u.rooms[last]
	m.u.rooms[m.place].place = m.place
	m.u.rooms[last] = nil
	m.u.rooms = m.u.rooms[:last]
	m.u.mu.Unlock()
	r.presence(m.u.id)
	r.hub.release(r)
}

// Presence takes what the person said of himself, and answers request n.
func (s *Session) Presence(n int64, state string) {
	s.away.Store(state == "away")
	s.user.weigh()
	s.Send(okFrame(n))
}

// weigh finds out whether a user is away: when all his sessions are.
func (u *user) weigh() {
	u.mu.Lock()
	away := len(u.sessions) > 0
	for _, s := range u.sessions {
		away = away && s.away.Load()
	}
	rooms := slices.Clone(u.rooms)
	changed := u.away.Swap(away) != away
	u.mu.Unlock()
	if !changed {
		return
	}
	for _, m := range rooms {
		m.r.mu.Lock()
		m.r.presence(u.id)
		m.r.mu.Unlock()
	}
}

// profile tells everybody who may know him of somebody's new face.
func (h *Hub) profile(m bus.Message) {
	except := map[string]bool{}
	for _, id := range m.Except {
		except[id] = true
	}
	h.notes.put(h, note{kind: noteAll, except: except, data: appendFrame(nil, m.Data)})
}
