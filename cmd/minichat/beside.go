package main

import (
	"context"
	"errors"
	"log/slog"

	"minichat"
	"minichat/internal/auth"
	"minichat/internal/bus"
	"minichat/internal/config"
	"minichat/internal/store"
)

// besides are the settings of the commands that work on the data folder, also
// beside a running server.
type besides struct {
	config.Place
}

// withAuth opens the database for one command and closes it again. A new folder
// is set up as a first start would.
func (b besides) withAuth(w *world, do func(ctx context.Context, a *auth.Auth) error) error {
	cfg, err := b.Check(config.Address{Listen: ":8000"})
	if err != nil {
		return err
	}
	return b.withStore(w, cfg, func(ctx context.Context, st *store.Store, log *slog.Logger) (err error) {
		line := bus.Memory()
		defer line.Close()
		a := auth.New(st, line, auth.Options{Limits: minichat.DefaultLimits(), Log: log, Hashes: 1})
		defer func() { err = errors.Join(err, a.Close()) }()
		return do(ctx, a)
	})
}

func (b besides) withStore(w *world, cfg *config.Config, do func(context.Context, *store.Store, *slog.Logger) error) (err error) {
	if err := makeFolder(cfg.Data); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(w.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	// The lock is held while the database is made or migrated; a running server has done that.
	lock, lockErr := tryLock(cfg.Data)
	st, err := openStore(w.ctx, cfg, lockErr == nil, log, nil)
	if lockErr == nil {
		err = errors.Join(err, lock.Close())
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	return do(w.ctx, st, log)
}

// withFiles opens the place of the files too.
func (b besides) withFiles(w *world, cfg *config.Config, do func(context.Context, *store.Store, *keeper, *slog.Logger) error) error {
	return b.withStore(w, cfg, func(ctx context.Context, st *store.Store, log *slog.Logger) error {
		place, err := openFiles(ctx, cfg, st, log)
		if err != nil {
			return err
		}
		defer place.Close()
		return do(ctx, st, place, log)
	})
}
