package config

import (
	"fmt"
	"strings"
	"testing"
)

func TestTrustedProxies(t *testing.T) {
	f := plain()
	f.TrustedProxies = []string{" 127.0.0.1", "10.0.0.0/8", "::ffff:192.0.2.1", "fd00::/8", "::1", "10.0.0.0/8", ""}
	c, err := f.Check(noEnv)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(c.Proxies.Trusted), "[127.0.0.1/32 10.0.0.0/8 192.0.2.1/32 fd00::/8 ::1/128]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for give, says := range map[string]string{
		"localhost": "127.0.0.1", "10.0.0.0/33": "no address", "10.1.2.3/8": "10.0.0.0/8", "0.0.0.0/0": "everybody", "::/0": "everybody",
		"::ffff:0:0/96": "everybody", "fe80::1%eth0": "no address", "10.0.0.0-10.0.0.9": "no address", "*": "no address",
	} {
		f.TrustedProxies = []string{give}
		if _, err := f.Check(noEnv); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "--trusted-proxies (MINICHAT_TRUSTED_PROXIES)") {
			t.Errorf("%s: got %v, want it to say %q", give, err, says)
		}
	}
}

func TestOriginVerify(t *testing.T) {
	const a, b = "0123456789abcdef", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for give, says := range map[string]string{
		"": "", a: "", a + ", " + b: "", a + "," + b + "," + a: "two", "short": "16", a + ",": "16", a + " " + b: "header",
		a + "ä": "header", strings.Repeat("x", 257): "256",
	} {
		f := plain()
		c, err := f.Check(func(name string) string {
			if name == "MINICHAT_ORIGIN_VERIFY" {
				return give
			}
			return ""
		})
		switch {
		case says == "" && err != nil:
			t.Errorf("%q: %v", give, err)
		case says == "":
			if got := strings.Join(c.Proxies.Verify, ", "); got != give {
				t.Errorf("%q: got %q", give, got)
			}
		case err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "MINICHAT_ORIGIN_VERIFY"):
			t.Errorf("%q: got %v, want it to say %q", give, err, says)
		case strings.Contains(err.Error(), a) || strings.Contains(err.Error(), "short"):
			t.Errorf("it tells the secret: %v", err)
		}
	}
}
