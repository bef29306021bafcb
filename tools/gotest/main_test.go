package main

import (
	"slices"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	var out strings.Builder
	r := report{out: &out, said: map[string][]string{}}
	r.read(strings.NewReader(`go: a word of the go command
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: quiet\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:1: loud\n"}
{"Action":"fail","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:1: why\n"}
{"Action":"skip","Package":"p","Test":"TestC"}
{"Action":"output","Package":"p","Output":"panic: x\n"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}
{"Action":"fail","Package":"p"}
`))
	want := "go: a word of the go command\n    b_test.go:1: loud\n    c_test.go:1: why\nFAIL\tp\t0.1s\npanic: x\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	if r.passed != 1 || r.failed != 1 || !slices.Equal(r.skipped, []string{"p TestC"}) {
		t.Errorf("got %d passed, %d failed, skipped %q", r.passed, r.failed, r.skipped)
	}
}
