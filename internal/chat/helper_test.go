package chat

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"minichat"
	"minichat/internal/bus"
	"minichat/internal/files"
	"minichat/internal/protocol"
	"minichat/internal/store"
)

// world is a Chat on a real database and a real disk, with a clock that tests
// turn, and all that was published.
type world struct {
	*Chat
	t     *testing.T
	disk  *files.Disk
	at    atomic.Int64
	db    string // the database's file
	files string // the disk's folder

	mu   sync.Mutex
	said []bus.Message
}

func newWorld(t *testing.T, change ...func(*minichat.Limits)) *world {
	t.Helper()
	w := &world{t: t}
	w.at.Store(time.Now().UnixMilli()) // the disk has the real clock
	limits := minichat.DefaultLimits()
	limits.PostsPerSecond = 0
	for _, c := range change {
		c(&limits)
	}
	w.db = filepath.Join(t.TempDir(), "minichat.db")
	st, err := store.Open(t.Context(), "sqlite:"+w.db, store.Options{Now: w.at.Load})
	if err != nil {
		t.Fatal(err)
	}
	w.files = t.TempDir()
	if w.disk, err = files.OpenDisk(w.files, []byte("a secret of thirty-two characters")); err != nil {
		t.Fatal(err)
	}
	b := bus.Memory()
	b.Subscribe(func(m bus.Message) {
		w.mu.Lock()
		w.said = append(w.said, m)
		w.mu.Unlock()
	})
	if w.Chat, err = New(st, w.disk, b, limits, Options{Now: w.at.Load}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, end := range []func() error{w.Close, w.disk.Close, st.Close} {
			if err := end(); err != nil {
				t.Error(err)
			}
		}
	})
	return w
}

// copy is a Chat on a restored copy of the database, with the very same files.
func (w *world) copy() *world {
	w.t.Helper()
	c := &world{t: w.t, disk: w.disk, db: filepath.Join(w.t.TempDir(), "minichat.db"), files: w.files}
	c.at.Store(w.at.Load())
	if err := w.st.Snapshot(w.t.Context(), c.db); err != nil {
		w.t.Fatal(err)
	}
	st, err := store.Open(w.t.Context(), "sqlite:"+c.db, store.Options{Now: c.at.Load})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := st.NewEpoch(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	if c.Chat, err = New(st, w.disk, bus.Memory(), w.limits, Options{Now: c.at.Load}); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := errors.Join(c.Chat.Close(), st.Close()); err != nil {
			w.t.Error(err)
		}
	})
	return c
}

// heard returns what was published of a kind, in order.
func (w *world) heard(kind string) (list []bus.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range w.said {
		if m.Kind == kind {
			list = append(list, m)
		}
	}
	return list
}

// user makes a person whose id, handle and name are the same.
func (w *world) user(name string, role minichat.Role) minichat.User {
	w.t.Helper()
	u := minichat.User{ID: name, Handle: name, Name: name, Color: minichat.ColorOf(name), Role: role, CreatedAt: w.at.Load()}
	w.write(func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertUser(ctx, u, "", minichat.Skeleton(name))
	})
	return u
}

func (w *world) write(fn func(context.Context, *store.Tx) error) {
	w.t.Helper()
	ctx := w.t.Context()
	if err := w.st.Write(ctx, func(tx *store.Tx) error { return fn(ctx, tx) }); err != nil {
		w.t.Fatal(err)
	}
}

// room makes a room by u with the others in it.
func (w *world) room(u minichat.User, kind minichat.Kind, name string, members ...string) string {
	w.t.Helper()
	r, created, err := w.CreateRoom(w.t.Context(), u, NewRoom{Name: name, Kind: kind, Members: members})
	if err != nil || !created {
		w.t.Fatalf("create room: %v, %v", created, err)
	}
	return r.ID
}

// post posts what must be taken.
func (w *world) post(u minichat.User, room, text string, change ...func(*protocol.Post)) Result {
	w.t.Helper()
	p := protocol.Post{Room: room, Key: newKey(), Text: text}
	for _, c := range change {
		c(&p)
	}
	res, err := w.Post(w.t.Context(), u, p)
	if err != nil {
		w.t.Fatalf("post: %v", err)
	}
	return res
}

func newKey() string { return minichat.NewID(32) }

// message reads a message's present form.
func (w *world) message(room string, seq int64) *store.Message {
	w.t.Helper()
	m, err := w.st.GetMessage(w.t.Context(), room, seq)
	if err != nil || m == nil {
		w.t.Fatalf("message %d: %v, %v", seq, m, err)
	}
	return m
}

// upload brings a whole file here, in the way that a client does.
func (w *world) upload(u minichat.User, name string, data []byte) minichat.File {
	w.t.Helper()
	up, err := w.NewFile(w.t.Context(), u, NewFile{Name: name, Size: int64(len(data)), Type: "image/png"})
	if err != nil {
		w.t.Fatalf("new file: %v", err)
	}
	w.put(up.Parts[0].URL, data)
	f, err := w.CompleteFile(w.t.Context(), u, up.File)
	if err != nil {
		w.t.Fatalf("complete file: %v", err)
	}
	return f
}

func (w *world) put(url string, data []byte) {
	w.t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if err := w.disk.ServePart(rw, r); err != nil {
			w.t.Errorf("serve a part: %v", err)
			rw.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer server.Close()
	req, err := http.NewRequestWithContext(w.t.Context(), "PUT", server.URL+url, bytes.NewReader(data))
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := server.Client().Do(req)
	if err != nil {
		w.t.Fatalf("put a part: %v", err)
	}
	resp.Body.Close()
}

func wantCode(t *testing.T, what string, err error, want minichat.Code) {
	t.Helper()
	if got := minichat.CodeOf(err); got != want {
		t.Errorf("%s: got code %q (%v), want %q", what, got, err, want)
	}
}
