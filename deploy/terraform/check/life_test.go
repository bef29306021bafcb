package check

import (
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// life is a stack that is applied once, on what the data stack puts out, for all
// tests that look at it.
type life struct {
	stack string
	with  []string

	once  sync.Once
	place string
	out   map[string]string
}

var lives = map[string]*life{
	"small with a lab":     {stack: "small", with: with("-var=lab_room=lobby")},
	"medium with a domain": {stack: "medium", with: with("-var=domain=chat.example.org", "-var=hosted_zone_id=Z0123456789ABCDEFGHIJ")},
}

func with(more ...string) []string {
	return append([]string{"-var=minichat_version=1.0.0", "-var=alert_email=ops@example.org", "-var=monthly_budget_usd=20"}, more...)
}

// dir is the folder of the applied stack; tests leave it as it is.
func (l *life) dir(t *testing.T) string {
	t.Helper()
	l.once.Do(func() { l.apply(t) })
	if l.place == "" {
		t.Fatal("the stack could not be applied; see the test that came first")
	}
	return l.place
}

// outputs is what the stack puts out, as far as it is text.
func (l *life) outputs(t *testing.T) map[string]string {
	t.Helper()
	l.dir(t)
	return l.out
}

func (l *life) apply(t *testing.T) {
	t.Helper()
	top, err := os.MkdirTemp(filepath.Dir(config), "life-") // goes with all of it
	if err != nil {
		t.Fatal(err)
	}
	copyTo(t, top)
	data, dir := filepath.Join(top, "stacks", "data"), filepath.Join(top, "stacks", l.stack)
	terraform(t, data, "init")
	terraform(t, data, "apply", "-auto-approve", zone)
	tfvars := terraform(t, data, "output", "-raw", "tfvars")
	if err := os.WriteFile(filepath.Join(dir, "data.auto.tfvars"), []byte(tfvars), 0o600); err != nil {
		t.Fatal(err)
	}
	terraform(t, dir, "init")
	terraform(t, dir, append([]string{"apply", "-auto-approve"}, l.with...)...)
	var all map[string]struct{ Value any }
	if err := json.Unmarshal([]byte(terraform(t, dir, "output", "-json")), &all); err != nil {
		t.Fatal(err)
	}
	l.out = map[string]string{}
	for name, o := range all {
		if text, ok := o.Value.(string); ok {
			l.out[name] = text
		}
	}
	l.place = dir
}
