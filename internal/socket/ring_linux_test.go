package socket

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// A ring that fails is given up, and nobody misses anything.
func TestRingFails(t *testing.T) {
	s, conns, peers := crowd(t, onTCP, Options{}, 10)
	var b Burst
	toAll(&b, conns, "before")
	if s.rings.made > 0 { // else this kernel has none, and each send is a call from the beginning
		null, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer null.Close()
		if err := unix.Dup3(int(null.Fd()), s.rings.idle[0].fd, unix.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
	}
	toAll(&b, conns, "meanwhile")
	toAll(&b, conns, "after")
	for _, p := range peers {
		for _, want := range []string{"text before", "text meanwhile", "text after"} {
			p.want(want)
		}
	}
	if !s.rings.none || len(s.rings.idle) != 0 {
		t.Errorf("got %d rings kept, want none, now and later", len(s.rings.idle))
	}
}
