package testbucket

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Users is the server's IAM service: who it makes has the rights that a policy
// gives, judged as AWS does, and no others.
type Users struct {
	t   testing.TB
	url string
}

// StartWithUsers is Start for a server that asks an IAM service who may do what.
func StartWithUsers(t testing.TB, origins ...string) (*Server, *Users) {
	t.Helper()
	s := prepare(t)
	s.iam = filepath.Join(s.dir, "iam.sock")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close() // the port is taken again at once
	said := new(bytes.Buffer)
	cmd := exec.Command(s.bin, "--access", Access, "--secret", Secret, "--region", Region, "--port", addr, "--quiet",
		"iam", "--dir", filepath.Join(s.dir, "iam"), "--private-ports", s.iam)
	cmd.Stdout, cmd.Stderr = said, said
	cmd.Env = []string{"HOME=" + s.dir}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start the IAM service: %v", err)
	}
	stop := func() {
		cmd.Process.Kill()
		cmd.Wait() // it was killed, which is an error, and is over
	}
	t.Cleanup(stop)
	answers(t, "http://"+addr, stop, said)
	s.begin(origins)
	return s, &Users{t, "http://" + addr}
}

// Add makes a user with one policy ("" for none) and returns its keys.
func (u *Users) Add(name, policy string) (access, secret string) {
	u.t.Helper()
	u.call(nil, "Action", "CreateUser", "UserName", name)
	if policy != "" {
		u.Let(name, policy)
	}
	var made struct {
		Result struct {
			AccessKey struct {
				AccessKeyID     string `xml:"AccessKeyId"`
				SecretAccessKey string
			}
		} `xml:"CreateAccessKeyResult"`
	}
	u.call(&made, "Action", "CreateAccessKey", "UserName", name)
	return made.Result.AccessKey.AccessKeyID, made.Result.AccessKey.SecretAccessKey
}

// Let gives a user another policy.
func (u *Users) Let(name, policy string) {
	u.t.Helper()
	u.call(nil, "Action", "PutUserPolicy", "UserName", name, "PolicyName", "rights", "PolicyDocument", policy)
}

func (u *Users) call(into any, pairs ...string) {
	u.t.Helper()
	form := url.Values{"Version": {"2010-05-08"}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	body := form.Encode()
	req, err := http.NewRequestWithContext(u.t.Context(), "POST", u.url+"/", strings.NewReader(body))
	if err != nil {
		u.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	sum := sha256.Sum256([]byte(body))
	keys := aws.Credentials{AccessKeyID: Access, SecretAccessKey: Secret}
	if err := v4.NewSigner().SignHTTP(context.Background(), keys, req, hex.EncodeToString(sum[:]), "iam", Region, time.Now()); err != nil {
		u.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		u.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		u.t.Fatalf("%s: got %d %s, %v", pairs[1], res.StatusCode, answer, err)
	}
	if into == nil {
		return
	}
	if err := xml.Unmarshal(answer, into); err != nil {
		u.t.Fatal(err)
	}
}

// As sets the environment in which the AWS SDK finds these keys, and nothing
// else of this machine.
func As(t testing.TB, access, secret string) {
	Bare(t)
	t.Setenv("AWS_ACCESS_KEY_ID", access)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
}
