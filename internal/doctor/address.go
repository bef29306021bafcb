package doctor

import (
	"net"
	"strings"
)

// answer is what a server said of itself.
type answer struct{}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
