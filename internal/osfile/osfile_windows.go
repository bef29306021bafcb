package osfile

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// Lock takes the lock of f until f is closed, or fails at once with ErrHeld.
func Lock(f *os.File) error { return lock(f, windows.LOCKFILE_EXCLUSIVE_LOCK) }

// LockShared is Lock beside others who share it.
func LockShared(f *os.File) error { return lock(f, 0) }

// lock takes one byte far behind what a file may hold: Windows keeps others from
// reading what is locked, and who holds a lock is read from its file.
func lock(f *os.File, flags uint32) error {
	at := windows.Overlapped{OffsetHigh: 1 << 30}
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return ErrHeld
	}
	return err
}

// SyncFolder has nothing to do: NTFS logs changes of names itself, and a folder
// cannot be flushed there.
func SyncFolder(*os.File) error { return nil }
