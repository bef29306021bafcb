package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"minichat/internal/config"
	"minichat/internal/osfile"
	"minichat/internal/store"
)

const (
	lockName   = "minichat.lock"
	markerName = ".minichat-volume"
)

// makeFolder makes the data folder, for its owner alone, and tries to write in it.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("the folder %s cannot be made (%w). Make it yourself, or use another one with --data", dir, bare(err))
	}
	f, err := os.CreateTemp(dir, ".try-*")
	if err != nil {
		return fmt.Errorf("the folder %s cannot be written to (%w). Make it yours with chown, or use another one with --data", dir, bare(err))
	}
	name := f.Name()
	return errors.Join(f.Close(), os.Remove(name))
}

// lockFolder keeps a second server out of the folder for as long as the process
// lives or until the file is closed. A command that holds the lock for a moment
// is waited for.
func lockFolder(ctx context.Context, dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of %s: %w", dir, err)
	}
	for range 20 {
		if err = osfile.Lock(f); !errors.Is(err, osfile.ErrHeld) {
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	if err == nil {
		if err = writeHolder(f, ""); err == nil {
			return f, nil
		}
		return nil, errors.Join(fmt.Errorf("write the lock of %s: %w", dir, err), f.Close())
	}
	holder := "another process"
	if pid, _ := readHolder(dir); pid != "" {
		holder = "process " + pid
	}
	f.Close() // the lock is not ours; nothing was written
	if errors.Is(err, osfile.ErrHeld) {
		return nil, fmt.Errorf("the folder %s is in use by MiniChat, %s. Stop it first, or use another folder with --data", dir, holder)
	}
	return nil, fmt.Errorf("the folder %s cannot be locked (%w). It must be on a disk of this machine", dir, err)
}

// tryLock takes the lock of a folder for a moment, or fails at once.
func tryLock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := osfile.Lock(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// writeHolder notes in a held lock whose it is: the process, and where it serves.
func writeHolder(f *os.File, base string) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt(fmt.Appendf(nil, "%d\n%s\n", os.Getpid(), base), 0)
	return err
}

// readHolder returns what the latest holder noted, as far as it did.
func readHolder(dir string) (pid, base string) {
	b, err := os.ReadFile(filepath.Join(dir, lockName))
	if err != nil {
		return "", ""
	}
	pid, base, _ = strings.Cut(strings.TrimSpace(string(b)), "\n")
	return pid, base
}

// openStore opens the database and holds it against the marker of the volume:
// a folder that lost its disk, or got another one, is refused instead of being
// filled with a new, empty history. Only who has the folder's lock begins another
// epoch: beside a running server it is that one's to judge.
func openStore(ctx context.Context, c *config.Config, locked bool, log *slog.Logger, fatal func(error)) (*store.Store, error) {
	marked, err := readMarker(c.Data)
	if err != nil {
		return nil, err
	}
	_, err = os.Stat(c.DatabaseFile())
	absent := errors.Is(err, fs.ErrNotExist)
	if absent && marked != "" {
		return nil, fmt.Errorf("the folder %s belongs to the database %s, but %s is not there. Put it back (or restore a backup); to begin anew, use another folder with --data", c.Data, marked, c.DatabaseFile())
	}
	if absent {
		if err := refuseOtherVolume(c); err != nil {
			return nil, err
		}
		if err := refuseUnmounted(c.DatabaseFile(), "/etc/fstab", "/proc/self/mounts"); err != nil {
			return nil, err
		}
	}
	st, err := store.Open(ctx, c.Database, store.Options{Log: log, Fatal: fatal})
	if newer, ok := errors.AsType[*store.NewerSchemaError](err); ok {
		return nil, newer
	}
	if err != nil {
		return nil, fmt.Errorf("the database %s cannot be used (%w). If the file is damaged, restore a backup; if it is not of MiniChat, use another one with --data", c.DatabaseFile(), err)
	}
	switch {
	case marked != "" && marked != st.ID():
		err = fmt.Errorf("the folder %s belongs to another database (%s) than %s (%s). Is the right disk mounted? Use the folder that goes with the database", c.Data, marked, c.DatabaseFile(), st.ID())
	case !locked:
	case marked != "":
		err = renewIfOlder(ctx, c.Data, st, log)
	default:
		if !absent { // a copy that somebody put here: clients may have seen more than it knows
			log.Warn("the volume's marker was missing beside the database; it is written again, and clients load their rooms anew", "file", filepath.Join(c.Data, markerName))
			err = renewEpoch(ctx, c.Data, st)
		}
		if err == nil {
			err = writeMarker(c.Data, st.ID())
		}
	}
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return st, nil
}

// readMarker returns the id of the database that the folder belongs to, "" when
// it is not marked.
func readMarker(dir string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dir, markerName))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("the volume's marker cannot be read (%w). Make the folder yours with chown", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// writeMarker is whole or absent, also after a power cut.
func writeMarker(dir, id string) error {
	name := filepath.Join(dir, markerName)
	f, err := os.CreateTemp(dir, markerName+"-*")
	if err != nil {
		return fmt.Errorf("write the volume's marker: %w", err)
	}
	_, err = f.WriteString(id + "\n")
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write the volume's marker: %w", err), os.Remove(f.Name()))
	}
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("write the volume's marker: %w", err)
	}
	return errors.Join(osfile.SyncFolder(d), d.Close())
}

// bare is the cause of an error of the file system without its path.
func bare(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
