package protocol

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"minichat"
)

// Decode says bad_json of what encoding/json cannot read, and of nothing else
// but names that stand twice and great depth; it never panics.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		``, `{`, `{}`, `[]`, `null`, `{"type":"ping","n":1}`, `{"type":"ping","n":1e309}`, `{"type":"ping","n":1,"n":2}`, `{"type":"x","n":-0.1e+5}`,
		`{"type":"hello","n":1,"cursors":[["r1",97,"e97"],["r2",0]],"rooms":false}`, `{"type":"post","n":1,"text":"\ud83d\udc4d\ud800"}`,
		`{"type":"post","n":4,"room":"r1","key":"5f0c7e0b9a1d4c6e","text":"x","files":["f1"]}`, "[[[[[[[[[[[[[[[[[[", "{\"a\":{\"b\":[{},[],\"\\u00\"]}}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if !utf8.Valid(b) {
			return // the socket closes with 1007
		}
		frame, err := Decode(b, 16)
		if err == nil {
			checkDecoded(t, b, frame)
			return
		}
		code := minichat.CodeOf(err)
		switch code {
		case minichat.BadJSON:
			own := strings.Contains(err.Error(), "stands here twice") || strings.Contains(err.Error(), "nested deeper")
			if json.Valid(b) && !own {
				t.Errorf("%q: %v, but it is JSON", b, err)
			}
		case minichat.BadFrame, minichat.BadUTF8, minichat.BadField, minichat.UnknownField, minichat.UnknownType:
			if !json.Valid(b) {
				t.Errorf("%q is no JSON, but: %v", b, err)
			}
		default:
			t.Errorf("%q: %v", b, err)
		}
		if frame.Body != nil {
			t.Errorf("%q: a body beside %v", b, err)
		}
	})
}

// checkDecoded compares the texts of a post with what encoding/json reads.
func checkDecoded(t *testing.T, b []byte, frame Frame) {
	var want struct {
		Type, Text, Room, Key string
		N                     int64
	}
	if err := json.Unmarshal(b, &want); err != nil {
		t.Errorf("%q was taken, but: %v", b, err)
	}
	p, ok := frame.Body.(*Post)
	if frame.Type != want.Type || frame.N != want.N || ok && (p.Text != want.Text || p.Room != want.Room || p.Key != want.Key) {
		t.Errorf("%q: got %+v %+v, want %+v", b, frame, p, want)
	}
}

// What AppendEvent writes, encoding/json reads back.
func FuzzEvent(f *testing.F) {
	f.Add("hello", "a.txt", "👍", int64(1), int64(0))
	f.Add("\"\\\x00\x1f\x7f\u2028</script>\xff\xed\xa0\x80", "", "\n", int64(MaxInt), int64(-1))
	f.Fuzz(func(t *testing.T, text, name, emoji string, seq, rev int64) {
		want := minichat.MessageBody{
			Text: text, Files: []minichat.File{{ID: "f1", Name: name, Size: seq, Alt: text}}, Thread: rev, Mentions: []string{name}, Rev: rev,
			Reactions: []minichat.Reaction{{Emoji: emoji, Users: []string{name}}}, Replies: &minichat.Replies{Count: rev, By: []string{text}}, UpTo: seq,
		}
		var got struct {
			Type string
			minichat.Event
		}
		var body minichat.MessageBody
		got.Event.Body = &body
		b := AppendEvent(nil, &minichat.Event{Room: "r1", Seq: seq, ID: name, Kind: minichat.KindMessage, By: emoji, At: rev, Key: text, Body: want})
		if !utf8.Valid(b) {
			t.Fatalf("%q is not UTF-8", b)
		}
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		text, name, emoji = runes(text), runes(name), runes(emoji)
		want.Text, want.Files[0].Name, want.Files[0].Alt, want.Mentions[0] = text, name, text, name
		want.Reactions[0] = minichat.Reaction{Emoji: emoji, Users: []string{name}}
		want.Replies.By[0] = text
		if !reflect.DeepEqual(body, want) {
			t.Errorf("got %+v, want %+v", body, want)
		}
		if got.Type != "event" || got.Seq != seq || got.ID != name || got.By != emoji || got.At != rev || got.Key != text {
			t.Errorf("got %+v", got)
		}
	})
}

// runes is s with U+FFFD for every byte that is not UTF-8.
func runes(s string) string { return string([]rune(s)) }
