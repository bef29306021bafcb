package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the database's own words about itself
)

// TestConsistency lets clients talk while the server is killed and frozen, lines
// break and people come and go, and then holds all that they were told against
// the invariants.
func TestConsistency(t *testing.T) {
	t.Parallel()
	seed := seed(t)
	w := newWorld(t, seed)
	faults, over := context.WithCancel(t.Context())
	defer over()
	var nemeses sync.WaitGroup
	nemeses.Go(func() { w.flap(faults, rand.New(rand.NewPCG(seed, 4))) })
	nemeses.Go(func() { w.comeAndGo(faults, seed) })
	nemeses.Go(func() { w.dawdle(faults) })
	for range rounds(t) {
		w.suffer()
	}
	over()
	nemeses.Wait()
	w.tell(w.judge())
}

// judge ends the faults and the talk and holds all that happened against the
// invariants.
func (w *world) judge() history {
	w.line.calm.Store(true)
	w.healed.Store(true)
	w.rec.add(record{Op: opHealed})
	time.Sleep(time.Second) // of talk without faults
	for _, c := range w.clients {
		c.busy.Store(false)
	}
	w.quiet()
	w.lastWord()
	w.stopClients()
	w.running.Wait()
	w.account()
	h := w.rec.history()
	w.t.Cleanup(func() {
		if w.t.Failed() {
			h.save(w.t)
		}
	})
	for _, b := range check(h) {
		w.t.Errorf("%s: %s", b.invariant, b.text)
	}
	return h
}

// quietWithin is how long everything may take to arrive after the last fault.
const quietWithin = 30 * time.Second

// quiet waits until every client has an answer to all that it asked for and
// has all of its rooms.
func (w *world) quiet() {
	began := time.Now()
	missing := w.missing()
	for len(missing) > 0 && time.Since(began) < quietWithin {
		time.Sleep(50 * time.Millisecond)
		missing = w.missing()
	}
	for _, text := range missing {
		w.rec.add(record{Op: opLate, Text: text})
	}
	w.rec.add(record{Op: opNote, Text: fmt.Sprintf("quiet after %v", time.Since(began))})
}

// lastWord lets another process write one event into a room where everybody is
// quiet: no later event shows that it is missing.
func (w *world) lastWord() {
	if _, err := w.srv.command("user", "add", "late"); err != nil {
		w.rec.add(record{Op: opLate, Text: err.Error()})
	}
	w.quiet()
}

// missing tells what some clients do not have yet.
func (w *world) missing() (list []string) {
	heads := map[string]int64{}
	for _, room := range w.rooms {
		var r struct{ Head int64 }
		if _, err := call(w.srv.addr, "GET", "/rooms/"+room, w.owner.token, nil, &r); err != nil {
			return []string{fmt.Sprintf("the head of %s: %v", room, err)}
		}
		heads[room] = r.Head
	}
	for _, c := range w.clients {
		if !c.idle.Load() {
			list = append(list, c.name+" waits for an answer")
		}
		for _, room := range c.rooms {
			if at := c.heads[room].Load(); at < heads[room] && w.isMember(room, c.user) {
				list = append(list, fmt.Sprintf("%s has %s up to %d of %d", c.name, room, at, heads[room]))
			}
		}
	}
	return list
}

func (w *world) isMember(room, user string) bool { return slices.Contains(w.members[room], user) }

// account writes down what clients have in the end, and what is on the disk
// after one more kill.
func (w *world) account() {
	w.srv.kill()
	w.srv.start()
	for _, c := range w.clients {
		for _, room := range c.rooms {
			if !w.isMember(room, c.user) {
				continue
			}
			f := c.folds[room]
			w.rec.add(record{Op: opEnd, User: c.user, Room: room, Seq: f.seq})
			for seq, m := range f.messages {
				w.rec.add(record{Op: opFold, User: c.user, Room: room, Seq: seq, Form: m.form()})
			}
		}
	}
	for _, room := range w.rooms {
		for _, ev := range w.srv.log(w.t, w.owner, room) {
			w.rec.add(final(w.t, room, &ev))
		}
	}
	if code := w.srv.stop(); code != 0 {
		w.t.Errorf("SIGTERM: the server ends with %d", code)
	}
	checkDatabase(w.t, w.srv.database(w.t))
}

// final is the record of an event of the log at the end.
func final(t testing.TB, room string, ev *event) record {
	b, err := ev.body()
	if err != nil {
		t.Errorf("body of %s %d: %v", room, ev.Seq, err)
	}
	r := record{Op: opFinal, Room: room, Seq: ev.Seq, ID: ev.ID, Kind: ev.Kind, By: ev.By, Key: ev.Key}
	switch ev.Kind {
	case "message":
		r.Text, r.Rev, r.Deleted, r.Form = b.Text, b.Rev, b.Deleted, b.form()
	case "member":
		r.Text = b.Change
		if b.User != nil {
			r.Subject = b.User.User
		}
	}
	return r
}

// checkDatabase asks SQLite whether the database is whole.
func checkDatabase(t testing.TB, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity_check: %q, %v", verdict, err)
	}
	var orphans int
	if err := db.QueryRow("SELECT count(*) FROM pragma_foreign_key_check").Scan(&orphans); err != nil || orphans > 0 {
		t.Errorf("foreign_key_check: %d rows, %v", orphans, err)
	}
}

// tell logs how much happened: a run in which little did proves little.
func (w *world) tell(h history) {
	count := map[string]int{}
	for _, r := range h {
		count[r.Op]++
		if r.Op == opOK && r.Dup {
			count["dup"]++
		}
		if r.Op == opFail {
			count["fail "+r.Code]++
		}
		if r.Op == opNote {
			w.t.Logf("%7.3f %s %s %s", float64(r.At)/1e9, r.Text, r.User, r.Room)
		}
	}
	w.t.Logf("%v, %d lines cut", count, w.line.cuts.Load())
	for op, least := range map[string]int{opOK: 500, opEvent: 5000, opFinal: 500, opReset: 1, opGone: 1, opRemoved: 3, "dup": 1, opFold: 1000} {
		if count[op] < least {
			w.t.Errorf("only %d of %q happened; a run without at least %d proves nothing", count[op], op, least)
		}
	}
}
