package doctor

import (
	"context"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"minichat"
)

// untried are rights that nobody can try without harm.
const untried = "s3:DeleteBucket, s3:DeleteObjectVersion, s3:PutLifecycleConfiguration, s3:PutBucketCORS, s3:PutEncryptionConfiguration"

const leastPolicy = "give the role the policy in docs/files.md and nothing more"

// checkExtra tries rights that a server must not have, each in a way that cannot
// do anything: a thief of the server's keys would have them too.
func (b *bucket) checkExtra(ctx context.Context) {
	_, err := b.api.ListBuckets(ctx, &s3.ListBucketsInput{})
	b.unwanted("bucket.extra-list-buckets", "list all buckets of the account (s3:ListAllMyBuckets)", err)
	b.tryOutside(ctx)
	// No server takes this for a policy: who may not set one is told so first.
	_, err = b.api.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &b.c.Name, Policy: aws.String("{")})
	b.unwanted("bucket.extra-policy", "change who may use the bucket (s3:PutBucketPolicy)", err, "MalformedPolicy", "InvalidPolicyDocument", "MalformedXML")
	b.ok("bucket.extra-untried", "not tried, for it could not be undone: %s", untried)
}

// tryOutside asks for, and ends, what is not there beside our prefix.
func (b *bucket) tryOutside(ctx context.Context) {
	if b.c.Prefix == "" {
		b.ok("bucket.extra-outside", "the whole bucket is for these files")
		return
	}
	key := aws.String("doctor-outside-" + minichat.NewID(22))
	_, err := b.api.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.c.Name, Key: key})
	if denied(err) {
		_, err = b.api.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.c.Name, Key: key, UploadId: aws.String(noUpload)})
	}
	b.unwanted("bucket.extra-outside", "reach what lies outside "+b.c.Prefix, err, "NoSuchKey", "NoSuchUpload")
}

// unwanted warns of a right that is there. An answer in shows proves it.
func (b *bucket) unwanted(id, what string, err error, shows ...string) {
	code := codeOf(err)
	allowed := err == nil
	for _, s := range shows {
		allowed = allowed || code == s
	}
	switch {
	case allowed:
		b.warn(id, leastPolicy, "the keys may %s; a server needs no such right", what)
	case denied(err):
		b.ok(id, "the keys may not %s", what)
	default:
		b.ok(id, "whether the keys may %s cannot be told: %s", what, firstOf(code, rootOf(err).Error()))
	}
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// checkClosed asks as a stranger would: without any signature.
func (b *bucket) checkClosed(ctx context.Context) {
	const mend = "aws s3api put-public-access-block --bucket %s --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
	how := strings.Replace(mend, "%s", b.c.Name, 1)
	var open []string
	for _, try := range []struct{ what, key string }{{"list the bucket", ""}, {"read a file in it", b.key}} {
		res, err := b.ask(ctx, http.MethodGet, b.plainAddress(ctx, try.key), nil)
		switch {
		case err != nil:
			b.warn("bucket.public", how, "whether strangers may %s cannot be told: %v", try.what, rootOf(err))
			return
		// Who says to a stranger that something is not there would give it if it were.
		case res.StatusCode < 300 || res.StatusCode == http.StatusNotFound:
			open = append(open, try.what)
		}
	}
	if len(open) > 0 {
		b.fail("bucket.public", how, "anybody may %s", strings.Join(open, " and "))
		return
	}
	b.checkBlock(ctx, how)
}

func (b *bucket) checkBlock(ctx context.Context, how string) {
	out, err := b.api.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &b.c.Name})
	switch {
	case err == nil:
		p := out.PublicAccessBlockConfiguration
		if p != nil && aws.ToBool(p.BlockPublicAcls) && aws.ToBool(p.IgnorePublicAcls) && aws.ToBool(p.BlockPublicPolicy) && aws.ToBool(p.RestrictPublicBuckets) {
			b.ok("bucket.public", "strangers are refused, and public access is blocked")
			return
		}
		b.warn("bucket.public", how, "strangers are refused now, but nothing keeps somebody from opening the bucket")
	case codeOf(err) == "NoSuchPublicAccessBlockConfiguration":
		b.warn("bucket.public", how, "strangers are refused now, but nothing keeps somebody from opening the bucket")
	default:
		b.ok("bucket.public", "strangers are refused; whether public access is blocked may not be read with these keys")
	}
}

// plainAddress is where an object is, without a signature; "" is the bucket.
func (b *bucket) plainAddress(ctx context.Context, key string) string {
	signed, err := b.signer.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &b.c.Name, Key: aws.String(firstOf(key, "x"))})
	if err != nil {
		return ""
	}
	address, _, _ := strings.Cut(signed.URL, "?")
	if key == "" {
		return strings.TrimSuffix(address, "x")
	}
	return address
}

// ask sends what a browser would.
func (b *bucket) ask(ctx context.Context, method, address string, h http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, err
	}
	for name := range h {
		req.Header.Set(name, h.Get(name))
	}
	res, err := b.web.Do(req)
	if err != nil {
		return nil, err
	}
	return res, res.Body.Close()
}
