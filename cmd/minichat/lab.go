package main

import (
	"context"
	"net/http"

	"minichat/internal/httpd"
	"minichat/internal/lab"
	"minichat/internal/proxy"
)

// openLab opens the classroom's door, or sees to it that it is shut.
func (s *server) openLab(ctx context.Context) (httpd.Lab, error) {
	l, err := lab.New(ctx, lab.Options{
		Room: s.cfg.LabRoom, Store: s.store, Chat: s.chat, Hub: s.hub, Socket: s.socket, Limits: s.cfg.Limits,
		PublicURL: s.cfg.PublicURL, Addr: func(r *http.Request) string { return proxy.Network(httpd.ClientAddr(r)) }, Log: s.log,
	})
	if err != nil || l == nil {
		return nil, err // not a nil *lab.Lab in an interface
	}
	return l, nil
}
