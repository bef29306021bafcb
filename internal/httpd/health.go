package httpd

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"minichat"
	"minichat/internal/store"
)

// wayIn is what the server makes of a request, for whoever looks whether the way
// to it is in order.
type wayIn struct {
	OK        bool   `json:"ok"`
	Proof     string `json:"proof"`     // that it has the same database as who asks
	Client    string `json:"client"`    // the visitor's address
	Forwarded bool   `json:"forwarded"` // a proxy named the visitor
	Believed  bool   `json:"believed"`  // and its word counted
}

// serveHealth answers as soon as the server serves: migrations are done by then.
// Asked with a nonce it says more, but nothing that the asker may not know.
func (s *Server) serveHealth(w http.ResponseWriter, r *http.Request) {
	nonce := r.URL.Query().Get("nonce")
	if nonce == "" {
		say(w, `{"ok":true}`)
		return
	}
	if len(nonce) > 64 {
		writeProblem(w, minichat.FieldError(minichat.BadField, "nonce", "A nonce has at most 64 characters."))
		return
	}
	said := wayIn{OK: true, Proof: store.Proof(s.proof, nonce), Client: ClientAddr(r)}
	for _, hops := range r.Header.Values("X-Forwarded-For") {
		said.Forwarded = true
		for hop := range strings.SplitSeq(hops, ",") {
			said.Believed = said.Believed || hostOnly(strings.TrimSpace(hop)) == said.Client
		}
	}
	b, err := json.Marshal(said)
	if err != nil {
		writeProblem(w, err)
		return
	}
	say(w, string(b))
}

// serveReady answers 200 only when the database can be written and read, the
// volume is the right one, and the server is not about to go.
func (s *Server) serveReady(w http.ResponseWriter, r *http.Request) {
	if err := s.ready(r.Context()); err != nil {
		s.fault(r, err)
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
	if s.o.Detail != nil && s.mayMeasure(r) == nil {
		maps.Copy(detail, s.o.Detail(r.Context()))
	}
	b, err := json.Marshal(detail)
	if err != nil {
		writeProblem(w, err)
		return
	}
	say(w, string(b))
}

// registerReady lets who reads the metrics see what /readyz would say.
func (s *Server) registerReady() {
	if s.o.Metrics == nil {
		return
	}
	s.o.Metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "minichat_ready", Help: "1 while /readyz answers 200: the database was just written and read, and the volume is the right one."}, func() float64 {
		if s.ready(context.Background()) != nil {
			return 0
		}
		return 1
	}))
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
		s.fault(r, err)
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
