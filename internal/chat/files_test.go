package chat

import (
	"bytes"
	"io"
	"net/url"
	"strings"
	"testing"

	"minichat"
	"minichat/internal/protocol"
)

func TestUploadInParts(t *testing.T) {
	w := newWorld(t)
	ana, ben := w.user("ana", minichat.Member), w.user("ben", minichat.Member)
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<20+1) // more than one part
	up, err := w.NewFile(t.Context(), ana, NewFile{Name: "../big.bin", Size: int64(len(data)), Width: 3, Height: 4})
	if err != nil {
		t.Fatal(err)
	}
	count := (len(data) + int(up.PartSize) - 1) / int(up.PartSize)
	if len(up.Parts) != count || count < 2 || up.Parts[0].ExpiresAt != w.at.Load()+partTTL.Milliseconds() {
		t.Fatalf("upload: got %+v, want %d parts", up, count)
	}
	w.put(up.Parts[1].URL, data[up.PartSize:min(2*up.PartSize, int64(len(data)))])
	_, err = w.CompleteFile(t.Context(), ana, up.File)
	wantCode(t, "complete without the first part", err, minichat.Conflict)
	state, err := w.FileState(t.Context(), ana, up.File)
	if err != nil || state.State != "open" || len(state.Have) != 1 || state.Have[0].Number != 2 || state.Name != "big.bin" {
		t.Errorf("state: got %+v, %v", state, err)
	}
	for name, numbers := range map[string][]int{"none": nil, "0": {0}, "beyond": {count + 1}, "17": make([]int, 17)} {
		_, err := w.FileParts(t.Context(), ana, up.File, numbers)
		wantCode(t, "parts "+name, err, minichat.BadField)
	}
	more, err := w.FileParts(t.Context(), ana, up.File, []int{1})
	if err != nil || len(more) != 1 {
		t.Fatalf("parts: got %+v, %v", more, err)
	}
	w.put(more[0].URL, data[:up.PartSize])
	for n := 3; n <= count; n++ {
		w.put(up.Parts[n-1].URL, data[int64(n-1)*up.PartSize:min(int64(n)*up.PartSize, int64(len(data)))])
	}
	// Row 50: another's upload is not there.
	_, err = w.CompleteFile(t.Context(), ben, up.File)
	wantCode(t, "complete by another", err, minichat.NotFound)
	_, err = w.FileState(t.Context(), ben, up.File)
	wantCode(t, "state for another", err, minichat.NotFound)
	wantCode(t, "abort by another", w.AbortFile(t.Context(), ben, up.File), minichat.NotFound)

	// A server that ends before it notes the completed file.
	row, err := w.st.GetFile(t.Context(), up.File)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.disk.Complete(t.Context(), uploadOf(row)); err != nil {
		t.Fatal(err)
	}
	state, err = w.FileState(t.Context(), ana, up.File)
	if err != nil || state.State != "open" || len(state.Have) != count || state.Have[0].Size != up.PartSize {
		t.Errorf("state when it is not noted: got %+v, %v", state, err)
	}

	f, err := w.CompleteFile(t.Context(), ana, up.File)
	if err != nil || f.Size != int64(len(data)) || f.Width != 0 || !strings.HasPrefix(f.Type, "text/plain") {
		t.Errorf("complete: got %+v, %v", f, err)
	}
	if again, err := w.CompleteFile(t.Context(), ana, up.File); err != nil || again != f {
		t.Errorf("complete again: got %+v, %v, want %+v", again, err, f)
	}
	o, err := w.OpenFile(t.Context(), Reader{User: &ana}, up.File)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Body.Close()
	if got, err := io.ReadAll(o.Body); err != nil || !bytes.Equal(got, data) {
		t.Errorf("bytes: got %d, %v, want %d", len(got), err, len(data))
	}
	if err := w.AbortFile(t.Context(), ana, up.File); err != nil {
		t.Errorf("abort of what is not used: %v", err)
	}
	_, err = w.FileState(t.Context(), ana, up.File)
	wantCode(t, "state after the abort", err, minichat.NotFound)
}

func TestUploadLimits(t *testing.T) {
	w := newWorld(t, func(l *minichat.Limits) { l.FileBytes, l.FilesBytesPerUser, l.FilesPerMessage = 100, 150, 2 })
	ana := w.user("ana", minichat.Member)
	room := w.room(ana, minichat.Channel, "tea")
	begin := func(size int64) error {
		_, err := w.NewFile(t.Context(), ana, NewFile{Name: "a", Size: size})
		return err
	}
	wantCode(t, "0 bytes", begin(0), minichat.Empty)
	wantCode(t, "101 bytes", begin(101), minichat.TooLarge)
	wantCode(t, "100 bytes", begin(100), "")
	wantCode(t, "51 bytes more", begin(51), minichat.QuotaExceeded)
	_, err := w.PutFile(t.Context(), ana, NewFile{Name: "a"}, strings.NewReader(strings.Repeat("x", 101)))
	wantCode(t, "101 bytes through the server", err, minichat.TooLarge)
	_, err = w.PutFile(t.Context(), ana, NewFile{Name: "a"}, strings.NewReader(strings.Repeat("x", 51)))
	wantCode(t, "51 bytes through the server", err, minichat.QuotaExceeded)

	w.at.Add(86400 * 1000)
	if err := w.SweepFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "after the unfinished one was collected", begin(51), "")

	a, b := w.upload(ana, "a", []byte("a")), w.upload(ana, "b", []byte("b"))
	open, err := w.NewFile(t.Context(), ana, NewFile{Name: "c", Size: 1})
	if err != nil {
		t.Fatal(err)
	}
	post := func(text string, files ...string) error {
		_, err := w.Post(t.Context(), ana, protocol.Post{Room: room, Key: newKey(), Text: text, Files: files})
		return err
	}
	wantCode(t, "no text and no file", post(""), minichat.Empty)
	wantCode(t, "three files", post("x", a.ID, b.ID, open.File), minichat.TooMany)
	wantCode(t, "one twice", post("x", a.ID, a.ID), minichat.BadField)
	wantCode(t, "one that is not there", post("x", "nothing"), minichat.NotFound)
	wantCode(t, "one that is not complete", post("x", open.File), minichat.Conflict)
	wantCode(t, "two without a text", post("", a.ID, b.ID), "")
	wantCode(t, "one that is used", post("x", a.ID), minichat.Conflict)
	wantCode(t, "abort of one that is used", w.AbortFile(t.Context(), ana, a.ID), minichat.Conflict)
	_, err = w.UpdateMe(t.Context(), ana, MeChange{Avatar: &b.ID})
	wantCode(t, "a used one as face", err, minichat.Conflict)
}

// Row 52: what it is, is seen by looking at it.
func TestTypesAreSniffed(t *testing.T) {
	w := newWorld(t)
	ana := w.user("ana", minichat.Member)
	for _, c := range []struct {
		name, data, typ string
		inline          bool
	}{
		{"page.png", "<!DOCTYPE html><script>alert(1)</script>", "text/html; charset=utf-8", false},
		{"picture.png", `<?xml version="1.0"?><svg onload="alert(1)"/>`, "text/xml; charset=utf-8", false},
		{"plain.png", "just words", "text/plain; charset=utf-8", false},
		{"real.txt", string(png), "image/png", true},
		{"paper.txt", "%PDF-1.7\n", "application/pdf", true},
	} {
		f := w.upload(ana, c.name, []byte(c.data))
		if f.Type != c.typ {
			t.Errorf("%s: got type %q, want %q", c.name, f.Type, c.typ)
		}
		o, err := w.OpenFile(t.Context(), Reader{User: &ana}, f.ID)
		if err != nil {
			t.Fatal(err)
		}
		if o.Inline != c.inline {
			t.Errorf("%s: shown in a page: %v, want %v", c.name, o.Inline, c.inline)
		}
		o.Body.Close()
	}
}

// The uploader's until it is posted, then the room's; gone with its message.
func TestWhoReadsAFile(t *testing.T) {
	w := newWorld(t)
	ana, ben, eve := w.user("ana", minichat.Member), w.user("ben", minichat.Member), w.user("eve", minichat.Owner)
	room := w.room(ana, minichat.Private, "den", ben.ID)
	f := w.upload(ana, "a b.txt", []byte("secret"))
	reads := func(what string, r Reader, want minichat.Code) {
		t.Helper()
		o, err := w.OpenFile(t.Context(), r, f.ID)
		wantCode(t, what, err, want)
		if err == nil {
			o.Body.Close()
		}
	}
	reads("nobody", Reader{}, minichat.Unauthenticated)
	reads("the uploader before posting", Reader{User: &ana}, "")
	reads("another before posting", Reader{User: &ben}, minichat.NotFound)
	msg := w.post(ana, room, "", func(p *protocol.Post) { p.Files = []string{f.ID} })
	reads("a member", Reader{User: &ben}, "")
	reads("an owner outside", Reader{User: &eve}, minichat.NotFound)
	_, err := w.FileLink(t.Context(), eve, f.ID)
	wantCode(t, "a link for an owner outside", err, minichat.NotFound)

	link, err := w.FileLink(t.Context(), ben, f.ID)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(link.URL)
	if err != nil || u.Path != "/files/"+f.ID+"/a b.txt" {
		t.Fatalf("link: got %q, %v", link.URL, err)
	}
	by := Reader{Expires: u.Query().Get("expires"), Signature: u.Query().Get("signature")}
	forged := by
	forged.Expires = "9999999999999"
	reads("a link", by, "")
	reads("a link with another time", forged, minichat.Forbidden)
	reads("a link without a signature", Reader{Expires: by.Expires}, minichat.Forbidden)
	reads("the lab's door with a link's signature", Reader{Lab: by.Signature}, minichat.NotFound)
	reads("the lab's door to another room", Reader{Lab: w.lab.sign("lab " + f.ID)}, minichat.NotFound)
	w.at.Add(60_000)
	reads("the link a minute later", by, minichat.Forbidden)

	if err := w.RemoveMember(t.Context(), ana, room, ben.ID); err != nil {
		t.Fatal(err)
	}
	reads("who was removed", Reader{User: &ben}, minichat.NotFound)
	if _, err := w.Delete(t.Context(), ana, protocol.Delete{Room: room, Key: newKey(), Target: msg.Seq}); err != nil {
		t.Fatal(err)
	}
	reads("the uploader after the deletion", Reader{User: &ana}, minichat.NotFound)
	w.at.Add(w.limits.FileGraceSeconds * 1000)
	if err := w.SweepFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	if row, err := w.st.GetFile(t.Context(), f.ID); err != nil || row != nil {
		t.Errorf("its row after the sweep: got %+v, %v", row, err)
	}
}

// A link is good for a minute, also when the clock is put back.
func TestLinkAfterTheClockWasPutBack(t *testing.T) {
	s := signer{secret: []byte("a secret")}
	const now = 1_700_000_000_000
	u, err := url.Parse(s.path("x", "a.png", now+linkTTL))
	if err != nil {
		t.Fatal(err)
	}
	for at, good := range map[int64]bool{now: true, now + linkTTL: false, now - 3600_000: false} {
		if err := s.check("x", u.Query().Get("expires"), u.Query().Get("signature"), at); (err == nil) != good {
			t.Errorf("at %d ms: got %v, want good: %v", at-now, err, good)
		}
	}
}
