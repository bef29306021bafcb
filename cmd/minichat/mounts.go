package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"minichat/internal/config"
)

// refuseUnmounted is asked before a new database is made: when the table of file
// systems names a place above it that is not mounted, a new history would go to
// the disk below and be hidden once the right one comes back.
func refuseUnmounted(file, fstab, mounts string) error {
	path, err := filepath.Abs(file)
	if err != nil {
		return fmt.Errorf("find the folder of %s: %w", file, err)
	}
	if p, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(p, filepath.Base(path))
	}
	mounted := mountPoints(mounts)
	if len(mounted) == 0 {
		return nil // not a system that can be asked
	}
	for _, point := range mountPoints(fstab) {
		if point != "/" && strings.HasPrefix(path, strings.TrimSuffix(point, "/")+"/") && !slices.Contains(mounted, point) {
			return fmt.Errorf("there is no database at %s, and %s, which %s lists, is not mounted. Mount it first: mount %s", file, point, fstab, point)
		}
	}
	return nil
}

// refuseOtherVolume is asked before a new database is made: where the data has a
// volume of its own, minichat-data leaves an empty marker on it, and a folder
// without one is on the disk below.
func refuseOtherVolume(c *config.Config) error {
	if c.Volume == "" {
		return nil
	}
	if _, err := os.Stat(filepath.Join(c.Data, markerName)); err != nil {
		return fmt.Errorf("the folder %s is not on the volume %s that MINICHAT_VOLUME names: there is no %s in it. Mount it first: systemctl restart minichat-data", c.Data, c.Volume, markerName)
	}
	return nil
}

// mountPoints reads the second column of a table in the form of fstab, without
// what is not mounted by itself.
func mountPoints(table string) []string {
	b, err := os.ReadFile(table)
	if err != nil {
		return nil // no such table on this system
	}
	var points []string
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 4 || strings.HasPrefix(f[0], "#") || !strings.HasPrefix(f[1], "/") || slices.Contains(strings.Split(f[3], ","), "noauto") {
			continue
		}
		points = append(points, filepath.Clean(strings.ReplaceAll(f[1], `\040`, " ")))
	}
	return points
}
