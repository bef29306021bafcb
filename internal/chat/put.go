package chat

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"minichat"
	"minichat/internal/store"
)

// PutFile takes a file whose bytes come through the server, as n says but for
// its size, which is what r gives. More than file_bytes is too_large, and
// nothing is kept.
func (c *Chat) PutFile(ctx context.Context, u minichat.User, n NewFile, r io.Reader) (minichat.File, error) {
	if err := c.judgeMore(ctx, c.st, u.ID, 1); err != nil {
		return minichat.File{}, err
	}
	key := minichat.NewID(22)
	info, err := c.fs.Put(ctx, key, n.Type, r, c.limits.FileBytes)
	if err != nil {
		return minichat.File{}, fmt.Errorf("store a file: %w", err)
	}
	now := c.now()
	row := store.File{
		File: minichat.File{ID: minichat.NewID(22), Name: minichat.CleanFilename(n.Name), Size: info.Size,
			Type: http.DetectContentType(info.Head)},
		Key: key, PartSize: info.Size, Uploader: u.ID, State: store.FileReady,
		Base: n.Base, CreatedAt: now, ExpiresAt: now + c.uploadTTL(),
	}
	err = c.st.Write(ctx, func(tx *store.Tx) error {
		if err := c.judgeMore(ctx, tx, u.ID, info.Size); err != nil {
			return err
		}
		return tx.InsertFile(ctx, row)
	})
	if err != nil {
		if err := c.fs.Delete(context.WithoutCancel(ctx), key); err != nil {
			c.log.Warn("file not dropped, left to the sweep", "error", err)
		}
		return minichat.File{}, fmt.Errorf("insert a file: %w", err)
	}
	return row.File, nil
}
