package store

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"minichat"
)

// mirror is what a client that saw every live event makes of them: written
// after docs/protocol.md, not after the store.
type mirror struct {
	list  []*minichat.Event
	first map[string]int64 // "seq emoji" -> seq of the event since which somebody has it
}

func (m *mirror) at(seq int64) *minichat.Event { return m.list[seq-1] }

func (m *mirror) change(seq int64, f func(*minichat.MessageBody)) {
	ev := *m.at(seq)
	b := ev.Body.(minichat.MessageBody)
	f(&b)
	ev.Body = b
	m.list[seq-1] = &ev
}

// see takes one live event, as it came over the wire.
func (m *mirror) see(live *minichat.Event) {
	ev := *live
	ev.Room = ""
	switch b := live.Body.(type) {
	case minichat.MessageBody:
		if b.Thread > 0 {
			m.change(b.Thread, func(root *minichat.MessageBody) { m.reply(root, ev.By, ev.At) })
		}
	case minichat.EditBody:
		m.change(b.Target, func(t *minichat.MessageBody) {
			t.Text, t.Mentions, t.Rev, t.EditedAt = b.Text, b.Mentions, b.Rev, ev.At
		})
		ev.Body = minichat.TargetBody{Target: b.Target}
	case minichat.TargetBody:
		m.change(b.Target, func(t *minichat.MessageBody) {
			t.Text, t.Files, t.Mentions, t.Reactions, t.Pinned, t.Deleted = "", nil, nil, nil, false, true
		})
	case minichat.ReactBody:
		m.change(b.Target, func(t *minichat.MessageBody) { m.react(t, b, ev.By, ev.Seq) })
		ev.Body = minichat.TargetBody{Target: b.Target}
	case minichat.PinBody:
		m.change(b.Target, func(t *minichat.MessageBody) { t.Pinned = b.On })
		ev.Body = minichat.TargetBody{Target: b.Target}
	}
	m.list = append(m.list, &ev)
}

func (m *mirror) reply(root *minichat.MessageBody, by string, at int64) {
	var r minichat.Replies
	if root.Replies != nil {
		r = *root.Replies
	}
	names := []string{by}
	for _, u := range r.By {
		if u != by && len(names) < 5 {
			names = append(names, u)
		}
	}
	root.Replies = &minichat.Replies{Count: r.Count + 1, LastAt: at, By: names}
}

// react rebuilds the list from a set, ordered by first use.
func (m *mirror) react(t *minichat.MessageBody, b minichat.ReactBody, by string, seq int64) {
	users := map[string][]string{}
	for _, r := range t.Reactions {
		users[r.Emoji] = slices.Clone(r.Users)
	}
	key := func(emoji string) string { return fmt.Sprint(b.Target, emoji) }
	if b.On {
		if len(users[b.Emoji]) == 0 {
			m.first[key(b.Emoji)] = seq
		}
		if !slices.Contains(users[b.Emoji], by) {
			users[b.Emoji] = append(users[b.Emoji], by)
		}
	} else {
		users[b.Emoji] = slices.DeleteFunc(users[b.Emoji], func(u string) bool { return u == by })
	}
	t.Reactions = nil
	for emoji, list := range users {
		if len(list) > 0 {
			t.Reactions = append(t.Reactions, minichat.Reaction{Emoji: emoji, Users: list})
		}
	}
	slices.SortFunc(t.Reactions, func(x, y minichat.Reaction) int {
		return cmp.Compare(m.first[key(x.Emoji)], m.first[key(y.Emoji)])
	})
}

// script makes random events that a room could hold.
type script struct {
	rnd   *rand.Rand
	seen  *mirror
	files int
}

func (s *script) user() string { return fmt.Sprint("u", s.rnd.IntN(8)) }

// target is a message that is not deleted, 0 when a few tries found none.
func (s *script) target(ok func(minichat.MessageBody) bool) int64 {
	for range 20 {
		if len(s.seen.list) == 0 {
			return 0
		}
		ev := s.seen.list[s.rnd.IntN(len(s.seen.list))]
		if b, is := ev.Body.(minichat.MessageBody); is && ok(b) {
			return ev.Seq
		}
	}
	return 0
}

func alive(b minichat.MessageBody) bool { return !b.Deleted }

func (s *script) mentions() []string {
	return [][]string{nil, nil, {"u1"}, {"u2", "all"}, {"here", "u3"}}[s.rnd.IntN(5)]
}

// next returns the kind and body of an event, and a file to be made before it.
func (s *script) next() (kind string, body any, file *File) {
	target := s.target(alive)
	roll := s.rnd.IntN(100)
	switch {
	case roll < 40 || target == 0:
		b := minichat.MessageBody{Text: fmt.Sprintf("text %d é 👍 <&> \"", s.rnd.IntN(1e6)), Mentions: s.mentions(), ReplyTo: target}
		if roll < 15 {
			b.Thread = s.target(func(b minichat.MessageBody) bool { return b.Thread == 0 })
			b.InRoom = b.Thread > 0 && roll < 5
		}
		if roll%8 == 0 {
			s.files++
			f := minichat.File{ID: fmt.Sprint("f", s.files), Name: "a b.png", Size: 7, Type: "image/png", Width: 3, Height: 4, Alt: "alt", Preview: "data:x"}
			b.Files = []minichat.File{f}
			file = &File{File: f, Key: f.ID, Uploader: "u1", State: FileReady, ExpiresAt: 99}
		}
		return minichat.KindMessage, b, file
	case roll < 55:
		rev := s.seen.at(target).Body.(minichat.MessageBody).Rev
		return minichat.KindEdit, minichat.EditBody{Target: target, Text: fmt.Sprint("edited ", roll), Mentions: s.mentions(), Rev: rev + 1}, nil
	case roll < 60:
		return minichat.KindDelete, minichat.TargetBody{Target: target}, nil
	case roll < 85:
		emoji := []string{"👍", "❤️", "🎉"}[s.rnd.IntN(3)]
		return minichat.KindReact, minichat.ReactBody{Target: target, Emoji: emoji, On: s.rnd.IntN(3) > 0}, nil
	case roll < 92:
		return minichat.KindPin, minichat.PinBody{Target: target, On: s.rnd.IntN(3) > 0}, nil
	case roll < 96:
		topic := fmt.Sprint("topic ", roll)
		return minichat.KindRoom, minichat.RoomBody{Topic: &topic}, nil
	}
	return minichat.KindMember, minichat.MemberBody{User: minichat.User{ID: "u1", Handle: "u1", Name: "U", Role: minichat.Member}, Change: minichat.Joined}, nil
}

func wire(t *testing.T, list []*minichat.Event) []string {
	t.Helper()
	var lines []string
	for _, ev := range list {
		e := *ev
		if b, ok := e.Body.(minichat.MessageBody); ok {
			b.UpTo = 0
			e.Body = b
		}
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
	}
	return lines
}

func same(t *testing.T, what string, got, want []*minichat.Event) {
	t.Helper()
	g, w := wire(t, got), wire(t, want)
	if len(g) != len(w) {
		t.Fatalf("%s: got %d events, want %d", what, len(g), len(w))
	}
	for i := range g {
		if g[i] != w[i] {
			t.Fatalf("%s:\n got %s\nwant %s", what, g[i], w[i])
		}
	}
}

// Pages are what the live events fold to: whoever saw all of them and whoever
// loads the room now see the same.
func TestPagesAreTheFoldOfLiveEvents(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		addUser(t, s, "u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7")
		for round := range 6 {
			room := fmt.Sprint("r", round)
			addRoom(t, s, room, "u1")
			m := &mirror{first: map[string]int64{}}
			s.OnCommit(func(list []*minichat.Event) {
				for _, ev := range list {
					m.see(ev)
				}
			})
			sc := &script{rnd: rand.New(rand.NewPCG(uint64(round), 7)), seen: m, files: round * 1000}
			for range 300 {
				kind, body, file := sc.next()
				ev := &minichat.Event{Room: room, Kind: kind, By: sc.user(), Body: body, Key: minichat.NewID(32)}
				write(t, s, func(tx *Tx) error {
					if file != nil {
						if err := tx.InsertFile(t.Context(), *file); err != nil {
							return err
						}
					}
					return tx.Append(t.Context(), ev, []byte("d"))
				})
			}
			same(t, "pages", all(t, s, room, 17), m.list)
			checkThreads(t, s, room, m)
			checkMessages(t, s, room, m)
		}
	})
}

func checkThreads(t *testing.T, s *Store, room string, m *mirror) {
	t.Helper()
	threads, pinned := map[int64][]*minichat.Event{}, []*minichat.Event(nil)
	for _, ev := range m.list {
		b, ok := ev.Body.(minichat.MessageBody)
		if ok && b.Replies != nil {
			threads[ev.Seq] = append([]*minichat.Event{ev}, threads[ev.Seq]...)
		}
		if ok && b.Thread > 0 {
			threads[b.Thread] = append(threads[b.Thread], ev)
		}
		if ok && b.Pinned {
			pinned = append(pinned, ev)
		}
	}
	for root, want := range threads {
		got, head, err := s.ListThread(t.Context(), room, root, 0, 200)
		if err != nil || head != int64(len(m.list)) {
			t.Fatalf("thread: head %d, error %v", head, err)
		}
		same(t, "thread", got, want)
	}
	got, _, err := s.ListPinned(t.Context(), room, 0, 200)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "pinned", got, pinned)
}

func checkMessages(t *testing.T, s *Store, room string, m *mirror) {
	t.Helper()
	for _, want := range m.list {
		got, err := s.GetMessage(t.Context(), room, want.Seq)
		if err != nil {
			t.Fatal(err)
		}
		body, ok := want.Body.(minichat.MessageBody)
		if !ok {
			if got != nil {
				t.Errorf("GetMessage(%d) of a %s: %+v", want.Seq, want.Kind, got)
			}
			continue
		}
		ev := *want
		ev.Body = got.MessageBody
		same(t, "message", []*minichat.Event{&ev}, []*minichat.Event{want})
		for _, f := range got.Files {
			if row, err := s.GetFile(t.Context(), f.ID); err != nil || row.Room != room || row.Seq != want.Seq || row.ExpiresAt != 0 {
				t.Errorf("file of a message: %+v, %v", row, err)
			}
		}
		if body.Deleted && got.Text+fmt.Sprint(got.Files) != "[]" {
			t.Errorf("deleted message shows %+v", got)
		}
	}
}
