package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"minichat/internal/config"
)

// What strangers send begins no line, steers no terminal and stays short.
func TestLogIsTame(t *testing.T) {
	nasty := "a\r\nlevel=ERROR msg=forged\x1b[31m\x9b1m\u009b2J\u202e\u2028" + strings.Repeat("x", 1<<20)
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		log := newLog(&config.Config{LogFormat: format}, &out)
		log.Info("request", "agent", nasty, "err", errors.New(nasty), "count", 7)
		log.With("agent", nasty).WithGroup("g").Info(nasty, "agent", nasty)
		got := out.String()
		if strings.Count(got, "\n") != 2 || !strings.HasSuffix(got, "\n") {
			t.Errorf("%s: %d lines, want 2", format, strings.Count(got, "\n"))
		}
		for _, r := range got {
			if r != '\n' && (r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x202e || r == 0x2028) {
				t.Errorf("%s: %q stands in the log", format, r)
			}
		}
		if len(got) > 20<<10 {
			t.Errorf("%s: %d bytes", format, len(got))
		}
		if format != "json" {
			continue
		}
		var first struct {
			Agent, Err string
			Count      int
			Level      string
		}
		if err := json.Unmarshal([]byte(strings.SplitN(got, "\n", 2)[0]), &first); err != nil || first.Count != 7 || first.Level != "INFO" {
			t.Fatalf("got %+v, %v", first, err)
		}
		// 256 bytes are taken; what cannot be seen becomes six.
		if n := strings.Count(first.Agent, "x"); n > mostOfValue || !strings.HasSuffix(first.Agent, "…") || strings.Count(first.Err, "x") < mostOfValue {
			t.Errorf("got %d of the agent and %d of the error", n, len(first.Err))
		}
	}
}

// Every secret that a run gives out is looked for in all that it logged.
func TestLogHoldsNoSecrets(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			b := startBucketed(t, "--log-format", format, "--lab-room", "lobby")
			secrets := map[string]string{"ana's token": b.ana, "ben's token": b.ben, "the bucket's secret": "the owner's secret", "a message": "the text that nobody logs"}
			const password = "correct horse battery staple"
			secrets["a password"] = password
			done(t, password+"\n", "user", "password", "ana", "--password-stdin", "--data", b.data)
			var signed struct{ Token string }
			b.do(t, "POST", "/api/v1/sessions", "", `{"handle":"ana","password":"`+password+`"}`, 201, &signed)
			secrets["a session"] = signed.Token
			b.do(t, "POST", "/api/v1/sessions", "", `{"handle":"ana","password":"wrong `+password+`"}`, 401, nil)
			invite := done(t, "", "invite", "new", "--data", b.data, "--public-url", b.url)
			_, secrets["an invite"], _ = strings.Cut(invite, "=")

			f := b.upload(t, signed.Token, "hidden name.txt", 5, text("hello"))
			res := ask(t, "GET", b.url+"/files/"+f.ID+"/x", signed.Token, nil, 0)
			to, err := url.Parse(res.Header.Get("Location"))
			if err != nil || res.StatusCode != 302 {
				t.Fatalf("got %d, %v", res.StatusCode, err)
			}
			secrets["a link's signature"] = to.Query().Get("X-Amz-Signature")
			var link struct{ URL string }
			b.do(t, "GET", "/api/v1/files/"+f.ID+"/link", signed.Token, "", 200, &link)
			own, err := url.Parse(link.URL)
			if err != nil {
				t.Fatal(err)
			}
			secrets["a link of ours"] = own.Query().Get("signature")
			var rooms struct{ List []struct{ Room string } }
			b.do(t, "GET", "/api/v1/rooms", signed.Token, "", 200, &rooms)
			post := "/api/v1/rooms/" + rooms.List[0].Room + "/messages"
			b.do(t, "POST", post, signed.Token, `{"text":"`+secrets["a message"]+`","files":["`+f.ID+`"]}`, 201, nil)
			c := b.dial(t, signed.Token)
			defer c.CloseNow()

			// Now everything fails that can, so that it is logged.
			b.s3.Stop()
			b.await(t, `"files":"unavailable"`)
			for _, token := range []string{b.ana, signed.Token, "wrong"} {
				ask(t, "GET", b.url+"/files/"+f.ID+"/x", token, nil, 0)
				ask(t, "GET", link.URL, token, nil, 0)
				ask(t, "POST", b.url+"/api/v1/files", token, strings.NewReader(`{"name":"hidden name.txt","size":5}`), 35)
				ask(t, "GET", b.url+"/api/v1/socket?token="+token, token, nil, 0)
			}
			b.end(t)

			var log []string
			for line := range strings.Lines(b.errs.String()) {
				if strings.HasPrefix(line, "time=") || strings.HasPrefix(line, "{") {
					log = append(log, line)
				}
			}
			if len(log) < 4 || !strings.Contains(fmt.Sprint(log), "files_unavailable") {
				t.Fatalf("the failures are not in the log: %q", log)
			}
			for what, secret := range secrets {
				if len(secret) < 8 {
					t.Errorf("%s: %q is no secret", what, secret)
				}
				for _, line := range log {
					if strings.Contains(line, secret) || strings.Contains(line, url.QueryEscape(secret)) {
						t.Errorf("%s stands in the log: %s", what, line)
					}
				}
			}
		})
	}
}
