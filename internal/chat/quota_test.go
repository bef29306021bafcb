package chat

import (
	"strings"
	"testing"

	"minichat"
	"minichat/internal/protocol"
)

// Row 51: what somebody's files take up and how much more may come, by the
// limits of the person and of the place, through everything that changes it.
func TestQuota(t *testing.T) {
	w := newWorld(t, func(l *minichat.Limits) { l.FilesBytesPerUser, l.FilesBytesTotal = 100, 150 })
	ana, ben := w.user("ana", minichat.Member), w.user("ben", minichat.Member)
	room := w.room(ana, minichat.Channel, "tea")
	use := func(who minichat.User, bytes, left int64) {
		t.Helper()
		got, err := w.FileUse(t.Context(), who)
		if err != nil || got.Bytes != bytes || got.Limit == nil || *got.Limit != 100 || got.Left == nil || *got.Left != left {
			t.Errorf("%s: got %+v, %v, want %d bytes and %d left", who.Handle, got, err, bytes, left)
		}
	}
	begin := func(who minichat.User, size int64) (Upload, error) {
		return w.NewFile(t.Context(), who, NewFile{Name: "a", Size: size})
	}
	use(ana, 0, 100)
	open, err := begin(ana, 60)
	wantCode(t, "60 bytes", err, "")
	use(ana, 60, 40) // they are on their way
	use(ben, 0, 90)
	_, err = begin(ana, 41)
	wantCode(t, "more than one may have", err, minichat.QuotaExceeded)
	_, err = begin(ben, 91)
	wantCode(t, "more than all may have", err, minichat.QuotaExceeded)
	if !strings.Contains(err.Error(), "files_bytes_total") {
		t.Errorf("the words do not say what to do: %v", err)
	}
	wantCode(t, "the rest", func() error { _, err := begin(ben, 90); return err }(), "")
	use(ben, 90, 0)
	use(ana, 60, 0)
	_, err = w.PutFile(t.Context(), ana, NewFile{Name: "b"}, strings.NewReader("b"))
	wantCode(t, "one byte through the server", err, minichat.QuotaExceeded)
	if err := w.AbortFile(t.Context(), ana, open.File); err != nil {
		t.Fatal(err)
	}
	use(ana, 0, 60) // given back at once
	f := w.upload(ana, "c", []byte("0123456789"))
	msg := w.post(ana, room, "", func(p *protocol.Post) { p.Files = []string{f.ID} })
	use(ana, 10, 50)
	if _, err := w.Delete(t.Context(), ana, protocol.Delete{Room: room, Key: newKey(), Target: msg.Seq}); err != nil {
		t.Fatal(err)
	}
	use(ana, 0, 50) // hers at once, of the place when the bytes go
	w.at.Add(86400 * 1000)
	if err := w.SweepFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	use(ben, 0, 100) // his was never finished
}

// Who uploads, posts and deletes again and again does not fill the disk with what
// nobody can read.
func TestDeletedFilesHaveALimitToo(t *testing.T) {
	w := newWorld(t, func(l *minichat.Limits) { l.FilesBytesPerUser = 10 })
	ana := w.user("ana", minichat.Member)
	room := w.room(ana, minichat.Channel, "tea")
	deleted := func() {
		t.Helper()
		f := w.upload(ana, "a", []byte("0123456789"))
		msg := w.post(ana, room, "", func(p *protocol.Post) { p.Files = []string{f.ID} })
		if _, err := w.Delete(t.Context(), ana, protocol.Delete{Room: room, Key: newKey(), Target: msg.Seq}); err != nil {
			t.Fatal(err)
		}
	}
	deleted()
	deleted() // as much again as is hers
	_, err := w.NewFile(t.Context(), ana, NewFile{Name: "a", Size: 1})
	wantCode(t, "the third time", err, minichat.QuotaExceeded)
	if use, err := w.FileUse(t.Context(), ana); err != nil || use.Bytes != 0 || *use.Left != 0 {
		t.Errorf("got %+v, %v, want nothing taken and nothing left", use, err)
	}
	w.at.Add(86400 * 1000)
	if err := w.SweepFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	deleted()
}

// An upload of one byte costs a row and a folder: there is an end to that too.
func TestUnusedFilesHaveALimit(t *testing.T) {
	w := newWorld(t, func(l *minichat.Limits) { l.UnusedFilesPerUser = 2 })
	ana, ben := w.user("ana", minichat.Member), w.user("ben", minichat.Member)
	room := w.room(ana, minichat.Channel, "tea")
	begin := func(who minichat.User) (Upload, error) {
		return w.NewFile(t.Context(), who, NewFile{Name: "a", Size: 1})
	}
	whole := w.upload(ana, "a", []byte("a"))
	_, err := begin(ana)
	wantCode(t, "the second", err, "")
	_, err = begin(ana)
	wantCode(t, "the third", err, minichat.QuotaExceeded)
	_, err = begin(ben)
	wantCode(t, "somebody else's first", err, "")
	w.post(ana, room, "", func(p *protocol.Post) { p.Files = []string{whole.ID} })
	_, err = begin(ana)
	wantCode(t, "when the first is in a message", err, "")
	_, err = w.PutFile(t.Context(), ana, NewFile{Name: "b"}, strings.NewReader("b"))
	wantCode(t, "through the server", err, minichat.QuotaExceeded)
}

// Without limits there is nothing left to tell.
func TestNoQuota(t *testing.T) {
	w := newWorld(t, func(l *minichat.Limits) { l.FilesBytesPerUser, l.FilesBytesTotal = 0, 0 })
	ana := w.user("ana", minichat.Member)
	w.upload(ana, "a", []byte("abc"))
	if got, err := w.FileUse(t.Context(), ana); err != nil || got.Bytes != 3 || got.Limit != nil || got.Left != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}
