package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"minichat/internal/config"
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

// New files are taken up; half-written ones are not.
func TestPairIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "a.pem"), filepath.Join(dir, "a.key")
	old := writePair(t, cert, key, 1)
	p, err := loadPair(&config.Config{CertFile: cert, KeyFile: key})
	if err != nil {
		t.Fatal(err)
	}
	serves := func(want *x509.Certificate) {
		t.Helper()
		p.looked = time.Time{}
		got, err := p.get(nil)
		if err != nil || !bytes.Equal(got.Certificate[0], want.Raw) {
			t.Errorf("got another certificate than number %v, %v", want.SerialNumber, err)
		}
	}
	serves(old)
	renewed := writePair(t, cert, key, 2)
	later := time.Now().Add(time.Minute)
	if err := os.Chtimes(cert, later, later); err != nil {
		t.Fatal(err)
	}
	serves(renewed)
	if err := os.WriteFile(cert, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	serves(renewed)
	if _, err := loadPair(&config.Config{CertFile: cert, KeyFile: key}); err == nil || !strings.Contains(err.Error(), "--tls") {
		t.Errorf("a broken file at the start: got %v", err)
	}
}
