package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"minichat"
)

// ErrStalled is in the chain of the error of a part whose bytes stopped coming.
var ErrStalled = errors.New("no bytes came for too long")

// failure turns an error of the system into what a person may read; what says
// what was attempted, for the log.
func failure(what string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*minichat.Error](err); ok {
		return err
	}
	cause := fmt.Errorf("%s: %w", what, err)
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return cause
	}
	e := minichat.Errorf(minichat.FilesUnavailable, "The place where files are kept does not answer. Try again in a moment.")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e = minichat.Errorf(minichat.NotFound, "There is no such file.")
	case isFull(err):
		e = errFull()
	}
	e.Err = cause
	return e
}

func errFull() *minichat.Error {
	return minichat.Errorf(minichat.StorageFull, "There is no room left for files on the server. Tell who runs it; nothing of this file was kept.")
}

// isFull: EFBIG is a limit on the size of one file, set by whoever runs the
// server or by the file system; for the person who uploads it is the same.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}
