package bench

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// histogram counts durations to within 1/16. Its zero value is ready, and many
// may add at once.
type histogram struct {
	count [64 * 16]atomic.Int64
	total atomic.Int64
}

func (h *histogram) add(d time.Duration) {
	h.count[slot(uint64(max(0, d)))].Add(1)
	h.total.Add(1)
}

// slot is 0 to 15 for the first 16 values, then 16 slots for each power of two.
func slot(v uint64) int {
	if v < 16 {
		return int(v)
	}
	e := bits.Len64(v) - 5
	return (e+1)*16 + int(v>>e) - 16
}

// floor is the least value of a slot.
func floor(i int) uint64 {
	if i < 16 {
		return uint64(i)
	}
	return uint64(i%16+16) << (i/16 - 1)
}

// at is the value below which the share q of all lies; 0 when there is none.
func (h *histogram) at(q float64) time.Duration {
	want, seen := int64(q*float64(h.total.Load())), int64(0)
	for i := range h.count {
		seen += h.count[i].Load()
		if seen > want {
			return time.Duration(floor(i))
		}
	}
	return 0
}

func (h *histogram) latency() Latency { return Latency{h.at(.5), h.at(.99)} }
