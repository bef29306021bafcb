package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"minichat"
	"minichat/internal/auth"
	"minichat/internal/bus"
	"minichat/internal/chat"
	"minichat/internal/config"
	"minichat/internal/httpd"
	"minichat/internal/hub"
	"minichat/internal/memory"
	"minichat/internal/proxy"
	"minichat/internal/socket"
	"minichat/internal/store"
	"minichat/internal/systemd"
	"minichat/web"
)

// The bounds of a stop, beside --drain: together below the 30 s that service
// managers give.
const (
	leaveWithin    = 2 * time.Second // the last, after they were bid goodbye
	requestsWithin = 5 * time.Second
)

// server is all parts of a running MiniChat, in the order in which they begin.
type server struct {
	cfg    *config.Config
	log    *slog.Logger
	base   string // what links for people begin with
	store  *store.Store
	bus    bus.Bus
	auth   *auth.Auth
	files  *keeper
	chat   *chat.Chat
	memory *memory.Keeper
	socket *socket.Server
	hub    *hub.Hub
	lab    httpd.Lab // nil: off
	http   *httpd.Server
	chores *chores

	metrics *prometheus.Registry
	fatal   chan error // the disk cannot be trusted any more
}

// assemble makes the parts by hand, from the ground up. On an error what was
// begun is closed again.
func assemble(ctx context.Context, cfg *config.Config, base string, log *slog.Logger) (_ *server, err error) {
	s := &server{cfg: cfg, log: log, base: base, metrics: prometheus.NewRegistry(), fatal: make(chan error, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.store, err = openStore(ctx, cfg, true, log, s.die); err != nil {
		return nil, err
	}
	if s.files, err = openFiles(ctx, cfg, s.store, log); err != nil {
		return nil, err
	}
	if s.files.origin != "" {
		log.Info("files are in a bucket", "bucket", cfg.Bucket.Name, "origin", s.files.origin)
	}
	s.bus = bus.Memory()
	s.auth = auth.New(s.store, s.bus, auth.Options{Limits: cfg.Limits, Log: log})
	if s.chat, err = chat.New(s.store, s.files, s.bus, cfg.Limits, chat.Options{Log: log}); err != nil {
		return nil, err
	}
	s.memory = memory.Keep(s.store.Rest)
	s.socket = socket.New(socket.Options{Log: log, Full: s.memory.Full, PingEvery: cfg.PingEvery})
	s.hub = hub.New(hub.Options{
		Log: log, Limits: cfg.Limits, Bus: s.bus, Spread: cfg.Drain,
		Epoch: s.store.Epoch, EventID: s.store.GetEventID, Feed: s.chat.Feed, Room: s.chat.ReadableRoom, Judge: s.chat.MayWatch, Announced: s.store.Announced,
	})
	if s.lab, err = s.openLab(ctx); err != nil {
		return nil, err
	}
	if s.http, err = s.newHTTP(); err != nil {
		return nil, err
	}
	s.registerOwn()
	s.store.OnForeignChange(s.foreignChange)
	s.chores = s.startChores()
	return s, nil
}

func (s *server) newHTTP() (*httpd.Server, error) {
	return httpd.New(httpd.Options{
		Log: s.log, Store: s.store, Auth: s.auth, Chat: s.chat, Hub: s.hub, Socket: s.socket,
		Parts: s.files.parts, Bucket: s.files.origin, Files: s.files.available, Page: web.Files, Limits: s.cfg.Limits, LimitsBy: s.cfg.LimitsBy,
		Base: s.base, PublicURL: s.cfg.PublicURL, Origins: s.cfg.Origins, TLS: s.cfg.TLS(),
		Proxies: proxy.Rules{Trusted: s.cfg.Proxies.Trusted, Secrets: s.cfg.Proxies.Verify}, PingEvery: s.cfg.PingEvery,
		Version: versionName(), Check: s.checkVolume, Detail: s.detail, Backup: s.backupDetail, Metrics: s.metrics, Lab: s.lab,
	})
}

// checkVolume holds the marker against the database, for /readyz.
func (s *server) checkVolume(context.Context) error {
	marked, err := readMarker(s.cfg.Data)
	if err == nil && marked != s.store.ID() {
		err = fmt.Errorf("the marker in %s is of %q, not of this database", s.cfg.Data, marked)
	}
	if err != nil {
		return &minichat.Error{Code: minichat.StoreUnavailable, Message: "The volume of the data is not there.", Err: err}
	}
	return nil
}

// foreignChange follows what a command beside this server did to the database.
func (s *server) foreignChange() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.http.Recheck(ctx); err != nil {
		s.log.Error("re-read users and sessions", "err", err)
	}
	heads, err := s.store.Heads(ctx)
	if err != nil {
		s.log.Error("re-read the rooms", "err", err)
		return
	}
	s.hub.Sweep(ctx, heads)
}

// die is called when a failed fsync has made the outcome of writes unknowable:
// only a new start, which reads the disk again, can be believed.
func (s *server) die(err error) {
	select {
	case s.fatal <- err:
	default: // it is dying already
	}
}

// run serves at d until the context ends or something breaks, then parts in peace.
func (s *server) run(w *world, d *door) error {
	served := d.serve(s.http, s.socket, s.cfg.PublicURL)
	defer d.close() // what is still open then is nobody's any more
	if err := s.greet(w, d.main.Addr()); err != nil {
		return errors.Join(err, d.close(), s.close())
	}
	manager := systemd.FromEnv(w.getenv)
	defer s.report(w.ctx, manager)()
	defer s.obey(w, manager, d.reload)()
	select {
	case <-w.ctx.Done():
		s.tell(manager.Stopping("saying goodbye"))
		return s.part(d)
	case err := <-served:
		return errors.Join(fmt.Errorf("serve: %w", err), s.close())
	case err := <-s.fatal:
		s.log.Error("the disk failed; stopping, nothing more is acknowledged", "err", err)
		d.close() // the connections end with it; what they asked for was not acknowledged
		return fmt.Errorf("the disk failed: %w. Look after it, then start again", err)
	}
}

// part says goodbye to everybody, waits for what is being answered, and closes
// the parts from the top down.
func (s *server) part(d *door) error {
	s.log.Info("stopping; a second signal stops at once")
	s.http.Leave()
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.Drain+leaveWithin)
	defer cancel()
	s.hub.Drain(ctx, "The server restarts.")
	ctx, cancel = context.WithTimeout(context.Background(), requestsWithin)
	defer cancel()
	return errors.Join(d.shut(ctx), s.close())
}

// close ends the parts that were begun, the last first.
func (s *server) close() error {
	var errs []error
	end := func(began bool, close func() error) {
		if began {
			errs = append(errs, close())
		}
	}
	end(s.chores != nil, func() error { return s.chores.close() })
	end(s.socket != nil, func() error { return s.socket.Close() })
	end(s.memory != nil, func() error { return s.memory.Close() })
	end(s.hub != nil, func() error { return s.hub.Close() })
	end(s.chat != nil, func() error { return s.chat.Close() })
	end(s.auth != nil, func() error { return s.auth.Close() })
	end(s.bus != nil, func() error { return s.bus.Close() })
	end(s.files != nil, func() error { return s.files.Close() })
	end(s.store != nil, func() error { return s.store.Close() })
	return errors.Join(errs...)
}

// greet tells the person at the terminal where to go; until there is an owner,
// with the link that makes one.
func (s *server) greet(w *world, at net.Addr) error {
	setup, err := s.auth.SetupToken(w.ctx)
	if err != nil {
		return fmt.Errorf("make the setup link: %w", err)
	}
	if limit, ok := s.memory.Limit(); ok {
		s.log.Info("memory is limited", "bytes", limit)
	}
	w.say("MiniChat %s is at %s", versionName(), s.base)
	for _, other := range machineAddresses(s.cfg, at) {
		w.say("also at %s", other)
	}
	if setup != "" {
		w.say("Nobody owns it yet. Open this link to become the owner: %s/#setup=%s", s.base, setup)
	}
	return nil
}
