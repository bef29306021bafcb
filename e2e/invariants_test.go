package e2e

import (
	"cmp"
	"fmt"
	"maps"
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

func durable(f *facts) (bad []string) {
	for _, r := range f.of(opOK) {
		if r.Seq == 0 {
			continue // nothing was to be done
		}
		got, ok := f.log[place{r.Room, r.Seq}]
		ask, _, asked := f.first(keyOf{r.User, r.Key})
		switch {
		case !ok:
			say(&bad, "%s %d, acknowledged to %s, is not there", r.Room, r.Seq, r.User)
		case got.ID != r.ID || got.Key != r.Key || got.By != r.User:
			say(&bad, "%s %d was acknowledged to %s as %s with key %s and is %s by %s with key %s", r.Room, r.Seq, r.User, r.ID, r.Key, got.ID, got.By, got.Key)
		case asked && got.Kind == "message" && got.Rev <= 1 && !got.Deleted && got.Text != ask.Text:
			say(&bad, "%s %d has the text %q and was posted as %q", r.Room, r.Seq, got.Text, ask.Text)
		case asked && (ask.Kind == "edit" || ask.Kind == "delete") && f.undone(r.Room, ask):
			say(&bad, "%s %d, the %s of %d, left no trace", r.Room, r.Seq, ask.Kind, ask.Target)
		}
	}
	return bad
}

// undone says that an acknowledged edit or delete does not show at its target.
func (f *facts) undone(room string, ask record) bool {
	target := f.log[place{room, ask.Target}]
	return !target.Deleted && (ask.Kind == "delete" || target.Rev <= ask.Rev)
}

func noPhantom(f *facts) (bad []string) {
	edits := map[place]map[string]bool{} // texts that somebody asked a message to have
	for _, r := range f.of(opAsk) {
		if r.Kind == "edit" {
			at := place{r.Room, r.Target}
			if edits[at] == nil {
				edits[at] = map[string]bool{}
			}
			edits[at][r.Text] = true
		}
	}
	kinds := map[string]string{"post": "message", "edit": "edit", "delete": "delete", "react": "react", "pin": "pin"}
	for _, r := range f.of(opFinal, opEvent) {
		if r.Kind == "member" || r.Kind == "room" {
			continue
		}
		ask, _, ok := f.first(keyOf{r.By, r.Key})
		switch {
		case !ok || ask.Room != r.Room || kinds[ask.Kind] != r.Kind:
			say(&bad, "%s %d, a %s by %s with key %s, was not asked for", r.Room, r.Seq, r.Kind, r.By, r.Key)
		case r.Kind == "message" && !r.Deleted && r.Text != ask.Text && !(r.Rev > 1 && edits[place{r.Room, r.Seq}][r.Text]):
			say(&bad, "%s %d says %q and was posted as %q", r.Room, r.Seq, r.Text, ask.Text)
		case r.Kind == "edit" && r.Live && r.Text != ask.Text:
			say(&bad, "%s %d edits to %q instead of %q", r.Room, r.Seq, r.Text, ask.Text)
		case r.Kind == "message" && r.Deleted && r.Text != "":
			say(&bad, "%s %d is deleted and still says %q", r.Room, r.Seq, r.Text)
		}
	}
	for _, r := range f.of(opEvent) {
		if _, ok := f.log[place{r.Room, r.Seq}]; !ok && len(f.rooms[r.Room]) > 0 {
			say(&bad, "%s %d came to %s and is not in the log", r.Room, r.Seq, r.User)
		}
	}
	return bad
}

func once(f *facts) (bad []string) {
	byKey := map[keyOf]place{}
	for _, r := range f.of(opFinal) {
		k := keyOf{r.By, r.Key}
		if other, ok := byKey[k]; ok && r.Key != "" {
			say(&bad, "the key %s of %s is at %v and at %s %d", r.Key, r.By, other, r.Room, r.Seq)
		}
		byKey[k] = place{r.Room, r.Seq}
	}
	type inStream struct {
		stream
		seq int64
	}
	streams, shown := map[stream]int{}, map[showing]bool{}
	seen := map[inStream]int{} // the stream's number
	for _, r := range f.of(opWatch, opEvent, opApply, opForget) {
		s := stream{r.Conn, r.Room}
		switch r.Op {
		case opWatch:
			streams[s]++
		case opEvent:
			at := inStream{s, r.Seq}
			if seen[at] == streams[s]+1 {
				say(&bad, "%s %d came twice over %s", r.Room, r.Seq, r.Conn)
			}
			seen[at] = streams[s] + 1
		case opForget:
			maps.DeleteFunc(shown, func(k showing, _ bool) bool { return k.user == r.User && k.room == r.Room })
		case opApply:
			k := showing{r.User, r.Room, r.Seq}
			if shown[k] {
				say(&bad, "%s shows %s %d twice", r.User, r.Room, r.Seq)
			}
			shown[k] = true
		}
	}
	return bad
}

// stream is one connection's place in one room.
type stream struct{ conn, room string }

// showing is one event on one client's screen.
type showing struct {
	user, room string
	seq        int64
}

func oneOrder(f *facts) (bad []string) {
	ids, places := map[place]string{}, map[string]place{}
	for _, r := range f.of(opOK, opEvent, opFinal) {
		if r.Seq == 0 {
			continue
		}
		at := place{r.Room, r.Seq}
		if id, ok := ids[at]; ok && id != r.ID {
			say(&bad, "%s %d is %s and %s (%s, %s)", r.Room, r.Seq, id, r.ID, r.Op, r.User)
		}
		if other, ok := places[r.ID]; ok && other != at {
			say(&bad, "%s is at %v and at %v (%s, %s)", r.ID, other, at, r.Op, r.User)
		}
		ids[at], places[r.ID] = r.ID, at
	}
	return bad
}

func noGap(f *facts) (bad []string) {
	for room, seqs := range f.rooms {
		list := slices.Sorted(slices.Values(seqs))
		list = slices.Compact(list)
		if int64(len(list)) != list[len(list)-1] || list[0] != 1 {
			say(&bad, "the log of %s has %d events from %d to %d", room, len(list), list[0], list[len(list)-1])
		}
	}
	bad = append(bad, gapsInStreams(f)...)
	type at struct{ user, room string }
	shown := map[at]int64{}
	for _, r := range f.of(opApply, opForget, opEnd) {
		k := at{r.User, r.Room}
		switch {
		case r.Op == opForget:
			delete(shown, k)
		case r.Op == opApply && r.Seq != shown[k]+1:
			say(&bad, "%s shows %s %d after %d", r.User, r.Room, r.Seq, shown[k])
			fallthrough
		case r.Op == opApply:
			shown[k] = r.Seq
		case r.Op == opEnd && (shown[k] != r.Seq || r.Seq != f.head(r.Room)):
			say(&bad, "%s ends with %s at %d of %d", r.User, r.Room, shown[k], f.head(r.Room))
		}
	}
	return bad
}

// head is the last seq of a room's final log.
func (f *facts) head(room string) int64 {
	if seqs := f.rooms[room]; len(seqs) > 0 {
		return slices.Max(seqs)
	}
	return 0
}

// gapsInStreams holds each stream to: after its beginning the next events, in
// pages until one synced, then live.
func gapsInStreams(f *facts) (bad []string) {
	type state struct {
		next    int64
		synced  bool
		started bool // had a page
	}
	streams := map[stream]*state{}
	for _, r := range f.of(opWatch, opPage, opEvent, opSynced, opReset, opGone) {
		at := stream{r.Conn, r.Room}
		s := streams[at]
		switch {
		case r.Op == opWatch:
			streams[at] = &state{next: r.Seq + 1}
		case r.Op == opReset || r.Op == opGone:
			delete(streams, at)
		case s == nil:
			say(&bad, "%s %s %d came over %s, which did not watch it", r.Op, r.Room, r.Seq, r.Conn)
		case r.Op == opPage:
			if r.From > s.next || s.started && r.From != s.next || r.To < r.From {
				say(&bad, "a page %d..%d of %s came over %s instead of %d", r.From, r.To, r.Room, r.Conn, s.next)
			}
			s.next, s.started = min(s.next, r.From), true
		case r.Op == opSynced:
			if s.synced {
				say(&bad, "%s was told twice that %s is synced", r.Conn, r.Room)
			}
			s.synced = true
		case r.Op == opEvent:
			if r.Seq != s.next {
				say(&bad, "%s %d came over %s instead of %d", r.Room, r.Seq, r.Conn, s.next)
			}
			if r.Live && !s.synced {
				say(&bad, "%s %d came live over %s before synced", r.Room, r.Seq, r.Conn)
			}
			s.next = r.Seq + 1
		}
	}
	return bad
}

func realTime(f *facts) (bad []string) {
	known := map[string]int64{} // by room: the highest seq that anybody was told of
	before := map[keyOf]int64{}
	for _, r := range f.of(opAsk, opOK, opEvent) {
		if r.Op != opAsk {
			known[r.Room] = max(known[r.Room], r.Seq)
			continue
		}
		k := keyOf{r.User, r.Key}
		if _, again := before[k]; !again {
			before[k] = known[r.Room]
		}
		if at, ok := f.seqOf[k]; ok && at.seq <= before[k] {
			say(&bad, "%s %d of %s was asked for when %d was known", r.Room, at.seq, r.User, before[k])
		}
	}
	return bad
}

func readYourWrites(f *facts) (bad []string) {
	type at struct{ user, room string }
	acks := map[at]*rising{}
	for i, r := range f.of(opOK, opHead) {
		k := at{r.User, r.Room}
		if acks[k] == nil {
			acks[k] = &rising{}
		}
		if r.Op == opOK {
			acks[k].add(i, r.Seq)
		} else if seq := acks[k].before(r.Asked); seq > r.Head {
			say(&bad, "%s had %s %d acknowledged and was told afterwards (%s) that the head is %d", r.User, r.Room, seq, r.Kind, r.Head)
		}
	}
	return bad
}

// rising is a number that grows in the course of a history.
type rising struct{ index, value []int64 }

func (r *rising) add(index int, value int64) {
	if n := len(r.value); n == 0 || r.value[n-1] < value {
		r.index, r.value = append(r.index, int64(index)), append(r.value, value)
	}
}

// before is the number as it was before a place in the history.
func (r *rising) before(index int) int64 {
	i, _ := slices.BinarySearch(r.index, int64(index))
	if i == 0 {
		return 0
	}
	return r.value[i-1]
}

func monotonic(f *facts) (bad []string) {
	epoch := ""
	type source struct{ conn, room, kind string }
	heads := map[source]int64{}
	seen := map[string]*rising{} // by room, by anybody
	for i, r := range f.of(opOpen, opReset, opHead, opOK, opEvent) {
		if seen[r.Room] == nil {
			seen[r.Room] = &rising{}
		}
		switch r.Op {
		case opOpen:
			if epoch != "" && r.Text != epoch {
				say(&bad, "the epoch changed from %s to %s", epoch, r.Text)
			}
			epoch = r.Text
		case opReset:
			if r.Text != "access" {
				say(&bad, "%s was told to reset %s: %s", r.User, r.Room, r.Text)
			}
		case opHead:
			at := source{r.Conn, r.Room, r.Kind}
			if r.Head < heads[at] {
				say(&bad, "the head of %s went from %d to %d over %s (%s)", r.Room, heads[at], r.Head, r.Conn, r.Kind)
			}
			heads[at] = r.Head
			// A pulled page was read from the log: it is not behind what anybody knew.
			if known := seen[r.Room].before(r.Asked); r.Kind == "pull" && known > r.Head {
				say(&bad, "%s was told the head %d of %s when %d was known", r.User, r.Head, r.Room, known)
			}
			seen[r.Room].add(i, r.Head)
		default:
			seen[r.Room].add(i, r.Seq)
		}
	}
	return bad
}

func senderOrder(f *facts) (bad []string) {
	type from struct{ user, room string }
	last := map[from]record{}
	byFirstAsk := map[from]int{}
	list := slices.SortedFunc(maps.Values(f.log), func(a, b record) int {
		return cmp.Or(cmp.Compare(a.Room, b.Room), cmp.Compare(a.Seq, b.Seq))
	})
	for _, r := range list {
		_, index, ok := f.first(keyOf{r.By, r.Key})
		if !ok || r.Key == "" {
			continue
		}
		k := from{r.By, r.Room}
		if index < byFirstAsk[k] {
			say(&bad, "%s asked for %s %d before %d", r.By, r.Room, r.Seq, last[k].Seq)
		}
		byFirstAsk[k], last[k] = index, r
	}
	return bad
}

func definite(f *facts) (bad []string) {
	fails, oks := map[keyOf]int{}, map[keyOf]bool{}
	for _, r := range f.of(opFail, opOK) {
		k := keyOf{r.User, r.Key}
		if r.Op == opOK {
			oks[k] = true
		} else if r.Definite {
			fails[k]++
		}
	}
	for k, n := range fails {
		if at, ok := f.seqOf[k]; ok && !oks[k] && n >= len(f.asks[k]) {
			say(&bad, "the key %s of %s was refused each of %d times and is at %v", k.key, k.user, n, at)
		}
	}
	return bad
}

func folded(f *facts) (bad []string) {
	for _, r := range f.of(opFold) {
		if got := f.log[place{r.Room, r.Seq}]; got.Form != r.Form {
			say(&bad, "%s has %s %d as\n\t%s and its page says\n\t%s", r.User, r.Room, r.Seq, r.Form, got.Form)
		}
	}
	return bad
}

func settled(f *facts) (bad []string) {
	healed, posted := false, false
	for _, r := range f.of(opHealed, opLate, opOK) {
		switch r.Op {
		case opHealed:
			healed = true
		case opOK:
			posted = posted || healed && r.Seq > 0
		default:
			say(&bad, "%s %s: %s", r.User, r.Conn, r.Text)
		}
	}
	if !posted {
		say(&bad, "nothing was acknowledged after the last fault")
	}
	return bad
}
