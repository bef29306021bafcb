package main

import (
	"context"
	"fmt"
	"log/slog"
	"text/tabwriter"
	"time"

	"minichat"
	"minichat/internal/chat"
	"minichat/internal/config"
	"minichat/internal/store"
)

type filesWords struct {
	Check filesCheck `cmd:"" help:"Hold the place where files are kept against the database: what is left over, what is missing."`
	Take  filesTake  `cmd:"" help:"Make the place where files are kept this database's, after the server that had it is gone for good."`
}

type filesCheck struct {
	besides
	config.Attachments
	Fix bool `help:"Remove what is left over, instead of only listing it."`
}

// Run lists on standard output what is wrong, with its size. Files that are
// missing make it fail.
func (c *filesCheck) Run(w *world) error {
	cfg, err := c.Place.CheckWith(c.Attachments)
	if err != nil {
		return err
	}
	return c.withFiles(w, cfg, func(ctx context.Context, st *store.Store, place *keeper, _ *slog.Logger) error {
		// What is younger may be on its way.
		older := time.Now().Add(-time.Duration(minichat.DefaultLimits().UploadTTLSeconds) * time.Second)
		report, err := chat.CheckFiles(ctx, st, place, older, c.Fix)
		if err := c.print(w, report); err != nil {
			return err
		}
		if err != nil {
			return err
		}
		if n := len(report.Missing); n > 0 {
			return fmt.Errorf("the bytes of %d files are missing or cut. Restore them from a backup, under their keys", n)
		}
		return nil
	})
}

func (c *filesCheck) print(w *world, r chat.FilesReport) error {
	t := tabwriter.NewWriter(w.stdout, 0, 0, 2, ' ', 0)
	for _, f := range r.Left {
		kind := "orphan"
		if f.Upload != "" {
			kind = "unfinished"
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\n", kind, f.Size, f.At.UTC().Format(time.RFC3339), f.Key)
	}
	for _, f := range r.Missing {
		fmt.Fprintf(t, "missing\t%d\t%s\t%s\n", f.Size, time.UnixMilli(f.CreatedAt).UTC().Format(time.RFC3339), f.Key)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	w.say("%d files with %d bytes are in order.", r.Files, r.Bytes)
	if r.Deleted > 0 {
		w.say("%d files of deleted messages, %d bytes, can be read by nobody and stay until file_grace_s is over.", r.Deleted, r.DeletedBytes)
	}
	switch {
	case len(r.Left) > 0 && c.Fix:
		w.say("Removed %d that nobody will ask for again, %d bytes.", len(r.Left), r.LeftBytes())
	case len(r.Left) > 0:
		w.say("%d may go, %d bytes: nobody will ask for them again. To remove them: minichat files check --fix", len(r.Left), r.LeftBytes())
	}
	return nil
}
