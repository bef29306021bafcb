package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
)

const settingHolds = "store files held"

// fileHold is a backup under way: what could be read at Since stays until Until, both
// in milliseconds since 1970.
type fileHold struct {
	Since int64 `json:"since"`
	Until int64 `json:"until"`
}

// HoldFiles keeps the bytes of files that can be read at since, and of all later
// ones, from being removed until then, in milliseconds since 1970: a backup may
// still want to copy them. It holds for every process on this database, from the
// moment it returns until it runs out or its holder gives it back.
func (s *Store) HoldFiles(ctx context.Context, holder string, since, until int64) error {
	return s.setHold(ctx, func(holds map[string]fileHold) { holds[holder] = fileHold{since, until} })
}

// ReleaseFiles ends the holder's hold.
func (s *Store) ReleaseFiles(ctx context.Context, holder string) error {
	return s.setHold(ctx, func(holds map[string]fileHold) { delete(holds, holder) })
}

func (s *Store) setHold(ctx context.Context, change func(holds map[string]fileHold)) error {
	return s.Write(ctx, func(tx *Tx) error {
		holds, err := tx.holds(ctx)
		if err != nil {
			return err
		}
		change(holds)
		value, err := json.Marshal(holds)
		if err != nil {
			return fmt.Errorf("write down who holds files: %w", err)
		}
		return tx.SetSetting(ctx, settingHolds, string(value))
	})
}

// FilesHeldSince returns since when files are held: the bytes of what could still
// be read then, or later, stay. Nothing is held: math.MaxInt64. Asked in the
// transaction that lets go of a file, it is right for all whose snapshot still
// shows that file.
func (tx *Tx) FilesHeldSince(ctx context.Context) (int64, error) {
	since := int64(math.MaxInt64)
	holds, err := tx.holds(ctx)
	for _, h := range holds {
		since = min(since, h.Since)
	}
	return since, err
}

// holds returns those that have not run out, by holder.
func (tx *Tx) holds(ctx context.Context) (map[string]fileHold, error) {
	holds := map[string]fileHold{}
	value, err := tx.GetSetting(ctx, settingHolds)
	if err != nil || value == "" {
		return holds, err
	}
	if err := json.Unmarshal([]byte(value), &holds); err != nil {
		return nil, fmt.Errorf("read who holds files: %w", err)
	}
	maps.DeleteFunc(holds, func(_ string, h fileHold) bool { return h.Until <= tx.Now() })
	return holds, nil
}
