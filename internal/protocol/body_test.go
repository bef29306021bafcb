package protocol

import (
	"reflect"
	"strings"
	"testing"

	"minichat"
)

type roomBody struct {
	Name     string         `json:"name" need:"true"`
	Kind     minichat.Kind  `json:"kind,omitempty"`
	Topic    *string        `json:"topic"`
	Role     *minichat.Role `json:"role"`
	Archived *bool          `json:"archived"`
	Cookie   bool           `json:"cookie"`
	Size     int64          `json:"size"`
	Width    *int64         `json:"width"`
	Members  []string       `json:"members"`
	Numbers  []int64        `json:"numbers"`
	Base     string         `json:"-"`
}

func TestDecodeBody(t *testing.T) {
	var got roomBody
	in := ` {"name":"a\u0062","kind":"private","topic":"","role":"admin","archived":false,"cookie":true,"size":7,"width":0,"members":["u1","u2"],"numbers":[17, 18]} `
	want := roomBody{"ab", minichat.Private, ptr(""), ptr(minichat.Admin), ptr(false), true, 7, ptr[int64](0), []string{"u1", "u2"}, []int64{17, 18}, ""}
	if err := DecodeBody([]byte(in), 16, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	got = roomBody{}
	if err := DecodeBody([]byte(`{"name":""}`), 16, &got); err != nil || !reflect.DeepEqual(got, roomBody{}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := DecodeBody([]byte(`{}`), 16, &struct{}{}); err != nil {
		t.Errorf("an empty body: %v", err)
	}
}

func TestDecodeBodyRefuses(t *testing.T) {
	for _, c := range []struct {
		in    string
		want  minichat.Code
		field string
	}{
		{``, minichat.BadJSON, ""}, {`{"name":"x"`, minichat.BadJSON, ""}, {`{"name":"x"} {}`, minichat.BadJSON, ""},
		{`{"name":"x","name":"x"}`, minichat.BadJSON, "name"}, {`{"name":` + strings.Repeat("[", 100) + `}`, minichat.BadJSON, ""},
		{`[]`, minichat.BadFrame, ""}, {`null`, minichat.BadFrame, ""}, {`"x"`, minichat.BadFrame, ""},
		{"{\"name\":\"\xff\"}", minichat.BadUTF8, ""}, {`{"name":"\udfff"}`, minichat.BadUTF8, "name"},
		{`{"Name":"x"}`, minichat.UnknownField, "Name"}, {`{"name":"x","base":"x"}`, minichat.UnknownField, "base"}, {`{"name":"x","-":"x"}`, minichat.UnknownField, "-"},
		{`{}`, minichat.BadField, "name"}, {`{"name":null}`, minichat.BadField, "name"}, {`{"name":7}`, minichat.BadField, "name"},
		{`{"name":"x","topic":null}`, minichat.BadField, "topic"}, {`{"name":"x","cookie":"true"}`, minichat.BadField, "cookie"},
		{`{"name":"x","size":1.5}`, minichat.BadField, "size"}, {`{"name":"x","size":"1"}`, minichat.BadField, "size"}, {`{"name":"x","width":-1}`, minichat.BadField, "width"},
		{`{"name":"x","members":"u1"}`, minichat.BadField, "members"}, {`{"name":"x","members":[["u1"]]}`, minichat.BadField, "members"},
		{`{"name":"x","numbers":[1,"2"]}`, minichat.BadField, "numbers"}, {`{"name":"x","members":{}}`, minichat.BadField, "members"},
	} {
		var into roomBody
		err := DecodeBody([]byte(c.in), 16, &into)
		if got := minichat.CodeOf(err); got != c.want || fieldOf(err) != c.field {
			t.Errorf("%.40s: got %v (field %q), want %s (field %q)", c.in, err, fieldOf(err), c.want, c.field)
		}
	}
}
