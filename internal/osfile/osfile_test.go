package osfile

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestLock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	open := func() *os.File {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() }) // twice for some
		return f
	}
	one, two := open(), open()
	if err := Lock(one); err != nil {
		t.Fatal(err)
	}
	if _, err := one.WriteString("whose it is\n"); err != nil {
		t.Fatal(err)
	}
	if err := Lock(two); !errors.Is(err, ErrHeld) {
		t.Errorf("a second lock: got %v", err)
	}
	if err := LockShared(two); !errors.Is(err, ErrHeld) {
		t.Errorf("a shared lock beside it: got %v", err)
	}
	if b, err := os.ReadFile(name); err != nil || string(b) != "whose it is\n" {
		t.Errorf("who holds it: got %q, %v", b, err)
	}
	one.Close()
	if err := LockShared(two); err != nil {
		t.Errorf("after the close: %v", err)
	}
	if err := LockShared(open()); err != nil {
		t.Errorf("two that share: %v", err)
	}
	if err := Lock(open()); !errors.Is(err, ErrHeld) {
		t.Errorf("alone beside two: got %v", err)
	}
}

func TestSyncFolder(t *testing.T) {
	d, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := SyncFolder(d); err != nil {
		t.Error(err)
	}
}
