package store

import (
	"fmt"
	"os"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// After Rest the pages that were read and written are no longer in memory, and
// all is as it was.
func TestRestGivesMemoryBack(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		const settings = 3000
		value := func(i int) string { return strings.Repeat(strconv.Itoa(i%10), 4000) }
		if err := s.Write(t.Context(), func(tx *Tx) error {
			for i := range settings {
				if err := tx.SetSetting(t.Context(), fmt.Sprint("large ", i), value(i)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		readAll := func() {
			var readers sync.WaitGroup
			for range poolSize {
				readers.Go(func() {
					for i := range settings {
						if got, err := s.GetSetting(t.Context(), fmt.Sprint("large ", i)); err != nil || got != value(i) {
							t.Errorf("setting %d is %.10q (error %v)", i, got, err)
							return
						}
					}
				})
			}
			readers.Wait()
		}
		readAll()
		debug.FreeOSMemory()
		before := anonymous(t)
		s.Rest()
		if err := s.Ping(t.Context()); err != nil { // the writer has come by
			t.Fatal(err)
		}
		debug.FreeOSMemory()
		// The writer holds 12 MB, each reader up to 8.
		for deadline := time.Now().Add(10 * time.Second); ; s.Rest() {
			if freed := before - anonymous(t); freed > 12<<20 {
				break
			} else if time.Now().After(deadline) {
				t.Fatalf("of %d MiB only %d KiB were given back", before>>20, freed>>10)
			}
			time.Sleep(10 * time.Millisecond)
		}
		readAll()
	})
}

// anonymous is how much memory the process has that is no file's.
func anonymous(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	kb, err := strconv.Atoi(string(regexp.MustCompile(`RssAnon:\s+(\d+) kB`).FindSubmatch(b)[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kb << 10
}
