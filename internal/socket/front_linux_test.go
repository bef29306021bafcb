package socket

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// answering is a handler that upgrades at /ws and says elsewhere what it was asked.
func answering(s *Server, h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Also", "told")
		switch r.URL.Path {
		case "/ws":
			_, err := s.Upgrade(w, r, &Accept{Subprotocol: "v1", ReadLimit: 64 << 10}, h)
			if bad, ok := errors.AsType[*HandshakeError](err); ok {
				for k := range bad.Header {
					w.Header().Set(k, bad.Header.Get(k))
				}
				http.Error(w, bad.Code, bad.Status)
			}
		case "/panic":
			panic("a bug")
		case "/nothing":
		case "/long":
			w.Write(bytes.Repeat([]byte{0xFF}, 1<<20))
		default:
			body, _ := io.ReadAll(r.Body)
			host, port, err := net.SplitHostPort(r.RemoteAddr)
			fmt.Fprintf(w, "%s %s host=%s agent=%q body=%d from=%s %t", r.Method, r.RequestURI, r.Host, r.Header["User-Agent"], len(body), host, err == nil && port != "0")
		}
	})
}

// behindFront runs a server behind a Front, and one without, with the same handler.
func behindFront(t *testing.T, o Options) (s *Server, front, plain *httptest.Server, e *echo) {
	s, e = New(o), newEcho()
	front = httptest.NewUnstartedServer(answering(s, e))
	front.Config.ErrorLog, front.Config.MaxHeaderBytes = quiet(), 32<<10
	front.Listener = s.Front(front.Listener, front.Config.Handler, "/ws", "/panic", "/nothing", "/page", "/long")
	front.Start()
	plain = httptest.NewUnstartedServer(answering(s, e))
	plain.Config.ErrorLog, plain.Config.MaxHeaderBytes = quiet(), 32<<10
	plain.Start()
	t.Cleanup(func() { s.Close(); front.Close(); plain.Close() })
	return s, front, plain, e
}

// talk sends pieces and reads until the other end closes, or has answered often enough.
func talk(t *testing.T, ts *httptest.Server, answers int, pieces ...string) string {
	t.Helper()
	nc, err := net.Dial("tcp", ts.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(time.Minute))
	for _, p := range pieces {
		if _, err := io.WriteString(nc, p); err != nil {
			break // answered and closed before it was all said
		}
		runtime.Gosched()
	}
	var out strings.Builder
	for r := bufio.NewReader(nc); answers > 0; answers-- {
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			fmt.Fprintf(&out, "%v\n", errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF))
			break
		}
		body, err := io.ReadAll(res.Body)
		if res.Header.Get("Date") != "" {
			res.Header.Set("Date", "some")
		}
		res.Header.Del("Connection") // an answer that is no upgrade ends the connection
		fmt.Fprintf(&out, "%s %v %q %v\n", res.Status, res.Header, body, err)
	}
	return out.String()
}

const asked = "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: v1\r\n\r\n"

// Whatever is sent, the answer is the one that net/http would have given.
func TestFrontAnswersAsNetHTTPDoes(t *testing.T) {
	_, front, plain, _ := behindFront(t, Options{})
	without := func(line string) string {
		if !strings.Contains(asked, line) {
			t.Fatalf("%q is not in it", line)
		}
		return strings.Replace(asked, line, "", 1)
	}
	with := func(line string) string { return strings.Replace(asked, "Host: x\r\n", "Host: x\r\n"+line, 1) }
	instead := func(old, new string) string { return strings.Replace(without("")[0:], old, new, 1) }
	for name, pieces := range map[string][]string{
		"a page":                      {"GET /p?q=1 HTTP/1.1\r\nHost: x\r\nUser-Agent: me\r\n\r\n"},
		"in pieces":                   strings.SplitAfter("GET /p HTTP/1.1\r\nHost: x\r\n\r\n", ""),
		"a body":                      {"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", strings.Repeat("b", 100000)},
		"chunks":                      {"POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"},
		"HTTP/1.0":                    {"GET /p HTTP/1.0\r\n\r\n"},
		"nonsense":                    {"nonsense\r\n\r\n"},
		"TLS":                         {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"},
		"a long head":                 {"GET /p HTTP/1.1\r\nHost: x\r\nUser-Agent: " + strings.Repeat("a", 20000) + "\r\n\r\n"},
		"too long a head":             {"GET /p HTTP/1.1\r\nHost: x\r\nUser-Agent: " + strings.Repeat("a", 60000) + "\r\n\r\n"},
		"a long head for a socket":    {with("Cookie: " + strings.Repeat("a", 20000) + "\r\n")},
		"no host":                     {without("Host: x\r\n")},
		"an empty host":               {instead("Host: x\r\n", "Host: \r\n")},
		"two hosts":                   {with("Host: y\r\n")},
		"a strange host":              {instead("Host: x\r\n", "Host: a b\r\n")},
		"no upgrade":                  {without("Upgrade: websocket\r\n")},
		"another upgrade":             {instead("Upgrade: websocket\r\n", "Upgrade: h2c\r\n")},
		"no connection":               {without("Connection: Upgrade\r\n")},
		"another version":             {instead("Version: 13", "Version: 8")},
		"two versions":                {with("Sec-WebSocket-Version: 13\r\n")},
		"no key":                      {without("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")},
		"a short key":                 {instead("dGhlIHNhbXBsZSBub25jZQ==", "dGhl")},
		"two keys":                    {with("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")},
		"no subprotocol":              {without("Sec-WebSocket-Protocol: v1\r\n")},
		"another method":              {instead("GET ", "POST ")},
		"a folded line":               {with("X-Long: a\r\n b\r\n")},
		"a line without a colon":      {with("nonsense\r\n")},
		"a space before the colon":    {with("X-Space : a\r\n")},
		"a bare line feed":            {instead("Host: x\r\n", "Host: x\n")},
		"only line feeds":             {"GET /p HTTP/1.1\nHost: x\n\n"},
		"only line feeds, a socket":   {strings.ReplaceAll(asked, "\r\n", "\n")},
		"line feeds in HTTP/1.0":      {"GET /p HTTP/1.0\n\n"},
		"a line feed at the end":      {"GET /ws HTTP/1.1\r\nHost: x\r\n\n"},
		"half a nonsense":             {"GET nonsense\r\n"},
		"a control character":         {with("X-Bad: a\x01b\r\n")},
		"a zero":                      {with("X-Bad: a\x00b\r\n")},
		"no name":                     {with(": a\r\n")},
		"an upgrade with a body":      {with("Content-Length: 3\r\n") + "abc"},
		"an upgrade in chunks":        {with("Transfer-Encoding: chunked\r\n") + "0\r\n\r\n"},
		"an absolute address":         {instead("GET /ws", "GET http://x/ws")},
		"two slashes":                 {instead("GET /ws", "GET //ws")},
		"a bad escape":                {instead("GET /ws", "GET /w%zz")},
		"no path":                     {instead("GET /ws", "GET ")},
		"upgrade of a page":           {instead("GET /ws", "GET /page?a=b")},
		"upgrade of an empty answer":  {instead("GET /ws", "GET /nothing")},
		"upgrade in HTTP/1.0":         {instead("HTTP/1.1", "HTTP/1.0")},
		"upgrade in HTTP/2.0":         {instead("HTTP/1.1", "HTTP/2.0")},
		"expecting":                   {with("Expect: 100-continue\r\n")},
		"lower case":                  {strings.ToLower(without("GET /ws HTTP/1.1\r\nHost: x\r\n"))},
		"two requests at once":        {"GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n"},
		"a page, then nothing, twice": {"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "GET /b HTTP/1.1\r\nHost: x\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			answers := strings.Count(name, "two requests") + strings.Count(name, "twice") + 1
			got, want := talk(t, front, answers, pieces...), talk(t, plain, answers, pieces...)
			if got != want {
				t.Errorf("behind the front:\n%.500s\nwithout it:\n%.500s", got, want)
			}
		})
	}
}

// A request for a WebSocket may come byte by byte, with frames right behind it.
func TestFrontUpgrades(t *testing.T) {
	s, front, _, e := behindFront(t, Options{})
	more := string(frame(0x81, "hello"))
	for name, pieces := range map[string][]string{
		"at once":      {asked + more},
		"byte by byte": strings.SplitAfter(asked+more, ""),
		"two pieces":   {asked[:50], asked[50:] + more},
		"frame apart":  {asked, more},
		"in small letters": {strings.NewReplacer("Upgrade: websocket", "upgrade: WebSocket", "Connection: Upgrade", "connection:keep-alive,upgrade", "Sec-WebSocket-Key: ", "sec-websocket-key:\t").
			Replace(asked) + more},
		"a long cookie, whole": {strings.Replace(asked, "Host: x\r\n", "Host: x\r\nCookie: "+strings.Repeat("c", 20000)+"\r\n", 1) + more},
	} {
		t.Run(name, func(t *testing.T) {
			nc, err := net.Dial("tcp", front.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			nc.SetDeadline(time.Now().Add(time.Minute))
			for _, b := range pieces {
				if _, err := io.WriteString(nc, b); err != nil {
					t.Fatal(err)
				}
				runtime.Gosched()
			}
			p := &peer{t, nc, bufio.NewReader(nc)}
			res, err := http.ReadResponse(p.r, nil)
			if err != nil || res.StatusCode != 101 || res.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" || res.Header.Get("Sec-WebSocket-Protocol") != "v1" {
				t.Fatalf("got %v, %v", res, err)
			}
			p.want("text hello")
			if n := s.Stats().Connections; n != 1 {
				t.Errorf("%d connections, want 1", n)
			}
			nc.Close()
			<-e.closed
		})
	}
	if opened := s.Stats().Opened; opened != 6 {
		t.Errorf("%d were opened, want 6", opened)
	}
}

// What a handler does not upgrade, or breaks off, is answered and over.
func TestFrontEndsWhatIsNoUpgrade(t *testing.T) {
	s, front, _, _ := behindFront(t, Options{})
	for path, want := range map[string]string{"/page": "200 OK", "/panic": "500 Internal Server Error", "/long": "500 Internal Server Error"} {
		nc, err := net.Dial("tcp", front.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		nc.SetDeadline(time.Now().Add(time.Minute))
		io.WriteString(nc, strings.Replace(asked, "/ws", path, 1)+"a frame that nobody reads")
		all, err := io.ReadAll(nc)
		if line, _, _ := strings.Cut(string(all), "\r\n"); line != "HTTP/1.1 "+want || err != nil || !bytes.Contains(all, []byte("Connection: close")) {
			t.Errorf("%s: got %.300q, %v", path, all, err)
		}
		nc.Close()
	}
	if st := s.Stats(); st.Opened != 0 || st.Connections != 0 {
		t.Errorf("counted as WebSockets: %+v", st)
	}
}

// Whoever says nothing, or not all, is dropped; descriptors come back.
func TestFrontDropsTheSilent(t *testing.T) {
	before := descriptors(t)
	s, front, plain, _ := behindFront(t, Options{Tick: 10 * time.Millisecond, Opening: 50 * time.Millisecond})
	for _, said := range []string{"", "G", asked[:60]} {
		nc, err := net.Dial("tcp", front.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		nc.SetDeadline(time.Now().Add(time.Minute))
		io.WriteString(nc, said)
		if b, err := io.ReadAll(nc); len(b) > 0 || os.IsTimeout(err) {
			t.Errorf("after %q: got %q, %v, want the end", said, b, err)
		}
		nc.Close()
	}
	if st := s.Stats(); st.Connections != 0 || st.Opened != 0 {
		t.Errorf("the silent are counted: %+v", st)
	}
	talk(t, front, 1, "GET /p HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	front.Close()
	plain.Close()
	s.Close()
	for end := time.Now().Add(time.Minute); descriptors(t) > before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d descriptors are open, %d were before", descriptors(t), before)
		}
	}
}

func descriptors(t *testing.T) int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// The end of the server ends those who have not asked for anything yet.
func TestFrontCloses(t *testing.T) {
	s, front, _, _ := behindFront(t, Options{})
	nc, err := net.Dial("tcp", front.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	io.WriteString(nc, asked[:60])
	for end := time.Now().Add(time.Minute); s.openings.Load() == 0 && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
	front.Listener.Close()
	if _, err := front.Listener.Accept(); err == nil {
		t.Error("a closed listener accepts")
	}
	s.Close()
	nc.SetDeadline(time.Now().Add(time.Minute))
	if b, err := io.ReadAll(nc); len(b) > 0 || os.IsTimeout(err) {
		t.Errorf("got %q, %v, want the end", b, err)
	}
}

// FuzzReadHead holds what is taken for a plain request against net/http's reader.
func FuzzReadHead(f *testing.F) {
	for _, s := range []string{asked, asked + "rest", "GET / HTTP/1.1\r\n\r\n", "POST /", strings.ToLower(asked[4:]), "GET /a?b#c HTTP/1.1\r\nHost: [::1]:80\r\nUpgrade: a, websocket\r\nX: \t b \t\r\nX: c\r\n\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, rest, v := readHead(b, []string{"/ws", "/"})
		if v != plainUpgrade {
			if got != nil || rest != nil {
				t.Errorf("verdict %d with %v", v, got)
			}
			return
		}
		r := bufio.NewReader(bytes.NewReader(b))
		want, err := http.ReadRequest(r)
		if err != nil {
			t.Fatalf("net/http refuses %q: %v", b, err)
		}
		behind, _ := io.ReadAll(r)
		if got.Method != want.Method || got.URL.String() != want.URL.String() || got.Host != want.Host || got.RequestURI != want.RequestURI ||
			got.Proto != want.Proto || fmt.Sprint(got.Header) != fmt.Sprint(want.Header) || got.ContentLength != want.ContentLength || !bytes.Equal(rest, behind) {
			t.Errorf("%q:\n%+v %q\n%+v %q", b, got, rest, want, behind)
		}
	})
}

// Small frames do not wait for the peer's word that it has the last one, not even
// to those who came before anybody accepted.
func TestFrontNoDelay(t *testing.T) {
	s, e, got := New(Options{}), newEcho(), make(chan *Conn, 1)
	e.on(func(c *Conn, _ []byte) { got <- c })
	ts := httptest.NewUnstartedServer(answering(s, e))
	nc := connect(t, ts)
	ts.Listener = s.Front(ts.Listener, ts.Config.Handler, "/ws")
	ts.Start()
	t.Cleanup(func() { s.Close(); ts.Close() })
	defer nc.Close()
	io.WriteString(nc, asked+string(frame(0x81, "x")))
	c := <-got
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, want := range map[[2]int]int{{syscall.IPPROTO_TCP, syscall.TCP_NODELAY}: 1, {syscall.SOL_SOCKET, syscall.SO_SNDBUF}: 2 * kernelBuffer, {syscall.SOL_SOCKET, syscall.SO_RCVBUF}: 2 * kernelBuffer} {
		if n, err := syscall.GetsockoptInt(int(c.fd), name[0], name[1]); n != want || err != nil {
			t.Errorf("setting %v is %d, %v, want %d", name, n, err, want)
		}
	}
}

// A handler may take longer than the head may.
func TestFrontWaitsForTheHandler(t *testing.T) {
	s := New(Options{Tick: 10 * time.Millisecond, Opening: 20 * time.Millisecond})
	ts := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for began := s.now(); s.now() < began+10; time.Sleep(time.Millisecond) {
		}
		s.Upgrade(w, r, &Accept{}, newEcho())
	}))
	ts.Listener = s.Front(ts.Listener, ts.Config.Handler, "/ws")
	ts.Start()
	t.Cleanup(func() { s.Close(); ts.Close() })
	if got := talk(t, ts, 1, asked); !strings.HasPrefix(got, "101") {
		t.Errorf("got %s", got)
	}
}

// What is left of an answer is no frame, however much of it has gone.
func TestAnswerInParts(t *testing.T) {
	answer, more := answer("dGhlIHNhbXBsZSBub25jZQ==", "v1"), AppendText(nil, bytes.Repeat([]byte("x"), 367))
	for gone := range answer {
		for step := 1; step < len(answer)+len(more); step += 13 {
			o := answerLeft(answer[gone:])
			o.put(more)
			for o.size() > 0 {
				o.took(min(step, o.size()))
			}
		}
		o := answerLeft(answer[gone:])
		o.put(more)
		if o.cut(); string(o.rest()) != string(answer[gone:]) {
			t.Fatalf("after %d bytes had gone, %q was left of %q", gone, o.rest(), answer[gone:])
		}
	}
}

// logLines is a log whose lines are waited for.
type logLines chan string

func (l logLines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

// When descriptors run out, whoever comes waits, and is served when there are some.
func TestFrontWithoutDescriptors(t *testing.T) {
	said := make(logLines, 1000)
	_, front, _, _ := behindFront(t, Options{Log: slog.New(slog.NewTextHandler(said, nil))})
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	nc, err := net.Dial("tcp", front.Listener.Addr().String()) // so that all that dialling needs is there
	if err != nil {
		t.Fatal(err)
	}
	nc.Close()
	last, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	syscall.Close(last)
	short := was
	short.Cur = uint64(last) + 2 // one more for us, one for the server, which has a spare one for net/http's
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &short); err != nil {
		t.Fatal(err)
	}
	if got := talk(t, front, 1, "GET /p HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "200") {
		t.Errorf("with one descriptor for the server: got %s", got)
	}
	short.Cur = uint64(last) + 1 // none for the server
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &short); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &was)
	nc, err = net.Dial("tcp", front.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(time.Minute))
	io.WriteString(nc, "GET /p HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	select {
	case line := <-said:
		if !strings.Contains(line, "new connections must wait") {
			t.Errorf("it says %s", line)
		}
	case <-time.After(time.Minute):
		t.Fatal("there was a descriptor left for the server")
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(nc); !bytes.HasPrefix(b, []byte("HTTP/1.1 200 OK")) {
		t.Errorf("got %.100q, %v", b, err)
	}
}
