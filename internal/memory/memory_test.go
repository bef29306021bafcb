package memory

import (
	"math"
	"runtime/debug"
	"testing"
	"time"
)

// With more in use than its share of the limit it is full, and no longer when
// that is gone, though nobody allocates meanwhile.
func TestFull(t *testing.T) {
	was := debug.SetMemoryLimit(64 << 20)
	t.Cleanup(func() { debug.SetMemoryLimit(was) })
	k := Keep(nil)
	defer k.Close()
	if limit, ok := k.Limit(); !ok || limit != 64<<20 {
		t.Errorf("got a limit of %d, %v", limit, ok)
	}
	await := func(want bool) {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); k.Full() != want; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("Full stays %v", !want)
			}
		}
	}
	await(false)
	held := make([]byte, 60<<20)
	for i := 0; i < len(held); i += 4096 {
		held[i] = 1
	}
	debug.FreeOSMemory() // counts what is live
	await(true)
	if held[0] != 1 {
		t.Error("the memory is gone")
	}
	held = nil
	await(false)
}

func TestNoLimit(t *testing.T) {
	k := &Keeper{limit: math.MaxInt64}
	k.prepare()
	if k.look() <= 0 {
		t.Error("nothing was ever allocated")
	}
	if _, ok := k.Limit(); ok || k.Full() {
		t.Error("there is a limit")
	}
}
