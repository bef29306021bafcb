package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// front is a proxy from Debian before a server, with the settings that MiniChat
// ships (deploy/proxy), but for addresses, certificate and times.
type front struct {
	t      testing.TB
	name   string // nginx or haproxy
	dir    string
	addr   string // https
	plain  string // http
	cmd    *exec.Cmd
	ended  chan struct{}
	said   *transcript
	reload syscall.Signal
}

// swap is a word of the shipped settings and what a test puts in its place.
type swap struct{ old, new string }

// fronts are the proxies that are shipped for.
var fronts = []string{"nginx", "haproxy"}

// newFront starts a proxy before the server at to; it ends with the test.
func newFront(t testing.TB, name, to string, swaps ...swap) *front {
	t.Helper()
	program, err := exec.LookPath(name)
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/" + name)
	}
	if err != nil {
		t.Skipf("%s is not installed: apt-get install %s", name, map[string]string{"nginx": "nginx-light", "haproxy": "haproxy"}[name])
	}
	f := &front{t: t, name: name, dir: t.TempDir(), addr: freeAddr(t), plain: freeAddr(t), said: &transcript{}}
	pair := testPair()
	write := func(file, text string) string {
		path := filepath.Join(f.dir, file)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	shared := []swap{{"127.0.0.1:8000", to}}
	switch name {
	case "nginx":
		swaps = append(append(shared, swap{"listen 80;", "listen " + f.plain + ";"}, swap{"listen 443 ssl;", "listen " + f.addr + " ssl;"},
			swap{"/etc/ssl/minichat/chat.pem", write("chat.pem", pair.cert)}, swap{"/etc/ssl/minichat/chat.key", write("chat.key", pair.key)}), swaps...)
		write("minichat.conf", shipped(t, "nginx.conf", swaps))
		main := write("nginx.conf", nginxMain(f.dir))
		f.cmd, f.reload = exec.Command(program, "-p", f.dir, "-c", main), syscall.SIGHUP
	case "haproxy":
		swaps = append(append(shared, swap{"bind :80", "bind " + f.plain}, swap{"bind :443", "bind " + f.addr},
			swap{"/etc/haproxy/chat.pem", write("both.pem", pair.cert+pair.key)}), swaps...)
		f.cmd, f.reload = exec.Command(program, "-W", "-db", "-f", write("haproxy.cfg", shipped(t, "haproxy.cfg", swaps))), syscall.SIGUSR2
	}
	f.start()
	return f
}

// nginxMain is what Debian's own nginx.conf is to a file in conf.d.
func nginxMain(dir string) string {
	var b strings.Builder
	b.WriteString("daemon off;\npid nginx.pid;\nerror_log stderr warn;\nworker_processes 2;\nworker_shutdown_timeout 1s;\n")
	if os.Geteuid() == 0 {
		b.WriteString("user root;\n") // the test's folder is root's
	}
	b.WriteString("events { worker_connections 1024; }\nhttp {\naccess_log off;\n")
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		b.WriteString(kind + "_temp_path " + filepath.Join(dir, kind) + ";\n")
	}
	b.WriteString("include " + filepath.Join(dir, "minichat.conf") + ";\n}\n")
	return b.String()
}

// shipped is a file of deploy/proxy with other words; each must be in it.
func shipped(t testing.TB, file string, swaps []swap) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "deploy", "proxy", file))
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for _, s := range swaps {
		if !strings.Contains(text, s.old) {
			t.Fatalf("%s has no %q any more", file, s.old)
		}
		text = strings.ReplaceAll(text, s.old, s.new)
	}
	return text
}

func (f *front) start() {
	f.t.Helper()
	f.cmd.Stdout, f.cmd.Stderr = f.said, f.said
	if err := f.cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	f.ended = make(chan struct{})
	go func() {
		f.cmd.Wait() // the test ends it
		close(f.ended)
	}()
	f.t.Cleanup(f.bury)
	for began := time.Now(); ; {
		c, err := tls.Dial("tcp", f.addr, testPair().trusting())
		if err == nil {
			c.Close()
			return
		}
		select {
		case <-f.ended:
			f.t.Fatalf("%s ended at its start:\n%s", f.name, f.said)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Since(began) > startWithin {
			f.t.Fatalf("%s does not start (%v):\n%s", f.name, err, f.said)
		}
	}
}

func (f *front) bury() {
	f.cmd.Process.Signal(syscall.SIGTERM) // it may be over already
	select {
	case <-f.ended:
	case <-time.After(10 * time.Second):
		f.cmd.Process.Kill()
		<-f.ended
	}
	if f.t.Failed() {
		f.t.Logf("%s's last words:\n%s", f.name, tail(f.said.String(), 4000))
	}
}

// renew has the proxy read its settings again: old workers part with their
// connections after a second.
func (f *front) renew() {
	f.t.Helper()
	if err := f.cmd.Process.Signal(f.reload); err != nil {
		f.t.Errorf("reload %s: %v", f.name, err)
	}
}

// pemPair is a certificate for 127.0.0.1 and localhost that signs itself.
type pemPair struct{ cert, key string }

var testPair = sync.OnceValue(func() pemPair { return newPair(1) })

func newPair(serial int64) pemPair {
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{"localhost", "chat.example.org"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, form, form, secret.Public(), secret)
	if err != nil {
		panic(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		panic(err)
	}
	block := func(kind string, b []byte) string {
		var out bytes.Buffer
		pem.Encode(&out, &pem.Block{Type: kind, Bytes: b}) // a buffer takes everything
		return out.String()
	}
	return pemPair{block("CERTIFICATE", der), block("PRIVATE KEY", private)}
}

// trusting are the settings of a client that knows the certificate.
func (p pemPair) trusting() *tls.Config {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(p.cert))
	return &tls.Config{RootCAs: pool}
}
