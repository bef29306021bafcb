package e2e

import (
	"crypto/tls"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestCertificateFiles changes the files below a server that people are
// connected to: new ones are shown to who comes then, broken ones to nobody.
func TestCertificateFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "chat.pem"), filepath.Join(dir, "chat.key")
	write := func(p pemPair) {
		t.Helper()
		for path, text := range map[string]string{cert: p.cert, key: p.key} {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(newPair(1))
	s := &server{t: t, data: t.TempDir(), addr: freeAddr(t), tls: true, args: []string{"--tls", cert + "," + key, "--lab-room", "class"}}
	s.start()
	t.Cleanup(s.bury)
	alive := s.hold(t)
	shows := func(serial int64) bool {
		c, err := tls.Dial("tcp", s.addr, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64() == serial
	}
	await := func(serial int64) {
		t.Helper()
		for began := time.Now(); !shows(serial); time.Sleep(50 * time.Millisecond) {
			if time.Since(began) > startWithin {
				t.Fatalf("it never shows certificate %d", serial)
			}
		}
	}
	if !shows(1) {
		t.Fatal("it begins with another certificate")
	}
	write(newPair(2))
	s.signal(syscall.SIGHUP)
	await(2)
	write(newPair(3)) // and nobody says so
	await(3)
	write(pemPair{newPair(4).cert, newPair(5).key})
	s.signal(syscall.SIGHUP)
	s.says(t, "the new certificate cannot be used; the old one goes on")
	if !shows(3) {
		t.Error("a pair that does not belong together is shown, or nothing")
	}
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	s.signal(syscall.SIGHUP)
	s.says(t, "no such file")
	if !shows(3) {
		t.Error("without its key nothing is shown any more")
	}
	write(newPair(6))
	await(6)
	alive(t)
	if code := s.stop(); code != 0 {
		t.Errorf("it ends with %d", code)
	}
}

// TestHandshakes: nothing older than TLS 1.2, and who speaks http to the port of
// https is told in words.
func TestHandshakes(t *testing.T) {
	t.Parallel()
	dir, pair := t.TempDir(), testPair()
	cert, key := filepath.Join(dir, "chat.pem"), filepath.Join(dir, "chat.key")
	for path, text := range map[string]string{cert: pair.cert, key: pair.key} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := &server{t: t, data: t.TempDir(), addr: freeAddr(t), tls: true, args: []string{"--tls", cert + "," + key, "--public-url", "https://chat.example.org"}}
	s.start()
	t.Cleanup(s.bury)
	for version, want := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		o := pair.trusting()
		o.MinVersion, o.MaxVersion = version, version
		c, err := tls.Dial("tcp", s.addr, o)
		if (err == nil) != want {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err == nil {
			c.Close()
		}
	}
	res, err := lone.Get("http://" + s.addr + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	words, _ := io.ReadAll(res.Body) // what came before an error counts
	if res.StatusCode != 400 || !strings.Contains(string(words), "HTTPS") {
		t.Errorf("http on the port of https: got %d and %q", res.StatusCode, words)
	}
}
