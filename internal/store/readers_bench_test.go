//go:build unix

package store

import (
	"context"
	"sync"
	"testing"
)

// BenchmarkPlace is the read before a room is watched: by one who asks again and
// again, by many at once, and by many of whom each asks once and is new.
func BenchmarkPlace(b *testing.B) {
	s := benchStore(b, 100)
	ctx, cancel := context.WithCancel(b.Context()) // as a request's, it can end
	defer cancel()
	read := func(i int) {
		if u, room, m, err := s.GetUserPlace(ctx, "ana_12345678", roomName(i%100)); err != nil || u == nil || room == nil || m == nil {
			b.Errorf("%v, %v, %v (%v)", u, room, m, err)
		}
	}
	measure := func(name string, run func(*testing.B)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			before := cpu()
			b.ResetTimer()
			run(b)
			b.ReportMetric(float64(cpu()-before)/1e3/float64(b.N), "cpu-µs/op")
		})
	}
	measure("alone", func(b *testing.B) {
		for i := range b.N {
			read(i)
		}
	})
	measure("many", func(b *testing.B) {
		b.SetParallelism(256)
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				read(i)
			}
		})
	})
	measure("new", func(b *testing.B) {
		var wg sync.WaitGroup
		for i := range b.N {
			wg.Go(func() { read(i) })
			if i%256 == 255 {
				wg.Wait()
			}
		}
		wg.Wait()
	})
}
