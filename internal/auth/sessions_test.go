package auth

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"minichat"
)

// Row 62.
func TestGarbageIsNobody(t *testing.T) {
	w := newWorld(t, minichat.DefaultLimits())
	owner := w.owner(t)
	_, invite := w.invite(t, owner, 1)
	setup, _ := newSecret()
	for _, bad := range []string{"", "x", strings.Repeat("a", 43), strings.Repeat("é", 43), owner.Token + "x", invite, setup, "eyJhbGciOiJub25lIn0.e30."} {
		_, err := w.ByCookie(t.Context(), bad)
		wantCode(t, "cookie "+bad, err, minichat.Unauthenticated)
		_, err = w.ByToken(t.Context(), bad)
		wantCode(t, "bearer "+bad, err, minichat.Unauthenticated)
	}
	if id, err := w.ByToken(t.Context(), owner.Token); err != nil || id.Kind != KindSession {
		t.Errorf("a session's secret as bearer: got %+v, %v", id, err)
	}
	_, token, err := w.NewToken(t.Context(), owner.Identity, "bot")
	if err != nil {
		t.Fatal(err)
	}
	if id, err := w.ByToken(t.Context(), token); err != nil || id.Kind != KindToken {
		t.Errorf("a bearer token: got %+v, %v", id, err)
	}
	_, err = w.ByCookie(t.Context(), token)
	wantCode(t, "a bearer token as cookie", err, minichat.Unauthenticated)
}

func TestSessionsSlideAndEnd(t *testing.T) {
	w := newWorld(t, minichat.DefaultLimits())
	s := w.owner(t)
	for range 3 {
		w.at.Add(29 * day)
		if _, err := w.ByCookie(t.Context(), s.Token); err != nil {
			t.Fatalf("29 days after the last use: %v", err)
		}
		if err := w.flushUsed(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.at.Add(30 * day)
	_, err := w.ByCookie(t.Context(), s.Token)
	wantCode(t, "30 days after the last use", err, minichat.Unauthenticated)
	if ended, err := w.Valid(t.Context(), []Identity{s.Identity}); err != nil || len(ended) != 1 {
		t.Errorf("valid: got %v, %v", ended, err)
	}
	// Its sockets are closed, whatever else happens to it.
	if err := w.endExpired(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(w.ends) != 1 || w.ends[0].User != s.User.ID || w.ends[0].Session != s.Session || w.ends[0].Code != 4004 {
		t.Errorf("ends: got %+v, want that of the session", w.ends)
	}
	if list, err := w.st.ListSessions(t.Context(), s.User.ID); err != nil || len(list) != 0 {
		t.Errorf("sessions: got %v, %v, want none", list, err)
	}
}

func TestEndSession(t *testing.T) {
	w := newWorld(t, minichat.DefaultLimits())
	a := w.owner(t)
	b, err := w.SignIn(t.Context(), Login{Handle: "ana", Password: password}, From{})
	if err != nil {
		t.Fatal(err)
	}
	_, secret := w.invite(t, a, 1)
	ben, err := w.Join(t.Context(), Entry{Token: secret, Handle: "ben", Password: password}, From{})
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, "another's session", w.EndSession(t.Context(), ben.Identity, a.Session), minichat.NotFound)
	if err := w.EndSession(t.Context(), a.Identity, b.Session); err != nil {
		t.Fatal(err)
	}
	_, err = w.ByCookie(t.Context(), b.Token)
	wantCode(t, "the ended one", err, minichat.Unauthenticated)
	wantCode(t, "again", w.EndSession(t.Context(), a.Identity, b.Session), minichat.NotFound)
	if err := w.EndSession(t.Context(), a.Identity, "current"); err != nil {
		t.Fatal(err)
	}
	_, err = w.ByCookie(t.Context(), a.Token)
	wantCode(t, "the current one", err, minichat.Unauthenticated)
	ends := w.ended()
	if len(ends) != 2 || ends[0].Session != b.Session || ends[1].Session != a.Session || ends[0].Code != codeSession {
		t.Errorf("ends told: got %+v", ends)
	}
}

func TestChangePasswordEndsTheOthers(t *testing.T) {
	w := newWorld(t, minichat.DefaultLimits())
	a := w.owner(t)
	b, err := w.SignIn(t.Context(), Login{Handle: "ana", Password: password}, From{})
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, "wrong old", w.ChangePassword(t.Context(), a.Identity, NewPassword{Old: "wrong horse", New: "battery staple"}), minichat.Forbidden)
	wantCode(t, "short new", w.ChangePassword(t.Context(), a.Identity, NewPassword{Old: password, New: "short"}), minichat.BadField)
	if err := w.ChangePassword(t.Context(), a.Identity, NewPassword{Old: password, New: "battery staple"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.ByCookie(t.Context(), a.Token); err != nil {
		t.Errorf("the session that asked: %v", err)
	}
	_, err = w.ByCookie(t.Context(), b.Token)
	wantCode(t, "the other session", err, minichat.Unauthenticated)
	if ends := w.ended(); len(ends) != 1 || ends[0].Session != b.Session {
		t.Errorf("ends told: got %+v", ends)
	}
	_, err = w.SignIn(t.Context(), Login{Handle: "ana", Password: password}, From{})
	wantCode(t, "the old password", err, minichat.Unauthenticated)

	if err := w.SetPassword(t.Context(), "ana", "staple battery"); err != nil {
		t.Fatal(err)
	}
	ended, err := w.Valid(t.Context(), []Identity{a.Identity, b.Identity})
	if err != nil || len(ended) != 2 {
		t.Errorf("after the command line's change: got %v, %v", ended, err)
	}
}

// Row 63.
func TestDisabledIsOutAtOnce(t *testing.T) {
	w := newWorld(t, minichat.DefaultLimits())
	owner := w.owner(t)
	if u, err := w.AddUser(t.Context(), Person{Handle: "robot", Name: "Robot"}, minichat.Owner); err != nil || !u.Bot {
		t.Fatalf("somebody without a password: got %+v, %v, want a bot", u, err)
	}
	wantCode(t, "the last owner who can sign in", w.Disable(t.Context(), "ana"), minichat.Conflict)
	if err := w.SetPassword(t.Context(), "robot", password); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "one of two owners", w.Disable(t.Context(), "robot"), "")
	_, secret := w.invite(t, owner, 1)
	ben, err := w.Join(t.Context(), Entry{Token: secret, Handle: "ben", Password: password}, From{})
	if err != nil {
		t.Fatal(err)
	}
	_, token, err := w.NewToken(t.Context(), ben.Identity, "bot")
	if err != nil {
		t.Fatal(err)
	}
	bot, err := w.ByToken(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Disable(t.Context(), "ben"); err != nil {
		t.Fatal(err)
	}
	_, err = w.ByCookie(t.Context(), ben.Token)
	wantCode(t, "his session", err, minichat.Unauthenticated)
	_, err = w.ByToken(t.Context(), token)
	wantCode(t, "his token", err, minichat.Unauthenticated)
	_, err = w.SignIn(t.Context(), Login{Handle: "ben", Password: password}, From{})
	wantCode(t, "his password", err, minichat.Unauthenticated)
	ended, err := w.Valid(t.Context(), []Identity{owner.Identity, ben.Identity, bot})
	if err != nil || len(ended) != 2 || ended[0].User.ID != ben.User.ID {
		t.Errorf("valid: got %+v, %v", ended, err)
	}
	if ends := w.ended(); len(ends) != 2 || ends[1].User != ben.User.ID || ends[1].Session != "" || ends[1].Code != codeDisabled {
		t.Errorf("ends told: got %+v", ends)
	}
	if err := w.Enable(t.Context(), "ben"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.SignIn(t.Context(), Login{Handle: "ben", Password: password}, From{}); err != nil {
		t.Errorf("let in again: %v", err)
	}
	_, err = w.ByCookie(t.Context(), ben.Token)
	wantCode(t, "his old session stays ended", err, minichat.Unauthenticated)
}

func TestTokens(t *testing.T) {
	w := newWorld(t, minichat.DefaultLimits())
	owner := w.owner(t)
	wantToken := func(name string, want minichat.Code) string {
		id, _, err := w.NewToken(t.Context(), owner.Identity, name)
		wantCode(t, "token "+name, err, want)
		return id
	}
	wantToken("  ", minichat.Empty)
	wantToken(strings.Repeat("x", 65), minichat.TooLong)
	id := wantToken("backup", "")
	secret, err := w.AddToken(t.Context(), "ana", "beside")
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.AddToken(t.Context(), "nobody", "x")
	wantCode(t, "a token for nobody", err, minichat.NotFound)
	other, err := w.AddUser(t.Context(), Person{Handle: "ben"}, minichat.Member)
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, "another's token", w.EndToken(t.Context(), Identity{User: other}, id), minichat.NotFound)
	if err := w.EndToken(t.Context(), owner.Identity, id); err != nil {
		t.Fatal(err)
	}
	list, err := w.Tokens(t.Context(), owner.Identity)
	if err != nil || len(list) != 1 || list[0].Name != "beside" {
		t.Errorf("tokens: got %+v, %v", list, err)
	}
	w.at.Add(day)
	if _, err := w.ByToken(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	if err := w.flushUsed(t.Context()); err != nil {
		t.Fatal(err)
	}
	if list, _ := w.Tokens(t.Context(), owner.Identity); list[0].UsedAt != w.at.Load() {
		t.Errorf("last use: got %d, want %d", list[0].UsedAt, w.at.Load())
	}
}

// When a class comes in at once, what is noted of each is written then, and does
// not take memory until the minute is over.
func TestManyUsesAreWrittenAtOnce(t *testing.T) {
	w := newWorld(t, minichat.DefaultLimits())
	for i := range usedAtOnce {
		w.markUsed(KindToken, strconv.Itoa(i), 0)
	}
	for waiting := usedAtOnce; waiting > 0; time.Sleep(time.Millisecond) {
		w.Auth.mu.Lock()
		waiting = len(w.used)
		w.Auth.mu.Unlock()
	}
}
