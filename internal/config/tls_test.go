package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTLSAuto(t *testing.T) {
	f := plain()
	f.TLS, f.PublicURL = "auto", "https://chat.example.org"
	c, err := f.Check(noEnv)
	if err != nil {
		t.Fatal(err)
	}
	if !c.TLS() || c.ACME.Host != "chat.example.org" || c.ACME.Directory != LetsEncrypt || c.ACME.CA != nil || c.ACME.Dir != filepath.Join("data", "acme") || c.Redirect != ":80" {
		t.Errorf("got %+v, %+v", c, c.ACME)
	}
	f.HTTPListen = "off"
	if c, err = f.Check(noEnv); err != nil || c.Redirect != "" {
		t.Errorf("without plain http: got %q, %v", c.Redirect, err)
	}
}

// Every fault says which setting is meant and what would do.
func TestTLSFaults(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	at := func(url string) func(*Flags) {
		return func(f *Flags) { f.TLS, f.PublicURL = "auto", url }
	}
	good := at("https://chat.example.org")
	for _, row := range []struct {
		name   string
		change func(*Flags)
		says   []string
	}{
		{"no name", at(""), []string{"--tls (MINICHAT_TLS)", "--public-url", "https://chat.example.org"}},
		{"http", at("http://chat.example.org"), []string{"--tls", "https://chat.example.org"}},
		{"an address", at("https://192.0.2.1"), []string{"--tls", "192.0.2.1 is an address", "CERT,KEY"}},
		{"an IPv6 address", at("https://[2001:db8::1]:8443"), []string{"--tls", "2001:db8::1 is an address"}},
		{"localhost", at("https://localhost:8443"), []string{"--tls", "localhost", "CERT,KEY"}},
		{"a local name", at("https://chat.local"), []string{"--tls", "chat.local"}},
		{"a bare name", at("https://chat"), []string{"--tls", "public name"}},
		{"directory over http", func(f *Flags) { good(f); f.ACMEDirectory = "http://ca.example.org/dir" }, []string{"--acme-directory (MINICHAT_ACME_DIRECTORY)", "https://"}},
		{"no CA file", func(f *Flags) { good(f); f.ACMECA = "no.pem" }, []string{"--acme-ca (MINICHAT_ACME_CA)", "no.pem"}},
		{"an empty CA file", func(f *Flags) { good(f); f.ACMECA = empty }, []string{"--acme-ca", "no certificate"}},
		{"http without a port", func(f *Flags) { good(f); f.HTTPListen = "localhost" }, []string{"--http-listen (MINICHAT_HTTP_LISTEN)", ":80"}},
		{"http at a wrong port", func(f *Flags) { good(f); f.HTTPListen = ":99999" }, []string{"--http-listen", ":80"}},
		{"http beside http", func(f *Flags) { f.HTTPListen = ":80" }, []string{"--http-listen", "--tls"}},
		{"a directory for nothing", func(f *Flags) { f.ACMEDirectory = "https://ca.example.org/dir" }, []string{"--acme-directory", "--tls auto"}},
		{"a CA for nothing", func(f *Flags) { f.ACMECA = empty }, []string{"--acme-ca", "--tls auto"}},
	} {
		f := plain()
		row.change(&f)
		_, err := f.Check(noEnv)
		if err == nil {
			t.Errorf("%s: got no error", row.name)
			continue
		}
		for _, want := range row.says {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %q, want it to say %q", row.name, err, want)
			}
		}
	}
}
