package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestBenchRefusesWhatItCannotMean(t *testing.T) {
	for _, args := range []string{
		"--connections 0", "--connections 10001", "--rate 0", "--rate=-1", "--rate NaN", "--rate 1001", "--seconds 0", "--seconds 61",
		"--server http://127.0.0.1:1", "--token x",
	} {
		if code, _, stderr := command(t, "", append([]string{"bench"}, strings.Fields(args)...)...); code != 1 || stderr == "" {
			t.Errorf("bench %s: ended with %d: %q", args, code, stderr)
		}
	}
}

// A server in use keeps its limits: the bench stays within them, says so, and
// leaves nothing behind in the person's list of rooms.
func TestBenchKeepsToTheLimitsOfAServer(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	done(t, "", "user", "add", "ana", "--data", data)
	token := done(t, "", "token", "new", "ana", "--data", data)
	s := start(t, data)
	said := done(t, "", "bench", "--server", s.url, "--token", token, "--connections", "20", "--rate", "10", "--seconds", "1")
	for _, want := range []string{"One message by itself", "A room of 9 ", "posts_per_second=0", "connections_per_user=0"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in what it says:\n%s", want, said)
		}
	}
	if strings.Contains(said, "at most") {
		t.Errorf("it claims to know what the server can take at most, but was limited:\n%s", said)
	}
	var rooms struct{ List []struct{ Name string } }
	s.do(t, "GET", "/api/v1/rooms", token, "", 200, &rooms)
	if len(rooms.List) != 1 || rooms.List[0].Name != "general" {
		t.Errorf("got the rooms %+v, want general alone", rooms.List)
	}
}

// Without limits everything is measured.
func TestBenchMeasuresAServerWithoutLimits(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	done(t, "", "user", "add", "ana", "--data", data)
	token := done(t, "", "token", "new", "ana", "--data", data)
	s := start(t, data, "--limit", "posts_per_second=0", "--limit", "connections_per_user=0")
	said := done(t, "", "bench", "--server", s.url, "--token", token, "--connections", "20", "--seconds", "1")
	for _, want := range []string{"Messages at most", "A room of 20 ", "Deliveries at most"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in what it says:\n%s", want, said)
		}
	}
	if strings.Contains(said, "after 0 ms") {
		t.Errorf("something takes no time:\n%s", said)
	}
}

func TestBenchSaysWhyItCannotMeasure(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := start(t, data)
	for server, want := range map[string]string{s.url: "token", "http://127.0.0.1:1": "does not answer", "ftp://x": "no address"} {
		code, stdout, stderr := command(t, "", "bench", "--server", server, "--token", strings.Repeat("x", 43), "--seconds", "1")
		if code != 1 || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%s: ended with %d, %q, %q; want it to say %q", server, code, stdout, stderr, want)
		}
	}
}
