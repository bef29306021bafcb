//go:build !linux && !darwin

package files

import "math"

// freeBytes cannot tell here: a full disk shows when it is written to.
func freeBytes(string) (int64, error) { return math.MaxInt64, nil }
