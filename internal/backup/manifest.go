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
	"maps"
	"slices"
	"strings"
	"time"

	"minichat"
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
	Lost     []keptFile       `json:"lost,omitempty"`    // of these, what backups say that had them: what may be taken for them again
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

// contents are what there is at a place.
type contents struct {
	whole      []Listed          // the oldest first
	unfinished []string          // names: there is no manifest
	broken     map[string]string // name -> why its manifest cannot be read
}

// look lists what there is. A manifest that is damaged keeps nobody from the
// other backups.
func look(ctx context.Context, p place) (*contents, error) {
	parts := map[string][]string{}
	err := p.list(ctx, backupsDir, func(name string, _ int64) error {
		dir, part, ok := strings.Cut(strings.TrimPrefix(name, backupsDir), "/")
		if ok && !strings.Contains(part, "/") { // else it is not ours
			parts[dir] = append(parts[dir], part)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s := &contents{broken: map[string]string{}}
	for name, has := range parts {
		if !slices.Contains(has, manifestName) {
			s.unfinished = append(s.unfinished, name)
			continue
		}
		if err := s.add(ctx, p, name, slices.Contains(has, provenName)); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(s.whole, func(a, b Listed) int {
		return cmp.Or(a.TakenAt.Compare(b.TakenAt), strings.Compare(a.Name, b.Name))
	})
	slices.Sort(s.unfinished)
	return s, nil
}

func (s *contents) add(ctx context.Context, p place, name string, proven bool) error {
	m, err := readManifest(ctx, p, name)
	if bad, ok := errors.AsType[*damage](err); ok {
		s.broken[name] = bad.text
		return nil
	}
	if err != nil {
		return err
	}
	l := Listed{Manifest: m}
	if proven {
		proof := new(Proof)
		err := readJSON(ctx, p, nameIn(name, provenName), proof)
		if _, bad := errors.AsType[*damage](err); err != nil && !bad {
			return err
		}
		if err == nil {
			l.Proven = proof
		}
	}
	s.whole = append(s.whole, l)
	return nil
}

func readManifest(ctx context.Context, p place, name string) (*Manifest, error) {
	m := new(Manifest)
	if err := readJSON(ctx, p, nameIn(name, manifestName), m); err != nil {
		return nil, err
	}
	switch {
	case m.Format > format:
		return nil, &damage{fmt.Sprintf("the backup %s was written by a newer MiniChat (%s, format %d; this one knows %d). Use the newer version", name, m.Version, m.Format, format)}
	case m.Format < 1 || m.Name != name || m.Database == "" || m.part(databaseName) == nil || m.part(listName) == nil:
		return nil, &damage{fmt.Sprintf("the manifest of the backup %s is damaged", name)}
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
		return &damage{fmt.Sprintf("%s is damaged: %v", name, err)}
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
		if err := json.Unmarshal(lines.Bytes(), &f); err != nil || len(f.Key) < 8 || !minichat.IsID(f.Key) {
			return nil, &damage{fmt.Sprintf("%s is damaged at its line %d", name, len(list)+1)}
		}
		list = append(list, f)
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return nil, &damage{fmt.Sprintf("%s is damaged at its line %d", name, len(list)+1)}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want.SHA256 {
		return nil, &damage{fmt.Sprintf("%s is damaged: its SHA-256 is %s, not %s", name, got, want.SHA256)}
	}
	return list, nil
}

// find returns the backup of that name, or the newest if name is empty. Instead
// of one that cannot be read, none is chosen without being asked for.
func find(ctx context.Context, p place, name string) (*Listed, error) {
	s, err := look(ctx, p)
	if err != nil {
		return nil, err
	}
	var names []string
	for i := range s.whole {
		if s.whole[i].Name == name {
			return &s.whole[i], nil
		}
		names = append(names, s.whole[i].Name)
	}
	if name == "" && len(s.whole) > 0 {
		newest := &s.whole[len(s.whole)-1]
		for broken, why := range s.broken {
			if broken > newest.Name {
				return nil, fmt.Errorf("the newest backup, %s, cannot be used: %s. Choose one by --at: %s", broken, why, strings.Join(names, ", "))
			}
		}
		return newest, nil
	}
	why, broken := s.broken[name]
	switch {
	case broken:
		return nil, errors.New(why)
	case slices.Contains(s.unfinished, name):
		return nil, fmt.Errorf("the backup %s was never finished: it has no %s", name, manifestName)
	case len(s.whole) > 0:
		return nil, fmt.Errorf("there is no backup %s there; there are %s", name, strings.Join(names, ", "))
	case len(s.broken) > 0:
		return nil, fmt.Errorf("there is no backup there that can be used: %s", slices.Sorted(maps.Values(s.broken))[0])
	case len(s.unfinished) > 0:
		return nil, fmt.Errorf("there is no finished backup there, only what was begun: %s", strings.Join(s.unfinished, ", "))
	}
	return nil, errors.New("there is no backup there")
}

// isAbsent reports whether err says that an object is not there.
func isAbsent(err error) bool { return errors.Is(err, fs.ErrNotExist) }
