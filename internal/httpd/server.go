// Package httpd is the door of MiniChat for everything but the lab: the HTTP API,
// the socket's requests, files, the page, health and metrics.
package httpd

import (
	"context"
	"encoding/json"
	"io/fs"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"minichat"
	"minichat/internal/auth"
	"minichat/internal/chat"
	"minichat/internal/hub"
	"minichat/internal/protocol"
	"minichat/internal/proxy"
	"minichat/internal/socket"
	"minichat/internal/store"
)

// Options are the parts that a Server speaks for; all are needed unless said.
type Options struct {
	Log    *slog.Logger
	Store  *store.Store
	Auth   *auth.Auth
	Chat   *chat.Chat
	Hub    *hub.Hub
	Socket *socket.Server

	Parts func(http.ResponseWriter, *http.Request) error // takes the bytes of a part of a file, or writes nothing and says why; nil: they go elsewhere
	Page  fs.FS                                          // the page, index.html at its root
	Lab   Lab                                            // nil: no lab

	Bucket string      // scheme://host of the bucket that browsers send files to and fetch them from; "": none
	Files  func() bool // whether the place of the files answers; nil: it is the disk

	Limits   minichat.Limits
	LimitsBy map[string]string // name -> "flag" or "environment"

	Base      string   // BASE of links for people
	PublicURL string   // "" when not set
	Origins   []string // other origins whose pages may call
	TLS       bool     // this server itself speaks https
	Version   string   // "1.2.0"
	Proxies   proxy.Rules
	PingEvery time.Duration // how often clients should ping; 0: as often as the socket does by itself

	Check   func(context.Context) error          // what /readyz asks besides the database; may be nil
	Detail  func(context.Context) map[string]any // what /readyz tells more to those who may see the metrics; may be nil
	Backup  func() map[string]any                // what /readyz tells of backups; nil, or giving nil: nothing
	Metrics *prometheus.Registry
}

// Lab is the classroom's door, which stands before the rules of all others.
type Lab interface {
	Chat(http.ResponseWriter, *http.Request)
	Upload(http.ResponseWriter, *http.Request)
	Root(page http.Handler) http.Handler
}

// Server answers HTTP. Make one with New.
type Server struct {
	o          Options
	handler    http.Handler
	cookie     string // its name
	secure     bool   // browsers reach this server over https
	leaving    atomic.Bool
	page       *page
	metrics    *metrics
	door       *socket.Accept // of the protocol's sockets
	readiness  readiness
	limitsJSON json.RawMessage // as a welcome has them
	proof      []byte          // by which it shows whose server it is
	openapi    func() ([]byte, error)
	docs       func() []byte

	mu    sync.Mutex
	addrs map[string]*places // by client address, see gate.go
}

// readiness keeps the last answer of /readyz for a second, so that asking often
// costs no disk.
type readiness struct {
	mu   sync.Mutex
	at   time.Time
	err  error
	done bool
}

// New returns a Server, ready to serve; it starts nothing.
func New(o Options) (*Server, error) {
	if o.PingEvery == 0 {
		o.PingEvery = socket.PingEvery
	}
	s := &Server{o: o, addrs: map[string]*places{}, limitsJSON: protocol.EncodeLimits(o.Limits)}
	s.secure = o.TLS || isHTTPS(o.PublicURL)
	s.cookie = "minichat"
	if s.secure {
		s.cookie = "__Host-minichat" // browsers refuse the prefix without https
	}
	var err error
	if s.page, err = loadPage(o.Page, o.Bucket); err != nil {
		return nil, err
	}
	s.openapi = sync.OnceValues(func() ([]byte, error) { return describe(o.Version) })
	s.docs = sync.OnceValue(s.readableDocs)
	if s.proof, err = o.Store.Secret(context.Background(), store.ProofSecret); err != nil {
		return nil, err
	}
	s.metrics = newMetrics(o)
	s.registerReady()
	s.door = &socket.Accept{
		Subprotocol: protocol.Subprotocol, ReadLimit: o.Limits.HelloBytes, ReadyWithin: helloWithin,
		Flood: protocol.AppendBye(nil, 4009, "Too many frames in too short a time.", 60_000),
	}
	s.handler = s.build()
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Leave makes /readyz say that the server is about to go.
func (s *Server) Leave() { s.leaving.Store(true) }
