package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"minichat"
)

const (
	headBytes = 512
	mostPut   = 5 << 30 // what S3 takes in one request
)

// Put stores what r gives under key; see Store. The bytes wait in a file until
// they are whole, so that a sender who is slow or breaks off costs no memory and
// leaves nothing in the bucket.
func (s *S3) Put(ctx context.Context, key, typ string, r io.Reader, limit int64) (_ Info, err error) {
	if err := checkKey(key); err != nil {
		return Info{}, err
	}
	if cause := s.guard.fault(); cause != nil {
		return Info{}, unavailable("store a file", cause) // before the bytes have come
	}
	if limit <= 0 || limit > mostPut {
		limit = mostPut
	}
	f, err := os.CreateTemp(s.o.Spool, "minichat-*")
	if err != nil {
		return Info{}, failure("store a file", err)
	}
	os.Remove(f.Name()) // it lives on without a name, and is gone after a crash
	defer func() {
		f.Close()
		os.Remove(f.Name()) // where an open file cannot be removed
	}()
	size, sum, err := take(ctx, f, r, limit)
	if err != nil {
		return Info{}, failure("store a file", err)
	}
	if err := s.put(ctx, key, f, size); err != nil {
		return Info{}, err
	}
	head, err := readHead(io.NewSectionReader(f, 0, size), size)
	return Info{Size: size, SHA256: sum, Head: head}, failure("store a file", err)
}

func (s *S3) put(ctx context.Context, key string, f *os.File, size int64) error {
	// As slow as a slow line: 1 MiB in four seconds.
	return s.call(ctx, "store a file", within+time.Duration(size>>18)*time.Second, func(ctx context.Context) error {
		_, err := s.api.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &s.o.Bucket, Key: s.object(key), Body: io.NewSectionReader(f, 0, size),
			ContentLength: aws.Int64(size), ContentType: aws.String(plainBytes),
		})
		return err
	})
}

func readHead(r io.Reader, size int64) ([]byte, error) {
	head := make([]byte, min(size, headBytes))
	_, err := io.ReadFull(r, head)
	return head, err
}

// read asks for bytes of an object from an offset, most of them at most (0: to
// the end), and says how many the whole has. An empty rest is io.EOF.
func (s *S3) read(ctx context.Context, key string, from, most int64) (io.ReadCloser, int64, error) {
	want := fmt.Sprintf("bytes=%d-", from)
	if most > 0 {
		want += fmt.Sprint(from + most - 1)
	}
	out, err := s.api.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.o.Bucket, Key: s.object(key), Range: &want})
	if err != nil {
		return nil, 0, err
	}
	size, ok := total(aws.ToString(out.ContentRange))
	if !ok {
		return nil, 0, errors.Join(fmt.Errorf("the bucket gave no range of the object but %q", aws.ToString(out.ContentRange)), out.Body.Close())
	}
	return out.Body, size, nil
}

// Open gives the bytes of a complete file and their number; the caller closes.
// What is read ends with ctx.
func (s *S3) Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error) {
	if err := checkKey(key); err != nil {
		return nil, 0, err
	}
	size := int64(-1)
	err := s.call(ctx, "open a file", within, func(ctx context.Context) error {
		out, err := s.api.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.o.Bucket, Key: s.object(key)})
		if err == nil {
			size = aws.ToInt64(out.ContentLength)
		}
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	return &remote{ctx: ctx, s: s, key: key, size: size}, size, nil
}

// remote reads an object, with one request from each place that is sought.
type remote struct {
	ctx  context.Context
	s    *S3
	key  string
	size int64
	at   int64
	body io.ReadCloser // from at on; nil: not asked for yet
}

func (r *remote) Read(b []byte) (int, error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	if r.body == nil {
		body, _, err := r.s.read(r.ctx, r.key, r.at, 0)
		if err != nil {
			return 0, s3Failure("read a file", err)
		}
		r.body = body
	}
	n, err := r.body.Read(b)
	r.at += int64(n)
	if err == io.EOF && r.at < r.size {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (r *remote) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return r.at, errors.New("seek before the beginning of a file")
	}
	if offset == r.at {
		return offset, nil
	}
	r.at = offset
	return offset, r.Close()
}

// Close ends the request that is under way, if any.
func (r *remote) Close() error {
	if r.body == nil {
		return nil
	}
	body := r.body
	r.body = nil
	return body.Close()
}

// Link signs an address that gives the file, named and typed, until expires.
func (s *S3) Link(ctx context.Context, key, name, typ string, inline bool, expires time.Time) (string, error) {
	if err := checkKey(key); err != nil {
		return "", err
	}
	if !inline {
		typ = plainBytes
	}
	return s.signed(ctx, "sign a link", expires, func(ctx context.Context, until func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error) {
		return s.signer.PresignGetObject(ctx, &s3.GetObjectInput{
			Bucket: &s.o.Bucket, Key: s.object(key), ResponseContentType: &typ,
			ResponseContentDisposition: aws.String(Disposition(inline, name)), ResponseCacheControl: aws.String("private, no-store"),
		}, until)
	})
}

// Delete removes an object; one that is gone is no error.
func (s *S3) Delete(ctx context.Context, key string) error {
	if checkKey(key) != nil {
		return nil
	}
	err := s.call(ctx, "delete a file", within, func(ctx context.Context) error {
		_, err := s.api.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.o.Bucket, Key: s.object(key)})
		return err
	})
	if minichat.CodeOf(err) == minichat.NotFound {
		return nil
	}
	return err
}
