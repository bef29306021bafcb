package protocol

import (
	"errors"

	"minichat"
)

// OK is what an ok may carry besides n; what is empty is left out.
type OK struct {
	Seq         int64
	ID          string
	At          int64
	Dup         bool
	Rev         int64
	Head        *int64 // of a watch, also 0
	Online      []string
	OnlineCount *int64 // of a watch, also 0
}

// usualOK is room for what answers a post.
const usualOK = 128

// AppendOK appends the ok that answers request n.
func AppendOK(dst []byte, n int64, f OK) []byte {
	if dst == nil {
		dst = make([]byte, 0, usualOK)
	}
	dst = appendIntField(append(dst, `{"type":"ok"`...), "n", n)
	dst = appendIntIf(dst, "seq", f.Seq)
	dst = appendStringIf(dst, "id", f.ID)
	dst = appendIntIf(dst, "at", f.At)
	dst = appendTrueIf(dst, "dup", f.Dup)
	dst = appendIntIf(dst, "rev", f.Rev)
	if f.Head != nil {
		dst = appendIntField(dst, "head", *f.Head)
	}
	dst = appendListIf(dst, "online", f.Online)
	if f.OnlineCount != nil {
		dst = appendIntField(dst, "online_count", *f.OnlineCount)
	}
	return append(dst, '}')
}

// AppendError appends the error that answers request n, or, with nil, belongs
// to no request that could be read. Any error but a *minichat.Error is told as
// internal: its words are for the log.
func AppendError(dst []byte, n *int64, err error) []byte {
	e, ok := errors.AsType[*minichat.Error](err)
	if !ok {
		e = minichat.Errorf(minichat.Internal, "Something went wrong on the server. It has been logged.")
	}
	dst = append(dst, `{"type":"error"`...)
	if n != nil {
		dst = appendIntField(dst, "n", *n)
	}
	dst = appendStringField(dst, "code", string(e.Code))
	dst = appendStringField(dst, "message", e.Message)
	dst = appendStringIf(dst, "field", e.Field)
	dst = appendIntIf(dst, "retry_ms", e.RetryMS)
	return append(appendBoolField(dst, "definite", !e.Unknown), '}')
}

// RoomHead is a watched room and the seq of its last event.
type RoomHead struct {
	Room string
	Head int64
}

// AppendPong appends the answer to ping n.
func AppendPong(dst []byte, n int64, heads []RoomHead) []byte {
	dst = appendIntField(append(dst, `{"type":"pong"`...), "n", n)
	dst = append(appendName(dst, "heads"), '[')
	for i, h := range heads {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendTuple(dst, h.Room, h.Head), ']')
	}
	return append(dst, "]}"...)
}
