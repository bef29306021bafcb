package socket

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// quick makes the deadlines short enough to be met in a test.
func quick() Options {
	return Options{
		Tick: 2 * time.Millisecond, PingEvery: 20 * time.Millisecond, Silence: 100 * time.Millisecond,
		HalfFrame: 60 * time.Millisecond, Stall: 300 * time.Millisecond, Linger: 100 * time.Millisecond,
	}
}

func TestHandshake(t *testing.T) {
	e := newEcho()
	_, ts := serve(t, onTCP, Options{}, e, &Accept{Subprotocol: "minichat.v1"})
	good := map[string]string{
		"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "other, minichat.v1",
	}
	cases := []struct {
		name, method, header, value string
		status                      int
		code                        string
	}{
		{"good", "GET", "", "", 101, ""},
		{"deflate is not taken", "GET", "Sec-WebSocket-Extensions", "permessage-deflate", 101, ""},
		{"several tokens", "GET", "Connection", "keep-alive, Upgrade", 101, ""},
		{"POST", "POST", "", "", 405, "method_not_allowed"},
		{"no upgrade", "GET", "Upgrade", "", 400, "bad_handshake"},
		{"no connection", "GET", "Connection", "keep-alive", 400, "bad_handshake"},
		{"version 8", "GET", "Sec-WebSocket-Version", "8", 426, "bad_handshake"},
		{"no version", "GET", "Sec-WebSocket-Version", "", 426, "bad_handshake"},
		{"no key", "GET", "Sec-WebSocket-Key", "", 400, "bad_handshake"},
		{"short key", "GET", "Sec-WebSocket-Key", "c2hvcnQ=", 400, "bad_handshake"},
		{"no subprotocol", "GET", "Sec-WebSocket-Protocol", "", 400, "bad_subprotocol"},
		{"another subprotocol", "GET", "Sec-WebSocket-Protocol", "minichat.v2", 400, "bad_subprotocol"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			r, _ := http.NewRequest(test.method, ts.URL, nil)
			for k, v := range good {
				r.Header.Set(k, v)
			}
			if test.header != "" {
				r.Header.Set(test.header, test.value)
			}
			res, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.StatusCode != test.status {
				t.Fatalf("got status %d, want %d", res.StatusCode, test.status)
			}
			if test.status == 101 {
				if got := res.Header.Get("Sec-WebSocket-Accept"); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
					t.Errorf("got accept %q", got)
				}
				if got := res.Header.Get("Sec-WebSocket-Protocol"); got != "minichat.v1" {
					t.Errorf("got subprotocol %q", got)
				}
				if got := res.Header.Get("Sec-WebSocket-Extensions"); got != "" {
					t.Errorf("got extensions %q, want none", got)
				}
				return
			}
			if body, _ := io.ReadAll(res.Body); strings.TrimSpace(string(body)) != test.code {
				t.Errorf("got %q, want %q", body, test.code)
			}
			if test.status == 426 && res.Header.Get("Sec-WebSocket-Version") != "13" {
				t.Errorf("got no version to use: %v", res.Header)
			}
		})
	}
}

// A frame in the same packet as the handshake is not lost.
func TestFrameWithTheHandshake(t *testing.T) { overAll(t, testFrameWithTheHandshake) }

func testFrameWithTheHandshake(t *testing.T, w way) {
	_, ts, _ := serveEcho(t, w, Options{})
	p := shake(t, connect(t, ts), string(frame(0x81, "early"))+string(frame(0x81, "cut")[:4]))
	p.want("text early")
	p.send(frame(0x81, "cut")[4:])
	p.want("text cut")
}

func TestReadyWithin(t *testing.T) { overAll(t, testReadyWithin) }

func testReadyWithin(t *testing.T, w way) {
	e := newEcho()
	e.on(func(c *Conn, b []byte) {
		c.Ready(10)
		c.Write(AppendText(nil, b))
	})
	o := quick()
	o.Silence = time.Minute
	_, patient := serve(t, w, o, e, &Accept{ReadLimit: 4})
	big := dial(t, patient)
	big.send(frame(0x81, "too much")[:6])
	big.wantClose(1009)
	_, ts := serve(t, w, o, e, &Accept{ReadLimit: 4, ReadyWithin: 50 * time.Millisecond})
	ready := inTime(t, ts)
	late := dial(t, ts)
	late.wantClose(4001)
	late.want("end")
	ready.send(frame(0x81, "0123456789")) // the limit is another one now
	ready.wantBeside("ping ", "text 0123456789")
	ready.send(frame(0x81, "0123456789a"))
	ready.wantClose(1009)
}

// inTime is a peer that was ready before it was too late, which a busy machine
// does not manage every time.
func inTime(t *testing.T, ts *httptest.Server) *peer {
	t.Helper()
	for {
		p := dial(t, ts)
		p.nc.Write(frame(0x81, "hi"))
		got := p.next()
		for got == "ping " {
			got = p.next()
		}
		if got == "text hi" {
			return p
		}
		if !strings.HasPrefix(got, "close 4001") && got != "end" && got != "cut" {
			t.Fatalf("got %q", got)
		}
	}
}

func TestHalfAMessageIsDropped(t *testing.T) { overAll(t, testHalfAMessageIsDropped) }

func testHalfAMessageIsDropped(t *testing.T, w way) {
	_, ts, e := serveEcho(t, w, quick())
	for name, half := range map[string][]byte{
		"half a header":  {0x81},
		"half a frame":   frame(0x81, "half")[:7],
		"half a message": frame(0x01, "half"),
	} {
		t.Run(name, func(t *testing.T) {
			p := dial(t, ts)
			p.send(half)
			stop := make(chan struct{})
			go func() { // not silent: it answers pings
				tick := time.NewTicker(10 * time.Millisecond)
				defer tick.Stop()
				for name == "half a message" {
					select {
					case <-stop:
						return
					case <-tick.C:
						p.nc.Write(frame(0x8A, ""))
					}
				}
			}()
			<-e.closed
			close(stop)
		})
	}
}

// A stream of whole messages whose reads never end at an edge goes on for
// longer than half a message may take.
func TestMessagesAcrossReads(t *testing.T) { overAll(t, testMessagesAcrossReads) }

func testMessagesAcrossReads(t *testing.T, w way) {
	o := quick()
	o.HalfFrame, o.Silence = time.Second, time.Minute
	_, ts, _ := serveEcho(t, w, o)
	p := dial(t, ts)
	b := bytes.Repeat(frame(0x81, "0123456789"), 2)
	p.send(b[:5])
	for began := time.Now(); time.Since(began) < 6*o.HalfFrame/5; {
		p.send(append(bytes.Clone(b[5:]), b[:5]...))
		for range 2 {
			p.wantBeside("ping ", "text 0123456789")
		}
	}
}

// Pings come from the wheel; who does not answer anything is dropped.
func TestPingAndSilence(t *testing.T) { overAll(t, testPingAndSilence) }

func testPingAndSilence(t *testing.T, w way) {
	o := quick()
	o.Silence = 700 * time.Millisecond // so that one who answers is not late on a busy machine
	_, ts, e := serveEcho(t, w, o)
	deadOne := make(chan *Conn, 1)
	e.on(func(c *Conn, _ []byte) { deadOne <- c })
	alive, dead := dial(t, ts), dial(t, ts)
	dead.send(frame(0x81, "it is me"))
	dead.want("ping ")
	for began := time.Now(); time.Since(began) < 2*o.Silence; {
		alive.want("ping ")
		alive.send(frame(0x8A, ""))
	}
	if c := <-e.closed; c != <-deadOne {
		t.Error("the wrong one was dropped")
	}
	if len(e.closed) != 0 {
		t.Error("who answers was dropped")
	}
	for got := dead.next(); got != "end"; got = dead.next() {
		if got != "ping " {
			t.Errorf("got %q", got)
		}
	}
}

// What stands between may count only what comes from the server: also who talks
// all the time, and is never answered, is pinged.
func TestTalkersArePinged(t *testing.T) { overAll(t, testTalkersArePinged) }

func testTalkersArePinged(t *testing.T, w way) {
	e := newEcho()
	e.on(func(*Conn, []byte) {})
	o := quick()
	o.PingEvery, o.Silence = 400*time.Millisecond, time.Minute
	_, ts := serve(t, w, o, e, &Accept{})
	p := dial(t, ts)
	stop, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				p.nc.Write(frame(0x81, "x")) // a failure shows on the other side
			}
		}
	}()
	for range 2 {
		p.want("ping ")
	}
	close(stop)
	<-over
}

func TestFlood(t *testing.T) { overAll(t, testFlood) }

func testFlood(t *testing.T, w way) {
	e := newEcho()
	s, ts := serve(t, w, Options{}, e, &Accept{Flood: []byte("bye")})
	p := dial(t, ts)
	p.nc.Write(bytes.Repeat(frame(0x89, "x"), 1000))
	var said []string
	for {
		got := p.next()
		if strings.HasPrefix(got, "close") {
			if got != "close 4009 too many pings" {
				t.Errorf("got %q, want 4009", got)
			}
			break
		}
		if got != "pong x" {
			said = append(said, got)
		}
	}
	if len(said) != 1 || said[0] != "text bye" {
		t.Errorf("got %q before the close, want bye", said)
	}
	if n := s.Stats().Floods; n != 1 {
		t.Errorf("got %d floods, want 1", n)
	}
}

// Foreign clients, over TCP and TLS.
func TestForeignClient(t *testing.T) { overAll(t, testForeignClient) }

func testForeignClient(t *testing.T, w way) {
	e := newEcho()
	_, ts := serve(t, w, Options{}, e, &Accept{Subprotocol: "minichat.v1"})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(ts.URL, "http"), &websocket.DialOptions{
		HTTPClient: ts.Client(), Subprotocols: []string{"minichat.v1"}, CompressionMode: websocket.CompressionContextTakeover,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	ws.SetReadLimit(-1)
	for n := 1; n <= 1<<20; n *= 4 {
		text := bytes.Repeat([]byte("x"), n)
		if err := ws.Write(ctx, websocket.MessageText, text); err != nil {
			t.Fatal(err)
		}
		_, got, err := ws.Read(ctx)
		if err != nil || !bytes.Equal(got, text) {
			t.Fatalf("%d bytes: got %d, %v", n, len(got), err)
		}
	}
	go ws.Read(ctx) // so that pongs are seen
	if err := ws.Ping(ctx); err != nil {
		t.Errorf("ping: %v", err)
	}
	cancel()
	<-e.closed
}

func TestForeignClientCloses(t *testing.T) { overAll(t, testForeignClientCloses) }

func testForeignClientCloses(t *testing.T, w way) {
	e := newEcho()
	_, ts := serve(t, w, Options{}, e, &Accept{})
	ws, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(ts.URL, "http"), &websocket.DialOptions{HTTPClient: ts.Client()})
	if err != nil {
		t.Fatal(err)
	}
	if err := ws.Close(websocket.StatusNormalClosure, "bye"); err != nil {
		t.Errorf("close: %v", err)
	}
	<-e.closed
}

func TestPanicEndsOneConnection(t *testing.T) { overAll(t, testPanicEndsOneConnection) }

func testPanicEndsOneConnection(t *testing.T, w way) {
	_, ts, e := serveEcho(t, w, Options{})
	e.on(func(c *Conn, b []byte) {
		if string(b) == "panic" {
			panic("test")
		}
		c.Write(AppendText(nil, b))
	})
	bad, good := dial(t, ts), dial(t, ts)
	bad.send(frame(0x81, "panic"))
	bad.want("close 1011 internal error")
	good.send(frame(0x81, "x"))
	good.want("text x")
}

func TestServerClose(t *testing.T) { overAll(t, testServerClose) }

func testServerClose(t *testing.T, w way) {
	s, ts, e := serveEcho(t, w, Options{})
	peers := make([]*peer, 50)
	for i := range peers {
		peers[i] = dial(t, ts)
		peers[i].send(frame(0x81, "in")) // the answer to the handshake comes a moment before
		peers[i].want("text in")
	}
	if n := s.Stats().Connections; n != 50 {
		t.Errorf("got %d connections, want 50", n)
	}
	s.Close()
	s.Close()
	if n := len(e.closed); n != 50 {
		t.Errorf("got %d closed, want 50", n)
	}
	for _, p := range peers {
		p.want("end")
	}
	if n := s.Stats().Connections; n != 0 {
		t.Errorf("got %d connections, want 0", n)
	}
}
