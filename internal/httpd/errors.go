package httpd

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"minichat"
)

// Codes that only an entrance over HTTP can meet.
const (
	badSubprotocol minichat.Code = "bad_subprotocol"
	tokenInURL     minichat.Code = "token_in_url"
)

// statuses is the one place where codes become statuses; what is not in it is a 500.
var statuses = map[minichat.Code]int{
	minichat.BadJSON: 400, minichat.BadFrame: 400, minichat.BadUTF8: 400, minichat.BadField: 400,
	minichat.UnknownField: 400, minichat.UnknownType: 400, minichat.InvalidOrExpired: 400,
	badSubprotocol: 400, tokenInURL: 400,
	minichat.Unauthenticated: 401,
	minichat.Forbidden:       403, minichat.QuotaExceeded: 403,
	minichat.NotFound:             404,
	minichat.MethodNotAllowed:     405,
	minichat.Conflict:             409,
	minichat.Gone:                 410,
	minichat.TooLarge:             413,
	minichat.UnsupportedMediaType: 415,
	minichat.Empty:                422, minichat.TooLong: 422, minichat.TooMany: 422, minichat.TooManyMarks: 422,
	minichat.BadName: 422, minichat.NameReserved: 422, minichat.NameConfusable: 422, minichat.ChecksumMismatch: 422,
	minichat.RateLimited:      429,
	minichat.Internal:         500,
	minichat.FilesUnavailable: 503, minichat.StoreUnavailable: 503,
	minichat.StorageFull: 507,
}

func statusOf(code minichat.Code) int {
	if s, ok := statuses[code]; ok {
		return s
	}
	return http.StatusInternalServerError
}

// problem is an error as RFC 9457 spells it.
type problem struct {
	Type     string        `json:"type"`
	Title    string        `json:"title"`
	Status   int           `json:"status"`
	Code     minichat.Code `json:"code"`
	Detail   string        `json:"detail"`
	Field    string        `json:"field,omitempty"`
	RetryMS  int64         `json:"retry_ms,omitempty"`
	Definite bool          `json:"definite"`
}

// public is err as others may see it: an error that was not written for people
// becomes internal, and its cause stays here.
func public(err error) *minichat.Error {
	if e, ok := errors.AsType[*minichat.Error](err); ok {
		return e
	}
	return &minichat.Error{Code: minichat.Internal, Message: "Something went wrong on the server. It has been logged.", Err: err}
}

// writeProblem answers with err; the headers that the status asks for go with it.
func writeProblem(w http.ResponseWriter, err error) {
	e := public(err)
	writeStatus(w, statusOf(e.Code), e)
}

// writeStatus is writeProblem for the few statuses that no code stands for.
func writeStatus(w http.ResponseWriter, status int, e *minichat.Error) {
	h := w.Header()
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="minichat"`)
	}
	if e.RetryMS > 0 {
		h.Set("Retry-After", strconv.FormatInt((e.RetryMS+999)/1000, 10))
	}
	body, err := json.Marshal(problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Code: e.Code, Detail: e.Message, Field: e.Field, RetryMS: e.RetryMS, Definite: !e.Unknown,
	})
	if err != nil {
		body = []byte(`{"type":"about:blank","title":"Internal Server Error","status":500,"code":"internal","definite":true}`)
	}
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store, private")
	h.Del("Content-Encoding")
	h.Del("ETag")
	w.WriteHeader(status)
	w.Write(append(body, '\n')) // a client that is gone cannot be told
}

// fault counts what was refused and writes down what the operator has to know of:
// faults of the server and of what it stands on, never what a client did wrong.
func (s *Server) fault(r *http.Request, err error) {
	if isGone(r, err) {
		return
	}
	e := public(err)
	s.metrics.refused.WithLabelValues(string(e.Code)).Inc()
	if statusOf(e.Code) >= 500 {
		s.o.Log.Error("request failed", "method", r.Method, "path", cut(r.URL.Path, 256), "code", string(e.Code), "err", err)
	}
}

// cut shortens what strangers wrote for the log.
func cut(s string, max int) string {
	if len(s) > max {
		return s[:max]
	}
	return s
}
