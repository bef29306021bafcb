package doctor

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"minichat/internal/memory"
)

const (
	fewFiles    = 4096
	leastMemory = 96 << 20
	// A connection costs one descriptor; the database and files in the air the rest.
	otherFiles = 256
)

// checkSystem looks at what the machine lets a process have: the server's, when
// one runs, else this one's.
func checkSystem(_ context.Context, v *visit) {
	process, whose := "self", "this process may"
	if v.Folder.Held && v.Folder.Base != "" && exists("/proc/"+v.Folder.PID) {
		process, whose = v.Folder.PID, "the server (process "+v.Folder.PID+") may"
	}
	checkDescriptors(v, process, whose)
	checkMemory(v, process, whose)
}

func checkDescriptors(v *visit, process, whose string) {
	const mend = "LimitNOFILE=1048576 in the unit (systemctl edit minichat), or ulimit -n 65536 before the start"
	n, err := openFiles(process)
	switch {
	case err != nil:
		v.ok("system.descriptors", "cannot be told on this system: %v", err)
	case n < 1024:
		v.fail("system.descriptors", mend, "%s hold %d files open: fewer than %d connections", whose, n, max(0, n-otherFiles))
	case n < fewFiles:
		v.warn("system.descriptors", mend, "%s hold %d files open: some %d connections", whose, n, n-otherFiles)
	default:
		v.ok("system.descriptors", "%s hold %d files open, which is as many connections", whose, n)
	}
}

// openFiles is the hard limit: Go raises the soft one to it at the start.
func openFiles(process string) (int64, error) {
	b, err := os.ReadFile("/proc/" + process + "/limits")
	if err != nil {
		return 0, err
	}
	for l := range strings.Lines(string(b)) {
		rest, ok := strings.CutPrefix(l, "Max open files")
		if f := strings.Fields(rest); ok && len(f) >= 2 {
			return strconv.ParseInt(f[1], 10, 64)
		}
	}
	return 0, fmt.Errorf("/proc/%s/limits has no such line", process)
}

func checkMemory(v *visit, process, whose string) {
	limit, limited := memory.CgroupLimit(process)
	own := os.Getenv("GOMEMLIMIT")
	switch {
	case limited && limit < leastMemory:
		v.fail("system.memory", "raise MemoryMax in the unit, or the limit of the container, to 256M", "%s use %s", whose, size(uint64(limit)))
	case limited:
		v.ok("system.memory", "%s use %s", whose, size(uint64(limit)))
	case own != "" && own != "off":
		v.ok("system.memory", "GOMEMLIMIT is %s", own)
	default:
		v.warn("system.memory", "MemoryMax=85% in the unit, or GOMEMLIMIT=700MiB on a machine of 1 GiB",
			"no limit: under a rush the machine swaps or kills, instead of the server refusing more connections")
	}
}
