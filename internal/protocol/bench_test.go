package protocol

import (
	"strings"
	"testing"

	"minichat"
)

var benchEvent = &minichat.Event{Room: "room_0000001", Seq: 12345, ID: "event_0123456789", Kind: minichat.KindMessage, By: "ana_12345678",
	At: 1_700_000_000_000, Key: "key_0123456789abcdef0123456789ab", Body: minichat.MessageBody{Text: strings.Repeat("0123456789", 10), Rev: 1}}

// BenchmarkAppendEvent is the one encoding of an event for all who watch.
func BenchmarkAppendEvent(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		AppendEvent(nil, benchEvent)
	}
}

func BenchmarkDecodePost(b *testing.B) {
	frame := []byte(`{"type":"post","n":17,"room":"room_0000001","key":"key_0123456789abcdef0123456789ab","text":"` + strings.Repeat("0123456789", 10) + `"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(frame, 32); err != nil {
			b.Fatal(err)
		}
	}
}

// An event of a usual size is encoded into memory taken once.
func TestEncodingTakesMemoryOnce(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { AppendEvent(nil, benchEvent) }); n > 1 {
		t.Errorf("got %.1f allocations, want 1", n)
	}
	room := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { AppendEvent(room, benchEvent) }); n > 0 {
		t.Errorf("with room: got %.1f allocations, want none", n)
	}
}
