package store

import (
	"context"
	"strconv"
)

const settingHold = "store files held until"

// HoldFiles keeps the bytes of deleted files from being removed until then, in
// milliseconds since 1970: a backup may still want to copy them. It holds for
// every process on this database, from the moment it returns.
func (s *Store) HoldFiles(ctx context.Context, until int64) error {
	return s.Write(ctx, func(tx *Tx) error {
		held, err := tx.heldUntil(ctx)
		if err != nil || held >= until {
			return err
		}
		return tx.SetSetting(ctx, settingHold, strconv.FormatInt(until, 10))
	})
}

// FilesHeld reports whether the bytes of deleted files are to stay for now.
// Asked in the transaction that lets go of a file, it is right for all whose
// snapshot still shows that file.
func (tx *Tx) FilesHeld(ctx context.Context) (bool, error) {
	until, err := tx.heldUntil(ctx)
	return until > tx.Now(), err
}

func (r reads) heldUntil(ctx context.Context) (int64, error) {
	value, err := r.GetSetting(ctx, settingHold)
	if err != nil || value == "" {
		return 0, err
	}
	until, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return 0, nil // nothing of ours wrote it
	}
	return until, nil
}
