package hub

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"minichat"
	"minichat/internal/bus"
	"minichat/internal/protocol"
)

// signal reads the next signal of a kind.
func (c *client) signal(kind string) message {
	c.t.Helper()
	for {
		if m := c.next("signal " + kind); m.Kind == kind {
			return m
		}
	}
}

func TestTyping(t *testing.T) {
	w := newWorld(t)
	w.addRoom("r", "ana", "bo", "eve")
	ana, bo, eve := w.dial("ana"), w.dial("bo"), w.dial("eve")
	ana.watch("r", "")
	bo.watch("r", "")
	ana.say(`{"type":"typing","room":"r"}`)
	ana.say(`{"type":"typing","room":"r"}`) // within 3 s: once is enough
	if m := bo.signal("typing"); m.By != "ana" || m.Room != "r" {
		t.Errorf("got %s, want ana's typing", m.Raw)
	}
	bo.say(`{"type":"typing","room":"r"}`)
	if m := ana.signal("typing"); m.By != "bo" {
		t.Errorf("got %s, want bo's typing and not his own", m.Raw)
	}
	seq := w.post("r", "ana", "x")
	for _, m := range bo.fence() {
		if m.Kind == "typing" {
			t.Errorf("got %s", m.Raw)
		}
	}
	ana.collect(seq, seq)
	bo.collect(seq, seq)
	ana.say(`{"type":"typing","room":"r"}`) // a new message begins: told at once, however soon after the last
	if m := bo.signal("typing"); m.By != "ana" {
		t.Errorf("got %s, want ana's typing after her message", m.Raw)
	}
	for _, m := range eve.fence() {
		t.Errorf("does not watch: got %s", m.Raw)
	}
}

func TestPresence(t *testing.T) {
	w := newWorld(t)
	w.addRoom("r", "ana", "bo", "eve")
	ana := w.dial("ana")
	ok, _, _ := ana.watch("r", "")
	if ok.OnlineCount != 1 || !slices.Equal(ok.Online, []string{"ana"}) {
		t.Errorf("got %s, want ana alone", ok.Raw)
	}
	until := func(what string, pick func(message) []string, user string, count int64) {
		t.Helper()
		for {
			m := ana.signal("presence")
			if slices.Contains(pick(m), user) {
				if m.Count != count {
					t.Errorf("%s: got %s, want count %d", what, m.Raw, count)
				}
				return
			}
		}
	}
	on := func(m message) []string { return m.On }
	away := func(m message) []string { return m.Away }
	off := func(m message) []string { return m.Off }

	bo := w.dial("bo", following) // present in all his rooms, watched or not
	until("follows", on, "bo", 2)
	eve := w.dial("eve") // does not follow: present where he watches
	eve.watch("r", "")
	until("watches", on, "eve", 3)
	bo2 := w.dial("bo")
	bo.say(`{"type":"presence","n":1,"state":"away"}`)
	bo.next("ok")
	bo2.say(`{"type":"presence","n":1,"state":"away"}`)
	bo2.next("ok")
	until("all sessions away", away, "bo", 3)
	bo.say(`{"type":"presence","n":1,"state":"active"}`)
	until("one active", on, "bo", 3)
	eve.say(`{"type":"unwatch","n":1,"room":"r"}`)
	until("unwatched", off, "eve", 2)
	bo.ws.CloseNow()
	until("gone, the other session does not follow", off, "bo", 1)
	w.member("r", "ana", minichat.Removed)
	ana.next("event")
	ana.next("gone")
}

func TestPresenceOfMany(t *testing.T) {
	w := newWorld(t)
	r := w.addRoom("r", "ana")
	for i := range onlineShown + 5 {
		r.members[fmt.Sprint("u", i)] = true
	}
	ana := w.dial("ana")
	ana.watch("r", "")
	for i := range onlineShown + 5 {
		w.dial(fmt.Sprint("u", i), following)
	}
	for m := ana.signal("presence"); m.Count < onlineShown+6; m = ana.signal("presence") {
		if int64(len(m.On)) > m.Count {
			t.Errorf("got %s", m.Raw)
		}
	}
	ok, _, _ := ana.watch("r", "")
	if ok.OnlineCount != onlineShown+6 || ok.Online != nil {
		t.Errorf("got %d online, %d by name; want %d, none", ok.OnlineCount, len(ok.Online), onlineShown+6)
	}
}

func TestHeads(t *testing.T) {
	w := newWorld(t)
	w.addRoom("r", "ana", "bo")
	w.addRoom("quiet", "ana", "bo")
	direct := w.addRoom("d", "ana", "bo")
	direct.Kind = minichat.Direct
	r := w.rooms["r"]
	r.Unread, r.Mentions = 3, 1 // as bo reads them when he comes
	w.post("quiet", "ana", "before")

	bo, near, bot := w.dial("bo", following), w.dial("bo", following), w.dial("bo")
	near.watch("r", "")
	post := func(room, by string, body minichat.MessageBody) int64 {
		return w.append(room, by, "", minichat.KindMessage, body)
	}
	want := func(room string, head, unread, mentions int64) {
		t.Helper()
		want := fmt.Sprintf(`["%s",%d,%d,%d]`, room, head, unread, mentions)
		for {
			m := bo.next("heads")
			if string(m.List) == "["+want+"]" {
				return
			}
			t.Logf("passing by %s", m.List)
			if m.Head > head {
				t.Fatalf("never got %s", want)
			}
		}
	}
	post("r", "ana", minichat.MessageBody{Text: "x"})
	post("r", "ana", minichat.MessageBody{Text: "@bo", Mentions: []string{"bo"}})
	post("r", "ana", minichat.MessageBody{Text: "@all @bo", Mentions: []string{"all", "bo"}})
	post("r", "ana", minichat.MessageBody{Text: "in a thread", Thread: 1})
	post("r", "ana", minichat.MessageBody{Text: "in a thread and the room", Thread: 1, InRoom: true})
	w.append("r", "ana", "", minichat.KindReact, minichat.ReactBody{Target: 1, Emoji: "x", On: true})
	want("r", 6, 7, 3)
	w.bus.Publish(bus.Message{Kind: bus.Read, Room: "r", User: "bo", Seq: 4, Unread: 1, Mentions: 0, Head: 6,
		Data: protocol.AppendSignalRead(nil, "r", 4, 1, 0)})
	if m := bo.signal("read"); m.Seq != 4 {
		t.Errorf("got %s, want read 4", m.Raw)
	}
	post("r", "ana", minichat.MessageBody{Text: "x"})
	want("r", 7, 2, 0)
	post("r", "bo", minichat.MessageBody{Text: "mine"})
	want("r", 8, 0, 0)
	// Counted as the room ended at 8, told when there was one more.
	post("r", "ana", minichat.MessageBody{Text: "@bo", Mentions: []string{"bo"}})
	w.bus.Publish(bus.Message{Kind: bus.Read, Room: "r", User: "bo", Seq: 8, Unread: 0, Mentions: 0, Head: 8,
		Data: protocol.AppendSignalRead(nil, "r", 8, 0, 0)})
	bo.signal("read")
	want("r", 9, 1, 1)
	post("d", "ana", minichat.MessageBody{Text: "direct"})
	want("d", 1, 1, 1)
	near.collect(1, 9)
	for _, m := range near.fence() {
		if m.Type == "heads" && string(m.List) != `[["d",1,1,1]]` {
			t.Errorf("watches r: got %s", m.Raw)
		}
	}
	for _, m := range bot.fence() {
		if m.Type == "heads" {
			t.Errorf("does not follow: got %s", m.Raw)
		}
	}
}

func TestHeadsOfManyRooms(t *testing.T) {
	w := newWorld(t)
	for i := range 250 {
		w.addRoom(fmt.Sprint("r", i), "bo")
	}
	bo := w.dial("bo", following)
	for i := range 250 {
		w.post(fmt.Sprint("r", i), "ana", "x")
	}
	seen := map[string]bool{}
	for len(seen) < 250 {
		m := bo.next("heads")
		var list [][4]any
		if err := unmarshal(m.List, &list); err != nil || len(list) > headsShown {
			t.Fatalf("got %d heads, %v", len(list), err)
		}
		for _, h := range list {
			if want := [4]any{h[0], 1.0, 1.0, 0.0}; h != want {
				t.Errorf("got %v, want %v", h, want)
			}
			seen[h[0].(string)] = true
		}
	}
}

func TestProfile(t *testing.T) {
	w := newWorld(t)
	ana, bo, gus := w.dial("ana"), w.dial("bo"), w.dial("gus")
	now := minichat.User{ID: "bo", Handle: "bo", Name: "New", Role: minichat.Admin}
	w.bus.Publish(bus.Message{Kind: bus.User, Except: []string{"gus"}, Data: protocol.AppendSignalUser(nil, now)})
	w.bus.Publish(bus.Message{Kind: bus.User, Data: protocol.AppendSignalUser(nil, minichat.User{ID: "ana", Name: "Other"})})
	ana.signal("user")
	bo.signal("user")
	if m := gus.signal("user"); !strings.Contains(m.Raw, `"Other"`) {
		t.Errorf("not for him: got %s", m.Raw)
	}
}
