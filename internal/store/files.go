package store

import (
	"context"
	"fmt"

	"minichat"
)

// States of a file.
const (
	FileOpen  = "open"  // its bytes are still coming
	FileReady = "ready" // its bytes are there and checked
	FileGone  = "gone"  // its message was deleted: nobody may read it, the sweeper removes it
)

// File is what is known of an attachment or an avatar, posted or not.
type File struct {
	minichat.File
	Key       string // where the bytes lie
	Uploader  string
	State     string
	Upload    string // the unfinished upload, as the keeper of the bytes names it
	PartSize  int64
	Room      string // of its message; "": in none
	Seq       int64
	Avatar    bool
	Base      string // scheme://host that the upload came to
	CreatedAt int64
	ExpiresAt int64 // from then on it may be removed; 0: never
}

const fileColumns = `id, name, size, type, width, height, alt, preview,
	key, uploader, state, upload, part_size, room, seq, avatar, base, created_at, expires_at`

func fileFields(f *File) []any {
	return []any{&f.ID, &f.Name, &f.Size, &f.Type, &f.Width, &f.Height, &f.Alt, &f.Preview,
		&f.Key, &f.Uploader, &f.State, &f.Upload, &f.PartSize, &f.Room, &f.Seq, &f.Avatar, &f.Base, &f.CreatedAt, &f.ExpiresAt}
}

// GetFile returns the file with that id; nil: none.
func (r reads) GetFile(ctx context.Context, id string) (*File, error) {
	f := new(File)
	found, err := r.row(ctx, `SELECT `+fileColumns+` FROM files WHERE id = $1`, []any{id}, fileFields(f)...)
	if err != nil {
		return nil, fmt.Errorf("get file: %w", err)
	}
	if !found {
		return nil, nil
	}
	return f, nil
}

// ListFiles returns those of the files that there are, in the order of ids.
func (r reads) ListFiles(ctx context.Context, ids []string) ([]File, error) {
	byID := map[string]File{}
	for rest := ids; len(rest) > 0; {
		n := min(len(rest), maxList)
		in, args := oneOf("id", rest[:n], nil)
		rest = rest[n:]
		list, err := r.listFiles(ctx, in, args)
		if err != nil {
			return nil, fmt.Errorf("list files: %w", err)
		}
		for _, f := range list {
			byID[f.ID] = f
		}
	}
	var list []File
	for _, id := range ids {
		if f, ok := byID[id]; ok {
			list = append(list, f)
		}
	}
	return list, nil
}

// ListExpiredFiles returns files that may be removed at now, the longest due
// first, after the one given; a zero File is before all. Those of deleted
// messages, and faces, stay for grace ms longer.
func (r reads) ListExpiredFiles(ctx context.Context, now, grace int64, after File, limit int) ([]File, error) {
	list, err := r.listFiles(ctx, `expires_at > 0 AND expires_at <= $1
		AND (state <> 'gone' OR room = '' AND avatar = 0 OR expires_at <= $2)
		AND (expires_at, id) > ($3, $4) ORDER BY expires_at, id LIMIT $5`, []any{now, now - grace, after.ExpiresAt, after.ID, limit})
	if err != nil {
		return nil, fmt.Errorf("list expired files: %w", err)
	}
	return list, nil
}

// ListReadyFiles returns files whose bytes must be there, in the order of ids
// from after on, after not included.
func (r reads) ListReadyFiles(ctx context.Context, after string, limit int) ([]File, error) {
	list, err := r.listFiles(ctx, `id > $1 AND state = 'ready' ORDER BY id LIMIT $2`, []any{after, limit})
	if err != nil {
		return nil, fmt.Errorf("list ready files: %w", err)
	}
	return list, nil
}

func (r reads) listFiles(ctx context.Context, where string, args []any) ([]File, error) {
	return listOf(ctx, r, `SELECT `+fileColumns+` FROM files WHERE `+where, args, fileFields)
}

// FileSums is how many bytes files hold: those that are on their way or can be
// read, and beside them those of deleted messages, which stay for a while.
type FileSums struct {
	Own, OwnDeleted int64 // of one person
	All, AllDeleted int64 // of the place
}

// SumFiles sums up the uploader's files, and all.
func (r reads) SumFiles(ctx context.Context, uploader string) (FileSums, error) {
	var s FileSums
	_, err := r.row(ctx, `SELECT COALESCE(SUM(CASE uploader WHEN $1 THEN bytes ELSE 0 END), 0), COALESCE(SUM(CASE uploader WHEN $1 THEN deleted ELSE 0 END), 0),
		COALESCE(SUM(CASE uploader WHEN '' THEN bytes ELSE 0 END), 0), COALESCE(SUM(CASE uploader WHEN '' THEN deleted ELSE 0 END), 0)
		FROM file_sums WHERE uploader IN ($1, '')`, []any{uploader}, &s.Own, &s.OwnDeleted, &s.All, &s.AllDeleted)
	if err != nil {
		return FileSums{}, fmt.Errorf("sum files: %w", err)
	}
	return s, nil
}

// CountUnusedFiles counts the uploader's files that are on their way, or whole
// and used nowhere.
func (r reads) CountUnusedFiles(ctx context.Context, uploader string) (n int64, err error) {
	_, err = r.row(ctx, `SELECT COUNT(*) FROM files WHERE uploader = $1 AND expires_at > 0 AND state <> 'gone'`, []any{uploader}, &n)
	if err != nil {
		return 0, fmt.Errorf("count unused files: %w", err)
	}
	return n, nil
}

// SumGoneFiles returns how many files of deleted messages still have their
// bytes, and how many these are.
func (r reads) SumGoneFiles(ctx context.Context) (files, bytes int64, err error) {
	_, err = r.row(ctx, `SELECT COUNT(*), COALESCE(SUM(size), 0) FROM files WHERE expires_at > 0 AND state = 'gone'`, nil, &files, &bytes)
	if err != nil {
		return 0, 0, fmt.Errorf("sum files of deleted messages: %w", err)
	}
	return files, bytes, nil
}

// HasFileKey reports whether the bytes under key belong to a file.
func (r reads) HasFileKey(ctx context.Context, key string) (bool, error) {
	var one int
	found, err := r.row(ctx, `SELECT 1 FROM files WHERE key = $1`, []any{key}, &one)
	if err != nil {
		return false, fmt.Errorf("look for file key: %w", err)
	}
	return found, nil
}

// AwaitsUpload reports whether a file still waits for the bytes of an upload.
func (s *Store) AwaitsUpload(ctx context.Context, key, upload string) (bool, error) {
	var one int
	found, err := s.row(ctx, `SELECT 1 FROM files WHERE key = $1 AND upload = $2 AND state = 'open' AND (expires_at = 0 OR expires_at > $3)`,
		[]any{key, upload, s.o.Now()}, &one)
	if err != nil {
		return false, fmt.Errorf("look for an upload: %w", err)
	}
	return found, nil
}

// InsertFile adds a file.
func (tx *Tx) InsertFile(ctx context.Context, f File) error {
	_, err := tx.exec(ctx, `INSERT INTO files (`+fileColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
		f.ID, f.Name, f.Size, f.Type, f.Width, f.Height, f.Alt, f.Preview,
		f.Key, f.Uploader, f.State, f.Upload, f.PartSize, f.Room, f.Seq, truth(f.Avatar), f.Base, f.CreatedAt, f.ExpiresAt)
	if err != nil {
		return fmt.Errorf("insert file: %w", err)
	}
	return nil
}

// UpdateFile sets all but id, key, uploader, room, seq, base and the time of making.
// What a message shows of a file is what it was when posted.
func (tx *Tx) UpdateFile(ctx context.Context, f File) error {
	_, err := tx.exec(ctx, `UPDATE files SET name = $2, size = $3, type = $4, width = $5, height = $6, alt = $7,
		preview = $8, state = $9, upload = $10, part_size = $11, avatar = $12, expires_at = $13 WHERE id = $1`,
		f.ID, f.Name, f.Size, f.Type, f.Width, f.Height, f.Alt,
		f.Preview, f.State, f.Upload, f.PartSize, truth(f.Avatar), f.ExpiresAt)
	if err != nil {
		return fmt.Errorf("update file: %w", err)
	}
	return nil
}

// DeleteFile forgets a file; its bytes are the caller's business.
func (tx *Tx) DeleteFile(ctx context.Context, id string) error {
	if _, err := tx.exec(ctx, `DELETE FROM files WHERE id = $1`, id); err != nil {
		return fmt.Errorf("delete file: %w", err)
	}
	return nil
}

// attachFiles gives files to the message at seq. One file, one message.
func (tx *Tx) attachFiles(ctx context.Context, room string, seq int64, files []minichat.File) error {
	for _, f := range files {
		n, err := tx.exec(ctx, `UPDATE files SET room = $2, seq = $3, alt = $4, expires_at = 0
			WHERE id = $1 AND state = 'ready' AND room = '' AND avatar = 0`, f.ID, room, seq, f.Alt)
		if err != nil {
			return fmt.Errorf("attach file: %w", err)
		}
		if n == 0 {
			return minichat.FieldError(minichat.Conflict, "files", "This file is in another message already, or not complete.")
		}
	}
	return nil
}

// detachFiles takes the files of a deleted message away from everybody.
func (tx *Tx) detachFiles(ctx context.Context, files []minichat.File, at int64) error {
	for _, f := range files {
		_, err := tx.exec(ctx, `UPDATE files SET state = 'gone', name = '', alt = '', preview = '', expires_at = $2 WHERE id = $1`, f.ID, at)
		if err != nil {
			return fmt.Errorf("detach file: %w", err)
		}
	}
	return nil
}
