package httpd

import (
	"io"
	"net/http"
	"time"
)

// within gives one request this long to send its body and to take its answer.
func within(w http.ResponseWriter, d time.Duration) {
	c := http.NewResponseController(w)
	until := time.Time{}
	if d > 0 {
		until = time.Now().Add(d)
	}
	// A writer without deadlines is one of a test; it cannot stall.
	_ = c.SetReadDeadline(until)
	_ = c.SetWriteDeadline(until)
}

// stretch is how much of a large answer must be taken within its deadline.
const (
	stretch       = 1 << 20
	stretchWithin = time.Minute
)

// patient writes a large answer for as long as the reader takes some of it each
// minute, and answers a range that cannot be had with a problem.
type patient struct {
	http.ResponseWriter
	refused bool
}

// Unwrap gives http.ResponseController the writer below.
func (p *patient) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// WriteHeader replaces the plain words of http.ServeContent.
func (p *patient) WriteHeader(status int) {
	if status == http.StatusRequestedRangeNotSatisfiable {
		p.refused = true
		writeRangeProblem(p.ResponseWriter)
		return
	}
	p.ResponseWriter.WriteHeader(status)
}

func (p *patient) Write(b []byte) (int, error) {
	if p.refused {
		return len(b), nil
	}
	within(p.ResponseWriter, stretchWithin)
	return p.ResponseWriter.Write(b)
}

// ReadFrom keeps the way by which the kernel copies from file to socket.
func (p *patient) ReadFrom(r io.Reader) (n int64, err error) {
	for !p.refused {
		within(p.ResponseWriter, stretchWithin)
		m, err := io.Copy(p.ResponseWriter, io.LimitReader(r, stretch))
		n += m
		if err != nil || m < stretch {
			return n, err
		}
	}
	return n, nil
}
