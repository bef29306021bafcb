package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// writePair makes a certificate for 127.0.0.1 that signs itself.
func writePair(t *testing.T, cert, key string, serial int64) *x509.Certificate {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, form, form, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "a.pem"), filepath.Join(dir, "a.key")
	pool := x509.NewCertPool()
	pool.AddCert(writePair(t, cert, key, 1))
	data := filepath.Join(dir, "data")
	s := start(t, data, "--tls", cert+","+key)
	if !strings.HasPrefix(s.url, "https://") {
		t.Fatalf("it is at %q", s.url)
	}
	done(t, "correct horse\n", "user", "add", "ana", "--password-stdin", "--data", data)
	browser := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "localhost"}, DisableKeepAlives: true}}
	req, err := http.NewRequest("POST", s.url+"/api/v1/sessions", strings.NewReader(`{"handle":"ana","password":"correct horse","cookie":true}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Origin", s.url)
	res, err := browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if len(res.Cookies()) != 1 || res.Cookies()[0].Name != "__Host-minichat" || !res.Cookies()[0].Secure {
		t.Fatalf("got %d and the cookies %v", res.StatusCode, res.Cookies())
	}
	c, _, err := websocket.Dial(t.Context(), s.url+"/api/v1/socket", &websocket.DialOptions{
		HTTPClient: browser, Subprotocols: []string{"minichat.v1"},
		HTTPHeader: http.Header{"Origin": {s.url}, "Cookie": {"__Host-minichat=" + res.Cookies()[0].Value}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(t.Context(), websocket.MessageText, []byte(`{"type":"hello","n":1}`)); err != nil {
		t.Fatal(err)
	}
	if got := read(t, c); !strings.Contains(got, `"welcome"`) {
		t.Errorf("got %s", got)
	}
}

// A pair that does not work stops the start, in words.
func TestTLSBrokenAtTheStart(t *testing.T) {
	dir := t.TempDir()
	cert, key, other := filepath.Join(dir, "a.pem"), filepath.Join(dir, "a.key"), filepath.Join(dir, "b.key")
	writePair(t, filepath.Join(dir, "b.pem"), other, 2)
	writePair(t, cert, key, 1)
	code, _, said := command(t, "", "--data", filepath.Join(dir, "data"), "--listen", "127.0.0.1:0", "--tls", cert+","+other)
	if code != 1 || !strings.Contains(said, "--tls (MINICHAT_TLS)") || !strings.Contains(said, "belong together") {
		t.Errorf("ended with %d and said %q", code, said)
	}
}

// Plain http beside https sends pages on and takes no secret.
func TestPlainBesideTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "a.pem"), filepath.Join(dir, "a.key")
	writePair(t, cert, key, 1)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := free.Addr().String()
	free.Close()
	for _, row := range []struct {
		public []string
		want   func(s *running) string
	}{
		{[]string{"--public-url", "https://chat.example.org"}, func(*running) string { return "https://chat.example.org" }},
		{nil, func(s *running) string { return strings.Replace(s.url, "localhost", "127.0.0.1", 1) }},
	} {
		s := start(t, filepath.Join(dir, "data"), append([]string{"--tls", cert + "," + key, "--http-listen", at}, row.public...)...)
		for _, ask := range []struct {
			method, auth string
			status       int
		}{{"GET", "", 301}, {"HEAD", "", 301}, {"POST", "", 403}, {"GET", "Bearer secret", 403}} {
			req, err := http.NewRequest(ask.method, "http://"+at+"/a%20b//c?q=1", nil)
			if err != nil {
				t.Fatal(err)
			}
			if ask.auth != "" {
				req.Header.Set("Authorization", ask.auth)
			}
			res, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != ask.status {
				t.Errorf("%s %q: got %d, want %d", ask.method, ask.auth, res.StatusCode, ask.status)
			}
			if got, want := res.Header.Get("Location"), row.want(s)+"/a%20b//c?q=1"; ask.status == 301 && got != want {
				t.Errorf("sent on to %q, want %q", got, want)
			}
		}
		s.end(t)
	}
}
