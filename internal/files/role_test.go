package files

import (
	"bytes"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"minichat/tools/testbucket"
)

// rolePolicy is what docs/files.md asks for.
const rolePolicy = `{"Version":"2012-10-17","Statement":[
	{"Effect":"Allow","Action":["s3:PutObject","s3:GetObject","s3:DeleteObject","s3:AbortMultipartUpload","s3:ListMultipartUploadParts"],"Resource":"arn:aws:s3:::bucket/some/where/*"},
	{"Effect":"Allow","Action":["s3:ListBucket","s3:ListBucketMultipartUploads"],"Resource":"arn:aws:s3:::bucket"}]}`

func newRoleS3(t *testing.T) (*S3, *testbucket.Role) {
	server, role := testbucket.StartWithRole(t, rolePolicy)
	return newS3(t, server), role
}

func wantToken(t *testing.T, link string) {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil || u.Query().Get("X-Amz-Security-Token") == "" {
		t.Errorf("%s carries no session token, %v", link, err)
	}
}

// The keys of a role are nothing without their token: every address has it, and
// an address with none, or another one, opens nothing.
func TestSessionTokenIsInEveryAddress(t *testing.T) {
	s, _ := newRoleS3(t)
	data := noise(50, 1000)
	u := start(t, s, int64(len(data)))
	part := partURL(t, s, u, 1, time.Now().Add(time.Minute))
	wantToken(t, part)
	for name, token := range map[string]string{"another token": "made up", "no token": ""} {
		if got := put(t, replaceQuery(t, part, "X-Amz-Security-Token", token), data); got != http.StatusForbidden && got != http.StatusBadRequest {
			t.Errorf("a part with %s: got %d, want it refused", name, got)
		}
	}
	wantParts(t, s, u)
	if got := put(t, part, data); got != http.StatusOK {
		t.Fatalf("the part: got %d", got)
	}
	complete(t, s, u)
	link := roleLink(t, s, u)
	wantToken(t, link)
	if resp, body := get(t, link); resp.StatusCode != 200 || string(body) != string(data) {
		t.Errorf("the link: got %d, %d bytes", resp.StatusCode, len(body))
	}
	if resp, _ := get(t, replaceQuery(t, link, "X-Amz-Security-Token", "made up")); resp.StatusCode == 200 {
		t.Error("a link with another token opens the file")
	}
}

func roleLink(t *testing.T, s *S3, u Upload) string {
	t.Helper()
	link, err := s.Link(t.Context(), u.Key, "a.bin", "application/octet-stream", false, time.Now().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return link
}

// Sessions end while parts are on their way: who is refused asks for a new
// address, as the page does, and the file is whole.
func TestSessionsEndUnderUploads(t *testing.T) {
	s, role := newRoleS3(t)
	data := noise(51, 4*leastPart+1000)
	u := start(t, s, int64(len(data)))
	old := partURL(t, s, u, 1, time.Now().Add(time.Minute))
	var sending sync.WaitGroup
	for number := 1; number <= u.Count(); number++ {
		sending.Go(func() { sendUntilTaken(t, s, u, number, partOf(u, data, number)) })
	}
	for range 4 {
		role.Rotate()
	}
	sending.Wait()
	if status, err := tryPut(t, old, partOf(u, data, 1)); err == nil && status != "403 Forbidden" {
		t.Errorf("an address of a session that is over: got %s, want 403", status)
	}
	complete(t, s, u)
	wantFile(t, s, u.Key, data)
}

func sendUntilTaken(t *testing.T, s *S3, u Upload, number int, body []byte) {
	got := "no answer"
	for range 200 {
		link, err := s.PartURL(t.Context(), u, number, time.Now().Add(time.Minute))
		if err == nil {
			got, err = tryPut(t, link, body)
		}
		if err == nil && got == "200 OK" {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("part %d was never taken: %s", number, got)
}

// tryPut is put for who expects that it may break: who is refused while he still
// sends is cut off.
func tryPut(t *testing.T, link string, body []byte) (status string, err error) {
	req, err := http.NewRequestWithContext(t.Context(), "PUT", link, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	resp.Body.Close()
	return resp.Status, nil
}

// P8: a file opens although the keys of the day on which it came are long gone;
// a link that they signed does not.
func TestFileOutlivesTheKeysOfItsDay(t *testing.T) {
	s, role := newRoleS3(t)
	data := noise(52, 1000)
	u := start(t, s, int64(len(data)))
	sendPart(t, s, "", u, 1, data, http.StatusOK)
	complete(t, s, u)
	then := roleLink(t, s, u)
	role.Rotate()
	if resp, _ := get(t, then); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a link of keys that are gone: got %d, want 403", resp.StatusCode)
	}
	if resp, body := get(t, roleLink(t, s, u)); resp.StatusCode != 200 || string(body) != string(data) {
		t.Errorf("a link of today: got %d, %d bytes", resp.StatusCode, len(body))
	}
}
