package chat

import (
	"context"
	"errors"
	"fmt"
	"math"
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
	said := ""
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
		err := c.sweepFiles(ctx, full)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			said = ""
		} else if err.Error() != said { // the same each time would bury all else
			said = err.Error()
			c.log.Warn("files not swept, will be tried again", "error", err)
		}
	}
}

// SweepFiles takes away uploads that nobody finished in time, files of deleted
// messages, and bytes that no row knows.
func (c *Chat) SweepFiles(ctx context.Context) error { return c.sweepFiles(ctx, true) }

// What fails stays for the next time, and keeps nothing else from going.
func (c *Chat) sweepFiles(ctx context.Context, full bool) error {
	if err := own(ctx, c.st, c.fs); err != nil {
		return err
	}
	err := c.removeExpired(ctx)
	if !full {
		return err
	}
	// Younger than an hour may be on its way from a hand to a row.
	older := time.UnixMilli(c.now()).Add(-max(time.Duration(c.uploadTTL())*time.Millisecond, time.Hour))
	report, failed := CheckFiles(ctx, c.st, c.fs, older, true)
	if len(report.Left) > 0 {
		c.log.Info("removed what nobody will ask for again", "files", len(report.Left), "bytes", report.LeftBytes())
	}
	for _, f := range report.Missing[:min(len(report.Missing), 10)] {
		c.log.Error("the bytes of a file are missing", "file", f.ID, "key", f.Key, "missing", len(report.Missing))
	}
	return errors.Join(err, failed)
}

func (c *Chat) removeExpired(ctx context.Context) error {
	var failed failures
	for last := (store.File{}); ; {
		list, err := c.st.ListExpiredFiles(ctx, c.now(), c.limits.FileGraceSeconds*1000, last, sweepBatch)
		if err != nil {
			return fmt.Errorf("list expired files: %w", err)
		}
		if len(list) == 0 {
			return failed.join()
		}
		last = list[len(list)-1]
		for _, f := range list {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			failed.add(c.expire(ctx, f))
		}
	}
}

// failures are of files of which each may fail by itself. Few are kept: one says
// what to mend.
type failures struct {
	kept []error
	all  int
}

func (f *failures) add(err error) {
	if err == nil {
		return
	}
	if f.all++; len(f.kept) < 3 {
		f.kept = append(f.kept, err)
	}
}

func (f *failures) join() error {
	if more := f.all - len(f.kept); more > 0 {
		return errors.Join(append(f.kept, fmt.Errorf("and %d more", more))...)
	}
	return errors.Join(f.kept...)
}

// expire lets go of the file unless it has been used meanwhile, then removes it.
// What a backup under way may still want stays until it is made.
func (c *Chat) expire(ctx context.Context, f store.File) error {
	stays := false
	err := c.st.Write(ctx, func(tx *store.Tx) error {
		held, err := tx.FilesHeldSince(ctx)
		if err != nil {
			return fmt.Errorf("ask for a hold on files: %w", err)
		}
		now, err := tx.GetFile(ctx, f.ID)
		switch {
		case err != nil:
			return fmt.Errorf("read a file's row: %w", err)
		case now == nil:
			stays = true
			return nil
		case now.State == store.FileGone:
			stays = now.ExpiresAt >= held // it could be read until then
			return nil
		}
		if stays = now.ExpiresAt == 0 || now.ExpiresAt > c.now(); stays {
			return nil
		}
		stays = now.State == store.FileReady && held != math.MaxInt64
		return letGo(ctx, tx, *now)
	})
	if err != nil || stays {
		return err
	}
	return c.removeFile(ctx, f)
}
