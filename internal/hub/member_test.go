package hub

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"minichat"
	"minichat/internal/bus"
)

// Removed in the middle of many posts: the removal is the last that he reads of
// the room, wherever his sessions stood; then gone.
func TestRemovalIsAFence(t *testing.T) {
	w := newWorld(t)
	w.addRoom("r", "ana", "bo", "eve")
	for range 500 {
		w.post("r", "ana", "x")
	}
	live, replaying, other, stays := w.dial("bo"), w.dial("bo"), w.dial("bo"), w.dial("eve")
	live.watch("r", "")
	stays.watch("r", "")
	replaying.say(`{"type":"watch","n":1,"room":"r","after":0}`)
	replaying.next("ok")

	var posting sync.WaitGroup
	stop := make(chan struct{})
	for range 3 {
		posting.Go(func() {
			for i := 0; i < 300; i++ {
				w.post("r", "ana", "x")
			}
			<-stop
			w.post("r", "ana", "after all")
		})
	}
	fence := w.member("r", "bo", minichat.Removed)
	close(stop)
	posting.Wait()

	live.collect(501, fence)
	at := int64(0)
	for at < fence {
		m := replaying.next("events", "event", "synced")
		for _, seq := range m.seqs() {
			if at++; seq != at {
				t.Fatalf("got %d, want %d", seq, at)
			}
		}
	}
	for _, c := range []*client{live, replaying, other} {
		m := c.next("gone", "synced")
		if c == replaying && m.Type == "synced" { // the last page ended with the removal, which had not come by itself yet
			m = c.next("gone")
		}
		if m.Type != "gone" || m.Room != "r" || m.Why != "removed" {
			t.Errorf("got %s, want gone", m.Raw)
		}
		c.say(`{"type":"watch","n":7,"room":"r","after":0}`)
		if m := c.next("error"); m.Code != "not_found" {
			t.Errorf("watch after removal: got %s, want not_found", m.Raw)
		}
		for _, m := range c.fence() {
			t.Errorf("after gone: got %s", m.Raw)
		}
	}
	stays.collect(501, w.headOf("r"))
}

func TestRoomFrames(t *testing.T) {
	w := newWorld(t)
	w.addRoom("r", "ana")
	w.addRoom("new")
	ana, bo := w.dial("ana", following), w.dial("bo", following)
	bots := w.dial("bo")
	w.member("r", "bo", minichat.Joined)
	w.member("new", "bo", minichat.Joined) // a room that nobody here had to do with
	for _, c := range []*client{bo, bots} {
		for _, id := range []string{"r", "new"} {
			if m := c.next("room"); m.Room != id {
				t.Errorf("got %s, want room %s", m.Raw, id)
			}
		}
	}
	name := "other"
	w.append("r", "ana", "", minichat.KindRoom, minichat.RoomBody{Name: &name})
	for _, c := range []*client{ana, bo} {
		if m := c.next("room"); m.Room != "r" {
			t.Errorf("renamed: got %s, want room r", m.Raw)
		}
	}
	w.append("r", "ana", "", minichat.KindMember, minichat.MemberBody{User: minichat.User{ID: "bo"}, Change: minichat.RoleChanged, Role: minichat.Admin})
	if m := bo.next("room"); m.Room != "r" {
		t.Errorf("role: got %s, want room r", m.Raw)
	}
	w.member("r", "bo", minichat.Left)
	if m := bo.next("gone"); m.Room != "r" || m.Why != "left" {
		t.Errorf("got %s, want gone left", m.Raw)
	}
	w.bus.Publish(bus.Message{Kind: bus.Room, Room: "new", User: "bo"})
	if m := bo.next("room"); m.Room != "new" {
		t.Errorf("got %s, want room new", m.Raw)
	}
}

// Out and in again at once: the client must end up knowing that it is in.
func TestRemovedAndAddedAgain(t *testing.T) {
	w := newWorld(t)
	w.addRoom("r", "ana", "bo")
	for i := range 50 {
		c := w.dial("bo")
		c.watch("r", "")
		w.member("r", "bo", minichat.Removed)
		w.member("r", "bo", minichat.Joined)
		c.next("event")
		if m := c.next("gone"); m.Room != "r" {
			t.Errorf("round %d: got %s, want gone", i, m.Raw)
		}
		if m := c.next("room"); m.Room != "r" {
			t.Errorf("round %d: got %s, want room", i, m.Raw)
		}
		c.watch("r", "")
		seq := w.post("r", "ana", "x")
		c.collect(seq, seq)
		c.ws.CloseNow()
	}
}

// again has a session start once more, by hand, as one that follows.
func (w *world) again(s *Session) {
	s.mu.Lock()
	s.before = new(before)
	s.mu.Unlock()
	s.all = true
	w.hub.late.open()
}

// What happens between Join and Start is neither lost nor told too early.
func TestNoticesWaitForTheWelcome(t *testing.T) {
	w := newWorld(t)
	w.addRoom("r", "bo")
	w.addRoom("r2")
	w.addRoom("far", "bo")
	c := w.dial("bo")
	s := w.hub.everySession()[0]
	c2 := w.dial("bo")
	var second *Session
	for _, x := range w.hub.everySession() {
		if x != s {
			second = x
		}
	}
	w.again(second)
	rooms := []minichat.Room{w.rooms["r"].Room, w.rooms["far"].Room}
	w.member("r", "bo", minichat.Removed)
	w.member("r2", "bo", minichat.Joined)
	seq := w.post("far", "ana", "unseen by anybody")
	c.next("gone")
	c.next("room")
	second.Start([]byte(`{"type":"welcome"}`), rooms, "", nil)
	got := []string{}
	for len(got) < 3 {
		m := c2.next("welcome", "gone", "room")
		got = append(got, m.Type)
	}
	if want := "welcome gone room"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	m := c2.next("heads")
	if want := fmt.Sprintf(`[["far",%d,1,0]]`, seq); string(m.List) != want {
		t.Errorf("got heads %s, want %s", m.List, want)
	}
	if r := w.hub.find("r"); r != nil && r.members["bo"] != nil && r.members["bo"].joined {
		t.Error("follows a room that he was removed from")
	}
}

// Whoever follows a room from a list that is older than its last event hears of
// that, also when it told of a member and nobody had to do with the room.
func TestFollowsFromAnOldList(t *testing.T) {
	w := newWorld(t)
	w.addRoom("r", "bo", "eve")
	c := w.dial("bo")
	s := w.hub.everySession()[0]
	w.again(s)
	rooms := []minichat.Room{w.rooms["r"].Room}
	seq := w.member("r", "eve", minichat.Removed)
	s.Start([]byte(`{"type":"welcome"}`), rooms, "", nil)
	c.next("welcome")
	r := w.hub.find("r")
	r.mu.Lock()
	defer r.mu.Unlock()
	if max(r.head, r.want) != seq {
		t.Errorf("knows of event %d, want %d", max(r.head, r.want), seq)
	}
}

func TestHealsHoles(t *testing.T) {
	w := newWorld(t)
	w.addRoom("r", "ana", "bo")
	c, bo := w.dial("ana"), w.dial("bo")
	c.watch("r", "")
	bo.watch("r", "")
	w.lose = func(seq int64) bool { return seq%7 == 3 || seq > 40 && seq < 60 }
	for range 100 {
		w.post("r", "ana", "x")
	}
	c.collect(1, 100)
	if w.hub.Stats().Holes == 0 {
		t.Error("no hole was counted")
	}
	// Only the last ones, and a removal among them: a sweep finds them.
	w.lose = func(int64) bool { return true }
	w.post("r", "ana", "x")
	fence := w.member("r", "bo", minichat.Removed)
	last := w.post("r", "ana", "x")
	w.hub.Sweep(t.Context(), map[string]int64{"r": last, "unknown": 5})
	c.collect(101, last)
	bo.collect(1, fence)
	if m := bo.next("gone"); m.Why != "removed" {
		t.Errorf("got %s, want gone", m.Raw)
	}
	for _, m := range bo.fence() {
		t.Errorf("after gone: got %s", m.Raw)
	}
	// A forged announcement changes nothing.
	w.hub.Sweep(t.Context(), map[string]int64{"r": last + 1000})
	w.lose = nil
	c.collect(w.post("r", "ana", "x"), last+1)
}

// A page that was read when a removal, and a message behind it, were in the log but
// not announced yet: the message is not for the removed one.
func TestPageAheadOfTheAnnouncements(t *testing.T) {
	w := newWorld(t)
	w.addRoom("r", "ana", "bo")
	for range 3 {
		w.post("r", "ana", "x")
	}
	w.feeding = func() {
		w.feeding = nil
		w.falter()
		w.member("r", "bo", minichat.Removed)
		w.post("r", "ana", "behind his back")
	}
	bo := w.dial("bo")
	bo.say(`{"type":"watch","n":1,"room":"r","after":0}`)
	bo.next("ok")
	bo.collect(1, 3)
	if m := bo.next("synced"); m.Head != 3 {
		t.Errorf("got %s, want head 3", m.Raw)
	}
	w.announce()
	bo.collect(4, 4)
	bo.next("gone")
	for _, m := range bo.fence() {
		t.Errorf("after gone: got %s", m.Raw)
	}
}

// A removal that is in the log already as the room becomes known here, and is
// announced only then, is heeded.
func TestRemovalBeforeTheRoomIsKnown(t *testing.T) {
	for _, after := range []string{"", `,"after":0`} {
		var w *world
		w = newWorld(t, func(o *Options, _ *sockOptions) {
			judge, once := o.Judge, sync.Once{}
			o.Judge = func(ctx context.Context, user, room string) (head, floor int64, err error) {
				head, floor, err = judge(ctx, user, room)
				if user == "bo" {
					once.Do(func() {
						w.falter()
						w.member("r", "bo", minichat.Removed)
						w.post("r", "ana", "behind his back")
						w.dial("ana").watch("r", "")
					})
				}
				return head, floor, err
			}
		})
		w.addRoom("r", "ana", "bo")
		for range 3 {
			w.post("r", "ana", "x")
		}
		bo := w.dial("bo")
		bo.say(`{"type":"watch","n":1,"room":"r"%s}`, after)
		bo.next("ok")
		if after != "" {
			bo.collect(1, 4)
		}
		w.announce()
		w.post("r", "ana", "and again")
		if m := bo.next("gone", "events", "event"); m.Type != "gone" {
			t.Errorf("watch%s: got %s, want gone", after, m.Raw)
		}
		for _, m := range bo.fence() {
			t.Errorf("watch%s: after gone: got %s", after, m.Raw)
		}
	}
}
