package certs

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// words is a log that a test reads.
type words struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (w *words) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Write(b)
}

// take returns what was logged since the last time.
func (w *words) take() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.buf.String()
	w.buf.Reset()
	return s
}

// put makes a pair for chat.example.org and writes it to the two files.
func put(t *testing.T, cert, key string, serial int64, from, until time.Time) {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(serial), NotBefore: from, NotAfter: until, DNSNames: []string{"chat.example.org"}}
	der, err := x509.CreateCertificate(rand.Reader, form, form, secret.Public(), secret)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Only a pair that works now takes the place of one that works; each fault is
// told once.
func TestReload(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "a.pem"), filepath.Join(dir, "a.key")
	now, hour := time.Now(), time.Hour
	log := &words{}
	put(t, cert, key, 1, now.Add(-hour), now.Add(hour))
	f, err := OpenFiles(cert, key, "chat.example.org", slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if said := log.take(); said != "" {
		t.Errorf("of a good pair it says %q", said)
	}
	serves := func(what string, serial int64, says string) {
		t.Helper()
		f.Reload()
		if got := f.serving.Load().Leaf.SerialNumber.Int64(); got != serial {
			t.Errorf("%s: number %d is served, want %d", what, got, serial)
		}
		if said := log.take(); !strings.Contains(said, says) || says == "" && said != "" {
			t.Errorf("%s: it says %q, want %q", what, said, says)
		}
	}
	serves("nothing new", 1, "")
	put(t, cert, key, 2, now.Add(-hour), now.Add(2*hour))
	serves("a new pair", 2, "a new certificate is served")
	put(t, cert, key, 3, now.Add(-2*hour), now.Add(-hour))
	serves("expired", 2, "it expired on")
	serves("still expired", 2, "")
	put(t, cert, key, 4, now.Add(hour), now.Add(2*hour))
	serves("not yet valid", 2, "it is valid from")
	put(t, filepath.Join(dir, "other"), key, 5, now.Add(-hour), now.Add(hour))
	serves("another's key", 2, "belong together")
	if err := os.WriteFile(cert, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	serves("half a file", 2, "cannot be used; the old one goes on")
	if err := os.Remove(cert); err != nil {
		t.Fatal(err)
	}
	serves("no file", 2, "no such file")
	put(t, cert, key, 6, now.Add(-hour), now.Add(hour))
	serves("mended", 6, "a new certificate is served")
}

// A certificate whose time comes later is taken up then, without a word from
// anybody: a machine whose clock runs behind its authority's sees many such.
func TestReloadWhenItsTimeComes(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "a.pem"), filepath.Join(dir, "a.key")
	hour := time.Hour
	put(t, cert, key, 1, time.Now().Add(-hour), time.Now().Add(hour))
	f, err := OpenFiles(cert, key, "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	from := time.Now().Add(3 * time.Second).Truncate(time.Second)
	put(t, cert, key, 2, from, from.Add(hour))
	f.Reload()
	for end := time.Now().Add(30 * time.Second); f.serving.Load().Leaf.SerialNumber.Int64() != 2; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the new certificate is valid, and the old one is served")
		}
		f.Reload()
	}
	if time.Now().Before(from) {
		t.Error("it was served before its time")
	}
}

// What browsers will refuse is served at the start all the same, with a word.
func TestOpenFilesWarns(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "a.pem"), filepath.Join(dir, "a.key")
	now, hour := time.Now(), time.Hour
	log := &words{}
	put(t, cert, key, 1, now.Add(-2*hour), now.Add(-hour))
	f, err := OpenFiles(cert, key, "talk.example.org", slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	said := log.take()
	for _, want := range []string{"has expired", "not for the host", "talk.example.org"} {
		if !strings.Contains(said, want) {
			t.Errorf("it says %q, want %q", said, want)
		}
	}
	put(t, cert, key, 2, now.Add(-3*hour), now.Add(-hour/2))
	f.Reload() // there is nothing to lose
	if got := f.serving.Load().Leaf.SerialNumber.Int64(); got != 2 {
		t.Errorf("number %d is served, want 2", got)
	}
}
