package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"minichat/internal/backup"
	"minichat/internal/config"
	"minichat/internal/files"
	"minichat/internal/store"
)

type backupCommand struct {
	besides
	config.Attachments
	Dest  string `arg:"" name:"dest" help:"A folder, or s3://BUCKET/PREFIX?region=…&endpoint=…&path_style=true."`
	Keep  int    `default:"0" placeholder:"N" help:"Remove older backups there but the newest N, and but the newest N of the proven ones; 0 removes none (${default})."`
	Prove bool   `help:"Restore it for a trial before any older one is removed, and copy anew what is damaged there."`
	Dry   bool   `name:"dry-run" help:"Say what would be copied and removed, and do nothing."`
	List  bool   `help:"List the backups that are there, instead of making one."`
}

// Run makes a backup, also beside a running server. Its name goes to standard output.
func (c *backupCommand) Run(w *world) error {
	cfg, err := c.Place.CheckWith(c.Attachments)
	if err != nil {
		return err
	}
	dest, err := config.ParseDestination(c.Dest)
	if err == nil {
		err = dest.Outside(cfg)
	}
	if err != nil {
		return fmt.Errorf("DEST: %w", err)
	}
	if c.Keep < 0 {
		return fmt.Errorf("--keep: %d is less than none; use the number of backups that stay, or 0 for all", c.Keep)
	}
	if c.List {
		return listBackups(w, whereOf(dest))
	}
	if _, err := os.Stat(cfg.DatabaseFile()); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no database at %s to back up. Name its folder with --data", cfg.DatabaseFile())
	}
	return c.withFiles(w, cfg, func(ctx context.Context, st *store.Store, place *keeper, log *slog.Logger) error {
		if c.Dry {
			return planBackup(ctx, w, sourceOf(cfg, st, place, log), whereOf(dest), c.Keep, c.Prove)
		}
		result, err := backup.Run(ctx, sourceOf(cfg, st, place, log), whereOf(dest), c.Keep, c.Prove)
		if result != nil {
			printBackup(w, result, dest.Text)
		}
		if err != nil {
			return inWords("the backup to "+dest.Text+" failed", err)
		}
		return nil
	})
}

// inWords is an error for the person at the terminal. It keeps what was attempted
// beside the words that somebody who chats would get, and their cause.
func inWords(what string, err error) error { return fmt.Errorf("%s: %v", what, err) }

func printBackup(w *world, r *backup.Result, to string) {
	fmt.Fprintln(w.stdout, r.Name)
	w.say("Backed up to %s: %d rooms, %d files with %d bytes, of which %d files with %d bytes were copied now.", to, len(r.Heads), r.Files, r.Bytes, r.Copied, r.CopiedBytes)
	if n := len(r.Missing); n > 0 {
		w.say("The bytes of %d files are missing or damaged here too and could not be backed up: minichat verify --json names them.", n)
	}
	if r.Proof != nil {
		w.say("It was restored for a trial, and is whole.")
	}
	for _, name := range r.Removed {
		w.say("Removed the older backup %s.", name)
	}
}

func planBackup(ctx context.Context, w *world, src backup.Source, to backup.Where, keep int, prove bool) error {
	p, err := backup.DryRun(ctx, src, to, keep, prove)
	if err != nil {
		return inWords("look at "+to.Text, err)
	}
	w.say("A backup to %s would copy the database with %d bytes and %d files with %d bytes.", to.Text, p.Database, p.Copy, p.CopyBytes)
	for _, name := range p.Remove {
		w.say("It would remove the older backup %s.", name)
	}
	return nil
}

func listBackups(w *world, from backup.Where) error {
	all, err := backup.List(w.ctx, from)
	if err != nil {
		return inWords("look at "+from.Text, err)
	}
	t := tabwriter.NewWriter(w.stdout, 0, 0, 2, ' ', 0)
	for _, l := range all {
		proven := "not proven"
		if l.Proven != nil {
			proven = "proven " + l.Proven.ProvenAt.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(t, "%s\t%d rooms\t%d files\t%d bytes\t%s\n", l.Name, len(l.Heads), l.Files, l.Bytes, proven)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	w.say("%d backups at %s.", len(all), from.Text)
	return nil
}

// whereOf is the place that a setting names.
func whereOf(d *config.Destination) backup.Where {
	where := backup.Where{Dir: d.Dir, Text: d.Text}
	if d.Bucket != nil {
		where.Bucket = bucketOptions(d.Bucket)
	}
	return where
}

func bucketOptions(b *config.Bucket) *files.S3Options {
	return &files.S3Options{Bucket: b.Name, Prefix: b.Prefix, Region: b.Region, Endpoint: b.Endpoint, PathStyle: b.PathStyle}
}

func sourceOf(cfg *config.Config, st *store.Store, place *keeper, log *slog.Logger) backup.Source {
	return backup.Source{Store: st, Files: place, Scratch: scratchFolder(cfg), Version: versionName(), Log: log}
}

// scratchFolder is on the disk that is sized for the data.
func scratchFolder(cfg *config.Config) string { return filepath.Join(cfg.Data, "scratch") }
