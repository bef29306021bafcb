package files

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"minichat/tools/testbucket"
)

func serve(b *testing.B, h http.Handler) string {
	srv := httptest.NewServer(h)
	b.Cleanup(srv.Close)
	return srv.URL
}

func freeAddr(b *testing.B) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// run starts a program that ends with the benchmark, and waits for its address.
func run(b *testing.B, url, program string, args ...string) {
	said := new(bytes.Buffer)
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait() // it was killed, which is an error, and is over
	})
	for range 600 {
		if resp, err := client.Get(url); err == nil {
			resp.Body.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.Fatalf("%s does not answer", program)
}

// chatServer is the whole program, and somebody's token.
type chatServer struct{ url, token string }

func newChat(b *testing.B, args ...string) *chatServer {
	dir := b.TempDir()
	bin, data, addr := filepath.Join(dir, "minichat"), filepath.Join(dir, "data"), freeAddr(b)
	build := exec.Command("go", "build", "-o", bin, "minichat/cmd/minichat")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	c := &chatServer{url: "http://" + addr}
	run(b, c.url, bin, append([]string{"serve", "--listen", addr, "--data", data, "--limit", "files_bytes_per_user=0", "--limit", "files_bytes_total=0"}, args...)...)
	for _, words := range [][]string{{"user", "add", "ben"}, {"token", "new", "ben"}} {
		out, err := exec.Command(bin, append(words, "--data", data)...).Output()
		if err != nil {
			b.Fatalf("%v: %v", words, err)
		}
		c.token = strings.TrimSpace(string(out))
	}
	return c
}

func (c *chatServer) way(name string) way { return way{name, c.up, c.down} }

type signedParts struct {
	File  string
	Parts []struct {
		Number int
		URL    string
	}
}

func (c *chatServer) call(t testing.TB, path string, body any) (got signedParts) {
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest("POST", c.url+"/api/v1"+path, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s", resp.Status, answer)
	}
	if err == nil {
		err = json.Unmarshal(answer, &got)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return got
}

func (c *chatServer) up(t testing.TB) string {
	up := c.call(t, "/files", map[string]any{"name": "x.bin", "size": fileBytes})
	urls := map[int]string{}
	take := func(list signedParts) {
		for _, p := range list.Parts {
			if strings.HasPrefix(p.URL, "/") {
				p.URL = c.url + p.URL
			}
			urls[p.Number] = p.URL
		}
	}
	for take(up); len(urls) < fileBytes/partBytes; {
		var next []int
		for n := len(urls) + 1; n <= fileBytes/partBytes && len(next) < 16; n++ {
			next = append(next, n)
		}
		take(c.call(t, "/files/"+up.File+"/parts", map[string]any{"numbers": next}))
	}
	sendParts(t, func(number int) string { return urls[number] })
	c.call(t, "/files/"+up.File+"/complete", map[string]any{})
	return up.File
}

func (c *chatServer) down(t testing.TB, file string) {
	fetch(t, c.url+"/files/"+file+"/x.bin", "Authorization", "Bearer "+c.token)
}

// bucket is the S3 server with a plain client that signs.
type bucket struct {
	server *testbucket.Server
	api    *s3.Client
	sign   *s3.PresignClient
	count  int
}

func newBucket(b *testing.B) *bucket {
	testbucket.Keys(b)
	server := testbucket.Start(b)
	api := server.Owner()
	return &bucket{server: server, api: api, sign: s3.NewPresignClient(api)}
}

func (p *bucket) up(t testing.TB) string {
	p.count++
	key, ctx := aws.String(fmt.Sprint("file", p.count)), t.Context()
	made, err := p.api.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &p.server.Bucket, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	sendParts(t, func(number int) string {
		req, err := p.sign.PresignUploadPart(ctx, &s3.UploadPartInput{Bucket: &p.server.Bucket, Key: key, UploadId: made.UploadId, PartNumber: aws.Int32(int32(number)), ContentLength: aws.Int64(partBytes)})
		if err != nil {
			t.Error(err)
			return ""
		}
		return req.URL
	})
	have, err := p.api.ListParts(ctx, &s3.ListPartsInput{Bucket: &p.server.Bucket, Key: key, UploadId: made.UploadId})
	if err != nil {
		t.Fatal(err)
	}
	var parts []types.CompletedPart
	for _, h := range have.Parts {
		parts = append(parts, types.CompletedPart{ETag: h.ETag, PartNumber: h.PartNumber})
	}
	_, err = p.api.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &p.server.Bucket, Key: key, UploadId: made.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
	if err != nil {
		t.Fatal(err)
	}
	return *key
}

func (p *bucket) down(t testing.TB, key string) {
	req, err := p.sign.PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: &p.server.Bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	fetch(t, req.URL)
}

type nginx struct{ url string }

// newNginx gives out the files of dir; nil: there is none here.
func newNginx(b *testing.B, dir string) *nginx {
	program, err := exec.LookPath("nginx")
	if err != nil {
		b.Log("there is no nginx here")
		return nil
	}
	addr, own := freeAddr(b), b.TempDir()
	config := filepath.Join(own, "nginx.conf")
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;" // the files are
	}
	text := fmt.Sprintf(`%s daemon off; master_process off; pid %s/pid; error_log %s/errors;
events {}
http { access_log off; sendfile on; client_body_temp_path %s/body; proxy_temp_path %s/proxy; fastcgi_temp_path %s/f; uwsgi_temp_path %s/u; scgi_temp_path %s/s;
server { listen %s; root %s; } }`, user, own, own, own, own, own, own, own, addr, dir)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	run(b, "http://"+addr, program, "-c", config, "-e", filepath.Join(own, "errors"))
	return &nginx{"http://" + addr}
}

func (n *nginx) down(t testing.TB, name string) { fetch(t, n.url+"/"+name) }
