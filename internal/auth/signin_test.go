package auth

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"minichat"
)

func TestWrongHandleAndWrongPasswordAreTheSame(t *testing.T) {
	w := newWorld(t, minichat.DefaultLimits())
	w.owner(t)
	if _, err := w.AddUser(t.Context(), Person{Handle: "bot"}, minichat.Member); err != nil {
		t.Fatal(err)
	}
	var words string
	for _, l := range []Login{{Handle: "ana", Password: "wrong horse"}, {Handle: "nobody", Password: password}, {Handle: "bot", Password: ""}} {
		_, err := w.SignIn(t.Context(), l, From{Addr: "192.0.2.1"})
		wantCode(t, l.Handle, err, minichat.Unauthenticated)
		if words != "" && err.Error() != words {
			t.Errorf("%s: got %q, want %q", l.Handle, err, words)
		}
		words = err.Error()
	}
	s, err := w.SignIn(t.Context(), Login{Handle: " Ana ", Password: password}, From{Device: strings.Repeat("é", 100)})
	if err != nil {
		t.Fatal(err)
	}
	list, err := w.Sessions(t.Context(), s.Identity)
	if err != nil || len(list) != 2 {
		t.Fatalf("sessions: got %v, %v", list, err)
	}
	for _, one := range list {
		if one.Current != (one.ID == s.Session) {
			t.Errorf("current of %+v", one)
		}
		if one.Current && one.Device != strings.Repeat("é", 64) {
			t.Errorf("device: got %q", one.Device)
		}
	}

	// All of them wait for the same slots: an unknown handle is hashed too.
	gone := w.fullHasher(t)
	for _, handle := range []string{"ana", "nobody", "bot"} {
		if _, err := w.SignIn(gone, Login{Handle: handle, Password: password}, From{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s without a free slot: got %v, want to wait for one", handle, err)
		}
	}
}

// Row 66.
func TestFailuresAreCountedBeforeHashing(t *testing.T) {
	limits := minichat.DefaultLimits()
	limits.SigninFailuresPerMinute, limits.SigninFailuresPerMinuteIP = 2, 5
	w := newWorld(t, limits)
	w.owner(t)
	fail := func(handle, addr string) error {
		_, err := w.SignIn(t.Context(), Login{Handle: handle, Password: "wrong horse"}, From{Addr: addr})
		return err
	}
	for range 2 {
		wantCode(t, "failure", fail("ana", "192.0.2.1"), minichat.Unauthenticated)
		w.at.Add(1000)
	}
	gone := w.fullHasher(t)
	_, err := w.SignIn(gone, Login{Handle: "ana", Password: password}, From{Addr: "192.0.2.2"})
	wantCode(t, "the account's third, with the right password", err, minichat.RateLimited)
	if e, ok := errors.AsType[*minichat.Error](err); !ok || e.RetryMS != 58_000 {
		t.Errorf("retry: got %+v, want 58000 ms", e)
	}
	_, err = w.SignIn(gone, Login{Handle: "ana", Password: strings.Repeat("x", 1<<20)}, From{Addr: "192.0.2.2"})
	wantCode(t, "a password of 1 MB", err, minichat.TooLong)
}

func TestFailuresOfAnAddress(t *testing.T) {
	limits := minichat.DefaultLimits()
	limits.SigninFailuresPerMinuteIP = 2
	w := newWorld(t, limits)
	w.owner(t)
	// One host owns a whole /64 of IPv6.
	for i, addr := range []string{"2001:db8::1", "2001:db8::2"} {
		_, err := w.SignIn(t.Context(), Login{Handle: "nobody" + string(rune('a'+i)), Password: password}, From{Addr: addr})
		wantCode(t, addr, err, minichat.Unauthenticated)
	}
	_, err := w.SignIn(t.Context(), Login{Handle: "ana", Password: password}, From{Addr: "2001:db8::3"})
	wantCode(t, "the address's third", err, minichat.RateLimited)
	if _, err := w.SignIn(t.Context(), Login{Handle: "ana", Password: password}, From{Addr: "2001:db8:0:1::1"}); err != nil {
		t.Errorf("another address: %v", err)
	}
	w.at.Add(failureWindow)
	if _, err := w.SignIn(t.Context(), Login{Handle: "ana", Password: password}, From{Addr: "2001:db8::3"}); err != nil {
		t.Errorf("a minute later: %v", err)
	}
}

func TestSuccessesAreNoFailures(t *testing.T) {
	limits := minichat.DefaultLimits()
	limits.SigninFailuresPerMinute = 1
	w := newWorld(t, limits)
	w.owner(t)
	for range 3 {
		if _, err := w.SignIn(t.Context(), Login{Handle: "ana", Password: password}, From{Addr: "192.0.2.1"}); err != nil {
			t.Fatal(err)
		}
	}
}

// Failures of before the clock was put back lock nobody out.
func TestFailuresAfterTheClockWasPutBack(t *testing.T) {
	f := newFailures()
	const now = 1_700_000_000_000
	for range 10 {
		f.add("ana", 10, now)
	}
	if f.add("ana", 10, now-500) == 0 {
		t.Error("asked at the same time: let through, want a wait")
	}
	if wait := f.add("ana", 10, now-3600_000); wait != 0 {
		t.Errorf("an hour earlier: got a wait of %d ms, want none", wait)
	}
}

func TestFailuresStayBounded(t *testing.T) {
	f := newFailures()
	for i := range int64(3 * failureKeys) {
		f.add(string(rune('a'+i%26))+minichat.NewID(12), 10, 1000)
	}
	if n := len(f.seen); n > failureKeys {
		t.Errorf("keys: got %d, want at most %d", n, failureKeys)
	}
}

func TestSecretsAreHashedAtRest(t *testing.T) {
	w := newWorld(t, minichat.DefaultLimits())
	owner := w.owner(t)
	_, invite := w.invite(t, owner, 1)
	_, token, err := w.NewToken(t.Context(), owner.Identity, "bot")
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(w.dir, "*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("database files: %v, %v", names, err)
	}
	seen := false
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		seen = seen || strings.Contains(string(b), "argon2id")
		for what, secret := range map[string]string{"session": owner.Token, "invite": invite, "token": token, "password": password} {
			if strings.Contains(string(b), secret) {
				t.Errorf("the %s stands in %s as it is", what, filepath.Base(name))
			}
		}
	}
	if !seen {
		t.Error("no password hash in the files that were looked at")
	}
}

func TestPHC(t *testing.T) {
	h := newHasher(1)
	s, err := h.hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(s, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash: got %q", s)
	}
	for _, bad := range []string{"$argon2i$v=19$m=8,t=1,p=1$AAAA$AAAA", "$argon2id$v=19$m=99999999,t=2,p=1$AAAA$" + strings.Repeat("A", 43), "x"} {
		if ok, err := h.verify(t.Context(), bad, password); err == nil || ok {
			t.Errorf("verify %q: got %v, %v", bad, ok, err)
		}
	}
}
