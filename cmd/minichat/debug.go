package main

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"minichat/internal/config"
)

// serveDebug shows Go's profiles at an address that only this machine reaches,
// until it is closed. They never stand beside the API.
func serveDebug(cfg *config.Config, log *slog.Logger) (io.Closer, error) {
	l, err := net.Listen("tcp", cfg.Debug)
	if err != nil {
		return nil, fmt.Errorf("--debug-listen (MINICHAT_DEBUG_LISTEN): cannot listen on %s (%w). Use a free port, such as 127.0.0.1:6061, or leave it out", cfg.Debug, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	s := &http.Server{Handler: notFromPages(mux), ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	go s.Serve(l) // ends with Close
	log.Info("profiles can be seen", "at", "http://"+l.Addr().String()+"/debug/pprof/")
	return s, nil
}

// notFromPages keeps out web pages that a browser on this machine has open, also
// those that gave loopback a name of their own.
func notFromPages(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		ip := net.ParseIP(host)
		site := r.Header.Get("Sec-Fetch-Site")
		if ip == nil && host != "localhost" || ip != nil && !ip.IsLoopback() || r.Header.Get("Origin") != "" || site == "cross-site" || site == "same-site" {
			http.Error(w, "profiles are for programs on this machine", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
