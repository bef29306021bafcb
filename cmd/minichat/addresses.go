package main

import (
	"net"
	"net/url"
	"strconv"

	"minichat/internal/config"
)

// baseAt puts the port that was really taken into base; :0 takes any.
func baseAt(base string, at net.Addr) string {
	tcp, ok := at.(*net.TCPAddr)
	u, err := url.Parse(base)
	if !ok || err != nil {
		return base
	}
	u.Host = net.JoinHostPort(u.Hostname(), strconv.Itoa(tcp.Port))
	if !tcp.IP.IsUnspecified() && !tcp.IP.IsLoopback() {
		u.Host = tcp.String()
	}
	return u.String()
}

// machineAddresses are the addresses under which others on the network reach a
// server that listens on all of them.
func machineAddresses(cfg *config.Config, at net.Addr) []string {
	tcp, ok := at.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return nil
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil // only a help for people
	}
	scheme := "http://"
	if cfg.TLS() {
		scheme = "https://"
	}
	var found []string
	for _, a := range all {
		ip, ok := a.(*net.IPNet)
		if ok && ip.IP.IsGlobalUnicast() && len(found) < 8 {
			found = append(found, scheme+net.JoinHostPort(ip.IP.String(), strconv.Itoa(tcp.Port)))
		}
	}
	return found
}
