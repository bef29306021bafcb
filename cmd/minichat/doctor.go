package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"minichat"
	"minichat/internal/auth"
	"minichat/internal/backup"
	"minichat/internal/config"
	"minichat/internal/doctor"
	"minichat/internal/osfile"
)

type doctorCommand struct {
	config.Flags
	Idle time.Duration `default:"3s" placeholder:"TIME" help:"For how long a socket through the public URL is left silent (${default}); 65s finds proxies that close what is quiet."`
	JSON bool          `help:"Print one JSON object, for programs, instead of a line for each finding."`

	roots *x509.CertPool // whom tests believe
}

// report is what --json prints.
type report struct {
	Version  string           `json:"version"`
	Warnings int              `json:"warnings"`
	Failing  int              `json:"failing"`
	Findings []doctor.Finding `json:"findings"`
}

var errUnwell = errors.New("something is failing; each such line says how to mend it")

// Run looks at everything that a server with these settings stands on. It fails
// when something is failing; warnings alone do not.
func (c *doctorCommand) Run(w *world) error {
	if c.Idle < 0 || c.Idle > 10*time.Minute {
		return errors.New("--idle is a time up to 10m, such as 65s")
	}
	r := report{Version: versionName(), Findings: []doctor.Finding{}}
	tell := func(f doctor.Finding) {
		r.count(f)
		if !c.JSON {
			printFinding(w, f)
		}
	}
	cfg, err := c.Flags.Check(w.getenv)
	if err != nil {
		tell(doctor.Finding{ID: "settings", Status: doctor.Failing, Seen: err.Error(), Mend: "docs/configuration.md explains every setting"})
	} else {
		tell(doctor.Finding{ID: "settings", Status: doctor.OK, Seen: "every setting can be used"})
		doctor.Run(w.ctx, doctor.Options{
			Config: cfg, Folder: lookAtFolder(cfg.Data), Idle: c.Idle, Roots: c.roots, Tell: tell,
			Backups: func(ctx context.Context) (time.Time, error) { return newestBackup(ctx, cfg) },
			Token:   func(context.Context) (string, func() error, error) { return c.borrowToken(w) },
		})
	}
	if err := w.ctx.Err(); err != nil {
		return errors.New("broken off")
	}
	if c.JSON {
		b, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return err
		}
		fmt.Fprintln(w.stdout, string(b))
	} else {
		fmt.Fprintf(w.stdout, "%d in order, %d warnings, %d failing\n", len(r.Findings)-r.Warnings-r.Failing, r.Warnings, r.Failing)
	}
	if r.Failing > 0 {
		return errUnwell
	}
	return nil
}

func (r *report) count(f doctor.Finding) {
	r.Findings = append(r.Findings, f)
	switch f.Status {
	case doctor.Warning:
		r.Warnings++
	case doctor.Failing:
		r.Failing++
	}
}

// printFinding writes one line: what is wrong stands out by its first word.
func printFinding(w *world, f doctor.Finding) {
	text := fmt.Sprintf("%-8s %-22s %s", f.Status, f.ID, f.Seen)
	if f.Mend != "" {
		text += ". To mend it: " + f.Mend
	}
	fmt.Fprintln(w.stdout, text)
}

func newestBackup(ctx context.Context, cfg *config.Config) (time.Time, error) {
	all, err := backup.List(ctx, whereOf(cfg.Backup))
	if err != nil || len(all) == 0 {
		return time.Time{}, err
	}
	return all[len(all)-1].TakenAt, nil
}

// borrowToken makes a token of an owner, for a socket that stays longer than one
// may without; the function that it returns ends it again.
func (c *doctorCommand) borrowToken(w *world) (secret string, end func() error, err error) {
	place := besides{c.Place}
	err = place.withAuth(w, func(ctx context.Context, a *auth.Auth) error {
		people, err := a.ListUsers(ctx)
		if err != nil {
			return err
		}
		for _, u := range people {
			if u.Role == minichat.Owner && !u.Disabled {
				secret, err = a.AddToken(ctx, u.Handle, "minichat doctor")
				return err
			}
		}
		return errors.New("nobody owns this server yet")
	})
	end = func() error {
		kept := *w
		kept.ctx = context.WithoutCancel(w.ctx) // also when the visit was broken off
		return place.withAuth(&kept, func(ctx context.Context, a *auth.Auth) error {
			me, err := a.ByToken(ctx, secret)
			if err != nil {
				return err
			}
			return a.EndToken(ctx, me, me.Session)
		})
	}
	return secret, end, err
}

// lookAtFolder reads the lock and the marker, and takes neither.
func lookAtFolder(dir string) doctor.Folder {
	f := doctor.Folder{Held: isHeld(dir)}
	f.Marked, f.MarkErr = readMarker(dir)
	f.PID, f.Base = readHolder(dir)
	return f
}

// isHeld tries the lock for a moment, shared, and never makes it. Whoever wants
// it then waits for longer than that.
func isHeld(dir string) bool {
	f, err := os.Open(filepath.Join(dir, lockName))
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(osfile.LockShared(f), osfile.ErrHeld)
}
