package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"minichat"
)

// hold keeps the writer busy until release is called, so that what comes
// meanwhile gathers.
func hold(t *testing.T, s *Store) (release func()) {
	t.Helper()
	begun, end := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	var once sync.Once
	go func() {
		done <- s.Write(context.Background(), func(*Tx) error {
			once.Do(func() { close(begun) })
			<-end
			return nil
		})
	}()
	<-begun
	return func() {
		close(end)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// together brings calls to the writer so that they share one batch, in order,
// and returns what each was answered.
func together(t *testing.T, s *Store, fns ...func(*Tx) error) []error {
	t.Helper()
	release := hold(t, s)
	errs := make([]error, len(fns))
	var wg sync.WaitGroup
	for i, fn := range fns {
		before := len(s.writer.calls)
		wg.Go(func() { errs[i] = s.Write(t.Context(), fn) })
		for len(s.writer.calls) == before { // until it stands in the queue
			runtime.Gosched()
		}
	}
	release()
	wg.Wait()
	return errs
}

func appendTo(t *testing.T, room, key, text string) func(*Tx) error {
	return func(tx *Tx) error {
		return tx.Append(t.Context(), &minichat.Event{Room: room, Kind: minichat.KindMessage, By: "ana", Key: key,
			Body: minichat.MessageBody{Text: text}}, []byte(text))
	}
}

func TestGroupCommit(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		addUser(t, s, "ana")
		addRoom(t, s, "r", "ana")
		before := s.Stats()
		const n = 100
		var fns []func(*Tx) error
		for i := range n {
			fns = append(fns, appendTo(t, "r", fmt.Sprint(i), "hello"))
		}
		var order []int64
		s.OnCommit(func(list []*minichat.Event) {
			for _, ev := range list {
				order = append(order, ev.Seq)
			}
		})
		for i, err := range together(t, s, fns...) {
			if err != nil {
				t.Errorf("write %d: %v", i, err)
			}
		}
		after := s.Stats()
		if got := after.Commits - before.Commits; got != 1 {
			t.Errorf("%d writes took %d transactions, want 1", n, got)
		}
		if got := after.Events - before.Events; got != n {
			t.Errorf("events counted: got %d, want %d", got, n)
		}
		for i, seq := range order {
			if seq != int64(i+1) {
				t.Fatalf("OnCommit got %v", order)
			}
		}
		if len(order) != n {
			t.Errorf("OnCommit got %d events before the writes returned, want %d", len(order), n)
		}
		dense(t, s, "r", n)
	})
}

func TestErrorBeforeAWriteConcernsItsCallAlone(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		addUser(t, s, "ana")
		addRoom(t, s, "r", "ana")
		before := s.Stats()
		mine := errors.New("judged: no")
		errs := together(t, s, appendTo(t, "r", "a", "a"), func(tx *Tx) error {
			if _, err := tx.GetRoom(t.Context(), "r"); err != nil {
				return err
			}
			return mine
		}, appendTo(t, "r", "b", "b"))
		if errs[0] != nil || errs[1] != mine || errs[2] != nil {
			t.Errorf("got %v", errs)
		}
		if after := s.Stats(); after.Reruns != before.Reruns || after.Commits-before.Commits != 1 {
			t.Errorf("stats before %+v, after %+v", before, after)
		}
		dense(t, s, "r", 2)
	})
}

// Whoever fails after writing, panics, or passes over a failed statement takes
// nothing with him but his own.
func TestFailureAfterAWriteLeavesNoHole(t *testing.T) {
	mine := errors.New("too late")
	tests := map[string]struct {
		fn   func(*testing.T, *Tx) error
		want string
	}{
		"error":            {func(*testing.T, *Tx) error { return mine }, mine.Error()},
		"panic":            {func(*testing.T, *Tx) error { panic("at the disco") }, "at the disco"},
		"broken statement": {func(t *testing.T, tx *Tx) error { _, err := tx.exec(t.Context(), "NO SQL"); return err }, "syntax"},
		"passed over": {func(t *testing.T, tx *Tx) error {
			_ = tx.InsertMember(t.Context(), "r", "ana", "", 1) // he is in it
			return nil
		}, string(minichat.Conflict)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, s *Store) {
				addUser(t, s, "ana")
				addRoom(t, s, "r", "ana")
				var told int
				s.OnCommit(func(list []*minichat.Event) { told += len(list) })
				errs := together(t, s, appendTo(t, "r", "a", "a"), func(tx *Tx) error {
					if err := appendTo(t, "r", "bad", "bad")(tx); err != nil {
						return err
					}
					return test.fn(t, tx)
				}, appendTo(t, "r", "c", "c"))
				if errs[0] != nil || errs[2] != nil {
					t.Errorf("the others: %v, %v", errs[0], errs[2])
				}
				if errs[1] == nil || !strings.Contains(errs[1].Error(), test.want) {
					t.Errorf("got %v, want %q", errs[1], test.want)
				}
				if s.Stats().Reruns != 1 {
					t.Errorf("reruns: got %d, want 1", s.Stats().Reruns)
				}
				dense(t, s, "r", 2)
				if told != 2 {
					t.Errorf("OnCommit was told of %d events, want 2", told)
				}
				if row, err := s.FindKey(t.Context(), "ana", "bad"); row != nil || err != nil {
					t.Errorf("what was rolled back is there: %+v, %v", row, err)
				}
			})
		})
	}
}

func TestWriteGivenUpWhileQueuedNeverRuns(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		release := hold(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		ran := false
		err := s.Write(ctx, func(*Tx) error { ran = true; return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		release()
		if err := s.Ping(t.Context()); err != nil { // stands behind it in the queue
			t.Fatal(err)
		}
		if ran {
			t.Error("it ran")
		}
	})
}

// A caller who gives up while his write runs neither breaks it nor misses its outcome.
func TestWriteGivenUpWhileRunningIsKept(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		addUser(t, s, "ana")
		addRoom(t, s, "r", "ana")
		ctx, cancel := context.WithCancel(t.Context())
		err := s.Write(ctx, func(tx *Tx) error {
			cancel()
			return tx.Append(ctx, &minichat.Event{Room: "r", Kind: minichat.KindMessage, By: "ana", Body: minichat.MessageBody{Text: "x"}}, nil)
		})
		if err != nil {
			t.Error(err)
		}
		dense(t, s, "r", 1)
	})
}

func TestGaplessUnderParallelPostsAndFailures(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		addUser(t, s, "ana")
		addRoom(t, s, "r", "ana")
		addRoom(t, s, "q", "ana")
		var last int64
		s.OnCommit(func(list []*minichat.Event) {
			for _, ev := range list {
				if ev.Room == "r" {
					if ev.Seq != last+1 {
						t.Errorf("told of %d after %d", ev.Seq, last)
					}
					last = ev.Seq
				}
			}
		})
		const people, posts = 8, 60
		mine := errors.New("no")
		var wg sync.WaitGroup
		for p := range people {
			wg.Go(func() {
				for i := range posts {
					fail := (p+i)%7 == 0
					err := s.Write(t.Context(), func(tx *Tx) error {
						for _, room := range []string{"r", "q"} {
							if err := appendTo(t, room, fmt.Sprint(room, p, "-", i), "x")(tx); err != nil {
								return err
							}
						}
						if fail {
							return mine
						}
						return nil
					})
					if fail != errors.Is(err, mine) {
						t.Errorf("got %v", err)
					}
				}
			})
		}
		wg.Wait()
		want := 0
		for p := range people {
			for i := range posts {
				if (p+i)%7 != 0 {
					want++
				}
			}
		}
		dense(t, s, "r", want)
		dense(t, s, "q", want)
	})
}

func TestCloseRunsWhatIsQueued(t *testing.T) {
	for _, b := range backends() {
		t.Run(b.name, func(t *testing.T) {
			url := b.url(t)
			s := open(t, url)
			addUser(t, s, "ana")
			addRoom(t, s, "r", "ana")
			release := hold(t, s)
			answer := make(chan error, 1)
			go func() { answer <- s.Write(context.Background(), appendTo(t, "r", "k", "x")) }()
			for len(s.writer.calls) == 0 {
				runtime.Gosched()
			}
			closed := make(chan error, 1)
			go func() { closed <- s.Close() }()
			release()
			if err := <-answer; err != nil {
				t.Error(err)
			}
			if err := <-closed; err != nil {
				t.Error(err)
			}
			if err := s.Write(t.Context(), appendTo(t, "r", "l", "x")); minichat.CodeOf(err) != minichat.StoreUnavailable {
				t.Errorf("write after close: %v", err)
			}
			dense(t, open(t, url), "r", 1)
		})
	}
}

// A call says when it stands in the queue, long before it is done.
func TestWithQueued(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		release := hold(t, s)
		var order []int
		var wg sync.WaitGroup
		for i := range 20 {
			queued := make(chan struct{})
			ctx := WithQueued(t.Context(), func() { close(queued) })
			wg.Go(func() {
				err := s.Write(ctx, func(*Tx) error {
					order = append(order, i)
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
			<-queued
		}
		if len(order) > 0 {
			t.Errorf("got %v before the writer was free", order)
		}
		release()
		wg.Wait()
		if !slices.IsSorted(order) || len(order) != 20 {
			t.Errorf("got %v, want the order of the queue", order)
		}
	})
}

// What can be read may not have been announced yet; it has when Announced returns.
func TestAnnounced(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		addUser(t, s, "ana")
		addRoom(t, s, "r", "ana")
		var told atomic.Bool
		begun, on := make(chan bool), make(chan bool)
		s.OnCommit(func([]*minichat.Event) {
			close(begun)
			<-on
			told.Store(true)
		})
		written := make(chan error, 1)
		go func() { written <- s.Write(t.Context(), appendTo(t, "r", "a", "a")) }()
		<-begun
		head, err := s.Heads(t.Context())
		if err != nil || head["r"] == 0 {
			t.Errorf("heads: got %v, %v, want what was committed", head, err)
		}
		time.AfterFunc(20*time.Millisecond, func() { close(on) })
		if s.Announced(); !told.Load() {
			t.Error("Announced returned before the announcement")
		}
		if err := <-written; err != nil {
			t.Error(err)
		}
	})
}
