package config

import (
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"minichat"
)

func (f *Flags) checkBus(*Config) error {
	if f.Bus == "" || f.Bus == "memory:" || f.Bus == "memory" {
		return nil
	}
	if strings.HasPrefix(f.Bus, "nats:") {
		return wrong("bus", "several servers over NATS come in a later version; use memory:, or leave it out")
	}
	return wrong("bus", "%q is no bus; use memory:", f.Bus)
}

func (f *Flags) checkOrigins(c *Config) error {
	for _, s := range f.Origins {
		if strings.TrimSpace(s) == "" {
			continue
		}
		o, err := Origin(s)
		if err != nil {
			return wrong("origins", "%v; list them as https://pages.example.org, with commas between", err)
		}
		if !slices.Contains(c.Origins, o) {
			c.Origins = append(c.Origins, o)
		}
	}
	return nil
}

// Origin reads scheme://host[:port] as browsers write it in an Origin header:
// lower case, without the scheme's own port, without anything after the host.
func Origin(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "*" || s == "null" {
		return "", fmt.Errorf("%q would let every page in", s)
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "":
		return "", fmt.Errorf("%q is no address", s)
	case u.Scheme != "http" && u.Scheme != "https":
		return "", fmt.Errorf("%q does not begin with http:// or https://", s)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/":
		return "", fmt.Errorf("%q has something after its host", s)
	}
	host := strings.ToLower(u.Host)
	if u.Scheme == "http" {
		host = strings.TrimSuffix(host, ":80")
	} else {
		host = strings.TrimSuffix(host, ":443")
	}
	return u.Scheme + "://" + host, nil
}

func (f *Flags) checkLog(c *Config) error {
	switch f.LogFormat {
	case "", "text":
		c.LogFormat = "text"
	case "json":
		c.LogFormat = "json"
	default:
		return wrong("log-format", "%q is no format; use text or json", f.LogFormat)
	}
	return nil
}

// checkLimits takes the environment first, so that a flag wins.
func (f *Flags) checkLimits(c *Config, env string) error {
	if env != "" {
		if err := setLimits(c, strings.Split(env, ","), "environment"); err != nil {
			return err
		}
	}
	return setLimits(c, f.Limit, "flag")
}

func setLimits(c *Config, pairs []string, by string) error {
	for _, pair := range pairs {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		n, err := strconv.ParseInt(value, 10, 64)
		if !ok || err != nil {
			return wrong("limit", "%q is not NAME=VALUE with a whole number, such as posts_per_second=50; 0 means no limit", pair)
		}
		if err := c.Limits.Set(name, n); err != nil {
			return wrong("limit", "%v", err)
		}
		c.LimitsBy[name] = by
	}
	return nil
}

func (f *Flags) checkLabRoom(c *Config) error {
	if c.LabRoom == "" {
		return nil
	}
	name, err := minichat.CheckRoomName(c.LabRoom)
	if err != nil {
		return wrong("lab-room", "%q cannot be the name of a room; use one line of up to 64 letters, such as lobby", f.LabRoom)
	}
	c.LabRoom = name
	return nil
}

// reason is the bare cause of an error of the file system.
func reason(err error) error {
	if e, ok := err.(*os.PathError); ok {
		return e.Err
	}
	return err
}
