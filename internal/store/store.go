// Package store keeps everything that lasts, in SQL: people, rooms and, per
// room, the log of events with its dense seq. One goroutine writes: it gathers
// what callers bring at the same time into one transaction and one fsync. It
// knows no rules: who may do what is judged by its callers, inside Write.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"minichat"
)

// Options are the parts that Open is given. All may be left out.
type Options struct {
	Log   *slog.Logger
	Now   func() int64 // milliseconds since 1970 UTC
	Fatal func(error)  // called when the disk refused to keep what was written: end the process
}

// Store is the database. Its read methods see what is committed; Write changes it.
type Store struct {
	reads
	o      Options
	pool   *sql.DB // readers
	writer *writer
	id     string
	epoch  settingCell
}

// Open opens the database at url ("sqlite:PATH"), makes it when it is not
// there, brings its schema up to date and starts the writer. Close ends it.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = func() int64 { return time.Now().UnixMilli() }
	}
	path, ok := strings.CutPrefix(url, "sqlite:")
	if !ok || path == "" {
		return nil, fmt.Errorf("database %q: the form is sqlite:PATH", url)
	}
	h, err := openSQLite(ctx, path, o.Log)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	s := &Store{o: o, pool: h.pool, reads: reads{st: newStatements(h.pool.PrepareContext), d: h.dialect,
		readers: newReaders(h.pool)}}
	if s.writer, err = newWriter(ctx, h, o); err != nil {
		s.readers.close()
		return nil, errors.Join(fmt.Errorf("start the writer: %w", err), h.pool.Close(), h.single.Close())
	}
	if err := s.loadSettings(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.writer.setOnForeign(s.readEpoch)
	return s, nil
}

// Close waits for the writes that were begun, refuses new ones and closes the
// database. The hooks are called no more after it.
func (s *Store) Close() error {
	err := s.writer.close()
	s.readers.close()
	return errors.Join(err, s.pool.Close())
}

// ID names this database for ever.
func (s *Store) ID() string { return s.id }

// Epoch names the present history of the database (docs/protocol.md, "Resume").
func (s *Store) Epoch() string { return s.epoch.get() }

// NewEpoch begins another history: every client loads its rooms anew.
func (s *Store) NewEpoch(ctx context.Context) (string, error) {
	epoch := minichat.NewID(16)
	err := s.Write(ctx, func(tx *Tx) error { return tx.SetSetting(ctx, settingEpoch, epoch) })
	if err != nil {
		return "", fmt.Errorf("set epoch: %w", err)
	}
	s.epoch.set(epoch)
	return epoch, nil
}

// Secret returns 32 random bytes that stay the same for name.
func (s *Store) Secret(ctx context.Context, name string) ([]byte, error) {
	value, err := s.settingOnce(ctx, "secret "+name, func() string {
		b := make([]byte, 32)
		rand.Read(b)
		return hex.EncodeToString(b)
	})
	if err != nil {
		return nil, err
	}
	b, err := hex.DecodeString(value)
	if err != nil || len(b) != 32 {
		return nil, fmt.Errorf("secret %s in the database is damaged", name)
	}
	return b, nil
}

// OnCommit sets what is called after each commit with the events it added, in
// order, before the Writes of that batch return. fn runs in the writer: it must
// neither block nor call Write. Set it before the first Write. Events that
// another process appends do not come here: see OnForeignChange.
func (s *Store) OnCommit(fn func([]*minichat.Event)) { s.writer.setOnCommit(fn) }

// Announced waits until OnCommit's fn was called for all that anybody could have
// read by now.
func (s *Store) Announced() {
	s.writer.announcing.RLock()
	defer s.writer.announcing.RUnlock()
}

// Timed sets what is told how long each commit of a change took, the fsync
// included. fn runs in the writer: it must not block.
func (s *Store) Timed(fn func(time.Duration)) { s.writer.setTimed(fn) }

// OnForeignChange sets what is called, on a goroutine of its own, within 400 ms
// after another process changed the database. Calls do not overlap.
func (s *Store) OnForeignChange(fn func()) {
	s.writer.setOnForeign(func() {
		s.readEpoch()
		fn()
	})
}

// readEpoch takes over an epoch that another process began.
func (s *Store) readEpoch() {
	epoch, err := s.GetSetting(context.Background(), settingEpoch)
	if err != nil {
		s.o.Log.Warn("cannot read the epoch again after another process wrote", "err", err)
		return
	}
	s.epoch.set(epoch)
}

// Stats count since Open.
type Stats struct {
	Commits int64 // transactions that wrote something
	Writes  int64 // calls of Write that were answered
	Events  int64 // events committed
	Queued  int64 // calls that wait now
	Reruns  int64 // batches rolled back and run again without the call at fault
}

// Stats returns the counters of the writer.
func (s *Store) Stats() Stats { return s.writer.stats() }

// Ping writes to the disk and reads it back: nil when the store can do both.
func (s *Store) Ping(ctx context.Context) error {
	want := strconv.FormatInt(s.o.Now(), 10) + " " + minichat.NewID(6)
	if err := s.Write(ctx, func(tx *Tx) error { return tx.SetSetting(ctx, settingPing, want) }); err != nil {
		return fmt.Errorf("ping: write: %w", err)
	}
	if _, err := s.GetSetting(ctx, settingPing); err != nil {
		return fmt.Errorf("ping: read: %w", err)
	}
	return nil
}

func (s *Store) loadSettings(ctx context.Context) (err error) {
	newID := func() string { return minichat.NewID(16) }
	if s.id, err = s.settingOnce(ctx, settingID, newID); err != nil {
		return err
	}
	epoch, err := s.settingOnce(ctx, settingEpoch, newID)
	s.epoch.set(epoch)
	return err
}

// settingCell is a setting that is kept in memory.
type settingCell struct {
	mu    sync.RWMutex
	value string
}

func (c *settingCell) get() string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.value
}

func (c *settingCell) set(value string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.value = value
}
