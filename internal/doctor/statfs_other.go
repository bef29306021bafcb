//go:build !linux

package doctor

import "errors"

// disk is the file system that a folder is on.
type disk struct {
	kind               string
	remote, fleeting   bool
	free, total        uint64
	inodes, inodesFree uint64
}

func statDisk(string) (disk, error) {
	return disk{}, errors.New("this system is not known well enough")
}
