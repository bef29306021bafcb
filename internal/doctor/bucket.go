package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"minichat"
	"minichat/internal/config"
	"minichat/internal/files"
)

// bucket is the place of the files while it is examined.
type bucket struct {
	*visit
	c      *config.Bucket
	api    *s3.Client
	signer *s3.PresignClient
	web    *http.Client // as a browser: unsigned
	key    string       // full name of an object that is ours alone

	rights rights
	upload string // id of our multipart upload, "" when there is none
	stored bool   // our object is there
}

const oneCall = 10 * time.Second

func checkBucket(ctx context.Context, v *visit) {
	c := v.Config.Bucket
	if c == nil {
		return
	}
	api, err := files.NewS3Client(ctx, files.S3Options{Bucket: c.Name, Prefix: c.Prefix, Region: c.Region, Endpoint: c.Endpoint, PathStyle: c.PathStyle})
	if err != nil {
		v.fail("bucket.reach", "see --files in docs/configuration.md", "%v", err)
		return
	}
	once := func(o *s3.Options) { o.Retryer = aws.NopRetryer{} }
	api = s3.New(api.Options(), once)
	b := &bucket{
		visit: v, c: c, api: api, signer: s3.NewPresignClient(api), key: c.Prefix + "doctor-" + minichat.NewID(22),
		web: &http.Client{Timeout: oneCall, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	if keys, ok := b.findKeys(ctx); !ok || !b.checkReach(ctx, keys) {
		return
	}
	b.checkTransport()
	b.checkRights(ctx)
	b.checkExtra(ctx)
	b.checkCORS(ctx)
	b.checkClosed(ctx)
	b.clean(ctx)
	b.checkSettings(ctx)
}

// findKeys lets the SDK find its keys, and asks nobody else. What it returns says
// which they are.
func (b *bucket) findKeys(ctx context.Context) (kind string, ok bool) {
	keys, err := b.api.Options().Credentials.Retrieve(ctx)
	if err != nil {
		b.fail("bucket.keys", "give the instance a role (IMDSv2), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the server's environment", "the AWS SDK finds no keys: %v", err)
		return "", false
	}
	if keys.CanExpire {
		return "keys that are renewed, from " + keys.Source, true
	}
	return "lasting keys, from " + keys.Source, true
}

// checkReach asks for what is not there: any answer from S3 shows the way.
func (b *bucket) checkReach(ctx context.Context, keys string) bool {
	ctx, cancel := context.WithTimeout(ctx, oneCall)
	defer cancel()
	began := time.Now()
	_, err := b.api.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.c.Name, Key: aws.String(b.key + "-absent")})
	b.readBucketClock(err, began)
	region := b.api.Options().Region
	switch code := codeOf(err); code {
	case "":
		if err != nil {
			b.fail("bucket.reach", "check endpoint= in --files, the network and the firewall: curl -sS "+b.address(), "%s does not answer: %v", b.address(), rootOf(err))
			return false
		}
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "InvalidClientTokenId":
		b.fail("bucket.keys", "put in the right AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the instance its role again", "the bucket does not take these keys: %s", code)
		return false
	case "RequestTimeTooSkewed", "RequestTimeSkewed":
		b.fail("bucket.reach", "let this machine keep the time: timedatectl set-ntp true", "the bucket refuses our signatures, for the clocks differ too much")
		return false
	case "NoSuchBucket":
		b.fail("bucket.reach", "aws s3 mb s3://"+b.c.Name+" --region "+region, "there is no bucket %s at %s", b.c.Name, b.address())
		return false
	case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
		b.fail("bucket.reach", "name the bucket's region in --files: ?region=…; aws s3api get-bucket-location --bucket "+b.c.Name, "the bucket is not in the region %s (%s)", region, code)
		return false
	}
	b.ok("bucket.keys", "%s", keys)
	b.ok("bucket.reach", "s3://%s/%s at %s answers in %s", b.c.Name, b.c.Prefix, b.address(), about(time.Since(began)))
	return true
}

func (b *bucket) readBucketClock(err error, asked time.Time) {
	if e, ok := errors.AsType[*awshttp.ResponseError](err); ok && e.Response != nil {
		b.readClock("the bucket", e.Response.Header, asked)
	}
}

func (b *bucket) address() string {
	if b.c.Endpoint != "" {
		return b.c.Endpoint
	}
	return "https://s3." + b.api.Options().Region + ".amazonaws.com"
}

// checkTransport is for who reads along, and for browsers, which take no plain
// http from a page that came by https.
func (b *bucket) checkTransport() {
	plain := strings.HasPrefix(b.c.Endpoint, "http://")
	secure := strings.HasPrefix(b.Config.Base(), "https://")
	u, err := url.Parse(b.address())
	local := err == nil && isLoopback(u.Hostname())
	const mend = "give the S3 server a certificate and write endpoint=https://… in --files"
	switch {
	case plain && secure:
		b.fail("bucket.tls", mend, "the page is served by https and the bucket by http: browsers refuse to mix them")
	case plain && !local:
		b.warn("bucket.tls", mend, "files travel to %s without encryption", b.c.Endpoint)
	case plain:
		b.ok("bucket.tls", "plain http, on this machine alone")
	default:
		b.ok("bucket.tls", "https")
	}
}

// codeOf is the name that S3 gives to an error, "" when it did not come from there.
func codeOf(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

func statusOf(err error) int {
	if e, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return e.HTTPStatusCode()
	}
	return 0
}

// denied reports whether err says that the keys may not do it.
func denied(err error) bool {
	switch codeOf(err) {
	case "AccessDenied", "Forbidden", "AllAccessDisabled":
		return true
	}
	return statusOf(err) == http.StatusForbidden
}

// rootOf is the innermost cause, which is what a person can act on.
func rootOf(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// statement is what a policy has to say to allow actions.
func (b *bucket) statement(on string, actions ...string) string {
	return fmt.Sprintf(`add to the role's policy: {"Effect":"Allow","Action":["%s"],"Resource":"%s"}`, strings.Join(actions, `","`), on)
}

func (b *bucket) objects() string { return "arn:aws:s3:::" + b.c.Name + "/" + b.c.Prefix + "*" }
func (b *bucket) whole() string   { return "arn:aws:s3:::" + b.c.Name }
