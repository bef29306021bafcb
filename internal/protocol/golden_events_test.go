package protocol

import (
	"encoding/json"
	"fmt"

	"minichat"
)

// event is one of room r1, a second after the one before.
func event(seq int64, kind, by, key string, body any) *minichat.Event {
	return &minichat.Event{Room: "r1", Seq: seq, ID: fmt.Sprint("e", seq), Kind: kind, By: by, At: goldenAt + (seq-121)*1000, Key: key, Body: body}
}

// presentMessage is message 121 after all that goldenLive does to it but the deletion.
func presentMessage() minichat.MessageBody {
	return minichat.MessageBody{
		Text: "Hello @ben, see the new *plan*.", Mentions: []string{"u2"}, Rev: 2, EditedAt: goldenAt + 2000,
		Reactions: []minichat.Reaction{{Emoji: "👍", Users: []string{"u2", "u1"}}, {Emoji: "🎉", Users: []string{"u3"}}}, Pinned: true,
		Replies: &minichat.Replies{Count: 1, LastAt: goldenAt + 7000, By: []string{"u2"}}, UpTo: 131,
	}
}

func goldenEvents() map[string][]byte {
	frames := map[string][]byte{}
	for name, ev := range goldenLive() {
		frames[name] = AppendEvent(nil, ev)
	}
	frames["events"] = AppendEvents(nil, nil, page(121, 127, 131, goldenPage()))
	frames["events-pull"] = AppendEvents(nil, ptr[int64](16), page(128, 131, 131, goldenRest()))
	frames["events-empty"] = AppendEvents(nil, ptr[int64](16), page(132, 131, 131, nil))
	return frames
}

func page(from, to, head int64, events []*minichat.Event) *Page {
	p := &Page{Room: "r1", From: from, To: to, Head: head}
	for _, ev := range events {
		p.List = append(p.List, json.RawMessage(AppendPageEvent(nil, ev)))
	}
	return p
}

// goldenLive is each kind as it is told when it happens.
func goldenLive() map[string]*minichat.Event {
	return map[string]*minichat.Event{
		"event-message": event(121, minichat.KindMessage, "u1", goldenKey, minichat.MessageBody{Text: "Hello @ben, see the *plan*.", Mentions: []string{"u2"}, Rev: 1}),
		"event-message-files": event(122, minichat.KindMessage, "u1", "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
			minichat.MessageBody{Files: []minichat.File{picture, table}, Rev: 1}),
		"event-edit": event(123, minichat.KindEdit, "u1", "1234567890abcdef1234567890abcdef",
			minichat.EditBody{Target: 121, Text: "Hello @ben, see the new *plan*.", Mentions: []string{"u2"}, Rev: 2}),
		"event-react": event(124, minichat.KindReact, "u2", "00112233445566778899aabbccddeeff", minichat.ReactBody{Target: 121, Emoji: "👍", On: true}),
		"event-react-off": event(125, minichat.KindReact, "u1", "ffeeddccbbaa99887766554433221100",
			minichat.ReactBody{Target: 121, Emoji: "👍"}),
		"event-pin":           event(126, minichat.KindPin, "u1", "13579bdf02468ace13579bdf02468ace", minichat.PinBody{Target: 121, On: true}),
		"event-member-joined": event(127, minichat.KindMember, "u2", "", minichat.MemberBody{User: ben, Change: minichat.Joined}),
		"event-message-thread": event(128, minichat.KindMessage, "u2", "9c8b7a6f5e4d3c2b1a0f9e8d7c6b5a49",
			minichat.MessageBody{Text: "Yes, at ten.", Thread: 121, InRoom: true, ReplyTo: 122, Rev: 1}),
		"event-room":           event(129, minichat.KindRoom, "u1", "", minichat.RoomBody{Name: ptr("plans"), Topic: ptr(""), Archived: ptr(false)}),
		"event-delete":         event(130, minichat.KindDelete, "u1", "abcdefabcdefabcdefabcdefabcdefab", minichat.TargetBody{Target: 122}),
		"event-message-lab":    event(131, minichat.KindMessage, minichat.LabUser, "", minichat.MessageBody{Text: "Good morning <b>all</b>\n2 + 2 = 4", Rev: 1}),
		"event-member-left":    event(98, minichat.KindMember, "u2", "", minichat.MemberBody{User: ben, Change: minichat.Left}),
		"event-member-removed": event(118, minichat.KindMember, "u1", "", minichat.MemberBody{User: ben, Change: minichat.Removed}),
		"event-member-role":    event(119, minichat.KindMember, "u1", "", minichat.MemberBody{User: ben, Change: minichat.RoleChanged, Role: minichat.Admin}),
		"event-room-created":   event(120, minichat.KindRoom, "u1", "", minichat.RoomBody{Name: ptr("general"), Kind: ptr(minichat.Channel)}),
	}
}

// goldenPage and goldenRest are the same events as a page tells them after the last.
func goldenPage() []*minichat.Event {
	live := goldenLive()
	first := *live["event-message"]
	first.Body = presentMessage()
	deleted := *live["event-message-files"]
	deleted.Body = minichat.MessageBody{Rev: 1, Deleted: true, UpTo: 131}
	return []*minichat.Event{
		&first, &deleted, live["event-edit"], live["event-react"], live["event-react-off"], live["event-pin"], live["event-member-joined"],
	}
}

func goldenRest() []*minichat.Event {
	live := goldenLive()
	reply := *live["event-message-thread"]
	b := reply.Body.(minichat.MessageBody)
	b.UpTo = 131
	reply.Body = b
	lab := *live["event-message-lab"]
	b = lab.Body.(minichat.MessageBody)
	b.UpTo = 131
	lab.Body = b
	return []*minichat.Event{&reply, live["event-room"], live["event-delete"], &lab}
}
