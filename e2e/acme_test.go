package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"minichat/tools/testbucket"
)

// acme is Pebble, Let's Encrypt's own server for tests, and a name server that
// leads every name to this machine.
type acme struct {
	t         testing.TB
	dir       string
	directory string // URL
	roots     *x509.CertPool
	pebble    *exec.Cmd
}

// newACME starts an ACME server that asks its questions at these addresses and
// issues certificates for so long.
func newACME(t testing.TB, http, tls string, valid time.Duration) *acme {
	t.Helper()
	a := &acme{t: t, dir: t.TempDir()}
	names, api, management := freeAddr(t), freeAddr(t), freeAddr(t)
	a.run("pebble-challtestsrv", "-dnsserver", names, "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "", "-management", freeAddr(t))
	pair := testPair()
	config := map[string]any{"pebble": map[string]any{
		"listenAddress": api, "managementListenAddress": management, "httpPort": port(t, http), "tlsPort": port(t, tls),
		"certificate": a.write("cert.pem", pair.cert), "privateKey": a.write("key.pem", pair.key), "keyAlgorithm": "ecdsa",
		"retryAfter": map[string]int{"authz": 1, "order": 1},
		"profiles":   map[string]any{"default": map[string]any{"description": "for tests", "validityPeriod": int(valid.Seconds())}},
	}}
	b, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	a.pebble = a.run("pebble", "-config", a.write("pebble.json", string(b)), "-dnsserver", names)
	a.directory = "https://" + api + "/dir"
	a.roots = x509.NewCertPool()
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		res, err := lone.Get("https://" + management + "/roots/0")
		if err == nil {
			pem, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err == nil && a.roots.AppendCertsFromPEM(pem) {
				return a
			}
		}
		if time.Since(began) > startWithin {
			t.Fatalf("the ACME server does not start: %v", err)
		}
	}
}

func (a *acme) write(name, text string) string {
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return path
}

// run starts one of the tools; it ends with the test.
func (a *acme) run(tool string, args ...string) *exec.Cmd {
	a.t.Helper()
	said := &transcript{}
	cmd := exec.Command(testbucket.Tool(a.t, tool), args...)
	cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1")
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() {
		cmd.Process.Kill() // it may be over already
		cmd.Wait()
		if a.t.Failed() {
			a.t.Logf("%s's last words:\n%s", tool, tail(said.String(), 3000))
		}
	})
	return cmd
}

// down ends the ACME server for good.
func (a *acme) down() {
	a.pebble.Process.Kill()
	a.pebble.Wait()
}

func port(t testing.TB, addr string) int {
	t.Helper()
	at, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return at.Port
}

const acmeHost = "chat.example.org"

// newAutoServer starts a server that fetches its certificate there.
func (a *acme) newAutoServer(addr, plain string) *server {
	s := &server{t: a.t, data: a.t.TempDir(), addr: addr, tls: true, args: []string{
		"--tls", "auto", "--public-url", "https://" + acmeHost, "--http-listen", plain, "--lab-room", "class",
		"--acme-directory", a.directory, "--acme-ca", filepath.Join(a.dir, "cert.pem"),
	}}
	s.start()
	a.t.Cleanup(s.bury)
	return s
}

// leaf is the certificate that s shows to who asks for host, held against the
// ACME server's root at the time of its issue: it may be short-lived.
func (a *acme) leaf(s *server, host string) (*x509.Certificate, error) {
	c, err := tls.Dial("tcp", s.addr, &tls.Config{ServerName: host, InsecureSkipVerify: true})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	shown := c.ConnectionState().PeerCertificates
	between := x509.NewCertPool()
	for _, c := range shown[1:] {
		between.AddCert(c)
	}
	_, err = shown[0].Verify(x509.VerifyOptions{DNSName: acmeHost, Roots: a.roots, Intermediates: between, CurrentTime: shown[0].NotBefore.Add(time.Second)})
	return shown[0], err
}

// TestACME gets a certificate from a real ACME server, over either challenge.
func TestACME(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, plain, asksHTTP, asksTLS string }{
		{"tls-alpn-01", "off", freeAddr(t), ""},
		{"http-01", freeAddr(t), "", freeAddr(t)},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			addr := freeAddr(t)
			asksHTTP, asksTLS := row.asksHTTP, addr
			if row.plain != "off" {
				asksHTTP, asksTLS = row.plain, row.asksTLS
			}
			a := newACME(t, asksHTTP, asksTLS, time.Hour)
			s := a.newAutoServer(addr, row.plain)
			first, err := a.leaf(s, acmeHost)
			if err != nil {
				t.Fatal(err)
			}
			if byAddress, err := a.leaf(s, ""); err != nil || !byAddress.Equal(first) {
				t.Errorf("by the address alone: %v", err)
			}
			for _, other := range []string{"other.example.org", "example.org", "localhost", "x." + acmeHost} {
				if c, err := a.leaf(s, other); err == nil || c != nil {
					t.Errorf("a certificate is shown for %s", other)
				}
			}
			s.secrets(t)
			s.examined(t, row.plain)
			if row.plain != "off" {
				sendsOn(t, row.plain)
			}
			a.down() // what is in the folder is enough
			if code := s.stop(); code != 0 {
				t.Errorf("it ends with %d", code)
			}
			s.start()
			if again, err := a.leaf(s, acmeHost); err != nil || !again.Equal(first) {
				t.Errorf("after a restart without the ACME server: another certificate, %v", err)
			}
		})
	}
}

// examined lets the doctor look at a server that fetches its certificate. The name
// leads nowhere here, which is all that may fail.
func (s *server) examined(t *testing.T, plain string) {
	t.Helper()
	out, err := exec.Command(binary, append([]string{"doctor", "--json", "--listen", s.addr, "--data", s.data}, s.args...)...).Output()
	var report struct {
		Findings []struct{ ID, Status, Seen string }
	}
	if _, ended := errors.AsType[*exec.ExitError](err); !ended || json.Unmarshal(out, &report) != nil {
		t.Fatalf("got %v: %s", err, out)
	}
	ok := map[string]bool{}
	for _, f := range report.Findings {
		ok[f.ID] = f.Status == "ok"
		if f.Status == "failing" && f.ID != "outside.name" {
			t.Errorf("%s: %s", f.ID, f.Seen)
		}
	}
	// The certificate of a test lives for an hour, which is a warning.
	if !ok["address.listen"] || !ok["tls.auto"] || ok["tls.expiry"] || ok["address.http"] != (plain != "off") {
		t.Errorf("got %+v", report.Findings)
	}
}

// secrets holds the folder of keys to be its owner's alone.
func (s *server) secrets(t *testing.T) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(filepath.Join(s.data, "acme"), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the mode %v", path, info.Mode())
		}
		if !d.IsDir() {
			files++
		}
		return err
	})
	if err != nil || files < 2 {
		t.Errorf("%d files of the account and the certificate, %v", files, err)
	}
}

func sendsOn(t *testing.T, plain string) {
	t.Helper()
	res, err := from("127.0.0.1").Get("http://" + plain + "/x?y=1")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if got := res.Header.Get("Location"); res.StatusCode != 301 || got != "https://"+acmeHost+"/x?y=1" {
		t.Errorf("over http: got %d to %q", res.StatusCode, got)
	}
}

// TestACMERenewal: short-lived certificates are renewed under open connections;
// when the ACME server is gone the last one goes on, and the log says so.
func TestACMERenewal(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	a := newACME(t, freeAddr(t), addr, 30*time.Second)
	s := a.newAutoServer(addr, "off")
	first, err := a.leaf(s, acmeHost)
	if err != nil {
		t.Fatal(err)
	}
	held := s.hold(t)
	shows := func(what string, is func(*x509.Certificate) bool) *x509.Certificate {
		t.Helper()
		for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
			c, err := a.leaf(s, acmeHost)
			if err != nil {
				t.Fatal(err)
			}
			if is(c) {
				return c
			}
			if time.Since(began) > 2*startWithin {
				t.Fatalf("waiting for %s", what)
			}
		}
	}
	second := shows("the first renewal", func(c *x509.Certificate) bool { return !c.Equal(first) })
	if !second.NotAfter.After(first.NotAfter) {
		t.Errorf("the new one ends %v, the old one %v", second.NotAfter, first.NotAfter)
	}
	a.down()
	s.says(t, "the certificate is not renewed yet; the present one goes on")
	last := shows("the last one", func(*x509.Certificate) bool { return true })
	if last.NotAfter.Before(second.NotAfter) {
		t.Error("an older certificate is back")
	}
	held(t)
}

// says waits until the server has said something.
func (s *server) says(t *testing.T, words string) {
	t.Helper()
	for began := time.Now(); !strings.Contains(s.said.String(), words); time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > 2*startWithin {
			t.Fatalf("it never says %q:\n%s", words, tail(s.said.String(), 4000))
		}
	}
}

// hold opens a connection over TLS that the returned function finds alive.
func (s *server) hold(t *testing.T) (alive func(*testing.T)) {
	t.Helper()
	c, err := tls.Dial("tcp", s.addr, &tls.Config{ServerName: acmeHost, InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	fmt.Fprintf(c, "GET /chat HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", acmeHost)
	read := func(want string) {
		t.Helper()
		c.SetReadDeadline(time.Now().Add(startWithin))
		b := make([]byte, 4096)
		for got := ""; !strings.Contains(got, want); {
			n, err := c.Read(b)
			if err != nil {
				t.Fatalf("%v, after %q, before %q", err, got, want)
			}
			got += string(b[:n])
		}
	}
	read("101 Switching")
	return func(t *testing.T) {
		t.Helper()
		c.Write([]byte{0x89, 0x84, 0, 0, 0, 0, 'a', 'l', 'i', 'v'}) // a ping; an error shows in the reading
		read("\x8a\x04aliv")
	}
}

// TestACMEUnreachable: a server whose ACME server is not there, or is led
// astray by the name, starts, says what is wrong, and shows no certificate.
func TestACMEUnreachable(t *testing.T) {
	t.Parallel()
	nobody := freeAddr(t)
	for _, row := range []struct {
		name, says string
		acme       func(t *testing.T) *acme
	}{
		{"down", "does not answer", func(t *testing.T) *acme {
			a := newACME(t, nobody, nobody, time.Hour)
			a.down()
			return a
		}},
		{"the name leads elsewhere", "Failed to connect to", func(t *testing.T) *acme { return newACME(t, nobody, nobody, time.Hour) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			a := row.acme(t)
			s := &server{t: t, data: t.TempDir(), addr: freeAddr(t), tls: true, args: []string{
				"--tls", "auto", "--public-url", "https://" + acmeHost, "--http-listen", "off",
				"--acme-directory", a.directory, "--acme-ca", filepath.Join(a.dir, "cert.pem")}}
			s.launch()
			t.Cleanup(s.bury)
			s.says(t, "there is no certificate yet")
			if said := s.said.String(); !strings.Contains(said, row.says) || !strings.Contains(said, "host="+acmeHost) {
				t.Errorf("it does not say why: %s", said)
			}
			if _, err := a.leaf(s, acmeHost); err == nil {
				t.Error("it shows a certificate")
			}
			if code := s.stop(); code != 0 {
				t.Errorf("it ends with %d", code)
			}
		})
	}
}
