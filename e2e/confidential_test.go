package e2e

import "math"

// exile is a time in which somebody was not in a private room any more.
type exile struct {
	from, until int   // places in the history: told of the removal; about to be put in again
	seq         int64 // of the event that ended the membership
}

// confidential holds that nothing of a private room reached anybody who was not
// in it: nobody who never was, and nobody between a removal and the next adding,
// but what was on its way already, up to the removal itself.
func confidential(f *facts) (bad []string) {
	type pair struct{ user, room string }
	outside, exiles := map[pair]bool{}, map[pair][]exile{}
	ends := map[pair][]int64{} // seqs of removals in the log
	for _, r := range f.of(opFinal) {
		if r.Kind == "member" && r.Text == "removed" {
			p := pair{r.Subject, r.Room}
			ends[p] = append(ends[p], r.Seq)
		}
	}
	for i, r := range f.of(opOutsider, opRemoved, opReadd) {
		p := pair{r.User, r.Room}
		list := exiles[p]
		switch {
		case r.Op == opOutsider:
			outside[p] = true
		case r.Op == opRemoved && len(list) < len(ends[p]):
			exiles[p] = append(list, exile{i, math.MaxInt, ends[p][len(list)]})
		case r.Op == opRemoved:
			say(&bad, "the removal of %s from %s is not in the log", r.User, r.Room)
		case len(list) > 0:
			list[len(list)-1].until = i
		}
	}
	opened, gone := map[string]int{}, map[stream]int{}
	for i, r := range f.h {
		p := pair{r.User, r.Room}
		switch r.Op {
		case opOpen:
			opened[r.Conn] = r.Asked
		case opGone:
			gone[stream{r.Conn, r.Room}] = i
		case opWatch:
			delete(gone, stream{r.Conn, r.Room})
		case opCanary, opEvent:
			if outside[p] {
				say(&bad, "%s, who never was in %s, received a %s of it", r.User, r.Room, r.Op+" "+r.Kind)
			}
			for _, e := range exiles[p] {
				if i < e.from || i > e.until {
					continue
				}
				_, left := gone[stream{r.Conn, r.Room}]
				switch {
				case r.Seq > e.seq:
					say(&bad, "%s received %s %d, a %s, after the removal at %d", r.User, r.Room, r.Seq, r.Kind, e.seq)
				case opened[r.Conn] > e.from:
					say(&bad, "%s received a %s of %s over %s, which was opened after the removal at %d", r.User, r.Kind, r.Room, r.Conn, e.seq)
				case left:
					say(&bad, "%s received a %s of %s after gone", r.User, r.Kind, r.Room)
				}
			}
		}
	}
	return bad
}
