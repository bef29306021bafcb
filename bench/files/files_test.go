// Package files measures how fast files come and go through MiniChat, beside the
// same bytes without it. README.md of the folder above has the command line.
package files

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

const (
	fileBytes = 256 << 20
	partBytes = 8 << 20
	atOnce    = 3 // parts, as in the page
)

// way is one way for bytes to go: up gives what down fetches again.
type way struct {
	name string
	up   func(testing.TB) (file string)
	down func(testing.TB, string)
}

// BenchmarkBucket: each round every way takes its turn; what counts is the ratio
// of the times within a round, the median over the rounds.
func BenchmarkBucket(b *testing.B) {
	bucket := newBucket(b)
	chat := newChat(b, "--files", bucket.server.Address("chat"))
	compare(b, chat.way("minichat"), way{"the S3 server alone", bucket.up, bucket.down})
}

// BenchmarkDisk: uploads against a handler that writes a part to a file and
// syncs it; downloads against http.ServeContent, and nginx where there is one.
func BenchmarkDisk(b *testing.B) {
	chat, plain := newChat(b), newPlain(b)
	ways := []way{chat.way("minichat"), {"net/http alone", plain.up, plain.down}}
	if n := newNginx(b, plain.dir); n != nil {
		ways = append(ways, way{"nginx", nil, n.down})
	}
	compare(b, ways...)
}

// compare runs each way once a round and reports the first by the others.
func compare(b *testing.B, ways ...way) {
	up, down := make([][]float64, len(ways)), make([][]float64, len(ways))
	for b.Loop() {
		file := ""
		for i, w := range ways {
			if w.up != nil {
				began := time.Now()
				file = w.up(b)
				up[i] = append(up[i], time.Since(began).Seconds())
			}
			began := time.Now()
			w.down(b, file) // nginx gives what the way before it has stored
			down[i] = append(down[i], time.Since(began).Seconds())
		}
	}
	report := func(direction string, took [][]float64) {
		for i, w := range ways {
			if len(took[i]) > 0 {
				b.Logf("%-20s %-4s %5.0f MB/s; minichat reaches %.2f of it", w.name, direction, fileBytes/1e6/median(took[i]), median(ratios(took[i], took[0])))
			}
		}
	}
	report("up", up)
	report("down", down)
	b.ReportMetric(0, "ns/op") // says nothing
}

func ratios(of, by []float64) (list []float64) {
	for i := range by {
		list = append(list, of[i]/by[i])
	}
	return list
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}

// sendParts sends a file to the addresses that each part is given.
func sendParts(t testing.TB, address func(number int) string) {
	data := make([]byte, partBytes)
	free := make(chan struct{}, atOnce)
	var sending sync.WaitGroup
	for number := 1; number <= fileBytes/partBytes; number++ {
		free <- struct{}{}
		sending.Go(func() {
			defer func() { <-free }()
			req, err := http.NewRequest("PUT", address(number), bytes.NewReader(data))
			if err == nil {
				err = do(req)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	sending.Wait()
}

func fetch(t testing.TB, address string, headers ...string) {
	req, err := http.NewRequest("GET", address, nil)
	if err == nil {
		for i := 0; i < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		err = do(req)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// do takes all of an answer; that of a GET must be a whole file.
func do(req *http.Request) error {
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	if err == nil && (resp.StatusCode/100 != 2 || req.Method == "GET" && n != fileBytes) {
		err = fmt.Errorf("%s %s: %s, %d bytes", req.Method, req.URL, resp.Status, n)
	}
	return err
}

// plain is net/http and a folder.
type plain struct {
	dir, url string
	count    int
}

func newPlain(b *testing.B) *plain {
	p := &plain{dir: b.TempDir()}
	p.url = serve(b, http.HandlerFunc(p.serve))
	return p
}

func (p *plain) serve(w http.ResponseWriter, r *http.Request) {
	name := filepath.Join(p.dir, filepath.Base(r.URL.Path))
	if r.Method == "GET" {
		f, err := os.Open(name)
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		defer f.Close()
		http.ServeContent(w, r, "x.bin", time.Time{}, f)
		return
	}
	var offset int64
	fmt.Sscan(r.URL.Query().Get("offset"), &offset)
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o600)
	if err == nil {
		_, err = io.Copy(io.NewOffsetWriter(f, offset), r.Body)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil || f.Close() != nil {
		http.Error(w, fmt.Sprint(err), 500)
	}
}

func (p *plain) up(t testing.TB) string {
	p.count++
	name := fmt.Sprint("file", p.count)
	sendParts(t, func(number int) string { return fmt.Sprintf("%s/%s?offset=%d", p.url, name, (number-1)*partBytes) })
	return name
}

func (p *plain) down(t testing.TB, name string) { fetch(t, p.url+"/"+name) }
