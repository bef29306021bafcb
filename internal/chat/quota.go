package chat

import (
	"context"
	"fmt"

	"minichat"
	"minichat/internal/store"
)

// FileUse is what somebody's files take up, those on their way included.
type FileUse struct {
	Bytes int64  `json:"bytes"`
	Limit *int64 `json:"limit,omitempty"` // of one person; nil: none
	Left  *int64 `json:"left,omitempty"`  // by the limits of the person and of the place; nil: neither is set
}

type fileReads interface {
	CountUnusedFiles(ctx context.Context, uploader string) (int64, error)
	SumFiles(ctx context.Context, uploader string) (store.FileSums, error)
}

// FileUse tells u what his files take up and how much more they may.
func (c *Chat) FileUse(ctx context.Context, u minichat.User) (FileUse, error) {
	sums, err := c.st.SumFiles(ctx, u.ID)
	if err != nil {
		return FileUse{}, fmt.Errorf("sum up files: %w", err)
	}
	use := FileUse{Bytes: sums.Own}
	leave := func(n int64) {
		if n = max(0, n); use.Left == nil || n < *use.Left {
			use.Left = &n
		}
	}
	if most := c.limits.FilesBytesPerUser; most > 0 {
		use.Limit = &most
		leave(most - sums.Own)
		leave(most - sums.Own + most - sums.OwnDeleted)
	}
	if most := c.limits.FilesBytesTotal; most > 0 {
		leave(most - sums.All - sums.AllDeleted)
	}
	return use, nil
}

// judgeMore keeps the files of a person, and of all, within the limits. The lab's
// people share one author: what one of them may stands at their entrance.
func (c *Chat) judgeMore(ctx context.Context, r fileReads, user string, size int64) error {
	if most := c.limits.UnusedFilesPerUser; most > 0 && user != minichat.LabUser {
		n, err := r.CountUnusedFiles(ctx, user)
		if err != nil {
			return err
		}
		if n >= most {
			return minichat.Errorf(minichat.QuotaExceeded, "%d files of yours are on their way or in no message yet, the most that this server allows. Send or drop them first.", n)
		}
	}
	return c.judgeQuota(ctx, r, user, size)
}

// judgeQuota is about bytes. What was
// deleted gives its place back to the person at once, though its bytes stay for a
// while; but no more than as much again, or the disk would be filled by deleting.
func (c *Chat) judgeQuota(ctx context.Context, r fileReads, user string, size int64) error {
	most, total := c.limits.FilesBytesPerUser, c.limits.FilesBytesTotal
	if user == minichat.LabUser {
		most = 0
	}
	if most == 0 && total == 0 {
		return nil
	}
	s, err := r.SumFiles(ctx, user)
	switch {
	case err != nil:
		return fmt.Errorf("sum up files: %w", err)
	case most > 0 && size > most-s.Own:
		return minichat.Errorf(minichat.QuotaExceeded, "Your files may take %d bytes; %d are taken. Delete messages with files first.", most, s.Own)
	case most > 0 && size > most-s.Own+most-s.OwnDeleted:
		return minichat.Errorf(minichat.QuotaExceeded, "Your files take %d bytes, and files that you deleted %d more, which go by themselves after file_grace_s. Try again later.", s.Own, s.OwnDeleted)
	case total > 0 && size > total-s.All-s.AllDeleted:
		return minichat.Errorf(minichat.QuotaExceeded, "All files of this place may take %d bytes; %d are taken, %d of them by files of deleted messages, which go by themselves after file_grace_s. Delete messages with files, or ask whoever runs it to raise files_bytes_total.", total, s.All+s.AllDeleted, s.AllDeleted)
	}
	return nil
}
