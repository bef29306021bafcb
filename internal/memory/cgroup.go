package memory

import (
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
)

// CgroupLimit is how much memory the cgroup of a process ("self", or its number)
// may have; ok is false when there is no limit, or it cannot be seen.
func CgroupLimit(process string) (bytes int64, ok bool) { return cgroupLimit(os.DirFS("/"), process) }

// cgroupLimit is the least limit on the memory of the cgroup of a process and
// those above it, in version 1 or 2; ok is false when there is none.
func cgroupLimit(root fs.FS, process string) (bytes int64, ok bool) {
	b, err := fs.ReadFile(root, path.Join("proc", process, "cgroup"))
	if err != nil {
		return 0, false // not Linux
	}
	for line := range strings.Lines(string(b)) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		kinds, place, _ := strings.Cut(rest, ":")
		switch {
		case kinds == "":
			bytes = lesser(bytes, leastOf(root, "sys/fs/cgroup", place, "memory.max"))
		case hasWord(kinds, "memory"):
			bytes = lesser(bytes, leastOf(root, "sys/fs/cgroup/memory", place, "memory.limit_in_bytes"))
		}
	}
	return bytes, bytes > 0
}

// leastOf reads a limit at place and everywhere above it. In a container place
// may be what it is called outside: then the top is all that can be read.
func leastOf(root fs.FS, mount, place, file string) (least int64) {
	for place = path.Join("/", place); ; place = path.Dir(place) {
		if b, err := fs.ReadFile(root, path.Join(mount, place, file)); err == nil {
			if n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64); err == nil && n < 1<<60 { // "max", or a huge number, is none
				least = lesser(least, n)
			}
		}
		if place == "/" {
			return least
		}
	}
}

// lesser is the lesser of two limits, of which 0 is none.
func lesser(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

func hasWord(list, word string) bool {
	for w := range strings.SplitSeq(list, ",") {
		if w == word {
			return true
		}
	}
	return false
}
