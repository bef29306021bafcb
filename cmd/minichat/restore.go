package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"minichat/internal/backup"
	"minichat/internal/config"
	"minichat/internal/files"
)

type restoreCommand struct {
	config.Place
	config.Attachments
	Src     string `arg:"" name:"src" help:"Where the backups are: a folder, or s3://BUCKET/PREFIX?region=…."`
	At      string `placeholder:"NAME" help:"Which of them; the newest when left out. minichat backup --list shows the names."`
	Partial bool   `help:"Leave out files that the backup has damaged or not at all, instead of refusing."`
	Take    bool   `name:"take-files" help:"Take over the files at --files from the server that the backup is of, which is gone for good."`
}

// Run brings a backup back into an empty folder.
func (c *restoreCommand) Run(w *world) error {
	cfg, err := c.Place.CheckWith(c.Attachments)
	if err != nil {
		return err
	}
	from, err := config.ParseDestination(c.Src)
	if err != nil {
		return fmt.Errorf("SRC: %w", err)
	}
	if err := refuseFilled(cfg); err != nil {
		return err
	}
	if err := refuseUnmounted(cfg.DatabaseFile(), "/etc/fstab", "/proc/self/mounts"); err != nil {
		return err
	}
	if err := makeFolder(cfg.Data); err != nil {
		return err
	}
	lock, err := lockFolder(w.ctx, cfg.Data)
	if err != nil {
		return err
	}
	defer lock.Close() // it held for as long as this took
	log := slog.New(slog.NewTextHandler(w.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	r, err := c.restoreTo(w.ctx, cfg, whereOf(from), log)
	if err != nil {
		return inWords("restore from "+from.Text, err)
	}
	w.say("Restored the backup %s into %s: %d rooms with %d events, %d files copied, %d were there. Clients will load their rooms anew.", r.Name, cfg.Data, r.Rooms, r.Events, r.Copied, r.There)
	for _, key := range r.Left {
		w.say("The backup does not have the bytes of the file %s.", key)
	}
	return nil
}

func (c *restoreCommand) restoreTo(ctx context.Context, cfg *config.Config, from backup.Where, log *slog.Logger) (*backup.Restored, error) {
	place, at, err := openTarget(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	defer place.Close()
	marked, err := readMarker(cfg.Data)
	if err != nil {
		return nil, err
	}
	r, err := backup.Restore(ctx, from, c.At, backup.Target{
		Database: cfg.DatabaseFile(), Files: place, At: at, Marked: marked,
		Ours: marked != "" && isOwnFolder(cfg), Take: c.Take, Partial: c.Partial, Log: log,
		// A folder with the marker and without the database is never begun anew, also
		// if this is cut off. What was noted before is of the history that was lost.
		Begin: func(database string) error {
			return errors.Join(ignoreAbsent(os.Remove(filepath.Join(cfg.Data, historyName))), writeMarker(cfg.Data, database))
		},
	})
	if err != nil {
		return nil, err
	}
	return r, writeHistory(cfg.Data, history{r.Database, r.Epoch, r.Events})
}

// openTarget opens the place for files before there is a database; the secret of
// a folder is not needed until a server signs with it.
func openTarget(ctx context.Context, cfg *config.Config, log *slog.Logger) (files.Store, backup.Where, error) {
	if cfg.Bucket == nil {
		disk, err := files.OpenDisk(cfg.FilesDir, make([]byte, 32))
		if err != nil {
			return nil, backup.Where{}, fmt.Errorf("the folder for files, %s, cannot be used: %w", cfg.FilesDir, err)
		}
		return disk, backup.Where{Dir: cfg.FilesDir, Text: cfg.FilesDir}, nil
	}
	o := bucketOptions(cfg.Bucket)
	o.Spool, o.Log = filepath.Join(cfg.Data, "spool"), log
	s3, err := files.OpenS3(ctx, *o)
	if err != nil {
		return nil, backup.Where{}, fmt.Errorf("the bucket for files, %s, cannot be used: %w", cfg.Bucket.Name, err)
	}
	return s3, backup.Where{Bucket: o, Text: "s3://" + cfg.Bucket.Name + "/" + cfg.Bucket.Prefix}, nil
}

// refuseFilled lets nothing be restored over what is there. What goes with a
// database that was lost, or with a restore that was cut off, may be there: its
// marker, its files.
func refuseFilled(cfg *config.Config) error {
	for _, side := range []string{"", "-wal", "-shm"} {
		name := cfg.DatabaseFile() + side
		if _, err := os.Lstat(name); err == nil {
			return fmt.Errorf("there is a database already: %s. Use an empty folder with --data, or move the old database away", name)
		}
	}
	entries, err := os.ReadDir(cfg.Data)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the folder %s cannot be read (%w). Use another one with --data", cfg.Data, bare(err))
	}
	ours := []string{lockName, markerName, historyName, "acme", "scratch", "spool", "lost+found", filepath.Base(cfg.FilesDir)}
	older := filepath.Base(cfg.DatabaseFile()) + ".schema-"
	var strange []string
	for _, e := range entries {
		if !slices.Contains(ours, e.Name()) && !strings.HasPrefix(e.Name(), ".unfinished-") && !strings.HasPrefix(e.Name(), older) {
			strange = append(strange, e.Name())
		}
	}
	if len(strange) > 0 {
		return fmt.Errorf("the folder %s is not empty: it has %s. A backup is restored into an empty one; name it with --data", cfg.Data, strings.Join(strange[:min(len(strange), 5)], ", "))
	}
	return nil
}
