package e2e

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// TestOriginVerify puts an nginx before the server that does what CloudFront
// does: it adds the secret and, last in X-Forwarded-For, the visitor. Nobody gets
// past it, and the limits count visitors.
func TestOriginVerify(t *testing.T) {
	t.Parallel()
	const old, young = "an-older-secret-of-24-chars", "a-younger-secret-of-24-chars"
	s := &server{t: t, data: t.TempDir(), addr: freeAddr(t), args: []string{"--public-url", "https://chat.example.org", "--limit", "connections_per_address=1"},
		wrap: func(cmd *exec.Cmd) func() {
			cmd.Env = append(cmd.Env, "MINICHAT_ORIGIN_VERIFY="+young+","+old)
			return func() {}
		}}
	s.start() // which asks /readyz from loopback
	t.Cleanup(s.bury)
	const forwarded = "proxy_set_header X-Forwarded-For   $proxy_add_x_forwarded_for;"
	for i, secret := range []string{old, young} {
		f := newFront(t, "nginx", s.addr, swap{forwarded, forwarded + " proxy_set_header X-Origin-Verify " + secret + ";"})
		first, second := []string{"127.0.0.2", "127.0.0.4"}[i], []string{"127.0.0.3", "127.0.0.5"}[i]
		for _, row := range []struct {
			from string
			want int
		}{{first, 101}, {first, 429}, {second, 101}} {
			ws, res, err := websocket.Dial(t.Context(), "https://"+f.addr+"/api/v1/socket", &websocket.DialOptions{HTTPClient: from(row.from), Subprotocols: []string{"minichat.v1"},
				HTTPHeader: http.Header{"X-Forwarded-For": {"203.0.113.9"}, "X-Origin-Verify": {"a-guess-that-nginx-replaces"}}})
			if res == nil {
				t.Fatal(err)
			}
			if res.StatusCode != row.want {
				t.Errorf("secret %d, from %s: got %d, want %d", i, row.from, res.StatusCode, row.want)
			}
			if err == nil {
				defer ws.CloseNow()
			}
		}
	}
	_, err := call(s.addr, "GET", "/me", "", nil, nil, "X-Forwarded-For", "203.0.113.9")
	if err == nil || !strings.Contains(err.Error(), "403 forbidden") || !strings.Contains(err.Error(), "https://chat.example.org") {
		t.Errorf("past the network: got %v, want 403 and the address", err)
	}
	if said := s.said.String(); strings.Contains(said, old) || strings.Contains(said, young) {
		t.Error("a secret is in the log")
	}
}
