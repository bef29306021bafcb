package protocol

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"minichat"
)

var update = flag.Bool("update", false, "write testdata/golden/server from what the Append functions say")

// readGolden returns the frames of a side by file name, without line ends.
func readGolden(t *testing.T, side string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("testdata/golden/" + side + "/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden frames in %s: %v", side, err)
	}
	frames := map[string][]byte{}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		frames[strings.TrimSuffix(filepath.Base(path), ".json")] = bytes.TrimSpace(b)
	}
	return frames
}

func ptr[T any](v T) *T { return &v }

const (
	goldenToken = "kq5mH3vYx0-8ZtWcB1sNf7RjDgLpUeAoI2nXwVhMy_4"
	goldenKey   = "5f0c7e0b9a1d4c6e8b2f3a4d5e6f7081"
)

var clientFrames = map[string]any{
	"hello":         &Hello{Token: goldenToken, Device: "terminal"},
	"hello-cookie":  &Hello{},
	"hello-resume":  &Hello{Token: goldenToken, Device: "terminal", Epoch: "p1", Cursors: []Cursor{{"r1", 121, "e121"}, {"r4", 0, ""}}, Rooms: ptr(false)},
	"watch":         &Watch{Room: "r1"},
	"watch-after":   &Watch{Room: "r1", After: ptr[int64](97), ID: "e97"},
	"watch-all":     &Watch{Room: "r1", After: ptr[int64](0)},
	"unwatch":       &Unwatch{Room: "r1"},
	"post":          &Post{Room: "r1", Key: goldenKey, Text: "Hello @ben, see the *plan*."},
	"post-files":    &Post{Room: "r1", Key: "0a1b2c3d4e5f60718293a4b5c6d7e8f9", Files: []string{"f1", "f2"}, Alts: []string{"A map of the town", ""}},
	"post-thread":   &Post{Room: "r1", Key: "9c8b7a6f5e4d3c2b1a0f9e8d7c6b5a49", Text: "Yes, at ten.", Thread: 121, InRoom: true, ReplyTo: 122},
	"edit":          &Edit{Room: "r1", Key: "1234567890abcdef1234567890abcdef", Target: 121, Text: "Hello @ben, see the new *plan*.", Rev: 1},
	"delete":        &Delete{Room: "r1", Key: "abcdefabcdefabcdefabcdefabcdefab", Target: 121},
	"react":         &React{Room: "r1", Key: "00112233445566778899aabbccddeeff", Target: 121, Emoji: "👍", On: true},
	"react-off":     &React{Room: "r1", Key: "ffeeddccbbaa99887766554433221100", Target: 121, Emoji: "👍"},
	"pin":           &Pin{Room: "r1", Key: "13579bdf02468ace13579bdf02468ace", Target: 121, On: true},
	"read":          &Read{Room: "r1", Seq: 123},
	"read-back":     &Read{Room: "r1", Seq: 119, Back: true},
	"typing":        &Typing{Room: "r1"},
	"typing-thread": &Typing{Room: "r1", Thread: 121},
	"presence":      &Presence{State: StateAway},
	"pull-after":    &Pull{Room: "r1", After: ptr[int64](97), Limit: ptr[int64](200)},
	"pull-before":   &Pull{Room: "r1", Before: ptr[int64](98)},
	"pull-last":     &Pull{Room: "r1"},
	"ping":          &Ping{},
}

func TestGoldenClient(t *testing.T) {
	frames := readGolden(t, "client")
	tested := map[string]bool{}
	for name, b := range frames {
		f, err := Decode(b, 16)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		tested[f.Type] = true
		if typ, _, _ := strings.Cut(name, "-"); typ != f.Type {
			t.Errorf("%s: type %q", name, f.Type)
		}
		if want := clientFrames[name]; !reflect.DeepEqual(f.Body, want) {
			t.Errorf("%s: got %+v, want %+v", name, f.Body, want)
		}
		if hasN := bytes.Contains(b, []byte(`"n":`)); f.HasN != hasN || hasN != (f.N != 0) {
			t.Errorf("%s: n %d, there %t, want %t", name, f.N, f.HasN, hasN)
		}
	}
	for name := range clientFrames {
		if frames[name] == nil {
			t.Errorf("there is no golden frame %s", name)
		}
	}
	for typ := range decoders {
		if !tested[typ] {
			t.Errorf("there is no golden frame of type %s", typ)
		}
	}
}

func TestGoldenServer(t *testing.T) {
	frames := serverFrames()
	if *update {
		for name, b := range frames {
			if err := os.WriteFile("testdata/golden/server/"+name+".json", append(b, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	golden := readGolden(t, "server")
	for name, got := range frames {
		if want := golden[name]; !bytes.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
		var head struct{ Type string }
		if err := json.Unmarshal(got, &head); err != nil || !strings.HasPrefix(name, head.Type) {
			t.Errorf("%s: type %q, %v", name, head.Type, err)
		}
	}
	for name := range golden {
		if frames[name] == nil {
			t.Errorf("the golden frame %s is not tested", name)
		}
	}
}

// What the server says, a client cannot ask.
func TestServerTypesAreNoRequests(t *testing.T) {
	for name, b := range readGolden(t, "server") {
		if _, err := Decode(b, 16); minichat.CodeOf(err) != minichat.UnknownType {
			t.Errorf("%s: %v, want %s", name, err, minichat.UnknownType)
		}
	}
}
