package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func noEnv(string) string { return "" }

// plain is what the command line gives when nothing is said.
func plain() Flags {
	return Flags{Place: Place{Data: "./data"}, Address: Address{Listen: ":8000"}, Bus: "memory:", TLS: "off", PingEvery: 25 * time.Second, Drain: 10 * time.Second, LogFormat: "text"}
}

func TestDefaults(t *testing.T) {
	f := plain()
	c, err := f.Check(noEnv)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ name, got, want string }{
		{"data", c.Data, "data"}, {"database", c.Database, "sqlite:data/minichat.db"}, {"database file", c.DatabaseFile(), "data/minichat.db"},
		{"files", c.FilesDir, "data/files"}, {"listen", c.Listen, ":8000"}, {"base", c.Base(), "http://localhost:8000"}, {"log", c.LogFormat, "text"},
	} {
		if row.got != row.want {
			t.Errorf("%s: got %q, want %q", row.name, row.got, row.want)
		}
	}
	if c.TLS() {
		t.Error("TLS is on by default")
	}
	if c.Limits.PostsPerSecond != 20 {
		t.Errorf("posts_per_second: got %d, want 20", c.Limits.PostsPerSecond)
	}
}

// Every fault is one sentence that names the setting by both names and says what would do.
func TestFaultsNameTheSetting(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*Flags)
		says   []string
	}{
		{"postgres", func(f *Flags) { f.Database = "postgres://x/y" }, []string{"--database", "MINICHAT_DATABASE", "later version", "sqlite:"}},
		{"database", func(f *Flags) { f.Database = "mysql:x" }, []string{"--database", "sqlite:PATH"}},
		{"database in memory", func(f *Flags) { f.Database = "sqlite::memory:" }, []string{"--database"}},
		{"data", func(f *Flags) { f.Data = " " }, []string{"--data", "./data"}},
		{"files", func(f *Flags) { f.Files = "./x" }, []string{"--files", "file:DIR"}},
		{"nats", func(f *Flags) { f.Bus = "nats://x" }, []string{"--bus", "MINICHAT_BUS", "later version"}},
		{"bus", func(f *Flags) { f.Bus = "redis:" }, []string{"--bus", "memory:"}},
		{"listen", func(f *Flags) { f.Listen = "localhost" }, []string{"--listen", ":8000"}},
		{"port", func(f *Flags) { f.Listen = ":99999" }, []string{"--listen"}},
		{"public url", func(f *Flags) { f.PublicURL = "chat.example.org" }, []string{"--public-url", "MINICHAT_PUBLIC_URL", "https://"}},
		{"public url path", func(f *Flags) { f.PublicURL = "https://example.org/chat" }, []string{"--public-url", "after its host"}},
		{"origin *", func(f *Flags) { f.Origins = []string{"*"} }, []string{"--origins", "every page"}},
		{"origin null", func(f *Flags) { f.Origins = []string{"null"} }, []string{"--origins"}},
		{"origin with a path", func(f *Flags) { f.Origins = []string{"https://a.example/x"} }, []string{"--origins"}},
		{"tls", func(f *Flags) { f.TLS = "on" }, []string{"--tls", "CERT,KEY"}},
		{"tls without the files", func(f *Flags) { f.TLS = "no.pem,no.key" }, []string{"--tls", "no.pem"}},
		{"ping too rarely", func(f *Flags) { f.PingEvery = 31 * time.Second }, []string{"--ping-every", "MINICHAT_PING_EVERY", "1s and 30s"}},
		{"ping all the time", func(f *Flags) { f.PingEvery = time.Millisecond }, []string{"--ping-every", "1s and 30s"}},
		{"drain for ever", func(f *Flags) { f.Drain = time.Minute }, []string{"--drain", "MINICHAT_DRAIN", "1s and 20s"}},
		{"profiles for all", func(f *Flags) { f.DebugListen = ":6060" }, []string{"--debug-listen", "MINICHAT_DEBUG_LISTEN", "127.0.0.1:6060"}},
		{"profiles for the network", func(f *Flags) { f.DebugListen = "192.0.2.1:6060" }, []string{"--debug-listen", "elsewhere"}},
		{"profiles by a name", func(f *Flags) { f.DebugListen = "localhost:6060" }, []string{"--debug-listen", "127.0.0.1:6060"}},
		{"profiles nowhere", func(f *Flags) { f.DebugListen = "6060" }, []string{"--debug-listen", "127.0.0.1:6060"}},
		{"log format", func(f *Flags) { f.LogFormat = "xml" }, []string{"--log-format", "text or json"}},
		{"limit without a value", func(f *Flags) { f.Limit = []string{"posts_per_second"} }, []string{"--limit", "NAME=VALUE"}},
		{"limit below 0", func(f *Flags) { f.Limit = []string{"posts_per_second=-1"} }, []string{"--limit", "0 means no limit"}},
		{"unknown limit", func(f *Flags) { f.Limit = []string{"posts=1"} }, []string{"--limit", "posts_per_second"}},
		{"lab room", func(f *Flags) { f.LabRoom = strings.Repeat("x", 65) }, []string{"--lab-room"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := plain()
			row.change(&f)
			_, err := f.Check(noEnv)
			if err == nil {
				t.Fatal("got no error")
			}
			for _, want := range row.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want it to say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
		})
	}
}

func TestOriginsAreSpeltAsBrowsersDo(t *testing.T) {
	f := plain()
	f.PublicURL = "https://Chat.Example.org:443/"
	f.Origins = []string{" HTTP://pages.example.org:80", "https://a.example:8443", "https://a.example:8443/", ""}
	c, err := f.Check(noEnv)
	if err != nil {
		t.Fatal(err)
	}
	if want := "https://chat.example.org"; c.PublicURL != want || c.Base() != want {
		t.Errorf("public URL: got %q and base %q, want %q", c.PublicURL, c.Base(), want)
	}
	if want := []string{"http://pages.example.org", "https://a.example:8443"}; !slices.Equal(c.Origins, want) {
		t.Errorf("origins: got %q, want %q", c.Origins, want)
	}
}

func TestLimitsOfFlagsAndEnvironment(t *testing.T) {
	f := plain()
	f.Limit = []string{"posts_per_second=7"}
	c, err := f.Check(func(name string) string {
		if name == "MINICHAT_LIMIT" {
			return "posts_per_second=5, post_burst=0"
		}
		return ""
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Limits.PostsPerSecond != 7 || c.LimitsBy["posts_per_second"] != "flag" {
		t.Errorf("posts_per_second: got %d by %q, want 7 by flag", c.Limits.PostsPerSecond, c.LimitsBy["posts_per_second"])
	}
	if c.Limits.PostBurst != 0 || c.LimitsBy["post_burst"] != "environment" {
		t.Errorf("post_burst: got %d by %q, want 0 by environment", c.Limits.PostBurst, c.LimitsBy["post_burst"])
	}
}

func TestListenForms(t *testing.T) {
	for give, want := range map[string]string{":8000": ":8000", "8000": ":8000", "127.0.0.1:80": "127.0.0.1:80", "[::1]:9": "[::1]:9", ":0": ":0"} {
		f := plain()
		f.Listen = give
		c, err := f.Check(noEnv)
		if err != nil || c.Listen != want {
			t.Errorf("%q: got %v, %v, want %q", give, c, err, want)
		}
	}
}

func TestTLSFiles(t *testing.T) {
	cert, key := filepath.Join(t.TempDir(), "a.pem"), filepath.Join(t.TempDir(), "a.key")
	for _, name := range []string{cert, key} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := plain()
	f.TLS = cert + ", " + key
	c, err := f.Check(noEnv)
	if err != nil {
		t.Fatal(err)
	}
	if !c.TLS() || c.CertFile != cert || c.KeyFile != key || c.Base() != "https://localhost:8000" {
		t.Errorf("got %+v", c)
	}
}
