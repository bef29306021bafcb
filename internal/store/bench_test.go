//go:build unix

package store

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"minichat"
)

var benchEvents = flag.Int("events", 100_000, "events in the database of BenchmarkLast50")

func benchStore(b *testing.B, rooms int) *Store {
	b.Helper()
	s, err := Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "minichat.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	addUser(b, s, "ana_12345678")
	for i := range rooms {
		addRoom(b, s, roomName(i), "ana_12345678")
	}
	return s
}

func roomName(i int) string { return fmt.Sprintf("room_%07d", i) }

var benchText = strings.Repeat("a message of a usual length ", 4)

// benchPost does what a post does: user, place, append.
func benchPost(b *testing.B, s *Store, room string) error {
	ev := &minichat.Event{Room: room, Kind: minichat.KindMessage, By: "ana_12345678", Key: minichat.NewID(32),
		Body: minichat.MessageBody{Text: benchText, Rev: 1}}
	digest := []byte(benchText[:32])
	ctx := b.Context()
	return s.Write(ctx, func(tx *Tx) error {
		if u, err := tx.GetUser(ctx, ev.By); err != nil || u == nil {
			return err
		}
		if room, _, err := tx.GetPlace(ctx, room, ev.By); err != nil || room == nil {
			return err
		}
		return tx.Append(ctx, ev, digest)
	})
}

// cpu is the time that this process has computed: it hardly moves with what
// else the machine does.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkPost(b *testing.B) {
	for _, writers := range []int{1, 16, 256} {
		b.Run(fmt.Sprint("writers=", writers), func(b *testing.B) {
			s := benchStore(b, 100)
			before := s.Stats()
			var left atomic.Int64
			left.Store(int64(b.N))
			b.ReportAllocs()
			took := make([][]time.Duration, writers)
			cpuBefore := cpu()
			b.ResetTimer()
			var wg sync.WaitGroup
			for w := range writers {
				wg.Go(func() {
					for i := w; left.Add(-1) >= 0; i++ {
						start := time.Now()
						if err := benchPost(b, s, roomName(i%100)); err != nil {
							b.Error(err)
							return
						}
						took[w] = append(took[w], time.Since(start))
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			after := s.Stats()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
			b.ReportMetric(float64(cpu()-cpuBefore)/1e3/float64(b.N), "cpu-µs/msg")
			all := slices.Sorted(slices.Values(slices.Concat(took...)))
			b.ReportMetric(float64(all[len(all)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-µs")
			b.ReportMetric(float64(after.Events-before.Events)/float64(after.Commits-before.Commits), "msgs/commit")
		})
	}
}

func BenchmarkLast50(b *testing.B) {
	const rooms = 1000
	s := benchStore(b, rooms)
	ctx := b.Context()
	for done := 0; done < *benchEvents; done += 1000 {
		write(b, s, func(tx *Tx) error {
			for range 1000 {
				err := tx.Append(ctx, &minichat.Event{Room: roomName(rand.IntN(rooms)), Kind: minichat.KindMessage, By: "ana_12345678",
					Key: minichat.NewID(32), Body: minichat.MessageBody{Text: benchText}}, []byte(benchText[:32]))
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	var took []time.Duration
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		start := time.Now()
		list, _, _, err := s.ListEvents(ctx, roomName(rand.IntN(rooms)), nil, nil, 50, 0)
		if err != nil || len(list) == 0 {
			b.Fatalf("%d events, %v", len(list), err)
		}
		took = append(took, time.Since(start))
	}
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
