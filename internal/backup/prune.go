package backup

import (
	"context"
	"fmt"
	"path"
	"slices"
)

// prune removes all but the keep newest backups (0: none is removed), what was
// never finished, and the files that no backup names any more. Of the proven
// ones the newest stays in any case. The lock is held.
func prune(ctx context.Context, p place, keep int) ([]string, error) {
	there, err := look(ctx, p)
	if err != nil {
		return nil, err
	}
	for _, name := range there.unfinished {
		if err := removeBackup(ctx, p, name); err != nil {
			return nil, err
		}
	}
	removed := tooOld(there.whole, keep)
	for i, old := range removed {
		if err := removeBackup(ctx, p, old); err != nil {
			return removed[:i], err
		}
	}
	if len(removed) == 0 && len(there.unfinished) == 0 || len(there.broken) > 0 {
		return removed, nil // nobody knows what a broken one names
	}
	left := slices.DeleteFunc(there.whole, func(l Listed) bool { return slices.Contains(removed, l.Name) })
	return removed, removeUnnamed(ctx, p, left)
}

// tooOld names those that go; all are ordered by age, the oldest first.
func tooOld(all []Listed, keep int) (names []string) {
	if keep <= 0 || len(all) <= keep {
		return nil
	}
	old, kept := all[:len(all)-keep], all[len(all)-keep:]
	proven := slices.ContainsFunc(kept, func(l Listed) bool { return l.Proven != nil })
	for i := len(old) - 1; i >= 0; i-- {
		if old[i].Proven != nil && !proven {
			proven = true
			continue
		}
		names = append(names, old[i].Name)
	}
	slices.Reverse(names)
	return names
}

// removeBackup removes the manifest first, so that the rest does not look whole.
func removeBackup(ctx context.Context, p place, name string) error {
	if err := p.remove(ctx, nameIn(name, manifestName)); err != nil {
		return fmt.Errorf("remove the backup %s: %w", name, err)
	}
	for _, part := range []string{databaseName, listName, provenName} {
		if err := p.remove(ctx, nameIn(name, part)); err != nil {
			return fmt.Errorf("remove the backup %s: %w", name, err)
		}
	}
	return nil
}

// removeUnnamed removes the files that none of the backups names. If one of them
// cannot be read, all stay.
func removeUnnamed(ctx context.Context, p place, backups []Listed) error {
	named := map[string]bool{}
	for _, b := range backups {
		list, err := readList(ctx, p, b.Manifest)
		if err != nil {
			return fmt.Errorf("no files are removed: %w", err)
		}
		for _, f := range list {
			named[f.Key] = true
		}
	}
	var unnamed []string
	err := p.list(ctx, filesDir, func(name string, _ int64) error {
		if key := path.Base(name); !named[key] && len(key) >= 8 && name == fileName(key) {
			unnamed = append(unnamed, name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range unnamed {
		if err := p.remove(ctx, name); err != nil {
			return err
		}
	}
	return nil
}
