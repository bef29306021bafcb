package main

import (
	"context"
	"math"
	"os"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"minichat/internal/files"
)

// registerOwn shows what no single part knows.
func (s *server) registerOwn() {
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "minichat_build_info", Help: "1; what runs stands in the labels.",
		ConstLabels: prometheus.Labels{"version": versionName(), "goversion": runtime.Version()}})
	info.Set(1)
	commits := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "minichat_store_commit_duration_seconds",
		Help: "Time for the commit of a transaction, its fsync included.", Buckets: prometheus.ExponentialBuckets(0.0001, 2.5, 12)})
	s.store.Timed(func(d time.Duration) { commits.Observe(d.Seconds()) })
	s.metrics.MustRegister(info, commits)
	gauge := func(name, help string, read func() float64) {
		s.metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
	}
	gauge("minichat_data_disk_free_bytes", "Bytes that are free on the disk of the data.", func() float64 { return s.room(true) })
	gauge("minichat_data_disk_size_bytes", "Bytes of the disk of the data.", func() float64 { return s.room(false) })
	gauge("minichat_database_size_bytes", "Bytes of the database, without its write-ahead log.", func() float64 { return fileSize(s.cfg.DatabaseFile()) })
	gauge("minichat_database_log_size_bytes", "Bytes of the database's write-ahead log.", func() float64 { return fileSize(s.cfg.DatabaseFile() + "-wal") })
	gauge("minichat_volume_ok", "1 while the volume's marker is that of this database.", func() float64 {
		if s.checkVolume(context.Background()) != nil {
			return 0
		}
		return 1
	})
	gauge("minichat_memory_full", "1 while connections are refused for want of memory.", func() float64 {
		if s.memory.Full() {
			return 1
		}
		return 0
	})
	if s.files.skew != nil {
		gauge("minichat_bucket_clock_skew_seconds", "How far the clock of the bucket is ahead of ours, to half a second.", func() float64 { return s.files.skew().Seconds() })
	}
}

// room is what the disk of the data has, not a number when that cannot be told.
func (s *server) room(free bool) float64 {
	left, size, err := files.Room(s.cfg.Data)
	switch {
	case err != nil:
		return math.NaN()
	case free:
		return float64(left)
	}
	return float64(size)
}

func fileSize(name string) float64 {
	info, err := os.Stat(name)
	if err != nil {
		return 0 // there is none now
	}
	return float64(info.Size())
}

// detail is what /readyz tells to who may see the metrics.
func (s *server) detail(ctx context.Context) map[string]any {
	d := map[string]any{"version": versionName(), "database": s.store.ID(), "volume": "ok"}
	if f, err := s.store.Facts(ctx); err == nil {
		d["sqlite"], d["journal"] = f.SQLite, f.Journal
		d["synchronous"] = map[string]string{"0": "off", "1": "normal", "2": "full", "3": "extra"}[f.Synchronous]
	}
	if free, size, err := files.Room(s.cfg.Data); err == nil {
		d["disk_free_bytes"], d["disk_size_bytes"] = free, size
	}
	if s.files.skew != nil {
		d["bucket_clock_skew_s"] = math.Round(s.files.skew().Seconds()*10) / 10
	}
	return d
}
