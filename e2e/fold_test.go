package e2e

import (
	"encoding/json"
	"slices"
)

// fold is what a client shows of one room: every message in its present form,
// made of pages and of live events by the rules of docs/protocol.md, "Events".
type fold struct {
	seq      int64 // the cursor
	id       string
	messages map[int64]*body
	by       map[int64]string
	stale    map[int64]bool // changed by what a page only names: to be pulled
}

func newFold() *fold {
	return &fold{messages: map[int64]*body{}, by: map[int64]string{}, stale: map[int64]bool{}}
}

// apply takes the next event. live: its body says what happened; else it is of
// a page and a message is in its present form.
func (f *fold) apply(ev *event, b *body, live bool) {
	f.seq, f.id = ev.Seq, ev.ID
	switch ev.Kind {
	case "message":
		if live {
			b.Upto = ev.Seq
		}
		f.messages[ev.Seq], f.by[ev.Seq] = b, ev.By
		if b.Thread > 0 {
			f.change(b.Thread, ev.Seq, func(root *body) { root.reply(ev) })
		}
	case "edit", "delete", "react", "pin":
		m := f.messages[b.Target]
		switch {
		case m == nil, m.Upto >= ev.Seq:
		case !live && ev.Kind != "delete":
			f.stale[b.Target] = true
		default:
			f.change(b.Target, ev.Seq, func(m *body) { m.take(ev, b) })
		}
	}
}

func (f *fold) change(seq, by int64, do func(*body)) {
	if m := f.messages[seq]; m != nil && m.Upto < by {
		do(m)
		m.Upto = by
	}
}

// refresh takes a message's present form from a pulled page.
func (f *fold) refresh(ev *event, b *body) {
	if m := f.messages[ev.Seq]; m != nil && b.Upto >= m.Upto {
		f.messages[ev.Seq] = b
		delete(f.stale, ev.Seq)
	}
}

func (b *body) reply(ev *event) {
	if b.Replies == nil {
		b.Replies = &replies{}
	}
	r := b.Replies
	r.Count++
	r.LastAt = ev.At
	r.By = append([]string{ev.By}, slices.DeleteFunc(r.By, func(u string) bool { return u == ev.By })...)
	r.By = r.By[:min(5, len(r.By))]
}

func (b *body) take(ev *event, change *body) {
	switch ev.Kind {
	case "edit":
		b.Text, b.Mentions, b.Rev, b.EditedAt = change.Text, change.Mentions, change.Rev, ev.At
	case "delete":
		b.Text, b.Mentions, b.Reactions, b.Pinned, b.Deleted = "", nil, nil, false, true
	case "pin":
		b.Pinned = change.On != nil && *change.On
	case "react":
		b.react(ev.By, change.Emoji, change.On != nil && *change.On)
	}
}

func (b *body) react(by, emoji string, on bool) {
	i := slices.IndexFunc(b.Reactions, func(r reaction) bool { return r.emoji == emoji })
	if i < 0 {
		if on {
			b.Reactions = append(b.Reactions, reaction{emoji, []string{by}})
		}
		return
	}
	r := &b.Reactions[i]
	r.users = slices.DeleteFunc(r.users, func(u string) bool { return u == by })
	if on {
		r.users = append(r.users, by)
	}
	if len(r.users) == 0 {
		b.Reactions = slices.Delete(b.Reactions, i, i+1)
	}
}

// form is a message's present form, the same string for the same form.
func (b *body) form() string {
	present := *b
	present.Upto = 0 // differs by when it was asked for
	text, err := json.Marshal(present)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
