package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// freePort is one that nobody has now.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// nginx runs the real one with these server blocks, until the test ends.
func nginx(t *testing.T, servers string) {
	t.Helper()
	bin, err := exec.LookPath("nginx")
	if err != nil {
		bin = "/usr/sbin/nginx" // not on everybody's PATH
	}
	if _, err := os.Stat(bin); err != nil {
		t.Skip("there is no nginx; test.sh installs it")
	}
	dir := t.TempDir()
	user := ""
	if os.Getuid() == 0 {
		user = "user root;\n"
	}
	conf := user + `worker_processes 1; pid nginx.pid; error_log stderr;
events { worker_connections 256; }
http {
  access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
  map $http_upgrade $connection_upgrade { default upgrade; "" ""; }
` + servers + "}\n"
	name := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(name, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.Command(bin, "-p", dir, "-e", "stderr", "-c", name, "-g", "daemon off;")
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	go func() { cmd.Wait(); close(over) }() // it is stopped, which is no fault
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt) // it ends its worker too
		<-over
	})
	for until := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(dir, "nginx.pid")); err == nil {
			return
		}
		select {
		case <-over:
			t.Fatalf("nginx ended: %s", &said)
		default:
		}
		if time.Now().After(until) {
			t.Fatal("nginx does not start")
		}
	}
}

// What deploy/proxy/nginx.conf says of a location.
const rightLocation = `
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_request_buffering off;
    client_max_body_size 0;
    proxy_read_timeout 75s;`

func TestDoctorSeesNginx(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	front := freePort(t)
	public := fmt.Sprintf("http://127.0.0.1:%d", front)
	at := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	start(t, data, "--listen", at, "--public-url", public, "--trusted-proxies", "127.0.0.2")
	done(t, "", "user", "add", "ana", "--role", "owner", "--data", data)
	for _, c := range []struct {
		name, location string
		code           int
		idle           string
		want           map[string]string // besides: ok
	}{
		{"right", rightLocation, 0, "", map[string]string{"outside.visitor": "warning: what stands in front names the visitor, but is not believed"}},
		{"no upgrade", strings.NewReplacer("proxy_set_header Upgrade $http_upgrade;", "", "proxy_set_header Connection $connection_upgrade;", "").Replace(rightLocation), 1, "",
			map[string]string{"socket.upgrade": "failing: no WebSocket passes what stands in front (", "outside.visitor": "warning"}},
		{"small bodies", strings.Replace(rightLocation, "client_max_body_size 0", "client_max_body_size 1m", 1), 1, "",
			map[string]string{"outside.body": "failing: what stands in front refuses bodies of 9 MiB (413, Server: nginx", "outside.visitor": "warning"}},
		{"short patience", strings.Replace(rightLocation, "75s", "1s", 1), 1, "30s",
			map[string]string{"socket.silence": "failing: a silent socket is closed after", "outside.visitor": "warning"}},
		{"keeps bodies, names nobody", strings.NewReplacer("proxy_request_buffering off;", "", "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;", "").Replace(rightLocation), 0, "",
			map[string]string{"outside.buffering": "warning: what stands in front keeps a whole body", "outside.visitor": "warning: what stands in front does not name the visitor"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			nginx(t, fmt.Sprintf("server { listen 127.0.0.1:%d; location / { proxy_pass http://%s; %s } }\n", front, at, c.location))
			found := examine(t, c.code, "--data", data, "--listen", at, "--public-url", public, "--trusted-proxies", "127.0.0.2", "--idle", firstOf(c.idle, "10ms"))
			for _, id := range []string{"outside.name", "outside.tls", "outside.reach", "outside.visitor", "outside.body", "socket.upgrade", "address.listen", "clock"} {
				holds(t, found, id, firstOf(c.want[id], "ok"))
			}
			for id, want := range c.want {
				holds(t, found, id, want)
			}
		})
	}
	if list := done(t, "", "user", "list", "--data", data); !strings.Contains(list, "ana") {
		t.Errorf("got %s", list)
	}
	t.Run("not ours", func(t *testing.T) {
		nginx(t, fmt.Sprintf("server { listen 127.0.0.1:%d; location / { return 200 hello; } }\n", front))
		found := examine(t, 1, "--data", data, "--listen", at, "--public-url", public)
		holds(t, found, "outside.reach", "failing: at "+public+" something else answers (200, Server: nginx")
	})
	t.Run("nothing behind", func(t *testing.T) {
		nginx(t, fmt.Sprintf("server { listen 127.0.0.1:%d; location / { proxy_pass http://127.0.0.1:1; } }\n", front))
		found := examine(t, 1, "--data", data, "--listen", at, "--public-url", public)
		holds(t, found, "outside.reach", "failing: what stands at "+public+" (Server: nginx")
	})
	t.Run("another MiniChat", func(t *testing.T) {
		other := start(t, filepath.Join(t.TempDir(), "other"))
		found := examine(t, 1, "--data", data, "--listen", at, "--public-url", other.url)
		holds(t, found, "outside.reach", "failing: the MiniChat at "+other.url+" is of another database")
		found = examine(t, 1, "--data", data, "--listen", strings.TrimPrefix(other.url, "http://"))
		holds(t, found, "address.listen", "failing: the MiniChat at ")
	})
	t.Run("nothing in front", func(t *testing.T) {
		holds(t, examine(t, 1, "--data", data, "--listen", at, "--public-url", public), "outside.reach", "failing: "+public+" does not answer")
	})
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// authority makes a certificate for this machine and a pool that believes it.
func authority(t *testing.T, lives time.Duration) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(lives),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AddCert(parsed)
	return cert, key, pool
}

// visitTLS is examine that believes the certificates of pool.
func visitTLS(t *testing.T, pool *x509.CertPool, data, at, public, tls string) map[string]string {
	t.Helper()
	stdout := newOutput()
	c := &doctorCommand{Idle: 10 * time.Millisecond, JSON: true, roots: pool}
	c.Data, c.Listen, c.PublicURL, c.TLS = data, at, public, tls
	c.PingEvery, c.Drain = 25*time.Second, 10*time.Second
	err := c.Run(&world{ctx: t.Context(), stdin: strings.NewReader(""), stdout: stdout, stderr: newOutput(), getenv: func(string) string { return "" }})
	var r report
	if jsonErr := json.Unmarshal([]byte(stdout.String()), &r); jsonErr != nil || (err != nil) != (r.Failing > 0) {
		t.Fatalf("got %v, %v: %s", err, jsonErr, stdout)
	}
	found := map[string]string{}
	for _, f := range r.Findings {
		found[f.ID] = string(f.Status) + ": " + f.Seen
	}
	return found
}

func TestDoctorSeesTLSInFront(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	front, at := freePort(t), fmt.Sprintf("127.0.0.1:%d", freePort(t))
	public := fmt.Sprintf("https://localhost:%d", front)
	start(t, data, "--listen", at, "--public-url", public)
	cert, key, pool := authority(t, 5*24*time.Hour)
	shipped, err := os.ReadFile("../../deploy/proxy/nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	nginx(t, strings.NewReplacer("chat.example.org", "localhost", "listen 80;", fmt.Sprintf("listen 127.0.0.1:%d;", freePort(t)), "listen 443 ssl;", fmt.Sprintf("listen 127.0.0.1:%d ssl;", front),
		"127.0.0.1:8000", at, "/etc/ssl/minichat/chat.pem", cert, "/etc/ssl/minichat/chat.key", key).Replace(string(shipped)))
	found := visitTLS(t, pool, data, at, public, "off")
	for _, id := range []string{"outside.reach", "outside.redirect", "outside.body", "outside.buffering", "socket.upgrade", "socket.silence"} {
		holds(t, found, id, "ok")
	}
	holds(t, found, "outside.tls", "warning: the certificate of localhost:"+fmt.Sprint(front)+" ends in 5 days")
	holds(t, found, "outside.hsts", "warning: browsers are not told to stay with https")
	found = visitTLS(t, x509.NewCertPool(), data, at, public, "off")
	holds(t, found, "outside.tls", "failing: "+public+": x509: certificate signed by unknown authority")
}

// The server speaks https itself, with its files.
func TestDoctorSeesTheCertificate(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	at := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	cert, key, pool := authority(t, 90*24*time.Hour)
	start(t, data, "--listen", at, "--public-url", "https://"+at, "--tls", cert+","+key)
	found := visitTLS(t, pool, data, at, "https://"+at, cert+","+key)
	for _, id := range []string{"address.listen", "tls.files", "tls.names", "tls.expiry", "outside.tls", "outside.reach", "outside.hsts", "outside.visitor", "socket.upgrade"} {
		holds(t, found, id, "ok")
	}
	other, _, _ := authority(t, time.Hour)
	holds(t, visitTLS(t, pool, data, at, "https://"+at, other+","+key), "tls.files", "failing: ")
	holds(t, visitTLS(t, pool, data, at, "https://chat.example.org", cert+","+key), "tls.names", "failing: the certificate is for localhost, 127.0.0.1, people type chat.example.org")
	spent, spentKey, _ := authority(t, -time.Minute)
	holds(t, visitTLS(t, pool, data, at, "https://"+at, spent+","+spentKey), "tls.expiry", "failing: ")
}
