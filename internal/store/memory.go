package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"minichat"
)

// memory is what a Tx remembers, for many calls of one transaction concern the
// same few rooms and people: where each room ends, which is written down once
// before the commit, and who is who and where. A statement that names rooms has
// the ends written down first; one that changes rooms, members or users empties
// the memory. So nothing else needs to know of it.
type memory struct {
	ends   map[string]*roomEnd
	users  map[string]*minichat.User
	places map[placeKey]place
}

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

func namesRooms(query string) bool { return strings.Contains(query, "rooms") }

func namesPlaces(query string) bool {
	return namesRooms(query) || strings.Contains(query, "members") || strings.Contains(query, "users")
}

const (
	advanceRoom = `UPDATE rooms SET head = head + 1, messages = messages + $2 WHERE id = $1 RETURNING head, messages`
	settleRoom  = `UPDATE rooms SET head = $2, messages = $3 WHERE id = $1`
)

// advance moves a room's end by one event and returns it. The first time in a
// transaction it takes the room's row, which stays locked until the end: so
// seqs are dense and in the order of commits, whoever else writes.
func (tx *Tx) advance(ctx context.Context, room string, messages int64) (*roomEnd, error) {
	end := tx.memory.ends[room]
	if end == nil {
		return tx.advanceRow(ctx, room, messages)
	}
	end.head++
	end.messages += messages
	end.dirty = true
	tx.wrote = true
	return end, nil
}

func (tx *Tx) advanceRow(ctx context.Context, room string, messages int64) (*roomEnd, error) {
	stmt, err := tx.st.get(advanceRoom)
	if err != nil {
		return nil, tx.fail(err)
	}
	end := new(roomEnd)
	err = stmt.QueryRowContext(tx.detach(ctx), room, messages).Scan(&end.head, &end.messages)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, minichat.ErrNoRoom()
	}
	if err != nil {
		return nil, tx.fail(err)
	}
	tx.memory.ends[room] = end
	tx.wrote = true
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
		tx.memory.users[id] = u
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
		tx.memory.places[key] = p
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
