package hub

import (
	"hash/maphash"
	"sync"
)

// shards is over how many locks the rooms, and the users, are spread.
const shards = 64

type roomShard struct {
	mu sync.RWMutex
	m  map[string]*room
	_  [64]byte // no two locks on one cache line
}

type userShard struct {
	mu sync.RWMutex
	m  map[string]*user
	_  [64]byte
}

func (h *Hub) roomShard(id string) *roomShard { return &h.rooms[maphash.String(h.seed, id)%shards] }

func (h *Hub) userShard(id string) *userShard { return &h.users[maphash.String(h.seed, id)%shards] }

// find returns a room that somebody here has to do with, or nil.
func (h *Hub) find(id string) *room {
	s := h.roomShard(id)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.m[id]
}

// hold returns the room, made if need be, and keeps it until release.
func (h *Hub) hold(id string) *room {
	s := h.roomShard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.m[id]
	if r == nil {
		r = &room{hub: h, id: id}
		s.m[id] = r
	}
	r.refs++
	return r
}

// release forgets the room with the last that held it.
func (h *Hub) release(r *room) {
	s := h.roomShard(r.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.refs--; r.refs == 0 {
		delete(s.m, r.id)
	}
}

// everyRoom returns the rooms that are known here.
func (h *Hub) everyRoom() []*room {
	var list []*room
	for i := range h.rooms {
		s := &h.rooms[i]
		s.mu.RLock()
		for _, r := range s.m {
			list = append(list, r)
		}
		s.mu.RUnlock()
	}
	return list
}

// person returns somebody who is connected here, or nil.
func (h *Hub) person(id string) *user {
	s := h.userShard(id)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.m[id]
}

// everySession returns all sessions.
func (h *Hub) everySession() []*Session {
	var list []*Session
	for i := range h.users {
		s := &h.users[i]
		s.mu.RLock()
		for _, u := range s.m {
			list = u.everySession(list)
		}
		s.mu.RUnlock()
	}
	return list
}
