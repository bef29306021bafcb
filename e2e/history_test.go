package e2e

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// What can happen; a record's Op. The order of the records is the order in
// time: an ask is written down before it is sent, an answer after it was read.
const (
	opOutsider = "outsider" // User is never in Room, which has the canary
	opOpen     = "open"     // a welcome came; Text: the epoch
	opClose    = "close"    // Seq: the close code, -1 none
	opAsk      = "ask"      // a change of a room is asked for: Kind, Key, Text, Target …
	opOK       = "ok"       // it was done: Seq, ID, Dup
	opFail     = "fail"     // it was refused: Code, Definite
	opWatch    = "watch"    // a stream of events of Room begins behind Seq
	opPage     = "page"     // a page From..To of that stream
	opEvent    = "event"    // one event of it: live, or an item of a page
	opSynced   = "synced"
	opReset    = "reset"
	opGone     = "gone"
	opApply    = "apply"   // the client takes Seq into what it shows
	opForget   = "forget"  // the client drops all that it shows of Room
	opHead     = "head"    // an answer told Head; Asked: the record before which it was asked for; Kind: which answer
	opFold     = "fold"    // Text: the form that the client has of message Seq
	opEnd      = "end"     // the client has all of Room up to Seq and ends
	opBehind   = "behind"  // two pongs in a row told of Head, and the stream of Room is at Seq
	opLate     = "late"    // Text: what was not done long after the last fault
	opHealed   = "healed"  // the last fault is over
	opCanary   = "canary"  // bytes with the canary of Room came to User; Seq: the last event in them, 0: none; Kind: of the frame
	opRemoved  = "removed" // User was taken out of Room, so the server said
	opReadd    = "readd"   // User is about to be put into Room again
	opFinal    = "final"   // an event of the log at the end; Text: its text or form
	opNote     = "note"    // what the nemesis does, for the reader
)

// record is one line of a history. Which fields it has depends on Op.
type record struct {
	At       int64  `json:"at"` // ns since the beginning
	Op       string `json:"op"`
	User     string `json:"user,omitempty"`
	Conn     string `json:"conn,omitempty"`
	Room     string `json:"room,omitempty"`
	Kind     string `json:"kind,omitempty"`
	Key      string `json:"key,omitempty"`
	Seq      int64  `json:"seq,omitempty"`
	ID       string `json:"id,omitempty"`
	By       string `json:"by,omitempty"`
	Text     string `json:"text,omitempty"`
	Form     string `json:"form,omitempty"` // of a message at the end, canonical
	Target   int64  `json:"target,omitempty"`
	From     int64  `json:"from,omitempty"`
	To       int64  `json:"to,omitempty"`
	Head     int64  `json:"head,omitempty"`
	Asked    int    `json:"asked,omitempty"`
	Rev      int64  `json:"rev,omitempty"`
	Code     string `json:"code,omitempty"`
	Subject  string `json:"subject,omitempty"` // of a member event
	Live     bool   `json:"live,omitempty"`
	Dup      bool   `json:"dup,omitempty"`
	Definite bool   `json:"definite,omitempty"`
	Deleted  bool   `json:"deleted,omitempty"`
}

// recorder writes a history down; all clients share one.
type recorder struct {
	mu    sync.Mutex
	began time.Time
	list  history
}

func newRecorder() *recorder { return &recorder{began: time.Now()} }

// add appends a record and returns its place.
func (r *recorder) add(rec record) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec.At = time.Since(r.began).Nanoseconds()
	r.list = append(r.list, rec)
	return len(r.list) - 1
}

func (r *recorder) len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.list)
}

func (r *recorder) history() history {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.list
}

// save writes the history as JSON lines where it outlives the test.
func (h history) save(t testing.TB) {
	t.Helper()
	dir, err := "", error(nil)
	if f := flag.Lookup("test.artifacts"); f != nil && f.Value.String() == "true" {
		dir = t.ArtifactDir()
	} else if dir, err = os.MkdirTemp("", "minichat-history-"); err != nil {
		t.Error(err)
		return
	}
	f, err := os.Create(filepath.Join(dir, "history.jsonl"))
	if err != nil {
		t.Error(err)
		return
	}
	w := bufio.NewWriter(f)
	enc := json.NewEncoder(w)
	for i := range h {
		err = errors.Join(err, enc.Encode(&h[i]))
	}
	if err := errors.Join(err, w.Flush(), f.Close()); err != nil {
		t.Error(err)
	}
	t.Logf("the history is in %s", f.Name())
}
