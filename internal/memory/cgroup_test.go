package memory

import (
	"testing"
	"testing/fstest"
)

func TestCgroupLimit(t *testing.T) {
	cases := []struct {
		name  string
		files map[string]string
		want  int64 // 0: none
	}{
		{"no cgroup", nil, 0},
		{"version 2", map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "1073741824\n"}, 1 << 30},
		{"version 2, set above", map[string]string{"proc/self/cgroup": "0::/a/b\n",
			"sys/fs/cgroup/a/b/memory.max": "max\n", "sys/fs/cgroup/a/memory.max": "5000\n"}, 5000},
		{"version 2, the least of all", map[string]string{"proc/self/cgroup": "0::/a/b\n",
			"sys/fs/cgroup/a/b/memory.max": "7000\n", "sys/fs/cgroup/a/memory.max": "5000\n"}, 5000},
		{"version 2, none", map[string]string{"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "max\n"}, 0},
		{"in a container", map[string]string{"proc/self/cgroup": "0::/../outside\n", "sys/fs/cgroup/memory.max": "6000\n"}, 6000},
		{"version 1", map[string]string{"proc/self/cgroup": "9:cpu,cpuacct:/x\n8:memory:/x\n",
			"sys/fs/cgroup/memory/x/memory.limit_in_bytes": "4000\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 4000},
		{"version 1, none", map[string]string{"proc/self/cgroup": "8:memory:/\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 0},
	}
	for _, test := range cases {
		root := fstest.MapFS{}
		for name, text := range test.files {
			root[name] = &fstest.MapFile{Data: []byte(text)}
		}
		got, ok := cgroupLimit(root, "self")
		if got != test.want || ok != (test.want > 0) {
			t.Errorf("%s: got %d, %v, want %d", test.name, got, ok, test.want)
		}
	}
}
