package store

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"minichat"
)

// run answers every call of the batch.
func (w *writer) run(batch []*call) {
	for len(batch) > 0 {
		alone := false
		batch, alone = w.attempt(batch)
		if len(batch) > 0 {
			w.reruns.Add(1)
		}
		if alone {
			for _, c := range batch {
				w.attempt([]*call{c})
			}
			return
		}
	}
}

// attempt runs the calls in one transaction. It answers all of them, or it rolls
// back, answers the one at fault and returns the others to be run again; alone
// says that each must run by itself, for together they do not fit on the disk.
func (w *writer) attempt(batch []*call) (again []*call, alone bool) {
	if w.dead != nil {
		w.finish(batch, w.dead)
		return nil, false
	}
	if err := w.do("BEGIN IMMEDIATE"); err != nil {
		w.finish(batch, fmt.Errorf("begin: %w", w.d.mapError(err)))
		return nil, false
	}
	w.look() // inside the transaction: nobody else writes until its end
	tx := newTx(w.st, w.d, w.o.Now, w.memory)
	wrote := false
	for i, c := range batch {
		ok := w.judge(tx, c)
		wrote = wrote || tx.wrote
		if !ok {
			w.rollback()
			again = append(append(again, batch[:i]...), batch[i+1:]...)
			w.finish(batch[i:i+1], c.err)
			return again, minichat.CodeOf(c.err) == minichat.StorageFull
		}
	}
	if err := w.commitAndTell(tx, wrote); err != nil {
		if len(batch) > 1 && minichat.CodeOf(err) == minichat.StorageFull {
			return append(again, batch...), true
		}
		w.finish(batch, err)
		return nil, false
	}
	for _, c := range batch {
		w.answer(c, c.err)
	}
	return nil, false
}

// judge runs one call; false when the transaction cannot go on with what it did.
func (w *writer) judge(tx *Tx, c *call) bool {
	tx.wrote, tx.failed = false, nil
	var panicked bool
	c.err, panicked = callFn(tx, c.fn)
	if c.err == nil {
		c.err = tx.failed // a fn that passes over a failed statement has failed
	}
	return !panicked && tx.failed == nil && (c.err == nil || !tx.wrote)
}

func callFn(tx *Tx, fn func(*Tx) error) (err error, panicked bool) {
	panicked = true
	defer func() {
		if panicked {
			err = fmt.Errorf("panic in a write: %v\n%s", recover(), debug.Stack())
		}
	}()
	err = fn(tx)
	return err, false
}

// commitAndTell ends the transaction and announces its events.
func (w *writer) commitAndTell(tx *Tx, wrote bool) error {
	w.announcing.Lock()
	defer w.announcing.Unlock()
	if err := w.commit(tx, wrote); err != nil {
		return err
	}
	if tx.parted {
		w.partings.Add(1)
	}
	if tx.wiped {
		w.wipe()
	}
	if wrote {
		w.announce(tx.events)
	}
	return nil
}

// commit ends the transaction. An error says in its Unknown whether it may
// nevertheless be on disk.
func (w *writer) commit(tx *Tx, wrote bool) error {
	if err := tx.settle(context.Background()); err != nil {
		w.rollback()
		return w.d.mapError(err)
	}
	began := time.Now()
	err := w.do("COMMIT")
	if err == nil {
		if wrote {
			w.tellTime(time.Since(began))
		}
		return nil
	}
	w.rollback()
	if !wrote {
		return fmt.Errorf("commit: %w", w.d.mapError(err))
	}
	err, fatal := w.d.mapCommit(err)
	if fatal {
		w.dead = err
		w.o.Log.Error("the disk refused a commit: nothing is written any more", "err", err)
		if w.o.Fatal != nil {
			w.o.Fatal(err)
		}
	}
	return err
}

func (w *writer) tellTime(took time.Duration) {
	w.hooks.Lock()
	fn := w.timed
	w.hooks.Unlock()
	if fn != nil {
		fn(took)
	}
}

// rollback passes over its error: SQLite has often rolled back by itself, and a
// transaction that is still open shows at the next BEGIN.
func (w *writer) rollback() {
	_ = w.do("ROLLBACK")
	w.memory.clear()
}

func (w *writer) do(text string) error {
	stmt, err := w.st.get(text)
	if err != nil {
		return err
	}
	_, err = stmt.ExecContext(context.Background())
	return err
}

func (w *writer) announce(events []*minichat.Event) {
	w.commits.Add(1)
	w.events.Add(int64(len(events)))
	w.hooks.Lock()
	fn := w.onCommit
	w.hooks.Unlock()
	if fn != nil && len(events) > 0 {
		fn(events)
	}
}

func (w *writer) finish(calls []*call, err error) {
	for _, c := range calls {
		w.answer(c, err)
	}
}

func (w *writer) answer(c *call, err error) {
	w.writes.Add(1)
	c.done <- err
}
