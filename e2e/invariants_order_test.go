package e2e

import (
	"cmp"
	"maps"
	"slices"
)

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
