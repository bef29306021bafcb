package chat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"minichat/internal/store"
)

const (
	sweepBatch = 100
	checkEvery = 6 // sweeps; the others look at expired rows alone
)

// sweepSoon asks the sweeping goroutine to look now.
func (c *Chat) sweepSoon() {
	select {
	case c.sweep <- struct{}{}:
	default: // it has been asked
	}
}

func (c *Chat) keepFiles(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for ticks := 0; ; {
		full := false
		select {
		case <-ctx.Done():
			return
		case <-c.sweep:
		case <-tick.C:
			full = ticks%checkEvery == 0
			ticks++
		}
		if err := c.sweepFiles(ctx, full); err != nil && ctx.Err() == nil {
			c.log.Warn("files not swept, will be tried again", "error", err)
		}
	}
}

// SweepFiles takes away uploads that nobody finished in time, files of deleted
// messages, and bytes that no row knows.
func (c *Chat) SweepFiles(ctx context.Context) error { return c.sweepFiles(ctx, true) }

func (c *Chat) sweepFiles(ctx context.Context, full bool) error {
	if err := c.removeExpired(ctx); err != nil || !full {
		return err
	}
	// Younger than an hour may be on its way from a hand to a row.
	older := time.UnixMilli(c.now()).Add(-max(time.Duration(c.uploadTTL())*time.Millisecond, time.Hour))
	report, err := CheckFiles(ctx, c.st, c.fs, older, true)
	if len(report.Left) > 0 {
		c.log.Info("removed what nobody will ask for again", "files", len(report.Left), "bytes", report.LeftBytes())
	}
	for _, f := range report.Missing[:min(len(report.Missing), 10)] {
		c.log.Error("the bytes of a file are missing", "file", f.ID, "key", f.Key, "missing", len(report.Missing))
	}
	return err
}

func (c *Chat) removeExpired(ctx context.Context) error {
	for {
		list, err := c.st.ListExpiredFiles(ctx, c.now(), c.limits.FileGraceSeconds*1000, sweepBatch)
		if err != nil {
			return fmt.Errorf("list expired files: %w", err)
		}
		var failed error
		for _, f := range list {
			err := c.expire(ctx, f)
			if errors.Is(err, errHeld) {
				return failed // of the others too
			}
			failed = errors.Join(failed, err)
		}
		if failed != nil || len(list) < sweepBatch {
			return failed
		}
	}
}

// errHeld says that a backup under way may still want the bytes.
var errHeld = errors.New("files are held for a backup")

// expire lets go of the file unless it has been used meanwhile, then removes it.
func (c *Chat) expire(ctx context.Context, f store.File) error {
	used := false
	err := c.st.Write(ctx, func(tx *store.Tx) error {
		held, err := tx.FilesHeld(ctx)
		if err != nil {
			return fmt.Errorf("ask for a hold on files: %w", err)
		}
		if held {
			return errHeld
		}
		now, err := tx.GetFile(ctx, f.ID)
		if err != nil {
			return fmt.Errorf("read a file's row: %w", err)
		}
		used = now == nil || now.State != store.FileGone && (now.ExpiresAt == 0 || now.ExpiresAt > c.now())
		if used || now.State == store.FileGone {
			return nil
		}
		return letGo(ctx, tx, *now)
	})
	if err != nil || used {
		return err
	}
	return c.removeFile(ctx, f)
}
