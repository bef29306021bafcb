package lab

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"minichat"
	"minichat/internal/bus"
	"minichat/internal/chat"
	"minichat/internal/files"
	"minichat/internal/hub"
	"minichat/internal/protocol"
	"minichat/internal/socket"
	"minichat/internal/store"
)

// host is the name under which clients believe to find the server.
const host = "lab.example:8000"

// classroom is a whole server with its lab, that can be stopped and started.
type classroom struct {
	t      *testing.T
	dir    string
	limits minichat.Limits
	later  atomic.Int64 // ms that the clock is ahead
	public string

	st   *store.Store
	disk *files.Disk
	chat *chat.Chat
	lab  *Lab
	http *httptest.Server
	ends []func()

	web minichat.User
}

func newClassroom(t *testing.T, change ...func(*minichat.Limits)) *classroom {
	t.Helper()
	c := &classroom{t: t, dir: t.TempDir(), limits: minichat.DefaultLimits()}
	for _, f := range change {
		f(&c.limits)
	}
	c.start()
	t.Cleanup(func() { c.stop() })
	c.web = minichat.User{ID: "web", Handle: "web", Name: "Web", Color: "teal", Role: minichat.Member}
	err := c.st.Write(t.Context(), func(tx *store.Tx) error {
		return tx.InsertUser(t.Context(), c.web, "", minichat.Skeleton("Web"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.chat.AddMember(t.Context(), c.web, c.lab.room, "me"); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *classroom) now() int64 { return time.Now().UnixMilli() + c.later.Load() }

func (c *classroom) start() {
	c.t.Helper()
	must := func(err error) {
		if err != nil {
			c.t.Helper()
			c.t.Fatal(err)
		}
	}
	ctx := c.t.Context()
	var err error
	c.st, err = store.Open(ctx, "sqlite:"+filepath.Join(c.dir, "minichat.db"), store.Options{Now: c.now})
	must(err)
	c.disk, err = files.OpenDisk(filepath.Join(c.dir, "files"), []byte("a secret of thirty-two characters"))
	must(err)
	b := bus.Memory()
	c.chat, err = chat.New(c.st, c.disk, b, c.limits, chat.Options{Now: c.now})
	must(err)
	h := hub.New(hub.Options{Limits: c.limits, Announced: c.st.Announced, Bus: b, Epoch: c.st.Epoch, EventID: c.st.GetEventID,
		Feed: c.chat.Feed, Room: c.chat.ReadableRoom, Judge: c.chat.MayWatch})
	sockets := socket.New(socket.Options{})
	c.lab, err = New(ctx, Options{Room: "lobby", Store: c.st, Chat: c.chat, Hub: h, Socket: sockets,
		Limits: c.limits, PublicURL: c.public})
	must(err)
	mux := http.NewServeMux()
	mux.HandleFunc("/chat", c.lab.Chat)
	mux.HandleFunc("/upload", c.lab.Upload)
	mux.HandleFunc("/files/{id}/{name}", c.serveFile)
	mux.Handle("/", c.lab.Root(http.NotFoundHandler()))
	c.http = httptest.NewServer(mux)
	c.ends = []func(){
		c.http.Close,
		func() { must(sockets.Close()) },
		func() { must(h.Close()) },
		func() { must(c.chat.Close()) },
		func() { must(c.disk.Close()) },
		func() { must(c.st.Close()) },
	}
}

func (c *classroom) stop() {
	for _, end := range c.ends {
		end()
	}
	c.ends = nil
}

// serveFile is the door of every file, without what httpd adds.
func (c *classroom) serveFile(w http.ResponseWriter, r *http.Request) {
	o, err := c.chat.OpenFile(r.Context(), chat.Reader{Lab: r.URL.Query().Get("lab")}, r.PathValue("id"))
	if err != nil {
		http.Error(w, string(minichat.CodeOf(err)), http.StatusNotFound)
		return
	}
	defer o.Body.Close()
	_, _ = io.Copy(w, o.Body)
}

// student is one connection of the classroom's page.
type student struct {
	t    *testing.T
	conn *websocket.Conn
}

func (c *classroom) connect() *student {
	c.t.Helper()
	conn, _, err := websocket.Dial(c.t.Context(), "ws"+strings.TrimPrefix(c.http.URL, "http")+"/chat", &websocket.DialOptions{
		Host: host, HTTPHeader: http.Header{"Origin": {"http://anywhere.example"}, "Cookie": {"session=garbage"}}})
	if err != nil {
		c.t.Fatalf("connect: %v", err)
	}
	conn.SetReadLimit(1 << 20)
	s := &student{t: c.t, conn: conn}
	c.t.Cleanup(s.leave)
	return s
}

func (s *student) leave() { _ = s.conn.CloseNow() }

func (s *student) send(text string) {
	s.t.Helper()
	if err := s.conn.Write(s.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		s.t.Fatalf("send: %v", err)
	}
}

// next waits for the next frame; the limit only ends a test that hangs.
func (s *student) next() string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	_, b, err := s.conn.Read(ctx)
	if err != nil {
		s.t.Fatalf("receive: %v", err)
	}
	return string(b)
}

// form is a multipart body as a browser makes it.
func form(t *testing.T, field, name, contents string) (body *bytes.Buffer, contentType string) {
	t.Helper()
	body = new(bytes.Buffer)
	m := multipart.NewWriter(body)
	h := textproto.MIMEHeader{}
	escaped := strings.NewReplacer(`"`, "%22", "\n", "%0A", "\r", "%0D").Replace(name)
	h.Set("Content-Disposition", `form-data; name="`+field+`"; filename="`+escaped+`"`)
	h.Set("Content-Type", "application/octet-stream")
	part, err := m.CreatePart(h)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(part, contents)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return body, m.FormDataContentType()
}

// ask sends one request and returns status, header and body.
func (c *classroom) ask(method, path, contentType string, body io.Reader, header ...string) (int, http.Header, string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.http.URL+path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Host = host
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := c.http.Client().Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(b)
}

// get fetches an address that the lab has given out.
func (c *classroom) get(address string) (int, string) {
	c.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		c.t.Fatal(err)
	}
	status, _, body := c.ask("GET", u.RequestURI(), "", nil)
	return status, body
}

func key() string { return minichat.NewID(32) }

// find returns the latest message with that text.
func (c *classroom) find(text string) *store.Message {
	c.t.Helper()
	list, _, _, err := c.st.ListEvents(c.t.Context(), c.lab.room, nil, nil, 200, 0)
	if err != nil {
		c.t.Fatal(err)
	}
	for i := len(list) - 1; i >= 0; i-- {
		if b, ok := list[i].Body.(minichat.MessageBody); ok && b.Text == text && !b.Deleted {
			return &store.Message{Room: c.lab.room, Seq: list[i].Seq, Author: list[i].By, MessageBody: b}
		}
	}
	c.t.Fatalf("no message %q", text)
	return nil
}

func (c *classroom) post(text string, files ...string) {
	c.t.Helper()
	_, err := c.chat.Post(c.t.Context(), c.web, protocol.Post{Room: c.lab.room, Key: key(), Text: text, Files: files})
	if err != nil {
		c.t.Fatal(err)
	}
}
