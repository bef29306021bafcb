package httpd

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"minichat"
	"minichat/internal/chat"
	"minichat/internal/files"
)

// serveFile gives a file to who may read it now: GET /files/{file}/{name}. The
// name in the address is for people; it decides nothing.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store, private")
	opened, linked, err := s.openFile(r)
	if err != nil {
		s.fault(r, err)
		writeProblem(w, err)
		return
	}
	h := w.Header()
	if linked {
		// A link is also for pages elsewhere, which show the file from here.
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	}
	if opened.URL != "" {
		toBucket(w, r, opened)
		return
	}
	defer opened.Body.Close() // read only: nothing can be lost
	// Kept by the browser, asked for each time: access may have ended meanwhile.
	h.Set("Cache-Control", "private, no-cache")
	h.Set("Vary", "Authorization, Cookie, Origin")
	h.Set("ETag", `"`+opened.ID+`"`)
	describeFile(h, opened)
	if strings.Count(r.Header.Get("Range"), ",") >= 4 {
		r.Header.Del("Range") // many pieces cost more than the whole
	}
	http.ServeContent(&patient{ResponseWriter: w}, r, "", time.Time{}, opened.Body)
}

// toBucket sends a reader on to where the bytes are. What is asked without them
// is answered here: the address in the bucket is signed for GET alone.
func toBucket(w http.ResponseWriter, r *http.Request, opened *chat.Opened) {
	if r.Method != http.MethodHead {
		w.Header().Set("Location", opened.URL)
		w.WriteHeader(http.StatusFound)
		return
	}
	describeFile(w.Header(), opened)
	w.Header().Set("Accept-Ranges", "bytes")
	w.Header().Set("Content-Length", strconv.FormatInt(opened.Size, 10))
}

// describeFile says what a browser may make of a file: nothing that could run.
func describeFile(h http.Header, opened *chat.Opened) {
	h.Set("Content-Disposition", files.Disposition(opened.Inline, opened.Name))
	if opened.Inline {
		h.Set("Content-Type", opened.Type)
		h.Set("Content-Security-Policy", inlineCSP(opened.Type))
		return
	}
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Security-Policy", dataCSP)
}

// openFile judges the reader: by the link that the address carries, else by who
// is signed in.
func (s *Server) openFile(r *http.Request) (opened *chat.Opened, linked bool, err error) {
	id := r.PathValue("file")
	if !minichat.IsID(id) {
		return nil, false, errNoSuch("file", r.URL.Path)
	}
	q := r.URL.Query()
	reader := chat.Reader{Expires: q.Get("expires"), Signature: q.Get("signature"), Lab: q.Get("lab")}
	linked = reader.Signature != "" || reader.Lab != ""
	if !linked {
		who, err := s.identify(r, s.kinshipOf(r))
		if err != nil {
			return nil, false, err
		}
		reader.User = &who.User
	}
	opened, err = s.o.Chat.OpenFile(r.Context(), reader, id)
	return opened, linked, err
}

// inlineCSP lets a browser show a picture, a sound, a film or a PDF by itself,
// and nothing in it run. A PDF viewer does not work in a sandbox.
func inlineCSP(typ string) string {
	if typ == "application/pdf" {
		return "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; object-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	}
	return "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
}

// serveParts takes the bytes of a part: its signed address is the permission.
func (s *Server) serveParts(w http.ResponseWriter, r *http.Request) {
	within(w, 0) // a part may be long; stalling is cut off by who takes it
	w.Header().Set("Cache-Control", "no-store, private")
	err := s.o.Parts(w, r)
	switch {
	case errors.Is(err, files.ErrStalled):
		w.Header().Set("Connection", "close")
		writeStatus(w, http.StatusRequestTimeout, public(err))
	case err != nil:
		s.fault(r, err)
		writeProblem(w, err)
	}
}

func writeRangeProblem(w http.ResponseWriter) {
	writeStatus(w, http.StatusRequestedRangeNotSatisfiable,
		minichat.FieldError(minichat.BadField, "Range", "The file has no such range of bytes."))
}

// isGone reports whether err is only that the client went away.
func isGone(r *http.Request, err error) bool {
	return r.Context().Err() != nil && errors.Is(err, r.Context().Err())
}
