package check

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Check 7, the rest: a stop is done before systemd loses patience.
func TestStopTimes(t *testing.T) {
	drain := flagDefault(t, "Drain")
	units, err := filepath.Glob(filepath.Join(top, "deploy", "*", "minichat.service"))
	if err != nil || len(units) != 1 {
		t.Fatalf("units of systemd: %v, %v", units, err)
	}
	unit, err := os.ReadFile(units[0])
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)s?$`).FindSubmatch(unit)
	if m == nil {
		t.Fatalf("%s has no TimeoutStopSec in seconds", units[0])
	}
	stop, _ := strconv.Atoi(string(m[1]))
	// docs/configuration.md: 2 s for the last to leave, 5 s for what is being answered.
	if most := flagMost(t, "mostDrain") + 7*time.Second; time.Duration(stop)*time.Second <= most || drain+7*time.Second >= 30*time.Second {
		t.Errorf("a stop may take %s, by default %s, and systemd kills after %d s", most, drain+7*time.Second, stop)
	}
}

// flagMost is a constant of internal/config such as 20 * time.Second.
func flagMost(t *testing.T, name string) (d time.Duration) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "edge.go", read(t, "internal/config/edge.go"), 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || v.Names[0].Name != name {
			return true
		}
		product, ok := v.Values[0].(*ast.BinaryExpr)
		if !ok {
			return true
		}
		if lit, ok := product.X.(*ast.BasicLit); ok && strings.HasSuffix(product.Y.(*ast.SelectorExpr).Sel.Name, "Second") {
			n, _ := strconv.Atoi(lit.Value)
			d = time.Duration(n) * time.Second
		}
		return true
	})
	if d == 0 {
		t.Fatalf("internal/config/edge.go has no %s in seconds", name)
	}
	return d
}
