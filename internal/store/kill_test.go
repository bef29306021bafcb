package store

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"minichat"
)

const childVar = "MINICHAT_TEST_STORE_CHILD"

// TestPostUntilKilled is the child of TestKilledProcessKeepsWhatItAcknowledged:
// it posts to the database that its environment names, prints each key that was
// acknowledged, and never ends by itself.
func TestPostUntilKilled(t *testing.T) {
	url, round, ok := strings.Cut(os.Getenv(childVar), "|")
	if !ok {
		return
	}
	s, err := Open(context.Background(), url, Options{})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	for p := range 4 {
		go func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("%s-%d-%d", round, p, i)
				if err := s.Write(context.Background(), appendTo(t, "r", key, strings.Repeat("x", i%3000))); err != nil {
					fmt.Println("error", err)
					return
				}
				fmt.Println("ack", key)
			}
		}()
	}
	select {}
}

// killed runs the child until it acknowledged n posts, kills it, and returns the
// keys of all that it had acknowledged by then.
func killed(t *testing.T, url string, round, n int) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPostUntilKilled$")
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s|%d", childVar, url, round))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var keys []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		key, ok := strings.CutPrefix(lines.Text(), "ack ")
		if !ok {
			t.Errorf("the child says: %s", lines.Text())
			continue
		}
		keys = append(keys, key)
		if len(keys) == n {
			if err := cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the child ended by itself")
	}
	return keys
}

func TestKilledProcessKeepsWhatItAcknowledged(t *testing.T) {
	url := backends()[0].url(t)
	s := open(t, url)
	addUser(t, s, "ana")
	addRoom(t, s, "r", "ana")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var acked []string
	for round := range 5 {
		keys := killed(t, url, round, 1+60*round)
		if len(keys) == 0 {
			t.Fatal("the child acknowledged nothing")
		}
		acked = append(acked, keys...)
	}
	s = open(t, url)
	for _, key := range acked {
		row, err := s.FindKey(t.Context(), "ana", key)
		if row == nil || err != nil {
			t.Fatalf("acknowledged and lost: %s, %v", key, err)
		}
	}
	room, err := s.GetRoom(t.Context(), "r")
	if err != nil || room.Head < int64(len(acked)) {
		t.Fatalf("head %+v, %v, acknowledged %d", room, err, len(acked))
	}
	dense(t, s, "r", int(room.Head))
	if _, err := s.GetMessage(t.Context(), "r", room.Head); err != nil {
		t.Error(err)
	}
	post(t, s, "r", "ana", "goes on")
	if minichat.CodeOf(s.Ping(t.Context())) != "" {
		t.Error("no ping")
	}
}
