// Package osfile is what systems do differently with files: locks that end with
// the process, and folders whose entries are on disk.
package osfile

import "errors"

// ErrHeld says that another process, or another opening of the same file, holds
// the lock.
var ErrHeld = errors.New("the lock is held")
