package httpd

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics are this package's own counters, and those of the parts that count
// without knowing of Prometheus.
type metrics struct {
	requests *prometheus.CounterVec
	seconds  prometheus.Histogram
	frames   *prometheus.CounterVec
	refused  *prometheus.CounterVec
	panics   prometheus.Counter
}

func newMetrics(o Options) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "minichat_http_requests_total", Help: "HTTP requests by status."}, []string{"status"}),
		seconds:  prometheus.NewHistogram(prometheus.HistogramOpts{Name: "minichat_http_request_duration_seconds", Help: "Time to answer an HTTP request, without sockets.", Buckets: prometheus.ExponentialBuckets(0.0005, 4, 9)}),
		frames:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "minichat_socket_requests_total", Help: "Requests over sockets by type."}, []string{"type"}),
		refused:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "minichat_refused_total", Help: "Requests that were answered with an error, over HTTP and sockets, by its code."}, []string{"code"}),
		panics:   prometheus.NewCounter(prometheus.CounterOpts{Name: "minichat_panics_total", Help: "Requests that ended in a bug of the server."}),
	}
	if o.Metrics == nil {
		return m
	}
	o.Metrics.MustRegister(m.requests, m.seconds, m.frames, m.refused, m.panics,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	gauge := func(name, help string, read func() float64) {
		o.Metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
	}
	counter := func(name, help string, read func() float64) {
		o.Metrics.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, read))
	}
	registerParts(o, gauge, counter)
	return m
}

// count counts requests and the time that they take.
func (m *metrics) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slices.Contains(SocketPaths, r.URL.Path) {
			next.ServeHTTP(w, r) // lasts as long as the connection
			return
		}
		start := time.Now()
		seen := &statusWriter{ResponseWriter: w}
		defer func() {
			m.seconds.Observe(time.Since(start).Seconds())
			m.requests.WithLabelValues(strconv.Itoa(seen.status)).Inc()
		}()
		next.ServeHTTP(seen, r)
	})
}

// statusWriter notes the status that was answered.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// Unwrap gives http.ResponseController the writer below.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 || w.status < 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// ReadFrom keeps the way by which the kernel copies from file to socket.
func (w *statusWriter) ReadFrom(r io.Reader) (int64, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return io.Copy(w.ResponseWriter, r)
}
