// Package auth answers who is asking: passwords, sessions, tokens, invites and
// the making of people. It keeps no copy of what the database says, so an ended
// session or a disabled person is out with the next question asked.
package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"sync"
	"time"

	"minichat"
	"minichat/internal/bus"
	"minichat/internal/store"
)

// Kinds of an Identity.
const (
	KindSession = "session"
	KindToken   = "token"
)

// Identity is somebody who has proven who he is, and by what.
type Identity struct {
	User    minichat.User
	Session string // id of the session or token
	Kind    string // KindSession or KindToken
}

// Signed is an Identity with the secret that proves it from now on. The secret
// is shown this once.
type Signed struct {
	Identity
	Token     string
	ExpiresAt int64
}

// From is where a request came from.
type From struct {
	Addr   string // the client's address without a port
	Device string // free words, cut to 64 letters
}

// Options are what New needs beside the database.
type Options struct {
	Limits minichat.Limits
	Now    func() int64 // ms; nil: the clock
	Log    *slog.Logger // nil: none
	Hashes int          // passwords hashed at the same time, 19 MiB each; 0: 4
}

// Auth is safe for use by many goroutines.
type Auth struct {
	st       *store.Store
	bus      bus.Bus
	limits   minichat.Limits
	now      func() int64
	log      *slog.Logger
	hasher   *hasher
	failures *failures

	mu   sync.Mutex
	used map[use]int64 // when it was last, not yet written
	many chan struct{} // told when much waits to be written
	stop chan struct{}
	done chan struct{}
}

// New starts one goroutine that writes when sessions were last used, and ends those
// that have run out; Close ends it.
func New(st *store.Store, b bus.Bus, o Options) *Auth {
	if o.Now == nil {
		o.Now = func() int64 { return time.Now().UnixMilli() }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Hashes <= 0 {
		o.Hashes = 4
	}
	a := &Auth{
		st: st, bus: b, limits: o.Limits, now: o.Now, log: o.Log,
		hasher:   newHasher(o.Hashes),
		failures: newFailures(),
		used:     map[use]int64{},
		many:     make(chan struct{}, 1),
		stop:     make(chan struct{}),
		done:     make(chan struct{}),
	}
	go a.keepSessions(30 * time.Second)
	return a
}

// Close writes what is left to write and ends the goroutine of New. Call it
// once, before the store is closed.
func (a *Auth) Close() error {
	close(a.stop)
	<-a.done
	return a.flushUsed(context.Background())
}

// newSecret returns 256 random bits for a person to keep and the hash of them
// for the database.
func newSecret() (secret string, hash []byte) {
	b := make([]byte, 32)
	rand.Read(b) // never fails since Go 1.24
	secret = base64.RawURLEncoding.EncodeToString(b)
	return secret, hashSecret(secret)
}

func hashSecret(secret string) []byte {
	h := sha256.Sum256([]byte(secret))
	return h[:]
}

// isSecret reports whether s can be a secret at all.
func isSecret(s string) bool { return len(s) == 43 && minichat.IsID(s) }
