package doctor

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"minichat/internal/config"
)

// Who types the name alone must come to https.
func TestRedirect(t *testing.T) {
	to, err := url.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		status int
		where  string
		want   Status
		says   string
	}{
		{301, page + "/", OK, "leads to " + page},
		{308, page + "/", OK, "leads to " + page},
		{200, "", Failing, "answers 200 without encryption"},
		{404, "", Failing, "answers 404"},
		{302, "http://chat.example.org/", Failing, "leads to http://"},
		{301, page + ".evil.example/", Failing, "leads to " + page + ".evil"},
		{301, "https://elsewhere.example.org/", Failing, "leads to https://elsewhere"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", c.where)
			w.WriteHeader(c.status)
		}))
		var f Finding
		v := &visit{Options: Options{Config: &config.Config{PublicURL: page}, Tell: func(found Finding) { f = found }}}
		v.judgeRedirect(t.Context(), "outside.redirect", server.URL, to)
		server.Close()
		if f.Status != c.want || !strings.Contains(f.Seen, c.says) || (f.Mend == "") != (c.want == OK) {
			t.Errorf("%d to %s: got %+v", c.status, c.where, f)
		}
		v.judgeRedirect(t.Context(), "outside.redirect", server.URL, to)
		if f.Status != Warning {
			t.Errorf("nobody there: got %+v", f)
		}
	}
}
