package protocol

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"minichat"
)

// fields of a right post, to be spoilt one at a time.
const rightPost = `"type":"post","n":4,"room":"r1","key":"5f0c7e0b9a1d4c6e"`

func TestDecodeRefuses(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     minichat.Code
		field    string
	}{
		// Rows 14 to 22 of the matrix of bad input.
		{"nothing", ``, minichat.BadJSON, ""},
		{"a brace", `{`, minichat.BadJSON, ""},
		{"cut in a string", `{"type":"pi`, minichat.BadJSON, ""},
		{"cut in an escape", `{"type":"pi\`, minichat.BadJSON, ""},
		{"garbage after", `{"type":"ping","n":1}x`, minichat.BadJSON, ""},
		{"two values", `{"type":"ping","n":1}{}`, minichat.BadJSON, ""},
		{"a NUL after", "{\"type\":\"ping\",\"n\":1}\x00", minichat.BadJSON, ""},
		{"a byte order mark", "\ufeff{\"type\":\"ping\",\"n\":1}", minichat.BadJSON, ""},
		{"a comma too many", `{"type":"ping","n":1,}`, minichat.BadJSON, ""},
		{"a comma too few", `{"type":"ping" "n":1}`, minichat.BadJSON, ""},
		{"no colon", `{"type" "ping"}`, minichat.BadJSON, ""},
		{"bare name", `{type:"ping"}`, minichat.BadJSON, ""},
		{"single quotes", `{'type':'ping'}`, minichat.BadJSON, ""},
		{"a comment", `{"type":"ping",/**/"n":1}`, minichat.BadJSON, ""},
		{"wrong brackets", `{"type":"ping","n":[1}}`, minichat.BadJSON, ""},
		{"NaN", `{"type":"ping","n":NaN}`, minichat.BadJSON, ""},
		{"leading zero", `{"type":"ping","n":01}`, minichat.BadJSON, ""},
		{"bare point", `{"type":"ping","n":1.}`, minichat.BadJSON, ""},
		{"bare exponent", `{"type":"ping","n":1e}`, minichat.BadJSON, ""},
		{"plus", `{"type":"ping","n":+1}`, minichat.BadJSON, ""},
		{"half a word", `{"type":"ping","n":tru}`, minichat.BadJSON, ""},
		{"a line break in a string", "{\"type\":\"pi\nng\"}", minichat.BadJSON, ""},
		{"unknown escape", `{"type":"\x70ing"}`, minichat.BadJSON, ""},
		{"three hex digits", `{"type":"\u007"}`, minichat.BadJSON, ""},

		{"a list", `[]`, minichat.BadFrame, ""},
		{"null", ` null `, minichat.BadFrame, ""},
		{"a string", `"x"`, minichat.BadFrame, ""},
		{"a number", `-1.5e3`, minichat.BadFrame, ""},
		{"no type", `{"n":1}`, minichat.BadFrame, "type"},
		{"an empty object", `{}`, minichat.BadFrame, "type"},
		{"a type that is no string", `{"type":7}`, minichat.BadFrame, "type"},
		{"a null type", `{"type":null,"n":1}`, minichat.BadFrame, "type"},

		{"10,000 lists", strings.Repeat("[", 10000), minichat.BadJSON, ""},
		{"10,000 lists in a field", `{"type":"ping","n":1,"x":` + strings.Repeat("[", 10000) + strings.Repeat("]", 10000) + `}`, minichat.BadJSON, ""},
		{"10,000 objects", strings.Repeat(`{"a":`, 10000), minichat.BadJSON, ""},
		{"17 levels", `{"type":"ping","n":1,"x":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`, minichat.BadJSON, ""},
		{"16 levels", `{"type":"ping","n":1,"x":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `}`, minichat.UnknownField, "x"},

		{"the same name twice", `{"type":"ping","n":1,"n":1}`, minichat.BadJSON, "n"},
		{"the same name twice, once escaped", `{"type":"ping","n":1,"\u006e":1}`, minichat.BadJSON, "n"},
		{"another case", `{` + rightPost + `,"Text":"x"}`, minichat.UnknownField, "Text"},
		{"another case of type", `{"Type":"ping","n":1}`, minichat.BadFrame, "type"},
		{"__proto__", `{"type":"ping","n":1,"__proto__":{}}`, minichat.UnknownField, "__proto__"},
		{"constructor", `{"type":"ping","n":1,"constructor":1}`, minichat.UnknownField, "constructor"},
		{"a field of another request", `{"type":"ping","n":1,"room":"r1"}`, minichat.UnknownField, "room"},
		{"an empty name", `{"type":"ping","n":1,"":1}`, minichat.UnknownField, ""},

		{"unknown type", `{"type":"dance","n":1}`, minichat.UnknownType, "type"},
		{"type in another case", `{"type":"Ping","n":1}`, minichat.UnknownType, "type"},
		{"a type of the server", `{"type":"welcome","n":1}`, minichat.UnknownType, "type"},
		{"an empty type", `{"type":"","n":1}`, minichat.UnknownType, "type"},

		{"an object for an id", `{"type":"watch","n":1,"room":{"$ne":null}}`, minichat.BadField, "room"},
		{"a number for a text", `{` + rightPost + `,"text":7}`, minichat.BadField, "text"},
		{"a string for a list", `{` + rightPost + `,"text":"","files":"x"}`, minichat.BadField, "files"},
		{"a list of numbers", `{` + rightPost + `,"text":"","files":[1]}`, minichat.BadField, "files"},
		{"a list of no ids", `{` + rightPost + `,"text":"","files":["a b"]}`, minichat.BadField, "files"},
		{"null for a field", `{` + rightPost + `,"text":"","thread":null}`, minichat.BadField, "thread"},
		{"null for a flag", `{` + rightPost + `,"text":"","in_room":null}`, minichat.BadField, "in_room"},
		{"1 for a flag", `{` + rightPost + `,"text":"","in_room":1}`, minichat.BadField, "in_room"},
		{"a missing field", `{` + rightPost + `}`, minichat.BadField, "text"},
		{"no n", `{"type":"ping"}`, minichat.BadField, "n"},
		{"an odd n of typing", `{"type":"typing","room":"r1","n":"1"}`, minichat.BadField, "n"},

		{"half a pair", `{` + rightPost + `,"text":"\ud800"}`, minichat.BadUTF8, "text"},
		{"the other half", `{` + rightPost + `,"text":"\uDC00"}`, minichat.BadUTF8, "text"},
		{"halves in the wrong order", `{` + rightPost + `,"text":"\udc00\ud800"}`, minichat.BadUTF8, "text"},
		{"half a pair and a letter", `{` + rightPost + `,"text":"\ud800\u0041"}`, minichat.BadUTF8, "text"},
		{"half a pair in a list", `{` + rightPost + `,"files":["\ud800"]}`, minichat.BadUTF8, "files"},
		{"half a pair in a name", `{` + rightPost + `,"te\ud800xt":""}`, minichat.BadUTF8, "te\ufffdxt"},

		// Rows 34 and 40.
		{"a short key", `{"type":"post","n":4,"room":"r1","key":"5f0c7e0b9a1d4c6","text":""}`, minichat.BadField, "key"},
		{"a key of 1,000", `{"type":"post","n":4,"room":"r1","key":"` + strings.Repeat("a", 1000) + `","text":""}`, minichat.BadField, "key"},
		{"a key that is not ASCII", `{"type":"post","n":4,"room":"r1","key":"ééééééééééééééééé","text":""}`, minichat.BadField, "key"},
		{"no key", `{"type":"post","n":4,"room":"r1","text":""}`, minichat.BadField, "key"},
		{"a path for an id", `{"type":"watch","n":1,"room":"../1"}`, minichat.BadField, "room"},
		{"an empty id", `{"type":"watch","n":1,"room":""}`, minichat.BadField, "room"},

		{"target 0", `{"type":"delete","n":4,"room":"r1","key":"5f0c7e0b9a1d4c6e","target":0}`, minichat.BadField, "target"},
		{"no rev", `{"type":"edit","n":4,"room":"r1","key":"5f0c7e0b9a1d4c6e","target":1,"text":"x"}`, minichat.BadField, "rev"},
		{"no on", `{"type":"pin","n":4,"room":"r1","key":"5f0c7e0b9a1d4c6e","target":1}`, minichat.BadField, "on"},
		{"a state of its own", `{"type":"presence","n":1,"state":"asleep"}`, minichat.BadField, "state"},
		{"an id without after", `{"type":"watch","n":1,"room":"r1","id":"e1"}`, minichat.BadField, "id"},
		{"both ends", `{"type":"pull","n":1,"room":"r1","after":1,"before":9}`, minichat.BadField, "before"},
		{"limit 0", `{"type":"pull","n":1,"room":"r1","after":1,"limit":0}`, minichat.BadField, "limit"},
		{"limit 201", `{"type":"pull","n":1,"room":"r1","after":1,"limit":201}`, minichat.BadField, "limit"},
		{"a long device", `{"type":"hello","n":1,"device":"` + strings.Repeat("é", 65) + `"}`, minichat.BadField, "device"},
		{"a device with a bell", `{"type":"hello","n":1,"device":"\u0007"}`, minichat.BadField, "device"},
		{"a cursor of one", `{"type":"hello","n":1,"cursors":[["r1"]]}`, minichat.BadField, "cursors"},
		{"a cursor of four", `{"type":"hello","n":1,"cursors":[["r1",1,"e1",2]]}`, minichat.BadField, "cursors"},
		{"a cursor in the wrong order", `{"type":"hello","n":1,"cursors":[[1,"r1"]]}`, minichat.BadField, "cursors"},
		{"a cursor that is an object", `{"type":"hello","n":1,"cursors":[{}]}`, minichat.BadField, "cursors"},
		{"a cursor below 0", `{"type":"hello","n":1,"cursors":[["r1",-1]]}`, minichat.BadField, "cursors"},
		{"one cursor alone", `{"type":"hello","n":1,"cursors":["r1",1]}`, minichat.BadField, "cursors"},
		{"rooms null", `{"type":"hello","n":1,"rooms":null}`, minichat.BadField, "rooms"},
	} {
		f, err := Decode([]byte(c.in), 16)
		e, ok := err.(*minichat.Error)
		if !ok || e.Code != c.want || e.Field != c.field {
			t.Errorf("%s: got %v (field %q), want %s (field %q)", c.name, err, fieldOf(err), c.want, c.field)
			continue
		}
		if f.Body != nil || e.Message == "" || len(e.Message) > 200 {
			t.Errorf("%s: body %v, message %q", c.name, f.Body, e.Message)
		}
	}
}

func fieldOf(err error) string {
	if e, ok := err.(*minichat.Error); ok {
		return e.Field
	}
	return ""
}

// Row 21: what is no seq, in each place that takes a number.
func TestDecodeRefusesNumbers(t *testing.T) {
	for field, frame := range map[string]string{
		"n":        `{"type":"ping","n":%s}`,
		"after":    `{"type":"watch","n":1,"room":"r1","after":%s}`,
		"before":   `{"type":"pull","n":1,"room":"r1","before":%s}`,
		"limit":    `{"type":"pull","n":1,"room":"r1","limit":%s}`,
		"seq":      `{"type":"read","n":1,"room":"r1","seq":%s}`,
		"thread":   `{"type":"typing","room":"r1","thread":%s}`,
		"reply_to": `{` + rightPost + `,"text":"","reply_to":%s}`,
		"target":   `{"type":"delete","n":1,"room":"r1","key":"5f0c7e0b9a1d4c6e","target":%s}`,
		"rev":      `{"type":"edit","n":1,"room":"r1","key":"5f0c7e0b9a1d4c6e","target":1,"text":"x","rev":%s}`,
		"cursors":  `{"type":"hello","n":1,"cursors":[["r1",%s]]}`,
	} {
		for _, number := range []string{
			`1e309`, `-1`, `-0`, `1.5`, `1.0`, `1e2`, `9007199254740992`, `9007199254740993`, `99999999999999999999`, `"7"`, `true`, `null`, `[1]`, `{}`,
		} {
			_, err := Decode(fmt.Appendf(nil, frame, number), 16)
			if got := minichat.CodeOf(err); got != minichat.BadField || fieldOf(err) != field {
				t.Errorf("%s %s: got %v (field %q), want bad_field", field, number, err, fieldOf(err))
			}
		}
	}
}

func TestDecodeTakes(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Frame
	}{
		{" \t\r\n{ \"n\" : 9007199254740991 , \"type\" : \"ping\" } \n", Frame{"ping", MaxInt, true, &Ping{}}},
		{`{"type":"ping","n":0}`, Frame{"ping", 0, true, &Ping{}}},
		{`{"\u0074ype":"p\u0069ng","n":1}`, Frame{"ping", 1, true, &Ping{}}},
		{`{` + rightPost + `,"text":"\"\\\/\b\f\n\r\t\u00e9\ud83d\udc4d\ufffd\u0000é"}`,
			Frame{"post", 4, true, &Post{Room: "r1", Key: "5f0c7e0b9a1d4c6e", Text: "\"\\/\b\f\n\r\té👍\ufffd\x00é"}}},
		{`{` + rightPost + `,"text":"","files":[ ]}`, Frame{"post", 4, true, &Post{Room: "r1", Key: "5f0c7e0b9a1d4c6e"}}},
		{`{"type":"hello","n":1,"rooms":true,"cursors":[],"device":""}`, Frame{"hello", 1, true, &Hello{Rooms: ptr(true)}}},
		{`{"type":"hello","n":1,"cursors":[ [ "r1" , 0 , "" ] , ["r2",7,"e7"]]}`,
			Frame{"hello", 1, true, &Hello{Cursors: []Cursor{{"r1", 0, ""}, {"r2", 7, "e7"}}}}},
		{`{"type":"watch","n":1,"room":"r1","after":0,"id":""}`, Frame{"watch", 1, true, &Watch{Room: "r1", After: ptr[int64](0)}}},
	} {
		got, err := Decode([]byte(c.in), 16)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v (%+v), %v; want %+v", c.in, got, got.Body, err, c.want.Body)
		}
	}
}

// The answer to a bad request carries its n whenever that could be read.
func TestDecodeKeepsN(t *testing.T) {
	many := ""
	for i := range 30 {
		many += fmt.Sprintf(`"f%d":0,`, i)
	}
	for _, c := range []struct {
		in  string
		has bool
	}{
		{`{"type":"dance","n":7}`, true},
		{`{"n":7}`, true},
		{`{"type":"ping","n":7,"x":1}`, true},
		{`{"type":"ping","x":1,"n":7}`, true},
		{`{"room":{},"type":"watch","n":7}`, true},
		{`{"type":"post","text":"\ud800","n":7}`, true},
		{`{"type":"ping","n":7,"n":8}`, true},
		{`{"type":"ping","n":7}}`, true},
		{`{"type":"ping","n":7,`, true},
		{`{"type":"ping",` + many + `"n":7}`, true},
		{`{` + many + `"n":7,"type":"ping"}`, true},
		{`{` + many + `"type":"ping","n":7}`, true},
		{`{"type":"ping","n":-7}`, false},
		{`{"type":"ping"`, false},
		{`[7]`, false},
	} {
		f, err := Decode([]byte(c.in), 16)
		if err == nil || f.HasN != c.has || c.has && f.N != 7 {
			t.Errorf("%.60s: n %d, there %t (%v); want it there: %t", c.in, f.N, f.HasN, err, c.has)
		}
	}
}

func TestDecodeManyFields(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"type":"ping","n":1`)
	for i := range 10000 {
		fmt.Fprintf(&b, `,"f%d":0`, i)
	}
	b.WriteString("}")
	if _, err := Decode([]byte(b.String()), 16); minichat.CodeOf(err) != minichat.UnknownField || fieldOf(err) != "f0" {
		t.Errorf("got %v, want unknown_field f0", err)
	}
	name := strings.Repeat("é", 5000)
	_, err := Decode([]byte(`{"type":"ping","n":1,"`+name+`":0}`), 16)
	if got := fieldOf(err); got != name[:64] {
		t.Errorf("the field of the error has %d bytes", len(got))
	}
}

func TestDecodeWithoutDepthLimit(t *testing.T) {
	deep := `{"type":"ping","n":1,"x":` + strings.Repeat("[", 100000) + strings.Repeat("]", 100000) + `}`
	if _, err := Decode([]byte(deep), 0); minichat.CodeOf(err) != minichat.UnknownField {
		t.Errorf("got %v, want unknown_field", err)
	}
}

func TestDecodeAllocatesLittle(t *testing.T) {
	b := []byte(`{` + rightPost + `,"text":"` + strings.Repeat("x", 100) + `"}`)
	got := testing.AllocsPerRun(100, func() {
		if _, err := Decode(b, 16); err != nil {
			t.Fatal(err)
		}
	})
	if got > 7 {
		t.Errorf("a post takes %.0f allocations, want 7 at most", got)
	}
}
