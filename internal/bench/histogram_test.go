package bench

import (
	"testing"
	"time"
)

func TestHistogramIsWithinASixteenth(t *testing.T) {
	var h histogram
	if got := h.latency(); got != (Latency{}) {
		t.Errorf("an empty histogram says %v", got)
	}
	for i := 1; i <= 1000; i++ {
		h.add(time.Duration(i) * time.Millisecond)
	}
	for _, c := range []struct {
		q    float64
		want time.Duration
	}{{0, time.Millisecond}, {.5, 501 * time.Millisecond}, {.99, 991 * time.Millisecond}} {
		got := h.at(c.q)
		if got > c.want || float64(got) < float64(c.want)*15/16 {
			t.Errorf("at %v: got %v, want %v or at most a sixteenth less", c.q, got, c.want)
		}
	}
}

func TestSlotsAreInOrder(t *testing.T) {
	for _, v := range []uint64{0, 1, 15, 16, 17, 31, 32, 33, 1000, 1 << 20, 1<<62 + 12345} {
		i := slot(v)
		if f := floor(i); f > v || f > 0 && slot(f) != i || slot(f-1) >= i && f > 0 {
			t.Errorf("%d is in slot %d, which begins at %d", v, i, f)
		}
	}
}
