package hub

import (
	"slices"
	"testing"
	"time"

	"minichat"
	"minichat/internal/protocol"
)

// Answers that are ready together, and the events that waited for them, come in
// one write, the answers first; what waits for another answer stays behind.
func TestAnswersTogether(t *testing.T) {
	w := newWorld(t)
	w.addRoom("r", "ana")
	w.addRoom("q", "ana")
	c := w.dial("ana")
	c.watch("r", "")
	c.watch("q", "")
	s := w.hub.everySession()[0]
	keys := []string{"key-aaaaaaaaaaaa-1", "key-aaaaaaaaaaaa-2", "key-aaaaaaaaaaaa-3"}
	ask := func(room string, keys ...string) (list []answer) {
		for i, key := range keys {
			s.Begin(room, key)
			seq := w.append(room, "ana", key, minichat.KindMessage, minichat.MessageBody{Text: "x", Rev: 1})
			list = append(list, answer{request{room, key}, protocol.AppendOK(nil, int64(100+i), protocol.OK{Seq: seq})})
		}
		return list
	}
	held := func(room string, n int) {
		t.Helper()
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
			s.mu.Lock()
			h := s.watching(room).held
			there := h != nil && len(h.marks) == n
			s.mu.Unlock()
			if there {
				return
			}
		}
		t.Fatalf("%d events of %s do not wait for their answers", n, room)
	}
	give := func(list []answer) int64 {
		before := w.hub.Stats().Writes
		s.mu.Lock()
		defer s.mu.Unlock()
		s.busy().ready = list
		s.answer()
		return w.hub.Stats().Writes - before
	}
	came := func(want ...string) {
		t.Helper()
		var got []string
		for range want {
			got = append(got, c.next("ok", "event").Type)
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}

	list := ask("r", keys...)
	held("r", 3)
	if n := give(list[:2]); n != 1 { // the third is not answered: its event stays
		t.Errorf("two of three: %d writes with events, want 1", n)
	}
	came("ok", "ok", "event", "event")
	give(list[2:])
	came("ok", "event")

	list = ask("r", keys[:2]...)
	held("r", 2)
	if n := give(list); n != 1 {
		t.Errorf("all of a room: %d writes with events, want 1", n)
	}
	came("ok", "ok", "event", "event")

	list = append(ask("r", keys[0]), ask("q", keys[1])...)
	held("r", 1)
	held("q", 1)
	give(list)
	came("ok", "ok", "event", "event")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.errands != nil {
		t.Errorf("an idle session holds %+v", s.errands)
	}
}
