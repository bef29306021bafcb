package protocol

import (
	"strconv"

	"minichat"
)

func appendMessage(dst []byte, m *minichat.MessageBody) []byte {
	dst = appendString(append(dst, `{"text":`...), m.Text)
	dst = appendFiles(dst, m.Files)
	dst = appendIntIf(dst, "thread", m.Thread)
	dst = appendTrueIf(dst, "in_room", m.InRoom)
	dst = appendIntIf(dst, "reply_to", m.ReplyTo)
	dst = appendListIf(dst, "mentions", m.Mentions)
	dst = appendIntField(dst, "rev", m.Rev)
	dst = appendIntIf(dst, "edited_at", m.EditedAt)
	dst = appendTrueIf(dst, "deleted", m.Deleted)
	dst = appendReactions(dst, m.Reactions)
	dst = appendTrueIf(dst, "pinned", m.Pinned)
	dst = appendReplies(dst, m.Replies)
	return append(appendIntIf(dst, "upto", m.UpTo), '}')
}

func appendFiles(dst []byte, files []minichat.File) []byte {
	if len(files) == 0 {
		return dst
	}
	dst = append(appendName(dst, "files"), '[')
	for i := range files {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendFile(dst, &files[i])
	}
	return append(dst, ']')
}

func appendFile(dst []byte, f *minichat.File) []byte {
	dst = appendString(append(dst, `{"file":`...), f.ID)
	dst = appendStringField(dst, "name", f.Name)
	dst = appendIntField(dst, "size", f.Size)
	dst = appendStringField(dst, "type", f.Type)
	dst = appendIntIf(dst, "width", f.Width)
	dst = appendIntIf(dst, "height", f.Height)
	dst = appendStringIf(dst, "alt", f.Alt)
	return append(appendStringIf(dst, "preview", f.Preview), '}')
}

func appendReactions(dst []byte, reactions []minichat.Reaction) []byte {
	if len(reactions) == 0 {
		return dst
	}
	dst = append(appendName(dst, "reactions"), '[')
	for i, r := range reactions {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(append(dst, '['), r.Emoji)
		dst = append(appendStrings(append(dst, ','), r.Users), ']')
	}
	return append(dst, ']')
}

func appendReplies(dst []byte, r *minichat.Replies) []byte {
	if r == nil {
		return dst
	}
	dst = strconv.AppendInt(append(appendName(dst, "replies"), `{"count":`...), r.Count, 10)
	dst = appendIntField(dst, "last_at", r.LastAt)
	return append(appendListField(dst, "by", r.By), '}')
}
