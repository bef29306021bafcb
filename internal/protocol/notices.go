package protocol

import (
	"encoding/json"
	"strconv"

	"minichat"
)

// Welcome is the answer to a hello. Rooms nil leaves the list out.
type Welcome struct {
	Conn        string
	Epoch       string
	User        minichat.User
	Rooms       []minichat.Room
	Limits      json.RawMessage // by EncodeLimits: the same for everybody
	HeartbeatMS int64
	Server      string // "minichat/1.2.0"
}

// EncodeLimits encodes the limits for welcomes.
func EncodeLimits(l minichat.Limits) json.RawMessage {
	b, _ := json.Marshal(l) // a struct of integers cannot fail
	return b
}

// AppendWelcome appends the answer to hello n.
func AppendWelcome(dst []byte, n int64, w Welcome) []byte {
	dst = appendIntField(append(dst, `{"type":"welcome"`...), "n", n)
	dst = appendIntField(dst, "v", Version)
	dst = appendStringField(dst, "conn", w.Conn)
	dst = appendStringField(dst, "epoch", w.Epoch)
	dst = appendUser(appendName(dst, "user"), &w.User)
	if w.Rooms != nil {
		dst = append(appendName(dst, "rooms"), '[')
		for i := range w.Rooms {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendRoom(dst, &w.Rooms[i])
		}
		dst = append(dst, ']')
	}
	dst = append(appendName(dst, "limits"), w.Limits...)
	dst = appendIntField(dst, "heartbeat_ms", w.HeartbeatMS)
	return append(appendStringField(dst, "server", w.Server), '}')
}

// AppendSynced says that the replay of a room is over.
func AppendSynced(dst []byte, room string, head int64) []byte {
	dst = appendStringField(append(dst, `{"type":"synced"`...), "room", room)
	return append(appendIntField(dst, "head", head), '}')
}

// Why a client must drop what it holds of a room.
const (
	ResetEpoch  = "epoch"
	ResetCursor = "cursor"
	ResetFloor  = "floor"
	ResetAccess = "access"
)

// AppendReset tells a client to drop what it holds of a room. floor 0 is left out.
func AppendReset(dst []byte, room, why string, floor, head int64) []byte {
	dst = appendStringField(append(dst, `{"type":"reset"`...), "room", room)
	dst = appendStringField(dst, "why", why)
	dst = appendIntIf(dst, "floor", floor)
	return append(appendIntField(dst, "head", head), '}')
}

// AppendRoom tells a person of a room as it is now.
func AppendRoom(dst []byte, r minichat.Room) []byte {
	return append(appendRoomFields(append(dst, `{"type":"room"`...), &r), '}')
}

// Why a room is gone for somebody.
const (
	GoneLeft    = "left"
	GoneRemoved = "removed"
	GoneDeleted = "deleted"
)

// AppendGone tells a person that a room is no longer among his.
func AppendGone(dst []byte, room, why string) []byte {
	dst = appendStringField(append(dst, `{"type":"gone"`...), "room", room)
	return append(appendStringField(dst, "why", why), '}')
}

// Head is how far a room has moved that a client does not watch.
type Head struct {
	Room                   string
	Head, Unread, Mentions int64
}

// AppendHeads appends a heads frame.
func AppendHeads(dst []byte, heads []Head) []byte {
	dst = append(dst, `{"type":"heads","list":[`...)
	for i, h := range heads {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendTuple(dst, h.Room, h.Head, h.Unread, h.Mentions), ']')
	}
	return append(dst, "]}"...)
}

// AppendBye says that the server is about to close with code.
func AppendBye(dst []byte, code int, reason string, retryMS int64) []byte {
	dst = appendIntField(append(dst, `{"type":"bye"`...), "code", int64(code))
	dst = appendStringField(dst, "reason", reason)
	return append(appendIntField(dst, "retry_ms", retryMS), '}')
}

func appendRoom(dst []byte, r *minichat.Room) []byte {
	from := len(dst)
	dst = append(appendRoomFields(dst, r), '}')
	dst[from] = '{' // in place of the first field's comma
	return dst
}

// appendTuple appends ["room",1,2 without the closing bracket.
func appendTuple(dst []byte, room string, numbers ...int64) []byte {
	dst = appendString(append(dst, '['), room)
	for _, n := range numbers {
		dst = strconv.AppendInt(append(dst, ','), n, 10)
	}
	return dst
}
