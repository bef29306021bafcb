package store

import (
	"context"
	"fmt"
)

// Names of the settings that the store itself keeps.
const (
	settingID    = "store id"
	settingEpoch = "store epoch"
	settingPing  = "store ping"
)

// GetSetting returns the value under name, "" when there is none.
func (r reads) GetSetting(ctx context.Context, name string) (string, error) {
	var value string
	if _, err := r.row(ctx, `SELECT value FROM settings WHERE name = $1`, []any{name}, &value); err != nil {
		return "", fmt.Errorf("get setting %s: %w", name, err)
	}
	return value, nil
}

// SetSetting keeps value under name.
func (tx *Tx) SetSetting(ctx context.Context, name, value string) error {
	_, err := tx.exec(ctx, `INSERT INTO settings (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	if err != nil {
		return fmt.Errorf("set setting %s: %w", name, err)
	}
	return nil
}

// settingOnce returns the value under name; the first caller of all makes it.
func (s *Store) settingOnce(ctx context.Context, name string, made func() string) (string, error) {
	value, err := s.GetSetting(ctx, name)
	if err != nil || value != "" {
		return value, err
	}
	err = s.Write(ctx, func(tx *Tx) (err error) {
		if value, err = tx.GetSetting(ctx, name); err != nil || value != "" {
			return err
		}
		value = made()
		return tx.SetSetting(ctx, name, value)
	})
	return value, err
}
