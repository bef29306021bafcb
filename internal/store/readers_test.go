package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"modernc.org/sqlite"

	"minichat"
)

// takePool takes all connections.
func takePool(t *testing.T, s *Store) (held []*sql.Conn) {
	t.Helper()
	for range poolSize {
		c, err := s.pool.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
	}
	return held
}

// holdPool takes all connections, so that what is asked waits. The function that
// it returns gives them back.
func holdPool(t *testing.T, s *Store) (release func()) {
	t.Helper()
	held := takePool(t, s)
	return func() {
		for _, c := range held {
			// No read left a transaction open on it, nor does this.
			for _, text := range []string{"BEGIN", "ROLLBACK"} {
				if _, err := c.ExecContext(context.Background(), text); err != nil {
					t.Error(err)
				}
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// await returns when ready says so.
func await(t *testing.T, what string, ready func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ready(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("in vain waited until " + what)
		}
	}
}

// asked says how many reads wait for a reader.
func asked(s *Store) int {
	s.readers.mu.Lock()
	defer s.readers.mu.Unlock()
	return len(s.readers.waiting)
}

// A read outside a transaction, which the readers answer, finds what the same
// read finds inside one.
func TestReadersAnswerAsATransaction(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		addUser(t, s, "ana", "ben")
		addRoom(t, s, "r", "ana")
		write(t, s, func(tx *Tx) error {
			token := Token{ID: "t", User: "ana", Name: "né", CreatedAt: 1, SeenAt: 2}
			if err := tx.InsertToken(ctx, token, []byte{0, 255}); err != nil {
				return err
			}
			if err := tx.UpdateUser(ctx, minichat.User{ID: "ben", Bot: true, Disabled: true, Role: minichat.Owner}, ""); err != nil {
				return err
			}
			return tx.InsertFile(ctx, File{File: minichat.File{ID: "f", Name: "a.png", Size: 1 << 40, Width: 3}, Uploader: "ana", State: "open", Avatar: true, ExpiresAt: 9})
		})
		write(t, s, func(tx *Tx) error {
			return tx.Append(ctx, &minichat.Event{Room: "r", Kind: minichat.KindMessage, By: "ana", Key: "k", Body: minichat.MessageBody{Text: "x"}}, []byte{1, 0})
		})
		all := map[string]func(reads) []any{
			"user":       func(r reads) []any { u, err := r.GetUser(ctx, "ben"); return []any{u, err} },
			"nobody":     func(r reads) []any { u, err := r.GetUser(ctx, "cat"); return []any{u, err} },
			"token":      func(r reads) []any { tok, u, err := r.GetTokenByHash(ctx, []byte{0, 255}); return []any{tok, u, err} },
			"no token":   func(r reads) []any { tok, u, err := r.GetTokenByHash(ctx, []byte{}); return []any{tok, u, err} },
			"place":      func(r reads) []any { room, m, err := r.GetPlace(ctx, "r", "ana"); return []any{room, m, err} },
			"outside":    func(r reads) []any { room, m, err := r.GetPlace(ctx, "r", "ben"); return []any{room, m, err} },
			"membership": func(r reads) []any { m, err := r.GetMembership(ctx, "r", "ana"); return []any{m, err} },
			"file":       func(r reads) []any { f, err := r.GetFile(ctx, "f"); return []any{f, err} },
			"message":    func(r reads) []any { m, err := r.GetMessage(ctx, "r", 1); return []any{m, err} },
			"key":        func(r reads) []any { k, err := r.FindKey(ctx, "ana", "k"); return []any{k, err} },
			"owners":     func(r reads) []any { all, people, err := r.CountOwners(ctx); return []any{all, people, err} },
			"setting":    func(r reads) []any { v, err := r.GetSetting(ctx, settingEpoch); return []any{v, err} },
			"a NULL that has no place": func(r reads) []any {
				var text string
				_, err := r.row(ctx, "SELECT NULL", nil, &text)
				return []any{text, err != nil}
			},
			"too few places": func(r reads) []any {
				var n int64
				_, err := r.row(ctx, "SELECT 1, 2", nil, &n)
				return []any{err != nil}
			},
		}
		for name, read := range all {
			got := read(s.reads)
			var want []any
			write(t, s, func(tx *Tx) error {
				want = read(tx.reads)
				tx.failed = nil
				return nil
			})
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: the readers say %+v, a transaction %+v", name, got, want)
			}
		}
	})
}

// Who asks after a Write has returned sees it, while many others ask; and nobody
// sees what he saw before turn older.
func TestReadersSeeWhatIsCommitted(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		const people, rounds = 32, 60
		ctx := t.Context()
		name := func(i int) string { return "number of " + strconv.Itoa(i) }
		number := func(i int) int {
			text, err := s.GetSetting(ctx, name(i))
			if err != nil {
				t.Error(err)
			}
			n, _ := strconv.Atoi(text) // "" at first
			return n
		}
		var writing, reading sync.WaitGroup
		var over atomic.Bool
		for i := range people {
			writing.Go(func() {
				for n := 1; n <= rounds; n++ {
					if err := s.Write(ctx, func(tx *Tx) error { return tx.SetSetting(ctx, name(i), strconv.Itoa(n)) }); err != nil {
						t.Error(err)
						return
					}
					if got := number(i); got != n {
						t.Errorf("wrote %d, read %d", n, got)
						return
					}
				}
			})
			reading.Go(func() {
				for seen := 0; !over.Load(); {
					got := number(i)
					if got < seen {
						t.Errorf("read %d after %d", got, seen)
						return
					}
					seen = got
				}
			})
		}
		writing.Wait()
		over.Store(true)
		reading.Wait()
	})
}

// Of those who wait together, one gives up and others ask what cannot be
// answered: it is theirs alone.
func TestReadersAnswerEachByHimself(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		addUser(t, s, "ana")
		release := holdPool(t, s)
		const many = 3 * maxAsked
		var waiting sync.WaitGroup
		before := s.pool.Stats().WaitCount
		for i := range readerCount() { // each has one, and no connection for it
			waiting.Go(func() {
				if _, err := s.GetUser(t.Context(), "ana"); err != nil {
					t.Error(err)
				}
			})
			await(t, "a reader waits for a connection", func() bool { return s.pool.Stats().WaitCount == before+int64(i)+1 })
		}
		leaving, leave := context.WithCancel(t.Context())
		defer leave()
		left := make(chan error, 1)
		handle := "as it was"
		for i := range many {
			waiting.Go(func() {
				switch i % 8 {
				case 1:
					var n int64
					if _, err := s.row(t.Context(), "SELECT n FROM nowhere", nil, &n); err == nil {
						t.Error("a read of no table succeeded")
					}
				case 2:
					var n int64
					if _, err := s.row(t.Context(), "SELECT abs($1)", []any{int64(-1 << 63)}, &n); err == nil {
						t.Error("a sum that is too large succeeded")
					}
				default:
					if u, err := s.GetUser(t.Context(), "ana"); err != nil || u == nil || u.Handle != "ana" {
						t.Errorf("%v, %v", u, err)
					}
				}
			})
		}
		await(t, "all have asked", func() bool { return asked(s) == many })
		go func() {
			_, err := s.row(leaving, "SELECT handle FROM users", nil, &handle)
			left <- err
		}()
		await(t, "one more has asked", func() bool { return asked(s) == many+1 })
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("who gave up got %v", err)
		}
		for range 8 { // what he asked with is not theirs yet
			waiting.Go(func() {
				if u, err := s.GetUser(t.Context(), "ana"); err != nil || u == nil || u.Handle != "ana" {
					t.Errorf("%v, %v", u, err)
				}
			})
		}
		await(t, "eight more have asked", func() bool { return asked(s) == many+9 })
		release()
		waiting.Wait()
		if handle != "as it was" {
			t.Errorf("who gave up was given %q", handle)
		}
		holdPool(t, s)() // the transactions have ended
	})
}

// A panic in the database's code ends neither the process nor a reader, and none
// waits for ever.
func TestReadersOutliveAPanic(t *testing.T) {
	sqlite.MustRegisterScalarFunction("fall", 0, func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) { panic("fell") })
	s := open(t, backends()[0].url(t))
	addUser(t, s, "ana")
	for range 3 {
		var reading sync.WaitGroup
		for i := range 100 {
			reading.Go(func() {
				var n int64
				if i != 50 {
					// Who shares the batch may be told of it.
					if u, err := s.GetUser(t.Context(), "ana"); err == nil && u == nil || err != nil && !strings.Contains(err.Error(), "fell") {
						t.Errorf("%v, %v", u, err)
					}
				} else if _, err := s.row(t.Context(), "SELECT fall()", nil, &n); err == nil || !strings.Contains(err.Error(), "fell") {
					t.Errorf("the read that panicked: %v", err)
				}
			})
		}
		reading.Wait()
		if u, err := s.GetUser(t.Context(), "ana"); err != nil || u == nil {
			t.Errorf("after it: %v, %v", u, err)
		}
	}
}

// Close under load answers all who ask, and ends the readers. After it a read
// says what is the matter.
func TestCloseEndsReaders(t *testing.T) {
	for _, b := range backends() {
		for _, held := range []bool{false, true} {
			t.Run(fmt.Sprint(b.name, " held ", held), func(t *testing.T) {
				s := open(t, b.url(t))
				addUser(t, s, "ana")
				release := func() {}
				if held { // a copy of the database takes its time
					release = holdPool(t, s)
				}
				var reading sync.WaitGroup
				var begun atomic.Int64
				for range 100 {
					reading.Go(func() {
						for {
							begun.Add(1)
							u, err := s.GetUser(t.Context(), "ana")
							if err == nil && u != nil {
								continue
							}
							if minichat.CodeOf(err) != minichat.StoreUnavailable {
								t.Errorf("%v, %v", u, err)
							}
							return
						}
					})
				}
				await(t, "all have asked", func() bool { return begun.Load() >= 100 })
				if err := s.Close(); err != nil {
					t.Error(err)
				}
				reading.Wait()
				release()
				if _, err := s.GetUser(t.Context(), "ana"); minichat.CodeOf(err) != minichat.StoreUnavailable {
					t.Errorf("after Close: %v", err)
				}
			})
		}
	}
}
