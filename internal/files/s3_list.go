package files

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"minichat"
)

// List tells of all uploads and objects under the prefix; see Store. What has no
// key of ours is left out.
func (s *S3) List(ctx context.Context, fn func(Found) error) error {
	if err := s.listUploads(ctx, fn); err != nil {
		return err
	}
	pages := s3.NewListObjectsV2Paginator(s.api, &s3.ListObjectsV2Input{Bucket: &s.o.Bucket, Prefix: &s.o.Prefix})
	for pages.HasMorePages() {
		var page *s3.ListObjectsV2Output
		err := s.call(ctx, "list the files", within, func(ctx context.Context) (err error) {
			page, err = pages.NextPage(ctx)
			return err
		})
		if err != nil {
			return err
		}
		for _, o := range page.Contents {
			key := s.keyOf(aws.ToString(o.Key))
			if key == "" {
				continue
			}
			if err := fn(Found{Key: key, Size: aws.ToInt64(o.Size), At: aws.ToTime(o.LastModified)}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *S3) listUploads(ctx context.Context, fn func(Found) error) error {
	pages := s3.NewListMultipartUploadsPaginator(s.api, &s3.ListMultipartUploadsInput{Bucket: &s.o.Bucket, Prefix: &s.o.Prefix})
	for pages.HasMorePages() {
		var page *s3.ListMultipartUploadsOutput
		err := s.call(ctx, "list the uploads", within, func(ctx context.Context) (err error) {
			page, err = pages.NextPage(ctx)
			return err
		})
		if err != nil {
			return err
		}
		for _, u := range page.Uploads {
			key, id := s.keyOf(aws.ToString(u.Key)), aws.ToString(u.UploadId)
			if key == "" || id == "" {
				continue
			}
			found := Found{Key: key, Upload: id, At: aws.ToTime(u.Initiated)}
			err := s.addParts(ctx, &found)
			if minichat.CodeOf(err) == minichat.NotFound {
				continue // it is over meanwhile
			}
			if err == nil {
				err = fn(found)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// addParts sums up the parts that an upload has, and when the last one came.
func (s *S3) addParts(ctx context.Context, f *Found) error {
	pages := s3.NewListPartsPaginator(s.api, &s3.ListPartsInput{Bucket: &s.o.Bucket, Key: s.object(f.Key), UploadId: &f.Upload})
	return s.call(ctx, "list an upload", within, func(ctx context.Context) error {
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return err
			}
			for _, p := range page.Parts {
				f.Size += aws.ToInt64(p.Size)
				f.At = later(f.At, aws.ToTime(p.LastModified))
			}
		}
		return nil
	})
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
