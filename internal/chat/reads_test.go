package chat

import (
	"database/sql"
	"maps"
	"testing"
	"time"

	"minichat"
	"minichat/internal/bus"
	"minichat/internal/protocol"
)

func (w *world) sees(u minichat.User, room string) minichat.Room {
	w.t.Helper()
	r, err := w.Room(w.t.Context(), u, room)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func TestUnreadAcrossDevices(t *testing.T) {
	w := newWorld(t)
	ana, ben := w.user("ana", minichat.Member), w.user("ben", minichat.Member)
	room := w.room(ana, minichat.Channel, "tea", ben.ID)
	first := w.post(ana, room, "one").Seq
	w.post(ana, room, "two @ben")
	w.post(ana, room, "in a thread", func(p *protocol.Post) { p.Thread = first })
	last := w.post(ana, room, "three").Seq

	if r := w.sees(ben, room); r.Unread != 3 || r.Mentions != 1 {
		t.Errorf("before reading: got unread %d, mentions %d, want 3 and 1", r.Unread, r.Mentions)
	}
	if r := w.sees(ana, room); r.Unread != 0 || r.Read != last {
		t.Errorf("her own posts: got unread %d, read %d, want 0 and %d", r.Unread, r.Read, last)
	}
	read := func(seq int64, back bool) {
		t.Helper()
		if err := w.MarkRead(t.Context(), ben, protocol.Read{Room: room, Seq: seq, Back: back}); err != nil {
			t.Fatal(err)
		}
	}
	read(first, false)
	if r := w.sees(ben, room); r.Unread != 2 || r.Mentions != 1 {
		t.Errorf("after the first: got unread %d, mentions %d, want 2 and 1", r.Unread, r.Mentions)
	}
	read(last, false)
	read(first, false) // the other device is behind: nothing goes back
	if r := w.sees(ben, room); r.Unread != 0 || r.Mentions != 0 || r.Read != last {
		t.Errorf("after all: got %+v", r)
	}
	read(first, true)
	if r := w.sees(ben, room); r.Unread != 2 || r.Read != first {
		t.Errorf("after going back: got %+v", r)
	}
	read(1, true)
	read(first, false) // before it is written: where it ended
	list, err := w.Rooms(t.Context(), ben, "", 0)
	if err != nil || len(list.List) != 1 || list.List[0].Read != first {
		t.Errorf("rooms: got %+v, %v", list, err)
	}
	wantCode(t, "beyond the end", w.MarkRead(t.Context(), ben, protocol.Read{Room: room, Seq: last + 1}), minichat.BadField)

	signals := w.heard(bus.Read)
	s := signals[len(signals)-1]
	if s.User != ben.ID || s.Room != room || s.Seq != first || s.Unread != 2 || s.Mentions != 1 {
		t.Errorf("last signal: got %+v", s)
	}
	if want := string(protocol.AppendSignalRead(nil, room, first, 2, 1)); string(s.Data) != want {
		t.Errorf("its frame: got %s, want %s", s.Data, want)
	}
}

// When read positions cannot be written, as on a full disk, reading goes on, and
// they are written as soon as that is possible again.
func TestReadingGoesOnWithoutWriting(t *testing.T) {
	w := newWorld(t)
	ana, ben := w.user("ana", minichat.Member), w.user("ben", minichat.Member)
	room := w.room(ana, minichat.Channel, "tea", ben.ID)
	last := w.post(ana, room, "one").Seq
	db, err := sql.Open("sqlite", "file:"+w.db)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const refuse = "CREATE TRIGGER full BEFORE UPDATE OF read ON members BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
	if _, err := db.Exec(refuse); err != nil {
		t.Fatal(err)
	}
	if err := w.MarkRead(t.Context(), ben, protocol.Read{Room: room, Seq: last}); err != nil {
		t.Fatal(err)
	}
	w.sees(ben, room)
	if _, err := w.ReadableRoom(t.Context(), ben.ID, room); err != nil {
		t.Errorf("watch: %v", err)
	}
	if list, err := w.Rooms(t.Context(), ben, "", 0); err != nil || len(list.List) != 1 {
		t.Errorf("rooms: got %+v, %v", list, err)
	}
	if _, err := db.Exec("DROP TRIGGER full"); err != nil {
		t.Fatal(err)
	}
	if r := w.sees(ben, room); r.Read != last || r.Unread != 0 {
		t.Errorf("with room again: got read %d, unread %d, want %d and 0", r.Read, r.Unread, last)
	}
}

func TestDirectMessagesAreMentions(t *testing.T) {
	w := newWorld(t)
	ana, ben := w.user("ana", minichat.Member), w.user("ben", minichat.Member)
	room := w.room(ana, minichat.Direct, "", ben.ID)
	w.post(ana, room, "hello")
	w.post(ana, room, "there")
	if r := w.sees(ben, room); r.Unread != 2 || r.Mentions != 2 || len(r.With) != 1 || r.With[0] != ana.ID {
		t.Errorf("direct: got %+v", r)
	}
}

func TestMarksMerge(t *testing.T) {
	m := newMarks()
	for _, step := range []struct {
		seq  int64
		back bool
		want mark
	}{
		{5, false, mark{5, false}},
		{3, false, mark{5, false}},
		{2, true, mark{2, true}},
		{4, false, mark{4, true}},
		{3, false, mark{4, true}},
	} {
		m.set("u", "r", step.seq, step.back)
		if got := m.pending["u"]["r"]; got != step.want {
			t.Errorf("after %+v: got %+v", step, got)
		}
	}
	m.take()
	if !m.has("u") || m.has("v") {
		t.Error("what is being written counts as on its way")
	}
	m.set("u", "r", 9, false)
	m.done(false) // not written: again, under what came since
	if got := m.pending["u"]["r"]; got != (mark{9, true}) {
		t.Errorf("after a failure: got %+v", got)
	}
	m.take()
	m.done(true)
	if m.has("u") {
		t.Error("what is written is on its way no more")
	}
}

// An edit or a delete that changes who is mentioned tells those whom it concerns how
// many mentions they have now.
func TestMentionsChange(t *testing.T) {
	w := newWorld(t)
	ana, ben, eve := w.user("ana", minichat.Member), w.user("ben", minichat.Member), w.user("eve", minichat.Member)
	room := w.room(ana, minichat.Channel, "tea", ben.ID, eve.ID)
	m := w.post(ana, room, "hello @ben")
	told := 0
	want := func(what string, mentions map[string]int64) {
		t.Helper()
		got := map[string]int64{}
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
			for _, s := range w.heard(bus.Read)[told:] {
				told++
				if s.User != ana.ID && s.Head == w.head(room) { // what she reads herself is told at any time
					got[s.User] = s.Mentions
				}
			}
			if len(got) >= len(mentions) {
				break
			}
		}
		if !maps.Equal(got, mentions) {
			t.Errorf("%s: told %v, want %v", what, got, mentions)
		}
	}
	edit := func(rev int64, text string) {
		t.Helper()
		if _, err := w.Edit(t.Context(), ana, protocol.Edit{Room: room, Key: newKey(), Target: m.Seq, Rev: rev, Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	edit(1, "hello @eve")
	want("another person", map[string]int64{ben.ID: 0, eve.ID: 1})
	edit(2, "hello, @eve!")
	want("the same person", map[string]int64{})
	edit(3, "hello @all")
	want("everybody", map[string]int64{ben.ID: 1, eve.ID: 1})
	if _, err := w.Delete(t.Context(), ana, protocol.Delete{Room: room, Key: newKey(), Target: m.Seq}); err != nil {
		t.Fatal(err)
	}
	want("deleted", map[string]int64{ben.ID: 0, eve.ID: 0})
}
