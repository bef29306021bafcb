package backup

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// format is the version of the layout that this program writes and reads.
const format = 1

// Names of what a backup consists of.
const (
	backupsDir   = "backups/" // + NAME/
	filesDir     = "files/"   // + the first two letters of a key + / + the key
	manifestName = "manifest.json"
	databaseName = "minichat.db"
	listName     = "files.jsonl"
	provenName   = "proven.json"
)

// Manifest says what a backup consists of. It is written last: a backup without
// one is not finished.
type Manifest struct {
	Format   int              `json:"format"`
	Name     string           `json:"name"`
	TakenAt  time.Time        `json:"taken_at"` // the moment that the database is of
	Version  string           `json:"minichat"` // of the program that wrote it
	Database string           `json:"database"` // its id
	Epoch    string           `json:"epoch"`
	Schema   int64            `json:"schema"`
	Parts    []Part           `json:"parts"` // minichat.db and files.jsonl
	Files    int              `json:"files"`
	Bytes    int64            `json:"bytes"`             // of the files
	Missing  []string         `json:"missing,omitempty"` // keys of files whose bytes were not there when it was taken
	Heads    map[string]int64 `json:"heads"`             // of the rooms
}

// Part is an object of a backup.
type Part struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// part returns the part of that name, nil for none.
func (m *Manifest) part(name string) *Part {
	for i := range m.Parts {
		if m.Parts[i].Name == name {
			return &m.Parts[i]
		}
	}
	return nil
}

// Proof says when a backup was restored for a trial.
type Proof struct {
	ProvenAt time.Time `json:"proven_at"`
	Version  string    `json:"minichat"`
}

// keptFile is a line of files.jsonl. All backups share the bytes of files, which
// never change under their key.
type keptFile struct {
	Key    string `json:"key"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

func (f keptFile) name() string { return fileName(f.Key) }

func fileName(key string) string { return filesDir + key[:2] + "/" + key }

func nameIn(backup, part string) string { return backupsDir + backup + "/" + part }

// Listed is a backup that is at a place.
type Listed struct {
	*Manifest
	Proven *Proof // nil: never
}

// listed returns the finished backups, the oldest first, and the names of those
// that are not finished.
func listed(ctx context.Context, p place) (whole []Listed, unfinished []string, err error) {
	parts := map[string][]string{}
	err = p.list(ctx, backupsDir, func(name string, _ int64) error {
		dir, part, ok := strings.Cut(strings.TrimPrefix(name, backupsDir), "/")
		if ok && !strings.Contains(part, "/") { // else it is not ours
			parts[dir] = append(parts[dir], part)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	for name, has := range parts {
		if !slices.Contains(has, manifestName) {
			unfinished = append(unfinished, name)
			continue
		}
		l := Listed{}
		if l.Manifest, err = readManifest(ctx, p, name); err != nil {
			return nil, nil, err
		}
		if slices.Contains(has, provenName) {
			l.Proven = new(Proof)
			if err := readJSON(ctx, p, nameIn(name, provenName), l.Proven); err != nil {
				return nil, nil, err
			}
		}
		whole = append(whole, l)
	}
	slices.SortFunc(whole, func(a, b Listed) int {
		return cmp.Or(a.TakenAt.Compare(b.TakenAt), strings.Compare(a.Name, b.Name))
	})
	slices.Sort(unfinished)
	return whole, unfinished, nil
}

func readManifest(ctx context.Context, p place, name string) (*Manifest, error) {
	m := new(Manifest)
	if err := readJSON(ctx, p, nameIn(name, manifestName), m); err != nil {
		return nil, err
	}
	switch {
	case m.Format > format:
		return nil, fmt.Errorf("the backup %s was written by a newer MiniChat (%s, format %d; this one knows %d). Use the newer version", name, m.Version, m.Format, format)
	case m.Format < 1 || m.Name != name || m.Database == "" || m.part(databaseName) == nil || m.part(listName) == nil:
		return nil, fmt.Errorf("the manifest of the backup %s is damaged", name)
	}
	return m, nil
}

func readJSON(ctx context.Context, p place, name string, into any) error {
	r, err := p.open(ctx, name)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	defer r.Close() // it was only read
	b, err := io.ReadAll(io.LimitReader(r, 64<<20))
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%s is damaged: %w", name, err)
	}
	return nil
}

func writeJSON(ctx context.Context, p place, name string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	return p.put(ctx, name, strings.NewReader(string(b)+"\n"))
}

// readList reads what a backup says of its files, and checks that it is what the
// manifest knows.
func readList(ctx context.Context, p place, m *Manifest) (list []keptFile, err error) {
	name, want := nameIn(m.Name, listName), m.part(listName)
	r, err := p.open(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	defer r.Close() // it was only read
	sum := sha256.New()
	lines := bufio.NewScanner(io.TeeReader(r, sum))
	for lines.Scan() {
		var f keptFile
		if err := json.Unmarshal(lines.Bytes(), &f); err != nil || len(f.Key) < 8 {
			return nil, fmt.Errorf("%s is damaged at its line %d", name, len(list)+1)
		}
		list = append(list, f)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want.SHA256 {
		return nil, fmt.Errorf("%s is damaged: its SHA-256 is %s, not %s", name, got, want.SHA256)
	}
	return list, nil
}

// find returns the backup of that name, or the newest if name is empty.
func find(ctx context.Context, p place, name string) (*Listed, error) {
	whole, unfinished, err := listed(ctx, p)
	if err != nil {
		return nil, err
	}
	if name == "" && len(whole) > 0 {
		return &whole[len(whole)-1], nil
	}
	var names []string
	for i := range whole {
		if whole[i].Name == name {
			return &whole[i], nil
		}
		names = append(names, whole[i].Name)
	}
	switch {
	case slices.Contains(unfinished, name):
		return nil, fmt.Errorf("the backup %s was never finished: it has no %s", name, manifestName)
	case len(whole) == 0 && len(unfinished) > 0:
		return nil, fmt.Errorf("there is no finished backup there, only what was begun: %s", strings.Join(unfinished, ", "))
	case len(whole) == 0:
		return nil, errors.New("there is no backup there")
	}
	return nil, fmt.Errorf("there is no backup %s there; there are %s", name, strings.Join(names, ", "))
}

// isAbsent reports whether err says that an object is not there.
func isAbsent(err error) bool { return errors.Is(err, fs.ErrNotExist) }
