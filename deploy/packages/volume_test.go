package main

import (
	"strings"
	"testing"
)

// lab is what the scripts of this test begin with: a disk made of a file, under
// the name that udev would give the volume.
const lab = `
set -eu
export MINICHAT_VOLUME=vol-0123456789abcdef0 MINICHAT_DATA=/var/lib/minichat
loop=; trap 'umount -q $MINICHAT_DATA || true; if [ -n "$loop" ]; then losetup -d $loop; fi' EXIT
attach() { loop=$(losetup --show -f /tmp/disk); mkdir -p /tmp/by-id; ln -sfn $loop /tmp/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0; }
blank() { rm -f /tmp/disk; truncate -s 32M /tmp/disk; }
data() { /usr/lib/minichat/minichat-data --by-id /tmp/by-id --wait ${1:-20}; }
sum() { sha256sum </tmp/disk; }
`

// aws.md 12, check 10, with a loop device for EBS.
func TestVolume(t *testing.T) {
	r := newRoot(t)
	r.bring(t, packageOf(built, "deb"), "/tmp/p.deb")
	r.must(t, "dpkg -i /tmp/p.deb")

	first := r.must(t, lab+`blank; attach; data; test -e /var/lib/minichat/.minichat-volume; echo letter >/var/lib/minichat/kept
stat -c '%a %U:%G' /var/lib/minichat; findmnt -n -o OPTIONS /var/lib/minichat; blkid -p -s UUID -o value $loop; data`)
	if !strings.Contains(first, "is blank; formatting it") || !strings.Contains(first, "700 minichat:minichat") ||
		!strings.Contains(first, "nosuid,nodev,noexec,noatime") || strings.Count(first, "formatting") != 1 {
		t.Errorf("a blank volume: %s", first)
	}
	again := r.must(t, lab+`attach; data; cat /var/lib/minichat/kept; blkid -p -s UUID -o value $loop`)
	uuid := again[strings.LastIndex(again, "\n")+1:]
	if !strings.Contains(again, "letter") || strings.Contains(again, "formatting") || !strings.Contains(first, uuid) {
		t.Errorf("after a restart: %s", again)
	}
	if grown := r.must(t, lab+`truncate -s 96M /tmp/disk; attach; data; cat /var/lib/minichat/kept; df -k --output=size /var/lib/minichat | tail -1 | awk '{exit !($1 > 60000)}' && echo grown`); !strings.Contains(grown, "letter\ngrown") {
		t.Errorf("after it was enlarged: %s", grown)
	}
	unit := r.must(t, "cat /etc/systemd/system/var-lib-minichat.mount; systemd-analyze verify var-lib-minichat.mount 2>&1 | grep -v by-label || true")
	if !strings.Contains(unit, "What=/dev/disk/by-label/minichat") || !strings.HasSuffix(unit, "noexec") {
		t.Errorf("the unit: %s", unit)
	}
	r.must(t, lab+"unset MINICHAT_VOLUME; data; ! mountpoint -q /var/lib/minichat")
}

func TestVolumeRefused(t *testing.T) {
	r := newRoot(t)
	r.bring(t, packageOf(built, "deb"), "/tmp/p.deb")
	r.must(t, "dpkg -i /tmp/p.deb")
	for _, row := range []struct{ name, disk, words string }{
		{"another label", "mkfs.ext4 -q -L photos /tmp/disk", `has the label "photos", not "minichat"`},
		{"another file system", "mkswap -q /tmp/disk", "has another file system than ext4"},
		{"partitions", "echo ',,L' | sfdisk -q /tmp/disk", "has partitions"},
		{"unknown bytes", "head -c 4096 /dev/urandom | dd of=/tmp/disk bs=4096 seek=100 conv=notrunc status=none", "is not blank"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r.fails(t, lab+"blank; "+row.disk+"; before=$(sum); attach; if data; then echo it took it; exit 0; fi; test \"$before\" = \"$(sum)\" || echo changed; ! mountpoint -q /var/lib/minichat && exit 3", row.words)
			if out, _ := r.try(t, lab+"blank; "+row.disk+"; before=$(sum); attach; data || true; test \"$before\" = \"$(sum)\" || echo CHANGED"); strings.Contains(out, "CHANGED") {
				t.Errorf("it was changed: %s", out)
			}
		})
	}
	r.fails(t, lab+"rm -rf /tmp/by-id; data 1", "is not attached to this machine")
	r.fails(t, lab+"MINICHAT_VOLUME=/dev/sdf; data", "is no volume; use an id such as")
	r.fails(t, lab+"mkdir -p /tmp/by-id; ln -sfn $(findmnt -n -o SOURCE --target /proc/1/root 2>/dev/null || true) /tmp/x; ln -sfn /etc/passwd /tmp/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0; data", "is no disk")
	// Something else is mounted where the data goes.
	r.fails(t, lab+`blank; mkfs.ext4 -q -L minichat /tmp/disk; mkdir -p /var/lib/minichat; mount -t tmpfs tmpfs /var/lib/minichat; attach; data`, "mounted, not /dev/loop")
}
