package testbucket

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Role is the role of a machine: a metadata service that gives out its keys, to
// who has asked for a token before (IMDSv2 only), as on EC2.
type Role struct {
	URL string // http://127.0.0.1:PORT

	server *Server
	t      testing.TB
	dir    string
	addr   string
	count  int
	cmd    *exec.Cmd
}

// StartRole gives out the first keys, and sets the environment so that the AWS
// SDK has no others, until the test ends.
func (s *Server) StartRole(t testing.TB) *Role {
	t.Helper()
	Bare(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &Role{server: s, t: t, dir: t.TempDir(), addr: l.Addr().String()}
	r.URL = "http://" + r.addr
	l.Close() // the port is taken again at once
	t.Setenv("AWS_EC2_METADATA_DISABLED", "false")
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", r.URL)
	t.Cleanup(r.Stop)
	r.Rotate()
	return r
}

// Rotate gives out new keys; those before are void. Their time is always
// over, so that the SDK asks for them each time.
func (r *Role) Rotate() {
	r.t.Helper()
	r.Stop()
	r.count++
	access, secret := fmt.Sprint("role", r.count), fmt.Sprint("secret of keys ", r.count)
	r.write(filepath.Join(r.server.dir, "iam", "users.json"), map[string]any{"accessAccounts": map[string]any{
		access: map[string]any{"access": access, "secret": secret, "role": "admin"},
	}})
	host, port, err := net.SplitHostPort(r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	config := filepath.Join(r.dir, "config.json")
	r.write(config, map[string]any{"metadata": map[string]any{
		"paths": map[string]any{"iam-security-credentials": "/latest/meta-data/iam/security-credentials/minichat"},
		"values": map[string]any{
			"iam-security-credentials-role": "minichat",
			"iam-security-credentials": map[string]any{"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": access, "SecretAccessKey": secret, "Token": "",
				"LastUpdated": time.Now().UTC().Format(time.RFC3339), "Expiration": time.Now().Add(-time.Second).UTC().Format(time.RFC3339)},
		},
	}})
	said := new(bytes.Buffer)
	r.cmd = exec.Command(Tool(r.t, "metadata"), "--hostname", host, "--port", port, "--imdsv2", "--config-file", config)
	r.cmd.Stdout, r.cmd.Stderr = said, said
	r.cmd.Env = []string{"HOME=" + r.dir}
	if err := r.cmd.Start(); err != nil {
		r.t.Fatalf("start the metadata service: %v", err)
	}
	answers(r.t, r.URL, r.Stop, said)
}

// Stop ends the metadata service.
func (r *Role) Stop() {
	if r.cmd == nil {
		return
	}
	r.cmd.Process.Kill()
	r.cmd.Wait() // it was killed, which is an error, and is over
	r.cmd = nil
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
