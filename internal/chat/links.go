package chat

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"

	"minichat"
	"minichat/internal/store"
)

// SettingLab is the name of the setting with the id of the lab's room, "" when
// there is no lab.
const SettingLab = "lab_room"

// signer makes links that prove themselves. Each purpose has its own secret.
type signer struct{ secret []byte }

func (s signer) sign(text string) string {
	m := hmac.New(sha256.New, s.secret)
	m.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

func (s signer) matches(text, signature string) bool {
	return hmac.Equal([]byte(s.sign(text)), []byte(signature))
}

// path is the address of a file, good until expires (ms).
func (s signer) path(id, name string, expires int64) string {
	at := strconv.FormatInt(expires, 10)
	q := url.Values{"expires": {at}, "signature": {s.sign(id + " " + at)}}
	return filePath(id, name) + "?" + q.Encode()
}

func filePath(id, name string) string { return "/files/" + id + "/" + url.PathEscape(name) }

func (s signer) check(id, expires, signature string, now int64) error {
	at, err := strconv.ParseInt(expires, 10, 64)
	if err != nil || !s.matches(id+" "+expires, signature) {
		return minichat.Errorf(minichat.Forbidden, "This link is not right. Open the file from the chat again.")
	}
	if at <= now || at > now+2*linkTTL { // so far ahead: the clock was put back since
		return minichat.Errorf(minichat.Forbidden, "This link is too old. Open the file from the chat again.")
	}
	return nil
}

// labPath is the address of a file on the lab's wire: the same for ever.
func (s signer) labPath(id, name string) string {
	return filePath(id, name) + "?lab=" + s.sign("lab "+id)
}

func (s signer) isLab(id, signature string) bool { return s.matches("lab "+id, signature) }

// LabLink returns path and query under which a file of the lab's room is open to
// whoever has them, and the scheme://host that its upload came to, "" when that
// is not known.
func (c *Chat) LabLink(ctx context.Context, f minichat.File) (path, base string, err error) {
	row, err := c.st.GetFile(ctx, f.ID)
	if err != nil {
		return "", "", fmt.Errorf("read a file's row: %w", err)
	}
	if row != nil {
		base = row.Base
	}
	return c.lab.labPath(f.ID, f.Name), base, nil
}

// removeFile takes away the bytes of a file that nobody can read any more, then
// its row: in that order, so that a failure leaves what will be tried again.
func (c *Chat) removeFile(ctx context.Context, f store.File) error {
	if err := c.fs.Abort(ctx, uploadOf(&f)); err != nil {
		return fmt.Errorf("abort an upload: %w", err)
	}
	if err := c.fs.Delete(ctx, f.Key); err != nil {
		return fmt.Errorf("delete a file's bytes: %w", err)
	}
	return c.st.Write(ctx, func(tx *store.Tx) error { return tx.DeleteFile(ctx, f.ID) })
}
