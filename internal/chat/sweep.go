package chat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"minichat/internal/store"
)

const sweepBatch = 100

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
	for {
		full := false
		select {
		case <-ctx.Done():
			return
		case <-c.sweep:
		case <-tick.C:
			full = true
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
	older := time.UnixMilli(c.now() - c.uploadTTL())
	_, err := c.fs.Sweep(ctx, older, func(key string) bool { return c.KnowsKey(ctx, key) })
	if err != nil {
		return fmt.Errorf("sweep the store of files: %w", err)
	}
	return nil
}

func (c *Chat) removeExpired(ctx context.Context) error {
	for {
		list, err := c.st.ListExpiredFiles(ctx, c.now(), sweepBatch)
		if err != nil {
			return fmt.Errorf("list expired files: %w", err)
		}
		var failed error
		for _, f := range list {
			if err := c.expire(ctx, f); err != nil {
				failed = errors.Join(failed, err)
			}
		}
		if failed != nil || len(list) < sweepBatch {
			return failed
		}
	}
}

// expire lets go of the file unless it has been used meanwhile, then removes it.
func (c *Chat) expire(ctx context.Context, f store.File) error {
	used := false
	err := c.st.Write(ctx, func(tx *store.Tx) error {
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
