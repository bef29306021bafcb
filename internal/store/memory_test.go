package store

import (
	"errors"
	"strconv"
	"testing"

	"minichat"
)

// What a transaction remembers is never seen from outside: between posts of one
// batch, every read and change finds and leaves the truth.
func TestWhatATransactionRemembersIsTrue(t *testing.T) {
	ctx := t.Context()
	wantHead := func(t *testing.T, tx *Tx, want int64) error {
		t.Helper()
		room, m, err := tx.GetPlace(ctx, "r", "ana")
		if err != nil || room.Head != want || m == nil {
			t.Errorf("place: %+v, %+v, %v, want head %d", room, m, err, want)
		}
		return err
	}
	steps := map[string]func(*testing.T, *Tx, int64) error{
		"get room": func(t *testing.T, tx *Tx, head int64) error {
			room, err := tx.GetRoom(ctx, "r")
			if err != nil || room.Head != head {
				t.Errorf("room: %+v, %v, want head %d", room, err, head)
			}
			return err
		},
		"list events": func(t *testing.T, tx *Tx, want int64) error {
			list, head, _, err := tx.ListEvents(ctx, "r", nil, nil, 200, 0)
			if err != nil || head != want || int64(len(list)) != want {
				t.Errorf("%d events, head %d, %v, want %d", len(list), head, err, want)
			}
			return err
		},
		"role": func(t *testing.T, tx *Tx, _ int64) error {
			if err := tx.SetMemberRole(ctx, "r", "ana", minichat.Admin); err != nil {
				return err
			}
			_, m, err := tx.GetPlace(ctx, "r", "ana")
			if err != nil || m.Role != minichat.Admin {
				t.Errorf("membership after a change of role: %+v, %v", m, err)
			}
			return err
		},
		"user": func(t *testing.T, tx *Tx, _ int64) error {
			before, err := tx.GetUser(ctx, "ana")
			if err != nil {
				return err
			}
			before.Disabled = true
			if err := tx.UpdateUser(ctx, *before, ""); err != nil {
				return err
			}
			after, err := tx.GetUser(ctx, "ana")
			if err != nil || !after.Disabled {
				t.Errorf("user after a change: %+v, %v", after, err)
			}
			return err
		},
		"join": func(t *testing.T, tx *Tx, head int64) error {
			if _, m, err := tx.GetPlace(ctx, "r", "bo"); m != nil || err != nil {
				t.Errorf("before joining: %+v, %v", m, err)
			}
			if err := tx.InsertMember(ctx, "r", "bo", "", 1); err != nil {
				return err
			}
			room, m, err := tx.GetPlace(ctx, "r", "bo")
			if err != nil || m == nil || m.Read != head || room.Members != 2 {
				t.Errorf("after joining at %d: %+v, %+v, %v", head, room, m, err)
			}
			return err
		},
		"leave": func(t *testing.T, tx *Tx, _ int64) error {
			if err := tx.DeleteMember(ctx, "r", "ana"); err != nil {
				return err
			}
			if _, m, err := tx.GetPlace(ctx, "r", "ana"); m != nil || err != nil {
				t.Errorf("after leaving: %+v, %v", m, err)
			}
			return tx.InsertMember(ctx, "r", "ana", "", 1)
		},
		"rename": func(t *testing.T, tx *Tx, head int64) error {
			if err := tx.UpdateRoom(ctx, minichat.Room{ID: "r", Kind: minichat.Channel, Name: "new"}); err != nil {
				return err
			}
			room, _, err := tx.GetPlace(ctx, "r", "ana")
			if err != nil || room.Name != "new" || room.Head != head {
				t.Errorf("after renaming: %+v, %v", room, err)
			}
			return err
		},
		"read mark": func(t *testing.T, tx *Tx, head int64) error {
			return tx.SetRead(ctx, []ReadMark{{"ana", "r", head, false}})
		},
	}
	for name, step := range steps {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, s *Store) {
				addUser(t, s, "ana", "bo")
				addRoom(t, s, "r", "ana")
				write(t, s, func(tx *Tx) error {
					for i := range int64(4) {
						if err := appendTo(t, "r", "", "x")(tx); err != nil {
							return err
						}
						if err := wantHead(t, tx, i+1); err != nil {
							return err
						}
						if i == 1 || i == 2 && name != "join" {
							if err := step(t, tx, i+1); err != nil {
								return err
							}
						}
					}
					return nil
				})
				room, err := s.GetRoomFor(ctx, "ana", "r")
				if err != nil || room.Head != 4 {
					t.Errorf("room: %+v, %v", room, err)
				}
				dense(t, s, "r", 4)
				mark(t, s, "ana", "r", 0, true)
				wantUnread(t, s, "ana", "r", 0, 4, 0)
			})
		})
	}
}

// What was remembered from earlier transactions ends when another process
// writes, or when what was written is rolled back.
func TestWhatIsRememberedEndsInTime(t *testing.T) {
	ctx := t.Context()
	for _, b := range backends() {
		t.Run(b.name, func(t *testing.T) {
			url := b.url(t)
			s := open(t, url)
			addUser(t, s, "ana", "bo")
			addRoom(t, s, "r", "ana", "bo")
			other := open(t, url)
			role := func(want minichat.Role, head int64) {
				t.Helper()
				write(t, s, func(tx *Tx) error {
					room, m, err := tx.GetPlace(ctx, "r", "ana")
					if err != nil || m.Role != want || room.Head != head {
						t.Errorf("got %+v, %+v, %v, want role %q and head %d", room, m, err, want, head)
					}
					return err
				})
			}
			for i := range int64(3) { // the two take turns, and neither polls that often
				post(t, s, "r", "ana", "one")
				role("", 3*i+1)
				post(t, other, "r", "bo", "two")
				post(t, s, "r", "ana", "three")
				role("", 3*i+3)
			}
			write(t, other, func(tx *Tx) error { return tx.SetMemberRole(ctx, "r", "ana", minichat.Admin) })
			role(minichat.Admin, 9)
			err := s.Write(ctx, func(tx *Tx) error {
				if err := appendTo(t, "r", "", "taken back")(tx); err != nil {
					return err
				}
				if err := tx.SetRead(ctx, []ReadMark{{"ana", "r", 10, false}}); err != nil {
					return err
				}
				return errors.New("and now not")
			})
			if err == nil {
				t.Error("a write that failed succeeded")
			}
			role(minichat.Admin, 9)
			if _, m, err := s.GetPlace(ctx, "r", "ana"); err != nil || m.Read != 0 {
				t.Errorf("read: %+v, %v, want 0", m, err)
			}
			post(t, s, "r", "ana", "ten")
			dense(t, s, "r", 10)
		})
	}
}

// However many people and rooms there are, only so many are remembered.
func TestRememberForgets(t *testing.T) {
	m := map[int]int{}
	for i := range 3 * remembered {
		if remember(m, i, i); m[i] != i || len(m) > remembered {
			t.Fatalf("after %d: %d kept, the last is %d", i, len(m), m[i])
		}
	}
}

// A place that is remembered has the room's present head also when where its room
// ends was forgotten, for there were too many.
func TestTooManyEndsForgetPlacesToo(t *testing.T) {
	ctx := t.Context()
	s := open(t, backends()[0].url(t))
	addUser(t, s, "ana")
	addRoom(t, s, "r", "ana")
	write(t, s, func(tx *Tx) error { _, _, err := tx.GetPlace(ctx, "r", "ana"); return err })
	post(t, s, "r", "ana", "one")
	write(t, s, func(tx *Tx) error {
		for i := range remembered {
			tx.memory.ends[strconv.Itoa(i)] = new(roomEnd)
		}
		return nil
	})
	write(t, s, func(tx *Tx) error {
		room, _, err := tx.GetPlace(ctx, "r", "ana")
		if err != nil || room.Head != 1 {
			t.Errorf("got %+v, %v, want head 1", room, err)
		}
		return err
	})
}
