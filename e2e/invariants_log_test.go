package e2e

import "maps"

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
	for _, r := range f.of(opHealed, opLate, opOK, opBehind) {
		switch r.Op {
		case opHealed:
			healed = true
		case opOK:
			posted = posted || healed && r.Seq > 0
		case opBehind:
			if healed {
				say(&bad, "%s knew from two pongs of %s %d and had received up to %d", r.User, r.Room, r.Head, r.Seq)
			}
		default:
			say(&bad, "%s %s: %s", r.User, r.Conn, r.Text)
		}
	}
	if !posted {
		say(&bad, "nothing was acknowledged after the last fault")
	}
	return bad
}
