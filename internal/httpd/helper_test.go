package httpd

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"minichat"
	"minichat/internal/auth"
	"minichat/internal/bus"
	"minichat/internal/chat"
	"minichat/internal/files"
	"minichat/internal/hub"
	"minichat/internal/socket"
	"minichat/internal/store"
	"minichat/web"
)

// place is a whole server in the process, with real parts, and its people.
type place struct {
	t     *testing.T
	s     *Server
	st    *store.Store
	auth  *auth.Auth
	chat  *chat.Chat
	hub   *hub.Hub
	http  *httptest.Server
	url   string
	logs  *bytes.Buffer
	owner person
}

// person is somebody with a bearer token.
type person struct {
	id, handle, token string
}

// change is what a test wants different from the usual.
type change func(*Options)

func newPlace(t *testing.T, changes ...change) *place {
	t.Helper()
	p := newPlaceWithoutOwner(t, changes...)
	p.owner = p.add("olga", minichat.Owner)
	return p
}

// newPlaceWithoutOwner is a server on its first day.
func newPlaceWithoutOwner(t *testing.T, changes ...change) *place {
	t.Helper()
	ctx := t.Context()
	logs := &bytes.Buffer{}
	log := slog.New(slog.NewTextHandler(io.MultiWriter(logs, t.Output()), nil))
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	st, err := store.Open(ctx, "sqlite:"+dir+"/minichat.db", store.Options{Log: log})
	must(err)
	o := Options{Log: log, Store: st, Page: web.Files, Limits: minichat.DefaultLimits(), Version: "0.0.0-test", Base: "http://localhost:8000", Metrics: prometheus.NewRegistry()}
	for _, c := range changes {
		c(&o)
	}
	disk, err := files.OpenDisk(dir+"/files", bytes.Repeat([]byte{7}, 32))
	must(err)
	line := bus.Memory()
	a := auth.New(st, line, auth.Options{Limits: o.Limits, Log: log})
	c, err := chat.New(st, disk, line, o.Limits, chat.Options{Log: log})
	must(err)
	sockets := socket.New(socket.Options{Log: log})
	h := hub.New(hub.Options{Log: log, Limits: o.Limits, Bus: line, Epoch: st.Epoch, EventID: st.GetEventID, Feed: c.Feed, Room: c.ReadableRoom, Judge: c.MayWatch, Announced: st.Announced})
	o.Auth, o.Chat, o.Hub, o.Socket, o.Parts = a, c, h, sockets, disk.ServePart
	s, err := New(o)
	must(err)
	p := &place{t: t, s: s, st: st, auth: a, chat: c, hub: h, logs: logs}
	p.http = httptest.NewUnstartedServer(s)
	p.http.Listener = sockets.Front(p.http.Listener, s, SocketPaths...)
	p.http.Start()
	p.url = p.http.URL
	t.Cleanup(func() {
		p.http.Close()
		for _, end := range []func() error{sockets.Close, h.Close, c.Close, a.Close, line.Close, disk.Close, st.Close} {
			if err := end(); err != nil {
				t.Error(err)
			}
		}
	})
	return p
}

// add makes a person with a token, as the command line does.
func (p *place) add(handle string, role minichat.Role) person {
	p.t.Helper()
	u, err := p.auth.AddUser(context.Background(), auth.Person{Handle: handle, Password: "correct horse " + handle}, role)
	if err != nil {
		p.t.Fatal(err)
	}
	token, err := p.auth.AddToken(context.Background(), handle, "test")
	if err != nil {
		p.t.Fatal(err)
	}
	return person{id: u.ID, handle: handle, token: token}
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body []byte
}

// into decodes the body.
func (a answer) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("decode %q: %v", a.body, err)
	}
}

// problem is the body of an error.
func (a answer) problem(t *testing.T) problem {
	t.Helper()
	if got, want := a.Header.Get("Content-Type"), "application/problem+json"; got != want {
		t.Fatalf("status %d with content type %q, want %q; body %q", a.StatusCode, got, want, a.body)
	}
	var pr problem
	a.into(t, &pr)
	if pr.Status != a.StatusCode || pr.Type != "about:blank" || pr.Code == "" || pr.Detail == "" || pr.Title == "" {
		t.Errorf("status %d, incomplete problem %+v", a.StatusCode, pr)
	}
	return pr
}

// do sends one request; headers are "Name: value".
func (p *place) do(method, path, body string, headers ...string) answer {
	p.t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	if strings.HasPrefix(path, "/") {
		path = p.url + path
	}
	req, err := http.NewRequest(method, path, r)
	if err != nil {
		p.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			req.Host = value
			continue
		}
		req.Header.Set(name, value)
	}
	return p.send(req)
}

func (p *place) send(req *http.Request) answer {
	p.t.Helper()
	transport := &http.Transport{DisableCompression: true, DisableKeepAlives: true}
	res, err := transport.RoundTrip(req) // without following redirects
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer{res, b}
}

// as is do with somebody's token.
func (p *place) as(who person, method, path, body string, headers ...string) answer {
	p.t.Helper()
	return p.do(method, path, body, append([]string{"Authorization: Bearer " + who.token}, headers...)...)
}

// want fails unless the status is the one wanted.
func (a answer) want(t *testing.T, status int) answer {
	t.Helper()
	if a.StatusCode != status {
		t.Fatalf("status: got %d, want %d; body %q", a.StatusCode, status, a.body)
	}
	return a
}

// room makes a room and returns its id.
func (p *place) room(who person, kind, name string, members ...string) string {
	p.t.Helper()
	body, err := json.Marshal(map[string]any{"name": name, "kind": kind, "members": append([]string{}, members...)})
	if err != nil {
		p.t.Fatal(err)
	}
	var r minichat.Room
	p.as(who, "POST", "/api/v1/rooms", string(body)).want(p.t, 201).into(p.t, &r)
	return r.ID
}

// post posts a message and returns its seq.
func (p *place) post(who person, room, text string) int64 {
	p.t.Helper()
	body, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		p.t.Fatal(err)
	}
	var r chat.Result
	p.as(who, "POST", "/api/v1/rooms/"+room+"/messages", string(body)).want(p.t, 201).into(p.t, &r)
	return r.Seq
}

// upload sends a whole file of one part and returns its id.
func (p *place) upload(who person, name string, content []byte) string {
	p.t.Helper()
	body, err := json.Marshal(map[string]any{"name": name, "size": len(content), "type": "image/png"})
	if err != nil {
		p.t.Fatal(err)
	}
	var up chat.Upload
	p.as(who, "POST", "/api/v1/files", string(body)).want(p.t, 201).into(p.t, &up)
	p.put(up.Parts[0].URL, content).want(p.t, 200)
	p.as(who, "POST", "/api/v1/files/"+up.File+"/complete", "{}").want(p.t, 200)
	return up.File
}

func (p *place) put(path string, content []byte, headers ...string) answer {
	p.t.Helper()
	req, err := http.NewRequest("PUT", p.url+path, bytes.NewReader(content))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	return p.send(req)
}
