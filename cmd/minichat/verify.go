package main

import (
	"encoding/json"
	"fmt"
	"time"

	"minichat/internal/backup"
	"minichat/internal/config"
)

type verifyCommand struct {
	Src   string `arg:"" name:"src" help:"Where the backups are: a folder, or s3://BUCKET/PREFIX?region=…."`
	At    string `placeholder:"NAME" help:"Which of them; the newest when left out. minichat backup --list shows the names."`
	Quick bool   `help:"Do not read the bytes of files: look only whether they are there, with their lengths."`
	JSON  bool   `name:"json" help:"Print the result as JSON."`
}

// Run holds a backup against its own words; one that is not whole makes it fail.
func (c *verifyCommand) Run(w *world) error {
	from, err := config.ParseDestination(c.Src)
	if err != nil {
		return fmt.Errorf("SRC: %w", err)
	}
	r, err := backup.Verify(w.ctx, whereOf(from), c.At, "", c.Quick)
	if err != nil {
		return inWords("verify the backup at "+from.Text, err)
	}
	if c.JSON {
		enc := json.NewEncoder(w.stdout)
		enc.SetIndent("", "  ")
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	for _, fault := range r.Faults {
		w.say("%s", fault)
	}
	if n := len(r.Missing); n > 0 {
		w.say("%d files were lost already when the backup was taken.", n)
	}
	if !r.Whole() {
		return fmt.Errorf("the backup %s is damaged (faults: %d). Use another one", r.Name, len(r.Faults))
	}
	w.say("The backup %s is whole: of %s, %d rooms with %d events, %d files with %d bytes.", r.Name, r.TakenAt.UTC().Format(time.RFC3339), r.Rooms, r.Events, r.Files, r.Bytes)
	return nil
}
