package httpd

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/jpeg"
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"minichat"
	"minichat/internal/chat"
)

var png = append([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte{0}, 500)...)

// attach posts a file into a room.
func (p *place) attach(who person, room, file string) {
	p.t.Helper()
	body, err := json.Marshal(map[string]any{"text": "", "files": []string{file}})
	if err != nil {
		p.t.Fatal(err)
	}
	p.as(who, "POST", "/api/v1/rooms/"+room+"/messages", string(body)).want(p.t, 201)
}

func TestFileIsReadByWhoReadsTheRoom(t *testing.T) {
	p := newPlace(t)
	ben, eve := p.add("ben", minichat.Member), p.add("eve", minichat.Member)
	room := p.room(p.owner, "private", "plans", ben.id)
	id := p.upload(p.owner, "plan.png", png)
	address := "/files/" + id + "/plan.png"

	p.as(ben, "GET", address, "").want(t, 404).problem(t) // not posted yet: its uploader alone
	p.attach(p.owner, room, id)
	a := p.as(ben, "GET", address, "").want(t, 200)
	if !bytes.Equal(a.body, png) {
		t.Errorf("got %d bytes, want the %d that were sent", len(a.body), len(png))
	}
	for name, want := range map[string]string{
		"Content-Type": "image/png", "X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-cache",
		"Cross-Origin-Resource-Policy": "same-origin", "Accept-Ranges": "bytes",
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	p.as(ben, "GET", address, "", "If-None-Match: "+a.Header.Get("ETag")).want(t, 304)
	p.do("GET", address, "").want(t, 401).problem(t)
	hidden := p.as(eve, "GET", address, "").want(t, 404)
	absent := p.as(eve, "GET", "/files/nosuchfile/plan.png", "").want(t, 404)
	malformed := p.as(eve, "GET", "/files/%2e%2e%2fx/plan.png", "").want(t, 404)
	if string(hidden.body) != string(absent.body) {
		t.Errorf("a hidden file is told from none: %s, %s", hidden.body, absent.body)
	}
	malformed.problem(t)

	p.as(p.owner, "DELETE", "/api/v1/rooms/"+room+"/members/"+ben.id, "").want(t, 204)
	p.as(ben, "GET", address, "", "If-None-Match: "+a.Header.Get("ETag")).want(t, 404)
}

// Row 61.
func TestRanges(t *testing.T) {
	p := newPlace(t)
	content := []byte(strings.Repeat("0123456789", 10))
	address := "/files/" + p.upload(p.owner, "a.txt", content) + "/a.txt"
	many := "bytes=" + strings.TrimSuffix(strings.Repeat("0-0,", 1000), ",")
	for _, row := range []struct {
		name, ranges string
		status       int
		body         string
	}{
		{"first", "bytes=0-3", 206, "0123"}, {"last", "bytes=-2", 206, "89"}, {"to the end", "bytes=97-", 206, "789"},
		{"1,000 ranges", many, 200, string(content)}, {"beyond the end", "bytes=1000-", 416, ""},
		{"inverted", "bytes=9-2", 416, ""}, {"another unit", "lines=1-2", 416, ""}, {"none", "", 200, string(content)},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := p.as(p.owner, "GET", address, "", "Range: "+row.ranges)
			if a.StatusCode != row.status {
				t.Fatalf("got %d, want %d", a.StatusCode, row.status)
			}
			if row.status == 416 {
				a.problem(t)
			} else if string(a.body) != row.body {
				t.Errorf("got %.40q, want %.40q", a.body, row.body)
			}
		})
	}
}

// Row 52: what could run in a browser is given as bytes to keep, whatever it calls itself.
func TestHostileFilesDoNotRun(t *testing.T) {
	p := newPlace(t)
	for name, content := range map[string]string{
		"page.png": "<!doctype html><script>alert(1)</script>", "drawing.png": `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`,
		"x.xml": `<?xml version="1.0"?><a/>`, "x.js": "alert(1)",
	} {
		a := p.as(p.owner, "GET", "/files/"+p.upload(p.owner, name, []byte(content))+"/"+name, "").want(t, 200)
		if got := a.Header.Get("Content-Type"); got != "application/octet-stream" {
			t.Errorf("%s: content type %q", name, got)
		}
		if got := a.Header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment; ") {
			t.Errorf("%s: disposition %q", name, got)
		}
		if got := a.Header.Get("Content-Security-Policy"); !strings.Contains(got, "sandbox") || strings.Contains(got, "allow") {
			t.Errorf("%s: policy %q", name, got)
		}
	}
}

// Rows 53, 54 and 56: contents that hurt who opens them. The server never does: each
// is kept and given as it came, and a page shows the four kinds of picture alone.
func TestContentsAreNotOpened(t *testing.T) {
	p := newPlace(t)
	frame := "\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x4c\x01\x00"
	film := "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff" + strings.Repeat(frame, 100_000) + ";"
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 100, 100)), nil); err != nil {
		t.Fatal(err)
	}
	bomb := zipped(t, "b.zip", 0, string(zipped(t, "a", 0, strings.Repeat("\x00", 10<<20))))
	const octets = "application/octet-stream"
	for _, row := range []struct {
		name, content, typ string
	}{
		{"65535 points wide and high.png", hugePNG(), "image/png"},
		{"100,000 frames.gif", film, "image/gif"},
		{"cut.jpg", photo.String()[:photo.Len()/2], "image/jpeg"},
		{"both.gif", film[:200] + string(bomb), "image/gif"},
		{"page.gif", "GIF89a<script>alert(1)</script>", "image/gif"},
		{"a.tiff", "II*\x00\x08\x00\x00\x00", octets}, {"a.bmp", "BM\x00\x00\x00\x00", octets}, {"a.ico", "\x00\x00\x01\x00", octets},
		{"a.eps", "%!PS-Adobe-3.0 EPSF-3.0\n", octets}, {"a.heic", "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", octets},
		{"a.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>", octets},
		{"nested.zip", string(bomb), octets},
		{"link.zip", string(zipped(t, "passwd", fs.ModeSymlink|0o777, "/etc/passwd")), octets},
	} {
		id := p.upload(p.owner, row.name, []byte(row.content))
		var f chat.FileState
		p.as(p.owner, "GET", "/api/v1/files/"+id, "").want(t, 200).into(t, &f)
		if f.Size != int64(len(row.content)) || f.Width != 0 || f.Height != 0 || f.Preview != "" {
			t.Errorf("%s: got %+v, want nothing that was read out of it", row.name, f)
		}
		a := p.as(p.owner, "GET", "/files/"+id+"/x", "").want(t, 200)
		if string(a.body) != row.content {
			t.Errorf("%s: %d bytes came back, not the %d that were sent", row.name, len(a.body), len(row.content))
		}
		shown := "inline; "
		if row.typ == octets {
			shown = "attachment; "
		}
		if got := a.Header.Get("Content-Type"); got != row.typ || a.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(a.Header.Get("Content-Disposition"), shown) {
			t.Errorf("%s: got %v, want %s, %s", row.name, a.Header, row.typ, shown)
		}
	}
}

// hugePNG says in 4 KB that it has 65535 points each way.
func hugePNG() string {
	chunk := func(name, data string) string {
		b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
		b = append(b, name+data...)
		return string(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:])))
	}
	return "\x89PNG\r\n\x1a\n" + chunk("IHDR", "\x00\x00\xff\xff\x00\x00\xff\xff\x08\x06\x00\x00\x00") +
		chunk("IDAT", strings.Repeat("\x00", 4000)) + chunk("IEND", "")
}

func zipped(t *testing.T, name string, mode fs.FileMode, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: name, Method: zip.Deflate}
	h.SetMode(mode)
	w, err := z.CreateHeader(h)
	if err == nil {
		_, err = w.Write([]byte(content))
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A link works without signing in, for anybody's page, and only as it was given.
func TestFileLink(t *testing.T) {
	p := newPlace(t, func(o *Options) { o.PublicURL = "https://chat.example.org" })
	id := p.upload(p.owner, "plan.png", png)
	var link chat.FileLink
	p.as(p.owner, "GET", "/api/v1/files/"+id+"/link", "").want(t, 200).into(t, &link)
	path, ok := strings.CutPrefix(link.URL, "https://chat.example.org/files/"+id+"/")
	if !ok {
		t.Fatalf("got the link %q", link.URL)
	}
	path = "/files/" + id + "/" + path
	a := p.do("GET", path, "", "Origin: https://elsewhere.example").want(t, 200)
	if got := a.Header.Get("Cross-Origin-Resource-Policy"); got != "cross-origin" {
		t.Errorf("resource policy: got %q, want cross-origin", got)
	}
	if got := a.Header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("allowed %q to read it", got)
	}
	other := p.upload(p.owner, "other.png", png)
	for _, bad := range []string{strings.Replace(path, id, other, 1), path + "0", strings.Replace(path, "expires=", "expires=9", 1)} {
		if a := p.do("GET", bad, ""); a.StatusCode != 401 && a.StatusCode != 403 && a.StatusCode != 404 {
			t.Errorf("%s: got %d", bad, a.StatusCode)
		}
	}
}

// The address of a part is its permission, and what it does not fit is refused.
func TestParts(t *testing.T) {
	p := newPlace(t, func(o *Options) { o.Origins = []string{"https://pages.example"} })
	var up chat.Upload
	p.as(p.owner, "POST", "/api/v1/files", `{"name":"a.txt","size":5}`).want(t, 201).into(t, &up)
	url := up.Parts[0].URL
	if !strings.HasPrefix(url, "/api/v1/parts/") {
		t.Fatalf("got the URL %q", url)
	}
	for _, row := range []struct {
		name, content string
		status        int
	}{{"too long", "123456", 413}, {"too short", "1234", 400}} {
		if a := p.put(url, []byte(row.content)); a.StatusCode != row.status && a.StatusCode != 400 {
			t.Errorf("%s: got %d, want %d", row.name, a.StatusCode, row.status)
		} else {
			a.problem(t)
		}
	}
	p.put(url+"x", []byte("12345")).problem(t)
	p.put(url, []byte("12345"), "Origin: https://evil.example").want(t, 403).problem(t)
	a := p.put(url, []byte("12345"), "Origin: https://pages.example").want(t, 200)
	if a.Header.Get("ETag") == "" || a.Header.Get("Access-Control-Allow-Origin") != "https://pages.example" {
		t.Errorf("got headers %v", a.Header)
	}
	p.as(p.owner, "POST", "/api/v1/files/"+up.File+"/complete", "{}").want(t, 200)
	a = p.do("OPTIONS", "/api/v1/parts/x", "", "Origin: https://pages.example", "Access-Control-Request-Method: PUT").want(t, 204)
	if got := a.Header.Get("Access-Control-Allow-Methods"); !strings.Contains(got, "PUT") {
		t.Errorf("allowed methods: got %q", got)
	}
}

func TestQuota(t *testing.T) {
	p := newPlace(t, func(o *Options) { o.Limits.FilesBytesPerUser = 10 })
	p.upload(p.owner, "a.txt", []byte("12345678"))
	if pr := p.as(p.owner, "POST", "/api/v1/files", `{"name":"b.txt","size":5}`).want(t, 403).problem(t); pr.Code != minichat.QuotaExceeded {
		t.Errorf("got %q, want quota_exceeded", pr.Code)
	}
}

// A large file goes out in stretches and arrives whole.
func TestLargeFile(t *testing.T) {
	p := newPlace(t)
	content := make([]byte, 3*stretch+17)
	for i := range content {
		content[i] = byte(i * 7 >> 3)
	}
	var up chat.Upload
	p.as(p.owner, "POST", "/api/v1/files", fmt.Sprintf(`{"name":"big.bin","size":%d}`, len(content))).want(t, 201).into(t, &up)
	for _, part := range up.Parts {
		from := int64(part.Number-1) * up.PartSize
		p.put(part.URL, content[from:min(from+up.PartSize, int64(len(content)))]).want(t, http.StatusOK)
	}
	p.as(p.owner, "POST", "/api/v1/files/"+up.File+"/complete", "{}").want(t, 200)
	a := p.as(p.owner, "GET", "/files/"+up.File+"/big.bin", "").want(t, 200)
	if !bytes.Equal(a.body, content) {
		t.Errorf("%d bytes came back, different from the %d sent", len(a.body), len(content))
	}
}
