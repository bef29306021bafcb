//go:build unix

package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"minichat"
)

const refusedVar = "MINICHAT_TEST_STORE_REFUSED"

// TestPostUntilRefused is the child of TestRefusedWritesLoseNothing: it posts
// until the system refuses to let the files grow, then reads, then lets them
// grow again, and posts once more.
func TestPostUntilRefused(t *testing.T) {
	url := os.Getenv(refusedVar)
	if url == "" {
		return
	}
	signal.Ignore(syscall.SIGXFSZ)
	s, err := Open(context.Background(), url, Options{Fatal: func(err error) { fmt.Println("fatal", err) }})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		fmt.Println("error", err)
		return
	}
	free := limit.Cur
	limit.Cur = 1 << 20
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		fmt.Println("error", err)
		return
	}
	for i := 0; ; i++ {
		key := fmt.Sprint("key", i)
		err := s.Write(context.Background(), appendTo(t, "r", key, strings.Repeat("x", 3000)))
		if err != nil {
			e, _ := errors.AsType[*minichat.Error](err)
			fmt.Println("refused", e != nil && e.Code == minichat.StoreUnavailable && !e.Unknown, err)
			break
		}
		fmt.Println("ack", key)
	}
	room, err := s.GetRoom(context.Background(), "r")
	fmt.Println("read", err == nil && room != nil)
	limit.Cur = free
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		fmt.Println("error", err)
	}
	if err := s.Write(context.Background(), appendTo(t, "r", "healed", "x")); err == nil {
		fmt.Println("ack healed")
	}
}

// When the system refuses to write the log, the answer is definite, what was
// acknowledged stays, and it heals.
func TestRefusedWritesLoseNothing(t *testing.T) {
	url := backends()[0].url(t)
	s := open(t, url)
	addUser(t, s, "ana")
	addRoom(t, s, "r", "ana")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPostUntilRefused$")
	cmd.Env = append(os.Environ(), refusedVar+"="+url)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text := string(out)
	for _, want := range []string{"ack key0\n", "refused true", "read true", "ack healed\n"} {
		if !strings.Contains(text, want) {
			t.Fatalf("want %q in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "fatal") || strings.HasPrefix(text, "error ") || strings.Contains(text, "\nerror ") {
		t.Errorf("the child says:\n%s", text)
	}
	s = open(t, url)
	acked := 0
	for line := range strings.Lines(text) {
		if key, ok := strings.CutPrefix(strings.TrimSpace(line), "ack "); ok {
			acked++
			if row, err := s.FindKey(t.Context(), "ana", key); row == nil || err != nil {
				t.Errorf("acknowledged and lost: %s, %v", key, err)
			}
		}
	}
	dense(t, s, "r", acked)
}
