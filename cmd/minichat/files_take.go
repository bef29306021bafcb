package main

import (
	"context"
	"log/slog"

	"minichat/internal/config"
	"minichat/internal/files"
	"minichat/internal/store"
)

type filesTake struct {
	besides
	config.Attachments
}

// Run is for a copy of a database that came back by other means than restore.
func (c *filesTake) Run(w *world) error {
	cfg, err := c.Place.CheckWith(c.Attachments)
	if err != nil {
		return err
	}
	return c.withFiles(w, cfg, func(ctx context.Context, st *store.Store, place *keeper, _ *slog.Logger) error {
		if err := files.Take(ctx, place, files.Owner{Database: st.ID(), Epoch: st.Epoch()}); err != nil {
			return err
		}
		w.say("The files are this database's now. Another copy of it that still runs removes none of them from its next look on.")
		return nil
	})
}
