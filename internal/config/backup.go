package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// Backups says where the server itself makes backups, and how often.
type Backups struct {
	Backup      string        `env:"MINICHAT_BACKUP" placeholder:"DEST" help:"Make backups by itself, to a folder or to s3://BUCKET/PREFIX?region=…, and prove that they can be restored."`
	BackupEvery time.Duration `env:"MINICHAT_BACKUP_EVERY" default:"24h" placeholder:"TIME" help:"How often (${default})."`
	BackupKeep  int           `env:"MINICHAT_BACKUP_KEEP" default:"7" placeholder:"N" help:"How many of them stay; 0 means all (${default})."`
}

// Destination is a place for backups.
type Destination struct {
	Dir    string  // "" when it is a bucket
	Bucket *Bucket // nil when it is a folder
	Text   string  // as it was written
}

const (
	leastEvery = time.Minute
	mostEvery  = 31 * 24 * time.Hour
)

func (b Backups) check(c *Config) error {
	if b.Backup == "" {
		return nil
	}
	d, err := ParseDestination(b.Backup)
	if err == nil {
		err = d.Outside(c)
	}
	if err != nil {
		return wrong("backup", "%v", err)
	}
	if b.BackupEvery < leastEvery || b.BackupEvery > mostEvery {
		return wrong("backup-every", "%v is too short or too long; use 1m to 744h, such as 24h", b.BackupEvery)
	}
	if b.BackupKeep < 0 {
		return wrong("backup-keep", "%d is less than none; use the number of backups that stay, such as 7, or 0 for all", b.BackupKeep)
	}
	c.Backup, c.BackupEvery, c.BackupKeep = d, b.BackupEvery, b.BackupKeep
	return nil
}

// ParseDestination reads a folder (DIR or file:DIR) or s3://BUCKET/PREFIX?….
func ParseDestination(text string) (*Destination, error) {
	scheme, path, ok := strings.Cut(text, ":")
	switch {
	case strings.TrimSpace(text) == "":
		return nil, errors.New("it is empty; name a folder, such as /mnt/backups, or s3://BUCKET/PREFIX")
	case ok && scheme == "s3":
		b, err := parseBucket(text)
		if err != nil {
			return nil, err
		}
		address, _, _ := strings.Cut(text, "?")
		return &Destination{Bucket: b, Text: address}, nil
	case ok && scheme == "file" && path != "":
		text = strings.TrimPrefix(path, "//")
	case ok && strings.HasPrefix(path, "//"):
		return nil, fmt.Errorf("%q is no place for backups; use a folder, such as /mnt/backups, or s3://BUCKET/PREFIX", text)
	}
	return &Destination{Dir: filepath.Clean(text), Text: filepath.Clean(text)}, nil
}

// Outside refuses a place for backups in the very place that is backed up.
func (d *Destination) Outside(c *Config) error {
	if d.Bucket != nil {
		return d.Bucket.beside(c.Bucket)
	}
	within := []string{c.Data}
	if c.FilesDir != "" {
		within = append(within, c.FilesDir)
	}
	dest := realPath(d.Dir)
	for _, dir := range within {
		if inside := realPath(dir); dest == inside || strings.HasPrefix(dest, strings.TrimSuffix(inside, string(filepath.Separator))+string(filepath.Separator)) {
			return fmt.Errorf("%s is inside %s and would be lost with it; use a folder on another disk, such as /mnt/backups, or a bucket", d.Dir, dir)
		}
	}
	return nil
}

// beside refuses prefixes of which one contains the other: what is listed or
// removed under one must not be the other's.
func (b *Bucket) beside(files *Bucket) error {
	if files == nil || b.Name != files.Name || b.Endpoint != files.Endpoint {
		return nil
	}
	if !strings.HasPrefix(b.Prefix, files.Prefix) && !strings.HasPrefix(files.Prefix, b.Prefix) {
		return nil
	}
	return fmt.Errorf("the files are at s3://%s/%s, and one of the two places is inside the other; use another bucket, or prefixes side by side, such as s3://%[1]s/files for --files and s3://%[1]s/backups", files.Name, files.Prefix)
}

// realPath follows links as far as the path exists.
func realPath(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return filepath.Clean(path)
	}
	for dir, rest := abs, ""; ; dir, rest = filepath.Dir(dir), filepath.Join(filepath.Base(dir), rest) {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			return filepath.Join(real, rest)
		}
		if dir == filepath.Dir(dir) {
			return abs
		}
	}
}
