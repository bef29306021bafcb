package httpd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"minichat"
	"minichat/internal/auth"
	"minichat/internal/protocol"
)

// call is one request of the API on its way through a route.
type call struct {
	w     http.ResponseWriter
	r     *http.Request
	who   auth.Identity // zero where nobody is signed in
	stays func() error  // asks again who it is if somebody's access ended since; nil where nobody is signed in
	kin   kinship
	query url.Values
	body  bodyRule
	depth int64 // of JSON
}

// bodyRule says how much body a route takes and what more than that means.
type bodyRule struct {
	max     int64
	tooLong error
}

const maxSeq = 1<<53 - 1

// drained is how much of a body that is too large is still taken, unread.
const drained = 4 << 20

func errMethod(method string) error {
	return minichat.Errorf(minichat.MethodNotAllowed, "This address does not take %s; Allow lists what it takes.", cut(strconv.QuoteToASCII(method), 32))
}

// errNoSuch is the answer for an id that names nothing, in the words that the
// parts below have for one that is only unknown.
func errNoSuch(param, path string) error {
	switch param {
	case "room":
		return minichat.ErrNoRoom()
	case "user":
		return minichat.FieldError(minichat.NotFound, "user", "There is no such person.")
	case "file":
		return minichat.FieldError(minichat.NotFound, "file", "There is no such file.")
	}
	noun, _, _ := strings.Cut(strings.TrimPrefix(path, v1+"/"), "/") // sessions, tokens, invites
	return minichat.Errorf(minichat.NotFound, "There is no such %s.", strings.TrimSuffix(noun, "s"))
}

// notThere answers for every address that nothing serves.
func notThere(w http.ResponseWriter, _ *http.Request) {
	writeProblem(w, minichat.Errorf(minichat.NotFound, "There is nothing at this address."))
}

// decode reads the body strictly into a struct with json tags.
func (c *call) decode(into any) error {
	if e := c.r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return minichat.Errorf(minichat.UnsupportedMediaType, "Send the body as it is, without Content-Encoding.")
	}
	if t, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return minichat.Errorf(minichat.UnsupportedMediaType, "Send JSON, with Content-Type: application/json.")
	}
	b, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, c.body.max))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		// Who is still sending would not see an answer; a little more is taken for that.
		io.CopyN(io.Discard, c.r.Body, drained)
		return c.body.tooLong
	}
	if err != nil {
		return minichat.Errorf(minichat.BadJSON, "The body did not arrive whole.")
	}
	if c.stays != nil { // a body may come slowly
		if err := c.stays(); err != nil {
			return err
		}
	}
	return protocol.DecodeBody(b, c.depth, into)
}

// nothing refuses a body where the route takes none: what it says would not be done.
func (c *call) nothing() error {
	if c.r.Method == http.MethodGet || c.r.Method == http.MethodHead || c.r.ContentLength == 0 {
		return nil
	}
	if c.r.ContentLength < 0 { // how much comes is not said: there may be nothing
		first := make([]byte, 1)
		n, _ := io.ReadFull(c.r.Body, first) // what else is wrong with it shows in decode
		if n == 0 {
			return nil
		}
		c.r.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(first), c.r.Body), c.r.Body}
	}
	return c.decode(&struct{}{})
}

// answer writes v as JSON.
func (c *call) answer(status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return c.answerRaw(status, b)
}

// answerRaw writes one encoded JSON value.
func (c *call) answerRaw(status int, b []byte) error {
	c.w.Header().Set("Content-Type", "application/json")
	c.w.WriteHeader(status)
	c.w.Write(b) // a client that is gone cannot be told
	return nil
}

// done answers that it is done and that there is no more to say.
func (c *call) done() error {
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// id is a part of the path; what has not the form of an id names nothing.
func (c *call) id(param string) (string, error) {
	id := c.r.PathValue(param)
	if !minichat.IsID(id) {
		return "", errNoSuch(param, c.r.URL.Path)
	}
	return id, nil
}

// seq is the number of a message in the path.
func (c *call) seq() (int64, error) {
	n, ok := number(c.r.PathValue("seq"))
	if !ok {
		return 0, minichat.FieldError(minichat.NotFound, "seq", "There is no such message.")
	}
	return n, nil
}

// number reads 0…2^53−1 in its one plain spelling.
func number(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 0 && n <= maxSeq && strconv.FormatInt(n, 10) == s
}

// checkQuery refuses parameters that the route does not have, and doubles.
func (c *call) checkQuery(known []string) error {
	query, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return minichat.Errorf(minichat.BadField, "The part of the address after ? cannot be read.")
	}
	for name, values := range query {
		if !slices.Contains(known, name) {
			return minichat.FieldError(minichat.UnknownField, cut(name, 64), "There is no such parameter here.")
		}
		if len(values) > 1 {
			return minichat.FieldError(minichat.BadField, name, "Say it once.")
		}
	}
	c.query = query
	return nil
}

// limit is how many entries a page may have: 1…200, 0 when it was not said.
func (c *call) limit() (int, error) {
	if !c.query.Has("limit") {
		return 0, nil
	}
	n, ok := number(c.query.Get("limit"))
	if !ok || n < 1 || n > 200 {
		return 0, minichat.FieldError(minichat.BadField, "limit", "It must be a whole number from 1 to 200.")
	}
	return int(n), nil
}

// place is a seq in the query; nil when it was not said.
func (c *call) place(name string) (*int64, error) {
	if !c.query.Has(name) {
		return nil, nil
	}
	n, ok := number(c.query.Get(name))
	if !ok {
		return nil, minichat.FieldError(minichat.BadField, name, "It must be a whole number from 0 to 9007199254740991.")
	}
	return &n, nil
}

// page is after and limit of a list: after is what the last page gave as next.
func (c *call) page() (after string, limit int, err error) {
	after = c.query.Get("after")
	if len(after) > 64 || strings.ContainsFunc(after, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", 0, minichat.FieldError(minichat.BadField, "after", "Give back what the last page had as next.")
	}
	limit, err = c.limit()
	return after, limit, err
}

// member does something to the person and the room in the path.
func (c *call) member(do func(ctx context.Context, u minichat.User, room, user string) error) error {
	room, err := c.room()
	if err != nil {
		return err
	}
	user, err := c.id("user")
	if err != nil {
		return err
	}
	if err := do(c.r.Context(), c.who.User, room, user); err != nil {
		return err
	}
	return c.done()
}
