package auth

import (
	"sync"
	"testing"

	"minichat"
	"minichat/internal/store"
)

func TestSetupMakesOwnerAndGeneral(t *testing.T) {
	w := newWorld(t, minichat.DefaultLimits())
	first, err := w.SetupToken(t.Context())
	if err != nil || !isSecret(first) {
		t.Fatalf("setup token: got %q, %v", first, err)
	}
	if again, _ := w.SetupToken(t.Context()); again != first {
		t.Errorf("setup token at the next start: got %q, want the same %q", again, first)
	}
	_, err = w.Setup(t.Context(), Entry{Token: first[:42] + "-", Handle: "eve", Password: password}, From{})
	wantCode(t, "wrong token", err, minichat.InvalidOrExpired)

	s := w.owner(t)
	if s.User.Role != minichat.Owner || s.User.Handle != "ana" || !minichat.IsColor(s.User.Color) {
		t.Errorf("owner: got %+v", s.User)
	}
	id, err := w.ByCookie(t.Context(), s.Token)
	if err != nil || id.User.ID != s.User.ID || id.Kind != KindSession {
		t.Errorf("the new session: got %+v, %v", id, err)
	}
	if token, _ := w.SetupToken(t.Context()); token != "" {
		t.Errorf("setup token with an owner: got %q, want none", token)
	}
	_, err = w.Setup(t.Context(), Entry{Token: first, Handle: "eve", Password: password}, From{})
	wantCode(t, "used token", err, minichat.InvalidOrExpired)

	rooms, err := w.st.ListRooms(t.Context(), s.User.ID, "", 10)
	if err != nil || len(rooms) != 1 {
		t.Fatalf("rooms of the owner: got %v, %v", rooms, err)
	}
	if g := rooms[0]; g.Name != "general" || g.Kind != minichat.Channel || g.Role != minichat.Admin || g.Members != 1 {
		t.Errorf("general: got %+v", g)
	}
	wantLog(t, w, rooms[0].ID, minichat.KindRoom, minichat.Joined)
}

// wantLog compares a room's log: a kind, or the change of a member event.
func wantLog(t *testing.T, w *world, room string, want ...string) {
	t.Helper()
	list, _, _, err := w.st.ListEvents(t.Context(), room, nil, nil, 100, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, ev := range list {
		name := ev.Kind
		if m, ok := ev.Body.(minichat.MemberBody); ok {
			name = m.Change
		}
		got = append(got, name)
	}
	if len(got) != len(want) {
		t.Fatalf("log: got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("log: got %v, want %v", got, want)
		}
	}
}

func TestEverybodyNewJoinsGeneralAndTheLab(t *testing.T) {
	w := newWorld(t, minichat.DefaultLimits())
	owner := w.owner(t)
	lab := minichat.Room{ID: "lobby1", Kind: minichat.Channel, Name: "lobby"}
	err := w.st.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.InsertRoom(t.Context(), lab, owner.User.ID); err != nil {
			return err
		}
		return tx.SetSetting(t.Context(), SettingLab, lab.ID)
	})
	if err != nil {
		t.Fatal(err)
	}
	_, secret := w.invite(t, owner, 1)
	if _, err := w.Join(t.Context(), Entry{Token: secret, Handle: "ben", Password: password}, From{}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.AddUser(t.Context(), Person{Handle: "bot"}, minichat.Member); err != nil {
		t.Fatal(err)
	}
	if _, err := w.AddUser(t.Context(), Person{Handle: "gus"}, minichat.Guest); err != nil {
		t.Fatal(err)
	}
	general, _ := w.st.GetSetting(t.Context(), SettingGeneral)
	wantLog(t, w, general, minichat.KindRoom, minichat.Joined, minichat.Joined, minichat.Joined)
	wantLog(t, w, lab.ID, minichat.Joined, minichat.Joined)

	// By its setting, not by its name; and an archived one keeps nobody out.
	err = w.st.Write(t.Context(), func(tx *store.Tx) error {
		return tx.UpdateRoom(t.Context(), minichat.Room{ID: general, Kind: minichat.Channel, Name: "hall"})
	})
	if err != nil {
		t.Fatal(err)
	}
	err = w.st.Write(t.Context(), func(tx *store.Tx) error {
		return tx.UpdateRoom(t.Context(), minichat.Room{ID: lab.ID, Kind: minichat.Channel, Name: "lobby", Archived: true})
	})
	if err != nil {
		t.Fatal(err)
	}
	late, err := w.AddUser(t.Context(), Person{Handle: "late"}, minichat.Member)
	if err != nil {
		t.Fatal(err)
	}
	rooms, _ := w.st.RoomIDs(t.Context(), late.ID)
	if len(rooms) != 1 || rooms[0] != general {
		t.Errorf("rooms of the latest: got %v, want [%s]", rooms, general)
	}
}

func TestParallelEntriesHaveOneWinner(t *testing.T) {
	const tries = 8
	race := func(t *testing.T, w *world, enter func(handle string) error) {
		t.Helper()
		var wg sync.WaitGroup
		errs := make([]error, tries)
		for i := range tries {
			wg.Go(func() { errs[i] = enter("racer" + string(rune('a'+i))) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				wantCode(t, "loser", err, minichat.InvalidOrExpired)
			}
		}
		if won != 1 {
			t.Errorf("winners: got %d, want 1", won)
		}
	}
	t.Run("setup", func(t *testing.T) {
		w := newWorld(t, minichat.DefaultLimits())
		token, _ := w.SetupToken(t.Context())
		race(t, w, func(handle string) error {
			_, err := w.Setup(t.Context(), Entry{Token: token, Handle: handle, Password: password}, From{})
			return err
		})
	})
	t.Run("invite", func(t *testing.T) {
		w := newWorld(t, minichat.DefaultLimits())
		_, secret := w.invite(t, w.owner(t), 1)
		race(t, w, func(handle string) error {
			_, err := w.Join(t.Context(), Entry{Token: secret, Handle: handle, Password: password}, From{})
			return err
		})
	})
}

// Row 64: used up, expired, revoked and never there are told in the same words.
func TestDeadInvites(t *testing.T) {
	w := newWorld(t, minichat.DefaultLimits())
	owner := w.owner(t)
	_, used := w.invite(t, owner, 1)
	if _, err := w.Join(t.Context(), Entry{Token: used, Handle: "ben", Password: password}, From{}); err != nil {
		t.Fatal(err)
	}
	i, revoked := w.invite(t, owner, 5)
	if err := w.RevokeInvite(t.Context(), owner.User, i.ID); err != nil {
		t.Fatal(err)
	}
	_, expired := w.invite(t, owner, 5)
	w.at.Add(8 * day)
	unknown, _ := newSecret()
	var words string
	for name, secret := range map[string]string{"used": used, "revoked": revoked, "expired": expired, "unknown": unknown, "garbage": "x' OR 1=1"} {
		_, err := w.Join(t.Context(), Entry{Token: secret, Handle: "cat", Password: password}, From{})
		wantCode(t, name, err, minichat.InvalidOrExpired)
		if words != "" && words != err.Error() {
			t.Errorf("%s: got %q, want the words of the others %q", name, err, words)
		}
		words = err.Error()
	}
	if list, err := w.Invites(t.Context(), owner.User); err != nil || len(list) != 0 {
		t.Errorf("invites that work: got %v, %v, want none", list, err)
	}
}

func TestAFailedJoinUsesNothing(t *testing.T) {
	w := newWorld(t, minichat.DefaultLimits())
	owner := w.owner(t)
	_, secret := w.invite(t, owner, 1)
	for _, c := range []struct {
		entry Entry
		want  minichat.Code
	}{
		{Entry{Handle: "ana", Password: password}, minichat.Conflict},
		{Entry{Handle: "ben", Name: "Ana", Password: password}, minichat.NameConfusable},
		{Entry{Handle: "admin", Password: password}, minichat.NameReserved},
		{Entry{Handle: "Ben", Password: password}, minichat.BadName},
		{Entry{Handle: "ben", Password: "short"}, minichat.BadField},
		{Entry{Handle: "ben", Password: string(make([]byte, 1025))}, minichat.TooLong},
	} {
		c.entry.Token = secret
		_, err := w.Join(t.Context(), c.entry, From{})
		wantCode(t, c.entry.Handle+" "+c.entry.Name, err, c.want)
	}
	s, err := w.Join(t.Context(), Entry{Token: secret, Handle: "ben", Password: password}, From{})
	if err != nil {
		t.Fatalf("the invite after failures: %v", err)
	}
	if s.User.Role != minichat.Member || s.User.Name != "ben" {
		t.Errorf("joined: got %+v", s.User)
	}
}

func TestInvitesAreForAdmins(t *testing.T) {
	w := newWorld(t, minichat.DefaultLimits())
	w.owner(t)
	member, err := w.AddUser(t.Context(), Person{Handle: "ben"}, minichat.Member)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = w.NewInvite(t.Context(), member, NewInvite{})
	wantCode(t, "a member's invite", err, minichat.Forbidden)
	member.Role = minichat.Admin // what somebody was a moment ago
	_, _, err = w.NewInvite(t.Context(), member, NewInvite{})
	wantCode(t, "an invite of one who was an admin", err, minichat.Forbidden)
	none := int64(0)
	_, _, err = w.AddInvite(t.Context(), NewInvite{Uses: &none})
	wantCode(t, "uses 0", err, minichat.BadField)
	i, _, err := w.AddInvite(t.Context(), NewInvite{})
	if err != nil || i.Uses != 1 || i.ExpiresAt != w.at.Load()+7*day {
		t.Errorf("default invite: got %+v, %v", i, err)
	}
}

// A member whom the command line adds before there is an owner did not found
// general: nobody has a role in it, the owner may all the same.
func TestTheFirstMemberIsNoAdminOfGeneral(t *testing.T) {
	for _, tc := range []struct{ role, want minichat.Role }{
		{minichat.Member, ""}, {minichat.Admin, minichat.Admin}, {minichat.Owner, minichat.Admin},
	} {
		w := newWorld(t, minichat.DefaultLimits())
		u, err := w.AddUser(t.Context(), Person{Handle: "bot"}, tc.role)
		if err != nil {
			t.Fatal(err)
		}
		general, _ := w.st.GetSetting(t.Context(), SettingGeneral)
		m, err := w.st.GetMembership(t.Context(), general, u.ID)
		if err != nil || m == nil {
			t.Fatalf("membership of the first %s: got %v, %v", tc.role, m, err)
		}
		if m.Role != tc.want {
			t.Errorf("role in general of the first %s: got %q, want %q", tc.role, m.Role, tc.want)
		}
	}
}
