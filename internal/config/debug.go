package config

import (
	"net"
	"strconv"
)

// checkDebug lets profiles be seen from this machine alone: they show what is in
// memory, and whoever may ask for them can keep the machine busy.
func (f *Flags) checkDebug(c *Config) error {
	if f.DebugListen == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(f.DebugListen)
	_, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil {
		return wrong("debug-listen", "%q is no address; use one of this machine alone, such as 127.0.0.1:6060", f.DebugListen)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return wrong("debug-listen", "%q can be reached from elsewhere, and profiles show what is in memory; use 127.0.0.1:%s, and ssh -L %s:127.0.0.1:%s to see it from afar", f.DebugListen, port, port, port)
	}
	c.Debug = f.DebugListen
	return nil
}
