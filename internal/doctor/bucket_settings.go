package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// checkSettings reads what an administrator has set. The server's own keys need
// not be able to, so that is no fault.
func (b *bucket) checkSettings(ctx context.Context) {
	b.checkLifecycle(ctx)
	b.checkEncryption(ctx)
	b.checkVersioning(ctx)
}

func (b *bucket) checkLifecycle(ctx context.Context) {
	const id = "bucket.lifecycle"
	mend := fmt.Sprintf(`aws s3api put-bucket-lifecycle-configuration --bucket %s%s --lifecycle-configuration '{"Rules":[{"ID":"unfinished","Status":"Enabled","Filter":{"Prefix":"%s"},"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":2}}]}'`,
		b.c.Name, b.endpointFlag(), b.c.Prefix)
	out, err := b.api.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &b.c.Name})
	switch {
	case err == nil && aborts(out.Rules, b.c.Prefix):
		b.ok(id, "a rule ends unfinished uploads")
	case err == nil || codeOf(err) == "NoSuchLifecycleConfiguration":
		b.warn(id, mend, "no rule ends unfinished uploads; the server's own clearing up is all there is")
	case denied(err):
		b.warn(id, "as an administrator, look: aws s3api get-bucket-lifecycle-configuration --bucket "+b.c.Name+"; to set it: "+mend, "whether a rule ends unfinished uploads may not be read with these keys")
	default:
		b.warn(id, mend, "whether a rule ends unfinished uploads cannot be told (%s); the server's own clearing up goes on", firstOf(codeOf(err), rootOf(err).Error()))
	}
}

// aborts reports whether a rule in force covers prefix.
func aborts(rules []types.LifecycleRule, prefix string) bool {
	for _, r := range rules {
		//lint:ignore SA1019 rules of before 2016 have their prefix here, and S3 still gives them so
		of := aws.ToString(r.Prefix)
		if r.Filter != nil {
			of = aws.ToString(r.Filter.Prefix)
			if r.Filter.And != nil || r.Filter.Tag != nil {
				continue
			}
		}
		if r.Status == types.ExpirationStatusEnabled && r.AbortIncompleteMultipartUpload != nil && strings.HasPrefix(prefix, of) {
			return true
		}
	}
	return false
}

func (b *bucket) checkEncryption(ctx context.Context) {
	out, err := b.api.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &b.c.Name})
	switch {
	case err == nil && out.ServerSideEncryptionConfiguration != nil && len(out.ServerSideEncryptionConfiguration.Rules) > 0:
		b.ok("bucket.encryption", "objects are encrypted where they lie")
	case err == nil || codeOf(err) == "ServerSideEncryptionConfigurationNotFoundError":
		b.warn("bucket.encryption", "aws s3api put-bucket-encryption --bucket "+b.c.Name+` --server-side-encryption-configuration '{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}'`, "nothing says that objects are encrypted where they lie")
	default:
		b.ok("bucket.encryption", "may not be read with these keys (%s); AWS encrypts all new objects", firstOf(codeOf(err), "no answer"))
	}
}

func (b *bucket) checkVersioning(ctx context.Context) {
	out, err := b.api.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b.c.Name})
	switch {
	case err != nil:
		b.ok("bucket.versioning", "may not be read with these keys (%s)", firstOf(codeOf(err), "no answer"))
	case out.Status == types.BucketVersioningStatusEnabled:
		b.ok("bucket.versioning", "on: what is deleted by mistake can be had back; a lifecycle rule should end old versions")
	default:
		b.ok("bucket.versioning", "off: what is deleted is gone")
	}
}
