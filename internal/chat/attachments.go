package chat

import (
	"context"
	"fmt"
	"io"
	"time"

	"minichat"
	"minichat/internal/store"
)

const linkTTL = 60 * 1000 // ms

// Reader is who asks for a file: somebody signed in, or who holds a link. The
// strings are those of the query, as they stand.
type Reader struct {
	User               *minichat.User // nil: not signed in
	Expires, Signature string
	Lab                string
}

// Opened is a file that its reader may have. Either URL says where to fetch it,
// or Body gives it; the caller closes Body.
type Opened struct {
	minichat.File
	Inline bool // a page may show it; else it is a download
	URL    string
	Body   io.ReadSeekCloser
	At     time.Time // when it was uploaded
}

// OpenFile is the one door to every file. Who may not have it gets the answer of
// a file that is not there; who is nobody, unauthenticated.
func (c *Chat) OpenFile(ctx context.Context, r Reader, id string) (*Opened, error) {
	f, err := c.st.GetFile(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read a file's row: %w", err)
	}
	if f != nil && f.State != store.FileReady {
		f = nil
	}
	if err := c.judgeFile(ctx, r, id, f); err != nil {
		return nil, err
	}
	kind := minichat.FileKind(f.Type)
	o := &Opened{File: f.File, Inline: kind != "", At: time.UnixMilli(f.CreatedAt)}
	expires := time.UnixMilli(c.now() + linkTTL)
	if o.URL, err = c.fs.Link(ctx, f.Key, f.Name, f.Type, o.Inline, expires); err != nil {
		return nil, fmt.Errorf("sign a link: %w", err)
	}
	if o.URL != "" {
		return o, nil
	}
	if o.Body, _, err = c.fs.Open(ctx, f.Key); err != nil {
		return nil, fmt.Errorf("open a file: %w", err)
	}
	return o, nil
}

// judgeFile answers nil if r may have the file f, nil when there is none.
func (c *Chat) judgeFile(ctx context.Context, r Reader, id string, f *store.File) error {
	switch {
	case r.Lab != "":
		return c.judgeLabLink(ctx, r.Lab, id, f)
	case r.Signature != "" || r.Expires != "":
		if err := c.links.check(id, r.Expires, r.Signature, c.now()); err != nil {
			return err
		}
	case r.User == nil:
		return minichat.Errorf(minichat.Unauthenticated, "Sign in to open this file.")
	default:
		return c.judgeReader(ctx, r.User.ID, f)
	}
	if f == nil {
		return errNoFile()
	}
	return nil
}

// judgeReader: the uploader's alone until it is posted, then theirs who may read
// the room; a face is everybody's.
func (c *Chat) judgeReader(ctx context.Context, user string, f *store.File) error {
	if f == nil {
		return errNoFile()
	}
	if f.Seq == 0 {
		if f.Avatar || f.Uploader == user {
			return nil
		}
		return errNoFile()
	}
	if _, err := c.judge(ctx, user, f.Room, minichat.ReadRoom); err != nil {
		if isCode(err, minichat.NotFound) || isCode(err, minichat.Forbidden) {
			return errNoFile()
		}
		return err
	}
	return nil
}

// judgeLabLink opens the files of the lab's room to whoever has the link, as
// long as there is a lab.
func (c *Chat) judgeLabLink(ctx context.Context, signature, id string, f *store.File) error {
	if !c.lab.isLab(id, signature) || f == nil || f.Seq == 0 {
		return errNoFile()
	}
	room, err := c.st.GetSetting(ctx, SettingLab)
	if err != nil {
		return fmt.Errorf("read the lab room's id: %w", err)
	}
	if room == "" || f.Room != room {
		return errNoFile()
	}
	return nil
}

// FileLink is a link that needs no other proof for a minute.
type FileLink struct {
	URL       string `json:"url"` // path and query
	ExpiresAt int64  `json:"expires_at"`
}

// FileLink signs a link to a file that u may have now.
func (c *Chat) FileLink(ctx context.Context, u minichat.User, id string) (FileLink, error) {
	f, err := c.st.GetFile(ctx, id)
	if err != nil {
		return FileLink{}, fmt.Errorf("read a file's row: %w", err)
	}
	if f != nil && f.State != store.FileReady {
		f = nil
	}
	if err := c.judgeReader(ctx, u.ID, f); err != nil {
		return FileLink{}, err
	}
	expires := c.now() + linkTTL
	return FileLink{URL: c.links.path(f.ID, f.Name, expires), ExpiresAt: expires}, nil
}
