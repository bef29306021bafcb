package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"minichat"
)

func wantUnread(t *testing.T, s *Store, user, room string, read, unread, mentions int64) {
	t.Helper()
	r, err := s.GetRoomFor(t.Context(), user, room)
	if err != nil {
		t.Fatal(err)
	}
	if r.Read != read || r.Unread != unread || r.Mentions != mentions {
		t.Errorf("%s in %s: read %d, unread %d, mentions %d, want %d, %d, %d", user, room, r.Read, r.Unread, r.Mentions, read, unread, mentions)
	}
}

func mark(t *testing.T, s *Store, user, room string, seq int64, back bool) {
	t.Helper()
	write(t, s, func(tx *Tx) error { return tx.SetRead(t.Context(), []ReadMark{{user, room, seq, back}}) })
}

func TestUnread(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		addUser(t, s, "ana", "bo", "cy")
		addRoom(t, s, "r", "ana", "bo")
		message := func(b minichat.MessageBody) int64 { return say(t, s, "r", "ana", minichat.KindMessage, b).Seq }
		root := message(minichat.MessageBody{Text: "1"})
		message(minichat.MessageBody{Text: "2", Mentions: []string{"bo", "all"}}) // one mention, not two
		message(minichat.MessageBody{Text: "3", Thread: root})                    // in the thread alone
		message(minichat.MessageBody{Text: "4", Thread: root, InRoom: true, Mentions: []string{"here"}})
		message(minichat.MessageBody{Text: "5", Mentions: []string{"ana"}})
		last := say(t, s, "r", "ana", minichat.KindReact, minichat.ReactBody{Target: root, Emoji: "👍", On: true}).Seq
		wantUnread(t, s, "bo", "r", 0, 4, 2)
		mark(t, s, "bo", "r", 2, false)
		wantUnread(t, s, "bo", "r", 2, 2, 1)
		mark(t, s, "bo", "r", 3, false)
		wantUnread(t, s, "bo", "r", 3, 2, 1)
		mark(t, s, "bo", "r", 1, false) // not back
		wantUnread(t, s, "bo", "r", 3, 2, 1)
		mark(t, s, "bo", "r", 1, true)
		wantUnread(t, s, "bo", "r", 1, 3, 2)
		mark(t, s, "bo", "r", 999, false) // not beyond the head
		wantUnread(t, s, "bo", "r", last, 0, 0)
		mark(t, s, "bo", "r", 0, true)
		wantUnread(t, s, "bo", "r", 0, 4, 2)
		mark(t, s, "cy", "r", 3, false) // not in the room
		write(t, s, func(tx *Tx) error { return tx.InsertMember(t.Context(), "r", "cy", "", 1) })
		wantUnread(t, s, "cy", "r", last, 0, 0) // who joins has nothing unread
		say(t, s, "r", "ana", minichat.KindEdit, minichat.EditBody{Target: 2, Text: "2", Rev: 2, Mentions: []string{"cy"}})
		wantUnread(t, s, "bo", "r", 0, 4, 1) // the edit took the mention back
		say(t, s, "r", "ana", minichat.KindDelete, minichat.TargetBody{Target: 4})
		wantUnread(t, s, "bo", "r", 0, 4, 0)
	})
}

func TestUnreadInDirectConversationsAreMentions(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		addUser(t, s, "ana", "bo", "cy")
		people := []string{"cy", "ana", "bo"}
		direct := minichat.Room{ID: "d", Kind: minichat.Direct, With: []string{"bo", "cy"}}
		write(t, s, func(tx *Tx) error {
			if err := tx.InsertRoom(t.Context(), direct, "ana"); err != nil {
				return err
			}
			for _, p := range people {
				if err := tx.InsertMember(t.Context(), "d", p, "", 1); err != nil {
					return err
				}
			}
			return nil
		})
		post(t, s, "d", "ana", "x")
		post(t, s, "d", "ana", "y")
		wantUnread(t, s, "bo", "d", 0, 2, 2)
		r, err := s.GetRoomFor(t.Context(), "bo", "d")
		if err != nil || !slices.Equal(r.With, []string{"ana", "cy"}) || r.Members != 3 {
			t.Errorf("got %+v, %v", r, err)
		}
		list, err := s.ListUnread(t.Context(), "bo", []string{"d", "elsewhere"})
		if want := []Unread{{Room: "d", Head: 2, Unread: 2, Mentions: 2}}; err != nil || !slices.Equal(list, want) {
			t.Errorf("got %+v, %v, want %+v", list, err, want)
		}
		if id, err := s.FindDirect(t.Context(), people); id != "d" || err != nil {
			t.Errorf("found %q, %v", id, err)
		}
		if id, err := s.FindDirect(t.Context(), people[:2]); id != "" || err != nil {
			t.Errorf("fewer people found %q, %v", id, err)
		}
		direct.ID = "e"
		err = s.Write(t.Context(), func(tx *Tx) error { return tx.InsertRoom(t.Context(), direct, "ana") })
		if minichat.CodeOf(err) != minichat.Conflict {
			t.Errorf("a second conversation of the same people: %v", err)
		}
	})
}

// Unread is what a count over the whole log says, wherever somebody has read to.
func TestUnreadIsTheCount(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		addUser(t, s, "ana", "bo")
		addRoom(t, s, "r", "ana", "bo")
		rnd := rand.New(rand.NewPCG(1, 2))
		counts := []bool{}
		for i := range 120 {
			b := minichat.MessageBody{Text: "x"}
			if i > 0 && rnd.IntN(3) == 0 {
				b.Thread, b.InRoom = 1, rnd.IntN(2) == 0
			}
			if i > 0 && rnd.IntN(4) == 0 {
				say(t, s, "r", "ana", minichat.KindPin, minichat.PinBody{Target: 1, On: true})
				counts = append(counts, false)
			}
			say(t, s, "r", "ana", minichat.KindMessage, b)
			counts = append(counts, b.Thread == 0 || b.InRoom)
		}
		for seq := range len(counts) + 1 {
			want := int64(0)
			for _, c := range counts[seq:] {
				if c {
					want++
				}
			}
			mark(t, s, "bo", "r", int64(seq), true)
			wantUnread(t, s, "bo", "r", int64(seq), want, 0)
		}
	})
}

func TestRooms(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		addUser(t, s, "ana", "bo")
		for i := range 5 {
			addRoom(t, s, fmt.Sprint("r", i), "ana")
		}
		addRoom(t, s, "s", "bo")
		names := func(list []minichat.Room, err error) (ids []string) {
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range list {
				ids = append(ids, r.ID)
			}
			return ids
		}
		if got := names(s.ListRooms(t.Context(), "ana", "r1", 2)); !slices.Equal(got, []string{"r2", "r3"}) {
			t.Errorf("my rooms: %v", got)
		}
		if got := names(s.ListJoinable(t.Context(), "ana", "", 9)); !slices.Equal(got, []string{"s"}) {
			t.Errorf("joinable: %v", got)
		}
		write(t, s, func(tx *Tx) error {
			return tx.UpdateRoom(t.Context(), minichat.Room{ID: "s", Kind: minichat.Private, Name: "Straße", Topic: "t", Archived: true})
		})
		if got := names(s.ListJoinable(t.Context(), "ana", "", 9)); got != nil {
			t.Errorf("joinable: %v", got)
		}
		room, err := s.FindRoomByName(t.Context(), "STRASSE")
		if err != nil || room == nil || room.ID != "s" || room.Kind != minichat.Private || room.Topic != "t" || !room.Archived || room.Members != 1 {
			t.Errorf("by name: %+v, %v", room, err)
		}
		if room, err := s.FindChannel(t.Context(), "Strasse"); room != nil || err != nil {
			t.Errorf("a private room was found among channels: %+v, %v", room, err)
		}
		if room, err := s.FindChannel(t.Context(), "R1"); err != nil || room == nil || room.ID != "r1" {
			t.Errorf("channel: %+v, %v", room, err)
		}
		if room, err := s.FindRoomByName(t.Context(), "nothing"); room != nil || err != nil {
			t.Errorf("by name: %+v, %v", room, err)
		}
		post(t, s, "r0", "ana", "x")
		heads, err := s.Heads(t.Context())
		if err != nil || len(heads) != 6 || heads["r0"] != 1 || heads["s"] != 0 {
			t.Errorf("heads: %v, %v", heads, err)
		}
		place, m, err := s.GetPlace(t.Context(), "r0", "ana")
		if err != nil || place == nil || place.Head != 1 || m == nil || m.User != "ana" || m.Room != "r0" {
			t.Errorf("place: %+v, %+v, %v", place, m, err)
		}
		if place, m, err := s.GetPlace(t.Context(), "r0", "bo"); place == nil || m != nil || err != nil {
			t.Errorf("place of a stranger: %+v, %+v, %v", place, m, err)
		}
		if place, m, err := s.GetPlace(t.Context(), "nowhere", "bo"); place != nil || m != nil || err != nil {
			t.Errorf("no place: %+v, %+v, %v", place, m, err)
		}
		stranger, err := s.GetRoomFor(t.Context(), "bo", "r0")
		if err != nil || stranger == nil || stranger.Unread != 0 || stranger.Head != 1 {
			t.Errorf("room for a stranger: %+v, %v", stranger, err)
		}
	})
}

func TestMembers(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		addUser(t, s, "ana", "bo", "cy")
		addRoom(t, s, "r", "ana", "bo")
		write(t, s, func(tx *Tx) error {
			if err := tx.EnsureLab(t.Context()); err != nil {
				return err
			}
			if err := tx.EnsureLab(t.Context()); err != nil {
				return err
			}
			if err := tx.SetMemberRole(t.Context(), "r", "bo", minichat.Admin); err != nil {
				return err
			}
			return tx.InsertMember(t.Context(), "r", minichat.LabUser, "", 1)
		})
		members, err := s.ListMembers(t.Context(), "r", "", 9)
		if err != nil || len(members) != 2 || members[0].User.ID != "ana" || members[1].Role != minichat.Admin {
			t.Errorf("members: %+v, %v", members, err)
		}
		if members, err := s.ListMembers(t.Context(), "r", "ana", 1); err != nil || len(members) != 1 || members[0].User.ID != "bo" {
			t.Errorf("members after ana: %+v, %v", members, err)
		}
		if room, err := s.GetRoom(t.Context(), "r"); err != nil || room.Members != 2 {
			t.Errorf("the lab's author is counted: %+v, %v", room, err)
		}
		found, err := s.FindMembers(t.Context(), "r", []string{"bo", "cy", "nobody", "ana"})
		if err != nil || len(found) != 2 || found["bo"] != "bo" || found["ana"] != "ana" {
			t.Errorf("found %v, %v", found, err)
		}
		again := s.Write(t.Context(), func(tx *Tx) error { return tx.InsertMember(t.Context(), "r", "bo", "", 1) })
		if minichat.CodeOf(again) != minichat.Conflict {
			t.Errorf("a second membership: %v", again)
		}
		write(t, s, func(tx *Tx) error {
			for range 2 { // the second finds nobody
				if err := tx.DeleteMember(t.Context(), "r", "bo"); err != nil {
					return err
				}
			}
			return tx.DeleteMember(t.Context(), "r", minichat.LabUser)
		})
		if room, err := s.GetRoom(t.Context(), "r"); err != nil || room.Members != 1 {
			t.Errorf("after leaving: %+v, %v", room, err)
		}
		if m, err := s.GetMembership(t.Context(), "r", "bo"); m != nil || err != nil {
			t.Errorf("who left: %+v, %v", m, err)
		}
		ids, err := s.MemberIDs(t.Context(), "r")
		rooms, err2 := s.RoomIDs(t.Context(), "ana")
		n, err3 := s.CountRooms(t.Context(), "ana")
		if !slices.Equal(ids, []string{"ana"}) || !slices.Equal(rooms, []string{"r"}) || n != 1 || err != nil || err2 != nil || err3 != nil {
			t.Errorf("ids %v, rooms %v, %d: %v %v %v", ids, rooms, n, err, err2, err3)
		}
	})
}
