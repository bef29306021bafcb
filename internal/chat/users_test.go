package chat

import (
	"context"
	"slices"
	"testing"

	"minichat"
	"minichat/internal/bus"
	"minichat/internal/protocol"
	"minichat/internal/store"
)

// A picture of one pixel.
var png = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\x00IEND\xaeB`\x82")

func str(s string) *string { return &s }

func TestUpdateMe(t *testing.T) {
	w := newWorld(t)
	ana, ben := w.user("ana", minichat.Member), w.user("ben", minichat.Member)
	face := w.upload(ana, "face.png", png)
	text := w.upload(ana, "face.png", []byte("no picture"))
	bens := w.upload(ben, "face.png", png)
	for _, c := range []struct {
		name string
		ch   MeChange
		want minichat.Code
	}{
		{"another's name", MeChange{Name: str("ben")}, minichat.NameConfusable},
		{"a look-alike", MeChange{Name: str("bеn")}, minichat.NameConfusable}, // Cyrillic е
		{"reserved", MeChange{Name: str("admin")}, minichat.NameReserved},
		{"no colour", MeChange{Color: str("#ff0000")}, minichat.BadField},
		{"another's file", MeChange{Avatar: str(bens.ID)}, minichat.NotFound},
		{"no file", MeChange{Avatar: str("nothing")}, minichat.NotFound},
		{"no picture", MeChange{Avatar: str(text.ID)}, minichat.BadField},
		{"her own name in other letters", MeChange{Name: str("ANA")}, ""},
		{"all", MeChange{Name: str("Ana Maria"), Color: str("teal"), Avatar: str(face.ID)}, ""},
	} {
		_, err := w.UpdateMe(t.Context(), ana, c.ch)
		wantCode(t, c.name, err, c.want)
	}
	me, err := w.User(t.Context(), ana, "me")
	if err != nil || me.Name != "Ana Maria" || me.Color != "teal" || me.Avatar != face.ID {
		t.Errorf("me: got %+v, %v", me, err)
	}
	told := w.heard(bus.User)
	if last := told[len(told)-1]; string(last.Data) != string(protocol.AppendSignalUser(nil, me)) {
		t.Errorf("told: got %+v, want %+v", last, me)
	}
	if o, err := w.OpenFile(t.Context(), Reader{User: &ben}, face.ID); err != nil {
		t.Errorf("her face for another: %v", err)
	} else if o.Body.Close(); !o.Inline {
		t.Error("a face is not shown in the page")
	}
	if _, err := w.UpdateMe(t.Context(), ana, MeChange{Avatar: str("")}); err != nil {
		t.Fatal(err)
	}
	_, err = w.OpenFile(t.Context(), Reader{User: &ana}, face.ID)
	wantCode(t, "the face that was taken away", err, minichat.NotFound)
}

// A guest hears of nobody whom he shares no room with.
func TestGuestsHearOfThoseTheyMeet(t *testing.T) {
	w := newWorld(t)
	ana, ben := w.user("ana", minichat.Member), w.user("ben", minichat.Member)
	gus, guy := w.user("gus", minichat.Guest), w.user("guy", minichat.Guest)
	w.room(ana, minichat.Private, "board", gus.ID, ben.ID)
	w.room(ben, minichat.Private, "other", guy.ID)
	for u, want := range map[minichat.User][]string{ana: {guy.ID}, gus: {guy.ID}, ben: nil} {
		name := u.Name + " anew"
		if _, err := w.UpdateMe(t.Context(), u, MeChange{Name: &name}); err != nil {
			t.Fatal(err)
		}
		told := w.heard(bus.User)
		if last := told[len(told)-1]; !slices.Equal(last.Except, want) {
			t.Errorf("%s: told all but %v, want all but %v", u.Handle, last.Except, want)
		}
	}
}

func TestUpdateUser(t *testing.T) {
	w := newWorld(t)
	owner, admin := w.user("owner", minichat.Owner), w.user("admin2", minichat.Admin)
	ben := w.user("ben", minichat.Member)
	w.write(func(ctx context.Context, tx *store.Tx) error { // no owner who could sign in
		return tx.InsertUser(ctx, minichat.User{ID: "bot", Handle: "bot", Name: "bot", Role: minichat.Owner, Bot: true}, "", "bot")
	})
	role := func(r minichat.Role) UserChange { return UserChange{Role: &r} }
	yes, no := true, false
	for _, c := range []struct {
		name string
		by   minichat.User
		id   string
		ch   UserChange
		want minichat.Code
	}{
		{"a member", ben, "ben", role(minichat.Owner), minichat.Forbidden},
		{"a member asks for nobody", ben, "nobody", role(minichat.Guest), minichat.Forbidden},
		{"no role", owner, "ben", role("king"), minichat.BadField},
		{"nobody", owner, "nobody", role(minichat.Guest), minichat.NotFound},
		{"an admin makes an owner", admin, "ben", role(minichat.Owner), minichat.Forbidden},
		{"an admin unmakes the owner", admin, "owner", role(minichat.Guest), minichat.Forbidden},
		{"the last owner steps down", owner, "me", role(minichat.Member), minichat.Conflict},
		{"the last owner disables himself", owner, "owner", UserChange{Disabled: &yes}, minichat.Conflict},
		{"an admin makes an admin", admin, "ben", role(minichat.Admin), ""},
		{"who was made one, may", ben, "ben", role(minichat.Member), ""},
		{"and then no more", ben, "ben", role(minichat.Admin), minichat.Forbidden},
		{"a second owner", owner, "ben", role(minichat.Owner), ""},
		{"the second is disabled", owner, "ben", UserChange{Disabled: &yes}, ""},
		{"the first steps down, the second cannot sign in", owner, "owner", role(minichat.Member), minichat.Conflict},
		{"a bot that owns is disabled", owner, "bot", UserChange{Disabled: &yes}, ""},
		{"with a bot as owner nobody could sign in", owner, "owner", UserChange{Disabled: &yes}, minichat.Conflict},
		{"the second is let in again", owner, "ben", UserChange{Disabled: &no}, ""},
		{"the first steps down", owner, "owner", role(minichat.Member), ""},
	} {
		_, err := w.UpdateUser(t.Context(), c.by, c.id, c.ch)
		wantCode(t, c.name, err, c.want)
	}
	if _, err := w.UpdateUser(t.Context(), admin, "owner", UserChange{Disabled: &yes}); err != nil {
		t.Fatal(err)
	}
	ends := w.heard(bus.End)
	if len(ends) != 3 || ends[2].User != "owner" || ends[2].Session != "" || ends[2].Code != codeDisabled {
		t.Errorf("ends told: got %+v", ends)
	}
	// Only admins are shown who is disabled; the directory leaves them out.
	for _, c := range []struct {
		viewer    minichat.User
		flag      bool
		directory int
	}{{admin, true, 5}, {w.user("cat", minichat.Member), false, 3}} {
		list, err := w.Users(t.Context(), c.viewer, []string{"owner"})
		if err != nil || len(list.List) != 1 || list.List[0].Disabled != c.flag {
			t.Errorf("by id for %s: got %+v, %v", c.viewer.ID, list, err)
		}
		if list, err := w.SearchUsers(t.Context(), c.viewer, "", "", 0); err != nil || len(list.List) != c.directory {
			t.Errorf("directory for %s: got %+v, %v, want %d", c.viewer.ID, list, err, c.directory)
		}
	}
	if u, err := w.UpdateUser(t.Context(), admin, "owner", UserChange{Disabled: &no}); err != nil || u.Disabled {
		t.Errorf("let in again: got %+v, %v", u, err)
	}
}

func TestDirectory(t *testing.T) {
	w := newWorld(t)
	ana, guest := w.user("ana", minichat.Member), w.user("gus", minichat.Guest)
	w.user("annika", minichat.Member)
	w.user("ben", minichat.Member)
	for q, want := range map[string]int{"an": 2, "AN": 2, "ben": 1, "%": 0, "_": 0, "": 4} {
		list, err := w.SearchUsers(t.Context(), ana, q, "", 0)
		if err != nil || len(list.List) != want {
			t.Errorf("search %q: got %+v, %v, want %d", q, list.List, err, want)
		}
	}
	page, err := w.SearchUsers(t.Context(), ana, "", "", 3)
	if err != nil || page.Next != "ben" {
		t.Fatalf("first page: got %+v, %v", page, err)
	}
	if page, err = w.SearchUsers(t.Context(), ana, "", page.Next, 3); err != nil || len(page.List) != 1 || page.Next != "" {
		t.Errorf("second page: got %+v, %v", page, err)
	}
	_, err = w.SearchUsers(t.Context(), guest, "", "", 0)
	wantCode(t, "a guest", err, minichat.Forbidden)
	_, err = w.User(t.Context(), ana, "nobody")
	wantCode(t, "nobody", err, minichat.NotFound)
}
