package protocol

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"minichat"
)

const docPath = "../../docs/protocol.md"

func readDoc(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(docPath)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// docFrames returns the JSON values of all blocks marked json, on one line each.
func docFrames(t *testing.T) []string {
	t.Helper()
	var frames []string
	for i, block := range strings.Split(readDoc(t), "\n```json\n")[1:] {
		block, _, ok := strings.Cut(block, "\n```\n")
		if !ok {
			t.Fatalf("block %d has no end", i)
		}
		for d := json.NewDecoder(strings.NewReader(block)); ; {
			var frame json.RawMessage
			err := d.Decode(&frame)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("block %d: %v in %s", i, err, block)
			}
			frames = append(frames, compact(t, frame))
		}
	}
	return frames
}

func compact(t *testing.T, b []byte) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Compact(&out, b); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// The published page and the golden frames hold the same examples.
func TestDocShowsTheGoldenFrames(t *testing.T) {
	unseen := map[string]string{}
	for _, side := range []string{"client", "server"} {
		for name, b := range readGolden(t, side) {
			unseen[compact(t, b)] = side + "/" + name
		}
	}
	golden := len(unseen)
	for _, frame := range docFrames(t) {
		if _, ok := unseen[frame]; !ok {
			t.Errorf("this is no golden frame, or stands there twice: %s", frame)
		}
		delete(unseen, frame)
	}
	for _, name := range unseen {
		t.Errorf("docs/protocol.md does not show %s", name)
	}
	if golden < 50 {
		t.Errorf("there are only %d golden frames", golden)
	}
}

// Every limit stands in the page with its default, every code and request too.
func TestDocIsWhole(t *testing.T) {
	doc := readDoc(t)
	b, err := json.Marshal(minichat.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	var limits map[string]int64
	if err := json.Unmarshal(b, &limits); err != nil {
		t.Fatal(err)
	}
	for name, value := range limits {
		if row := "| `" + name + "` | " + strconv.FormatInt(value, 10) + " |"; !strings.Contains(doc, row) {
			t.Errorf("no row %q", row)
		}
	}
	for _, code := range codes {
		if row := "| `" + string(code) + "` | "; !strings.Contains(doc, row) {
			t.Errorf("no row %q", row)
		}
	}
	for typ := range decoders {
		if !strings.Contains(doc, "\n| `"+typ+"` | ") {
			t.Errorf("no row for the request %s", typ)
		}
	}
	for _, color := range minichat.Colors {
		if !strings.Contains(doc, color) {
			t.Errorf("no colour %s", color)
		}
	}
}

var codes = []minichat.Code{
	minichat.BadJSON, minichat.BadFrame, minichat.BadUTF8, minichat.BadField, minichat.UnknownField, minichat.UnknownType, minichat.Empty,
	minichat.TooLong, minichat.TooMany, minichat.TooManyMarks, minichat.BadName, minichat.NameReserved, minichat.NameConfusable, minichat.NotFound,
	minichat.Forbidden, minichat.Gone, minichat.Conflict, minichat.RateLimited, minichat.Unauthenticated, minichat.InvalidOrExpired, minichat.TooLarge,
	minichat.UnsupportedMediaType, minichat.MethodNotAllowed, minichat.QuotaExceeded, minichat.ChecksumMismatch, minichat.StorageFull,
	minichat.FilesUnavailable, minichat.StoreUnavailable, minichat.Internal,
}
