package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"minichat"
	"minichat/internal/backup"
	"minichat/internal/files"
)

// chores are what a server does by itself beside the chat: marking what is its,
// noting how far its history has come, and backups.
type chores struct {
	stop    context.CancelFunc
	done    sync.WaitGroup
	backups *backup.Schedule // nil: none
}

func (s *server) startChores() *chores {
	ctx, stop := context.WithCancel(context.Background())
	c := &chores{stop: stop}
	c.done.Go(func() { noteHistory(ctx, s.cfg.Data, s.store, s.log) })
	c.done.Go(func() { s.markFiles(ctx) })
	if s.cfg.Backup == nil {
		return c
	}
	c.backups = &backup.Schedule{Source: sourceOf(s.cfg, s.store, s.files, s.log), To: whereOf(s.cfg.Backup), Every: s.cfg.BackupEvery, Keep: s.cfg.BackupKeep}
	registerBackups(s.metrics, c.backups)
	clearScratch(scratchFolder(s.cfg))
	c.done.Go(func() { c.backups.Run(ctx) })
	return c
}

// markFiles marks the place of the files at once, so that a restore knows whose
// they are. A place that does not answer is marked by the sweep. What another
// copy of the database has is left to it, and the chat goes on.
func (s *server) markFiles(ctx context.Context) {
	err := files.Own(ctx, s.files, files.Owner{Database: s.store.ID(), Epoch: s.store.Epoch()})
	if minichat.CodeOf(err) == minichat.Conflict {
		s.log.Error("the place of the files is not this database's", "err", err)
	}
}

// close ends them; a backup that is being made is given up.
func (c *chores) close() error {
	c.stop()
	c.done.Wait()
	return nil
}

// clearScratch removes what was left a day ago or longer by a process that was killed.
func clearScratch(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // it is not there
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && strings.HasPrefix(e.Name(), ".unfinished-") && time.Since(info.ModTime()) > 24*time.Hour {
			os.RemoveAll(filepath.Join(dir, e.Name())) // tried again at the next start
		}
	}
}

func registerBackups(to *prometheus.Registry, s *backup.Schedule) {
	gauge := func(name, help string, read func(backup.Status) float64) {
		to.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return read(s.Status()) }))
	}
	gauge("minichat_backup_last_success_timestamp_seconds", "When the newest backup was taken; 0: there is none.", func(s backup.Status) float64 { return seconds(s.LastSuccess) })
	gauge("minichat_backup_last_proven_timestamp_seconds", "When a backup was last restored for a trial; 0: never.", func(s backup.Status) float64 { return seconds(s.LastProven) })
	gauge("minichat_backup_last_duration_seconds", "How long the newest backup took.", func(s backup.Status) float64 { return s.Took.Seconds() })
	gauge("minichat_backup_last_size_bytes", "Bytes of the database and the files in the newest backup.", func(s backup.Status) float64 { return float64(s.Bytes) })
	gauge("minichat_backup_failing", "1 while the last try to make and prove a backup has failed.", func(s backup.Status) float64 {
		if s.Failing {
			return 1
		}
		return 0
	})
	to.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "minichat_backup_failures_total", Help: "Tries to make and prove a backup that have failed."},
		func() float64 { return float64(s.Status().Failures) }))
}

func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

// backupDetail is what /readyz tells of the backups; nil: the server makes none.
func (s *server) backupDetail() map[string]any {
	if s.chores == nil || s.chores.backups == nil {
		return nil
	}
	st := s.chores.backups.Status()
	detail := map[string]any{"state": "ok"}
	switch {
	case st.Failing:
		detail["state"] = "failing"
	case st.LastSuccess.IsZero():
		detail["state"] = "none yet"
	}
	for name, at := range map[string]time.Time{"last": st.LastSuccess, "last_proven": st.LastProven} {
		if !at.IsZero() {
			detail[name] = at.UTC().Format(time.RFC3339)
		}
	}
	return detail
}
