//go:build !linux && !darwin

package files

import (
	"errors"
	"math"
)

// freeBytes cannot tell here: a full disk shows when it is written to.
func freeBytes(string) (int64, error) { return math.MaxInt64, nil }

// Room is how many bytes are free on the disk that holds dir, and how many it has.
func Room(string) (free, size int64, err error) { return 0, 0, errors.ErrUnsupported }
