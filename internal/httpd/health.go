package httpd

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"minichat"
)

// serveHealth answers as soon as the server serves: migrations are done by then.
func (s *Server) serveHealth(w http.ResponseWriter, _ *http.Request) { say(w, `{"ok":true}`) }

// serveReady answers 200 only when the database can be written and read, the
// volume is the right one, and the server is not about to go.
func (s *Server) serveReady(w http.ResponseWriter, r *http.Request) {
	if err := s.ready(r.Context()); err != nil {
		logFault(s.o.Log, r, err)
		e := minichat.Errorf(minichat.StoreUnavailable, "Not ready: %s", public(err).Message)
		e.RetryMS = 1000
		writeProblem(w, e)
		return
	}
	// Neither is a reason to send people away: the chat goes on.
	detail := map[string]any{"ready": true, "files": "ok"}
	if s.o.Files != nil && !s.o.Files() {
		detail["files"] = "unavailable"
	}
	if s.o.Backup != nil {
		if b := s.o.Backup(); b != nil {
			detail["backup"] = b
		}
	}
	b, err := json.Marshal(detail)
	if err != nil {
		writeProblem(w, err)
		return
	}
	say(w, string(b))
}

func (s *Server) ready(ctx context.Context) error {
	if s.leaving.Load() {
		return minichat.Errorf(minichat.StoreUnavailable, "The server is about to stop.")
	}
	s.readiness.mu.Lock()
	defer s.readiness.mu.Unlock()
	if s.readiness.done && time.Since(s.readiness.at) < time.Second {
		return s.readiness.err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := s.o.Store.Ping(ctx)
	if err == nil && s.o.Check != nil {
		err = s.o.Check(ctx)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = &minichat.Error{Code: minichat.StoreUnavailable, Message: "The database does not answer in time.", Err: err}
	}
	s.readiness.at, s.readiness.err, s.readiness.done = time.Now(), err, true
	return err
}

func say(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store, private")
	w.Write([]byte(body + "\n")) // a client that is gone cannot be told
}

// serveMetrics is for a program on this machine that speaks to us itself, and
// for admins. What a proxy on this machine passes on comes from elsewhere.
func (s *Server) serveMetrics(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store, private")
	if err := s.mayMeasure(r); err != nil {
		logFault(s.o.Log, r, err)
		writeProblem(w, err)
		return
	}
	promhttp.HandlerFor(s.o.Metrics, promhttp.HandlerOpts{DisableCompression: true}).ServeHTTP(w, r)
}

func (s *Server) mayMeasure(r *http.Request) error {
	proxied := false
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		proxied = proxied || r.Header.Get(name) != ""
	}
	if isLoopback(ClientAddr(r)) && isLoopback(hostOnly(r.Host)) && !proxied && r.Header.Get("Origin") == "" {
		return nil
	}
	if r.Header.Get("Authorization") == "" {
		return errUnauthenticated()
	}
	who, err := s.identify(r, unnamed)
	if err != nil {
		return err
	}
	return minichat.Can(who.User, minichat.ViewServer, minichat.Subject{})
}
