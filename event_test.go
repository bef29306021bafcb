package minichat

import (
	"encoding/json"
	"reflect"
	"testing"
)

func TestReactionIsAPair(t *testing.T) {
	for _, c := range []struct {
		r    Reaction
		want string
	}{
		{Reaction{"👍", []string{"u1", "u2"}}, `["👍",["u1","u2"]]`},
		{Reaction{"👍", nil}, `["👍",[]]`},
	} {
		b, err := json.Marshal(c.r)
		if err != nil || string(b) != c.want {
			t.Errorf("got %s, %v; want %s", b, err, c.want)
		}
	}
	var got Reaction
	want := Reaction{"👍", []string{"u1"}}
	if err := json.Unmarshal([]byte(`["👍",["u1"]]`), &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	for _, s := range []string{`{}`, `[]`, `["👍"]`, `["👍",["u1"],3]`, `[1,["u1"]]`, `["👍","u1"]`} {
		if err := json.Unmarshal([]byte(s), &got); err == nil {
			t.Errorf("%s was taken for a reaction", s)
		}
	}
}

func TestIDs(t *testing.T) {
	for _, n := range []int{12, 16, 22} {
		a, b := NewID(n), NewID(n)
		if len(a) != n || !IsID(a) || a == b {
			t.Errorf("NewID(%d) = %q, then %q", n, a, b)
		}
	}
	for _, s := range []string{"", "a b", "../1", "é", "a\x00", string(make([]byte, 65))} {
		if IsID(s) {
			t.Errorf("IsID(%q)", s)
		}
	}
}
