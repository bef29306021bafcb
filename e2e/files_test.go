package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// attachment is a file in a message: its bytes follow from its name and size.
type attachment struct {
	id, name string
	size     int
}

func (a attachment) content() []byte {
	return bytes.Repeat([]byte(a.name+"/"), a.size/(len(a.name)+1)+1)[:a.size]
}

// attach uploads a file as the page does, and posts it.
func (s *server) attach(p person, room, name string, size int) (a attachment, seq int64, err error) {
	a = attachment{name: name, size: size}
	var up struct {
		File     string
		PartSize int `json:"part_size"`
		Parts    []struct{ URL string }
	}
	if _, err := call(s.addr, "POST", "/files", p.token, map[string]any{"name": name, "size": size, "type": "text/plain"}, &up); err != nil {
		return a, 0, err
	}
	a.id = up.File
	rest := a.content()
	for _, part := range up.Parts {
		n := min(up.PartSize, len(rest))
		if err := s.putPart(part.URL, rest[:n]); err != nil {
			return a, 0, err
		}
		rest = rest[n:]
	}
	if _, err := call(s.addr, "POST", "/files/"+a.id+"/complete", p.token, map[string]any{}, nil); err != nil {
		return a, 0, err
	}
	var ok frame
	_, err = call(s.addr, "POST", "/rooms/"+room+"/messages", p.token, map[string]any{"text": name, "files": []string{a.id}}, &ok, "Idempotency-Key", key(name))
	return a, ok.Seq, err
}

func (s *server) putPart(url string, b []byte) error {
	if strings.HasPrefix(url, "/") {
		url = "http://" + s.addr + url
	}
	req, err := http.NewRequest("PUT", url, bytes.NewReader(b))
	if err != nil {
		return err
	}
	resp, err := lone.Do(req)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode != 200 && resp.StatusCode != 204 {
		return fmt.Errorf("put a part: %s", resp.Status)
	}
	return nil
}

// sees reports in words what is wrong with a file that somebody fetches; "" for nothing.
func (s *server) sees(p person, a attachment) string {
	req, err := http.NewRequest("GET", "http://"+s.addr+"/files/"+a.id+"/x", nil)
	if err != nil {
		return err.Error()
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	resp, err := lone.Do(req) // to a bucket it goes without the token: another host
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 || !bytes.Equal(b, a.content()) {
		return fmt.Sprintf("%s, %d of %d bytes, %v", resp.Status, len(b), a.size, err)
	}
	return ""
}
