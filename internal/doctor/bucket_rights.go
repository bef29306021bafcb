package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// rights are what was found to be allowed.
type rights struct{ put, get, delete, abort, list bool }

const probeText = "MiniChat looks whether this bucket is in order. This object may be removed."

// noUpload is no upload of anybody: asked for, S3 answers NoSuchUpload to who
// may ask, and AccessDenied to who may not.
const noUpload = "00000000-0000-0000-0000-000000000000"

// checkRights tries each right that a server needs, first those that undo: what
// could not be removed again is not made.
func (b *bucket) checkRights(ctx context.Context) {
	b.tryDelete(ctx)
	b.tryAbort(ctx)
	b.tryPut(ctx)
	b.tryGet(ctx)
	b.tryParts(ctx)
	b.tryList(ctx)
	b.tryListUploads(ctx)
}

// judge tells of one right. An answer that shows the right was there all the
// same, such as NoSuchUpload, is in fine.
func (b *bucket) judge(id, action, on string, err error, fine ...string) bool {
	code := codeOf(err)
	for _, f := range fine {
		if code == f {
			err = nil
		}
	}
	switch {
	case err == nil:
		b.ok(id, "%s is allowed", action)
		return true
	case denied(err):
		b.fail(id, b.statement(on, action), "the keys may not %s", action)
	case code == "NotImplemented" || code == "MethodNotAllowed":
		b.warn(id, "use a server that speaks this part of S3", "this server does not know %s", action)
	default:
		b.fail(id, "see the log of the S3 server; then run doctor again", "%s: %v", action, rootOf(err))
	}
	return false
}

func (b *bucket) tryDelete(ctx context.Context) {
	_, err := b.api.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.c.Name, Key: aws.String(b.key + "-absent")})
	b.rights.delete = b.judge("bucket.delete", "s3:DeleteObject", b.objects(), err, "NoSuchKey")
}

func (b *bucket) tryAbort(ctx context.Context) {
	_, err := b.api.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.c.Name, Key: &b.key, UploadId: aws.String(noUpload)})
	b.rights.abort = b.judge("bucket.abort", "s3:AbortMultipartUpload", b.objects(), err, "NoSuchUpload")
}

// tryPut begins an upload as the server does, and stores an object if it can be
// removed again.
func (b *bucket) tryPut(ctx context.Context) {
	const id = "bucket.put"
	if !b.rights.delete && !b.rights.abort {
		b.warn(id, "first allow what is said above", "s3:PutObject was not tried: what it makes could not be removed again")
		return
	}
	out, err := b.api.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b.c.Name, Key: &b.key})
	if err == nil {
		b.upload = aws.ToString(out.UploadId)
	}
	if err == nil && b.rights.delete {
		_, err = b.api.PutObject(ctx, &s3.PutObjectInput{Bucket: &b.c.Name, Key: &b.key, Body: strings.NewReader(probeText)})
		b.stored = err == nil
	}
	b.rights.put = b.judge(id, "s3:PutObject", b.objects(), err)
}

// tryGet reads our object, or asks for one that is not there.
func (b *bucket) tryGet(ctx context.Context) {
	out, err := b.api.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.c.Name, Key: &b.key})
	if err == nil {
		var got []byte
		got, err = io.ReadAll(io.LimitReader(out.Body, 1<<10))
		err = errors.Join(err, out.Body.Close())
		if err == nil && string(got) != probeText {
			err = fmt.Errorf("the bucket gives other bytes than it was given: %q", got)
		}
	}
	b.rights.get = b.judge("bucket.get", "s3:GetObject", b.objects(), err, "NoSuchKey")
}

func (b *bucket) tryParts(ctx context.Context) {
	upload := b.upload
	if upload == "" {
		upload = noUpload
	}
	_, err := b.api.ListParts(ctx, &s3.ListPartsInput{Bucket: &b.c.Name, Key: &b.key, UploadId: &upload})
	b.judge("bucket.list-parts", "s3:ListMultipartUploadParts", b.objects(), err, "NoSuchUpload")
}

func (b *bucket) tryList(ctx context.Context) {
	_, err := b.api.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &b.c.Name, Prefix: &b.c.Prefix, MaxKeys: aws.Int32(1)})
	b.rights.list = b.judge("bucket.list", "s3:ListBucket", b.whole(), err)
}

func (b *bucket) tryListUploads(ctx context.Context) {
	_, err := b.api.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &b.c.Name, Prefix: &b.c.Prefix, MaxUploads: aws.Int32(1)})
	b.judge("bucket.list-uploads", "s3:ListBucketMultipartUploads", b.whole(), err)
}

// clean removes what was made, also when the visit was broken off.
func (b *bucket) clean(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), oneCall)
	defer cancel()
	var errs []error
	if b.upload != "" {
		errs = append(errs, b.endUpload(ctx))
	}
	if b.stored {
		_, err := b.api.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.c.Name, Key: &b.key})
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		b.warn("bucket.clean", fmt.Sprintf("aws s3 rm s3://%s/%s; aws s3api abort-multipart-upload --bucket %s --key %s --upload-id %s", b.c.Name, b.key, b.c.Name, b.key, b.upload),
			"what was tried could not be removed: %v", rootOf(err))
		return
	}
	b.ok("bucket.clean", "what was tried is removed again")
}

// endUpload aborts our upload; who may not, completes it, and clean deletes what
// comes of it.
func (b *bucket) endUpload(ctx context.Context) error {
	if b.rights.abort {
		_, err := b.api.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.c.Name, Key: &b.key, UploadId: &b.upload})
		return err
	}
	part, err := b.api.UploadPart(ctx, &s3.UploadPartInput{Bucket: &b.c.Name, Key: &b.key, UploadId: &b.upload, PartNumber: aws.Int32(1), Body: strings.NewReader(probeText)})
	if err != nil {
		return err
	}
	done := types.CompletedMultipartUpload{Parts: []types.CompletedPart{{ETag: part.ETag, PartNumber: aws.Int32(1)}}}
	_, err = b.api.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &b.c.Name, Key: &b.key, UploadId: &b.upload, MultipartUpload: &done})
	b.stored = b.stored || err == nil
	return err
}
