package lab

import (
	"context"
	"encoding/json"
	"strings"

	"minichat"
	"minichat/internal/protocol"
	"minichat/internal/socket"
)

// appendEvent appends the frames of one live event: only messages have any.
func (l *Lab) appendEvent(dst []byte, ev *minichat.Event) []byte {
	body, ok := ev.Body.(minichat.MessageBody)
	if !ok || ev.Kind != minichat.KindMessage {
		return dst
	}
	return l.appendMessage(dst, body)
}

// pageEvent is as much of an event in a page as this wire shows.
type pageEvent struct {
	Kind string `json:"kind"`
	Body struct {
		Text    string          `json:"text"`
		Files   []minichat.File `json:"files"`
		Deleted bool            `json:"deleted"`
	} `json:"body"`
}

func (l *Lab) appendPage(dst []byte, p *protocol.Page) []byte {
	for _, raw := range p.List {
		var ev pageEvent
		if err := json.Unmarshal(raw, &ev); err != nil {
			l.o.Log.Error("lab: event in a page", "error", err)
			continue
		}
		if ev.Kind == minichat.KindMessage && !ev.Body.Deleted {
			dst = l.appendMessage(dst, minichat.MessageBody{Text: ev.Body.Text, Files: ev.Body.Files})
		}
	}
	return dst
}

// appendMessage appends the text as it was typed, then a frame for each file.
func (l *Lab) appendMessage(dst []byte, body minichat.MessageBody) []byte {
	if body.Text != "" {
		dst = socket.AppendText(dst, []byte(body.Text))
	}
	for _, f := range body.Files {
		dst = socket.AppendText(dst, []byte("[FILE] "+fileName(f.Name)+" → "+l.fileURL(f)))
	}
	return dst
}

// fileName keeps a name from being taken apart in the wrong place: the page
// splits the line at its arrow.
func fileName(name string) string {
	return strings.NewReplacer(" → ", " -> ", "\r\n", " ", "\n", " ", "\r", " ", "\u2028", " ", "\u2029", " ", "\u0085", " ").Replace(name)
}

// fileURL is the same at any time for the same file, as long as it exists.
func (l *Lab) fileURL(f minichat.File) string {
	path, base, err := l.o.Chat.LabLink(context.Background(), f)
	if err != nil {
		l.o.Log.Error("lab: link", "error", err)
	}
	if l.o.PublicURL != "" {
		base = strings.TrimSuffix(l.o.PublicURL, "/")
	} else if latest := l.base.Load(); base == "" && latest != nil {
		base = *latest
	}
	return base + path
}
