package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"
)

// output is a stream that a test reads while a command writes.
type output struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	more chan struct{} // holds one mark when there is more
}

func newOutput() *output { return &output{more: make(chan struct{}, 1)} }

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.more <- struct{}{}:
	default:
	}
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// after waits until the text stands in the output and returns the rest of its line.
func (o *output) after(t *testing.T, text string, over <-chan int) string {
	t.Helper()
	for {
		if _, rest, ok := strings.Cut(o.String(), text); ok && strings.Contains(rest, "\n") {
			line, _, _ := strings.Cut(rest, "\n")
			return line
		}
		select {
		case <-o.more:
		case code := <-over:
			t.Fatalf("it ended with %d before %q:\n%s", code, text, o)
		}
	}
}

// command runs minichat to its end.
func command(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	out, errs := newOutput(), newOutput()
	code = run(&world{ctx: t.Context(), stdin: strings.NewReader(stdin), stdout: out, stderr: errs, getenv: func(string) string { return "" }}, args)
	return code, out.String(), errs.String()
}

// done is command that must succeed; it returns standard output without its last line break.
func done(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	code, stdout, stderr := command(t, stdin, args...)
	if code != 0 {
		t.Fatalf("%v: ended with %d: %s", args, code, stderr)
	}
	return strings.TrimSuffix(stdout, "\n")
}

// running is a server in the process.
type running struct {
	url  string
	errs *output
	over chan int
	stop context.CancelFunc
}

func start(t *testing.T, data string, args ...string) *running {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r := &running{errs: newOutput(), over: make(chan int, 1), stop: stop}
	go func() {
		w := &world{ctx: ctx, stdin: strings.NewReader(""), stdout: io.Discard, stderr: r.errs, getenv: func(string) string { return "" }}
		r.over <- run(w, append([]string{"--data", data, "--listen", "127.0.0.1:0"}, args...))
	}()
	r.url = r.errs.after(t, " is at ", r.over)
	t.Cleanup(func() { r.end(t) })
	return r
}

// end stops the server as SIGTERM does and waits for it.
func (r *running) end(t *testing.T) {
	t.Helper()
	r.stop()
	code, ok := <-r.over
	if ok && code != 0 {
		t.Errorf("ended with %d: %s", code, r.errs)
	}
	if ok {
		close(r.over)
	}
}

func (r *running) do(t *testing.T, method, path, token, body string, status int, into any) {
	t.Helper()
	req, err := http.NewRequest(method, r.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != status {
		t.Fatalf("%s %s: got %d, want %d: %s", method, path, res.StatusCode, status, b)
	}
	if into != nil {
		if err := json.Unmarshal(b, into); err != nil {
			t.Fatal(err)
		}
	}
}

// dial opens a socket and says hello.
func (r *running) dial(t *testing.T, token string) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), r.url+"/api/v1/socket", &websocket.DialOptions{Subprotocols: []string{"minichat.v1"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.CloseNow() })
	if err := c.Write(t.Context(), websocket.MessageText, fmt.Appendf(nil, `{"type":"hello","n":1,"token":%q}`, token)); err != nil {
		t.Fatal(err)
	}
	if f := read(t, c); !strings.Contains(f, `"welcome"`) {
		t.Fatalf("got %s, want a welcome", f)
	}
	return c
}

func read(t *testing.T, c *websocket.Conn) string {
	t.Helper()
	_, b, err := c.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// closing reads up to the close and returns the last frame and the code.
func closing(t *testing.T, c *websocket.Conn) (last string, code int) {
	t.Helper()
	for {
		_, b, err := c.Read(t.Context())
		if err != nil {
			return last, int(websocket.CloseStatus(err))
		}
		last = string(b)
	}
}

// The first five minutes, by the wire: link, owner, room, message, and a new start.
func TestFirstFiveMinutes(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := start(t, data)
	link := s.errs.after(t, "become the owner: ", s.over)
	base, token, ok := strings.Cut(link, "/#setup=")
	if !ok || base != s.url {
		t.Fatalf("got the link %q at %q", link, s.url)
	}
	var ana struct {
		Token string
		User  struct{ Role string }
	}
	s.do(t, "POST", "/api/v1/setup", "", `{"token":"`+token+`","handle":"ana","name":"Ana","password":"correct horse"}`, 201, &ana)
	if ana.User.Role != "owner" {
		t.Errorf("got the role %q", ana.User.Role)
	}
	var rooms struct{ List []struct{ Room, Name string } }
	s.do(t, "GET", "/api/v1/rooms", ana.Token, "", 200, &rooms)
	if len(rooms.List) != 1 || rooms.List[0].Name != "general" {
		t.Fatalf("got the rooms %+v, want general", rooms.List)
	}
	var posted struct{ Seq int64 }
	s.do(t, "POST", "/api/v1/rooms/"+rooms.List[0].Room+"/messages", ana.Token, `{"text":"hello"}`, 201, &posted)
	s.do(t, "GET", "/readyz", "", "", 200, nil)
	s.end(t)

	s = start(t, data)
	if strings.Contains(s.errs.String(), "#setup=") {
		t.Errorf("the setup link is printed although there is an owner: %s", s.errs)
	}
	var page struct {
		List []struct {
			Seq  int64
			Body struct{ Text string }
		}
	}
	s.do(t, "GET", "/api/v1/rooms/"+rooms.List[0].Room+"/events", ana.Token, "", 200, &page)
	if got := page.List[len(page.List)-1]; got.Seq != posted.Seq || got.Body.Text != "hello" {
		t.Errorf("after a new start: got %+v", got)
	}
}

// What the command line changes holds beside a running server, sockets included.
func TestCommandsBesideAServer(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := start(t, data)
	at := []string{"--data", data}
	add := func(name string, more ...string) string {
		done(t, "", append(append([]string{"user", "add", name}, at...), more...)...)
		return done(t, "", append([]string{"token", "new", name}, at...)...)
	}
	ana, ben := add("ana", "--role", "owner"), add("ben")
	if len(ana) != 43 {
		t.Errorf("standard output holds more than the token: %q", ana)
	}
	s.do(t, "GET", "/api/v1/me", ana, "", 200, nil)
	bens := s.dial(t, ben)
	done(t, "", append([]string{"user", "disable", "ben"}, at...)...)
	if _, code := closing(t, bens); code != 4003 {
		t.Errorf("a disabled person's socket: closed with %d, want 4003", code)
	}
	s.do(t, "GET", "/api/v1/me", ben, "", 401, nil)
	done(t, "", append([]string{"user", "enable", "ben"}, at...)...)
	s.do(t, "GET", "/api/v1/me", ben, "", 200, nil)

	done(t, "a new password\n", append([]string{"user", "password", "ana", "--password-stdin"}, at...)...)
	var in struct{ Token string }
	s.do(t, "POST", "/api/v1/sessions", "", `{"handle":"ana","password":"a new password"}`, 201, &in)
	anas := s.dial(t, in.Token)
	done(t, "another password\n", append(at, "--password-stdin", "user", "password", "ana")...)
	if _, code := closing(t, anas); code != 4004 {
		t.Errorf("the socket of an ended session: closed with %d, want 4004", code)
	}

	invite := done(t, "", append([]string{"invite", "new", "--uses", "2", "--expires", "1h"}, at...)...)
	base, token, ok := strings.Cut(invite, "/#join=")
	if !ok || base != s.url {
		t.Fatalf("got the invite %q at %q", invite, s.url)
	}
	s.do(t, "POST", "/api/v1/join", "", `{"token":"`+token+`","handle":"cleo","password":"correct horse"}`, 201, nil)
	list := done(t, "", append([]string{"user", "list"}, at...)...)
	for _, handle := range []string{"ana", "ben", "cleo"} {
		if !strings.Contains(list, handle) {
			t.Errorf("the list lacks %s:\n%s", handle, list)
		}
	}
}

// A stop says goodbye: bye, then 1012.
func TestStopSaysGoodbye(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := start(t, data)
	done(t, "", "user", "add", "ana", "--data", data)
	c := s.dial(t, done(t, "", "token", "new", "ana", "--data", data))
	s.stop()
	last, code := closing(t, c)
	if code != 1012 || !strings.Contains(last, `"bye"`) || !strings.Contains(last, `"code":1012`) {
		t.Errorf("got %s and %d, want a bye and 1012", last, code)
	}
	s.end(t)
}

func TestRefusalsToStart(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := start(t, data)
	port := s.url[strings.LastIndex(s.url, ":"):]
	fails := func(want []string, args ...string) {
		t.Helper()
		code, _, stderr := command(t, "", args...)
		if code != 1 {
			t.Errorf("%v: ended with %d, want 1", args, code)
		}
		for _, text := range want {
			if !strings.Contains(stderr, text) {
				t.Errorf("%v: got %q, want it to say %q", args, stderr, text)
			}
		}
		if strings.Count(strings.TrimSpace(stderr), "\n") != 0 {
			t.Errorf("%v: more than one line: %q", args, stderr)
		}
	}
	fails([]string{"in use by MiniChat, process " + fmt.Sprint(os.Getpid()), "--data"}, "--data", data, "--listen", "127.0.0.1:0")
	fails([]string{"in use by another program", "--listen"}, "--data", t.TempDir(), "--listen", "127.0.0.1"+port)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	fails([]string{"cannot be made", "--data"}, "--data", filepath.Join(file, "data"))
	fails([]string{"--database", "later version"}, "--data", data, "--database", "postgres://x/y")
	s.end(t)
	marked, err := readMarker(data)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeMarker(data, "another"); err != nil {
		t.Fatal(err)
	}
	fails([]string{"another database"}, "--data", data, "--listen", "127.0.0.1:0")
	if err := writeMarker(data, marked); err != nil {
		t.Fatal(err)
	}
	start(t, data) // the lock is free again
}

func TestListenTakesThePortFirst(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	data := filepath.Join(t.TempDir(), "data")
	if code, _, _ := command(t, "", "--data", data, "--listen", l.Addr().String()); code != 1 {
		t.Errorf("ended with %d, want 1", code)
	}
	if _, err := os.Stat(filepath.Join(data, "minichat.db")); !os.IsNotExist(err) {
		t.Errorf("a database was begun: %v", err)
	}
}

func TestExportedPage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "site")
	done(t, "", "web", "export", dir, "--server", "https://Chat.example.org/")
	index, err := os.ReadFile(filepath.Join(dir, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"connect-src 'self' https://chat.example.org wss://chat.example.org;", "img-src 'self' https://chat.example.org ", "media-src 'self' https://chat.example.org "} {
		if !strings.Contains(string(index), want) {
			t.Errorf("the page's policy lacks %q", want)
		}
	}
	config, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if err != nil || string(config) != `{"server":"https://chat.example.org"}` {
		t.Errorf("config.json: got %s, %v", config, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "app", "main.js")); err != nil {
		t.Error(err)
	}
	// Whoever serves it need not say how a file is packed.
	if pdf, err := os.ReadFile(filepath.Join(dir, "vendor", "pdf.js")); err != nil || !strings.HasPrefix(string(pdf), "/* pdfjs-dist ") {
		t.Errorf("vendor/pdf.js begins with %.20q, %v", pdf, err)
	}
	done(t, "", "web", "export", dir, "--server", "https://chat.example.org", "--files-origin", "https://files.example.org")
	if index, err = os.ReadFile(filepath.Join(dir, "index.html")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"connect-src 'self' https://chat.example.org wss://chat.example.org https://files.example.org;", "img-src 'self' https://chat.example.org https://files.example.org ", "media-src 'self' https://chat.example.org https://files.example.org "} {
		if !strings.Contains(string(index), want) {
			t.Errorf("with a bucket the page's policy lacks %q", want)
		}
	}
	if code, _, stderr := command(t, "", "web", "export", dir, "--files-origin", "files"); code != 1 || !strings.Contains(stderr, "--files-origin") {
		t.Errorf("ended with %d: %s", code, stderr)
	}
	if code, _, stderr := command(t, "", "web", "export", dir, "--server", "chat.example.org"); code != 1 || !strings.Contains(stderr, "--server") {
		t.Errorf("ended with %d: %s", code, stderr)
	}
}

// The classroom's wire stands before the rules of origins and sign-in.
func TestLab(t *testing.T) {
	s := start(t, filepath.Join(t.TempDir(), "data"), "--lab-room", "lobby")
	get := func(url string, headers ...string) (int, http.Header, string) {
		t.Helper()
		req, err := http.NewRequest("GET", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			req.Header.Set(name, value)
		}
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, res.Header, string(b)
	}
	if status, _, body := get(s.url+"/", "Origin: null"); status != 200 || strings.TrimSpace(body) != "MiniChat backend running" {
		t.Errorf("/: got %d, %.60q", status, body)
	}
	if status, _, body := get(s.url+"/", "Accept: text/html"); status != 200 || !strings.Contains(body, "<!doctype html>") {
		t.Errorf("/ for a browser: got %d, %.60q", status, body)
	}
	dial := func() *websocket.Conn {
		t.Helper()
		c, _, err := websocket.Dial(t.Context(), s.url+"/chat", &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"null"}}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.CloseNow() })
		return c
	}
	a, b := dial(), dial()
	if err := a.Write(t.Context(), websocket.MessageText, []byte("hello class")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*websocket.Conn{a, b, dial()} {
		if got := read(t, c); got != "hello class" {
			t.Errorf("got %q", got)
		}
	}
	form := "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a b.txt\"\r\n\r\nbytes\r\n--x--\r\n"
	res, err := http.Post(s.url+"/upload", "multipart/form-data; boundary=x", strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var up struct{ URL string }
	if err := json.NewDecoder(res.Body).Decode(&up); err != nil || !strings.HasPrefix(up.URL, s.url+"/files/") {
		t.Fatalf("got %d, %+v, %v", res.StatusCode, up, err)
	}
	if status, _, body := get(up.URL, "Origin: https://students.example"); status != 200 || body != "bytes" {
		t.Errorf("the link: got %d, %q", status, body)
	}
	if status, _, _ := get(up.URL + "x"); status == 200 {
		t.Error("a changed link works")
	}
}

// What is not HTTP, or too much of it, is refused and the connection closed.
func TestRawRequests(t *testing.T) {
	s := start(t, filepath.Join(t.TempDir(), "data"))
	for name, row := range map[string]struct{ request, status string }{
		"1 MB header":        {"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Large: " + strings.Repeat("x", 1<<20) + "\r\n\r\n", "431"},
		"two lengths":        {"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}", "400"},
		"no host":            {"GET /healthz HTTP/1.1\r\n\r\n", "400"},
		"space before colon": {"GET /healthz HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n", "400"},
		"noise":              {"\x16\x03\x01\x02\x00\r\n\r\n", "400"},
	} {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		go io.WriteString(c, row.request) // a server that has refused does not read the rest
		b, err := io.ReadAll(c)
		if !strings.HasPrefix(string(b), "HTTP/1.1 "+row.status) {
			t.Errorf("%s: got %.60q, %v, want %s", name, b, err, row.status)
		}
		c.Close()
	}
}

// A log that nobody reads holds nothing up.
func TestLogThatNobodyReads(t *testing.T) {
	r, w := io.Pipe()
	l := newLogWriter(w)
	for range 5000 {
		if n, err := l.Write([]byte("line\n")); n != 5 || err != nil {
			t.Fatalf("got %d, %v", n, err)
		}
	}
	if l.dropped.Load() == 0 {
		t.Error("nothing was dropped")
	}
	r.Close()
	l.end()
}
