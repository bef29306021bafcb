//go:build linux || darwin

package files

import "syscall"

// freeBytes is what a plain user may still write on the disk that holds dir.
func freeBytes(dir string) (int64, error) {
	free, _, err := Room(dir)
	return free, err
}

// Room is how many bytes are free on the disk that holds dir, and how many it has.
func Room(dir string) (free, size int64, err error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, 0, err
	}
	return int64(st.Bavail) * int64(st.Bsize), int64(st.Blocks) * int64(st.Bsize), nil
}
