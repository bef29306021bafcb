package protocol

import "minichat"

// AppendSignalTyping says that by writes in room, in a thread unless it is 0.
func AppendSignalTyping(dst []byte, room, by string, thread, ttlMS int64) []byte {
	dst = appendStringField(appendSignal(dst, "typing"), "room", room)
	dst = appendStringField(dst, "by", by)
	dst = appendIntIf(dst, "thread", thread)
	return append(appendIntField(dst, "ttl_ms", ttlMS), '}')
}

// PresenceSignal is who of a room came, went away or left since the last one.
type PresenceSignal struct {
	Room          string
	On, Away, Off []string
	Count         int64 // how many are online
}

// AppendSignalPresence appends a presence signal; empty lists are left out.
func AppendSignalPresence(dst []byte, p PresenceSignal) []byte {
	dst = appendStringField(appendSignal(dst, "presence"), "room", p.Room)
	dst = appendListIf(dst, "on", p.On)
	dst = appendListIf(dst, "away", p.Away)
	dst = appendListIf(dst, "off", p.Off)
	return append(appendIntField(dst, "count", p.Count), '}')
}

// AppendSignalRead tells a person's own sessions of his read position.
func AppendSignalRead(dst []byte, room string, seq, unread, mentions int64) []byte {
	dst = appendStringField(appendSignal(dst, "read"), "room", room)
	dst = appendIntField(dst, "seq", seq)
	dst = appendIntField(dst, "unread", unread)
	return append(appendIntField(dst, "mentions", mentions), '}')
}

// AppendSignalUser tells of a person's new name, colour or face.
func AppendSignalUser(dst []byte, u minichat.User) []byte {
	return append(appendUser(appendName(appendSignal(dst, "user"), "user"), &u), '}')
}

func appendSignal(dst []byte, kind string) []byte {
	return appendStringField(append(dst, `{"type":"signal"`...), "kind", kind)
}
