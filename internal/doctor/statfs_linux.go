package doctor

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// disk is the file system that a folder is on.
type disk struct {
	kind               string
	remote             bool // its locks and fsyncs cannot be relied on
	fleeting           bool // it is in memory
	free, total        uint64
	inodes, inodesFree uint64
}

const (
	cifs  = 0xff534d42
	smb2  = 0xfe534d42
	ceph  = 0x00c36400
	fuse  = 0x65735546
	lustr = 0x0bd00bd0
	p9    = 0x01021997
	xfs   = 0x58465342
	zfs   = 0x2fc12fc1
)

// kinds names what is met; anything else is shown by its number and believed.
var kinds = map[int64]disk{
	unix.NFS_SUPER_MAGIC: {kind: "NFS", remote: true},
	unix.SMB_SUPER_MAGIC: {kind: "SMB", remote: true},
	cifs:                 {kind: "CIFS", remote: true},
	smb2:                 {kind: "SMB", remote: true},
	ceph:                 {kind: "Ceph", remote: true},
	fuse:                 {kind: "FUSE", remote: true},
	lustr:                {kind: "Lustre", remote: true},
	p9:                   {kind: "9P", remote: true},
	unix.AFS_SUPER_MAGIC: {kind: "AFS", remote: true},

	unix.TMPFS_MAGIC: {kind: "tmpfs", fleeting: true}, unix.RAMFS_MAGIC: {kind: "ramfs", fleeting: true},

	unix.EXT4_SUPER_MAGIC: {kind: "ext4"}, unix.BTRFS_SUPER_MAGIC: {kind: "btrfs"}, xfs: {kind: "xfs"}, zfs: {kind: "zfs"},
	unix.OVERLAYFS_SUPER_MAGIC: {kind: "overlayfs"}, unix.F2FS_SUPER_MAGIC: {kind: "f2fs"},
}

func statDisk(dir string) (disk, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return disk{}, err
	}
	d, known := kinds[int64(st.Type)&0xffffffff]
	if !known {
		d.kind = fmt.Sprintf("a file system of type %#x", uint32(st.Type))
	}
	block := uint64(st.Bsize)
	d.free, d.total, d.inodes, d.inodesFree = st.Bavail*block, st.Blocks*block, st.Files, st.Ffree
	return d, nil
}
