package files

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"minichat"
)

// PartsPath is where a Disk's part URLs begin; the server mounts ServePart there, for PUT.
const PartsPath = "/api/v1/parts/"

// PartURL signs one part's address; see Store.
func (d *Disk) PartURL(ctx context.Context, u Upload, number int, expires time.Time) (string, error) {
	size := u.PartBytes(number)
	if size == 0 {
		return "", minichat.FieldError(minichat.BadField, "numbers", "The parts are numbered 1 to %d.", u.Count())
	}
	until := strconv.FormatInt(expires.UnixMilli(), 10)
	q := url.Values{"size": {strconv.FormatInt(size, 10)}, "expires": {until}}
	q.Set("signature", d.sign(u.ID, strconv.Itoa(number), q.Get("size"), until))
	return PartsPath + u.ID + "/" + strconv.Itoa(number) + "?" + q.Encode(), nil
}

// sign covers everything that a part URL says. None of the fields can hold a line break.
func (d *Disk) sign(fields ...string) string {
	mac := hmac.New(sha256.New, d.secret)
	io.WriteString(mac, "minichat part\n"+strings.Join(fields, "\n"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// ServePart takes the body of a PUT to a part URL. When it returns nil it has
// answered, with an ETag, and the part is on disk; when it returns an error it
// has written nothing and the caller answers. The last byte may come as late as
// it likes, but never later than 30 s after the one before.
func (d *Disk) ServePart(w http.ResponseWriter, r *http.Request) error {
	err := d.servePart(w, r)
	if err != nil && !d.drain(w, r, err) {
		// Else net/http waits for the rest of the body before it sends the answer.
		w.Header().Set("Connection", "close")
	}
	return failure("take a part", err)
}

// drain reads what is left of a part that had the right length but cannot be
// taken: many clients read no answer before all is sent. It reports whether
// the end was reached. Who sent a wrong length is not waited for.
func (d *Disk) drain(w http.ResponseWriter, r *http.Request, err error) bool {
	switch minichat.CodeOf(err) {
	case minichat.BadField, minichat.TooLarge:
		return false
	case minichat.InvalidOrExpired, minichat.NotFound:
		// Nothing has been read, and such a client sends nothing before it is asked to.
		if r.ContentLength > leastPart || r.Header.Get("Expect") != "" {
			return false
		}
	}
	rest := &patient{r: r.Body, rc: http.NewResponseController(w), idle: d.idle}
	_, err = io.CopyN(io.Discard, rest, leastPart+1)
	return err == io.EOF
}

func (d *Disk) servePart(w http.ResponseWriter, r *http.Request) error {
	u, number, err := d.checkPart(r)
	if err != nil {
		return err
	}
	size := u.PartBytes(number)
	if err := checkLength(r.ContentLength, size); err != nil {
		return err
	}
	in, sum, err := d.receive(w, r, u.ID, size)
	if err == nil {
		err = d.place(u, number, in, sum)
	}
	if in != "" {
		d.root.Remove(in) // renamed or copied by now; what stays is collected with the upload
	}
	if err != nil {
		return err
	}
	w.Header().Set("ETag", `"`+sum+`"`)
	w.WriteHeader(http.StatusOK)
	return nil
}

// checkPart reads the address and believes it only if this server has signed
// it; the upload is looked up after that.
func (d *Disk) checkPart(r *http.Request) (u Upload, number int, err error) {
	refused := minichat.Errorf(minichat.InvalidOrExpired, "This upload address is not valid or has expired. Ask for a new one.")
	id, num, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, PartsPath), "/")
	q := r.URL.Query()
	want := d.sign(id, num, q.Get("size"), q.Get("expires"))
	if !hmac.Equal([]byte(want), []byte(q.Get("signature"))) || !ok || strings.Contains(r.URL.Path+r.URL.RawQuery, "\n") {
		return Upload{}, 0, refused
	}
	until, err := strconv.ParseInt(q.Get("expires"), 10, 64)
	if err != nil || !d.now().Before(time.UnixMilli(until)) {
		return Upload{}, 0, refused
	}
	if number, err = strconv.Atoi(num); err != nil {
		return Upload{}, 0, refused
	}
	if u, err = d.find(id); err != nil {
		return Upload{}, 0, err
	}
	if q.Get("size") != strconv.FormatInt(u.PartBytes(number), 10) {
		return Upload{}, 0, refused
	}
	return u, number, nil
}

// checkLength refuses before the first byte; -1 (not announced) is counted later.
func checkLength(length, size int64) error {
	if length > size {
		return errTooLong(size)
	}
	if length >= 0 && length < size {
		return errTooShort(size)
	}
	return nil
}

func errTooLong(size int64) error {
	return minichat.FieldError(minichat.TooLarge, "body", "This part has exactly %d bytes; more were sent.", size)
}

func errTooShort(size int64) error {
	return minichat.FieldError(minichat.BadField, "body", "This part has exactly %d bytes; fewer were sent.", size)
}

// receive writes the body to a file of its own and sums it. The name comes back
// also with an error, for the caller to remove.
func (d *Disk) receive(w http.ResponseWriter, r *http.Request, id string, size int64) (name, sum string, err error) {
	rc := http.NewResponseController(w)
	// A limit on the whole answer would cut a slow but living upload. Where there
	// is none to lift, there is no harm.
	if err := rc.SetWriteDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return "", "", err
	}
	f, err := d.expect(size)
	if err != nil {
		return "", "", err
	}
	defer f.end()
	name = uploadFile(id, "in-"+randomName())
	f.File, err = d.create(name)
	if errors.Is(err, os.ErrNotExist) {
		return "", "", errNoUpload()
	}
	if err != nil {
		return "", "", err
	}
	defer f.Close() // not synced: place does that for the bytes that count
	h := sha256.New()
	body := &patient{r: r.Body, rc: rc, idle: d.idle}
	n, err := io.CopyBuffer(io.MultiWriter(f, h), io.LimitReader(body, size+1), make([]byte, 128<<10))
	switch {
	case body.err != nil:
		return name, "", body.err
	case err != nil:
		return name, "", err
	case n > size:
		return name, "", errTooLong(size)
	case n < size:
		return name, "", errTooShort(size)
	}
	return name, hex.EncodeToString(h.Sum(nil)), rc.SetReadDeadline(time.Time{})
}

// patient reads as long as bytes keep coming. err is what ended the reading,
// as an answer for the sender.
type patient struct {
	r    io.Reader
	rc   *http.ResponseController
	idle time.Duration
	err  error
}

func (p *patient) Read(b []byte) (int, error) {
	if err := p.rc.SetReadDeadline(time.Now().Add(p.idle)); err != nil {
		return 0, fmt.Errorf("limit the wait for a part: %w", err)
	}
	n, err := p.r.Read(b)
	if err != nil && err != io.EOF {
		e := minichat.FieldError(minichat.BadField, "body", "The connection broke before the whole part was here. Send it again.")
		if e.Err = err; errors.Is(err, os.ErrDeadlineExceeded) {
			e.Message = "Nothing came for too long. Send this part again."
			e.Err = fmt.Errorf("%w: %w", ErrStalled, err)
		}
		p.err = e
	}
	return n, err
}
