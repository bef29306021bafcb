package check

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// rendered is the server's policy as Terraform writes it.
func rendered(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(copied(t), "modules", "policy")
	terraform(t, dir, "init")
	terraform(t, dir, "apply", "-auto-approve", "-var=region=eu-west-1", "-var=account_id=123456789012", "-var=env=prod",
		"-var=uploads_bucket=uploads", "-var=backup_bucket=backup", "-var=artifacts_bucket=artifacts")
	return terraform(t, dir, "output", "-raw", "server")
}

// The rendered policy, before a real evaluator: what the server does is allowed
// and nothing else. Only its statements about S3 are tried: the S3 server's IAM
// refuses actions of services that it does not have.
func TestPolicy(t *testing.T) {
	gate := startGate(t)
	for _, bucket := range []string{"uploads", "backup", "artifacts", "another"} {
		gate.owner(t, "CreateBucket "+bucket, func(c *s3.Client) error {
			_, err := c.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket})
			return err
		})
	}
	for _, place := range [][2]string{{"uploads", "u/old"}, {"uploads", "other/old"}, {"backup", "prod/old"}, {"backup", "test/old"}, {"artifacts", "releases/old"}, {"another", "u/old"}} {
		gate.owner(t, "PutObject", func(c *s3.Client) error { return put(c, place[0], place[1]) })
	}
	server := gate.user(t, aboutS3(t, rendered(t)))

	for _, c := range []struct {
		name string
		do   func(*s3.Client) error
		may  bool
	}{
		{"put an attachment", putAt("uploads", "u/new"), true},
		{"read an attachment", getAt("uploads", "u/old"), true},
		{"a missing attachment is a plain 404", missing("uploads", "u/none"), true},
		{"list attachments", list("uploads", "u/"), true},
		{"list unfinished uploads", unfinished("uploads"), true},
		{"upload in parts, list and abort", inParts("uploads", "u/parts"), true},
		{"delete an attachment", deleteAt("uploads", "u/new"), true},
		{"put a backup", putAt("backup", "prod/new"), true},
		{"read a backup", getAt("backup", "prod/old"), true},
		{"list backups", list("backup", "prod/"), true},
		{"give up a backup in parts", abort("backup", "prod/parts"), true},
		{"delete a backup", deleteAt("backup", "prod/new"), true},
		{"read a release", getAt("artifacts", "releases/old"), true},

		{"put outside of the prefix", putAt("uploads", "other/new"), false},
		{"put beside the prefix", putAt("uploads", "u-not"), false},
		{"read outside of the prefix", getAt("uploads", "other/old"), false},
		{"delete outside of the prefix", deleteAt("uploads", "other/old"), false},
		{"list outside of the prefix", list("uploads", "other/"), false},
		{"put a backup of another installation", putAt("backup", "test/new"), false},
		{"read a backup of another installation", getAt("backup", "test/old"), false},
		{"put a release", putAt("artifacts", "releases/new"), false},
		{"delete a release", deleteAt("artifacts", "releases/old"), false},
		{"list releases", list("artifacts", "releases/"), false},
		{"put into another bucket", putAt("another", "u/new"), false},
		{"read from another bucket", getAt("another", "u/old"), false},
		{"list another bucket", list("another", "u/"), false},
		{"make a bucket", func(c *s3.Client) error {
			_, err := c.CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: aws.String("mine-now")})
			return err
		}, false},
		{"delete the bucket", func(c *s3.Client) error {
			_, err := c.DeleteBucket(context.Background(), &s3.DeleteBucketInput{Bucket: aws.String("uploads")})
			return err
		}, false},
		{"open the bucket by a policy", func(c *s3.Client) error {
			_, err := c.PutBucketPolicy(context.Background(), &s3.PutBucketPolicyInput{Bucket: aws.String("uploads"), Policy: aws.String(
				`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::uploads/*"}]}`)})
			return err
		}, false},
		{"change who may call it from pages", func(c *s3.Client) error {
			_, err := c.PutBucketCors(context.Background(), &s3.PutBucketCorsInput{Bucket: aws.String("uploads"), CORSConfiguration: &types.CORSConfiguration{
				CORSRules: []types.CORSRule{{AllowedMethods: []string{"PUT"}, AllowedOrigins: []string{"*"}}}}})
			return err
		}, false},
	} {
		err := c.do(server)
		if denied := code(err) == "AccessDenied" || code(err) == "Forbidden"; denied == c.may {
			t.Errorf("%s: allowed is wanted to be %v; got %v", c.name, c.may, err)
		} else if c.may && err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// aboutS3 keeps the statements that speak of S3 alone, as they are.
func aboutS3(t *testing.T, policy string) string {
	t.Helper()
	var p struct {
		Version   string
		Statement []struct {
			Sid, Effect, Resource string
			Action                []string
			Condition             json.RawMessage `json:",omitempty"`
		}
	}
	if err := json.Unmarshal([]byte(policy), &p); err != nil {
		t.Fatal(err)
	}
	kept := p.Statement[:0]
	for _, s := range p.Statement {
		if strings.HasPrefix(s.Action[0], "s3:") {
			kept = append(kept, s)
		}
	}
	p.Statement = kept
	b, err := json.Marshal(p)
	if err != nil || len(kept) == 0 {
		t.Fatalf("%d statements about S3: %v", len(kept), err)
	}
	return string(b)
}

func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

func put(c *s3.Client, bucket, key string) error {
	_, err := c.PutObject(context.Background(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("hello")})
	return err
}

func putAt(bucket, key string) func(*s3.Client) error {
	return func(c *s3.Client) error { return put(c, bucket, key) }
}

func getAt(bucket, key string) func(*s3.Client) error {
	return func(c *s3.Client) error {
		_, err := c.GetObject(context.Background(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
		return err
	}
}

func missing(bucket, key string) func(*s3.Client) error {
	return func(c *s3.Client) error {
		err := getAt(bucket, key)(c)
		if code(err) == "NoSuchKey" {
			return nil
		}
		return err
	}
}

func deleteAt(bucket, key string) func(*s3.Client) error {
	return func(c *s3.Client) error {
		_, err := c.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key})
		return err
	}
}

func list(bucket, prefix string) func(*s3.Client) error {
	return func(c *s3.Client) error {
		_, err := c.ListObjectsV2(context.Background(), &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
		return err
	}
}

func unfinished(bucket string) func(*s3.Client) error {
	return func(c *s3.Client) error {
		_, err := c.ListMultipartUploads(context.Background(), &s3.ListMultipartUploadsInput{Bucket: &bucket})
		return err
	}
}

func abort(bucket, key string) func(*s3.Client) error {
	return func(c *s3.Client) error {
		up, err := c.CreateMultipartUpload(context.Background(), &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
		if err != nil {
			return err
		}
		_, err = c.AbortMultipartUpload(context.Background(), &s3.AbortMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: up.UploadId})
		return err
	}
}

func inParts(bucket, key string) func(*s3.Client) error {
	return func(c *s3.Client) error {
		ctx := context.Background()
		up, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
		if err != nil {
			return err
		}
		part, err := c.UploadPart(ctx, &s3.UploadPartInput{Bucket: &bucket, Key: &key, UploadId: up.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("hello")})
		if err == nil {
			_, err = c.ListParts(ctx, &s3.ListPartsInput{Bucket: &bucket, Key: &key, UploadId: up.UploadId})
		}
		if err != nil {
			return err
		}
		_, err = c.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: up.UploadId,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{ETag: part.ETag, PartNumber: aws.Int32(1)}}}})
		if err != nil {
			return err
		}
		return abort(bucket, key)(c)
	}
}

// gate is a real S3 server with IAM: versitygw, two processes of it.
type gate struct{ s3, iam string }

const (
	root   = "root"
	secret = "the owner's secret"
	region = "us-east-1"
)

func startGate(t *testing.T) gate {
	t.Helper()
	module := filepath.Join(top, "tools", "versitygw")
	lock, err := os.Open(module) // tests of the product build it too; one builds, the others wait
	if err == nil {
		defer lock.Close()
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		t.Fatal(err)
	}
	find := exec.Command("go", "tool", "-n", "versitygw")
	find.Dir, find.Env = module, append(os.Environ(), "CGO_ENABLED=0")
	bin, err := find.Output()
	if err != nil {
		t.Fatalf("build versitygw: %v", err)
	}
	dir, err := os.MkdirTemp("", "gate-") // short: the path of a socket has a limit
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, sub := range []string{"iam", "disk", "meta"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	sock := filepath.Join(dir, "sock")
	start := func(args ...string) string {
		port := freePort(t)
		args = append([]string{"--access", root, "--secret", secret, "--region", region, "--port", port, "--quiet"}, args...)
		said := new(bytes.Buffer)
		cmd := exec.Command(strings.TrimSpace(string(bin)), args...)
		cmd.Stdout, cmd.Stderr, cmd.Env = said, said, []string{"HOME=" + dir}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			cmd.Process.Kill()
			cmd.Wait() // it was killed, which is an error, and is over
		})
		waitFor(t, "http://"+port)
		return "http://" + port
	}
	g := gate{iam: start("iam", "--dir", filepath.Join(dir, "iam"), "--private-ports", sock)}
	g.s3 = start("--iam-standalone-endpoint", sock, "--iam-cache-disable", "posix", "--sidecar", filepath.Join(dir, "meta"), filepath.Join(dir, "disk"))
	return g
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // the port is taken again at once
	return l.Addr().String()
}

func waitFor(t *testing.T, url string) {
	t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		resp, err := client.Get(url)
		if err == nil {
			resp.Body.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s does not answer: %v", url, err)
		}
	}
}

func (g gate) client(access, key string) *s3.Client {
	return s3.New(s3.Options{BaseEndpoint: &g.s3, Region: region, UsePathStyle: true, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(access, key, "")})
}

func (g gate) owner(t *testing.T, what string, do func(*s3.Client) error) {
	t.Helper()
	if err := do(g.client(root, secret)); err != nil {
		t.Fatalf("%s by the owner: %v", what, err)
	}
}

// user is somebody with the policy and nothing else.
func (g gate) user(t *testing.T, policy string) *s3.Client {
	t.Helper()
	c := iam.New(iam.Options{BaseEndpoint: &g.iam, Region: region, Credentials: credentials.NewStaticCredentialsProvider(root, secret, "")})
	name := aws.String("server")
	_, err := c.CreateUser(t.Context(), &iam.CreateUserInput{UserName: name})
	if err == nil {
		_, err = c.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: name, PolicyName: aws.String("minichat"), PolicyDocument: &policy})
	}
	if err != nil {
		t.Fatalf("give the policy to a user: %v\n%s", err, policy)
	}
	key, err := c.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: name})
	if err != nil {
		t.Fatal(err)
	}
	return g.client(*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey)
}
