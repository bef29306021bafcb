package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"minichat/internal/files"
)

const (
	partBytes  = 8 << 20 // of an object above it; one such part per worker is in memory
	largerFrom = 1000    // after so many parts they grow, for S3 takes 10,000
	within     = 30 * time.Second
	stalled    = time.Minute // without a byte
	tries      = 4           // to go on reading where a line broke
)

// bucket is a place that speaks S3.
type bucket struct {
	api    *s3.Client
	name   string
	prefix string
}

func openBucket(ctx context.Context, o files.S3Options) (*bucket, error) {
	api, err := files.NewS3Client(ctx, o)
	if err != nil {
		return nil, err
	}
	return &bucket{api, o.Bucket, o.Prefix}, nil
}

func (b *bucket) scratch() string { return "" }

func (b *bucket) key(name string) *string { return aws.String(b.prefix + name) }

// call runs fn, which asks the bucket, for at most d.
func (b *bucket) call(ctx context.Context, what, name string, d time.Duration, fn func(context.Context) error) error {
	inner, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	err := fn(inner)
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[smithy.APIError](err); ok && (e.ErrorCode() == "NoSuchKey" || e.ErrorCode() == "NotFound") {
		return fmt.Errorf("%s %s: %w", what, name, fs.ErrNotExist)
	}
	if ctx.Err() == nil && inner.Err() != nil {
		return fmt.Errorf("%s %s: the bucket does not answer: %w", what, name, err)
	}
	return fmt.Errorf("%s %s: %w", what, name, err)
}

// forBytes is how long so many may take on a slow line: 1 MiB in four seconds.
func forBytes(n int) time.Duration { return within + time.Duration(n>>18)*time.Second }

// put sends what fits into one part at once and more of it as a multipart
// upload, of which nothing is there before its end.
func (b *bucket) put(ctx context.Context, name string, r io.Reader) error {
	part := make([]byte, partBytes)
	n, err := io.ReadFull(r, part)
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return b.call(ctx, "write", name, forBytes(n), func(ctx context.Context) error {
			_, err := b.api.PutObject(ctx, &s3.PutObjectInput{Bucket: &b.name, Key: b.key(name), Body: bytes.NewReader(part[:n]),
				ContentLength: aws.Int64(int64(n)), ContentType: aws.String("application/octet-stream")})
			return err
		})
	case err != nil:
		return err
	}
	return b.putParts(ctx, name, r, part)
}

func (b *bucket) putParts(ctx context.Context, name string, r io.Reader, part []byte) (err error) {
	var id *string
	err = b.call(ctx, "write", name, within, func(ctx context.Context) error {
		out, err := b.api.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b.name, Key: b.key(name), ContentType: aws.String("application/octet-stream")})
		if err == nil {
			id = out.UploadId
		}
		return err
	})
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.abort(name, id))
		}
	}()
	var done []types.CompletedPart
	for n, readErr := len(part), error(nil); n > 0; {
		tag, err := b.putPart(ctx, name, id, int32(len(done)+1), part[:n])
		if err != nil {
			return err
		}
		done = append(done, types.CompletedPart{PartNumber: aws.Int32(int32(len(done) + 1)), ETag: tag})
		if readErr != nil {
			break
		}
		if len(done)%largerFrom == 0 {
			part = make([]byte, 2*len(part))
		}
		if n, readErr = io.ReadFull(r, part); readErr != nil && !errors.Is(readErr, io.EOF) && !errors.Is(readErr, io.ErrUnexpectedEOF) {
			return readErr
		}
	}
	// A server other than AWS's may copy all bytes before it answers.
	return b.call(ctx, "write", name, forBytes(len(done)*len(part)), func(ctx context.Context) error {
		_, err := b.api.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &b.name, Key: b.key(name), UploadId: id,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: done}})
		return err
	})
}

func (b *bucket) putPart(ctx context.Context, name string, id *string, number int32, part []byte) (tag *string, err error) {
	err = b.call(ctx, "write", name, forBytes(len(part)), func(ctx context.Context) error {
		out, err := b.api.UploadPart(ctx, &s3.UploadPartInput{Bucket: &b.name, Key: b.key(name), UploadId: id, PartNumber: &number,
			Body: bytes.NewReader(part), ContentLength: aws.Int64(int64(len(part)))})
		if err == nil {
			tag = out.ETag
		}
		return err
	})
	return tag, err
}

// abort is also for a backup that was told to stop.
func (b *bucket) abort(name string, id *string) error {
	return b.call(context.Background(), "drop the unfinished", name, within, func(ctx context.Context) error {
		_, err := b.api.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: b.key(name), UploadId: id})
		return err
	})
}

func (b *bucket) take(ctx context.Context, name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return errors.Join(b.put(ctx, name, f), f.Close())
}

func (b *bucket) list(ctx context.Context, prefix string, fn func(string, int64) error) error {
	full := b.prefix + prefix
	pages := s3.NewListObjectsV2Paginator(b.api, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &full})
	for pages.HasMorePages() {
		var page *s3.ListObjectsV2Output
		err := b.call(ctx, "list", prefix, within, func(ctx context.Context) (err error) {
			page, err = pages.NextPage(ctx)
			return err
		})
		if err != nil {
			return err
		}
		for _, o := range page.Contents {
			if err := fn(aws.ToString(o.Key)[len(b.prefix):], aws.ToInt64(o.Size)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bucket) remove(ctx context.Context, name string) error {
	err := b.call(ctx, "remove", name, within, func(ctx context.Context) error {
		_, err := b.api.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: b.key(name)})
		return err
	})
	return ignoreAbsent(err)
}
