package doctor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"
)

// checkBackup looks whether there are backups, apart from the data, and how old
// the newest is.
func checkBackup(ctx context.Context, v *visit) {
	d := v.Config.Backup
	if d == nil {
		v.warn("backup.place", "--backup /mnt/backups or --backup s3://BUCKET/PREFIX?region=…; or snapshots of the disk, or minichat backup DEST in a timer", "this server makes no backups by itself")
		return
	}
	if d.Dir != "" && !v.checkBackupFolder(d.Dir) || v.Backups == nil {
		return
	}
	newest, err := v.Backups(ctx)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		newest = time.Time{} // the first backup makes the folder
	case err != nil:
		v.fail("backup.place", "mend what is said, then try: minichat backup "+d.Text, "the backups in %s cannot be listed: %v", d.Text, rootOf(err))
		return
	case d.Dir == "":
		v.ok("backup.place", "%s can be listed", d.Text)
	}
	v.judgeAge(newest)
}

// checkBackupFolder reports whether it can be looked into.
func (v *visit) checkBackupFolder(dir string) bool {
	const id = "backup.place"
	switch info, err := os.Stat(dir); {
	case os.IsNotExist(err):
		v.ok(id, "%s is not there yet; the first backup makes it", dir)
		return true
	case err != nil || !info.IsDir():
		v.fail(id, "name a folder of another disk with --backup", "%s is no folder that can be looked into", dir)
		return false
	}
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		v.fail(id, "chown minichat: "+dir+", on a disk that is mounted for writing", "%s cannot be written: %v", dir, rootOf(err))
		return false
	}
	f.Close()
	os.Remove(f.Name()) // empty; what stays of it would be seen below
	if same, _ := sameDisk(dir, v.Config.Data); same {
		v.warn(id, "--backup with a folder of another disk, or a bucket", "%s is on the disk of the data, and is lost together with it", dir)
	} else {
		v.ok(id, "%s is on another disk than the data, and can be written", dir)
	}
	return true
}

func (v *visit) judgeAge(newest time.Time) {
	const id = "backup.age"
	const mend = "look into the log (journalctl -u minichat) why; by hand: minichat backup DEST"
	age := time.Since(newest)
	switch every := v.Config.BackupEvery; {
	case newest.IsZero() && v.Folder.Held:
		v.warn(id, mend, "there is no backup yet")
	case newest.IsZero():
		v.warn(id, "start the server: it makes one at once", "there is no backup yet")
	case age > 3*every:
		v.fail(id, mend, "the newest backup is %s old, and one is due every %s", about(age), about(every))
	case age > every+every/2:
		v.warn(id, mend, "the newest backup is %s old, and one is due every %s", about(age), about(every))
	default:
		v.ok(id, "the newest backup is %s old", about(age))
	}
}
