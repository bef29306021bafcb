//go:build unix

package osfile

import (
	"errors"
	"os"
	"syscall"
)

// Lock takes the lock of f until f is closed, or fails at once with ErrHeld.
func Lock(f *os.File) error { return lock(f, syscall.LOCK_EX) }

// LockShared is Lock beside others who share it.
func LockShared(f *os.File) error { return lock(f, syscall.LOCK_SH) }

func lock(f *os.File, how int) error {
	err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrHeld
	}
	return err
}

// SyncFolder puts the names in an open folder on disk.
func SyncFolder(d *os.File) error { return d.Sync() }
