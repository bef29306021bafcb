package chat

import (
	"context"
	"fmt"

	"minichat"
)

// FileUse is what somebody's files take up, those on their way included.
type FileUse struct {
	Bytes int64  `json:"bytes"`
	Limit *int64 `json:"limit,omitempty"` // of one person; nil: none
	Left  *int64 `json:"left,omitempty"`  // by the limits of the person and of the place; nil: neither is set
}

type fileSums interface {
	SumFiles(ctx context.Context, uploader string) (own, all int64, err error)
}

// FileUse tells u what his files take up and how much more they may.
func (c *Chat) FileUse(ctx context.Context, u minichat.User) (FileUse, error) {
	own, all, err := c.st.SumFiles(ctx, u.ID)
	if err != nil {
		return FileUse{}, fmt.Errorf("sum up files: %w", err)
	}
	use := FileUse{Bytes: own}
	leave := func(n int64) {
		if n = max(0, n); use.Left == nil || n < *use.Left {
			use.Left = &n
		}
	}
	if most := c.limits.FilesBytesPerUser; most > 0 {
		use.Limit = &most
		leave(most - own)
	}
	if most := c.limits.FilesBytesTotal; most > 0 {
		leave(most - all)
	}
	return use, nil
}

// judgeQuota keeps the files of a person, and of all, within the limits. The
// lab's people share one author: what one of them may stands at their entrance.
func (c *Chat) judgeQuota(ctx context.Context, r fileSums, user string, size int64) error {
	most, total := c.limits.FilesBytesPerUser, c.limits.FilesBytesTotal
	if user == minichat.LabUser {
		most = 0
	}
	if most == 0 && total == 0 {
		return nil
	}
	own, all, err := r.SumFiles(ctx, user)
	switch {
	case err != nil:
		return fmt.Errorf("sum up files: %w", err)
	case most > 0 && size > most-own:
		return minichat.Errorf(minichat.QuotaExceeded, "Your files may take %d bytes; %d are taken. Delete messages with files first.", most, own)
	case total > 0 && size > total-all:
		return minichat.Errorf(minichat.QuotaExceeded, "All files of this place may take %d bytes; %d are taken. Delete messages with files, or ask whoever runs it to raise files_bytes_total.", total, all)
	}
	return nil
}
