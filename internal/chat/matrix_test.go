package chat

import (
	"context"
	"strings"
	"testing"

	"minichat"
	"minichat/internal/protocol"
	"minichat/internal/store"
)

// people of the matrix, in the order of its columns.
var people = []string{"stranger", "exmember", "member", "maker", "admin", "keeper", "disabled", "guest", "guestout"}

// inside are those who are members of the room.
var inside = []string{"author", "member", "maker", "keeper", "disabled", "guest"}

// stage is one fresh room with a message, a thread and a file of the author's.
type stage struct {
	*world
	room string
	seq  int64
	file string
}

// verbs are all that a person can do in a room.
var verbs = map[string]func(s *stage, u minichat.User) error{
	"view": func(s *stage, u minichat.User) error {
		_, err := s.Room(s.t.Context(), u, s.room)
		return err
	},
	"watch": func(s *stage, u minichat.User) error {
		_, err := s.ReadableRoom(s.t.Context(), u.ID, s.room)
		return err
	},
	"events": func(s *stage, u minichat.User) error {
		_, err := s.Events(s.t.Context(), u, s.room, nil, nil, 0)
		return err
	},
	"thread": func(s *stage, u minichat.User) error {
		_, err := s.Thread(s.t.Context(), u, s.room, s.seq, 0, 0)
		return err
	},
	"pinned": func(s *stage, u minichat.User) error {
		_, err := s.Pinned(s.t.Context(), u, s.room, 0, 0)
		return err
	},
	"members": func(s *stage, u minichat.User) error {
		_, err := s.Members(s.t.Context(), u, s.room, "", 0)
		return err
	},
	"read": func(s *stage, u minichat.User) error {
		return s.MarkRead(s.t.Context(), u, protocol.Read{Room: s.room, Seq: 1})
	},
	"file": func(s *stage, u minichat.User) error {
		o, err := s.OpenFile(s.t.Context(), Reader{User: &u}, s.file)
		if err == nil {
			err = o.Body.Close()
		}
		return err
	},
	"link": func(s *stage, u minichat.User) error {
		_, err := s.FileLink(s.t.Context(), u, s.file)
		return err
	},
	"typing": func(s *stage, u minichat.User) error {
		return s.Typing(s.t.Context(), u, protocol.Typing{Room: s.room})
	},
	"post": func(s *stage, u minichat.User) error {
		_, err := s.Post(s.t.Context(), u, protocol.Post{Room: s.room, Key: newKey(), Text: "x"})
		return err
	},
	"reply": func(s *stage, u minichat.User) error {
		_, err := s.Post(s.t.Context(), u, protocol.Post{Room: s.room, Key: newKey(), Text: "x", Thread: s.seq})
		return err
	},
	"react": func(s *stage, u minichat.User) error {
		_, err := s.React(s.t.Context(), u, protocol.React{Room: s.room, Key: newKey(), Target: s.seq, Emoji: "👍", On: true})
		return err
	},
	"pin": func(s *stage, u minichat.User) error {
		_, err := s.Pin(s.t.Context(), u, protocol.Pin{Room: s.room, Key: newKey(), Target: s.seq, On: true})
		return err
	},
	"edit": func(s *stage, u minichat.User) error {
		_, err := s.Edit(s.t.Context(), u, protocol.Edit{Room: s.room, Key: newKey(), Target: s.seq, Text: "y", Rev: 1})
		return err
	},
	"delete": func(s *stage, u minichat.User) error {
		_, err := s.Delete(s.t.Context(), u, protocol.Delete{Room: s.room, Key: newKey(), Target: s.seq})
		return err
	},
	"change": func(s *stage, u minichat.User) error {
		topic := "new"
		_, err := s.ChangeRoom(s.t.Context(), u, s.room, RoomChange{Topic: &topic, Archived: new(bool)})
		return err
	},
	"join": func(s *stage, u minichat.User) error { return s.AddMember(s.t.Context(), u, s.room, "me") },
	"add":  func(s *stage, u minichat.User) error { return s.AddMember(s.t.Context(), u, s.room, "newcomer") },
	"remove": func(s *stage, u minichat.User) error {
		return s.RemoveMember(s.t.Context(), u, s.room, "author")
	},
	"leave": func(s *stage, u minichat.User) error { return s.RemoveMember(s.t.Context(), u, s.room, "me") },
}

// The matrix: a row a verb, a column a person. "." is yes, 3 forbidden,
// 4 not_found, 1 unauthenticated. Lines of the same answers stand together.
const matrix = `
channel                                          | st ex me ma ad ke di gu go
view                                             | .  .  .  .  .  .  1  .  4
watch events thread pinned members read          | 3  3  .  .  3  .  1  .  4
file link                                        | 4  4  .  .  4  .  1  .  4
typing post reply react pin                      | 3  3  .  .  3  .  1  .  4
edit                                             | 3  3  3  3  3  3  1  3  4
delete                                           | 3  3  3  .  3  .  1  3  4
change                                           | 3  3  3  .  .  .  1  3  4
join                                             | .  .  .  .  .  .  1  .  4
add                                              | 3  3  .  .  3  .  1  3  4
remove                                           | 3  3  3  .  3  .  1  3  4
leave                                            | 3  3  .  .  3  .  1  .  4

private                                          | st ex me ma ad ke di gu go
view watch events thread pinned members read     | 4  4  .  .  4  .  1  .  4
file link typing post reply react pin join leave | 4  4  .  .  4  .  1  .  4
edit                                             | 4  4  3  3  4  3  1  3  4
delete change remove                             | 4  4  3  .  4  .  1  3  4
add                                              | 4  4  .  .  4  .  1  3  4

direct                                           | st ex me ma ad ke di gu go
view watch events thread pinned members read     | 4  4  .  .  4  .  1  .  4
file link typing post reply react pin join       | 4  4  .  .  4  .  1  .  4
edit                                             | 4  4  3  3  4  3  1  3  4
delete                                           | 4  4  3  3  4  .  1  3  4
change remove add leave                          | 4  4  3  3  4  3  1  3  4

archived                                         | st ex me ma ad ke di gu go
view                                             | .  .  .  .  .  .  1  .  4
watch events thread pinned members read          | 3  3  .  .  3  .  1  .  4
file link                                        | 4  4  .  .  4  .  1  .  4
typing post reply react pin edit delete          | 3  3  3  3  3  3  1  3  4
add remove join                                  | 3  3  3  3  3  3  1  3  4
change                                           | 3  3  3  .  .  .  1  3  4
leave                                            | 3  3  .  .  3  .  1  .  4
`

var codes = map[string]minichat.Code{".": "", "1": minichat.Unauthenticated, "3": minichat.Forbidden, "4": minichat.NotFound}

func TestWhoMayDoWhat(t *testing.T) {
	w := newWorld(t)
	users := map[string]minichat.User{"author": w.user("author", minichat.Member)}
	w.user("newcomer", minichat.Member)
	for _, name := range people {
		role := minichat.Member
		switch name {
		case "admin", "keeper":
			role = minichat.Admin
		case "guest", "guestout":
			role = minichat.Guest
		}
		users[name] = w.user(name, role)
	}
	// The others' methods are given the person as he was when he signed in.
	gone := users["disabled"]
	gone.Disabled = true
	w.write(func(ctx context.Context, tx *store.Tx) error { return tx.UpdateUser(ctx, gone, "") })

	kind := ""
	seen := map[string]map[string]bool{}
	for line := range strings.Lines(strings.TrimSpace(matrix)) {
		left, right, ok := strings.Cut(line, "|")
		if !ok {
			continue
		}
		answers := strings.Fields(right)
		if answers[0] == "st" {
			kind = strings.TrimSpace(left)
			seen[kind] = map[string]bool{}
			continue
		}
		for _, verb := range strings.Fields(left) {
			seen[kind][verb] = true
			for i, name := range people {
				what := kind + ": " + name + " " + verb
				s := w.stage(kind, users)
				want, known := codes[answers[i]]
				if !known {
					t.Fatalf("%s: no such answer %q", what, answers[i])
				}
				err := verbs[verb](s, users[name])
				wantCode(t, what, err, want)
				if want == minichat.NotFound && verb != "file" && verb != "link" && err != nil && err.Error() != minichat.ErrNoRoom().Error() {
					t.Errorf("%s: got %q, want the words of a room that is not there", what, err)
				}
			}
		}
	}
	for kind, done := range seen {
		for verb := range verbs {
			if !done[verb] {
				t.Errorf("the matrix has no row for %s in %s", verb, kind)
			}
		}
	}
}

// stage makes the room in one transaction: the verbs are what is tested.
func (w *world) stage(kind string, users map[string]minichat.User) *stage {
	w.t.Helper()
	s := &stage{world: w, room: minichat.NewID(12), file: minichat.NewID(22)}
	r := minichat.Room{ID: s.room, Kind: minichat.Kind(kind), Name: s.room}
	if kind == "archived" {
		r.Kind, r.Archived = minichat.Channel, true
	}
	key := minichat.NewID(22)
	if _, err := w.disk.Put(w.t.Context(), key, "text/plain", strings.NewReader("bytes"), 0); err != nil {
		w.t.Fatal(err)
	}
	file := minichat.File{ID: s.file, Name: "a.txt", Size: 5, Type: "text/plain"}
	w.write(func(ctx context.Context, tx *store.Tx) error {
		if r.Kind == minichat.Direct {
			r.Name, r.With = "", []string{minichat.NewID(12)} // another direct room than all before
		}
		if err := tx.InsertRoom(ctx, r, "maker"); err != nil {
			return err
		}
		if err := tx.UpdateRoom(ctx, r); err != nil {
			return err
		}
		for _, name := range inside {
			role := minichat.Role("")
			if name == "maker" && r.Kind != minichat.Direct {
				role = minichat.Admin
			}
			if err := insertMember(ctx, tx, s.room, users[name], role, "maker"); err != nil {
				return err
			}
		}
		err := tx.InsertFile(ctx, store.File{File: file, Key: key, Uploader: "author", State: store.FileReady, CreatedAt: tx.Now()})
		if err != nil {
			return err
		}
		ev := &minichat.Event{Room: s.room, Kind: minichat.KindMessage, By: "author",
			Body: minichat.MessageBody{Text: "hello", Files: []minichat.File{file}, Rev: 1}}
		err = tx.Append(ctx, ev, nil)
		s.seq = ev.Seq
		return err
	})
	return s
}

// The event that removes somebody is the last of the room that carries his name
// as author, however hard he posts meanwhile.
func TestRemovalIsAFence(t *testing.T) {
	w := newWorld(t)
	maker, ben := w.user("maker", minichat.Member), w.user("ben", minichat.Member)
	room := w.room(maker, minichat.Private, "den", ben.ID)
	done := make(chan error)
	started := make(chan struct{})
	go func() {
		for i := 0; ; i++ {
			_, err := w.Post(t.Context(), ben, protocol.Post{Room: room, Key: newKey(), Text: "x"})
			if err != nil {
				done <- err
				return
			}
			if i == 5 {
				close(started)
			}
		}
	}()
	<-started
	if err := w.RemoveMember(t.Context(), maker, room, ben.ID); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "his post after it", <-done, minichat.NotFound)
	list, _, _, err := w.st.ListEvents(t.Context(), room, nil, nil, 200, 0)
	if err != nil {
		t.Fatal(err)
	}
	last := list[len(list)-1]
	if m, ok := last.Body.(minichat.MemberBody); !ok || m.Change != minichat.Removed || m.User.ID != ben.ID {
		t.Errorf("last event: got %+v, want his removal", last)
	}
}
