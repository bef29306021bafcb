package httpd

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"minichat"
	"minichat/internal/chat"
)

// seen notes which statuses each call has answered with, to hold them against
// the description.
type seen map[string]map[int]bool

func (s seen) note(op string, a answer) answer {
	if s[op] == nil {
		s[op] = map[int]bool{}
	}
	s[op][a.StatusCode] = true
	return a
}

// sample is a path of the route with ids that exist or not.
func sample(r route, ids map[string]string) string {
	path := v1 + r.path
	for _, name := range pathParams(r.path) {
		path = strings.Replace(path, "{"+name+"}", ids[name], 1)
	}
	return path
}

// Every route answers what is unknown, malformed, not signed in and foreign with
// its problem; and every status that the description tells of is met.
func TestEveryRouteRefuses(t *testing.T) {
	p := newPlace(t)
	met := seen{}
	unknown := map[string]string{"room": "nosuchroom", "user": "nosuchuser", "file": "nosuchfile", "id": "nosuchid", "seq": "1"}
	for _, r := range routes() {
		t.Run(r.op.id, func(t *testing.T) {
			p.t = t
			path := sample(r, unknown)
			body := ""
			if r.op.body != "" {
				body = "{}"
			}
			if r.need == signedIn {
				pr := met.note(r.op.id, p.do(r.method, path, body)).want(t, 401).problem(t)
				if pr.Code != minichat.Unauthenticated {
					t.Errorf("without a token: got %q", pr.Code)
				}
				for _, header := range []string{"Bearer", "Bearer x", "Basic eDp5", "Bearer eyJhbGciOiJub25lIn0.e30.", "Bearer " + strings.Repeat("A", 43)} {
					other := p.do(r.method, path, body, "Authorization: "+header).want(t, 401).problem(t)
					if other != pr {
						t.Errorf("%s: got %+v, want the same as without a token %+v", header, other, pr)
					}
				}
			}
			met.note(r.op.id, p.as(p.owner, r.method, path+"?nonsense=1", body)).want(t, 400).problem(t)
			for _, origin := range []string{"https://evil.example", "null", p.url + ".evil.example"} {
				a := met.note(r.op.id, p.as(p.owner, r.method, path, body, "Origin: "+origin)).want(t, 403)
				a.problem(t)
				if got := a.Header.Get("Access-Control-Allow-Origin"); got != "" {
					t.Errorf("origin %s: allowed as %q", origin, got)
				}
			}
			if len(pathParams(r.path)) > 0 {
				for _, bad := range []string{"nosuch", "%2e%2e%2f1", "1%20OR%201=1", "%00", strings.Repeat("x", 300)} {
					ids := maps.Clone(unknown)
					for name := range ids {
						ids[name] = bad
					}
					met.note(r.op.id, p.as(p.owner, r.method, sample(r, ids), goodBody[r.op.id])).want(t, 404).problem(t)
				}
			}
			if r.op.body != "" {
				refusesBodies(t, p, met, r, path)
			}
			if _, ok := p.s.methodsByPath()[v1+r.path]["TRACE"]; ok {
				t.Error("TRACE is served")
			}
			a := p.as(p.owner, "PROPFIND", path, "").want(t, 405)
			if pr := a.problem(t); pr.Code != minichat.MethodNotAllowed || !strings.Contains(a.Header.Get("Allow"), r.method) {
				t.Errorf("got %+v with Allow %q", pr, a.Header.Get("Allow"))
			}
			a = p.as(p.owner, "PROPFIND", path, "", "X-HTTP-Method-Override: "+r.method).want(t, 405)
			a.problem(t)
		})
	}
	p.t = t
	provoke(t, p, met)
	for _, r := range routes() {
		for _, status := range r.statuses() {
			if !met[r.op.id][status] {
				t.Errorf("%s: the description tells of %d, but no request of this test got it", r.op.id, status)
			}
		}
		for status := range met[r.op.id] {
			if !slices.Contains(r.statuses(), status) {
				t.Errorf("%s: answered %d, which the description does not tell of", r.op.id, status)
			}
		}
	}
}

// goodBody is a body that is well formed, for requests that fail for another reason.
var goodBody = map[string]string{
	"changeUser": `{"role":"member"}`, "changeRoom": `{"name":"x"}`, "postMessage": `{"text":"hi"}`,
	"signParts": `{"numbers":[1]}`, "completeFile": `{}`,
}

func refusesBodies(t *testing.T, p *place, met seen, r route, path string) {
	for body, code := range map[string]minichat.Code{
		`{`: minichat.BadJSON, `{} {}`: minichat.BadJSON, `{}x`: minichat.BadJSON, strings.Repeat("[", 2000): minichat.BadJSON,
		`[]`: minichat.BadFrame, `null`: minichat.BadFrame, `"x"`: minichat.BadFrame,
		`{"nonsense":1}`: minichat.UnknownField, `{"__proto__":{}}`: minichat.UnknownField,
		`{"a":1,"a":2}`: minichat.BadJSON, "{\"a\":\"\xff\"}": minichat.BadUTF8, `{"nonsense":"\ud800"}`: minichat.BadUTF8,
	} {
		pr := met.note(r.op.id, p.as(p.owner, r.method, path, body)).want(t, 400).problem(t)
		if pr.Code != code {
			t.Errorf("body %.20q: got %q, want %q", body, pr.Code, code)
		}
	}
	for _, header := range []string{"Content-Type: text/plain", "Content-Type: application/x-www-form-urlencoded", "Content-Encoding: gzip"} {
		met.note(r.op.id, p.as(p.owner, r.method, path, "{}", header)).want(t, 415).problem(t)
	}
	huge := fmt.Sprintf(`{"name":"%s"}`, strings.Repeat("x", 1<<20))
	if r.op.secret {
		met.note(r.op.id, p.as(p.owner, r.method, path, huge)).want(t, 400).problem(t)
	} else {
		met.note(r.op.id, p.as(p.owner, r.method, path, huge)).want(t, 413).problem(t)
	}
}

// story meets the statuses for which something has to have happened.
type story struct {
	*place
	met seen
}

func provoke(t *testing.T, p *place, met seen) {
	s := &story{p, met}
	ben, gus := p.add("ben", minichat.Member), p.add("gus", minichat.Member)
	s.signingIn(t)
	s.people(t, ben, gus)
	s.talking(t, ben)
	s.attaching(t, ben)
}

// try sends one request of the API and notes its answer.
func (s *story) try(op string, who person, method, path, body string, status int, headers ...string) answer {
	s.t.Helper()
	a := s.met.note(op, s.as(who, method, v1+path, body, headers...))
	if a.StatusCode != status {
		s.t.Errorf("%s %s %s: got %d, want %d; %s", method, path, body, a.StatusCode, status, a.body)
	}
	if a.StatusCode >= 400 {
		a.problem(s.t)
	}
	return a
}

func (s *story) signingIn(t *testing.T) {
	p, met, try := s.place, s.met, s.try
	plain := func(op, path, body string, status int) answer {
		t.Helper()
		return met.note(op, p.do("POST", v1+path, body)).want(t, status)
	}
	fresh := newPlaceWithoutOwner(t)
	token, err := fresh.auth.SetupToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	met.note("setup", fresh.do("POST", v1+"/setup", `{"token":"`+token+`","handle":"admin","password":"correct horse"}`)).want(t, 422)
	met.note("setup", fresh.do("POST", v1+"/setup", `{"token":"`+token+`","handle":"ana","password":"correct horse"}`)).want(t, 201)
	plain("setup", "/setup", `{"token":"x","handle":"ana","password":"correct horse"}`, 400)

	var invite struct{ ID, URL string }
	try("makeInvite", p.owner, "POST", "/invites", `{"uses":5}`, 201).into(t, &invite)
	_, secret, _ := strings.Cut(invite.URL, "#join=")
	plain("join", "/join", `{"token":"`+secret+`","handle":"system","password":"correct horse"}`, 422)
	plain("join", "/join", `{"token":"`+secret+`","handle":"olga","password":"correct horse"}`, 409)
	plain("join", "/join", `{"token":"`+secret+`","handle":"jo","password":"correct horse"}`, 201)
	try("listInvites", p.owner, "GET", "/invites", "", 200)
	try("revokeInvite", p.owner, "DELETE", "/invites/"+invite.ID, "", 204)
	plain("join", "/join", `{"token":"`+secret+`","handle":"joe","password":"correct horse"}`, 400)

	var in struct{ Token string }
	plain("signIn", "/sessions", `{"handle":"jo","password":"correct horse"}`, 201).into(t, &in)
	wrong := plain("signIn", "/sessions", `{"handle":"jo","password":"wrong horse"}`, 401)
	if nobody := plain("signIn", "/sessions", `{"handle":"nobody","password":"wrong horse"}`, 401); string(nobody.body) != string(wrong.body) {
		t.Errorf("nobody and a wrong password get different answers: %s, %s", nobody.body, wrong.body)
	}
	for range 9 {
		plain("signIn", "/sessions", `{"handle":"nobody","password":"wrong horse"}`, 401)
	}
	if a := plain("signIn", "/sessions", `{"handle":"nobody","password":"wrong horse"}`, 429); a.Header.Get("Retry-After") == "" {
		t.Error("429 without Retry-After")
	}
	jo := person{token: in.Token}
	for range 10 {
		p.do("POST", v1+"/sessions", `{"handle":"olga","password":"wrong horse"}`)
	}
	try("changePassword", p.owner, "POST", "/me/password", `{"old":"wrong horse","new":"correct horse 2"}`, 429)
	try("listSessions", jo, "GET", "/sessions", "", 200)
	try("changePassword", jo, "POST", "/me/password", `{"old":"wrong horse","new":"correct horse 2"}`, 403)
	try("changePassword", jo, "POST", "/me/password", `{"old":"correct horse","new":""}`, 400)
	try("changePassword", jo, "POST", "/me/password", `{"old":"correct horse","new":"correct horse 2"}`, 204)
	try("endSession", jo, "DELETE", "/sessions/current", "", 204)
	try("getMe", jo, "GET", "/me", "", 401)

	var made struct{ ID, Token string }
	try("makeToken", p.owner, "POST", "/tokens", `{"name":"bot"}`, 201).into(t, &made)
	try("makeToken", p.owner, "POST", "/tokens", `{"name":""}`, 422)
	try("listTokens", p.owner, "GET", "/tokens", "", 200)
	try("endToken", p.owner, "DELETE", "/tokens/"+made.ID, "", 204)
	try("getMe", person{token: made.Token}, "GET", "/me", "", 401)
}

func (s *story) people(t *testing.T, ben, gus person) {
	p, try := s.place, s.try
	try("getMe", ben, "GET", "/me", "", 200)
	try("changeMe", ben, "PATCH", "/me", `{"name":"Ben B."}`, 200)
	try("changeMe", ben, "PATCH", "/me", `{"name":"аdmin"}`, 422)
	try("changeMe", ben, "PATCH", "/me", `{"avatar":"nosuchfile"}`, 404)
	try("listUsers", ben, "GET", "/users?q=b&limit=5", "", 200)
	try("listUsers", ben, "GET", "/users?ids="+ben.id+","+gus.id, "", 200)
	try("listUsers", ben, "GET", "/users?ids="+strings.Repeat("x,", 200)+"x", "", 422)
	try("getUser", ben, "GET", "/users/"+gus.id, "", 200)
	try("changeUser", ben, "PATCH", "/users/"+gus.id, `{"role":"admin"}`, 403)
	try("changeUser", p.owner, "PATCH", "/users/"+p.owner.id, `{"role":"member"}`, 409)
	try("changeUser", p.owner, "PATCH", "/users/"+gus.id, `{"role":"guest"}`, 200)
	try("makeRoom", gus, "POST", "/rooms", `{"kind":"channel","name":"mine"}`, 403)
	for _, op := range []struct{ id, method, path, body string }{
		{"listLimits", "GET", "/limits", ""}, {"listInvites", "GET", "/invites", ""}, {"makeInvite", "POST", "/invites", "{}"}, {"revokeInvite", "DELETE", "/invites/x", ""},
	} {
		try(op.id, ben, op.method, op.path, op.body, 403)
	}
	try("listLimits", p.owner, "GET", "/limits", "", 200)
}

func (s *story) talking(t *testing.T, ben person) {
	p, try := s.place, s.try
	secret := p.room(p.owner, "private", "secret")
	open := p.room(p.owner, "channel", "open")
	try("makeRoom", ben, "POST", "/rooms", `{"kind":"channel","name":"open"}`, 409)
	try("makeRoom", ben, "POST", "/rooms", `{"kind":"channel","name":""}`, 422)
	try("makeRoom", ben, "POST", "/rooms", `{"kind":"direct","members":["nosuchuser"]}`, 404)
	try("makeRoom", ben, "POST", "/rooms", `{"kind":"direct","members":["`+p.owner.id+`"]}`, 201)
	try("makeRoom", ben, "POST", "/rooms", `{"kind":"direct","members":["`+p.owner.id+`"]}`, 200)
	try("listRooms", ben, "GET", "/rooms", "", 200)
	try("listRooms", ben, "GET", "/rooms?all=1", "", 200)
	try("listRooms", ben, "GET", "/rooms?all=2", "", 400)
	first := p.post(p.owner, open, "hello")
	for _, op := range []struct{ id, method, path, body string }{
		{"getRoom", "GET", "", ""}, {"listMembers", "GET", "/members", ""}, {"listEvents", "GET", "/events", ""},
		{"listThread", "GET", "/messages/1/thread", ""}, {"postMessage", "POST", "/messages", `{"text":"x"}`}, {"changeRoom", "PATCH", "", `{"topic":"x"}`},
		{"addMember", "PUT", "/members/me", ""}, {"removeMember", "DELETE", "/members/me", ""},
	} {
		hidden := try(op.id, ben, op.method, "/rooms/"+secret+op.path, op.body, 404)
		absent := try(op.id, ben, op.method, "/rooms/nosuchroom"+op.path, op.body, 404)
		if string(hidden.body) != string(absent.body) {
			t.Errorf("%s: a private room is told from none: %s, %s", op.id, hidden.body, absent.body)
		}
	}
	for _, op := range []struct{ id, method, path, body string }{
		{"listEvents", "GET", "/events", ""}, {"listThread", "GET", fmt.Sprintf("/messages/%d/thread", first), ""},
		{"postMessage", "POST", "/messages", `{"text":"x"}`}, {"changeRoom", "PATCH", "", `{"topic":"x"}`},
		{"removeMember", "DELETE", "/members/" + p.owner.id, ""}, {"listMembers", "GET", "/members", ""}, {"addMember", "PUT", "/members/" + p.owner.id, ""},
	} {
		try(op.id, ben, op.method, "/rooms/"+open+op.path, op.body, 403)
	}
	try("getRoom", ben, "GET", "/rooms/"+open, "", 200)
	try("addMember", ben, "PUT", "/rooms/"+open+"/members/me", "", 204)
	try("listMembers", ben, "GET", "/rooms/"+open+"/members", "", 200)
	try("changeRoom", p.owner, "PATCH", "/rooms/"+open, `{"topic":"all of it"}`, 200)
	try("changeRoom", p.owner, "PATCH", "/rooms/"+open, `{"name":" "}`, 422)
	for _, q := range []string{"limit=0", "limit=-1", "limit=1000000000", "limit=abc", "after=1&before=2", "after=-1", "after=1.5", "before=x", "after=9007199254740992", "limit=1&limit=2", "limit=%zz"} {
		try("listEvents", ben, "GET", "/rooms/"+open+"/events?"+q, "", 400)
	}
	var page struct {
		From, To, Head int64
		List           []any
	}
	try("listEvents", ben, "GET", "/rooms/"+open+"/events?after=9007199254740991", "", 200).into(t, &page)
	if len(page.List) != 0 || page.To != page.From-1 {
		t.Errorf("beyond head: got %+v", page)
	}
	try("listThread", ben, "GET", fmt.Sprintf("/rooms/%s/messages/%d/thread?after=0&limit=10", open, first), "", 200)
	key := "Idempotency-Key: " + strings.Repeat("k", 32)
	try("postMessage", ben, "POST", "/rooms/"+open+"/messages", `{"text":"once"}`, 201, key)
	if a := try("postMessage", ben, "POST", "/rooms/"+open+"/messages", `{"text":"once"}`, 201, key); !strings.Contains(string(a.body), `"dup":true`) {
		t.Errorf("the same key again: got %s", a.body)
	}
	try("postMessage", ben, "POST", "/rooms/"+open+"/messages", `{"text":"twice"}`, 409, key)
	try("postMessage", ben, "POST", "/rooms/"+open+"/messages", `{"text":" "}`, 422)
	try("postMessage", ben, "POST", "/rooms/"+open+"/messages", `{"text":"x"}`, 400, "Idempotency-Key: short")
	try("postMessage", ben, "POST", "/rooms/"+open+"/messages", `{"text":"x"}`, 400, "Idempotency-Key: "+strings.Repeat("é", 20))
	s.flood(t, ben, open)
	try("removeMember", ben, "DELETE", "/rooms/"+open+"/members/me", "", 204)
}

// flood posts until the rate of one person is used up.
func (s *story) flood(t *testing.T, who person, room string) {
	t.Helper()
	for range 500 {
		a := s.met.note("postMessage", s.as(who, "POST", v1+"/rooms/"+room+"/messages", `{"text":"x"}`))
		if a.StatusCode == http.StatusTooManyRequests {
			if pr := a.problem(t); pr.RetryMS <= 0 {
				t.Errorf("got %+v, want a retry_ms", pr)
			}
			return
		}
	}
	t.Error("500 posts in a row were all taken")
}

// attaching meets what can go wrong with files; the bytes are in file_test.go.
func (s *story) attaching(t *testing.T, ben person) {
	p, try := s.place, s.try
	var up chat.Upload
	try("makeFile", ben, "POST", "/files", `{"name":"a.bin","size":3}`, 201).into(t, &up)
	try("makeFile", ben, "POST", "/files", `{"name":"a.bin","size":1099511627776}`, 413)
	try("makeFile", ben, "POST", "/files", `{"name":"a.bin","size":0}`, 422)
	try("getFile", ben, "GET", "/files/"+up.File, "", 200)
	try("getFile", p.owner, "GET", "/files/"+up.File, "", 404)
	try("completeFile", ben, "POST", "/files/"+up.File+"/complete", "{}", 409)
	try("completeFile", p.owner, "POST", "/files/"+up.File+"/complete", "{}", 404)
	try("signParts", ben, "POST", "/files/"+up.File+"/parts", `{"numbers":[1]}`, 200)
	try("signParts", ben, "POST", "/files/"+up.File+"/parts", `{"numbers":[2]}`, 400)
	try("abortFile", ben, "DELETE", "/files/"+up.File, "", 204)
	id := p.upload(ben, "a.bin", []byte("abc"))
	try("completeFile", ben, "POST", "/files/"+id+"/complete", "{}", 200)
	try("linkFile", ben, "GET", "/files/"+id+"/link", "", 200)
	try("linkFile", p.owner, "GET", "/files/"+id+"/link", "", 404)
	try("signParts", ben, "POST", "/files/"+id+"/parts", `{"numbers":[1]}`, 409)
	room := p.room(p.owner, "private", "for files", ben.id)
	mine := p.upload(p.owner, "b.bin", []byte("abc"))
	try("postMessage", p.owner, "POST", "/rooms/"+room+"/messages", `{"text":"","files":["`+mine+`"]}`, 201)
	try("abortFile", p.owner, "DELETE", "/files/"+mine, "", 409)
}
