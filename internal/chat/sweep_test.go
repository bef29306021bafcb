package chat

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"minichat"
	"minichat/internal/files"
	"minichat/internal/protocol"
	"minichat/internal/store"
)

func TestDeletedBytesAreGone(t *testing.T) {
	w := newWorld(t, func(l *minichat.Limits) { l.FileGraceSeconds = 60 })
	ana := w.user("ana", minichat.Member)
	room := w.room(ana, minichat.Channel, "tea")
	f := w.upload(ana, "a.txt", []byte("bytes"))
	row, err := w.st.GetFile(t.Context(), f.ID)
	if err != nil {
		t.Fatal(err)
	}
	msg := w.post(ana, room, "", func(p *protocol.Post) { p.Files = []string{f.ID} })
	if _, err := w.Delete(t.Context(), ana, protocol.Delete{Room: room, Key: newKey(), Target: msg.Seq}); err != nil {
		t.Fatal(err)
	}
	if err := w.SweepFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	body, _, err := w.disk.Open(t.Context(), row.Key)
	if err != nil {
		t.Fatalf("bytes in their grace are gone: %v", err)
	}
	body.Close()
	if report, err := CheckFiles(t.Context(), w.st, w.disk, time.Now(), false); err != nil || report.Deleted != 1 || report.DeletedBytes != f.Size || len(report.Left) != 0 {
		t.Errorf("the check while they are: %+v, %v", report, err)
	}
	// A backup that began before still wants them.
	deleted := w.at.Load()
	w.at.Add(61_000)
	if err := w.st.HoldFiles(t.Context(), "a", deleted, w.at.Load()+1000); err != nil {
		t.Fatal(err)
	}
	if err := w.SweepFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	if body, _, err = w.disk.Open(t.Context(), row.Key); err != nil {
		t.Fatalf("held bytes are gone: %v", err)
	}
	body.Close()
	w.at.Add(1001)
	if err := w.SweepFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	if body, _, err := w.disk.Open(t.Context(), row.Key); err == nil {
		body.Close()
		t.Error("the bytes can still be opened")
	}
}

// Backups that follow each other without a pause keep nothing for ever: what could
// not be read any more when one began does not wait for it.
func TestBackupsWithoutAPauseLetFilesGo(t *testing.T) {
	w := newWorld(t, func(l *minichat.Limits) { l.FileGraceSeconds, l.UploadTTLSeconds = 0, 3600 })
	ana := w.user("ana", minichat.Member)
	room := w.room(ana, minichat.Channel, "tea")
	holds := func(holder string, since int64) {
		t.Helper()
		if err := w.st.HoldFiles(t.Context(), holder, since, w.at.Load()+600_000); err != nil {
			t.Fatal(err)
		}
	}
	has := func(what, file string, want bool) {
		t.Helper()
		if err := w.SweepFiles(t.Context()); err != nil {
			t.Fatal(err)
		}
		row, err := w.st.GetFile(t.Context(), file)
		// Deleting a message has asked for a sweep beside this one, which may be at it.
		for end := time.Now().Add(10 * time.Second); row != nil && !want && time.Now().Before(end); time.Sleep(time.Millisecond) {
			row, err = w.st.GetFile(t.Context(), file)
		}
		if err != nil || (row != nil) != want {
			t.Errorf("%s: got %+v, %v, want its row: %v", what, row, err, want)
		}
	}
	holds("a", w.at.Load())
	posted, unused := w.upload(ana, "posted", []byte("posted")), w.upload(ana, "unused", []byte("unused"))
	open, err := w.NewFile(t.Context(), ana, NewFile{Name: "open", Size: 10})
	if err != nil {
		t.Fatal(err)
	}
	msg := w.post(ana, room, "", func(p *protocol.Post) { p.Files = []string{posted.ID} })
	if _, err := w.Delete(t.Context(), ana, protocol.Delete{Room: room, Key: newKey(), Target: msg.Seq}); err != nil {
		t.Fatal(err)
	}
	w.at.Add(3_600_000)
	holds("a", w.at.Load()-3_600_000) // the same backup is alive
	has("a deleted message's file", posted.ID, true)
	has("a file that nobody used", unused.ID, true)
	has("an upload that nobody finished, which no backup copies", open.File, false)
	_, err = w.OpenFile(t.Context(), Reader{User: &ana}, unused.ID)
	wantCode(t, "open what nobody used in time", err, minichat.NotFound)

	w.at.Add(1)
	holds("b", w.at.Load()) // the next begins before the first ends
	has("while both are made", posted.ID, true)
	if err := w.st.ReleaseFiles(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	has("while the second is made", posted.ID, false)
	has("nor what nobody used", unused.ID, false)
}

// The time of an upload is counted from its last sign of life, not from its beginning.
func TestSlowUploadLives(t *testing.T) {
	w := newWorld(t)
	ana := w.user("ana", minichat.Member)
	up, err := w.NewFile(t.Context(), ana, NewFile{Name: "slow", Size: 8<<20 + 3})
	if err != nil {
		t.Fatal(err)
	}
	for day := range 3 {
		w.at.Add(86_399_000)
		if err := w.SweepFiles(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := w.FileParts(t.Context(), ana, up.File, []int{2}); err != nil {
			t.Fatalf("day %d: %v", day, err)
		}
	}
	w.at.Add(86_400_000)
	if err := w.SweepFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = w.FileParts(t.Context(), ana, up.File, []int{2})
	wantCode(t, "after a silent day", err, minichat.NotFound)
}

// A file that cannot be removed keeps no other from going.
func TestSweepGoesOn(t *testing.T) {
	w := newWorld(t, func(l *minichat.Limits) { l.UploadTTLSeconds = 3600 })
	ana := w.user("ana", minichat.Member)
	var rows []*store.File
	for _, name := range []string{"first", "second", "third"} {
		row, err := w.st.GetFile(t.Context(), w.upload(ana, name, []byte(name)).ID)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
		w.at.Add(1000)
	}
	// A folder with something in it is not removed as a file is.
	path := filepath.Join(w.files, "data", rows[0].Key[:2], rows[0].Key)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(path, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	w.at.Add(3_600_000)
	if err := w.SweepFiles(t.Context()); err == nil {
		t.Error("nothing is said of the file that cannot be removed")
	}
	for i, want := range []bool{true, false, false} {
		if row, err := w.st.GetFile(t.Context(), rows[i].ID); err != nil || (row != nil) != want {
			t.Errorf("%s: got %+v, %v, want its row: %v", rows[i].Name, row, err, want)
		}
	}
	orphans := newOrphans(t, w.disk, 2)
	report, err := CheckFiles(t.Context(), w.st, &stuck{w.disk, ""}, time.Now().Add(time.Hour), true)
	if err == nil || len(report.Left) != 1 {
		t.Errorf("of %v one cannot be removed: got %+v, %v, want the other gone", orphans, report.Left, err)
	}
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if err := w.SweepFiles(t.Context()); err != nil {
		t.Errorf("when it can be: %v", err)
	}
}

// Fault 24: an upload that stopped in the middle, and a whole file that was never
// posted, are gone after upload_ttl_s, bytes and all, and their space is given back.
func TestWhatIsNeverUsedGoes(t *testing.T) {
	w := newWorld(t)
	ana := w.user("ana", minichat.Member)
	posted := w.upload(ana, "posted", []byte("stays"))
	w.post(ana, w.room(ana, minichat.Channel, "tea"), "", func(p *protocol.Post) { p.Files = []string{posted.ID} })
	whole := w.upload(ana, "whole", []byte("0123456789"))
	stopped, err := w.NewFile(t.Context(), ana, NewFile{Name: "stopped", Size: 8<<20 + 10})
	if err != nil {
		t.Fatal(err)
	}
	w.put(stopped.Parts[1].URL, []byte("0123456789"))
	w.at.Add(86_399_000)
	if err := w.SweepFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	if f, err := w.st.GetFile(t.Context(), whole.ID); err != nil || f == nil {
		t.Errorf("before its time: got %+v, %v", f, err)
	}
	w.at.Add(1000)
	if err := w.SweepFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	if use, err := w.FileUse(t.Context(), ana); err != nil || use.Bytes != posted.Size {
		t.Errorf("got %+v, %v, want the %d bytes of what was posted", use, err, posted.Size)
	}
	var left []files.Found
	if err := w.disk.List(t.Context(), func(f files.Found) error { left = append(left, f); return nil }); err != nil || len(left) != 1 || left[0].Upload != "" {
		t.Errorf("on the disk: got %+v, %v, want one file", left, err)
	}
}

// stuck cannot remove the first file that it is asked to.
type stuck struct {
	*files.Disk
	key string
}

func (s *stuck) Delete(ctx context.Context, key string) error {
	if s.key == "" || s.key == key {
		s.key = key
		return errors.New("it is stuck")
	}
	return s.Disk.Delete(ctx, key)
}

func newOrphans(t *testing.T, d *files.Disk, n int) (keys []string) {
	t.Helper()
	for range n {
		key := minichat.NewID(22)
		if _, err := d.Put(t.Context(), key, "text/plain", strings.NewReader("orphan"), 0); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	return keys
}
