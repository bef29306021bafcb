package store

import (
	"context"
	"fmt"
	"strings"

	"minichat"
)

// memory is what the writer remembers from one transaction to the next, for most
// concern the same few rooms and people: where each room ends, which is written
// down once before the commit, and who is who and where. A statement that names
// rooms has the ends written down first; one that changes rooms, members or users
// empties the memory, and so do a rollback and a commit of another process, which
// shows as soon as a transaction has begun. So nothing else needs to know of it.
type memory struct {
	ends   map[string]*roomEnd
	users  map[string]*minichat.User
	places map[placeKey]place
}

// remembered is how many rooms, people and places are kept at most.
const remembered = 4096

// roomEnd is where a room that was written to ends now.
type roomEnd struct {
	head, messages int64
	dirty          bool // its row says less
}

type placeKey struct{ room, user string }

// place is what GetPlace answered.
type place struct {
	room   *minichat.Room
	member *minichat.Membership
}

func newMemory() memory {
	return memory{ends: map[string]*roomEnd{}, users: map[string]*minichat.User{}, places: map[placeKey]place{}}
}

func (m memory) clear() {
	clear(m.ends)
	clear(m.users)
	clear(m.places)
}

// remember keeps a value, and rather forgets all others than to have too many.
func remember[K comparable, V any](m map[K]V, key K, value V) {
	if len(m) >= remembered {
		clear(m)
	}
	m[key] = value
}

func namesRooms(query string) bool { return strings.Contains(query, "rooms") }

func namesPlaces(query string) bool {
	return namesRooms(query) || strings.Contains(query, "members") || strings.Contains(query, "users")
}

const (
	roomEnds   = `SELECT head, messages FROM rooms WHERE id = $1`
	settleRoom = `UPDATE rooms SET head = $2, messages = $3 WHERE id = $1`
)

// end returns where a room ends, for the caller to move it. The transaction shuts
// out all other writers: so seqs are dense and in the order of commits.
func (tx *Tx) end(ctx context.Context, room string) (*roomEnd, error) {
	if end := tx.memory.ends[room]; end != nil {
		return end, nil
	}
	end := new(roomEnd)
	r := tx.reads
	r.mended = true
	found, err := r.row(ctx, roomEnds, []any{room}, &end.head, &end.messages)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, minichat.ErrNoRoom()
	}
	tx.memory.ends[room] = end
	return end, nil
}

// settle writes down where the rooms end.
func (tx *Tx) settle(ctx context.Context) error {
	for room, end := range tx.memory.ends {
		if !end.dirty {
			continue
		}
		stmt, err := tx.st.get(settleRoom)
		if err == nil {
			_, err = stmt.ExecContext(tx.detach(ctx), room, end.head, end.messages)
		}
		if err != nil {
			return fmt.Errorf("write down where a room ends: %w", err)
		}
		end.dirty = false
	}
	return nil
}

// forget empties the memory.
func (tx *Tx) forget(ctx context.Context) error {
	err := tx.settle(ctx)
	tx.memory.clear()
	return err
}

// GetUser is the same as outside a transaction; asked again, it is answered
// from memory.
func (tx *Tx) GetUser(ctx context.Context, id string) (*minichat.User, error) {
	u, ok := tx.memory.users[id]
	if !ok {
		var err error
		if u, err = tx.reads.GetUser(ctx, id); err != nil {
			return nil, err
		}
		remember(tx.memory.users, id, u)
	}
	if u == nil {
		return nil, nil
	}
	mine := *u
	return &mine, nil
}

// GetPlace is the same as outside a transaction; asked again, it is answered
// from memory.
func (tx *Tx) GetPlace(ctx context.Context, room, user string) (*minichat.Room, *minichat.Membership, error) {
	key := placeKey{room, user}
	p, ok := tx.memory.places[key]
	if !ok {
		r := tx.reads
		r.mended = true
		var err error
		if p.room, p.member, err = r.GetPlace(ctx, room, user); err != nil {
			return nil, nil, err
		}
		remember(tx.memory.places, key, p)
	}
	seen, member := p.copy(tx.memory.ends[room])
	return seen, member, nil
}

// copy is the caller's own, with the room's present head.
func (p place) copy(end *roomEnd) (*minichat.Room, *minichat.Membership) {
	if p.room == nil {
		return nil, nil
	}
	room := *p.room
	if end != nil {
		room.Head = end.head
	}
	if p.member == nil {
		return &room, nil
	}
	member := *p.member
	return &room, &member
}
