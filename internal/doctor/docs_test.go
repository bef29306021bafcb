package doctor

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The ids that the code tells and those that docs/operations.md explains are the
// same: people look them up, and programs rely on them.
func TestDocsNameEveryFinding(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	literal := regexp.MustCompile(`"((?:disk|database|system|bucket|backup|address|tls|outside|socket)\.[a-z-]+|clock|settings)"`)
	told := map[string]bool{"settings": true} // by the command
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range literal.FindAllStringSubmatch(string(b), -1) {
			told[m[1]] = true
		}
	}
	doc, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(doc), "\n## Doctor\n")
	if !ok {
		t.Fatal("docs/operations.md has no section Doctor")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	explained := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z.-]+)` \\|").FindAllStringSubmatch(section, -1) {
		explained[m[1]] = true
	}
	if len(told) < 20 {
		t.Fatalf("only %d ids found in the code", len(told))
	}
	for _, id := range slices.Sorted(maps.Keys(told)) {
		if !explained[id] {
			t.Errorf("docs/operations.md does not explain %s", id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(explained)) {
		if !told[id] {
			t.Errorf("docs/operations.md explains %s, which nothing tells", id)
		}
	}
}
