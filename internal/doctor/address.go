package doctor

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"minichat"
	"minichat/internal/store"
)

// answer is what a server said of itself and of the way to it.
type answer struct {
	OK                          bool
	Proof, Client               string
	Forwarded, Believed         bool
	status                      int
	server, contentType, cutOff string
	ours                        bool // it has our database
}

// nobody stands for a visitor that does not exist (RFC 5737).
const nobody = "192.0.2.77"

// client is one that follows nothing and keeps nothing open. It uses no proxy of
// the environment: nobody else is to be asked.
func (v *visit) client(verify bool) *http.Client {
	return &http.Client{
		Timeout:       15 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{DisableKeepAlives: true, TLSClientConfig: v.tls(verify)},
	}
}

func (v *visit) tls(verify bool) *tls.Config {
	if a := v.Config.ACME; a != nil && !verify {
		// The server itself, by its address, shows its certificate only to who knows its name.
		return &tls.Config{ServerName: a.Host, InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}}
	}
	return &tls.Config{RootCAs: v.Roots, InsecureSkipVerify: !verify, NextProtos: []string{"http/1.1"}}
}

// askWho asks the server at base to show whose it is, and claims to be a visitor
// from elsewhere if claim is set.
func (v *visit) askWho(ctx context.Context, base, claim string, verify bool) (*answer, error) {
	nonce := minichat.NewID(22)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/healthz?nonce="+nonce, nil)
	if err != nil {
		return nil, err
	}
	if claim != "" {
		req.Header.Set("X-Forwarded-For", claim)
	}
	asked := time.Now()
	res, err := v.client(verify).Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if verify {
		v.readClock("the public address", res.Header, asked)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, 4<<10))
	if err != nil {
		return nil, err
	}
	a := &answer{status: res.StatusCode, server: res.Header.Get("Server"), contentType: res.Header.Get("Content-Type")}
	if json.Unmarshal(body, a) != nil {
		a.cutOff = strings.TrimSpace(string(body[:min(len(body), 80)]))
	}
	a.ours = v.facts.secret != nil && a.Proof == store.Proof(v.facts.secret, nonce)
	return a, nil
}

// checkAddress tries the address to listen on, or finds our server there.
func checkAddress(ctx context.Context, v *visit) {
	const id = "address.listen"
	listen := v.Config.Listen
	host, port, err := net.SplitHostPort(listen)
	if err != nil || port == "0" {
		v.ok(id, "any free port")
		return
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	switch {
	case err == nil && v.Folder.Held && v.Folder.Base != "":
		v.warn(id, "run the doctor with the settings of the server", "%s is free, but a server runs on this folder: %s", listen, v.Folder.Base)
	case err == nil:
		v.ok(id, "%s is free", listen)
	case errors.Is(err, syscall.EADDRINUSE):
		v.checkHolder(ctx, id, port)
	case errors.Is(err, syscall.EACCES):
		v.fail(id, "AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit, setcap cap_net_bind_service=+ep "+"$(command -v minichat), or --listen :8000 behind a proxy", "the port of %s may not be used by this user", listen)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		v.fail(id, "use an address of this machine (ip addr), or --listen :"+port, "%s is no address of this machine", host)
	default:
		v.fail(id, "use an address of this machine with --listen, such as --listen :8000", "cannot listen on %s: %v", listen, rootOf(err))
	}
	if l != nil {
		l.Close()
	}
}

// checkHolder asks who is at the address that is in use.
func (v *visit) checkHolder(ctx context.Context, id, port string) {
	base := v.server()
	a, err := v.askWho(ctx, base, "", false)
	find := fmt.Sprintf("find it with ss -ltnp 'sport = :%s' and stop it, or use another port with --listen", port)
	switch {
	case err != nil:
		v.fail(id, find, "%s is in use by something that does not answer: %v", base, rootOf(err))
	case a.ours:
		v.ok(id, "our server is at %s", base)
	case a.OK && v.facts.secret == nil:
		v.warn(id, "start the server once more: it shows whose it is from this version on", "a MiniChat is at %s; whose, cannot be told", base)
	case a.OK:
		v.fail(id, find, "the MiniChat at %s is of another database", base)
	default:
		v.fail(id, find, "%s is in use by another program (%d, Server: %s)", base, a.status, firstOf(a.server, "not named"))
	}
}

// server is where what stands in front should send requests.
func (v *visit) server() string {
	at := reachable(v.Config.Listen)
	switch {
	case at == "":
		return "this server"
	case v.Config.TLS():
		return "https://" + at
	}
	return "http://" + at
}

// reachable is an address to connect to for one to listen on; "" when it is any port.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || port == "0" {
		return ""
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
