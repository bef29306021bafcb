package protocol

import (
	"strconv"

	"minichat"
)

// usualEvent is room for an event with a text of a usual length.
const usualEvent = 384

// AppendEvent appends the live form of an event: an event frame.
func AppendEvent(dst []byte, ev *minichat.Event) []byte {
	if dst == nil {
		dst = make([]byte, 0, usualEvent)
	}
	dst = append(dst, `{"type":"event"`...)
	dst = appendStringField(dst, "room", ev.Room)
	dst = append(dst, ',')
	dst = appendHeader(dst, ev)
	return append(appendBody(dst, ev.Body, false), '}')
}

// AppendPageEvent appends an event as it stands in a page, without type and
// room. Of an edit, a react and a pin only the target is told there, whatever
// the body holds: what an edit said must not outlive the deletion of its message.
func AppendPageEvent(dst []byte, ev *minichat.Event) []byte {
	dst = appendHeader(append(dst, '{'), ev)
	return append(appendBody(dst, ev.Body, true), '}')
}

// appendHeader appends the fields of an event up to "body":, its first name
// without a comma.
func appendHeader(dst []byte, ev *minichat.Event) []byte {
	dst = strconv.AppendInt(append(dst, `"seq":`...), ev.Seq, 10)
	dst = appendStringField(dst, "id", ev.ID)
	dst = appendStringField(dst, "kind", ev.Kind)
	dst = appendStringField(dst, "by", ev.By)
	dst = appendIntField(dst, "at", ev.At)
	dst = appendStringIf(dst, "key", ev.Key)
	return append(dst, `,"body":`...)
}
