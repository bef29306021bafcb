package doctor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Below these a disk is as good as full; uploads go first.
const (
	leastFree = 256 << 20
	scantFree = 2 << 30
	slowSync  = 50 * time.Millisecond // a commit, and so every message, waits for one
	syncTries = 15
)

// checkDisk looks at the folder of the data, and at that of the files if it is
// elsewhere.
func checkDisk(_ context.Context, v *visit) {
	info, err := os.Stat(v.Config.Data)
	switch {
	case errors.Is(err, os.ErrNotExist):
		v.warn("disk.folder", "start the server once, or: install -d -m 0700 -o minichat -g minichat "+v.Config.Data,
			"%s is not there; the first start makes it", v.Config.Data)
		return
	case err != nil:
		v.fail("disk.folder", "run as the user of the server: sudo -u minichat minichat doctor", "%s cannot be looked at: %v", v.Config.Data, err)
		return
	case !info.IsDir():
		v.fail("disk.folder", "name a folder with --data", "%s is no folder", v.Config.Data)
		return
	case info.Mode().Perm()&0o077 != 0:
		v.warn("disk.folder", "chmod 700 "+v.Config.Data, "others on this machine may look into %s (%v)", v.Config.Data, info.Mode().Perm())
	default:
		v.ok("disk.folder", "%s, for its owner alone", v.Config.Data)
	}
	checkVolume(v, v.Config.Data)
	checkWrite(v, v.Config.Data)
	checkMarker(v)
	checkLock(v)
}

func checkVolume(v *visit, dir string) {
	disk, err := statDisk(dir)
	switch {
	case err != nil:
		v.warn("disk.local", "keep the data on a disk of this machine", "what kind of disk %s is on cannot be told: %v", dir, err)
		return
	case disk.remote:
		v.fail("disk.local", "move the folder to a disk of this machine (ext4, xfs, APFS) and name it with --data", "%s is on %s: SQLite's locks do not hold there, and what it says is on disk may not be", dir, disk.kind)
	case disk.fleeting:
		v.warn("disk.local", "move the folder to a disk and name it with --data", "%s is on %s: it is gone after a restart of the machine", dir, disk.kind)
	default:
		v.ok("disk.local", "%s is on %s, on this machine", dir, disk.kind)
	}
	checkRoom(v, dir, "disk.space", "disk.inodes")
	files := v.Config.FilesDir
	if same, known := sameDisk(files, dir); files != "" && known && !same {
		checkRoom(v, files, "disk.files-space", "disk.files-inodes")
	}
}

// checkRoom judges free bytes and free inodes, under these ids.
func checkRoom(v *visit, dir, space, inodes string) {
	disk, err := statDisk(dir)
	if err != nil {
		v.warn(space, "df -h "+dir, "the free space of %s cannot be told: %v", dir, err)
		return
	}
	seen := fmt.Sprintf("%s of %s are free below %s", size(disk.free), size(disk.total), dir)
	const mend = "enlarge the disk, or remove what is not needed: minichat files check --fix"
	switch {
	case disk.free < leastFree:
		v.fail(space, mend, "%s", seen)
	case disk.free < scantFree || disk.free < disk.total/20:
		v.warn(space, mend, "%s", seen)
	default:
		v.ok(space, "%s", seen)
	}
	switch {
	case disk.inodes == 0:
		v.ok(inodes, "this file system does not count them")
	case disk.inodesFree < 1000:
		v.fail(inodes, "remove small files from that disk, or make a file system with more inodes (mkfs.ext4 -N)", "%d of %d are free", disk.inodesFree, disk.inodes)
	case disk.inodesFree < disk.inodes/20:
		v.warn(inodes, "remove small files from that disk", "%d of %d are free", disk.inodesFree, disk.inodes)
	default:
		v.ok(inodes, "%d of %d are free", disk.inodesFree, disk.inodes)
	}
}

// checkWrite writes as a commit does: some bytes, then an fsync.
func checkWrite(v *visit, dir string) {
	median, worst, err := trySync(dir)
	seen := fmt.Sprintf("4 KiB and an fsync take %s, at worst %s of %d", about(median), about(worst), syncTries)
	switch {
	case err != nil:
		v.fail("disk.write", "run as the server's user (sudo -u minichat minichat doctor); if that cannot write either: chown -R minichat: "+dir+", and mount -o remount,rw", "%s cannot be written: %v", dir, err)
	case median > slowSync:
		v.warn("disk.write", "use a faster disk: each message waits for one fsync (gp3, NVMe; no network share)", "%s", seen)
	default:
		v.ok("disk.write", "%s", seen)
	}
}

func trySync(dir string) (median, worst time.Duration, err error) {
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	page := bytes.Repeat([]byte{0xa5}, 4096)
	var took []time.Duration
	for i := range syncTries {
		began := time.Now()
		if _, err := f.WriteAt(page, int64(i)*4096); err != nil {
			return 0, 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, 0, err
		}
		took = append(took, time.Since(began))
	}
	got := make([]byte, 4096)
	if _, err := f.ReadAt(got, 4096*(syncTries-1)); err != nil || !bytes.Equal(got, page) {
		return 0, 0, errors.Join(errors.New("what was written does not come back"), err)
	}
	slices.Sort(took)
	return took[len(took)/2], took[len(took)-1], nil
}

func checkMarker(v *visit) {
	switch f := v.Folder; {
	case f.MarkErr != nil:
		v.fail("disk.marker", "run as the server's user, or chown minichat: "+filepath.Join(v.Config.Data, ".minichat-volume"), "%v", f.MarkErr)
	case f.Marked == "" && !exists(v.Config.DatabaseFile()):
		v.ok("disk.marker", "none yet; the first start writes it")
	case f.Marked == "":
		v.warn("disk.marker", "start the server: it writes the marker again", "there is a database, but no marker of the volume that it belongs to")
	case !exists(v.Config.DatabaseFile()):
		v.fail("disk.marker", "mount the right disk, or restore a backup: minichat restore", "the folder belongs to the database %s, but there is none at %s", f.Marked, v.Config.DatabaseFile())
	default:
		v.ok("disk.marker", "the volume is marked for the database %s", f.Marked)
	}
}

func checkLock(v *visit) {
	switch f := v.Folder; {
	case !f.Held:
		v.ok("disk.lock", "free: no server runs on this folder")
	case f.Base == "":
		v.ok("disk.lock", "held by process %s, a command or a server that is starting", f.PID)
	default:
		v.ok("disk.lock", "held by process %s, the server at %s", f.PID, f.Base)
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
