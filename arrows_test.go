package minichat_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// row is the height of each package in docs/architecture.md, "Direction of
// dependencies": an import goes to a higher number only. A package that is not
// here fails the test; give it its place there first.
var row = map[string]int{
	"minichat/cmd/minichat":      0,
	"minichat/internal/httpd":    1,
	"minichat/internal/lab":      1,
	"minichat/internal/auth":     2,
	"minichat/internal/backup":   2,
	"minichat/internal/chat":     2,
	"minichat/internal/hub":      2,
	"minichat/internal/doctor":   2,
	"minichat/internal/store":    3,
	"minichat/internal/files":    3,
	"minichat/internal/bus":      3,
	"minichat/internal/protocol": 3,
	"minichat/internal/socket":   3,
	"minichat/internal/config":   3,
	"minichat/internal/memory":   3,
	"minichat/internal/systemd":  3,
	"minichat/internal/osfile":   3,
	"minichat/internal/proxy":    3,
	"minichat/internal/certs":    3,
	"minichat/internal/bench":    3,
	"minichat/web":               4,
	"minichat":                   4,
}

// outermost packages may import anything and are imported by nobody.
var outermost = []string{"minichat/bench", "minichat/e2e", "minichat/tools"}

type goPackage struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func TestImportsGoDown(t *testing.T) {
	for _, p := range packages(t) {
		if isOutermost(p.ImportPath) {
			continue
		}
		from, ok := row[p.ImportPath]
		if !ok {
			t.Errorf("%s has no place in the table of arrows_test.go and docs/architecture.md", p.ImportPath)
			continue
		}
		for _, imp := range p.Imports {
			to, ours := row[imp]
			if !ours && imp != "minichat" && !strings.HasPrefix(imp, "minichat/") {
				continue
			}
			if !ours || to <= from {
				t.Errorf("%s (row %d) imports %s (row %d): imports go to a lower row only", p.ImportPath, from, imp, to)
			}
		}
		for _, imp := range slices.Concat(p.TestImports, p.XTestImports) {
			if to, ours := row[imp]; ours && to < from {
				t.Errorf("a test of %s (row %d) imports %s (row %d) above it", p.ImportPath, from, imp, to)
			}
		}
	}
}

func isOutermost(path string) bool {
	return slices.ContainsFunc(outermost, func(o string) bool { return path == o || strings.HasPrefix(path, o+"/") })
}

// packages asks the go command, which knows build tags and modules better than a parser.
func packages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	var list []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("read what go list says: %v", err)
		}
		list = append(list, p)
	}
	if len(list) < 5 {
		t.Fatalf("go list names %d packages; the test looks at nothing", len(list))
	}
	return list
}

func TestNoPackageForEverything(t *testing.T) {
	bad := []string{"utils", "util", "common", "helpers", "helper", "misc", "shared", "base", "lib", "models", "services"}
	for _, p := range packages(t) {
		if name := filepath.Base(p.ImportPath); slices.Contains(bad, name) {
			t.Errorf("package %s: %q says nothing; name it by what it does", p.ImportPath, name)
		}
	}
}

const (
	longestFile     = 500 // lines
	longestFunction = 80
)

func TestSizes(t *testing.T) {
	seen := 0
	err := filepath.WalkDir(".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && (e.Name() == "node_modules" || e.Name() == "testdata" || e.Name() == ".git") {
			return filepath.SkipDir
		}
		if e.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		seen++
		tooLong, err := tooLong(name)
		for _, words := range tooLong {
			t.Error(words)
		}
		return err
	})
	if err != nil || seen < 20 {
		t.Fatalf("looked at %d files: %v", seen, err)
	}
}

// tooLong names what is longer than it may be: any file, and in files that are
// no tests any function.
func tooLong(name string) (words []string, err error) {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, name, nil, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	isTest := strings.HasSuffix(name, "_test.go")
	if ast.IsGenerated(f) {
		return nil, nil
	}
	if n := set.File(f.FileStart).LineCount(); n > longestFile && !isTest {
		words = append(words, fmt.Sprintf("%s has %d lines; %d is the limit", name, n, longestFile))
	}
	ast.Inspect(f, func(n ast.Node) bool {
		fn, ok := n.(*ast.FuncDecl)
		if !ok || isTest {
			return !ok
		}
		if n := set.Position(fn.End()).Line - set.Position(fn.Pos()).Line + 1; n > longestFunction {
			words = append(words, fmt.Sprintf("%s: %s has %d lines; %d is the limit", set.Position(fn.Pos()), fn.Name.Name, n, longestFunction))
		}
		return false
	})
	return words, nil
}
