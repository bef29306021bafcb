package httpd

import (
	"fmt"
	"strings"
	"testing"

	"minichat"
)

// Rows 1 to 3: what is refused before the upgrade.
func TestHandshake(t *testing.T) {
	p := newPlace(t, func(o *Options) { o.Origins = []string{"https://pages.example"} })
	cookie := p.signIn(p.owner, p.url)
	cookieHeader := "Cookie: " + cookie.Name + "=" + cookie.Value
	ws := []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: minichat.v1"}
	for _, row := range []struct {
		name    string
		path    string
		headers []string
		status  int
		code    minichat.Code
	}{
		{"foreign origin", "", []string{"Origin: https://evil.example"}, 403, minichat.Forbidden},
		{"null", "", []string{"Origin: null"}, 403, minichat.Forbidden},
		{"suffix", "", []string{"Origin: https://pages.example.evil.example"}, 403, minichat.Forbidden},
		{"cookie without an origin", "", []string{cookieHeader}, 403, minichat.Forbidden},
		{"old version", "", []string{"Sec-WebSocket-Version: 8"}, 426, "bad_handshake"},
		{"no subprotocol", "", []string{"Sec-WebSocket-Protocol: other"}, 400, badSubprotocol},
		{"token in the address", "?token=" + p.owner.token, nil, 400, tokenInURL},
		{"access_token in the address", "?access_token=x", nil, 400, tokenInURL},
		{"no upgrade", "", []string{"Upgrade: h2c"}, 400, "bad_handshake"},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := p.do("GET", "/api/v1/socket"+row.path, "", append(append([]string{}, ws...), row.headers...)...).want(t, row.status)
			if pr := a.problem(t); pr.Code != row.code {
				t.Errorf("got %q, want %q", pr.Code, row.code)
			}
			if row.status == 426 && a.Header.Get("Sec-WebSocket-Version") != "13" {
				t.Errorf("got headers %v", a.Header)
			}
		})
	}
	for _, origin := range []string{p.url, "https://pages.example"} {
		p.dial("Origin: "+origin).hello(p.owner, nil)
	}
	c := p.dial("Origin: "+p.url, cookieHeader)
	if f := c.answer(c.ask("hello", nil)); f.str("type") != "welcome" {
		t.Errorf("with the cookie alone: got %v", f)
	}
	c = p.dial("Origin: https://pages.example", cookieHeader)
	c.ask("hello", nil)
	if got := c.code(); got != 4002 {
		t.Errorf("the cookie from a listed origin: closed with %d, want 4002", got)
	}
}

// Row 4: what comes before hello.
func TestBeforeHello(t *testing.T) {
	p := newPlace(t)
	for name, row := range map[string]struct {
		text string
		code int
	}{
		"ping":  {`{"type":"ping","n":1}`, 4001},
		"noise": {`{`, 4001},
		"large": {`{"type":"hello","n":1,"device":"` + strings.Repeat("x", 4096) + `"}`, 1009},
	} {
		c := p.dial()
		c.raw(row.text)
		if got := c.code(); got != row.code {
			t.Errorf("%s: closed with %d, want %d", name, got, row.code)
		}
	}
	c := p.dial()
	if f := c.answer(c.ask("hello", frame{"token": p.owner.token, "nonsense": 1})); f.str("code") != "unknown_field" {
		t.Errorf("a hello with an unknown field: got %v", f)
	}
	c.hello(p.owner, nil) // the connection lives
}

// Row 5 and 62: tokens that are not good.
func TestBadTokens(t *testing.T) {
	p := newPlace(t)
	ben := p.add("ben", minichat.Member)
	if err := p.auth.Disable(t.Context(), "ben"); err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{"", "x", "eyJhbGciOiJub25lIn0.e30.", strings.Repeat("A", 43), ben.token} {
		c := p.dial()
		c.ask("hello", frame{"token": token})
		if got := c.code(); got != 4002 {
			t.Errorf("token %.8q: closed with %d, want 4002", token, got)
		}
	}
}

// Rows 14 to 22: malformed frames are answered, and the connection lives.
func TestMalformedFrames(t *testing.T) {
	p := newPlace(t)
	room := p.room(p.owner, "channel", "open")
	c := p.enter(p.owner)
	post := `{"type":"post","n":7,"room":"` + room + `","key":"0123456789abcdef0123456789abcdef",`
	for _, row := range []struct{ name, text, code string }{
		{"cut", `{`, "bad_json"}, {"trailing", `{} x`, "bad_json"}, {"two", `{} {}`, "bad_json"},
		{"list", `[]`, "bad_frame"}, {"null", `null`, "bad_frame"}, {"string", `"x"`, "bad_frame"}, {"no type", `{"n":1}`, "bad_frame"},
		{"deep", strings.Repeat("[", 10_000), "bad_json"}, {"double", `{"type":"ping","n":1,"n":2}`, "bad_json"},
		{"other case", `{"type":"ping","N":1}`, "unknown_field"}, {"__proto__", `{"type":"ping","n":1,"__proto__":{}}`, "unknown_field"},
		{"constructor", `{"type":"ping","n":1,"constructor":1}`, "unknown_field"},
		{"unknown", `{"type":"nonsense","n":1}`, "unknown_type"}, {"of the server", `{"type":"welcome","n":1}`, "unknown_type"},
		{"object", `{"type":"pull","n":1,"room":{"$ne":null}}`, "bad_field"}, {"number", post + `"text":7}`, "bad_field"}, {"files", post + `"text":"x","files":"x"}`, "bad_field"},
		{"1e309", `{"type":"read","n":1,"room":"x","seq":1e309}`, "bad_field"}, {"-1", `{"type":"read","n":1,"room":"x","seq":-1}`, "bad_field"},
		{"1.5", `{"type":"read","n":1,"room":"x","seq":1.5}`, "bad_field"}, {"2^53+1", `{"type":"read","n":1,"room":"x","seq":9007199254740993}`, "bad_field"},
		{"string seq", `{"type":"read","n":1,"room":"x","seq":"7"}`, "bad_field"}, {"surrogate", post + `"text":"\ud800"}`, "bad_utf8"},
		{"second hello", `{"type":"hello","n":1}`, "bad_frame"},
	} {
		c.raw(row.text)
		f := c.typed("error")
		if f.str("code") != row.code {
			t.Errorf("%s: got %v, want %s", row.name, f, row.code)
		}
		if f["definite"] != true || f.str("message") == "" {
			t.Errorf("%s: got %v", row.name, f)
		}
	}
	if f := c.answer(c.ask("post", frame{"room": room, "key": key(), "text": "still here"})); f.str("type") != "ok" {
		t.Errorf("after all that: got %v", f)
	}
}

// Row 13: a flood of malformed frames.
func TestFloodOfMalformedFrames(t *testing.T) {
	p := newPlace(t, func(o *Options) { o.Limits.BadFramesPerMinute = 5 })
	c := p.enter(p.owner)
	for range 5 {
		c.raw(`{`)
	}
	bye := c.typed("bye")
	if bye.num("code") != 4009 || bye.num("retry_ms") <= 0 {
		t.Errorf("got %v", bye)
	}
	if got := c.code(); got != 4009 {
		t.Errorf("closed with %d, want 4009", got)
	}
}

// One message, from one client to another.
func TestPostIsDelivered(t *testing.T) {
	p := newPlace(t)
	ben := p.add("ben", minichat.Member)
	room := p.room(p.owner, "private", "two of us", ben.id)
	olga, benny := p.enter(p.owner), p.enter(ben)
	for _, c := range []*client{olga, benny} {
		if f := c.answer(c.ask("watch", frame{"room": room})); f.str("type") != "ok" {
			t.Fatalf("watch: got %v", f)
		}
		c.typed("synced")
	}
	k := key()
	n := olga.ask("post", frame{"room": room, "key": k, "text": "hi @ben"})
	ok := olga.answer(n) // the answer stands before the own event
	ev := olga.typed("event")
	for _, f := range []frame{ev, benny.typed("event")} {
		if f.num("seq") != ok.num("seq") || f.str("id") != ok.str("id") || f.str("key") != k || f.str("by") != p.owner.id {
			t.Errorf("got %v for %v", f, ok)
		}
	}
	again := olga.answer(olga.ask("post", frame{"room": room, "key": k, "text": "hi @ben"}))
	if again["dup"] != true || again.num("seq") != ok.num("seq") {
		t.Errorf("the same key again: got %v", again)
	}
	if f := olga.answer(olga.ask("post", frame{"room": room, "key": k, "text": "another"})); f.str("code") != "conflict" {
		t.Errorf("the same key with another text: got %v", f)
	}
}

// Every keyed request, and those that only answer.
func TestRequests(t *testing.T) {
	p := newPlace(t)
	room := p.room(p.owner, "channel", "open")
	c := p.enter(p.owner)
	ok := func(typ string, fields frame) frame {
		t.Helper()
		f := c.answer(c.ask(typ, fields))
		if f.str("type") == "error" {
			t.Errorf("%s %v: got %v", typ, fields, f)
		}
		return f
	}
	seq := ok("post", frame{"room": room, "key": key(), "text": "one"}).num("seq")
	if f := ok("edit", frame{"room": room, "key": key(), "target": seq, "text": "two", "rev": 1}); f.num("rev") != 2 {
		t.Errorf("edit: got %v", f)
	}
	ok("react", frame{"room": room, "key": key(), "target": seq, "emoji": "👍", "on": true})
	if f := ok("react", frame{"room": room, "key": key(), "target": seq, "emoji": "👍", "on": true}); f["seq"] != nil {
		t.Errorf("a no-op: got %v", f)
	}
	ok("pin", frame{"room": room, "key": key(), "target": seq, "on": true})
	ok("read", frame{"room": room, "seq": seq})
	ok("presence", frame{"state": "away"})
	c.raw(`{"type":"typing","room":"` + room + `"}`)
	if f := ok("pull", frame{"room": room, "after": 0, "limit": 200}); f.str("type") != "events" || f.num("to") != f.num("head") {
		t.Errorf("pull: got %v", f)
	}
	ok("watch", frame{"room": room})
	if f := ok("ping", nil); f.str("type") != "pong" || len(f["heads"].([]any)) != 1 {
		t.Errorf("ping: got %v", f)
	}
	ok("unwatch", frame{"room": room})
	ok("delete", frame{"room": room, "key": key(), "target": seq})
	for typ, fields := range map[string]frame{
		"post": {"room": "nosuchroom", "key": key(), "text": "x"}, "watch": {"room": "nosuchroom"}, "pull": {"room": "nosuchroom"},
		"react": {"room": room, "key": key(), "target": 999, "emoji": "👍", "on": true}, "read": {"room": "nosuchroom", "seq": 1},
	} {
		if f := c.answer(c.ask(typ, fields)); f.str("code") != "not_found" {
			t.Errorf("%s of what is not there: got %v", typ, f)
		}
	}
	if f := c.answer(c.ask("edit", frame{"room": room, "key": key(), "target": seq, "text": "x", "rev": 2})); f.str("code") != "gone" {
		t.Errorf("edit of what was deleted: got %v", f)
	}
}

// Requests for one room are done in the order in which they came.
func TestOrderOfOneRoom(t *testing.T) {
	p := newPlace(t, func(o *Options) { o.Limits.PostsPerSecond = 0 })
	room := p.room(p.owner, "channel", "open")
	c := p.enter(p.owner)
	first := c.n + 1
	for i := range 50 {
		c.ask("post", frame{"room": room, "key": key(), "text": fmt.Sprint(i)})
	}
	last := int64(0)
	for n := first; n <= c.n; n++ {
		f := c.answer(n)
		if f.num("seq") != last+1 && last != 0 {
			t.Fatalf("request %d got seq %d after %d", n, f.num("seq"), last)
		}
		last = f.num("seq")
	}
}

// The next change of a room begins when the one before has passed, not when it
// is done; one that never passes holds it up until it is done.
func TestLanes(t *testing.T) {
	var l lanes
	began, hold, pass := make(chan int), make(chan struct{}), make(chan func())
	for i := range 3 {
		l.start("r", 0, func(next func()) {
			began <- i
			if i == 0 {
				f := <-pass
				f()
				next()
				next() // again: nothing
				<-hold
			}
		})
	}
	if got := <-began; got != 0 {
		t.Fatalf("got %d first", got)
	}
	select {
	case got := <-began:
		t.Fatalf("%d began before 0 had passed", got)
	default:
	}
	pass <- func() {}
	for want := 1; want <= 2; want++ {
		if got := <-began; got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	}
	close(hold)
}

// Row 39: what is too much is refused with a time to wait.
func TestTooManyUnanswered(t *testing.T) {
	p := newPlace(t, func(o *Options) { o.Limits.UnansweredRequests = 1 })
	hold, entered := make(chan struct{}), make(chan struct{})
	var l lanes
	if !l.start("r", 1, func(func()) { close(entered); <-hold }) {
		t.Fatal("the first was refused")
	}
	<-entered
	if l.start("r", 1, func(func()) {}) {
		t.Error("a second one was taken")
	}
	close(hold)
	c := p.enter(p.owner)
	if f := c.answer(c.ask("ping", nil)); f.str("type") != "pong" {
		t.Errorf("got %v", f)
	}
}

// Rows 37 and 38: cursors that do not fit.
func TestResume(t *testing.T) {
	p := newPlace(t, func(o *Options) { o.Limits.WatchedRooms = 3 })
	room := p.room(p.owner, "channel", "open")
	for i := range 5 {
		p.post(p.owner, room, fmt.Sprint(i))
	}
	var page struct {
		List []struct {
			Seq int64
			ID  string
		}
	}
	p.as(p.owner, "GET", "/api/v1/rooms/"+room+"/events", "").into(t, &page)
	at := page.List[2]
	for _, row := range []struct {
		name   string
		fields frame
		why    string // "" = replay
	}{
		{"replay", frame{"cursors": []any{[]any{room, at.Seq, at.ID}}}, ""},
		{"above head", frame{"cursors": []any{[]any{room, 999, at.ID}}}, "cursor"},
		{"another id", frame{"cursors": []any{[]any{room, at.Seq, "nosuchid"}}}, "cursor"},
		{"another epoch", frame{"epoch": "another", "cursors": []any{[]any{room, at.Seq, at.ID}}}, "epoch"},
		{"a room that is not mine", frame{"cursors": []any{[]any{"nosuchroom", 1, "x"}}}, "access"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p.t = t
			c := p.dial()
			c.hello(p.owner, row.fields)
			if row.why == "" {
				f := c.typed("events")
				if f.num("from") != at.Seq+1 || f.num("to") != f.num("head") {
					t.Errorf("got %v", f)
				}
				c.typed("synced")
				return
			}
			if f := c.typed("reset"); f.str("why") != row.why {
				t.Errorf("got %v, want why %q", f, row.why)
			}
		})
	}
	p.t = t
	c := p.dial()
	cursor := []any{room, 1, ""}
	if f := c.answer(c.ask("hello", frame{"token": p.owner.token, "cursors": []any{cursor, cursor, cursor, cursor}})); f.str("code") != "too_many" {
		t.Errorf("too many cursors: got %v", f)
	}
	c.hello(p.owner, nil)
}

// Who comes back without following all his rooms is let in while he is a member.
func TestResumeOneRoom(t *testing.T) {
	p := newPlace(t)
	ben := p.add("ben", minichat.Member)
	room := p.room(p.owner, "private", "closed", ben.id)
	p.post(p.owner, room, "missed")
	stays := p.enter(p.owner) // follows: the room is known
	fields := frame{"rooms": false, "cursors": []any{[]any{room, 1, ""}}}
	c := p.dial()
	c.hello(ben, fields)
	c.typed("events")
	c.typed("synced")
	p.as(p.owner, "DELETE", "/api/v1/rooms/"+room+"/members/"+ben.id, "").want(t, 204)
	if f := c.typed("gone"); f.str("room") != room {
		t.Errorf("after the removal: got %v", f)
	}
	c = p.dial()
	c.hello(ben, fields)
	if f := c.typed("reset"); f.str("why") != "access" {
		t.Errorf("who was removed: got %v", f)
	}
	stays.answer(stays.ask("ping", nil))
}

// Row 63: who is signed out is gone at once.
func TestEndingClosesSockets(t *testing.T) {
	p := newPlace(t)
	ben, eve := p.add("ben", minichat.Member), p.add("eve", minichat.Member)
	c, d := p.enter(ben), p.enter(eve)
	var tokens struct{ List []struct{ ID string } }
	p.as(ben, "GET", "/api/v1/tokens", "").into(t, &tokens)
	p.as(ben, "DELETE", "/api/v1/tokens/"+tokens.List[0].ID, "").want(t, 204)
	if got := c.code(); got != 4002 {
		t.Errorf("an ended token: closed with %d, want 4002", got)
	}
	p.as(p.owner, "PATCH", "/api/v1/users/"+eve.id, `{"disabled":true}`).want(t, 200)
	if got := d.code(); got != 4003 {
		t.Errorf("a disabled person: closed with %d, want 4003", got)
	}
}

// A connection beyond the address's share is refused before the upgrade.
func TestConnectionsPerAddress(t *testing.T) {
	p := newPlace(t, func(o *Options) { o.Limits.ConnectionsPerAddr = 2; o.Limits.UnreadyConnectionsPerAddr = 1 })
	p.enter(p.owner)
	first := p.dial()
	if _, res, err := p.tryDial("/api/v1/socket"); err == nil || res == nil || res.StatusCode != 429 {
		t.Errorf("a second one that has not said hello: got %v, %v", res, err)
	}
	first.hello(p.owner, nil)
	if _, res, err := p.tryDial("/api/v1/socket"); err == nil || res == nil || res.StatusCode != 429 {
		t.Errorf("a third one: got %v, %v", res, err)
	}
}
