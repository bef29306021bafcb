package socket

import (
	"bytes"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// verdict is what the beginning of a connection is.
type verdict int

const (
	partial      verdict = iota // cannot be told yet
	plainUpgrade                // a whole request for a WebSocket, with nothing out of the ordinary
	other                       // anything else: net/http knows what to do with it
)

const (
	get     = "GET "
	version = " HTTP/1.1\r\n"
)

// readHead looks at the beginning of a connection (RFC 9112). It knows requests for
// a WebSocket at one of paths, as browsers and libraries write them, and leaves all
// else, with every question of how a malformed one is answered, to net/http, as
// soon as it can be told. rest is what stands behind the request.
func readHead(b []byte, paths []string) (r *http.Request, rest []byte, v verdict) {
	if n := min(len(b), len(get)); string(b[:n]) != get[:n] {
		return nil, nil, other
	}
	line := bytes.IndexByte(b, '\n') + 1
	if line == 0 {
		return nil, nil, partial
	}
	target, ok := strings.CutSuffix(string(b[len(get):line]), version)
	if path, _, _ := strings.Cut(target, "?"); !ok || !slices.Contains(paths, path) || strings.ContainsAny(target, " #") {
		return nil, nil, other
	}
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, nil, other
	}
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		if bytes.Count(b, []byte("\n")) > bytes.Count(b, []byte("\r\n")) {
			return nil, nil, other // lines that end otherwise: this may be all
		}
		return nil, nil, partial
	}
	header, host, ok := readHeader(string(b[line : end+2]))
	if !ok || !hasToken(header, "Upgrade", "websocket") {
		return nil, nil, other
	}
	return &http.Request{Method: http.MethodGet, URL: u, RequestURI: target, Host: host, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody}, b[end+4:], plainUpgrade
}

// readHeader reads lines that each end with CRLF, and takes Host out of them.
func readHeader(lines string) (h http.Header, host string, ok bool) {
	count := strings.Count(lines, "\r\n")
	h = make(http.Header, count)
	values := make([]string, 0, count) // one allocation for all lists of one
	for lines != "" {
		line, more, _ := strings.Cut(lines, "\r\n")
		lines = more
		name, value, found := strings.Cut(line, ":")
		value = strings.Trim(value, " \t")
		if !found || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			return nil, "", false
		}
		name = textproto.CanonicalMIMEHeaderKey(name)
		switch name {
		case "Content-Length", "Transfer-Encoding", "Trailer", "Expect":
			return nil, "", false
		case "Host":
			if host != "" || !isHost(value) {
				return nil, "", false
			}
			host = value
			continue
		}
		if old := h[name]; old != nil {
			h[name] = append(old, value)
			continue
		}
		values = append(values, value)
		h[name] = values[len(values)-1 : len(values) : len(values)]
	}
	return h, host, host != ""
}

// isHost knows names and addresses with or without a port.
func isHost(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("-._:[]", c) >= 0) {
			return false
		}
	}
	return s != ""
}
