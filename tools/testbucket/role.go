package testbucket

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// Role is the role of a machine: a metadata service that gives out its keys, to
// who has asked for a token before (IMDSv2 only), as on EC2.
type Role struct {
	URL string // http://127.0.0.1:PORT

	t     testing.TB
	next  func(*Role) keys // makes new ones and ends those before
	dir   string
	at    atomic.Pointer[url.URL] // of the service behind URL: each has other keys
	count int
	cmd   *exec.Cmd
}

type keys struct{ access, secret, token string }

// StartRole gives out the first keys, and sets the environment so that the AWS
// SDK has no others, until the test ends.
func (s *Server) StartRole(t testing.TB) *Role {
	t.Helper()
	return s.startRole(t, func(r *Role) keys {
		k := keys{access: fmt.Sprint("role", r.count), secret: fmt.Sprint("secret of keys ", r.count)}
		r.write(filepath.Join(s.dir, "iam", "users.json"), map[string]any{"accessAccounts": map[string]any{
			k.access: map[string]any{"access": k.access, "secret": k.secret, "role": "admin"},
		}})
		return k
	})
}

func (s *Server) startRole(t testing.TB, next func(*Role) keys) *Role {
	t.Helper()
	Bare(t)
	r := &Role{t: t, next: next, dir: t.TempDir()}
	front := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:  func(p *httputil.ProxyRequest) { p.SetURL(r.at.Load()) },
		ErrorLog: log.New(io.Discard, "", 0), // of a service that has just ended
	})
	t.Cleanup(front.Close)
	r.URL = front.URL
	t.Setenv("AWS_EC2_METADATA_DISABLED", "false")
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", r.URL)
	t.Cleanup(r.Stop)
	r.Rotate()
	return r
}

// Rotate gives out new keys; those before are void. Their time is always
// over, so that the SDK asks for them each time. Somebody is always there to be
// asked: the SDK goes on for minutes with the keys that it has when nobody is.
func (r *Role) Rotate() {
	r.t.Helper()
	r.count++
	k := r.next(r)
	config := filepath.Join(r.dir, "config.json")
	r.write(config, map[string]any{"metadata": map[string]any{
		"paths": map[string]any{"iam-security-credentials": "/latest/meta-data/iam/security-credentials/minichat"},
		"values": map[string]any{
			"iam-security-credentials-role": "minichat",
			"iam-security-credentials": map[string]any{"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": k.access, "SecretAccessKey": k.secret, "Token": k.token,
				"LastUpdated": time.Now().UTC().Format(time.RFC3339), "Expiration": time.Now().Add(-time.Second).UTC().Format(time.RFC3339)},
		},
	}})
	old := r.cmd
	r.serve(config)
	if old != nil {
		end(old)
	}
}

func (r *Role) serve(config string) {
	r.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close() // the port is taken again at once
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		r.t.Fatal(err)
	}
	said := new(bytes.Buffer)
	r.cmd = exec.Command(Tool(r.t, "metadata"), "--hostname", host, "--port", port, "--imdsv2", "--config-file", config)
	r.cmd.Stdout, r.cmd.Stderr = said, said
	r.cmd.Env = []string{"HOME=" + r.dir}
	if err := r.cmd.Start(); err != nil {
		r.t.Fatalf("start the metadata service: %v", err)
	}
	at := &url.URL{Scheme: "http", Host: addr}
	answers(r.t, at.String(), r.Stop, said)
	r.at.Store(at)
}

// Stop ends the metadata service.
func (r *Role) Stop() {
	if r.cmd != nil {
		end(r.cmd)
		r.cmd = nil
	}
}

func end(cmd *exec.Cmd) {
	cmd.Process.Kill()
	cmd.Wait() // it was killed, which is an error, and is over
}

func (r *Role) write(name string, v any) {
	r.t.Helper()
	b, err := json.Marshal(v)
	if err == nil {
		err = os.WriteFile(name, b, 0o600)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// answers waits until a server answers at url, whatever it says.
func answers(t testing.TB, url string, stop func(), said fmt.Stringer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for {
		resp, err := client.Get(url)
		if err == nil {
			resp.Body.Close()
			return
		}
		select {
		case <-ctx.Done():
			stop() // before what it said is read
			t.Fatalf("%s does not answer: %v\n%s", url, err, said)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
