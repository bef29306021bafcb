package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"minichat/internal/config"
	"minichat/internal/socket"
)

// from is a client on another address of this machine, as a proxy sees it.
func from(addr string) *http.Client {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(addr)}}
	return &http.Client{
		Transport:     &http.Transport{DialContext: dialer.DialContext, TLSClientConfig: testPair().trusting(), DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// TestVisitorBehindProxy: the limits per address count whom the proxy saw, and
// nobody passes for another by a header of his own.
func TestVisitorBehindProxy(t *testing.T) {
	t.Parallel()
	for _, name := range fronts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, t.TempDir(), "--trusted-proxies", "127.0.0.1", "--lab-room", "class",
				"--limit", "connections_per_address=1", "--limit", "lab_connections_per_address=1", "--limit", "signin_failures_per_minute_per_address=1")
			f := newFront(t, name, s.addr)
			dial := func(addr, path string, header http.Header) int {
				ws, res, err := websocket.Dial(t.Context(), "https://"+f.addr+path, &websocket.DialOptions{
					HTTPClient: from(addr), HTTPHeader: header, Subprotocols: []string{"minichat.v1"}})
				if err == nil {
					t.Cleanup(func() { ws.CloseNow() })
				}
				if res == nil {
					t.Fatalf("%s from %s: %v", path, addr, err)
				}
				return res.StatusCode
			}
			forged := http.Header{"X-Forwarded-For": {"203.0.113.9"}, "X-Real-Ip": {"203.0.113.9"}, "Forwarded": {"for=203.0.113.9"}}
			for _, path := range []string{"/api/v1/socket", "/chat"} {
				for _, row := range []struct {
					addr   string
					header http.Header
					want   int
				}{{"127.0.0.2", nil, 101}, {"127.0.0.2", nil, 429}, {"127.0.0.2", forged, 429}, {"127.0.0.3", nil, 101}, {"127.0.0.4", forged, 101}} {
					if got := dial(row.addr, path, row.header); got != row.want {
						t.Errorf("%s from %s with %v: got %d, want %d", path, row.addr, row.header, got, row.want)
					}
				}
			}
			signIn := func(addr string) int {
				res, err := from(addr).Post("https://"+f.addr+"/api/v1/sessions", "application/json", strings.NewReader(`{"handle":"nobody","password":"wrong horse"}`))
				if err != nil {
					t.Fatal(err)
				}
				res.Body.Close()
				return res.StatusCode
			}
			if a, b, c := signIn("127.0.0.2"), signIn("127.0.0.2"), signIn("127.0.0.3"); a != 401 || b != 429 || c != 401 {
				t.Errorf("wrong passwords: got %d, %d and from elsewhere %d; want 401, 429, 401", a, b, c)
			}
			f.answers(t)
		})
	}
}

// answers holds what a browser is told through the proxy.
func (f *front) answers(t *testing.T) {
	t.Helper()
	browser := from("127.0.0.5")
	get := func(url string) *http.Response {
		t.Helper()
		res, err := browser.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res
	}
	if res := get("http://" + f.plain + "/x"); res.StatusCode != 301 || !strings.HasPrefix(res.Header.Get("Location"), "https://") {
		t.Errorf("over http: got %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	if res := get("https://" + f.addr + "/metrics"); res.StatusCode != 401 {
		t.Errorf("/metrics through the proxy: got %d, want 401", res.StatusCode)
	}
	req, err := http.NewRequest("GET", "https://"+f.addr+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", "http://"+f.addr) // a page over http is not ours
	res, err := browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 403 {
		t.Errorf("from a page over http: got %d, want 403: the proxy's word on the scheme is not heard", res.StatusCode)
	}
}

// TestPartThroughProxy sends a part of 8 MiB in two halves: the first is on the
// server's disk before the second is sent, so nothing between keeps it.
func TestPartThroughProxy(t *testing.T) {
	t.Parallel()
	const size = 8 << 20
	for _, name := range fronts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, t.TempDir(), "--trusted-proxies", "127.0.0.1")
			f := newFront(t, name, s.addr)
			owner := s.owner()
			at := "https://" + f.addr
			var up struct {
				File  string
				Parts []struct{ URL string }
			}
			if _, err := call(at, "POST", "/files", owner.token, map[string]any{"name": "big.bin", "size": size, "type": "application/octet-stream"}, &up); err != nil {
				t.Fatal(err)
			}
			body, send := io.Pipe()
			go func() {
				io.CopyN(send, rand.Reader, size/2) // an error shows in the answer
				for onDisk(s.data) < size/2-(256<<10) && t.Context().Err() == nil {
					time.Sleep(20 * time.Millisecond)
				}
				io.CopyN(send, rand.Reader, size/2)
				send.Close()
			}()
			ctx, cancel := context.WithTimeout(t.Context(), startWithin)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, "PUT", at+up.Parts[0].URL, body)
			if err != nil {
				t.Fatal(err)
			}
			req.ContentLength = size
			res, err := lone.Do(req)
			if err != nil {
				t.Fatalf("the first half does not come through before the second is sent: %v", err)
			}
			res.Body.Close()
			if res.StatusCode != 200 {
				t.Fatalf("got %d", res.StatusCode)
			}
			if _, err := call(at, "POST", "/files/"+up.File+"/complete", owner.token, map[string]any{}, nil); err != nil {
				t.Error(err)
			}
		})
	}
}

// onDisk is the size of the largest file among the uploads.
func onDisk(data string) (size int64) {
	filepath.WalkDir(filepath.Join(data, "files"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if info, err := d.Info(); err == nil { // it may be gone
				size = max(size, info.Size())
			}
		}
		return nil
	})
	return size
}

// idles are the times after which what AWS puts between closes a silent connection.
var idles = []struct {
	name, front, old string
	idle, ping       time.Duration // ping is how often the scaled server pings
}{
	{"CloudFront", "nginx", "proxy_read_timeout      75s", 10 * time.Minute, time.Second}, // both count what comes from the server alone
	{"NLB", "haproxy", "timeout tunnel          75s", 350 * time.Second, time.Second},
	{"ALB", "haproxy", "timeout tunnel          75s", 60 * time.Second, 5 * time.Second},
}

// TestIdleBehindProxy (aws.md 12, check 17) keeps silent connections through several idle times of
// what stands between, both scaled down alike: none is closed. That the proxies
// do close is shown with a server that pings too rarely.
func TestIdleBehindProxy(t *testing.T) {
	t.Parallel()
	for _, row := range idles {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			idle := row.idle / (socket.PingEvery / row.ping)
			swapped := swap{row.old, strings.Replace(row.old, "75s", fmt.Sprintf("%dms", idle.Milliseconds()), 1)}
			if closed := silent(t, row.front, swapped, row.ping, max(5*idle/2, 30*time.Second)); closed > 0 {
				t.Errorf("%d connections were closed", closed)
			}
		})
	}
	for _, name := range fronts {
		t.Run(name+" closes", func(t *testing.T) {
			t.Parallel()
			old := map[string]string{"nginx": "proxy_read_timeout      75s", "haproxy": "timeout tunnel          75s"}[name]
			if silent(t, name, swap{old, strings.Replace(old, "75s", "2s", 1)}, 30*time.Second, 10*time.Second) == 0 {
				t.Error("the proxy closes nothing, so that the test above shows nothing")
			}
		})
	}
}

// silent holds connections of both protocols for a while and counts those that end.
func silent(t *testing.T, name string, swapped swap, ping, hold time.Duration) (closed int64) {
	s := newServer(t, t.TempDir(), "--trusted-proxies", "127.0.0.1", "--lab-room", "class", "--ping-every", ping.String())
	f := newFront(t, name, s.addr, swapped)
	owner := s.owner()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var ends atomic.Int64
	var wg sync.WaitGroup
	for i := range 10 {
		path := []string{"/api/v1/socket", "/chat"}[i%2]
		ws, _, err := websocket.Dial(ctx, "https://"+f.addr+path, &websocket.DialOptions{HTTPClient: lone, Subprotocols: []string{"minichat.v1"}})
		if err != nil {
			t.Fatal(err)
		}
		defer ws.CloseNow()
		if i%2 == 0 {
			if err := (&line{ws: ws}).say(ctx, request{Type: "hello", N: 1, Token: owner.token}); err != nil {
				t.Fatal(err)
			}
		}
		wg.Go(func() {
			for {
				if _, _, err := ws.Read(ctx); err != nil {
					if ctx.Err() == nil {
						ends.Add(1)
					}
					return
				}
			}
		})
	}
	sleep(ctx, hold)
	closed = ends.Load()
	cancel()
	wg.Wait()
	return closed
}

// TestPingIsOftenEnough holds the server's times against those of what stands
// between, and against the settings that are shipped.
func TestPingIsOftenEnough(t *testing.T) {
	shortest := config.ShortestIdle
	for _, row := range idles {
		shortest = min(shortest, row.idle)
	}
	waits := regexp.MustCompile(`(?m)^\s*(proxy_read_timeout|proxy_send_timeout|timeout tunnel|timeout client|timeout server)\s+(\S+?);?(\s|$)`)
	for _, file := range []string{"nginx.conf", "haproxy.cfg"} {
		b, err := os.ReadFile(filepath.Join("..", "deploy", "proxy", file))
		if err != nil {
			t.Fatal(err)
		}
		found := waits.FindAllStringSubmatch(string(b), -1)
		if len(found) < 2 {
			t.Fatalf("%s sets %d times", file, len(found))
		}
		for _, m := range found {
			d, err := time.ParseDuration(m[2])
			if err != nil {
				t.Fatalf("%s: %s: %v", file, m[1], err)
			}
			shortest = min(shortest, d)
		}
	}
	if config.MostPing*2 > shortest || socket.PingEvery*2 > shortest || socket.PingEvery > config.MostPing {
		t.Errorf("pings every %v, at most every %v: more than half of the shortest idle time, %v", socket.PingEvery, config.MostPing, shortest)
	}
}
