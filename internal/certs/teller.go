package certs

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// maxAnswer bounds what is read of an ACME server's answer.
const maxAnswer = 1 << 20

// teller passes requests on to the ACME server and keeps what it says is wrong:
// the library drops the cause of a challenge that failed.
type teller struct {
	ctx    context.Context // ends with the owner
	base   http.RoundTripper
	failed func(error)

	mu  sync.Mutex
	why error
}

// RoundTrip reads the whole answer, so that a request can be ended with the owner.
func (t *teller) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	defer cancel()
	defer context.AfterFunc(t.ctx, cancel)()
	res, err := t.base.RoundTrip(req.WithContext(ctx))
	if err != nil {
		t.note(fmt.Errorf("the ACME server does not answer: %w", err))
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		t.note(fmt.Errorf("the ACME server's answer breaks off: %w", err))
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	if why := complaint(res, body); why != "" {
		t.note(errors.New(why))
	}
	return res, nil
}

// acmeAnswer is what may stand in a problem, an order, or an authorization.
type acmeAnswer struct {
	Type, Detail string
	Error        *acmeAnswer
	Challenges   []acmeAnswer
}

// complaint is what is wrong by an answer, "" when nothing is.
func complaint(res *http.Response, body []byte) string {
	var a acmeAnswer
	if !strings.Contains(res.Header.Get("Content-Type"), "json") || json.Unmarshal(body, &a) != nil {
		if res.StatusCode >= 500 {
			return "the ACME server answers " + res.Status
		}
		return ""
	}
	for _, c := range append(a.Challenges, a) {
		if c.Error != nil {
			return cmp.Or(c.Error.Detail, c.Error.Type)
		}
	}
	// A nonce that was used up is asked for again by the library.
	if res.StatusCode >= 400 && !strings.HasSuffix(a.Type, ":badNonce") {
		return cmp.Or(a.Detail, a.Type, res.Status)
	}
	return ""
}

func (t *teller) note(err error) {
	if t.ctx.Err() != nil {
		return
	}
	t.mu.Lock()
	t.why = err
	t.mu.Unlock()
	t.failed(err)
}

// reason is what was last wrong.
func (t *teller) reason() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.why == nil {
		return ""
	}
	return t.why.Error()
}
