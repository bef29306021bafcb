package store

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"minichat"
)

// No read walks through all events, or sorts them: what a page costs must not
// grow with the log.
func TestSQLiteReadsUseIndexes(t *testing.T) {
	s := open(t, backends()[0].url(t))
	ctx := t.Context()
	addUser(t, s, "ana")
	addRoom(t, s, "r", "ana")
	seq := say(t, s, "r", "ana", minichat.KindMessage, minichat.MessageBody{Text: "x", Mentions: []string{"ana"}}).Seq
	say(t, s, "r", "ana", minichat.KindMessage, minichat.MessageBody{Text: "x", Thread: seq})
	say(t, s, "r", "ana", minichat.KindPin, minichat.PinBody{Target: seq, On: true})
	say(t, s, "r", "ana", minichat.KindDelete, minichat.TargetBody{Target: seq})
	mark(t, s, "ana", "r", 1, true)
	after := int64(0)
	reads := map[string]func() error{
		"after":            func() error { _, _, _, err := s.ListEvents(ctx, "r", &after, nil, 50, 0); return err },
		"last":             func() error { _, _, _, err := s.ListEvents(ctx, "r", nil, nil, 50, 0); return err },
		"thread":           func() error { _, _, err := s.ListThread(ctx, "r", 1, 0, 50); return err },
		"pinned":           func() error { _, _, err := s.ListPinned(ctx, "r", 0, 50); return err },
		"key":              func() error { _, err := s.FindKey(ctx, "ana", "k"); return err },
		"message":          func() error { _, err := s.GetMessage(ctx, "r", 1); return err },
		"from the end":     func() error { _, err := s.GetMessageFromEnd(ctx, "r", 1); return err },
		"id":               func() error { _, err := s.GetEventID(ctx, "r", 1); return err },
		"rooms":            func() error { _, err := s.ListRooms(ctx, "ana", "", 200); return err },
		"unread":           func() error { _, err := s.ListUnread(ctx, "ana", []string{"r"}); return err },
		"members":          func() error { _, err := s.ListMembers(ctx, "r", "", 200); return err },
		"place":            func() error { _, _, err := s.GetPlace(ctx, "r", "ana"); return err },
		"unused files":     func() error { _, err := s.CountUnusedFiles(ctx, "ana"); return err },
		"person and place": func() error { _, _, _, err := s.GetUserPlace(ctx, "ana", "r"); return err },
	}
	for name, read := range reads {
		if err := read(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	want := map[string]string{"e.thread = $2": "INDEX events_thread (room=? AND thread=? AND seq>?)",
		"e.pinned = 1":        "INDEX events_pinned (room=? AND seq>?)",
		"COUNT(*) FROM files": "INDEX files_unused (uploader=? AND expires_at>?)"}
	texts := prepared(t, s)
	for part, index := range want {
		for _, text := range texts {
			if strings.Contains(text, part) && !strings.Contains(strings.Join(plan(t, s, text), "\n"), index) {
				t.Errorf("not by %s: %v\n%s", index, plan(t, s, text), text)
			}
		}
	}
	for _, text := range texts {
		if strings.HasPrefix(text, "BEGIN") || text == "COMMIT" || text == "ROLLBACK" || strings.HasPrefix(text, "PRAGMA") {
			continue
		}
		for _, line := range plan(t, s, text) {
			for _, table := range []string{"SCAN e", "SCAN m", "SCAN n", "SCAN o"} {
				if strings.HasPrefix(line, table) {
					t.Errorf("%s\n%s", line, text)
				}
			}
			if strings.Contains(line, "TEMP B-TREE") && strings.Contains(text, "events") {
				t.Errorf("%s\n%s", line, text)
			}
		}
	}
}

// prepared are the texts of all statements that the writer and the pool have.
func prepared(t *testing.T, s *Store) []string {
	t.Helper()
	texts := map[string]bool{}
	for _, st := range []*statements{s.st, s.writer.st} {
		for text := range st.byText {
			texts[text] = true
		}
	}
	held := takePool(t, s)
	for _, c := range held {
		if err := c.Raw(func(raw any) error {
			for text := range raw.(*conn).kept {
				texts[text] = true
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range held {
		c.Close()
	}
	return slices.Sorted(maps.Keys(texts))
}

func plan(t *testing.T, s *Store, query string) (lines []string) {
	t.Helper()
	rows, err := s.pool.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, make([]any, strings.Count(query, "$"))...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var a, b, c int
		var line string
		if err := rows.Scan(&a, &b, &c, &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}
