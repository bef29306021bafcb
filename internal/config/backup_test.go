package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func withBackup(dest string) Flags {
	f := plain()
	f.Backups = Backups{Backup: dest, BackupEvery: 24 * time.Hour, BackupKeep: 7}
	return f
}

func TestBackupDestination(t *testing.T) {
	for give, want := range map[string]Destination{
		"/mnt/b/":                       {Dir: "/mnt/b", Text: "/mnt/b"},
		"file:/mnt/b":                   {Dir: "/mnt/b", Text: "/mnt/b"},
		"file:///mnt/b":                 {Dir: "/mnt/b", Text: "/mnt/b"},
		"data-backups":                  {Dir: "data-backups", Text: "data-backups"},
		"s3://bucket/b/":                {Bucket: &Bucket{Name: "bucket", Prefix: "b/"}, Text: "s3://bucket/b/"},
		"s3://bucket?region=eu-north-1": {Bucket: &Bucket{Name: "bucket", Region: "eu-north-1"}, Text: "s3://bucket"},
	} {
		f := withBackup(give)
		c, err := f.Check(noEnv)
		if err != nil {
			t.Errorf("%s: %v", give, err)
			continue
		}
		if c.Backup.Dir != want.Dir || c.Backup.Text != want.Text || (c.Backup.Bucket == nil) != (want.Bucket == nil) || want.Bucket != nil && *c.Backup.Bucket != *want.Bucket {
			t.Errorf("%s: got %+v, want %+v", give, c.Backup, want)
		}
		if c.BackupEvery != 24*time.Hour || c.BackupKeep != 7 {
			t.Errorf("%s: every %v, keep %d", give, c.BackupEvery, c.BackupKeep)
		}
	}
	if c, err := func() (*Config, error) { f := plain(); return f.Check(noEnv) }(); err != nil || c.Backup != nil {
		t.Errorf("without --backup: got %+v, %v", c, err)
	}
}

// A place for backups that would be lost with what is backed up, or mixed up
// with it, is refused before anything changes, with what would do.
func TestWrongBackups(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "data"), link); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name   string
		change func(*Flags)
		says   []string
	}{
		{"inside the data", func(f *Flags) { f.Backup = filepath.Join(dir, "data", "b", "c") }, []string{"--backup (MINICHAT_BACKUP): ", "is inside", "/mnt/backups"}},
		{"the data", func(f *Flags) { f.Backup = filepath.Join(dir, "data") }, []string{"is inside"}},
		{"inside by a link", func(f *Flags) { f.Backup = filepath.Join(link, "b") }, []string{"is inside"}},
		{"inside the files", func(f *Flags) { f.Files, f.Backup = "file:/mnt/files", "/mnt/files/b" }, []string{"is inside /mnt/files"}},
		{"another scheme", func(f *Flags) { f.Backup = "gs://bucket" }, []string{"no place for backups", "s3://"}},
		{"keys", func(f *Flags) { f.Backup = "s3://me:hush@bucket" }, []string{"--backup", "take them out"}},
		{"the files' place", func(f *Flags) { f.Files, f.Backup = "s3://bucket/u", "s3://bucket/u" }, []string{"inside the other", "s3://bucket/backups"}},
		{"inside the files' prefix", func(f *Flags) { f.Files, f.Backup = "s3://bucket", "s3://bucket/b" }, []string{"inside the other"}},
		{"around the files' prefix", func(f *Flags) { f.Files, f.Backup = "s3://bucket/u", "s3://bucket" }, []string{"inside the other"}},
		{"too often", func(f *Flags) { f.BackupEvery = time.Second }, []string{"--backup-every (MINICHAT_BACKUP_EVERY): ", "1s is too short", "24h"}},
		{"too seldom", func(f *Flags) { f.BackupEvery = 1000 * time.Hour }, []string{"--backup-every", "744h"}},
		{"fewer than none", func(f *Flags) { f.BackupKeep = -1 }, []string{"--backup-keep", "such as 7"}},
	} {
		f := withBackup("/mnt/backups")
		f.Data = filepath.Join(dir, "data")
		row.change(&f)
		_, err := f.Check(noEnv)
		if err == nil {
			t.Errorf("%s: got no error", row.name)
			continue
		}
		for _, want := range row.says {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %q, want it to say %q", row.name, err, want)
			}
		}
		if strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %q", row.name, err)
		}
	}
	for _, good := range []string{"s3://bucket/backups", "s3://other/u"} {
		f := withBackup(good)
		f.Files = "s3://bucket/u"
		if _, err := f.Check(noEnv); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}
