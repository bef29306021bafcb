package main

import (
	"strings"
	"testing"
)

func TestCommandLine(t *testing.T) {
	for _, row := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--help"}, 0, "user add"}, {[]string{"serve", "--help"}, 0, "--lab-room"}, {[]string{"user", "add", "--help"}, 0, "--password-stdin"},
		{[]string{"user", "--help"}, 0, "user password"}, {[]string{"--data", t.TempDir(), "user", "list"}, 0, ""}, {[]string{"user", "list", "--data=" + t.TempDir()}, 0, ""},
		{[]string{"usr", "add"}, 2, `did you mean "user"`}, {[]string{"--datta", "x", "user", "list"}, 2, "no flag --datta"}, {[]string{"user", "list", "extra"}, 2, "extra"},
		{[]string{"user", "list", "--role", "admin"}, 2, "--role"}, {[]string{"invite", "new", "--uses", "few"}, 2, "--uses"}, {[]string{"version", "--", "x"}, 2, `"x"`},
		{[]string{"version"}, 0, "minichat "}, {[]string{"nonsense"}, 2, "nonsense"}, {[]string{"--nonsense"}, 2, "--nonsense"}, {[]string{"user"}, 2, "add"},
		{[]string{"user", "add"}, 2, "<name>"}, {[]string{"user", "add", "x", "--role", "king", "--data", t.TempDir()}, 2, "role"},
		{[]string{"token", "new", "nobody", "--data", t.TempDir()}, 1, "nobody"}, {[]string{"user", "password", "x", "--data", t.TempDir()}, 1, "--password-stdin"},
		{[]string{"user", "add", "x", "--password-stdin", "--data", t.TempDir()}, 1, "no password"},
		{[]string{"invite", "new", "--expires", "soon", "--data", t.TempDir()}, 1, "7d"}, {[]string{"user", "add", "Bad Handle", "--data", t.TempDir()}, 1, ""},
	} {
		code, stdout, stderr := command(t, "", row.args...)
		if code != row.code || !strings.Contains(stdout+stderr, row.says) {
			t.Errorf("%v: ended with %d, want %d, and said %q, want %q", row.args, code, row.code, stdout+stderr, row.says)
		}
	}
}

// A flag wins over the environment, which wins over the default, also where it
// is empty; what cannot be read there is named.
func TestEnvironmentOfCommands(t *testing.T) {
	parse := func(args ...string) (*inviteNew, error) {
		var all words
		_, _, err := newWord("minichat", "", "", &all).parse(append([]string{"invite", "new"}, args...))
		return &all.Invite.New, err
	}
	for _, row := range []struct {
		env  string // of MINICHAT_DATA; "-": not set
		args []string
		want string
	}{{"-", nil, "./data"}, {"there", nil, "there"}, {"", nil, ""}, {"there", []string{"--data", "here"}, "here"}, {"there", []string{"--data="}, ""}} {
		t.Run(row.env, func(t *testing.T) {
			if row.env != "-" {
				t.Setenv("MINICHAT_DATA", row.env)
			}
			if got, err := parse(row.args...); err != nil || got.Data != row.want {
				t.Errorf("%v: got %q (error %v), want %q", row.args, got.Data, err, row.want)
			}
		})
	}
	t.Setenv("MINICHAT_DRAIN", "soon")
	if code, _, stderr := command(t, "", "serve"); code != 2 || !strings.Contains(stderr, "MINICHAT_DRAIN") {
		t.Errorf("a duration that is none: ended with %d: %s", code, stderr)
	}
}
