// Gotest runs "go test -json" with the arguments it is given and prints what a
// person wants of it: the closing line of each package as go test writes it,
// and everything that a failed test said. With CI=true a skipped test is a
// failed one: what does not run guards nothing.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// event is one line of "go test -json"; see "go doc test2json".
type event struct {
	Action, Package, ImportPath, Test, Output string
}

func main() {
	cmd := exec.Command("go", append([]string{"test", "-json"}, os.Args[1:]...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "run go test:", err)
		os.Exit(1)
	}
	r := report{out: os.Stdout, said: map[string][]string{}}
	r.read(out)
	err = cmd.Wait()
	fmt.Printf("%d tests passed, %d failed, %d skipped\n", r.passed, r.failed, len(r.skipped))
	for _, name := range r.skipped {
		fmt.Println("skipped:", name)
	}
	if err != nil || len(r.skipped) > 0 && os.Getenv("CI") == "true" {
		os.Exit(1)
	}
}

type report struct {
	out            io.Writer
	said           map[string][]string // by test, until it is known how it ended
	passed, failed int
	skipped        []string
}

func (r *report) read(from io.Reader) {
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadString('\n')
		var e event
		if json.Unmarshal([]byte(line), &e) == nil {
			r.take(e)
		} else {
			io.WriteString(r.out, line) // not of test2json, such as a fault of the go command
		}
		if err != nil {
			return
		}
	}
}

func (r *report) take(e event) {
	name := e.Package + " " + e.Test
	switch {
	case e.Action == "build-output":
		io.WriteString(r.out, e.Output)
	case e.Action == "output":
		if e.Test == "" && isClosing(e.Output) {
			io.WriteString(r.out, e.Output)
		} else {
			r.said[name] = append(r.said[name], e.Output)
		}
	case e.Action == "fail":
		io.WriteString(r.out, strings.Join(r.said[name], ""))
		r.count(e, &r.failed)
	case e.Action == "pass":
		r.count(e, &r.passed)
	case e.Action == "skip" && e.Test != "":
		io.WriteString(r.out, strings.Join(r.said[name], ""))
		r.skipped = append(r.skipped, name)
	}
	if e.Action == "fail" || e.Action == "pass" || e.Action == "skip" {
		delete(r.said, name)
	}
}

func (r *report) count(e event, n *int) {
	if e.Test != "" {
		*n++
	}
}

// isClosing tells the last line of a package from what its tests print.
func isClosing(line string) bool {
	for _, begin := range []string{"ok  \t", "FAIL\t", "?   \t", "---\t"} {
		if strings.HasPrefix(line, begin) {
			return true
		}
	}
	return strings.Contains(line, "[no test files]")
}
