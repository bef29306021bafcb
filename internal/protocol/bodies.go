package protocol

import (
	"encoding/json"
	"strconv"

	"minichat"
)

// appendBody appends an event's body, given by value or by pointer.
func appendBody(dst []byte, body any, inPage bool) []byte {
	switch b := body.(type) {
	case *minichat.MessageBody:
		return appendMessage(dst, b)
	case minichat.MessageBody:
		return appendMessage(dst, &b)
	case *minichat.TargetBody:
		return append(appendTarget(dst, b.Target), '}')
	case minichat.TargetBody:
		return append(appendTarget(dst, b.Target), '}')
	case *minichat.EditBody:
		return appendEdit(dst, b, inPage)
	case minichat.EditBody:
		return appendEdit(dst, &b, inPage)
	case *minichat.ReactBody:
		return appendReact(dst, b, inPage)
	case minichat.ReactBody:
		return appendReact(dst, &b, inPage)
	case *minichat.PinBody:
		return appendPin(dst, b, inPage)
	case minichat.PinBody:
		return appendPin(dst, &b, inPage)
	case *minichat.MemberBody:
		return appendMember(dst, b)
	case minichat.MemberBody:
		return appendMember(dst, &b)
	case *minichat.RoomBody:
		return appendRoomBody(dst, b)
	case minichat.RoomBody:
		return appendRoomBody(dst, &b)
	case json.RawMessage:
		return append(dst, b...)
	}
	// A kind that a later version wrote: its body is of no use here, but the
	// event must keep its place in the log.
	return append(dst, "{}"...)
}

// appendTarget appends the start of a body that is about another message.
func appendTarget(dst []byte, target int64) []byte {
	return strconv.AppendInt(append(dst, `{"target":`...), target, 10)
}

func appendEdit(dst []byte, b *minichat.EditBody, inPage bool) []byte {
	dst = appendTarget(dst, b.Target)
	if !inPage {
		dst = appendStringField(dst, "text", b.Text)
		dst = appendListIf(dst, "mentions", b.Mentions)
		dst = appendIntField(dst, "rev", b.Rev)
	}
	return append(dst, '}')
}

func appendReact(dst []byte, b *minichat.ReactBody, inPage bool) []byte {
	dst = appendTarget(dst, b.Target)
	if !inPage {
		dst = appendStringField(dst, "emoji", b.Emoji)
		dst = appendBoolField(dst, "on", b.On)
	}
	return append(dst, '}')
}

func appendPin(dst []byte, b *minichat.PinBody, inPage bool) []byte {
	dst = appendTarget(dst, b.Target)
	if !inPage {
		dst = appendBoolField(dst, "on", b.On)
	}
	return append(dst, '}')
}

func appendMember(dst []byte, b *minichat.MemberBody) []byte {
	dst = appendUser(append(dst, `{"user":`...), &b.User)
	dst = appendStringField(dst, "change", b.Change)
	return append(appendStringIf(dst, "role", string(b.Role)), '}')
}

func appendRoomBody(dst []byte, b *minichat.RoomBody) []byte {
	from := len(dst)
	if b.Name != nil {
		dst = appendStringField(dst, "name", *b.Name)
	}
	if b.Topic != nil {
		dst = appendStringField(dst, "topic", *b.Topic)
	}
	if b.Kind != nil {
		dst = appendStringField(dst, "kind", string(*b.Kind))
	}
	if b.Archived != nil {
		dst = appendBoolField(dst, "archived", *b.Archived)
	}
	if len(dst) == from {
		return append(dst, "{}"...)
	}
	dst[from] = '{' // in place of the first field's comma
	return append(dst, '}')
}
