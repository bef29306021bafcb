package files

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"minichat"
)

// plainBytes is the type of every object: what a browser may make of one is
// signed into each link.
const plainBytes = "application/octet-stream"

// Start opens a multipart upload; see Store.
func (s *S3) Start(ctx context.Context, key string, size int64, typ string) (Upload, error) {
	if err := checkKey(key); err != nil {
		return Upload{}, err
	}
	if size <= 0 {
		return Upload{}, minichat.FieldError(minichat.BadField, "size", "An empty file cannot be sent.")
	}
	u := Upload{Key: key, Size: size, PartSize: partSize(size), Type: typ}
	err := s.call(ctx, "start an upload", within, func(ctx context.Context) error {
		asked := time.Now()
		out, err := s.api.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
			Bucket: &s.o.Bucket, Key: s.object(key), ContentType: aws.String(plainBytes),
		})
		if err == nil {
			u.ID = aws.ToString(out.UploadId)
			s.noteLeap(out.ResultMetadata, asked)
		}
		return err
	})
	if err != nil {
		return Upload{}, err
	}
	return u, nil
}

// PartURL signs a part's address, and how many bytes may be sent there; see Store.
func (s *S3) PartURL(ctx context.Context, u Upload, number int, expires time.Time) (string, error) {
	size := u.PartBytes(number)
	if size == 0 {
		return "", minichat.FieldError(minichat.BadField, "numbers", "The parts are numbered 1 to %d.", u.Count())
	}
	return s.signed(ctx, "sign a part's address", expires, func(ctx context.Context, until func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error) {
		return s.signer.PresignUploadPart(ctx, &s3.UploadPartInput{
			Bucket: &s.o.Bucket, Key: s.object(u.Key), UploadId: &u.ID,
			PartNumber: aws.Int32(int32(number)), ContentLength: aws.Int64(size),
		}, until)
	})
}

// signed gives the address that sign makes, good until expires. Whether it is good
// is judged by the bucket's clock.
func (s *S3) signed(ctx context.Context, what string, expires time.Time,
	sign func(context.Context, func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error)) (string, error) {
	var link string
	err := s.call(ctx, what, within, func(ctx context.Context) error {
		ahead, err := s.ahead(ctx)
		if err != nil {
			return err
		}
		at := s.now().Truncate(time.Second) // as it stands in the address
		lives := expires.Sub(at).Truncate(time.Second)
		if lives < time.Second {
			at, lives = expires.Add(-time.Second), time.Second // nothing is shorter; it is over by now
		}
		req, err := sign(ctx, func(o *s3.PresignOptions) {
			o.Expires, o.Presigner = lives, signerAt{o.Presigner, at.Add(ahead)}
		})
		if err == nil {
			link = req.URL
		}
		return err
	})
	return link, err
}

// ahead is how far the bucket's clock is ahead of ours, 0 while the difference
// harms nobody. While it does the bucket is asked anew: ours may be put right at
// any time.
func (s *S3) ahead(ctx context.Context) (time.Duration, error) {
	if s.Skew().Abs() < skewHurts {
		return 0, nil
	}
	err := s.probe(ctx)
	return s.Skew(), err
}

// signerAt signs as of a given time.
type signerAt struct {
	s3.HTTPPresignerV4
	at time.Time
}

func (s signerAt) PresignHTTP(ctx context.Context, c aws.Credentials, r *http.Request, hash, service, region string,
	_ time.Time, fns ...func(*v4.SignerOptions)) (string, http.Header, error) {
	return s.HTTPPresignerV4.PresignHTTP(ctx, c, r, hash, service, region, s.at, fns...)
}

// Parts lists the parts that are in the bucket with the right size; see Store.
func (s *S3) Parts(ctx context.Context, u Upload) ([]Part, error) {
	list := []Part{}
	if checkKey(u.Key) != nil || u.ID == "" {
		return nil, errNoUpload()
	}
	err := s.call(ctx, "list an upload", within, func(ctx context.Context) error {
		parts, err := s.parts(ctx, u)
		for _, p := range parts {
			list = append(list, Part{Number: int(*p.PartNumber), Size: *p.Size})
		}
		return err
	})
	if minichat.CodeOf(err) == minichat.NotFound {
		if f, size, openErr := s.Open(ctx, u.Key); openErr == nil {
			f.Close() // nothing was asked for
			if size == u.Size {
				return u.all(), nil
			}
		}
	}
	if err != nil {
		return nil, err
	}
	return list, nil
}

// parts is every part of the right size, ascending, with its tag.
func (s *S3) parts(ctx context.Context, u Upload) ([]types.Part, error) {
	var list []types.Part
	pages := s3.NewListPartsPaginator(s.api, &s3.ListPartsInput{Bucket: &s.o.Bucket, Key: s.object(u.Key), UploadId: &u.ID})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range page.Parts {
			n := aws.ToInt32(p.PartNumber)
			if n > 0 && p.Size != nil && *p.Size == u.PartBytes(int(n)) {
				list = append(list, p)
			}
		}
	}
	return list, nil
}

// Abort drops an upload; a complete file stays.
func (s *S3) Abort(ctx context.Context, u Upload) error {
	if checkKey(u.Key) != nil || u.ID == "" {
		return nil
	}
	err := s.call(ctx, "abort an upload", within, func(ctx context.Context) error {
		_, err := s.api.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &s.o.Bucket, Key: s.object(u.Key), UploadId: &u.ID})
		return err
	})
	if minichat.CodeOf(err) == minichat.NotFound {
		return nil
	}
	return err
}

// Complete makes an object of the parts; see Store. The sum is known for none
// whose bytes did not come through the server.
func (s *S3) Complete(ctx context.Context, u Upload) (Info, error) {
	if checkKey(u.Key) != nil || u.ID == "" {
		return Info{}, errNoUpload()
	}
	// A server other than AWS's may copy all bytes before it answers.
	wait := within + time.Duration(u.Size>>28)*time.Second
	err := s.call(ctx, "complete an upload", wait, func(ctx context.Context) error { return s.finish(ctx, u) })
	before := minichat.CodeOf(err) == minichat.NotFound // perhaps an earlier Complete had the answer lost
	if err != nil && !before {
		return Info{}, err
	}
	info, err := s.inspect(ctx, u.Key)
	switch {
	case before && minichat.CodeOf(err) == minichat.NotFound:
		return Info{}, errNoUpload()
	case err != nil:
		return Info{}, err
	case info.Size != u.Size:
		return Info{}, minichat.Errorf(minichat.ChecksumMismatch, "The file arrived with %d bytes, not the %d announced. Send it again.", info.Size, u.Size)
	}
	return info, nil
}

func (s *S3) finish(ctx context.Context, u Upload) error {
	parts, err := s.parts(ctx, u)
	if err != nil {
		return err
	}
	have := make(map[int]bool, len(parts))
	done := make([]types.CompletedPart, len(parts))
	for i, p := range parts {
		have[int(*p.PartNumber)] = true
		done[i] = types.CompletedPart{PartNumber: p.PartNumber, ETag: p.ETag}
	}
	if err := u.whole(func(n int) bool { return have[n] }); err != nil {
		return err
	}
	_, err = s.api.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &s.o.Bucket, Key: s.object(u.Key), UploadId: &u.ID,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: done},
	})
	return err
}

// inspect reads the head of an object, and its size with it.
func (s *S3) inspect(ctx context.Context, key string) (Info, error) {
	var info Info
	err := s.call(ctx, "read the head of a file", within, func(ctx context.Context) error {
		body, size, err := s.read(ctx, key, 0, headBytes)
		if err != nil {
			return err
		}
		defer body.Close()
		info = Info{Size: size}
		info.Head, err = readHead(body, size)
		return err
	})
	return info, err
}

// total is the last number of "bytes 0-511/1234".
func total(contentRange string) (int64, bool) {
	_, of, ok := strings.Cut(contentRange, "/")
	n, err := strconv.ParseInt(of, 10, 64)
	return n, ok && err == nil
}
