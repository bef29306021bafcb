package protocol

import (
	"encoding/json"

	"minichat"
)

// Page is a stretch of a room's log: every seq from From to To, ascending. An
// empty one has To = From-1. Its JSON is the answer of the HTTP API.
type Page struct {
	Room string            `json:"room"`
	From int64             `json:"from"`
	To   int64             `json:"to"`
	Head int64             `json:"head"`
	List []json.RawMessage `json:"list"` // each the output of AppendPageEvent
}

// AppendEvents appends an events frame; n is nil when nobody asked by pull.
func AppendEvents(dst []byte, n *int64, p *Page) []byte {
	dst = append(dst, `{"type":"events"`...)
	if n != nil {
		dst = appendIntField(dst, "n", *n)
	}
	return appendPage(append(dst, ','), p)
}

// AppendPage appends a page as the HTTP API answers it.
func AppendPage(dst []byte, p *Page) []byte { return appendPage(append(dst, '{'), p) }

// appendPage appends a page's fields, the first without a comma, and the brace.
func appendPage(dst []byte, p *Page) []byte {
	dst = appendString(append(dst, `"room":`...), p.Room)
	dst = appendIntField(dst, "from", p.From)
	dst = appendIntField(dst, "to", p.To)
	dst = appendIntField(dst, "head", p.Head)
	dst = append(appendName(dst, "list"), '[')
	for i, ev := range p.List {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, ev...)
	}
	return append(dst, "]}"...)
}

// appendUser appends a USER as everybody may see it: disabled is for admins,
// and no frame goes to admins alone.
func appendUser(dst []byte, u *minichat.User) []byte {
	dst = appendString(append(dst, `{"user":`...), u.ID)
	dst = appendStringField(dst, "handle", u.Handle)
	dst = appendStringField(dst, "name", u.Name)
	dst = appendStringField(dst, "color", u.Color)
	dst = appendStringIf(dst, "avatar", u.Avatar)
	dst = appendStringField(dst, "role", string(u.Role))
	return append(appendTrueIf(dst, "bot", u.Bot), '}')
}

// appendRoomFields appends a ROOM's fields, the first with a comma.
func appendRoomFields(dst []byte, r *minichat.Room) []byte {
	dst = appendStringField(dst, "room", r.ID)
	dst = appendStringField(dst, "kind", string(r.Kind))
	dst = appendStringField(dst, "name", r.Name)
	dst = appendStringIf(dst, "topic", r.Topic)
	dst = appendIntField(dst, "head", r.Head)
	dst = appendIntIf(dst, "floor", r.Floor)
	dst = appendIntField(dst, "read", r.Read)
	dst = appendIntField(dst, "unread", r.Unread)
	dst = appendIntField(dst, "mentions", r.Mentions)
	dst = appendIntField(dst, "members", r.Members)
	dst = appendListIf(dst, "with", r.With)
	dst = appendStringIf(dst, "role", string(r.Role))
	return appendTrueIf(dst, "archived", r.Archived)
}
