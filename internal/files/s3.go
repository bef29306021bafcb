package files

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// S3Options say where a bucket is. Who we are to it is said nowhere: the SDK
// finds that in the environment, a profile, a container or an instance's role.
type S3Options struct {
	Bucket    string
	Prefix    string       // before every key: "" or "some/where/"
	Region    string       // "": as the environment or the profile says
	Endpoint  string       // scheme://host[:port] of a server that speaks S3; "": AWS
	PathStyle bool         // the bucket stands in the path, not in the name of the host
	Spool     string       // folder where bytes that come through the server wait until they are whole; "": the system's
	Log       *slog.Logger // nil: none
}

// S3 is a Store in a bucket. Clients send parts to it and fetch files from it
// themselves; an upload is a multipart upload, also of one part, so that nothing
// lies under its key before Complete.
type S3 struct {
	o      S3Options
	api    *s3.Client
	signer *s3.PresignClient
	origin string
	guard  *guard
	skew   atomic.Int64     // see Skew
	now    func() time.Time // for the expiry of what is signed
}

var _ Store = (*S3)(nil)

const (
	within    = 5 * time.Second  // how long a bucket may take to answer, tries included
	skewHurts = 10 * time.Second // links live a minute
)

// OpenS3 makes ready to work with a bucket. It asks the bucket nothing: one that
// does not answer now may do so later. The caller closes.
func OpenS3(ctx context.Context, o S3Options) (*S3, error) {
	api, err := NewS3Client(ctx, o)
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Spool != "" {
		if err := os.MkdirAll(o.Spool, 0o700); err != nil {
			return nil, fmt.Errorf("make the folder in which files wait: %w", err)
		}
	}
	s := &S3{o: o, api: api, signer: s3.NewPresignClient(api), now: time.Now}
	if s.origin, err = s.findOrigin(ctx); err != nil {
		return nil, fmt.Errorf("make an address of the bucket: %w", err)
	}
	s.guard = newGuard(s.probe, o.Log)
	return s, nil
}

// NewS3Client is what speaks to the bucket: here, and where somebody looks
// whether it is in order. It asks the bucket nothing.
func NewS3Client(ctx context.Context, o S3Options) (*s3.Client, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithHTTPClient(patientClient()), config.WithRetryer(newRetryer))
	if err != nil {
		return nil, fmt.Errorf("read the settings of the AWS SDK: %w", err)
	}
	switch {
	case o.Region != "":
		cfg.Region = o.Region
	case cfg.Region == "" && o.Endpoint != "":
		cfg.Region = "us-east-1"
	case cfg.Region == "":
		return nil, errors.New("the region of the bucket is not known. Add ?region=… to its address, or set AWS_REGION")
	}
	return s3.NewFromConfig(cfg, func(so *s3.Options) {
		so.UsePathStyle = o.PathStyle
		if o.Endpoint != "" {
			so.BaseEndpoint = aws.String(o.Endpoint)
		}
		// A checksum by default would be part of what is signed, and no browser sends it.
		so.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		so.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	}), nil
}

// patientClient has no limit on a whole answer, for files are long; how long to
// wait for one is said at each call.
func patientClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = 2 * time.Second }).
		WithTransportOptions(func(t *http.Transport) { t.MaxIdleConnsPerHost = 32 })
}

func newRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff = 3, time.Second
	})
}

// Close ends what looks after the bucket.
func (s *S3) Close() error {
	s.guard.close()
	return nil
}

// Origin is scheme://host[:port] of all that PartURL and Link give: what a page's
// policy must let through.
func (s *S3) Origin() string { return s.origin }

// Available reports whether the bucket answered when it was last asked, which is
// at most a few seconds ago if somebody asks this as often.
func (s *S3) Available() bool { return s.guard.ask() == nil }

// Skew is how far the bucket's clock was ahead of ours when it last answered, to
// half a second.
func (s *S3) Skew() time.Duration { return time.Duration(s.skew.Load()) }

// findOrigin asks the SDK, which knows the names of AWS's hosts; signing needs no
// network, and with made-up keys none of ours either.
func (s *S3) findOrigin(ctx context.Context) (string, error) {
	nobody := credentials.NewStaticCredentialsProvider("nobody", "nothing", "")
	req, err := s.signer.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &s.o.Bucket, Key: aws.String("x")},
		s3.WithPresignClientFromClientOptions(func(o *s3.Options) { o.Credentials = nobody }))
	if err != nil {
		return "", err
	}
	u, err := url.Parse(req.URL)
	if err != nil {
		return "", err
	}
	return u.Scheme + "://" + u.Host, nil
}

// object is the full name of a key in the bucket.
func (s *S3) object(key string) *string { return aws.String(s.o.Prefix + key) }

// keyOf is the key that an object's full name stands for, "" if it is not ours.
func (s *S3) keyOf(object string) string {
	key, ok := strings.CutPrefix(object, s.o.Prefix)
	if !ok || checkKey(key) != nil {
		return ""
	}
	return key
}

// probe asks for what is not there: any answer shows that somebody is at home.
func (s *S3) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	asked := time.Now()
	_, err := s.api.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.o.Bucket, Key: s.object("probe")}, func(o *s3.Options) {
		o.RetryMaxAttempts = 1
	})
	s.noteClock(err, asked)
	if isDown(err) {
		return err
	}
	return nil
}

// noteClock reads the Date of the answer to a probe, which is an error: nothing
// is there.
func (s *S3) noteClock(err error, asked time.Time) {
	if e, ok := errors.AsType[*awshttp.ResponseError](err); ok && e.Response != nil {
		if skew, ok := skewOf(e.Response.Response, asked); ok {
			s.skew.Store(int64(skew))
		}
	}
}

// noteLeap sees in the answer to another call that one of the clocks was set, long
// before somebody probes.
func (s *S3) noteLeap(answer middleware.Metadata, asked time.Time) {
	r, ok := awsmiddleware.GetRawResponse(answer).(*smithyhttp.Response)
	if !ok {
		return
	}
	if skew, ok := skewOf(r.Response, asked); ok && (skew-s.Skew()).Abs() > skewHurts {
		s.skew.Store(int64(skew))
	}
}

// skewOf is how far the clock of who answered is ahead of ours.
func skewOf(r *http.Response, asked time.Time) (time.Duration, bool) {
	at, err := http.ParseTime(r.Header.Get("Date"))
	if err != nil {
		return 0, false
	}
	middle := asked.Add(time.Since(asked) / 2)
	return at.Add(500 * time.Millisecond).Sub(middle), true // a Date has whole seconds
}

// call runs fn, which asks the bucket, for at most d, or until the bucket does not
// answer, and turns its error into one that a person may read.
func (s *S3) call(ctx context.Context, what string, d time.Duration, fn func(context.Context) error) error {
	if cause := s.guard.fault(); cause != nil {
		return unavailable(what, cause)
	}
	inner, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	if d > within {
		inner, cancel = s.guard.while(inner)
		defer cancel()
	}
	err := fn(inner)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", what, ctx.Err())
	case isDown(err):
		s.guard.suspect()
	}
	return s3Failure(what, err)
}
