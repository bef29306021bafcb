package auth

import (
	"context"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"minichat"
	"minichat/internal/bus"
	"minichat/internal/store"
)

// world is an Auth on a real database with a clock that tests turn.
type world struct {
	*Auth
	dir string
	at  atomic.Int64

	mu   sync.Mutex
	ends []bus.Message
}

const day = 24 * 3600 * 1000

func newWorld(t *testing.T, limits minichat.Limits) *world {
	t.Helper()
	w := &world{dir: t.TempDir()}
	w.at.Store(1_700_000_000_000)
	st, err := store.Open(t.Context(), "sqlite:"+filepath.Join(w.dir, "minichat.db"), store.Options{Now: w.at.Load})
	if err != nil {
		t.Fatal(err)
	}
	b := bus.Memory()
	b.Subscribe(func(m bus.Message) {
		if m.Kind == bus.End {
			w.mu.Lock()
			w.ends = append(w.ends, m)
			w.mu.Unlock()
		}
	})
	w.Auth = New(st, b, Options{Limits: limits, Now: w.at.Load, Hashes: 2})
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

const password = "correct horse"

// owner sets the server up.
func (w *world) owner(t *testing.T) Signed {
	t.Helper()
	token, err := w.SetupToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, err := w.Setup(t.Context(), Entry{Token: token, Handle: "ana", Name: "Ana", Password: password}, From{Addr: "192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// invite makes an invite as the owner.
func (w *world) invite(t *testing.T, owner Signed, uses int64) (Invite, string) {
	t.Helper()
	i, secret, err := w.NewInvite(t.Context(), owner.User, NewInvite{Uses: &uses})
	if err != nil {
		t.Fatal(err)
	}
	return i, secret
}

func (w *world) ended() []bus.Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]bus.Message(nil), w.ends...)
}

// fullHasher takes all slots: whoever would hash then waits until his context ends.
func (w *world) fullHasher(t *testing.T) context.Context {
	t.Helper()
	for range cap(w.hasher.slots) {
		w.hasher.slots <- struct{}{}
	}
	t.Cleanup(func() {
		for range cap(w.hasher.slots) {
			<-w.hasher.slots
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func wantCode(t *testing.T, what string, err error, want minichat.Code) {
	t.Helper()
	if got := minichat.CodeOf(err); got != want {
		t.Errorf("%s: got code %q (%v), want %q", what, got, err, want)
	}
}
