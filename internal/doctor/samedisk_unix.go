//go:build unix

package doctor

import (
	"os"
	"syscall"
)

// sameDisk reports whether both are on one file system; known is false when that
// cannot be told.
func sameDisk(a, b string) (same, known bool) {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	if errX != nil || errY != nil {
		return false, false
	}
	sx, okX := x.Sys().(*syscall.Stat_t)
	sy, okY := y.Sys().(*syscall.Stat_t)
	return okX && okY && sx.Dev == sy.Dev, okX && okY
}
