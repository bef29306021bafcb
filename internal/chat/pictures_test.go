package chat

import (
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"

	"minichat"
	"minichat/internal/protocol"
)

const previewURL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR4nGM4EaCBFTEMLQkAaplQAc/OcKAAAAAASUVORK5CYII="

// describe begins and completes an upload that says more of itself than its bytes.
func (w *world) describe(u minichat.User, data []byte) minichat.File {
	w.t.Helper()
	up, err := w.NewFile(w.t.Context(), u, NewFile{Name: "a.png", Size: int64(len(data)), Width: 3, Height: 4, Preview: previewURL})
	if err != nil {
		w.t.Fatal(err)
	}
	w.put(up.Parts[0].URL, data)
	f, err := w.CompleteFile(w.t.Context(), u, up.File)
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

// What is said of a picture goes with it, into every answer and the log, and is
// gone with its message.
func TestPicturesAreDescribed(t *testing.T) {
	w := newWorld(t)
	ana := w.user("ana", minichat.Member)
	room := w.room(ana, minichat.Channel, "tea")
	f, words := w.describe(ana, png), w.describe(ana, []byte("just words"))
	if f.Width != 3 || f.Height != 4 || f.Preview != previewURL {
		t.Errorf("a picture: got %+v", f)
	}
	if words.Width != 0 || words.Height != 0 || words.Preview != "" {
		t.Errorf("what is no picture: got %+v", words)
	}
	res := w.post(ana, room, "", func(p *protocol.Post) {
		p.Files, p.Alts = []string{words.ID, f.ID}, []string{" ", "A cafe\u0301"}
	})
	got := w.message(room, res.Seq).Files
	f.Alt = "A caf\u00e9"
	if len(got) != 2 || got[0] != words || got[1] != f {
		t.Errorf("in the log: got %+v, want %+v and %+v", got, words, f)
	}
	row, err := w.st.GetFile(t.Context(), f.ID)
	if err != nil || row == nil || row.Alt != f.Alt || row.Preview != f.Preview {
		t.Errorf("its row: got %+v, %v", row, err)
	}
	if _, err := w.Delete(t.Context(), ana, protocol.Delete{Room: room, Key: newKey(), Target: res.Seq}); err != nil {
		t.Fatal(err)
	}
	row, err = w.st.GetFile(t.Context(), f.ID)
	if err != nil || row != nil && (row.Alt != "" || row.Preview != "" || row.Name != "") {
		t.Errorf("its row after the deletion: got %+v, %v", row, err)
	}
}

func TestWordsForPicturesAreJudged(t *testing.T) {
	w := newWorld(t, func(l *minichat.Limits) { l.AltBytes = 10 })
	ana := w.user("ana", minichat.Member)
	room := w.room(ana, minichat.Channel, "tea")
	f := w.upload(ana, "a.png", png)
	post := func(files []string, alts ...string) error {
		_, err := w.Post(t.Context(), ana, protocol.Post{Room: room, Key: newKey(), Text: "x", Files: files, Alts: alts})
		return err
	}
	wantCode(t, "more than files", post([]string{f.ID}, "a", "b"), minichat.BadField)
	wantCode(t, "without files", post(nil, "a"), minichat.BadField)
	wantCode(t, "too long", post([]string{f.ID}, strings.Repeat("a", 11)), minichat.TooLong)
	wantCode(t, "control characters", post([]string{f.ID}, "a\x00"), minichat.BadField)
	wantCode(t, "just short enough", post([]string{f.ID}, strings.Repeat("a", 10)), "")
	_, err := w.NewFile(t.Context(), ana, NewFile{Name: "a.png", Size: 1, Preview: "data:image/svg+xml;base64,"})
	wantCode(t, "a preview that is none", err, minichat.BadField)
}

// Row 53: a few bytes that say they are billions of points are kept, and nothing
// is said of them that would have pages open them; nor do they become a face.
func TestHugePictureIsAFile(t *testing.T) {
	w := newWorld(t)
	ana := w.user("ana", minichat.Member)
	huge := []byte(strings.Replace(string(png), "IHDR\x00\x00\x00\x01\x00\x00\x00\x01", "IHDR\x00\x00\xff\xff\x00\x00\xff\xff", 1))
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	f := w.describe(ana, huge)
	if f.Type != "image/png" || f.Width != 0 || f.Height != 0 || f.Preview != "" {
		t.Errorf("got %+v, want a picture of which nothing is said", f)
	}
	_, err := w.UpdateMe(t.Context(), ana, MeChange{Avatar: &f.ID})
	wantCode(t, "as a face", err, minichat.TooLarge)

	up, err := w.NewFile(t.Context(), ana, NewFile{Name: "a.webp", Size: 12, Width: 10_000, Height: 4001, Preview: previewURL})
	if err != nil {
		t.Fatal(err)
	}
	w.put(up.Parts[0].URL, []byte("RIFF\x04\x00\x00\x00WEBP"))
	if f, err := w.CompleteFile(t.Context(), ana, up.File); err != nil || f.Width != 0 || f.Preview != "" {
		t.Errorf("by its uploader's word: got %+v, %v", f, err)
	}
}
