package lab

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"minichat"
	"minichat/internal/chat"
	"minichat/internal/protocol"
)

const (
	uploadIdle  = 30 * time.Second // without a byte
	uploadParts = 100              // of a form, before the file
)

// Upload takes POST /upload, a form with a field "file", and answers its address;
// the room gets a message with the file.
func (l *Lab) Upload(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Cache-Control", "no-store")
	switch r.Method {
	case http.MethodPost:
	case http.MethodOptions:
		h.Set("Access-Control-Allow-Methods", "POST, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "*")
		h.Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		h.Set("Allow", "POST, OPTIONS")
		l.answer(w, http.StatusMethodNotAllowed, "error", "Send the file with POST.")
		return
	}
	addr := l.o.Addr(r)
	network, _ := l.gate.enter(addr, false)
	defer l.gate.leave(addr, false)
	if wait(r.Context(), network.posts) != nil {
		return // the sender is gone
	}
	url, err := l.upload(w, r)
	if err != nil {
		l.answer(w, statusOf(err), "error", l.words(err))
		return
	}
	l.answer(w, http.StatusOK, "url", url)
}

func (l *Lab) answer(w http.ResponseWriter, status int, name, value string) {
	body, _ := json.Marshal(map[string]string{name: value}) // cannot fail
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the sender may have gone
}

func errNoFile() error { return minichat.FieldError(minichat.BadField, "file", "No file") }

func (l *Lab) upload(w http.ResponseWriter, r *http.Request) (url string, err error) {
	if most := l.o.Limits.FileBytes; most > 0 && r.ContentLength > most+64<<10 {
		return "", minichat.Errorf(minichat.TooLarge, "A file may have at most %d bytes.", most)
	}
	r.Body = &patient{ReadCloser: r.Body, rc: http.NewResponseController(w)}
	part, err := filePart(r)
	if err != nil {
		return "", err
	}
	f, err := l.o.Chat.PutFile(r.Context(), l.author,
		chat.NewFile{Name: typedName(part.FileName()), Type: part.Header.Get("Content-Type"), Base: l.baseOf(r)}, part)
	if err != nil {
		return "", err
	}
	// The bytes are there: a sender that goes away now changes nothing.
	ctx := context.WithoutCancel(r.Context())
	if err := l.post(ctx, protocol.Post{Files: []string{f.ID}}); err != nil {
		if err := l.o.Chat.AbortFile(ctx, l.author, f.ID); err != nil {
			l.o.Log.Warn("lab: file not dropped", "error", err)
		}
		return "", err
	}
	return l.fileURL(f), nil
}

// filePart finds the file in the form without keeping any of it in memory.
func filePart(r *http.Request) (*multipart.Part, error) {
	form, err := r.MultipartReader()
	if err != nil {
		return nil, errNoFile()
	}
	for range uploadParts {
		part, err := form.NextPart()
		if err != nil {
			return nil, errNoFile()
		}
		if part.FormName() == "file" && part.FileName() != "" {
			return part, nil
		}
	}
	return nil, errNoFile()
}

// typedName undoes what browsers do to the three characters that cannot stand in
// a form's header. A line break becomes a space: the wire's lines hold one name.
func typedName(name string) string {
	return strings.NewReplacer("%22", `"`, "%0D%0A", " ", "%0A", " ", "%0D", " ", "\r\n", " ", "\n", " ", "\r", " ").Replace(name)
}

// statusOf maps an error to the little that this wire can say.
func statusOf(err error) int {
	switch minichat.CodeOf(err) {
	case minichat.Empty:
		return http.StatusUnprocessableEntity
	case minichat.TooLarge:
		return http.StatusRequestEntityTooLarge
	case minichat.StorageFull:
		return http.StatusInsufficientStorage
	case minichat.FilesUnavailable, minichat.StoreUnavailable:
		return http.StatusServiceUnavailable
	case minichat.Internal:
		return http.StatusInternalServerError
	case minichat.Forbidden:
		return http.StatusForbidden
	}
	return http.StatusBadRequest
}

// patient gives up on a sender that sends nothing for a while, however long the
// whole takes.
type patient struct {
	io.ReadCloser
	rc *http.ResponseController
}

func (p *patient) Read(b []byte) (int, error) {
	err := p.rc.SetReadDeadline(time.Now().Add(uploadIdle))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return p.ReadCloser.Read(b)
}
