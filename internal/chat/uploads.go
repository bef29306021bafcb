package chat

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"minichat"
	"minichat/internal/files"
	"minichat/internal/store"
)

const (
	partsAtOnce = 16 // part URLs in one answer
	partTTL     = 15 * time.Minute
	maxSide     = 1 << 20 // pixels; what a client says of a picture's size
	longestTTL  = 30 * 24 * 3600 * 1000
)

// NewFile is the body of the beginning of an upload. The type is a hint only:
// what the file is, the server sees for itself.
type NewFile struct {
	Name   string `json:"name" need:"true"`
	Size   int64  `json:"size" need:"true"`
	Type   string `json:"type"`
	Width  int64  `json:"width"`
	Height int64  `json:"height"`
	// Preview is shown until the file is there: what minichat.CheckPreview takes, or "".
	Preview string `json:"preview"`
	Base    string `json:"-"` // scheme://host that the request came to
}

// FilePart is the right to send one part.
type FilePart struct {
	Number    int    `json:"number"`
	URL       string `json:"url"`
	ExpiresAt int64  `json:"expires_at"`
}

// Upload is the answer to NewFile: the first parts, all of a small file.
type Upload struct {
	File     string     `json:"file"`
	PartSize int64      `json:"part_size"`
	Parts    []FilePart `json:"parts"`
}

// FileState tells how far an upload is.
type FileState struct {
	minichat.File
	State    string       `json:"state"` // open or ready
	PartSize int64        `json:"part_size"`
	Have     []files.Part `json:"have"` // parts that have arrived whole
}

// NewFile begins an upload. A file that is too large, or more than u may keep,
// is refused before its first byte.
func (c *Chat) NewFile(ctx context.Context, u minichat.User, n NewFile) (Upload, error) {
	if err := c.checkNewFile(n); err != nil {
		return Upload{}, err
	}
	if err := c.judgeMore(ctx, c.st, u.ID, n.Size); err != nil {
		return Upload{}, err
	}
	up, err := c.fs.Start(ctx, minichat.NewID(22), n.Size, n.Type)
	if err != nil {
		return Upload{}, fmt.Errorf("start an upload: %w", err)
	}
	now := c.now()
	row := store.File{
		File: minichat.File{ID: minichat.NewID(22), Name: minichat.CleanFilename(n.Name), Size: n.Size,
			Type: n.Type, Width: n.Width, Height: n.Height, Preview: n.Preview},
		Key: up.Key, Upload: up.ID, PartSize: up.PartSize, Uploader: u.ID, State: store.FileOpen,
		Base: n.Base, CreatedAt: now, ExpiresAt: now + c.uploadTTL(),
	}
	err = c.st.Write(ctx, func(tx *store.Tx) error {
		if _, err := placeOf(ctx, tx, u.ID, ""); err != nil {
			return err
		}
		if err := c.judgeMore(ctx, tx, u.ID, n.Size); err != nil {
			return err
		}
		return tx.InsertFile(ctx, row)
	})
	if err != nil {
		c.drop(ctx, up)
		return Upload{}, fmt.Errorf("insert a file: %w", err)
	}
	parts, err := c.partURLs(ctx, up, firstParts(up.Count()))
	return Upload{File: row.ID, PartSize: up.PartSize, Parts: parts}, err
}

func (c *Chat) checkNewFile(n NewFile) error {
	switch {
	case n.Size < 1:
		return minichat.FieldError(minichat.Empty, "size", "This file is empty.")
	case c.limits.FileBytes > 0 && n.Size > c.limits.FileBytes:
		return minichat.FieldError(minichat.TooLarge, "size", "This file is larger than %d bytes, the most that this server takes.", c.limits.FileBytes)
	case n.Width < 0 || n.Width > maxSide:
		return minichat.FieldError(minichat.BadField, "width", "Give the width in pixels.")
	case n.Height < 0 || n.Height > maxSide:
		return minichat.FieldError(minichat.BadField, "height", "Give the height in pixels.")
	case len(n.Type) > 255:
		return minichat.FieldError(minichat.TooLong, "type", "A media type has at most 255 characters.")
	}
	return minichat.CheckPreview("preview", n.Preview)
}

func (c *Chat) uploadTTL() int64 {
	if c.limits.UploadTTLSeconds == 0 {
		return longestTTL // never would fill the disk with what nobody finishes
	}
	return c.limits.UploadTTLSeconds * 1000
}

// drop takes away the bytes of an upload that came to nothing; the sweep does it
// when this fails.
func (c *Chat) drop(ctx context.Context, up files.Upload) {
	if err := c.fs.Abort(context.WithoutCancel(ctx), up); err != nil {
		c.log.Warn("upload not dropped, left to the sweep", "error", err)
	}
}

func firstParts(count int) []int {
	numbers := make([]int, min(count, partsAtOnce))
	for i := range numbers {
		numbers[i] = i + 1
	}
	return numbers
}

func (c *Chat) partURLs(ctx context.Context, up files.Upload, numbers []int) ([]FilePart, error) {
	expires := time.UnixMilli(c.now()).Add(partTTL)
	list := make([]FilePart, 0, len(numbers))
	for _, n := range numbers {
		url, err := c.fs.PartURL(ctx, up, n, expires)
		if err != nil {
			return nil, fmt.Errorf("sign a part's address: %w", err)
		}
		list = append(list, FilePart{Number: n, URL: url, ExpiresAt: expires.UnixMilli()})
	}
	return list, nil
}

// ownFile returns the row of a file of u's that is on its way or whole.
func (c *Chat) ownFile(ctx context.Context, u minichat.User, id string) (*store.File, error) {
	f, err := c.st.GetFile(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read a file's row: %w", err)
	}
	if f == nil || f.Uploader != u.ID || f.State == store.FileGone {
		return nil, errNoFile()
	}
	return f, nil
}

func errNoFile() error {
	return minichat.FieldError(minichat.NotFound, "file", "There is no such file.")
}

func uploadOf(f *store.File) files.Upload {
	return files.Upload{Key: f.Key, ID: f.Upload, Size: f.Size, PartSize: f.PartSize, Type: f.Type}
}

// FileParts signs the addresses of more parts, at most 16 at a time. The upload
// is alive with that: its time begins anew.
func (c *Chat) FileParts(ctx context.Context, u minichat.User, id string, numbers []int) ([]FilePart, error) {
	f, err := c.ownFile(ctx, u, id)
	if err != nil {
		return nil, err
	}
	if f.State != store.FileOpen {
		return nil, errComplete()
	}
	if len(numbers) == 0 || len(numbers) > partsAtOnce {
		return nil, minichat.FieldError(minichat.BadField, "numbers", "Ask for 1 to %d parts at a time.", partsAtOnce)
	}
	up := uploadOf(f)
	for _, n := range numbers {
		if n < 1 || n > up.Count() {
			return nil, minichat.FieldError(minichat.BadField, "numbers", "This file has the parts 1 to %d.", up.Count())
		}
	}
	if err := c.keepAlive(ctx, id); err != nil {
		return nil, err
	}
	return c.partURLs(ctx, up, numbers)
}

// keepAlive puts off the end of an upload. Its parts last minutes, so whoever goes
// on with it comes by here.
func (c *Chat) keepAlive(ctx context.Context, id string) error {
	return c.st.Write(ctx, func(tx *store.Tx) error {
		f, err := tx.GetFile(ctx, id)
		switch {
		case err != nil:
			return fmt.Errorf("read a file's row: %w", err)
		case f == nil || f.State == store.FileGone:
			return errNoFile()
		case f.State == store.FileReady:
			return errComplete()
		}
		f.ExpiresAt = c.now() + c.uploadTTL()
		if err := tx.UpdateFile(ctx, *f); err != nil {
			return fmt.Errorf("put off the end of an upload: %w", err)
		}
		return nil
	})
}

func errComplete() error {
	return minichat.FieldError(minichat.Conflict, "file", "This upload is complete.")
}

// FileState tells u how far an upload of his is.
func (c *Chat) FileState(ctx context.Context, u minichat.User, id string) (FileState, error) {
	f, err := c.ownFile(ctx, u, id)
	if err != nil {
		return FileState{}, err
	}
	s := FileState{File: f.File, State: f.State, PartSize: f.PartSize, Have: []files.Part{}}
	if f.State != store.FileOpen {
		return s, nil
	}
	have, err := c.fs.Parts(ctx, uploadOf(f))
	if err != nil {
		return FileState{}, fmt.Errorf("list parts: %w", err)
	}
	s.Have = append(s.Have, have...)
	return s, nil
}

// CompleteFile makes an upload a file: exactly as long as was said, of the type
// that its bytes show. conflict: parts are missing. Again: the same answer.
func (c *Chat) CompleteFile(ctx context.Context, u minichat.User, id string) (minichat.File, error) {
	f, err := c.ownFile(ctx, u, id)
	if err != nil || f.State == store.FileReady {
		if err != nil {
			return minichat.File{}, err
		}
		return f.File, nil
	}
	info, err := c.fs.Complete(ctx, uploadOf(f))
	if err != nil {
		return minichat.File{}, fmt.Errorf("complete an upload: %w", err)
	}
	if info.Size != f.Size {
		return minichat.File{}, minichat.FieldError(minichat.Conflict, "file", "The file has %d bytes, not %d. Upload it again.", info.Size, f.Size)
	}
	return c.markReady(ctx, u, id, info)
}

func (c *Chat) markReady(ctx context.Context, u minichat.User, id string, info files.Info) (minichat.File, error) {
	var ready minichat.File
	err := c.st.Write(ctx, func(tx *store.Tx) error {
		f, err := tx.GetFile(ctx, id)
		if err != nil {
			return fmt.Errorf("read a file's row: %w", err)
		}
		if f == nil || f.Uploader != u.ID || f.State == store.FileGone {
			return errNoFile()
		}
		if f.State == store.FileOpen {
			f.State, f.Type, f.ExpiresAt = store.FileReady, http.DetectContentType(info.Head), c.now()+c.uploadTTL()
			kind := minichat.FileKind(f.Type)
			if kind != "image" && kind != "video" || kind == "image" && minichat.IsHugePicture(info.Head, f.Width, f.Height) {
				f.Width, f.Height, f.Preview = 0, 0, "" // it is no picture, or none to be shown by itself
			}
			if err := tx.UpdateFile(ctx, *f); err != nil {
				return fmt.Errorf("mark a file ready: %w", err)
			}
		}
		ready = f.File
		return nil
	})
	return ready, err
}

// AbortFile drops an upload, or a whole file that was not used yet. conflict: it
// is used; delete its message instead.
func (c *Chat) AbortFile(ctx context.Context, u minichat.User, id string) error {
	err := c.st.Write(ctx, func(tx *store.Tx) error {
		f, err := tx.GetFile(ctx, id)
		if err != nil {
			return fmt.Errorf("read a file's row: %w", err)
		}
		if f == nil || f.Uploader != u.ID || f.State == store.FileGone {
			return errNoFile()
		}
		if f.Seq != 0 || f.Avatar {
			return minichat.FieldError(minichat.Conflict, "file", "This file is used. Delete its message, or choose another picture of you, instead.")
		}
		return letGo(ctx, tx, *f)
	})
	if err == nil {
		c.sweepSoon()
	}
	return err
}

// letGo makes a file unreadable at once; the sweep takes its bytes away.
func letGo(ctx context.Context, tx *store.Tx, f store.File) error {
	f.State, f.ExpiresAt = store.FileGone, tx.Now()
	if err := tx.UpdateFile(ctx, f); err != nil {
		return fmt.Errorf("let go of a file: %w", err)
	}
	return nil
}
