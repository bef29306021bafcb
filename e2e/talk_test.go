package e2e

import (
	"context"
	"strings"
	"testing"
)

// key is a key made of a word.
func key(word string) string { return word + strings.Repeat("-", max(0, 24-len(word))) }

// say1 posts by HTTP.
func say1(s *server, p person, room, word, text string) (frame, error) {
	var ok frame
	_, err := call(s.addr, "POST", "/rooms/"+room+"/messages", p.token, map[string]any{"text": text}, &ok, "Idempotency-Key", key(word))
	return ok, err
}

// watching connects somebody who watches the room from behind seq.
func watching(ctx context.Context, t *testing.T, s *server, p person, room string, seq int64) *line {
	t.Helper()
	l, err := dialLine(ctx, s.addr, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.say(ctx, request{Type: "hello", N: 1, Token: p.token}); err != nil {
		t.Fatal(err)
	}
	if err := l.say(ctx, request{Type: "watch", N: 2, Room: room, After: &seq}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.until(ctx, "synced"); err != nil {
		t.Fatal(err)
	}
	return l
}
