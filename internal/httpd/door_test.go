package httpd

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"minichat"
	"minichat/internal/chat"
	"minichat/web"
)

// signIn signs somebody in with a cookie and returns it.
func (p *place) signIn(who person, origin string) *http.Cookie {
	p.t.Helper()
	a := p.do("POST", "/api/v1/sessions", `{"handle":"`+who.handle+`","password":"correct horse `+who.handle+`","cookie":true}`, "Origin: "+origin).want(p.t, 201)
	if strings.Contains(string(a.body), `"token"`) {
		p.t.Fatalf("a cookie and a token: %s", a.body)
	}
	if len(a.Cookies()) != 1 {
		p.t.Fatalf("got the cookies %v, want one", a.Cookies())
	}
	return a.Cookies()[0]
}

func TestCookie(t *testing.T) {
	for _, row := range []struct {
		name, public, cookie string
		secure               bool
	}{{"plain http", "", "minichat", false}, {"https before us", "https://chat.example.org", "__Host-minichat", true}} {
		t.Run(row.name, func(t *testing.T) {
			p := newPlace(t, func(o *Options) { o.PublicURL = row.public })
			origin := row.public
			if origin == "" {
				origin = p.url
			}
			c := p.signIn(p.owner, origin)
			if c.Name != row.cookie || c.Secure != row.secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" {
				t.Errorf("got the cookie %+v", c)
			}
			cookie := "Cookie: " + c.Name + "=" + c.Value
			p.do("GET", "/api/v1/me", "", cookie).want(t, 200)
			p.do("GET", "/api/v1/me", "", cookie, "Sec-Fetch-Site: cross-site").want(t, 403).problem(t)
			p.do("PATCH", "/api/v1/me", `{"name":"Olga O."}`, cookie).want(t, 403).problem(t)
			p.do("PATCH", "/api/v1/me", `{"name":"Olga O."}`, cookie, "Origin: https://evil.example").want(t, 403).problem(t)
			p.do("PATCH", "/api/v1/me", `{"name":"Olga O."}`, cookie, "Origin: "+origin).want(t, 200)
			p.do("PATCH", "/api/v1/me", `{"name":"Olga O."}`, cookie, "Sec-Fetch-Site: same-origin").want(t, 200)
			a := p.do("DELETE", "/api/v1/sessions/current", "", cookie, "Origin: "+origin).want(t, 204)
			if len(a.Cookies()) != 1 || a.Cookies()[0].MaxAge >= 0 {
				t.Errorf("the cookie stays: %v", a.Cookies())
			}
			p.do("GET", "/api/v1/me", "", cookie).want(t, 401).problem(t)
		})
	}
}

// A cookie is only set where our own page asks for it.
func TestNoCookieForOthers(t *testing.T) {
	p := newPlace(t, func(o *Options) { o.Origins = []string{"https://pages.example"} })
	for _, headers := range [][]string{nil, {"Origin: https://pages.example"}} {
		a := p.do("POST", "/api/v1/sessions", `{"handle":"olga","password":"correct horse olga","cookie":true}`, headers...).want(t, 201)
		if len(a.Cookies()) != 0 || !strings.Contains(string(a.body), `"token":"`) {
			t.Errorf("headers %v: got the cookies %v and %s", headers, a.Cookies(), a.body)
		}
	}
}

func TestOrigins(t *testing.T) {
	p := newPlace(t, func(o *Options) {
		o.PublicURL = "https://chat.example.org"
		o.Origins = []string{"https://pages.example"}
	})
	cookie := p.signIn(p.owner, "https://chat.example.org")
	host := strings.TrimPrefix(p.url, "http://")
	for _, row := range []struct {
		origin string
		status int
		cors   string
	}{
		{"https://chat.example.org", 200, ""}, {"http://" + host, 200, ""}, {"https://" + host, 200, ""},
		{"https://pages.example", 200, "https://pages.example"},
		{"https://pages.example.evil.example", 403, ""}, {"https://evilpages.example", 403, ""}, {"http://pages.example", 403, ""},
		{"https://pages.example:444", 403, ""}, {"null", 403, ""}, {"", 403, ""}, {"https://chat.example.org.evil.example", 403, ""}, {"HTTPS://PAGES.EXAMPLE", 403, ""},
	} {
		a := p.as(p.owner, "GET", "/api/v1/me", "", "Origin: "+row.origin)
		if a.StatusCode != row.status {
			t.Errorf("origin %q: got %d, want %d", row.origin, a.StatusCode, row.status)
		}
		if got := a.Header.Get("Access-Control-Allow-Origin"); got != row.cors {
			t.Errorf("origin %q: allowed %q, want %q", row.origin, got, row.cors)
		}
		if got := a.Header.Get("Access-Control-Allow-Credentials"); got != "" {
			t.Errorf("origin %q: credentials allowed", row.origin)
		}
	}
	// A listed origin's page has no use for the cookie.
	p.do("GET", "/api/v1/me", "", "Origin: https://pages.example", "Cookie: "+cookie.Name+"="+cookie.Value).want(t, 401).problem(t)

	// Who can forge a plain http page of our name gets no further with our cookie.
	p.do("PATCH", "/api/v1/me", `{"name":"Olga"}`, "Host: chat.example.org", "Origin: http://chat.example.org", "Cookie: "+cookie.Name+"="+cookie.Value).want(t, 403).problem(t)
	p.do("PATCH", "/api/v1/me", `{"name":"Olga"}`, "Host: chat.example.org", "Origin: https://chat.example.org", "Cookie: "+cookie.Name+"="+cookie.Value).want(t, 200)

	a := p.do("OPTIONS", "/api/v1/rooms", "", "Origin: https://pages.example", "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization").want(t, 204)
	if got := a.Header.Get("Access-Control-Allow-Headers"); got != "Authorization, Content-Type, Idempotency-Key" {
		t.Errorf("allowed headers: %q", got)
	}
	if got := a.Header.Get("Access-Control-Expose-Headers"); got != "ETag, Retry-After" {
		t.Errorf("exposed headers: %q", got)
	}
	a = p.do("OPTIONS", "/api/v1/rooms", "", "Origin: https://evil.example", "Access-Control-Request-Method: POST").want(t, 403)
	if got := a.Header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("a foreign preflight was allowed: %q", got)
	}
	p.do("OPTIONS", "/api/v1/nothing", "", "Origin: https://pages.example", "Access-Control-Request-Method: POST").want(t, 404).problem(t)
}

// What a request says of its way here is not believed.
func TestForwardedHeadersAreIgnored(t *testing.T) {
	p := newPlace(t)
	a := p.as(p.owner, "POST", "/api/v1/invites", "{}", "X-Forwarded-Host: evil.example", "Host: evil.example", "X-Forwarded-Proto: https").want(t, 201)
	if strings.Contains(string(a.body), "evil") {
		t.Errorf("got %s", a.body)
	}
}

func TestHeadersOnEverything(t *testing.T) {
	p := newPlace(t)
	for _, path := range []string{"/", "/app/main.js", "/api/v1/me", "/api/v1/nothing", "/healthz", "/files/x/y", "/api/docs", "/nothing", "/api/v1/socket"} {
		a := p.do("GET", path, "")
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s: %s: got %q, want %q", path, name, got, want)
			}
		}
		policy := a.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; ") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if strings.HasPrefix(path, "/api/v1") && a.Header.Get("Cache-Control") != "no-store, private" {
			t.Errorf("%s: Cache-Control %q", path, a.Header.Get("Cache-Control"))
		}
	}
}

func TestPage(t *testing.T) {
	p := newPlace(t)
	index, err := fs.ReadFile(web.Files, "index.html")
	if err != nil {
		t.Fatal(err)
	}
	a := p.do("GET", "/", "").want(t, 200)
	if string(a.body) != string(index) || a.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("got %d bytes with Cache-Control %q", len(a.body), a.Header.Get("Cache-Control"))
	}
	p.do("GET", "/", "", "If-None-Match: "+a.Header.Get("ETag")).want(t, 304)
	packed := p.do("GET", "/", "", "Accept-Encoding: gzip").want(t, 200)
	if packed.Header.Get("Content-Encoding") != "gzip" || len(packed.body) >= len(index) || packed.Header.Get("ETag") == a.Header.Get("ETag") {
		t.Errorf("got %d bytes, encoding %q, tag %q", len(packed.body), packed.Header.Get("Content-Encoding"), packed.Header.Get("ETag"))
	}
	if got := p.do("GET", "/app/main.js", "").want(t, 200).Header.Get("Content-Type"); got != "text/javascript; charset=utf-8" {
		t.Errorf("content type of a module: %q", got)
	}
	p.do("HEAD", "/", "").want(t, 200)
	p.do("POST", "/", "x").want(t, 405).problem(t)
}

// What is kept packed comes as it is, or unpacked to who cannot.
func TestPackedFile(t *testing.T) {
	p := newPlace(t)
	kept, err := fs.ReadFile(web.Files, "vendor/pdf.js.gz")
	if err != nil {
		t.Fatal(err)
	}
	packed := p.do("GET", "/vendor/pdf.js", "", "Accept-Encoding: gzip").want(t, 200)
	if !bytes.Equal(packed.body, kept) || packed.Header.Get("Content-Encoding") != "gzip" || packed.Header.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("got %d bytes, encoding %q, type %q", len(packed.body), packed.Header.Get("Content-Encoding"), packed.Header.Get("Content-Type"))
	}
	plain := p.do("GET", "/vendor/pdf.js", "").want(t, 200)
	if !bytes.HasPrefix(plain.body, []byte("/* pdfjs-dist ")) || plain.Header.Get("Content-Encoding") != "" || plain.Header.Get("ETag") == packed.Header.Get("ETag") {
		t.Errorf("got %.20q, encoding %q, tag %q", plain.body, plain.Header.Get("Content-Encoding"), plain.Header.Get("ETag"))
	}
	p.do("GET", "/vendor/pdf.js", "", "Accept-Encoding: gzip", "If-None-Match: "+packed.Header.Get("ETag")).want(t, 304)
	p.do("GET", "/vendor/pdf.js.gz", "").want(t, 404)
}

// The thread that reads what strangers made has a policy without any network.
func TestWorkerPolicy(t *testing.T) {
	a := newPlace(t).do("GET", "/app/firstpage-worker.js", "").want(t, 200)
	if got, want := a.Header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'"; got != want {
		t.Errorf("got policy %q, want %q", got, want)
	}
}

// The page says the same policy itself, for where others serve it.
func TestPageCarriesThePolicy(t *testing.T) {
	index, err := fs.ReadFile(web.Files, "index.html")
	if err != nil {
		t.Fatal(err)
	}
	want := `content="` + strings.TrimSuffix(pageCSP, "; frame-ancestors 'none'") + `"`
	if !strings.Contains(string(index), want) {
		t.Errorf("index.html lacks the policy %s", want)
	}
}

func TestPathsThatNameNothing(t *testing.T) {
	p := newPlace(t)
	for _, path := range []string{
		"/nothing", "/%2e%2e%2f", "/..%2fetc/passwd", "/app/../index.html", "/./", "//", "//etc/passwd", "/%00", "/app/%00", "/.git/config", "/.env",
		"/node_modules/x", "/app", "/app/", "/api", "/api/v1", "/api/v1/", "/api/v2/me", "/api/v1/me/", "/API/V1/me", "/api/v1//me", "/%2e/", "/api/v1/search", "/chat", "/upload",
	} {
		p.as(p.owner, "GET", path, "").want(t, 404).problem(t)
	}
}

func TestMethods(t *testing.T) {
	p := newPlace(t)
	for _, method := range []string{"TRACE", "CONNECTX", "PUT"} {
		a := p.as(p.owner, method, "/api/v1/me", "").want(t, 405)
		a.problem(t)
		if got := a.Header.Get("Allow"); got != "GET, HEAD, PATCH" {
			t.Errorf("%s: Allow: got %q", method, got)
		}
	}
	p.as(p.owner, "HEAD", "/api/v1/me", "").want(t, 200)
}

func TestHealth(t *testing.T) {
	p := newPlace(t)
	p.do("GET", "/healthz", "").want(t, 200)
	p.do("GET", "/readyz", "").want(t, 200)
	p.s.Leave()
	p.do("GET", "/readyz", "").want(t, 503).problem(t)
	p.do("GET", "/healthz", "").want(t, 200)
}

// A volume that is gone makes the server unready, in words that tell nothing of the disk.
func TestUnreadyVolume(t *testing.T) {
	p := newPlace(t, func(o *Options) {
		o.Check = func(context.Context) error {
			return &minichat.Error{Code: minichat.StoreUnavailable, Message: "The volume of the data is not there.", Err: fs.ErrNotExist}
		}
	})
	pr := p.do("GET", "/readyz", "").want(t, 503).problem(t)
	if pr.Code != minichat.StoreUnavailable || !strings.Contains(pr.Detail, "volume") || strings.Contains(pr.Detail, fs.ErrNotExist.Error()) {
		t.Errorf("got %+v", pr)
	}
}

func TestMetrics(t *testing.T) {
	p := newPlace(t)
	ben := p.add("ben", minichat.Member)
	if a := p.do("GET", "/metrics", "").want(t, 200); !strings.Contains(string(a.body), "minichat_store_commits_total") {
		t.Errorf("got %.200s", a.body)
	}
	// What a proxy on the machine passes on comes from elsewhere.
	p.do("GET", "/metrics", "", "X-Forwarded-For: 203.0.113.7").want(t, 401).problem(t)
	p.do("GET", "/metrics", "", "Host: chat.example.org").want(t, 401).problem(t)
	p.as(ben, "GET", "/metrics", "", "Host: chat.example.org").want(t, 403).problem(t)
	p.as(p.owner, "GET", "/metrics", "", "Host: chat.example.org").want(t, 200)
}

func TestLimitsTellWhoSetThem(t *testing.T) {
	p := newPlace(t, func(o *Options) {
		o.Limits.PostBurst = 7
		o.LimitsBy = map[string]string{"post_burst": "flag"}
	})
	var all list[limitInForce]
	p.as(p.owner, "GET", "/api/v1/limits", "").want(t, 200).into(t, &all)
	if len(all.List) != len(minichat.LimitNames()) {
		t.Errorf("got %d limits, want %d", len(all.List), len(minichat.LimitNames()))
	}
	for _, l := range all.List {
		want := limitInForce{l.Name, l.Default, l.Default, "default"}
		if l.Name == "post_burst" {
			want = limitInForce{"post_burst", 7, 40, "flag"}
		}
		if l != want {
			t.Errorf("got %+v, want %+v", l, want)
		}
	}
}

// The description and the table of routes tell the same, both ways.
func TestDescription(t *testing.T) {
	p := newPlace(t)
	var d struct {
		OpenAPI    string `json:"openapi"`
		Paths      map[string]map[string]struct{ OperationID string }
		Components struct{ Schemas map[string]any }
	}
	a := p.do("GET", "/api/openapi.json", "").want(t, 200)
	a.into(t, &d)
	if d.OpenAPI != "3.1.0" {
		t.Errorf("version: %q", d.OpenAPI)
	}
	var told, served []string
	for path, methods := range d.Paths {
		for method, op := range methods {
			told = append(told, strings.ToUpper(method)+" "+path+" "+op.OperationID)
		}
	}
	for path, methods := range p.s.methodsByPath() {
		for _, r := range routes() {
			if v1+r.path == path && methods[r.method] != nil {
				served = append(served, r.method+" "+path+" "+r.op.id)
			}
		}
	}
	slices.Sort(told)
	slices.Sort(served)
	if !slices.Equal(told, served) || len(served) != len(routes()) {
		t.Errorf("told:\n%s\nserved:\n%s", strings.Join(told, "\n"), strings.Join(served, "\n"))
	}
	for ref := range strings.SplitSeq(string(a.body), `"$ref": "`) {
		name, isRef := strings.CutPrefix(ref, "#/components/schemas/")
		if name, _, _ = strings.Cut(name, `"`); isRef && d.Components.Schemas[name] == nil {
			t.Errorf("no schema %q", name)
		}
	}
	docs := p.do("GET", "/api/docs", "").want(t, 200)
	for _, r := range routes() {
		if !strings.Contains(string(docs.body), v1+r.path) {
			t.Errorf("the readable page lacks %s", r.path)
		}
	}
}

// Bodies of answers have the fields that their schema names, and the needed ones.
func TestAnswersFitTheirSchemas(t *testing.T) {
	p := newPlace(t)
	room := p.room(p.owner, "channel", "open")
	p.post(p.owner, room, "hello")
	id := p.upload(p.owner, "a.txt", []byte("hello"))
	var shapes map[string]struct {
		Required   []string
		Properties map[string]any
		AllOf      []map[string]any
	}
	if err := json.Unmarshal(schemas, &shapes); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ schema, method, path, body string }{
		{"Me", "GET", "/me", ""}, {"User", "GET", "/users/me", ""}, {"UserList", "GET", "/users", ""}, {"RoomList", "GET", "/rooms", ""}, {"Room", "GET", "/rooms/" + room, ""},
		{"MemberList", "GET", "/rooms/" + room + "/members", ""}, {"Page", "GET", "/rooms/" + room + "/events", ""},
		{"SessionList", "GET", "/sessions", ""}, {"TokenList", "GET", "/tokens", ""}, {"InviteList", "GET", "/invites", ""}, {"LimitList", "GET", "/limits", ""},
		{"FileLink", "GET", "/files/" + id + "/link", ""}, {"FileState", "GET", "/files/" + id, ""}, {"File", "POST", "/files/" + id + "/complete", "{}"},
		{"MadeInvite", "POST", "/invites", "{}"}, {"MadeToken", "POST", "/tokens", `{"name":"x"}`}, {"Posted", "POST", "/rooms/" + room + "/messages", `{"text":"x"}`},
		{"Upload", "POST", "/files", `{"name":"x","size":1}`}, {"Problem", "GET", "/rooms/x", ""},
	} {
		var got map[string]any
		p.as(p.owner, row.method, v1+row.path, row.body).into(t, &got)
		shape := shapes[row.schema]
		for name := range got {
			if shape.Properties[name] == nil {
				t.Errorf("%s: the answer of %s has %q, the schema has not", row.schema, row.path, name)
			}
		}
		for _, name := range shape.Required {
			if got[name] == nil {
				t.Errorf("%s: the answer of %s has no %q", row.schema, row.path, name)
			}
		}
	}
	var people chat.List[minichat.User]
	p.as(p.owner, "GET", "/api/v1/users", "").into(t, &people)
	if len(people.List) != 1 {
		t.Errorf("got %d people, want 1", len(people.List))
	}
}

// No secret that was given out stands in the log.
func TestLogHoldsNoSecrets(t *testing.T) {
	p := newPlace(t)
	id := p.upload(p.owner, "a.png", png)
	var link chat.FileLink
	p.as(p.owner, "GET", "/api/v1/files/"+id+"/link", "").into(t, &link)
	_, query, _ := strings.Cut(link.URL, "?")
	p.do("GET", "/files/"+id+"/a.png?"+query, "").want(t, 200)
	p.do("GET", "/api/v1/socket?token="+p.owner.token, "").want(t, 400)
	p.do("GET", "/api/v1/me?token="+p.owner.token, "").want(t, 401)
	for _, secret := range []string{p.owner.token, query} {
		if strings.Contains(p.logs.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

// A body that is still on its way when its sender's access ends is nobody's.
func TestBodyBehindTheEnd(t *testing.T) {
	p := newPlace(t)
	ben := p.add("ben", minichat.Member)
	room := p.room(p.owner, "private", "board", ben.id)
	type half struct {
		name string
		nc   net.Conn
		r    *bufio.Reader
		rest string
	}
	begin := func(who person, method, path, body string) half {
		nc, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { nc.Close() })
		fmt.Fprintf(nc, "%s %s HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
			method, path, who.token, len(body))
		r := bufio.NewReader(nc)
		if res, err := http.ReadResponse(r, nil); err != nil || res.StatusCode != 100 { // the body is being waited for
			t.Fatalf("%s %s: got %v, %v, want 100", method, path, res, err)
		}
		return half{method + " " + path, nc, r, body}
	}
	finish := func(why string, list []half) {
		for _, h := range list {
			io.WriteString(h.nc, h.rest)
			res, err := http.ReadResponse(h.r, nil)
			if err != nil {
				t.Fatal(err)
			}
			if res.StatusCode != 401 {
				t.Errorf("%s, then the body of %s: got %d, want 401", why, h.name, res.StatusCode)
			}
		}
	}
	all := func(who person) []half {
		return []half{
			begin(who, "POST", "/api/v1/rooms/"+room+"/messages", `{"text":"late"}`),
			begin(who, "POST", "/api/v1/tokens", `{"name":"new one"}`),
			begin(who, "PATCH", "/api/v1/me", `{"name":"I am still here"}`),
			begin(who, "POST", "/api/v1/files", `{"name":"x.bin","size":5}`),
		}
	}
	other := ben
	var err error
	if other.token, err = p.auth.AddToken(t.Context(), "ben", "lost"); err != nil {
		t.Fatal(err)
	}
	late := all(other)
	p.as(other, "DELETE", "/api/v1/sessions/current", "").want(t, 204)
	finish("the token was ended", late)
	late = all(ben)
	p.as(p.owner, "PATCH", "/api/v1/users/"+ben.id, `{"disabled":true}`).want(t, 200)
	finish("the person was disabled", late)
}

// What a body says where none is taken would not be done: it is refused.
func TestBodyWhereNoneIsTaken(t *testing.T) {
	p := newPlace(t)
	ben := p.add("ben", minichat.Member)
	path := "/api/v1/rooms/" + p.room(p.owner, "private", "board") + "/members/" + ben.id
	for body, want := range map[string]string{`{"role":"admin"}`: "unknown_field", `nonsense`: "bad_json"} {
		if pr := p.as(p.owner, "PUT", path, body).want(t, 400).problem(t); string(pr.Code) != want {
			t.Errorf("PUT with %s: got %s, want %s", body, pr.Code, want)
		}
	}
	p.as(p.owner, "DELETE", path, `{"x":1}`).want(t, 400)
	p.as(p.owner, "PUT", path, `{}`).want(t, 204)
	for chunks, want := range map[string]int{"": 204, `{"role":"admin"}`: 400} {
		req, err := http.NewRequest("PUT", p.url+path, io.MultiReader(strings.NewReader(chunks))) // of unknown length
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+p.owner.token)
		if chunks != "" {
			req.Header.Set("Content-Type", "application/json")
		}
		p.send(req).want(t, want)
	}
	p.as(p.owner, "DELETE", path, "").want(t, 204)
}
