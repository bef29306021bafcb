package config

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Proxies is whose word counts about visitors.
type Proxies struct {
	Trusted []netip.Prefix // addresses that may say who the visitor is
	Verify  []string       // accepted values of X-Origin-Verify; none: it is not asked for
}

func (f *Flags) checkProxies(c *Config, verify string) error {
	for _, s := range f.TrustedProxies {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		p, err := prefix(s)
		switch {
		case err != nil:
			return wrong("trusted-proxies", "%q is no address; list the proxies as addresses or networks with commas between, such as 127.0.0.1,10.0.0.0/8", s)
		case p.Bits() == 0:
			return wrong("trusted-proxies", "%s is everybody, so that everybody could pass for somebody else; list the proxies alone, such as 127.0.0.1,10.0.0.0/8", s)
		case p != p.Masked():
			return wrong("trusted-proxies", "%s has an address beyond its own length; write %s for the network, or %s for the one address", s, p.Masked(), p.Addr())
		}
		if !slices.Contains(c.Proxies.Trusted, p) {
			c.Proxies.Trusted = append(c.Proxies.Trusted, p)
		}
	}
	return c.checkVerify(verify)
}

var errNoAddress = errors.New("no address")

// prefix reads a network or a single address; an IPv4 address written as an
// IPv6 one is the same.
func prefix(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, errNoAddress
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err == nil && p.Addr().Is4In6() {
		p = netip.PrefixFrom(p.Addr().Unmap(), max(0, p.Bits()-96))
	}
	return p, err
}

// What stands between may close a connection on which nothing comes for a while;
// a ping has to come twice within the shortest such time, and a stop to end
// within the 30 s that service managers give.
const (
	ShortestIdle = 60 * time.Second
	MostPing     = ShortestIdle / 2
	mostDrain    = 20 * time.Second
)

func (f *Flags) checkTimes(c *Config) error {
	for _, row := range []struct {
		flag string
		got  time.Duration
		none time.Duration // the default
		most time.Duration
		to   *time.Duration
		why  string
	}{
		{"ping-every", f.PingEvery, 25 * time.Second, MostPing, &c.PingEvery, "proxies close connections that are silent for a minute"},
		{"drain", f.Drain, 10 * time.Second, mostDrain, &c.Drain, "service managers wait for 30 s"},
	} {
		if row.got == 0 {
			row.got = row.none
		}
		if row.got < time.Second || row.got > row.most {
			return wrong(row.flag, "%v is not between 1s and %v; %s", row.got, row.most, row.why)
		}
		*row.to = row.got
	}
	return nil
}

const (
	minSecret = 16
	maxSecret = 256
)

// checkVerify reads MINICHAT_ORIGIN_VERIFY. No message repeats what stands in it.
func (c *Config) checkVerify(env string) error {
	if env == "" {
		return nil
	}
	const advice = "MINICHAT_ORIGIN_VERIFY: %s; use one secret of 16 to 256 letters and digits, or two with a comma between while you change it. openssl rand -hex 24 makes one"
	values := strings.Split(env, ",")
	for _, v := range values {
		v = strings.TrimSpace(v)
		switch {
		case len(v) < minSecret:
			return fmt.Errorf(advice, "a value has fewer than 16 characters")
		case len(v) > maxSecret:
			return fmt.Errorf(advice, "a value has more than 256 characters")
		case strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r > '~' }):
			return fmt.Errorf(advice, "a value has a character that cannot stand in a header")
		}
		c.Proxies.Verify = append(c.Proxies.Verify, v)
	}
	if len(values) > 2 {
		return fmt.Errorf(advice, "there are more than two values")
	}
	return nil
}
