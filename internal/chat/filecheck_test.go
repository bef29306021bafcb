package chat

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"minichat"
	"minichat/internal/protocol"
	"minichat/internal/store"
)

// Each kind of disorder is found, a dry run changes nothing, and mending takes
// away what is left over and nothing else.
func TestCheckFiles(t *testing.T) {
	w := newWorld(t)
	ana := w.user("ana", minichat.Member)
	room := w.room(ana, minichat.Channel, "plans")
	good, lost, cut := w.upload(ana, "good.txt", []byte("good")), w.upload(ana, "lost.txt", []byte("lost")), w.upload(ana, "cut.txt", []byte("cut"))
	for _, f := range []minichat.File{good, lost, cut} {
		w.post(ana, room, "", func(p *protocol.Post) { p.Files = []string{f.ID} })
	}
	key := func(f minichat.File) string {
		row, err := w.st.GetFile(t.Context(), f.ID)
		if err != nil || row == nil {
			t.Fatalf("row of %s: %v", f.Name, err)
		}
		return row.Key
	}
	if err := w.disk.Delete(t.Context(), key(lost)); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(w.files, "data", key(cut)[:2], key(cut)), 1); err != nil {
		t.Fatal(err)
	}
	orphan := minichat.NewID(22)
	if _, err := w.disk.Put(t.Context(), orphan, "text/plain", strings.NewReader("orphan"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := w.disk.Start(t.Context(), minichat.NewID(22), 100, "text/plain"); err != nil {
		t.Fatal(err)
	}
	check := func(older time.Time, fix bool, left, files int) FilesReport {
		t.Helper()
		report, err := CheckFiles(t.Context(), w.st, w.disk, older, fix)
		if err != nil || len(report.Left) != left || int(report.Files) != files {
			t.Fatalf("got %+v, %v, want %d left over and %d files", report, err, left, files)
		}
		missing := map[string]bool{}
		for _, f := range report.Missing {
			missing[f.ID] = true
		}
		if len(missing) != 2 || !missing[lost.ID] || !missing[cut.ID] {
			t.Errorf("missing: got %+v, want the lost and the cut one", report.Missing)
		}
		return report
	}
	check(time.Now().Add(-time.Hour), true, 0, 1) // all is young: perhaps on its way
	later := time.Now().Add(time.Hour)
	if got := check(later, false, 2, 1).LeftBytes(); got < int64(len("orphan")) {
		t.Errorf("bytes left over: got %d", got)
	}
	check(later, true, 2, 1)
	check(later, true, 0, 1)
	if body, _, err := w.disk.Open(t.Context(), key(good)); err != nil {
		t.Errorf("the good file: %v", err)
	} else {
		body.Close()
	}
	_, _, err := w.disk.Open(t.Context(), orphan)
	wantCode(t, "open the orphan", err, minichat.NotFound)

	// Another database clears up nothing here.
	other := newWorld(t)
	_, err = CheckFiles(t.Context(), other.st, w.disk, later, true)
	wantCode(t, "mend with another database", err, minichat.Conflict)
	if report, err := CheckFiles(t.Context(), other.st, w.disk, later, false); err != nil || len(report.Left) != 2 {
		t.Errorf("look with another database: got %+v, %v, want two left over", report, err)
	}

	// The server's own round does the same.
	if _, err := w.disk.Put(t.Context(), orphan, "text/plain", strings.NewReader("orphan"), 0); err != nil {
		t.Fatal(err)
	}
	w.at.Add(25 * 3600 * 1000)
	if err := w.SweepFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, _, err = w.disk.Open(t.Context(), orphan)
	wantCode(t, "open the orphan after a round", err, minichat.NotFound)
}

// What a person has let go of meanwhile is not missed.
func TestCheckFilesBesideDeletes(t *testing.T) {
	w := newWorld(t)
	ana := w.user("ana", minichat.Member)
	f := w.upload(ana, "a.txt", []byte("a"))
	row, err := w.st.GetFile(t.Context(), f.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.disk.Delete(t.Context(), row.Key); err != nil {
		t.Fatal(err)
	}
	row.State = store.FileGone
	if err := w.st.Write(t.Context(), func(tx *store.Tx) error { return tx.UpdateFile(t.Context(), *row) }); err != nil {
		t.Fatal(err)
	}
	report, err := CheckFiles(t.Context(), w.st, w.disk, time.Now(), false)
	if err != nil || len(report.Missing) != 0 {
		t.Errorf("got %+v, %v, want nothing missing", report, err)
	}
}

// A copy of the database that has the files of the one that runs, by mistake,
// goes on and removes nothing: what it does not know, what was deleted in it,
// what was never finished in it. The other goes on clearing up.
func TestCopyRemovesNothing(t *testing.T) {
	w := newWorld(t, func(l *minichat.Limits) { l.FileGraceSeconds = 0 })
	ana := w.user("ana", minichat.Member)
	room := w.room(ana, minichat.Channel, "plans")
	shared := w.upload(ana, "shared.txt", []byte("shared"))
	seq := w.post(ana, room, "", func(p *protocol.Post) { p.Files = []string{shared.ID} }).Seq
	if err := w.SweepFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	copied := w.copy()
	later := w.upload(ana, "later.txt", []byte("later"))
	w.post(ana, room, "", func(p *protocol.Post) { p.Files = []string{later.ID} })

	if _, err := copied.Delete(t.Context(), ana, protocol.Delete{Room: room, Key: newKey(), Target: seq}); err != nil {
		t.Fatal(err)
	}
	copied.at.Add(48 * 3600 * 1000)
	wantCode(t, "sweep the copy", copied.SweepFiles(t.Context()), minichat.Conflict)
	_, err := CheckFiles(t.Context(), copied.st, w.disk, time.Now().Add(time.Hour), true)
	wantCode(t, "mend by the copy", err, minichat.Conflict)
	for _, f := range []minichat.File{shared, later} {
		if o, err := w.OpenFile(t.Context(), Reader{User: &ana}, f.ID); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		} else {
			o.Body.Close()
		}
	}

	if _, err := w.Delete(t.Context(), ana, protocol.Delete{Room: room, Key: newKey(), Target: seq}); err != nil {
		t.Fatal(err)
	}
	if err := w.SweepFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	report, err := CheckFiles(t.Context(), w.st, w.disk, time.Now(), false)
	if err != nil || report.Files != 1 || len(report.Missing)+len(report.Left) != 0 {
		t.Errorf("afterwards: got %+v, %v, want the later one alone", report, err)
	}
}

// An upload that may still go on stays, whoever clears up: its row says so, not
// the age that others go by.
func TestUploadWithMoreTimeStays(t *testing.T) {
	w := newWorld(t, func(l *minichat.Limits) { l.UploadTTLSeconds = 7 * 24 * 3600 })
	ana := w.user("ana", minichat.Member)
	up, err := w.NewFile(t.Context(), ana, NewFile{Name: "a.txt", Size: 5, Type: "text/plain"})
	if err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(time.Hour) // as if it had begun long ago
	for days, left := range []int{0, 0, 0, 0, 0, 0, 0, 1} {
		report, err := CheckFiles(t.Context(), w.st, w.disk, old, false)
		if err != nil || len(report.Left) != left {
			t.Errorf("on day %d: got %+v, %v, want %d left over", days, report, err, left)
		}
		w.at.Add(24 * 3600 * 1000)
	}
	w.at.Add(-8 * 24 * 3600 * 1000)
	if _, err := CheckFiles(t.Context(), w.st, w.disk, old, true); err != nil {
		t.Fatal(err)
	}
	w.put(up.Parts[0].URL, []byte("hello"))
	if _, err := w.CompleteFile(t.Context(), ana, up.File); err != nil {
		t.Errorf("it cannot go on: %v", err)
	}
}
