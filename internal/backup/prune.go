package backup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"slices"
)

// prune removes what is too old, what was never finished, and the files that no
// backup names any more. made was just made, and is the newest whatever the clock
// said when others were. The lock is held.
func prune(ctx context.Context, p place, made string, keep int, log *slog.Logger) ([]string, error) {
	there, err := look(ctx, p)
	if err != nil {
		return nil, err
	}
	for _, name := range there.unfinished {
		if err := removeBackup(ctx, p, name); err != nil {
			return nil, err
		}
	}
	all := there.whole
	if i := slices.IndexFunc(all, func(l Listed) bool { return l.Name == made }); i >= 0 {
		all = slices.Concat(all[:i], all[i+1:], all[i:i+1])
	}
	removed := tooOld(all, keep)
	for i, old := range removed {
		if err := removeBackup(ctx, p, old); err != nil {
			return removed[:i], err
		}
	}
	if len(removed) == 0 && len(there.unfinished) == 0 || len(there.broken) > 0 {
		return removed, nil // nobody knows what a broken one names
	}
	left := slices.DeleteFunc(all, func(l Listed) bool { return slices.Contains(removed, l.Name) })
	err = removeUnnamed(ctx, p, left)
	if bad, ok := errors.AsType[*damage](err); ok { // no reason to fail, with each backup from now on
		log.Warn("an earlier backup is damaged; files that no backup names stay", "why", bad.text)
		err = nil
	}
	return removed, err
}

// tooOld names those that go, so that the keep newest stay (0: all); all are
// ordered by age, the oldest first. A proven one goes only when so many newer ones
// are proven too: whether one that is not can be restored, nobody knows.
func tooOld(all []Listed, keep int) (names []string) {
	newer, proven := 0, 0
	for _, l := range slices.Backward(all) {
		if keep > 0 && newer >= keep && (l.Proven == nil || proven >= keep) {
			names = append(names, l.Name)
		}
		newer++
		if l.Proven != nil {
			proven++
		}
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
		for _, f := range b.Lost { // what did not read well may again, and be the only copy
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
