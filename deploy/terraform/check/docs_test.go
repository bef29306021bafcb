package check

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

const readme = "deploy/terraform/README.md"

// Check 3: the list of rights in the docs is what Terraform renders.
func TestRightsInDocs(t *testing.T) {
	var policy struct {
		Statement []struct {
			Sid, Effect, Resource string
			Action                []string
			Condition             map[string]map[string]any
		}
	}
	if err := json.Unmarshal([]byte(rendered(t)), &policy); err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, s := range policy.Statement {
		if s.Effect != "Allow" {
			t.Errorf("%s does not allow", s.Sid)
		}
		var conditions []string
		for how, keys := range s.Condition {
			for key, value := range keys {
				conditions = append(conditions, fmt.Sprintf("`%s %s %s`", how, key, strings.Trim(fmt.Sprint(value), "[]")))
			}
		}
		slices.Sort(conditions)
		rows = append(rows, fmt.Sprintf("| %s | `%s` | `%s` | %s |", s.Sid, strings.Join(s.Action, "` `"), s.Resource, strings.Join(conditions, ", ")))
	}
	same(t, "the list of rights", table(t, "| statement |"), rows)
}

// Check 4: the table of paths is the distribution, in its order.
func TestPathsInDocs(t *testing.T) {
	called := map[string]string{"4135ea2d-6df8-44a3-9df3-4b5a84be39ad": "CachingDisabled", "658327ea-f89d-4fab-a63d-7e88639e58f6": "CachingOptimized",
		"216adef6-5c7f-47e4-b989-5492eafa07d3": "AllViewer", "": "none"}
	for name, l := range lives {
		distribution := l.things(t, "aws_cloudfront_distribution")[0].Values
		var rows []string
		row := func(path string, b map[string]any) {
			methods := strings.Join(texts(b, "allowed_methods"), ", ")
			if len(texts(b, "allowed_methods")) == 7 {
				methods = "all"
			}
			request, _ := b["origin_request_policy_id"].(string)
			if strings.HasSuffix(request, "-of-aws_cloudfront_distribution") {
				request = "" // the stand-in makes up what is left out
			}
			rows = append(rows, fmt.Sprintf("| %s | %s | %s | %s | %s | %s |", path, b["target_origin_id"], methods, called[b["cache_policy_id"].(string)], called[request], b["viewer_protocol_policy"]))
		}
		for _, b := range in(distribution, "ordered_cache_behavior") {
			row("`"+b["path_pattern"].(string)+"`", b)
		}
		row("all else", in(distribution, "default_cache_behavior")[0])
		var want []string
		for _, line := range table(t, "| path |") {
			cut := strings.LastIndex(strings.TrimSuffix(line, " |"), " | ")
			when := strings.TrimSuffix(line[cut+3:], " |")
			if when == "always" || strings.Contains(strings.Join(l.with, " "), strings.Trim(strings.TrimPrefix(when, "with "), "`")+"=") {
				want = append(want, line[:cut]+" |")
			}
		}
		same(t, "the table of paths, "+name, want, rows)
	}
	for id, name := range called {
		if id != "" && !strings.Contains(read(t, readme), name+" is `"+id+"`") && !strings.Contains(read(t, readme), name+" `"+id+"`") {
			t.Errorf("the docs do not say that %s is %s", name, id)
		}
	}
}

// table gives the rows below the row that begins with head.
func table(t *testing.T, head string) (rows []string) {
	t.Helper()
	lines := strings.Split(read(t, readme), "\n")
	at := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, head) })
	if at < 0 {
		t.Fatalf("%s has no table that begins with %q", readme, head)
	}
	for _, l := range lines[at+2:] {
		if !strings.HasPrefix(l, "|") {
			break
		}
		rows = append(rows, l)
	}
	return rows
}

func same(t *testing.T, what string, docs, really []string) {
	t.Helper()
	if !slices.Equal(docs, really) {
		t.Errorf("%s in %s is\n%s\nand really it is\n%s", what, readme, strings.Join(docs, "\n"), strings.Join(really, "\n"))
	}
}

// minichat is the program, built once.
var minichat = sync.OnceValues(func() (string, error) {
	bin := filepath.Join(filepath.Dir(config), "minichat")
	build := exec.Command("go", "build", "-o", bin, "./cmd/minichat")
	build.Dir, build.Env = top, append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("build minichat: %w\n%s", err, out)
	}
	return bin, err
})

var commandLine = regexp.MustCompile(`^(?:sudo (?:-u minichat )?)?(?:\./)?minichat( .*|$)`)

// Check 9: every command line in the docs is one. It is asked with --help in
// place of what it would do.
func TestCommandsInDocs(t *testing.T) {
	bin, err := minichat()
	if err != nil {
		t.Fatal(err)
	}
	files := []string{"README.md", readme}
	found, err := filepath.Glob(filepath.Join(top, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		files = append(files, "docs/"+filepath.Base(f))
	}
	asked := map[string]bool{}
	for _, file := range files {
		for _, line := range commandLines(read(t, file)) {
			if asked[line] {
				continue
			}
			asked[line] = true
			words := words(line)
			if len(words) == 0 || strings.HasPrefix(words[0], "-") {
				words = append([]string{"serve"}, words...)
			}
			out, err := exec.Command(bin, append(words, "--help")...).CombinedOutput()
			if err != nil || !strings.Contains(string(out), "minichat "+words[0]) {
				t.Errorf("%s: minichat %s: %v\n%s", file, line, err, out)
				continue
			}
			for _, flag := range words {
				name, _, _ := strings.Cut(flag, "=")
				if strings.HasPrefix(flag, "--") && !strings.Contains(string(out), name) {
					t.Errorf("%s: minichat %s: its help knows no %s", file, line, name)
				}
			}
		}
	}
	if len(asked) < 15 {
		t.Errorf("only %d command lines were found in the docs", len(asked))
	}
}

// commandLines gives what stands behind "minichat" in each indented line of a
// page that begins with it.
func commandLines(page string) (all []string) {
	for line := range strings.SplitSeq(page, "\n") {
		if !strings.HasPrefix(line, "    ") {
			continue
		}
		line, _, _ = strings.Cut(strings.TrimSpace(line), "   #")
		if m := commandLine.FindStringSubmatch(strings.TrimSuffix(line, `\`)); m != nil {
			all = append(all, strings.TrimSpace(m[1]))
		}
	}
	return all
}

// words splits a line as a shell does, as far as the docs need it.
func words(line string) (all []string) {
	for _, end := range []string{" > ", " | ", " && ", " # "} {
		line, _, _ = strings.Cut(line, end)
	}
	line = strings.TrimSuffix(line, " &")
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			all = append(all, part)
		} else {
			all = append(all, strings.Fields(part)...)
		}
	}
	return all
}
