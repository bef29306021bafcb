package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// stream reads an object from its beginning to its end. When the line breaks it
// asks for the rest; when no byte comes for too long that counts as broken.
type stream struct {
	ctx  context.Context
	b    *bucket
	name string
	body io.ReadCloser // nil: to be asked for
	stop context.CancelFunc
	at   int64
	size int64
	left int // tries
}

func (b *bucket) open(ctx context.Context, name string) (io.ReadCloser, error) {
	s := &stream{ctx: ctx, b: b, name: name, left: tries, size: -1}
	if err := s.ask(); err != nil {
		return nil, err
	}
	return s, nil
}

// ask begins where the last answer ended.
func (s *stream) ask() error {
	ctx, stop := context.WithCancel(s.ctx)
	slow := time.AfterFunc(within, stop)
	input := &s3.GetObjectInput{Bucket: &s.b.name, Key: s.b.key(s.name)}
	if s.at > 0 {
		input.Range = aws.String(fmt.Sprintf("bytes=%d-", s.at))
	}
	err := s.b.call(ctx, "read", s.name, 2*within, func(context.Context) error {
		out, err := s.b.api.GetObject(ctx, input) // the body outlives this call
		if err != nil {
			return err
		}
		s.body, s.stop = out.Body, stop
		if s.size < 0 {
			s.size = aws.ToInt64(out.ContentLength)
		}
		return nil
	})
	slow.Stop()
	if err != nil {
		stop()
	}
	return err
}

func (s *stream) Read(b []byte) (int, error) {
	for {
		if s.at >= s.size {
			return 0, io.EOF
		}
		err := error(nil)
		if s.body == nil {
			err = s.ask()
		}
		n := 0
		if err == nil {
			slow := time.AfterFunc(stalled, s.stop)
			n, err = s.body.Read(b)
			slow.Stop()
			s.at += int64(n)
		}
		if n > 0 {
			s.left = tries
		}
		if err == nil || s.at >= s.size {
			return n, nil
		}
		s.Close() // what it was is said below
		if s.left--; s.left <= 0 || s.ctx.Err() != nil || errors.Is(err, fs.ErrNotExist) {
			return n, fmt.Errorf("read %s: %w", s.name, err)
		}
		if n > 0 {
			return n, nil
		}
	}
}

func (s *stream) Close() error {
	if s.body == nil {
		return nil
	}
	body := s.body
	s.body = nil
	s.stop()
	return body.Close()
}
