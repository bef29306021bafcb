package hub

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"minichat"
	"minichat/internal/bus"
	"minichat/internal/protocol"
)

// Removed in the middle of many posts: the removal is the last that he reads of
// the room, wherever his sessions stood; then gone. Who was still reading the log
// need not come as far.
func TestRemovalIsAFence(t *testing.T) {
	w := newWorld(t)
	w.addRoom("r", "ana", "bo", "eve")
	for range 500 {
		w.post("r", "ana", "x")
	}
	live, other, stays := w.dial("bo"), w.dial("bo"), w.dial("eve")
	live.watch("r", "")
	stays.watch("r", "")
	replaying := w.replaying("bo")

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
	for _, c := range []*client{live, replaying, other} {
		m := c.next("gone", "events", "event", "synced")
		for ; c == replaying && m.Type != "gone"; m = c.next("gone", "events", "event", "synced") {
			for _, seq := range m.seqs() {
				if at++; seq != at || seq > fence {
					t.Fatalf("got %d, want %d, and none behind %d", seq, at, fence)
				}
			}
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
	w.member("r", "bo", minichat.Removed)
	last := w.post("r", "ana", "x")
	w.hub.Sweep(t.Context(), map[string]int64{"r": last, "unknown": 5})
	c.collect(101, last)
	bo.collect(1, 100)
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

// replaying is a client that has just asked for all of the room.
func (w *world) replaying(user string) *client {
	w.t.Helper()
	c := w.dial(user)
	c.say(`{"type":"watch","n":1,"room":"r","after":0}`)
	c.next("ok")
	return c
}

// withThree is a world with a room of three messages.
func withThree(t *testing.T, change ...func(*Options, *sockOptions)) *world {
	w := newWorld(t, change...)
	w.addRoom("r", "ana", "bo")
	for range 3 {
		w.post("r", "ana", "x")
	}
	return w
}

// goneOnly fails unless nothing but gone comes of the room, and that once.
func (c *client) goneOnly() {
	c.t.Helper()
	if m := c.next("gone", "events", "event", "synced"); m.Type != "gone" || m.Why != "removed" {
		c.t.Errorf("got %s, want gone", m.Raw)
	}
	for _, m := range c.fence() {
		c.t.Errorf("after gone: got %s", m.Raw)
	}
}

// A page that was read when a removal, and more behind it, were in the log but not
// announced yet is not for the removed one: it shows what was done after him.
func TestPageAheadOfTheAnnouncements(t *testing.T) {
	w := withThree(t)
	w.feeding = func() {
		w.feeding = nil
		w.falter()
		w.member("r", "bo", minichat.Removed)
		w.post("r", "ana", "behind his back")
	}
	bo := w.replaying("bo")
	bo.goneOnly()
}

// One that was read at the removal is.
func TestPageAtTheRemoval(t *testing.T) {
	w := withThree(t)
	w.feeding = func() {
		w.feeding = nil
		w.falter()
		w.member("r", "bo", minichat.Removed)
	}
	bo := w.replaying("bo")
	bo.collect(1, 4)
	bo.goneOnly()
}

// A removal that is in the log already as the room becomes known here, and is
// announced only then, is heeded.
func TestRemovalBeforeTheRoomIsKnown(t *testing.T) {
	for _, after := range []string{"", `,"after":0`} {
		var w *world
		w = withThree(t, func(o *Options, _ *sockOptions) {
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
		bo := w.dial("bo")
		bo.say(`{"type":"watch","n":1,"room":"r"%s}`, after)
		if m := bo.next("ok"); m.Head > 4 || m.OnlineCount != 0 {
			t.Errorf("watch%s: got %s, want nothing of what is there since", after, m.Raw)
		}
		w.announce()
		w.post("r", "ana", "and again")
		bo.goneOnly()
	}
}

// A removed one who has not read all yet learns no head either.
func TestPongAfterRemoval(t *testing.T) {
	w := newWorld(t)
	w.addRoom("r", "ana", "bo")
	w.post("r", "ana", "x")
	held, on := make(chan bool), make(chan bool)
	w.feeding = func() { w.feeding = nil; held <- true; <-on }
	bo := w.replaying("bo")
	<-held
	w.member("r", "bo", minichat.Removed)
	w.post("r", "ana", "behind his back")
	bo.say(`{"type":"ping","n":2}`)
	if m := bo.next("pong"); string(m.Heads) != "[]" && m.Heads != nil {
		t.Errorf("got %s, want no heads", m.Raw)
	}
	close(on)
	bo.goneOnly()
}

// What is signalled behind a removal, in the same flush, is not for the removed one.
func TestSignalBehindRemoval(t *testing.T) {
	w := newWorld(t, func(o *Options, _ *sockOptions) { o.Pause = 300 * time.Millisecond })
	w.addRoom("r", "ana", "bo")
	bo := w.dial("bo")
	bo.watch("r", "")
	bo.collect(w.post("r", "ana", "the next flush waits"), 1)
	w.member("r", "bo", minichat.Removed)
	w.bus.Publish(bus.Message{Kind: bus.Typing, Room: "r", By: "ana", Data: protocol.AppendSignalTyping(nil, "r", "ana", 0, 5000)})
	w.hub.pass(false)
	for {
		m, code := bo.read()
		if code != 0 || m.Type == "signal" {
			t.Fatalf("got %s, closed %d, want gone", m.Raw, code)
		}
		if m.Type == "gone" {
			return
		}
	}
}

// Removed, back and removed again before the first gone went out: he is out.
func TestRemovedTwice(t *testing.T) {
	w := newWorld(t, func(o *Options, _ *sockOptions) { o.Pause = 2 * time.Second })
	w.addRoom("r", "ana", "bo")
	bo, other := w.dial("bo", following), w.dial("bo", following)
	bo.watch("r", "")
	bo.collect(w.post("r", "ana", "the next flush waits"), 1)
	w.member("r", "bo", minichat.Removed)
	w.member("r", "bo", minichat.Joined)
	for other.next("gone", "room").Type != "room" {
	}
	w.member("r", "bo", minichat.Removed)
	bo.next("event")
	bo.goneOnly()
}

// A session that begins as the last one of the same person leaves follows his rooms,
// whatever the other still takes away.
func TestReturnsWhileLeaving(t *testing.T) {
	w := newWorld(t)
	w.addRoom("r", "bo")
	list := []minichat.Room{w.rooms["r"].Room}
	first, second := &Session{hub: w.hub, all: true}, &Session{hub: w.hub, all: true}
	w.hub.enroll(first, "bo")
	first.follow(list)
	left := w.hub.strike(first)
	w.hub.enroll(second, "bo")
	second.follow(list)
	first.part(left)
	r := w.hub.find("r")
	if r == nil {
		t.Fatal("nobody follows the room")
	}
	r.mu.Lock()
	m := r.members["bo"]
	r.mu.Unlock()
	if m == nil || !m.joined || m.u != second.user {
		t.Errorf("got member %+v, want one who follows", m)
	}
	second.part(w.hub.strike(second))
	if w.hub.find("r") != nil {
		t.Error("the room is still held when all have left")
	}
}

// A removal that the bus did not bring, and a page that has it: it is read again when
// the hole is mended.
func TestPageInAHole(t *testing.T) {
	w := withThree(t)
	var once sync.Once
	w.feeding = func() {
		once.Do(func() {
			w.lose = func(seq int64) bool { return seq == 4 }
			w.post("r", "ana", "lost")
			w.member("r", "bo", minichat.Removed)
			w.post("r", "ana", "behind his back")
		})
	}
	bo := w.replaying("bo")
	bo.goneOnly()
}
