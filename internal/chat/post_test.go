package chat

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"minichat"
	"minichat/internal/bus"
	"minichat/internal/protocol"
)

func TestPostIsAnnouncedOnceInOrder(t *testing.T) {
	w := newWorld(t)
	ana := w.user("ana", minichat.Member)
	room := w.room(ana, minichat.Channel, "tea")
	before := len(w.heard(bus.Event))
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() { w.post(ana, room, fmt.Sprint("message ", i)) })
	}
	wg.Wait()
	events := w.heard(bus.Event)[before:]
	if len(events) != 50 {
		t.Fatalf("events: got %d, want 50", len(events))
	}
	for i, m := range events {
		if m.Event.Seq != int64(i)+3 { // after the room's making and the maker's joining
			t.Errorf("event %d: got seq %d", i, m.Event.Seq)
		}
		if m.Room != room || m.By != "ana" || !bytes.Equal(m.Data, protocol.AppendEvent(nil, m.Event)) {
			t.Errorf("event %d: got %+v", i, m)
		}
	}
}

// Rows 23 to 27, 30 and 32.
func TestTexts(t *testing.T) {
	w := newWorld(t)
	ana := w.user("ana", minichat.Member)
	room := w.room(ana, minichat.Channel, "tea")
	mentions := ""
	for i := range 101 {
		mentions += fmt.Sprintf("@p%d ", i)
	}
	for _, c := range []struct {
		name, text, kept string
		want             minichat.Code
	}{
		{"empty", "", "", minichat.Empty},
		{"blank", " \n\t ", "", minichat.Empty},
		{"zero width", "\u200b\u200d", "", minichat.Empty},
		{"16 KiB", strings.Repeat("a", 16<<10), strings.Repeat("a", 16<<10), ""},
		{"16 KiB + 1", strings.Repeat("a", 16<<10+1), "", minichat.TooLong},
		{"NUL", "a\x00b", "", minichat.BadField},
		{"C1", "a\u0085b", "", minichat.BadField},
		{"non-character", "a\ufffeb", "", minichat.BadField},
		{"bidi", "a\u202eb", "a\u202eb", ""},
		{"zalgo", "a" + strings.Repeat("\u0301", 20), "", minichat.TooManyMarks},
		{"markup", "<img onerror=x> </script> {{7*7}}", "<img onerror=x> </script> {{7*7}}", ""},
		{"decomposed", "e\u0301", "é", ""},
		{"lines", "a\r\nb\tc", "a\nb\tc", ""},
		{"mentions", mentions, "", minichat.TooMany},
	} {
		res, err := w.Post(t.Context(), ana, protocol.Post{Room: room, Key: newKey(), Text: c.text})
		wantCode(t, c.name, err, c.want)
		if err == nil {
			if got := w.message(room, res.Seq).Text; got != c.kept {
				t.Errorf("%s: kept %q, want %q", c.name, got, c.kept)
			}
		}
	}
}

// Row 33, under parallel retries.
func TestOneKeyOneMessage(t *testing.T) {
	w := newWorld(t)
	ana, ben := w.user("ana", minichat.Member), w.user("ben", minichat.Member)
	room := w.room(ana, minichat.Channel, "tea", ben.ID)
	head := w.head(room)
	p := protocol.Post{Room: room, Key: newKey(), Text: "once"}
	results := make([]Result, 30)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() {
			var err error
			if results[i], err = w.Post(t.Context(), ana, p); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	first := 0
	for _, r := range results {
		if !r.Dup {
			first++
		}
		if r.Seq != head+1 || r.ID != results[0].ID || r.At != results[0].At {
			t.Errorf("answer: got %+v, want seq %d", r, head+1)
		}
	}
	if first != 1 || w.head(room) != head+1 {
		t.Errorf("first answers: got %d, head %d, want 1 and %d", first, w.head(room), head+1)
	}

	other := p
	other.Text = "another"
	_, err := w.Post(t.Context(), ana, other)
	wantCode(t, "another body", err, minichat.Conflict)
	_, err = w.Pin(t.Context(), ana, protocol.Pin{Room: room, Key: p.Key, Target: head + 1, On: true})
	wantCode(t, "another request", err, minichat.Conflict)
	if r, err := w.Post(t.Context(), ben, p); err != nil || r.Dup {
		t.Errorf("another author's key: got %+v, %v", r, err)
	}
	// What was done is answered also to one who was removed meanwhile.
	if err := w.RemoveMember(t.Context(), ana, room, ben.ID); err != nil {
		t.Fatal(err)
	}
	if r, err := w.Post(t.Context(), ben, p); err != nil || !r.Dup {
		t.Errorf("a retry after removal: got %+v, %v", r, err)
	}
}

func (w *world) head(room string) int64 {
	w.t.Helper()
	r, err := w.st.GetRoom(w.t.Context(), room)
	if err != nil || r == nil {
		w.t.Fatalf("room: %v, %v", r, err)
	}
	return r.Head
}

// Every keyed request gives its first answer again.
func TestKeysOfEveryRequest(t *testing.T) {
	w := newWorld(t)
	ana := w.user("ana", minichat.Member)
	room := w.room(ana, minichat.Channel, "tea")
	seq := w.post(ana, room, "hello").Seq
	for name, do := range map[string]func(key string) (Result, error){
		"1 edit": func(key string) (Result, error) {
			return w.Edit(t.Context(), ana, protocol.Edit{Room: room, Key: key, Target: seq, Text: "hi", Rev: 1})
		},
		"react": func(key string) (Result, error) {
			return w.React(t.Context(), ana, protocol.React{Room: room, Key: key, Target: seq, Emoji: "👍", On: true})
		},
		"pin": func(key string) (Result, error) {
			return w.Pin(t.Context(), ana, protocol.Pin{Room: room, Key: key, Target: seq, On: true})
		},
	} {
		key := newKey()
		a, err := do(key)
		if err != nil || a.Seq == 0 || a.Dup {
			t.Fatalf("%s: got %+v, %v", name, a, err)
		}
		b, err := do(key)
		a.Dup = true
		if err != nil || b != a {
			t.Errorf("%s again: got %+v, %v, want %+v", name, b, err, a)
		}
		// Row 34.
		for _, bad := range []string{"", "short", strings.Repeat("k", 1000), strings.Repeat("é", 16), strings.Repeat(" ", 32)} {
			_, err := do(bad)
			wantCode(t, name+" with key "+bad, err, minichat.BadField)
		}
	}
	key := newKey()
	a, err := w.Delete(t.Context(), ana, protocol.Delete{Room: room, Key: key, Target: seq})
	if err != nil || a.Seq == 0 {
		t.Fatalf("delete: got %+v, %v", a, err)
	}
	if b, err := w.Delete(t.Context(), ana, protocol.Delete{Room: room, Key: key, Target: seq}); err != nil || b.Seq != a.Seq || !b.Dup {
		t.Errorf("delete again: got %+v, %v", b, err)
	}
	_, err = w.Delete(t.Context(), ana, protocol.Delete{Room: room, Key: newKey(), Target: seq})
	wantCode(t, "delete of what is deleted", err, minichat.Gone)
}

// Rows 35, 36 and 42.
func TestTargets(t *testing.T) {
	w := newWorld(t, func(l *minichat.Limits) { l.ReactionsPerMessage = 2 })
	ana, ben := w.user("ana", minichat.Member), w.user("ben", minichat.Member)
	room := w.room(ana, minichat.Channel, "tea", ben.ID)
	other := w.room(ana, minichat.Channel, "coffee")
	seq := w.post(ana, room, "hello @ben").Seq
	elsewhere := w.post(ana, other, "a").Seq
	for range 10 {
		elsewhere = w.post(ana, other, "b").Seq
	}
	edit := func(u minichat.User, target, rev int64) (Result, error) {
		return w.Edit(t.Context(), u, protocol.Edit{Room: room, Key: newKey(), Target: target, Text: "hi @ana", Rev: rev})
	}
	react := func(u minichat.User, emoji string, on bool) (Result, error) {
		return w.React(t.Context(), u, protocol.React{Room: room, Key: newKey(), Target: seq, Emoji: emoji, On: on})
	}
	_, err := edit(ben, seq, 1)
	wantCode(t, "edit of another's", err, minichat.Forbidden)
	_, err = edit(ana, seq, 2)
	wantCode(t, "edit of another rev", err, minichat.Conflict)
	_, err = edit(ana, 1, 1)
	wantCode(t, "edit of what is no message", err, minichat.NotFound)
	_, err = edit(ana, elsewhere, 1)
	wantCode(t, "edit of another room's message", err, minichat.NotFound)
	_, err = w.Edit(t.Context(), ana, protocol.Edit{Room: room, Key: newKey(), Target: seq, Text: " ", Rev: 1})
	wantCode(t, "edit to nothing", err, minichat.Empty)
	if r, err := edit(ana, seq, 1); err != nil || r.Rev != 2 {
		t.Errorf("edit: got %+v, %v, want rev 2", r, err)
	}
	if m := w.message(room, seq); m.Text != "hi @ana" || m.Rev != 2 || !slices.Equal(m.Mentions, []string{"ana"}) {
		t.Errorf("edited: got %+v", m)
	}

	for _, bad := range []string{"", "ok", "👍👍", strings.Repeat("👍", 1250)} {
		_, err := react(ana, bad, true)
		wantCode(t, "react with "+bad, err, minichat.BadField)
	}
	for _, c := range []struct {
		u       minichat.User
		emoji   string
		on, new bool
		want    minichat.Code
	}{
		{ana, "👍", false, false, ""},
		{ana, "👍", true, true, ""},
		{ana, "👍", true, false, ""},
		{ben, "👍", true, true, ""},
		{ben, "🎉", true, true, ""},
		{ben, "👀", true, false, minichat.TooMany},
		{ana, "🎉", true, true, ""},
		{ana, "👍", false, true, ""},
	} {
		r, err := react(c.u, c.emoji, c.on)
		what := fmt.Sprint(c.u.ID, " ", c.emoji, " ", c.on)
		wantCode(t, what, err, c.want)
		if (r.Seq != 0) != c.new {
			t.Errorf("%s: got %+v, want an event: %v", what, r, c.new)
		}
	}
	pin := func(on bool) Result {
		r, err := w.Pin(t.Context(), ben, protocol.Pin{Room: room, Key: newKey(), Target: seq, On: on})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if a, b, c := pin(true), pin(true), pin(false); a.Seq == 0 || b.Seq != 0 || c.Seq == 0 {
		t.Errorf("pin, again, unpin: got %+v %+v %+v", a, b, c)
	}

	if _, err := w.Delete(t.Context(), ana, protocol.Delete{Room: room, Key: newKey(), Target: seq}); err != nil {
		t.Fatal(err)
	}
	_, err = edit(ana, seq, 2)
	wantCode(t, "edit of a deleted one", err, minichat.Gone)
	_, err = react(ana, "👍", true)
	wantCode(t, "react to a deleted one", err, minichat.Gone)
	if m := w.message(room, seq); !m.Deleted || m.Text != "" || len(m.Reactions) != 0 {
		t.Errorf("deleted: got %+v", m)
	}
}

func TestThreads(t *testing.T) {
	w := newWorld(t)
	ana := w.user("ana", minichat.Member)
	room := w.room(ana, minichat.Channel, "tea")
	root := w.post(ana, room, "root").Seq
	reply := w.post(ana, room, "reply", func(p *protocol.Post) { p.Thread = root }).Seq
	for _, c := range []struct {
		name string
		p    protocol.Post
		want minichat.Code
	}{
		{"reply to a reply", protocol.Post{Thread: reply}, minichat.NotFound},
		{"thread at no message", protocol.Post{Thread: 1}, minichat.NotFound},
		{"thread beyond the end", protocol.Post{Thread: 999}, minichat.NotFound},
		{"quote of no message", protocol.Post{ReplyTo: 1}, minichat.NotFound},
		{"in_room without thread", protocol.Post{InRoom: true}, minichat.BadField},
		{"quote of a reply in its thread", protocol.Post{Thread: root, ReplyTo: reply}, ""},
		{"shown in the room", protocol.Post{Thread: root, InRoom: true}, ""},
	} {
		c.p.Room, c.p.Key, c.p.Text = room, newKey(), "x"
		_, err := w.Post(t.Context(), ana, c.p)
		wantCode(t, c.name, err, c.want)
	}
	page, err := w.Thread(t.Context(), ana, room, root, 0, 0)
	if err != nil || len(page.List) != 4 || page.From != root {
		t.Errorf("thread: got %+v, %v", page, err)
	}
	_, err = w.Thread(t.Context(), ana, room, reply, 0, 0)
	wantCode(t, "the thread of a reply", err, minichat.NotFound)
	if m := w.message(room, root); m.Replies == nil || m.Replies.Count != 3 {
		t.Errorf("replies: got %+v", m.Replies)
	}
	// The words of somebody who was offline are not refused for a deletion.
	if _, err := w.Delete(t.Context(), ana, protocol.Delete{Room: room, Key: newKey(), Target: root}); err != nil {
		t.Fatal(err)
	}
	w.post(ana, room, "late", func(p *protocol.Post) { p.Thread, p.ReplyTo = root, root })
}

func TestMentions(t *testing.T) {
	w := newWorld(t)
	ana := w.user("ana", minichat.Member)
	for _, name := range []string{"ben", "cat", "out"} {
		w.user(name, minichat.Member)
	}
	room := w.room(ana, minichat.Private, "den", "ben", "cat")
	for text, want := range map[string][]string{
		"@ben and @cat":              {"ben", "cat"},
		"@Ben":                       {"ben"},
		"@out @nobody":               nil,
		"@all @here @ben @ben":       {"all", "here", "ben"},
		"mail@ben `@cat` a":          nil,
		"```\n@ben\n```\n@cat":       {"cat"},
		"(@ben), @cat.":              {"ben", "cat"},
		"ben cat and nobody with at": nil,
	} {
		if got := w.message(room, w.post(ana, room, text).Seq).Mentions; !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

// Row 39.
func TestPostRate(t *testing.T) {
	w := newWorld(t, func(l *minichat.Limits) { l.PostsPerSecond, l.PostBurst = 20, 40 })
	ana, ben := w.user("ana", minichat.Member), w.user("ben", minichat.Member)
	room := w.room(ana, minichat.Channel, "tea", ben.ID)
	last := protocol.Post{Room: room, Text: "x"}
	for range 40 {
		last.Key = newKey()
		if _, err := w.Post(t.Context(), ana, last); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.Post(t.Context(), ana, protocol.Post{Room: room, Key: newKey(), Text: "x"})
	wantCode(t, "the 41st", err, minichat.RateLimited)
	if e, ok := errors.AsType[*minichat.Error](err); !ok || e.RetryMS != 50 {
		t.Errorf("the 41st: got %+v, want to wait 50 ms", e)
	}
	if r, err := w.Post(t.Context(), ana, last); err != nil || !r.Dup {
		t.Errorf("a retry of the 40th: got %+v, %v", r, err)
	}
	w.post(ben, room, "another person")
	w.at.Add(50)
	w.post(ana, room, "after the wait")
	_, err = w.React(t.Context(), ana, protocol.React{Room: room, Key: newKey(), Target: 3, Emoji: "👍", On: true})
	wantCode(t, "a reaction counts too", err, minichat.RateLimited)
}
