package hub

import (
	"testing"
	"time"
)

func TestNextPause(t *testing.T) {
	const ms = time.Millisecond
	cases := []struct {
		name       string
		last, took time.Duration
		busy       bool
		want       time.Duration
	}{
		{"quiet", 16 * ms, 8 * ms, false, ms},
		{"busy for the first time", ms, 8 * ms, true, 2 * ms},
		{"still busy", 8 * ms, 8 * ms, true, 16 * ms},
		{"no more than twice the writing", 16 * ms, 3 * ms, true, 6 * ms},
		{"a small room", ms, 50 * time.Microsecond, true, ms},
		{"a huge room", 16 * ms, 100 * ms, true, 20 * ms},
	}
	for _, test := range cases {
		if got := nextPause(ms, test.last, test.took, test.busy); got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}
