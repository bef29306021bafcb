// Package testbucket runs a real server that speaks S3, for tests: versitygw on
// loopback, with a folder for a disk. It checks signatures, as AWS does.
package testbucket

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"minichat/tools/halt"
)

// The keys of the server's owner, and its region.
const (
	Access = "owner"
	Secret = "the owner's secret"
	Region = "us-east-1"
)

// Server is one S3 server. Bucket is made, and empty.
type Server struct {
	URL    string // http://127.0.0.1:PORT
	Bucket string
	Dir    string // where the buckets are

	t    testing.TB
	bin  string
	dir  string // of all that is its
	iam  string // socket of the IAM service; "": users stand in a file
	addr string
	cmd  *exec.Cmd
	said *bytes.Buffer
}

// Start runs a server until the test ends. Pages of the given origins may use
// its bucket.
func Start(t testing.TB, origins ...string) *Server {
	t.Helper()
	s := prepare(t)
	s.begin(origins)
	return s
}

// prepare makes the folders of a server and finds it a port.
func prepare(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, Bucket: "bucket", bin: Tool(t, "versitygw"), dir: t.TempDir()}
	s.Dir = filepath.Join(s.dir, "disk")
	for _, sub := range []string{"disk", "meta", "iam"} {
		if err := os.Mkdir(filepath.Join(s.dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	s.URL = "http://" + s.addr
	l.Close() // the port is taken again at once
	return s
}

func (s *Server) begin(origins []string) {
	s.t.Helper()
	s.t.Cleanup(s.Stop)
	s.Start()
	s.makeBucket(origins)
}

// Start runs the server again, with what it held, at the same address.
func (s *Server) Start() {
	s.t.Helper()
	s.said = new(bytes.Buffer)
	users := []string{"--iam-dir", filepath.Join(s.dir, "iam"), "--iam-cache-disable"}
	if s.iam != "" {
		users = []string{"--iam-standalone-endpoint", s.iam}
	}
	args := append([]string{"--access", Access, "--secret", Secret, "--region", Region, "--port", s.addr, "--quiet"}, users...)
	s.cmd = exec.Command(s.bin, append(args, "posix", "--sidecar", filepath.Join(s.dir, "meta"), s.Dir)...)
	s.cmd.Stdout, s.cmd.Stderr = s.said, s.said
	s.cmd.Env = []string{"HOME=" + s.dir}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatalf("start the S3 server: %v", err)
	}
	answers(s.t, s.URL, s.Stop, s.said)
}

// Stop ends the server at once; what it held stays.
func (s *Server) Stop() {
	if s.cmd == nil {
		return
	}
	s.cmd.Process.Kill()
	s.cmd.Wait() // it was killed, which is an error, and is over
	s.cmd = nil
}

// Freeze lets the server take connections and answer nothing; Thaw ends that.
func (s *Server) Freeze() {
	s.t.Helper()
	halt.Process(s.t, s.cmd.Process)
}

// Thaw lets a frozen server go on.
func (s *Server) Thaw() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// Owner speaks to the server with all rights.
func (s *Server) Owner() *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: &s.URL, Region: Region, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(Access, Secret, ""),
	})
}

func (s *Server) makeBucket(origins []string) {
	s.t.Helper()
	api, ctx := s.Owner(), s.t.Context()
	_, err := api.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &s.Bucket})
	if err == nil && len(origins) > 0 {
		_, err = api.PutBucketCors(ctx, &s3.PutBucketCorsInput{Bucket: &s.Bucket, CORSConfiguration: &types.CORSConfiguration{CORSRules: []types.CORSRule{
			{AllowedOrigins: origins, AllowedMethods: []string{"PUT"}, AllowedHeaders: []string{"*"}, ExposeHeaders: []string{"ETag"}, MaxAgeSeconds: aws.Int32(3600)},
			{AllowedOrigins: []string{"*"}, AllowedMethods: []string{"GET", "HEAD"}, AllowedHeaders: []string{"*"}},
		}}})
	}
	if err != nil {
		s.t.Fatalf("make a bucket: %v\n%s", err, s.said)
	}
}

// Keys sets the environment in which the AWS SDK finds the owner's keys, and
// nothing else of this machine.
func Keys(t testing.TB) {
	Bare(t)
	t.Setenv("AWS_ACCESS_KEY_ID", Access)
	t.Setenv("AWS_SECRET_ACCESS_KEY", Secret)
}

// Bare hides from the AWS SDK what this machine has for it.
func Bare(t testing.TB) {
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, "AWS_") && name != "AWS_CA_BUNDLE" {
			t.Setenv(name, "")
		}
	}
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

// Address is what --files says to use the bucket.
func (s *Server) Address(prefix string) string {
	return fmt.Sprintf("s3://%s/%s?region=%s&endpoint=%s&path_style=true", s.Bucket, prefix, Region, s.URL)
}
