package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// callError is an answer of the HTTP API that is no success.
type callError struct {
	Status   int
	Code     string `json:"code"`
	Detail   string `json:"detail"`
	Definite bool   `json:"definite"`
	RetryMS  int64  `json:"retry_ms"`
}

func (e *callError) Error() string { return fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Detail) }

// call asks the HTTP API at addr and decodes the answer into out, if given. raw
// is the answer as it came. An answer above 299 is a *callError.
func call(addr, method, path, token string, body, out any, header ...string) (raw []byte, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	var send io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		send = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, origin(addr)+"/api/v1"+path, send)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := lone.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	raw, err = io.ReadAll(resp.Body)
	if err != nil {
		return raw, err
	}
	if resp.StatusCode > 299 {
		e := &callError{Status: resp.StatusCode}
		json.Unmarshal(raw, e) // what is no problem+json keeps its status
		return raw, e
	}
	if out != nil {
		return raw, json.Unmarshal(raw, out)
	}
	return raw, nil
}

// lone keeps no connections: Go repeats a request by itself when a kept one
// turns out to be dead, and the tests want to know.
var lone = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: testPair().trusting()}}

// origin is scheme://host:port of an address, which may have its scheme already.
func origin(addr string) string {
	if strings.Contains(addr, "://") {
		return addr
	}
	return "http://" + addr
}

// must is call for what has to succeed.
func (s *server) must(method, path, token string, body, out any) {
	s.t.Helper()
	if _, err := call(s.addr, method, path, token, body, out); err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
}

// metric is one of the server's numbers.
func (s *server) metric(name string) int64 {
	s.t.Helper()
	resp, err := lone.Get("http://" + s.addr + "/metrics")
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				s.t.Fatal(err)
			}
			return int64(n)
		}
	}
	s.t.Fatalf("there is no metric %s", name)
	return 0
}

// person is somebody with a token.
type person struct {
	name, user, token string
}

const password = "correct horse battery"

// signedIn is the answer to who signs in.
type signedIn struct {
	User  struct{ User string }
	Token string
}

// owner uses the setup link.
func (s *server) owner() person {
	s.t.Helper()
	var in signedIn
	s.must("POST", "/setup", "", map[string]any{"token": s.setup, "handle": "olga", "password": password}, &in)
	return person{"olga", in.User.User, in.Token}
}

// people joins n people by one invite.
func (s *server) people(owner person, n int) []person {
	s.t.Helper()
	var invite struct{ URL string }
	s.must("POST", "/invites", owner.token, map[string]any{"uses": n}, &invite)
	_, secret, _ := bytes.Cut([]byte(invite.URL), []byte("#join="))
	list := make([]person, n)
	for i := range list {
		name := fmt.Sprintf("p%02d", i)
		var in signedIn
		s.must("POST", "/join", "", map[string]any{"token": string(secret), "handle": name, "password": password}, &in)
		list[i] = person{name, in.User.User, in.Token}
	}
	return list
}

// bot makes somebody and his token by the command line, beside the server.
func (s *server) bot(name string) (person, error) {
	if _, err := s.command("user", "add", name); err != nil {
		return person{}, err
	}
	token, err := s.command("token", "new", name)
	return person{name: name, token: token}, err
}

// room makes a room with members.
func (s *server) room(owner person, kind, name string, members ...person) string {
	s.t.Helper()
	ids := []string{}
	for _, m := range members {
		ids = append(ids, m.user)
	}
	body := map[string]any{"kind": kind, "name": name, "topic": name}
	if kind == "private" {
		body["members"] = ids
	}
	var made struct{ Room string }
	s.must("POST", "/rooms", owner.token, body, &made)
	if kind != "private" {
		for _, m := range members {
			s.must("PUT", "/rooms/"+made.Room+"/members/me", m.token, nil, nil)
		}
	}
	return made.Room
}

// log reads a room's whole log over HTTP.
func (s *server) log(t testing.TB, p person, room string) []event {
	t.Helper()
	var all []event
	for {
		var page struct {
			Head int64
			List []event
		}
		path := fmt.Sprintf("/rooms/%s/events?after=%d&limit=200", room, len(all))
		if _, err := call(s.addr, "GET", path, p.token, nil, &page); err != nil {
			t.Fatalf("read the log of %s: %v", room, err)
		}
		if len(page.List) == 0 {
			if page.Head != int64(len(all)) {
				t.Errorf("room %s: %d events and head %d", room, len(all), page.Head)
			}
			return all
		}
		all = append(all, page.List...)
	}
}
