package chat

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"minichat"
	"minichat/internal/bus"
)

func TestCreateRoom(t *testing.T) {
	w := newWorld(t)
	ana, ben := w.user("ana", minichat.Member), w.user("ben", minichat.Member)
	w.user("cat", minichat.Guest)
	guest := w.user("gus", minichat.Guest)
	w.room(ana, minichat.Channel, "Tea")
	w.room(ana, minichat.Private, "secret")
	for _, c := range []struct {
		name string
		by   minichat.User
		n    NewRoom
		want minichat.Code
	}{
		{"taken", ana, NewRoom{Kind: "channel", Name: "tea"}, minichat.Conflict},
		{"a private room's name is free", ben, NewRoom{Kind: "channel", Name: "secret"}, ""},
		{"private ones may be alike", ben, NewRoom{Kind: "private", Name: "Tea"}, ""},
		{"no name", ana, NewRoom{Kind: "channel"}, minichat.BadName},
		{"65 letters", ana, NewRoom{Kind: "channel", Name: strings.Repeat("x", 65)}, minichat.BadName},
		{"no kind", ana, NewRoom{Name: "x"}, minichat.BadField},
		{"a kind that is none", ana, NewRoom{Kind: "Channel", Name: "x"}, minichat.BadField},
		{"nobody", ana, NewRoom{Kind: "private", Name: "x", Members: []string{"nobody"}}, minichat.NotFound},
		{"the lab", ana, NewRoom{Kind: "private", Name: "x", Members: []string{"lab"}}, minichat.NotFound},
		{"a guest may be put in", ana, NewRoom{Kind: "private", Name: "x", Members: []string{"gus", "gus"}}, ""},
		{"a guest may not make", guest, NewRoom{Kind: "private", Name: "x"}, minichat.Forbidden},
		{"direct with nobody", ana, NewRoom{Kind: "direct"}, minichat.BadField},
		{"direct with herself", ana, NewRoom{Kind: "direct", Members: []string{"ana"}}, minichat.BadField},
		{"direct with a name", ana, NewRoom{Kind: "direct", Name: "x", Members: []string{"ben"}}, minichat.BadField},
		{"long topic", ana, NewRoom{Kind: "channel", Name: "y", Topic: strings.Repeat("x", 257)}, minichat.TooLong},
	} {
		_, created, err := w.CreateRoom(t.Context(), c.by, c.n)
		wantCode(t, c.name, err, c.want)
		if created != (c.want == "") {
			t.Errorf("%s: created %v", c.name, created)
		}
	}
}

func TestDirectRoomsAreOne(t *testing.T) {
	w := newWorld(t)
	ana, ben := w.user("ana", minichat.Member), w.user("ben", minichat.Member)
	w.user("cat", minichat.Member)
	two := w.room(ana, minichat.Direct, "", "ben")
	three := w.room(ana, minichat.Direct, "", "ben", "cat")
	if two == three {
		t.Error("two and three people have one room")
	}
	r, created, err := w.CreateRoom(t.Context(), ben, NewRoom{Kind: "direct", Members: []string{"ana", "ben", "ana"}})
	if err != nil || created || r.ID != two {
		t.Errorf("again by the other: got %+v, %v, %v, want %s", r, created, err, two)
	}
	if r.Role != "" || r.Members != 2 {
		t.Errorf("direct room: got %+v", r)
	}
}

func TestMembersComeAndGo(t *testing.T) {
	w := newWorld(t, func(l *minichat.Limits) { l.RoomsPerUser = 2 })
	ana, ben := w.user("ana", minichat.Member), w.user("ben", minichat.Member)
	room := w.room(ana, minichat.Channel, "tea")
	for _, do := range []func() error{
		func() error { return w.AddMember(t.Context(), ben, room, "me") },
		func() error { return w.AddMember(t.Context(), ben, room, "ben") },
		func() error { return w.RemoveMember(t.Context(), ana, room, "ben") },
		func() error { return w.AddMember(t.Context(), ana, room, "ben") },
		func() error { return w.RemoveMember(t.Context(), ben, room, "me") },
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, m := range w.heard(bus.Event) {
		if b, ok := m.Event.Body.(minichat.MemberBody); ok {
			got = append(got, m.By+" "+b.Change+" "+b.User.ID)
		}
	}
	want := []string{"ana joined ana", "ben joined ben", "ana removed ben", "ana joined ben", "ben left ben"}
	if !slices.Equal(got, want) {
		t.Errorf("events: got %v, want %v", got, want)
	}
	wantCode(t, "removing who is not in it", w.RemoveMember(t.Context(), ana, room, "ben"), minichat.NotFound)
	wantCode(t, "adding nobody", w.AddMember(t.Context(), ana, room, "nobody"), minichat.NotFound)
	w.room(ben, minichat.Private, "one")
	w.room(ben, minichat.Private, "two")
	wantCode(t, "a third room", w.AddMember(t.Context(), ben, room, "me"), minichat.TooMany)
	wantCode(t, "being put into a third room", w.AddMember(t.Context(), ana, room, "ben"), minichat.TooMany)
}

func TestChangeRoom(t *testing.T) {
	w := newWorld(t)
	ana := w.user("ana", minichat.Member)
	room := w.room(ana, minichat.Channel, "tea")
	w.room(ana, minichat.Channel, "coffee")
	change := func(ch RoomChange) (minichat.Room, error) { return w.ChangeRoom(t.Context(), ana, room, ch) }
	name := func(s string) *string { return &s }
	yes, no := true, false
	_, err := change(RoomChange{Name: name("Coffee")})
	wantCode(t, "another's name", err, minichat.Conflict)
	if r, err := change(RoomChange{Name: name("TEA"), Topic: name("hot"), Archived: &yes}); err != nil || r.Name != "TEA" || r.Topic != "hot" || !r.Archived {
		t.Errorf("changed: got %+v, %v", r, err)
	}
	head := w.head(room)
	if r, err := change(RoomChange{Name: name("TEA"), Archived: &yes}); err != nil || r.Head != head {
		t.Errorf("the same again: got head %d, %v, want no event after %d", r.Head, err, head)
	}
	_, err = change(RoomChange{Topic: name("cold")})
	wantCode(t, "a topic in the archive", err, minichat.Forbidden)
	_, err = change(RoomChange{Name: name("chai"), Archived: &yes})
	wantCode(t, "a name in the archive", err, minichat.Forbidden)
	if r, err := change(RoomChange{Archived: &no, Topic: name("")}); err != nil || r.Archived || r.Topic != "" {
		t.Errorf("changed back: got %+v, %v", r, err)
	}
}

func TestLists(t *testing.T) {
	w := newWorld(t)
	ana, guest := w.user("ana", minichat.Member), w.user("gus", minichat.Guest)
	ben := w.user("ben", minichat.Member)
	for _, name := range []string{"a", "b", "c"} {
		w.room(ana, minichat.Channel, name)
	}
	w.room(ana, minichat.Private, "hidden", "gus")
	var got []string
	after := ""
	for {
		page, err := w.Joinable(t.Context(), ben, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.List {
			got = append(got, r.Name)
		}
		if after = page.Next; after == "" {
			break
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("joinable: got %v", got)
	}
	if page, err := w.Joinable(t.Context(), guest, "", 0); err != nil || len(page.List) != 0 || page.List == nil {
		t.Errorf("joinable by a guest: got %+v, %v", page, err)
	}
	if page, err := w.Rooms(t.Context(), guest, "", 0); err != nil || len(page.List) != 1 {
		t.Errorf("a guest's rooms: got %+v, %v", page, err)
	}
	for _, bad := range []int{-1, 201, 1e9} {
		_, err := w.Rooms(t.Context(), ana, "", bad)
		wantCode(t, "limit", err, minichat.BadField)
	}
}

// Rows 43 and 44.
func TestPages(t *testing.T) {
	w := newWorld(t)
	ana := w.user("ana", minichat.Member)
	room := w.room(ana, minichat.Channel, "tea")
	for range 10 {
		w.post(ana, room, "x")
	}
	at := func(n int64) *int64 { return &n }
	for _, c := range []struct {
		name          string
		after, before *int64
		limit         int
		from, to      int64
		want          minichat.Code
	}{
		{"the last page", nil, nil, 3, 10, 12, ""},
		{"from the beginning", at(0), nil, 3, 1, 3, ""},
		{"after", at(5), nil, 0, 6, 12, ""},
		{"before", nil, at(5), 2, 3, 4, ""},
		{"after the end", at(12), nil, 0, 13, 12, ""},
		{"beyond the end", at(99), nil, 0, 100, 99, ""},
		{"before the beginning", nil, at(1), 0, 1, 0, ""},
		{"before nothing", nil, at(0), 0, 1, 0, ""},
		{"both", at(1), at(5), 0, 0, 0, minichat.BadField},
		{"limit", nil, nil, 201, 0, 0, minichat.BadField},
	} {
		p, err := w.Events(t.Context(), ana, room, c.after, c.before, c.limit)
		wantCode(t, c.name, err, c.want)
		if err != nil {
			continue
		}
		if p.From != c.from || p.To != c.to || p.Head != 12 || int64(len(p.List)) != c.to-c.from+1 {
			t.Errorf("%s: got %d…%d of %d with %d, want %d…%d", c.name, p.From, p.To, p.Head, len(p.List), c.from, c.to)
		}
	}
}

// What is read of a room is not younger than the last judgement: who is removed
// meanwhile gets nothing.
func TestRemovedWhileReading(t *testing.T) {
	w := newWorld(t)
	ana, ben := w.user("ana", minichat.Owner), w.user("ben", minichat.Member)
	room := w.room(ana, minichat.Private, "board", ben.ID)
	_, err := judged(t.Context(), w.Chat, ben.ID, room, minichat.ReadRoom, func(place) (bool, error) {
		return true, w.RemoveMember(t.Context(), ana, room, ben.ID)
	})
	if minichat.CodeOf(err) != minichat.NotFound {
		t.Errorf("removed while reading: got %v, want not_found", err)
	}
	// A room's name is so read: he finds it as long as he is in it, and then no other.
	if err := w.AddMember(t.Context(), ana, room, ben.ID); err != nil {
		t.Fatal(err)
	}
	rename := func(to string) {
		if _, err := w.ChangeRoom(t.Context(), ana, room, RoomChange{Name: &to}); err != nil {
			t.Fatal(err)
		}
	}
	stop := make(chan struct{})
	var asking sync.WaitGroup
	defer asking.Wait()
	defer close(stop)
	asking.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			w.reads.set(ben.ID, room, 1, true) // so that there is something to wait for
			if r, err := w.Room(t.Context(), ben, room); err == nil && r.Name != "board" {
				t.Errorf("got the name %q after the removal", r.Name)
				return
			}
		}
	})
	for i := 0; i < 40 && !t.Failed(); i++ {
		if err := w.RemoveMember(t.Context(), ana, room, ben.ID); err != nil {
			t.Fatal(err)
		}
		rename(fmt.Sprint("behind his back ", i))
		rename("board")
		if err := w.AddMember(t.Context(), ana, room, ben.ID); err != nil {
			t.Fatal(err)
		}
	}
}
