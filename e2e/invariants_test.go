package e2e

import (
	"fmt"
	"slices"
)

// history is all that happened, in the order of time.
type history []record

// invariants are what must hold of every history; each returns what breaks it.
var invariants = []struct {
	name, promise string
	broken        func(*facts) []string
}{
	{"I1", "what was acknowledged is in the log, as it was", durable},
	{"I2", "nothing is in the log, or was delivered, that nobody asked for", noPhantom},
	{"I3", "a key has one event, a stream brings each event once, a client shows it once", once},
	{"I4", "a seq is the same event for everybody for ever", oneOrder},
	{"I5", "streams, logs and what clients show have no hole", noGap},
	{"I6", "what was acknowledged before something was asked for stands before it", realTime},
	{"I7", "who changed something sees it from then on", readYourWrites},
	{"I8", "heads and histories never go back", monotonic},
	{"I9", "what one person says in one room keeps its order", senderOrder},
	{"I10", "who is not in a private room receives nothing of it", confidential},
	{"I11", "what definitely failed did not happen", definite},
	{"I12", "live events make of a room what its pages say", folded},
	{"I13", "soon after the last fault all is there and everything works", settled},
}

// breach is one broken invariant.
type breach struct{ invariant, text string }

const told = 8 // breaches of one invariant that are told

// check holds a history against all invariants.
func check(h history) []breach {
	f := gather(h)
	var all []breach
	for _, inv := range invariants {
		broken := inv.broken(f)
		for _, text := range broken[:min(told, len(broken))] {
			all = append(all, breach{inv.name, fmt.Sprintf("%s, but %s", inv.promise, text)})
		}
		if more := len(broken) - told; more > 0 {
			all = append(all, breach{inv.name, fmt.Sprintf("… and %d more", more)})
		}
	}
	return all
}

// place is where an event stands.
type place struct {
	room string
	seq  int64
}

// keyOf is unique for its author.
type keyOf struct{ user, key string }

// facts are a history and what several invariants ask of it.
type facts struct {
	h     history
	log   map[place]record   // the final log
	rooms map[string][]int64 // its seqs, ascending as they came
	asks  map[keyOf][]int    // places in h
	seqOf map[keyOf]place    // in the final log
}

func gather(h history) *facts {
	f := &facts{h: h, log: map[place]record{}, rooms: map[string][]int64{}, asks: map[keyOf][]int{}, seqOf: map[keyOf]place{}}
	for i, r := range h {
		switch r.Op {
		case opFinal:
			at := place{r.Room, r.Seq}
			f.log[at] = r
			f.rooms[r.Room] = append(f.rooms[r.Room], r.Seq)
			if r.Key != "" {
				f.seqOf[keyOf{r.By, r.Key}] = at
			}
		case opAsk:
			k := keyOf{r.User, r.Key}
			f.asks[k] = append(f.asks[k], i)
		}
	}
	return f
}

// of yields the records with one of the ops, with their places.
func (f *facts) of(ops ...string) func(func(int, record) bool) {
	return func(yield func(int, record) bool) {
		for i, r := range f.h {
			if slices.Contains(ops, r.Op) && !yield(i, r) {
				return
			}
		}
	}
}

// first is the first ask with a key, and whether there is one.
func (f *facts) first(k keyOf) (record, int, bool) {
	if list := f.asks[k]; len(list) > 0 {
		return f.h[list[0]], list[0], true
	}
	return record{}, 0, false
}

func say(list *[]string, format string, args ...any) {
	*list = append(*list, fmt.Sprintf(format, args...))
}
