package lab

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"minichat"
	"minichat/internal/chat"
	"minichat/internal/protocol"
)

// A whole class sits behind one address and sends at the same moment.
func TestSixtyStudentsBehindOneAddress(t *testing.T) {
	const class = 60
	c := newClassroom(t)
	students := make([]*student, class)
	for i := range students {
		students[i] = c.connect()
	}
	var wg sync.WaitGroup
	heard := make([][]string, class)
	for i, s := range students {
		wg.Go(func() {
			s.send(fmt.Sprint("hello from ", i))
			for range class {
				heard[i] = append(heard[i], s.next())
			}
		})
	}
	wg.Wait()
	for i := range heard {
		if !slices.Equal(heard[i], heard[0]) {
			t.Errorf("student %d heard another order", i)
		}
	}
	slices.Sort(heard[0])
	if n := len(slices.Compact(heard[0])); n != class {
		t.Errorf("different messages: got %d, want %d", n, class)
	}
}

// What comes faster than is allowed waits: this wire has no way to say "again".
func TestTooFastIsNotLost(t *testing.T) {
	c := newClassroom(t, func(l *minichat.Limits) { l.LabPostsPerSecond = 20 })
	s := c.connect()
	for i := range 50 {
		s.send(fmt.Sprint(i))
	}
	for i := range 50 {
		if got := s.next(); got != fmt.Sprint(i) {
			t.Fatalf("got %q, want %d", got, i)
		}
	}
}

func TestConnectionsOfAnAddress(t *testing.T) {
	c := newClassroom(t, func(l *minichat.Limits) { l.LabConnectionsPerAddr = 2 })
	a := c.connect()
	c.connect()
	_, resp, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(c.http.URL, "http")+"/chat", nil)
	if err == nil || resp == nil || resp.StatusCode != http.StatusTooManyRequests {
		t.Fatalf("a third: got %v, %v, want 429", resp, err)
	}
	a.leave()
	a.conn = nil
	for { // until the server has heard that the first one left
		c.lab.gate.mu.Lock()
		n := c.lab.gate.addrs["127.0.0.1"].conns
		c.lab.gate.mu.Unlock()
		if n == 1 {
			break
		}
	}
	a.conn = c.connect().conn
}

// The history is so many messages, whatever else happened in the room since.
func TestHistoryIsBounded(t *testing.T) {
	c := newClassroom(t, func(l *minichat.Limits) { l.LabHistory = 3 })
	for i := range 5 {
		c.post(fmt.Sprint(i))
	}
	target := c.find("4").Seq
	for i := range 6 {
		_, err := c.chat.React(t.Context(), c.web, protocol.React{Room: c.lab.room, Key: minichat.NewID(32), Target: target, Emoji: "👍", On: i%2 == 0})
		if err != nil {
			t.Fatal(err)
		}
	}
	s := c.connect()
	for _, want := range []string{"2", "3", "4"} {
		if got := s.next(); got != want {
			t.Errorf("history: got %q, want %q", got, want)
		}
	}
}

func TestBinaryIsRefused(t *testing.T) {
	s := newClassroom(t).connect()
	if err := s.conn.Write(t.Context(), websocket.MessageBinary, []byte("x")); err != nil {
		t.Fatal(err)
	}
	_, _, err := s.conn.Read(t.Context())
	if got := websocket.CloseStatus(err); got != websocket.StatusUnsupportedData {
		t.Errorf("close: got %v (%v), want 1003", got, err)
	}
}

func TestUpload(t *testing.T) {
	c := newClassroom(t, func(l *minichat.Limits) { l.FileBytes = 1000 })
	file, fileType := form(t, "file", "a.txt", "hello")
	other, otherType := form(t, "picture", "a.txt", "hello")
	nameless, namelessType := form(t, "file", "", "hello")
	large, largeType := form(t, "file", "a.txt", strings.Repeat("x", 1001))
	empty, emptyType := form(t, "file", "a.txt", "")
	const noFile = `{"error":"No file"}` + "\n"
	for _, u := range []struct {
		name, contentType string
		body              io.Reader
		status            int
		answer            string // "": not looked at
	}{
		{"no form", "text/plain", strings.NewReader("x"), 400, noFile},
		{"no body", "", nil, 400, noFile},
		{"another field", otherType, other, 400, noFile},
		{"nothing picked", namelessType, nameless, 400, noFile},
		{"cut off", fileType, strings.NewReader("--x\r\n"), 400, noFile},
		{"too large, of unknown length", largeType, struct{ io.Reader }{large}, 413, ""},
		{"empty", emptyType, empty, 422, ""},
		{"right", fileType, file, 200, ""},
	} {
		status, h, answer := c.ask("POST", "/upload", u.contentType, u.body, "Origin", "http://anywhere.example", "Cookie", "session=garbage")
		if status != u.status || u.answer != "" && answer != u.answer {
			t.Errorf("%s: got %d %s, want %d %s", u.name, status, answer, u.status, u.answer)
		}
		if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Content-Type") != "application/json" {
			t.Errorf("%s: got header %v", u.name, h)
		}
	}
	if sum, err := c.st.SumFiles(t.Context(), minichat.LabUser); err != nil || sum.Own != 5 {
		t.Errorf("kept: got %d bytes, %v, want 5", sum, err)
	}
	status, h, _ := c.ask("OPTIONS", "/upload", "", nil, "Origin", "http://anywhere.example", "Access-Control-Request-Method", "POST")
	if status != 204 || h.Get("Access-Control-Allow-Methods") != "POST, OPTIONS" {
		t.Errorf("preflight: got %d %v", status, h)
	}
	if status, h, _ := c.ask("GET", "/upload", "", nil); status != 405 || h.Get("Allow") == "" {
		t.Errorf("GET: got %d %v", status, h)
	}
}

// Row 49: forms that nobody's browser makes.
func TestOddForms(t *testing.T) {
	c := newClassroom(t)
	const file = "Content-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhello\r\n"
	const field = "Content-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n"
	long := strings.Repeat("b", 1000)
	for _, u := range []struct {
		name, boundary, body string
		status               int
	}{
		{"no part", "x", "--x--\r\n", 400},
		{"two files: the first is taken", "x", "--x\r\n" + file + "--x\r\n" + strings.Replace(file, "hello", "other", 1) + "--x--\r\n", 200},
		{"a field before the file", "x", "--x\r\n" + field + "--x\r\n" + file + "--x--\r\n", 200},
		{"1,000 fields before the file", "x", strings.Repeat("--x\r\n"+field, 1000) + "--x\r\n" + file + "--x--\r\n", 400},
		{"1,000 fields behind the file", "x", "--x\r\n" + file + strings.Repeat("--x\r\n"+field, 1000) + "--x--\r\n", 200},
		{"a boundary of 1 KB", long, "--" + long + "\r\n" + file + "--" + long + "--\r\n", 200},
		{"another boundary", "y", "--x\r\n" + file + "--x--\r\n", 400},
		{"no end", "x", "--x\r\n" + file, 400},
	} {
		sum := func() int64 {
			n, err := c.st.SumFiles(t.Context(), minichat.LabUser)
			if err != nil {
				t.Fatal(err)
			}
			return n.Own
		}
		before := sum()
		status, _, answer := c.ask("POST", "/upload", "multipart/form-data; boundary="+u.boundary, strings.NewReader(u.body))
		if status != u.status {
			t.Errorf("%s: got %d %s, want %d", u.name, status, answer, u.status)
		}
		want := int64(0)
		if u.status == 200 {
			want = 5
		}
		if got := sum() - before; got != want {
			t.Errorf("%s: %d bytes were kept, want %d", u.name, got, want)
		}
	}
}

func TestRoot(t *testing.T) {
	c := newClassroom(t)
	for accept, want := range map[string]string{
		"":                                "MiniChat backend running",
		"*/*":                             "MiniChat backend running",
		"text/html,application/xhtml+xml": "404 page not found\n", // the page's turn
	} {
		if _, _, body := c.ask("GET", "/", "", nil, "Accept", accept); body != want {
			t.Errorf("Accept %q: got %q, want %q", accept, body, want)
		}
	}
	if status, _, _ := c.ask("GET", "/chat", "", nil); status < 400 {
		t.Errorf("GET /chat without an upgrade: got %d", status)
	}
}

func TestPublicURLStandsInLinks(t *testing.T) {
	c := newClassroom(t)
	c.stop()
	c.public = "https://chat.example.org/"
	c.start()
	body, contentType := form(t, "file", "a.txt", "hello")
	_, _, answer := c.ask("POST", "/upload", contentType, body)
	if !strings.HasPrefix(answer, `{"url":"https://chat.example.org/files/`) {
		t.Errorf("got %s", answer)
	}
}

func TestRoomOfTheLab(t *testing.T) {
	c := newClassroom(t)
	ctx := t.Context()
	room := c.lab.room
	again := func(name string) (*Lab, error) {
		return New(ctx, Options{Room: name, Store: c.st, Chat: c.chat, Limits: c.limits})
	}
	if l, err := again("Lobby"); err != nil || l.room != room {
		t.Errorf("the same name again: got %v, want room %s", err, room)
	}
	if members, err := c.chat.Members(ctx, c.web, room, "", 0); err != nil || len(members.List) != 1 {
		t.Errorf("members: got %+v, %v, want the web's person alone", members, err)
	}
	if list, err := c.chat.SearchUsers(ctx, c.web, "", "", 0); err != nil || len(list.List) != 1 {
		t.Errorf("directory: got %+v, %v, want the web's person alone", list, err)
	}
	if _, _, err := c.chat.CreateRoom(ctx, c.web, chat.NewRoom{Kind: minichat.Private, Name: "secret"}); err != nil {
		t.Fatal(err)
	}
	if _, err := again("secret"); minichat.CodeOf(err) != minichat.Conflict {
		t.Errorf("a private room's name: got %v, want conflict", err)
	}
	if _, err := again(strings.Repeat("x", 65)); minichat.CodeOf(err) != minichat.BadName {
		t.Errorf("a name too long: got %v, want bad_name", err)
	}
	if l, err := again(""); l != nil || err != nil {
		t.Errorf("off: got %v, %v", l, err)
	}
	if id, err := c.st.GetSetting(ctx, chat.SettingLab); err != nil || id != "" {
		t.Errorf("setting when off: got %q, %v", id, err)
	}
}

// Without --public-url a file keeps the name under which the server was reached
// when it came, whoever asks under another one later.
func TestLinksNameTheHostOfTheUpload(t *testing.T) {
	c := newClassroom(t)
	body, contentType := form(t, "file", "a.txt", "hello")
	_, _, answer := c.ask("POST", "/upload", contentType, body)
	other := "http://other.example"
	s := c.connect()
	c.lab.base.Store(&other) // what a later handshake under another name does
	frame := s.next()
	_, want, _ := strings.Cut(strings.TrimSpace(answer), `"url":"`)
	if want = strings.TrimSuffix(want, `"}`); frame != "[FILE] a.txt → "+want {
		t.Errorf("got %q, want the address %q", frame, want)
	}
	f, err := c.chat.PutFile(t.Context(), c.web, chat.NewFile{Name: "b.txt"}, strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.lab.fileURL(f); !strings.HasPrefix(got, other+"/files/") {
		t.Errorf("a file of unknown host: got %q, want the latest host %s", got, other)
	}
	f, err = c.chat.PutFile(t.Context(), c.web, chat.NewFile{Name: "c.txt", Base: "http://third.example"}, strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.lab.fileURL(f); !strings.HasPrefix(got, "http://third.example/files/") {
		t.Errorf("a file of another host: got %q", got)
	}
}
