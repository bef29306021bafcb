package store

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"minichat"
)

func handlesOf(list []minichat.User) (names []string) {
	for _, u := range list {
		names = append(names, u.Handle)
	}
	return names
}

func TestUsers(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		addUser(t, s, "ana", "bo", "cy_x")
		zoe := minichat.User{ID: "z1", Handle: "zoe", Name: "Zoë Ärger", Color: "teal", Role: minichat.Owner, Bot: true, CreatedAt: 5}
		write(t, s, func(tx *Tx) error {
			if err := tx.EnsureLab(t.Context()); err != nil {
				return err
			}
			return tx.InsertUser(t.Context(), zoe, "hash", "skeleton")
		})
		got, err := s.GetUserByHandle(t.Context(), "zoe")
		if err != nil || got == nil || *got != zoe {
			t.Fatalf("got %+v, %v, want %+v", got, err, zoe)
		}
		if hash, err := s.GetPassword(t.Context(), "z1"); hash != "hash" || err != nil {
			t.Errorf("password: %q, %v", hash, err)
		}
		if id, err := s.FindSkeleton(t.Context(), "skeleton"); id != "z1" || err != nil {
			t.Errorf("skeleton: %q, %v", id, err)
		}
		tests := []struct {
			name string
			q    UserQuery
			want []string
		}{
			{"directory", UserQuery{}, []string{"ana", "bo", "cy_x", "zoe"}},
			{"page", UserQuery{After: "ana", Limit: 2}, []string{"bo", "cy_x"}},
			{"ids", UserQuery{IDs: []string{"z1", "ana", "none", minichat.LabUser}}, []string{"ana", minichat.LabUser, "zoe"}},
			{"no ids", UserQuery{IDs: []string{}}, nil},
			{"name", UserQuery{Text: "äRG"}, []string{"zoe"}},
			{"underscore is itself", UserQuery{Text: "_"}, []string{"cy_x"}},
			{"percent is itself", UserQuery{Text: "%"}, nil},
		}
		for _, test := range tests {
			list, err := s.ListUsers(t.Context(), test.q)
			if err != nil || !slices.Equal(handlesOf(list), test.want) {
				t.Errorf("%s: got %v, %v, want %v", test.name, handlesOf(list), err, test.want)
			}
		}
		zoe.Name, zoe.Disabled, zoe.Avatar, zoe.Role = "Z", true, "f", minichat.Guest
		write(t, s, func(tx *Tx) error {
			if err := tx.SetPassword(t.Context(), "z1", "other"); err != nil {
				return err
			}
			return tx.UpdateUser(t.Context(), zoe, "")
		})
		if got, err := s.GetUser(t.Context(), "z1"); err != nil || *got != zoe {
			t.Errorf("got %+v, %v, want %+v", got, err, zoe)
		}
		if id, err := s.FindSkeleton(t.Context(), "skeleton"); id != "z1" || err != nil {
			t.Errorf("skeleton after an update without one: %q, %v", id, err)
		}
		if hash, err := s.GetPassword(t.Context(), "z1"); hash != "other" || err != nil {
			t.Errorf("password: %q, %v", hash, err)
		}
		if list, err := s.ListUsers(t.Context(), UserQuery{Text: "z"}); err != nil || len(list) != 0 {
			t.Errorf("disabled people are shown: %v, %v", handlesOf(list), err)
		}
		if list, err := s.ListUsers(t.Context(), UserQuery{Text: "z", Disabled: true}); err != nil || len(list) != 1 {
			t.Errorf("disabled people for an admin: %v, %v", handlesOf(list), err)
		}
		for _, u := range []minichat.User{{ID: "n1", Handle: "ana"}, {ID: "ana", Handle: "n2"}} {
			err := s.Write(t.Context(), func(tx *Tx) error { return tx.InsertUser(t.Context(), u, "", "") })
			if minichat.CodeOf(err) != minichat.Conflict {
				t.Errorf("%+v: %v", u, err)
			}
		}
	})
}

func TestSessionsAndTokens(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		addUser(t, s, "ana", "bo")
		hash := func(id string) []byte { return []byte("hash of " + id) }
		write(t, s, func(tx *Tx) error {
			for i, id := range []string{"s1", "s2", "s3"} {
				if err := tx.InsertSession(t.Context(), Session{ID: id, User: "ana", Device: "d", Addr: "a", CreatedAt: int64(i), ExpiresAt: int64(100 * (i + 1))}, hash(id)); err != nil {
					return err
				}
			}
			for i, id := range []string{"t1", "t2"} {
				if err := tx.InsertToken(t.Context(), Token{ID: id, User: "bo", Name: "bot", CreatedAt: int64(i)}, hash(id)); err != nil {
					return err
				}
			}
			if err := tx.SetTokenSeen(t.Context(), "t1", 7); err != nil {
				return err
			}
			return tx.SetSessionSeen(t.Context(), "s2", 9, 250)
		})
		session, user, err := s.GetSessionByHash(t.Context(), hash("s2"))
		if want := (Session{"s2", "ana", "d", "a", 1, 9, 250}); err != nil || session == nil || *session != want || user.ID != "ana" {
			t.Errorf("session: %+v of %+v, %v, want %+v", session, user, err, want)
		}
		token, user, err := s.GetTokenByHash(t.Context(), hash("t1"))
		if want := (Token{"t1", "bo", "bot", 0, 7}); err != nil || token == nil || *token != want || user.ID != "bo" {
			t.Errorf("token: %+v of %+v, %v, want %+v", token, user, err, want)
		}
		if session, user, err := s.GetSessionByHash(t.Context(), hash("t1")); session != nil || user != nil || err != nil {
			t.Errorf("a token passes for a session: %+v, %v", session, err)
		}
		live := func(want ...string) {
			t.Helper()
			got, err := s.ListLive(t.Context(), []string{"s1", "s2", "s3", "t1"}, []string{"t1", "t2", "s3"}, 150)
			if err != nil || len(got) != len(want) {
				t.Errorf("live: %v, %v, want %v", got, err, want)
			}
			for _, id := range want {
				if got[id].ID == "" {
					t.Errorf("live: %v, want also %s", got, id)
				}
			}
		}
		live("s2", "s3", "t1", "t2")
		write(t, s, func(tx *Tx) error {
			expired, err := tx.DeleteExpiredSessions(t.Context(), 100)
			ids, err2 := tx.DeleteSessions(t.Context(), "ana", "s2")
			was, err3 := tx.DeleteToken(t.Context(), "t1")
			gone, err4 := tx.DeleteToken(t.Context(), "t1")
			if len(expired) != 1 || expired[0].ID != "s1" || !slices.Equal(ids, []string{"s3"}) || !was || gone {
				t.Errorf("deleted %v, %v, %v, %v", expired, ids, was, gone)
			}
			return errors.Join(err, err2, err3, err4)
		})
		live("s2", "t2")
		write(t, s, func(tx *Tx) error {
			return tx.UpdateUser(t.Context(), minichat.User{ID: "ana", Handle: "ana", Disabled: true}, "")
		})
		live("t2")
		list, err := s.ListSessions(t.Context(), "ana")
		tokens, err2 := s.ListTokens(t.Context(), "")
		if len(list) != 1 || len(tokens) != 1 || err != nil || err2 != nil {
			t.Errorf("left: %+v, %+v, %v, %v", list, tokens, err, err2)
		}
	})
}

func TestInviteHasOneWinner(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		addUser(t, s, "ana")
		write(t, s, func(tx *Tx) error {
			if err := tx.InsertInvite(t.Context(), Invite{ID: "late", By: "ana", Role: minichat.Member, Uses: 1, ExpiresAt: 10}, []byte("late")); err != nil {
				return err
			}
			return tx.InsertInvite(t.Context(), Invite{ID: "i", By: "ana", Role: minichat.Member, Uses: 2, CreatedAt: 3, ExpiresAt: 100}, []byte("i"))
		})
		errs := make(chan error)
		winners := make(chan *Invite, 9)
		for range 5 {
			go func() {
				errs <- s.Write(t.Context(), func(tx *Tx) error {
					used, err := tx.UseInvite(t.Context(), []byte("i"), 50)
					winners <- used
					return err
				})
			}()
		}
		won := 0
		for range 5 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
			if i := <-winners; i != nil {
				won++
			}
		}
		if won != 2 {
			t.Errorf("%d came in by an invite for two", won)
		}
		i, err := s.GetInviteByHash(t.Context(), []byte("i"))
		if want := (Invite{"i", "ana", minichat.Member, 0, 3, 100}); err != nil || i == nil || *i != want {
			t.Errorf("got %+v, %v, want %+v", i, err, want)
		}
		if list, err := s.ListInvites(t.Context(), 5); err != nil || len(list) != 1 || list[0].ID != "late" {
			t.Errorf("usable: %+v, %v", list, err)
		}
		write(t, s, func(tx *Tx) error {
			expired, err := tx.UseInvite(t.Context(), []byte("late"), 10)
			was, err2 := tx.DeleteInvite(t.Context(), "late")
			if expired != nil || !was {
				t.Errorf("expired: %+v; revoked: %v", expired, was)
			}
			return errors.Join(err, err2)
		})
	})
}

func TestFiles(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		addUser(t, s, "ana")
		addRoom(t, s, "r", "ana")
		made := File{File: minichat.File{ID: "f1", Name: "a", Size: 10, Type: "image/png", Width: 1, Height: 2, Alt: "x", Preview: "data:x"},
			Key: "k1", Uploader: "ana", State: FileOpen, Upload: "u", PartSize: 5, Avatar: true, Base: "http://h:1", CreatedAt: 1, ExpiresAt: 50}
		write(t, s, func(tx *Tx) error {
			for i := 2; i <= 4; i++ {
				f := File{File: minichat.File{ID: fmt.Sprint("f", i), Size: 1}, Key: fmt.Sprint("k", i), Uploader: "ana", State: FileReady, ExpiresAt: int64(i)}
				if err := tx.InsertFile(t.Context(), f); err != nil {
					return err
				}
			}
			return tx.InsertFile(t.Context(), made)
		})
		if got, err := s.GetFile(t.Context(), "f1"); err != nil || got == nil || *got != made {
			t.Errorf("got %+v, %v, want %+v", got, err, made)
		}
		made.State, made.Upload, made.Size, made.Avatar, made.ExpiresAt = FileReady, "", 11, false, 60
		write(t, s, func(tx *Tx) error { return tx.UpdateFile(t.Context(), made) })
		if got, err := s.GetFile(t.Context(), "f1"); err != nil || *got != made {
			t.Errorf("got %+v, %v, want %+v", got, err, made)
		}
		list, err := s.ListFiles(t.Context(), []string{"f3", "none", "f1"})
		if err != nil || len(list) != 2 || list[0].ID != "f3" || list[1].ID != "f1" {
			t.Errorf("list: %+v, %v", list, err)
		}
		body := minichat.MessageBody{Text: "x", Files: []minichat.File{made.File}}
		seq := say(t, s, "r", "ana", minichat.KindMessage, body).Seq
		err = s.Write(t.Context(), func(tx *Tx) error { // one file, one message
			return tx.Append(t.Context(), &minichat.Event{Room: "r", Kind: minichat.KindMessage, By: "ana", Body: body}, nil)
		})
		if minichat.CodeOf(err) != minichat.Conflict {
			t.Errorf("a second message with the file: %v", err)
		}
		if sums, err := s.SumFiles(t.Context(), "ana"); sums != (FileSums{Own: 14, All: 14}) || err != nil {
			t.Errorf("sum: %+v, %v", sums, err)
		}
		if sums, err := s.SumFiles(t.Context(), "bo"); sums != (FileSums{All: 14}) || err != nil {
			t.Errorf("sum of one without files: %+v, %v", sums, err)
		}
		expired := func(want ...string) {
			t.Helper()
			list, err := s.ListExpiredFiles(t.Context(), 1e6, 0, File{}, 9)
			var got []string
			for _, f := range list {
				got = append(got, f.ID)
			}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("expired: %v, %v, want %v", got, err, want)
			}
		}
		expired("f2", "f3", "f4") // f1 is in a message
		say(t, s, "r", "ana", minichat.KindDelete, minichat.TargetBody{Target: seq})
		expired("f2", "f3", "f4", "f1")
		if sums, err := s.SumFiles(t.Context(), "ana"); sums != (FileSums{14 - made.Size, made.Size, 14 - made.Size, made.Size}) || err != nil {
			t.Errorf("sum after the deletion: %+v, %v", sums, err)
		}
		if n, bytes, err := s.SumGoneFiles(t.Context()); n != 1 || bytes != made.Size || err != nil {
			t.Errorf("files of deleted messages: %d, %d, %v", n, bytes, err)
		}
		list, err = s.ListExpiredFiles(t.Context(), 1e6, 1e6, File{}, 9)
		if err != nil || len(list) != 3 {
			t.Fatalf("expired, but for those in their grace: %v, %v", list, err)
		}
		if rest, err := s.ListExpiredFiles(t.Context(), 1e6, 1e6, list[0], 1); err != nil || len(rest) != 1 || rest[0].ID != list[1].ID {
			t.Errorf("after the first: %v, %v, want %s", rest, err, list[1].ID)
		}
		if f, err := s.GetFile(t.Context(), "f1"); err != nil || f.State != FileGone || f.Name != "" {
			t.Errorf("file of a deleted message: %+v, %v", f, err)
		}
		write(t, s, func(tx *Tx) error { return tx.DeleteFile(t.Context(), "f2") })
		for key, want := range map[string]bool{"k2": false, "k3": true} {
			if got, err := s.HasFileKey(t.Context(), key); got != want || err != nil {
				t.Errorf("key %s: %v, %v", key, got, err)
			}
		}
	})
}
