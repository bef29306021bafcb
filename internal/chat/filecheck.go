package chat

import (
	"context"
	"fmt"
	"time"

	"minichat"
	"minichat/internal/files"
	"minichat/internal/store"
)

// FilesReport is what CheckFiles has found.
type FilesReport struct {
	Files, Bytes int64         // files that are whole, as their rows say
	Left         []files.Found // uploads and files that nobody will ask for again
	Missing      []store.File  // rows whose bytes are not there, or not as many as they say

	Deleted, DeletedBytes int64 // files of deleted messages that stay for a while
}

// LeftBytes is the size of what is left over.
func (r FilesReport) LeftBytes() (sum int64) {
	for _, f := range r.Left {
		sum += f.Size
	}
	return sum
}

// CheckFiles holds the place where bytes are against the database, also beside a
// running server. With fix it removes what is left over since olderThan; missing
// bytes are only told. The files of another database, or of another copy of this
// one, are left alone: conflict. What cannot be removed keeps nothing else from
// it; the error names it, and the report holds what was done.
func CheckFiles(ctx context.Context, st *store.Store, fs files.Store, olderThan time.Time, fix bool) (FilesReport, error) {
	var report FilesReport
	if fix {
		if err := own(ctx, st, fs); err != nil {
			return report, err
		}
	}
	// Rows first: a file that is completed meanwhile is then not taken for missing.
	wanted, err := readyFiles(ctx, st)
	if err != nil {
		return report, err
	}
	known := func(key string) bool {
		has, err := st.HasFileKey(ctx, key)
		return has || err != nil // in doubt it is wanted
	}
	// Until when, its row says: a server may give uploads longer than whoever asks here knows.
	awaited := func(f files.Found) bool {
		if f.Upload == "" {
			return false
		}
		awaits, err := st.AwaitsUpload(ctx, f.Key, f.Upload)
		return awaits || err != nil
	}
	if report.Deleted, report.DeletedBytes, err = st.SumGoneFiles(ctx); err != nil {
		return report, err
	}
	var failed failures
	err = fs.List(ctx, func(f files.Found) error {
		if f.IsLeft(olderThan, known) && !awaited(f) {
			if fix {
				if err := files.Remove(ctx, fs, f); err != nil {
					failed.add(fmt.Errorf("remove what is left over: %w", err))
					return ctx.Err()
				}
			}
			report.Left = append(report.Left, f)
			return nil
		}
		if want, ok := wanted[f.Key]; ok && f.Upload == "" && want.size == f.Size {
			delete(wanted, f.Key)
			report.Files++
			report.Bytes += f.Size
		}
		return nil
	})
	if err != nil {
		return report, fmt.Errorf("list the files: %w", err)
	}
	for _, want := range wanted {
		f, err := missing(ctx, st, fs, want.id)
		if err != nil {
			return report, err
		}
		if f != nil {
			report.Missing = append(report.Missing, *f)
		}
	}
	return report, failed.join()
}

// own is asked before anything is removed: what another copy of the database
// knows of is not to go because this one does not, or because it was deleted here.
func own(ctx context.Context, st *store.Store, fs files.Store) error {
	if err := files.Own(ctx, fs, files.Owner{Database: st.ID(), Epoch: st.Epoch()}); err != nil {
		return fmt.Errorf("see whose files they are: %w", err)
	}
	return nil
}

// wantedFile is what a row says of the bytes under its key.
type wantedFile struct {
	id   string
	size int64
}

func readyFiles(ctx context.Context, st *store.Store) (map[string]wantedFile, error) {
	wanted := map[string]wantedFile{}
	for after := ""; ; {
		list, err := st.ListReadyFiles(ctx, after, 1000)
		if err != nil {
			return nil, fmt.Errorf("list the rows of files: %w", err)
		}
		if len(list) == 0 {
			return wanted, nil
		}
		for _, f := range list {
			wanted[f.Key], after = wantedFile{f.ID, f.Size}, f.ID
		}
	}
}

// missing returns the row of a file whose bytes are really not there, nil if they
// are, or if the row has gone meanwhile.
func missing(ctx context.Context, st *store.Store, fs files.Store, id string) (*store.File, error) {
	f, err := st.GetFile(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read a file's row: %w", err)
	}
	if f == nil || f.State != store.FileReady {
		return nil, nil
	}
	body, size, err := fs.Open(ctx, f.Key)
	if err != nil && !isCode(err, minichat.NotFound) {
		return nil, fmt.Errorf("look for a file: %w", err)
	}
	if err == nil {
		body.Close() // nothing was read
		if size == f.Size {
			return nil, nil
		}
	}
	// Deleted between the two looks, it is not missed either.
	if again, err := st.GetFile(ctx, id); err != nil || again == nil || again.State != store.FileReady {
		return nil, err
	}
	return f, nil
}
