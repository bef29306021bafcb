package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"minichat"
)

// fill sets every field below v to something that is not empty.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.String:
		v.SetString("a\"\\\n\té👍<&>\u2028" + v.Type().Name())
	case reflect.Int64:
		v.SetInt(1<<40 + 7)
	case reflect.Bool:
		v.SetBool(true)
	}
}

func filled[T any]() T {
	var v T
	fill(reflect.ValueOf(&v).Elem())
	return v
}

// sameJSON says whether a and b hold the same value.
func sameJSON(t *testing.T, name string, got []byte, want any) {
	t.Helper()
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var g, w any
	if err := json.Unmarshal(got, &g); err != nil {
		t.Errorf("%s: %v in %s", name, err, got)
		return
	}
	_ = json.Unmarshal(b, &w) // just marshalled
	if !reflect.DeepEqual(g, w) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, b)
	}
}

// The hand-written encoders say what the json tags of the nouns say, with every
// field set and with none: a field added there and forgotten here fails.
func TestAppendFollowsTheTags(t *testing.T) {
	user := filled[minichat.User]()
	user.Disabled = false // never told in a frame
	member := filled[minichat.MemberBody]()
	member.User = user
	bodies := []any{
		minichat.MessageBody{}, minichat.TargetBody{}, minichat.EditBody{}, minichat.ReactBody{}, minichat.PinBody{}, minichat.MemberBody{}, minichat.RoomBody{},
		filled[minichat.MessageBody](), filled[minichat.TargetBody](), filled[minichat.EditBody](), filled[minichat.ReactBody](),
		filled[minichat.PinBody](), member, filled[minichat.RoomBody](),
	}
	for _, body := range bodies {
		pointer := reflect.New(reflect.TypeOf(body))
		pointer.Elem().Set(reflect.ValueOf(body))
		for _, b := range []any{body, pointer.Interface()} {
			ev := &minichat.Event{Room: "r1", Seq: 7, ID: "e7", Kind: "k", By: "u1", At: 8, Key: "k1", Body: b}
			sameJSON(t, fmt.Sprintf("%T", b), AppendEvent(nil, ev), struct {
				Type string `json:"type"`
				minichat.Event
			}{"event", *ev})
		}
	}
	for _, r := range []minichat.Room{{}, filled[minichat.Room]()} {
		sameJSON(t, "room", AppendRoom(nil, r), struct {
			Type string `json:"type"`
			minichat.Room
		}{"room", r})
		w := Welcome{Rooms: []minichat.Room{r, r}, User: user, Limits: EncodeLimits(filled[minichat.Limits]())}
		var got struct{ Rooms, User, Limits json.RawMessage }
		if err := json.Unmarshal(AppendWelcome(nil, 1, w), &got); err != nil {
			t.Fatal(err)
		}
		sameJSON(t, "welcome.rooms", got.Rooms, w.Rooms)
		sameJSON(t, "welcome.user", got.User, user)
		sameJSON(t, "welcome.limits", got.Limits, filled[minichat.Limits]())
	}
	p := &Page{Room: "r1", From: 1, To: 2, Head: 3, List: []json.RawMessage{[]byte(`{"seq":1}`), []byte(`{"seq":2}`)}}
	sameJSON(t, "page", AppendPage(nil, p), p)
}

// A page never tells what an edit, a reaction or a pin said.
func TestAppendPageEventTellsTargets(t *testing.T) {
	for _, body := range []any{
		filled[minichat.EditBody](), ptr(filled[minichat.EditBody]()), filled[minichat.ReactBody](), ptr(filled[minichat.ReactBody]()),
		filled[minichat.PinBody](), ptr(filled[minichat.PinBody]()), filled[minichat.TargetBody](), ptr(filled[minichat.TargetBody]()),
	} {
		b := AppendPageEvent(nil, &minichat.Event{Seq: 7, ID: "e7", Kind: "k", By: "u1", At: 8, Body: body})
		sameJSON(t, fmt.Sprintf("%T", body), b, minichat.Event{Seq: 7, ID: "e7", Kind: "k", By: "u1", At: 8, Body: filled[minichat.TargetBody]()})
	}
}

func TestAppendUnknownBody(t *testing.T) {
	for _, body := range []any{nil, 7, map[string]any{}, struct{ Secret string }{"x"}} {
		b := AppendEvent(nil, &minichat.Event{Room: "r1", Seq: 7, Kind: "later", Body: body})
		if !json.Valid(b) {
			t.Errorf("%v: %s", body, b)
		}
	}
	b := AppendEvent(nil, &minichat.Event{Room: "r1", Seq: 7, Kind: "later", Body: json.RawMessage(`{"new":1}`)})
	if !json.Valid(b) || !bytes.HasSuffix(b, []byte(`"body":{"new":1}}`)) {
		t.Errorf("got %s", b)
	}
}

func TestAppendUserNeverTellsDisabled(t *testing.T) {
	u := filled[minichat.User]()
	for name, b := range map[string][]byte{
		"signal": AppendSignalUser(nil, u),
		"event":  AppendEvent(nil, &minichat.Event{Body: minichat.MemberBody{User: u}}),
	} {
		var got struct{ User, Body map[string]any }
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		if inner, ok := got.Body["user"].(map[string]any); ok {
			got.User = inner
		}
		if _, told := got.User["disabled"]; told || got.User["handle"] == nil {
			t.Errorf("%s: %s", name, b)
		}
	}
}

func TestAppendError(t *testing.T) {
	wrapped := fmt.Errorf("post: %w", &minichat.Error{Code: minichat.Gone, Message: "It is gone.", Err: errors.New("secret")})
	got := string(AppendError(nil, ptr[int64](0), wrapped))
	if want := `{"type":"error","n":0,"code":"gone","message":"It is gone.","definite":true}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	got := string(AppendSynced([]byte("before "), "r1", 7))
	if want := `before {"type":"synced","room":"r1","head":7}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	got = string(appendRoom([]byte("before "), &minichat.Room{ID: "r1"}))
	if want := `before {"room":"r1"`; got[:len(want)] != want {
		t.Errorf("got %s, want it to begin with %s", got, want)
	}
}

func TestAppendEventAllocatesNothing(t *testing.T) {
	body := presentMessage()
	ev := event(121, minichat.KindMessage, "u1", goldenKey, &body)
	buf := make([]byte, 0, 4096)
	if got := testing.AllocsPerRun(100, func() { buf = AppendEvent(buf[:0], ev) }); got != 0 {
		t.Errorf("a message takes %.0f allocations, want none", got)
	}
}
