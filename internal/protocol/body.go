package protocol

import (
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"minichat"
)

// DecodeBody reads the JSON body of an HTTP request, as strictly as Decode,
// into the struct that into points to. Fields are named by their json tag and
// may be absent unless they have the tag need:"true". They are of kind string,
// bool or int64 (0…2^53-1), pointers to or slices of these. An error is a
// *minichat.Error with one of the codes that Decode has.
func DecodeBody(b []byte, depth int64, into any) error {
	if !utf8.Valid(b) {
		return minichat.Errorf(minichat.BadUTF8, "The body is not UTF-8.")
	}
	var o object
	if err := o.parse(b, depth); err != nil {
		return err
	}
	if o.utf8 != nil {
		return o.utf8
	}
	v := reflect.ValueOf(into).Elem()
	if v.NumField() > maxMembers {
		return fmt.Errorf("decode body: %s has more than %d fields", v.Type(), maxMembers)
	}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		if raw := o.take(name, f.Tag.Get("need") == "true"); raw != nil && !setField(v.Field(i), raw) {
			o.complain(name, "must be %s", formOf(f.Type))
		}
	}
	return o.finish()
}

// setField sets v from a raw value; false when the value is of another form.
func setField(v reflect.Value, raw []byte) bool {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return setField(v.Elem(), raw)
	case reflect.Slice:
		list := reflect.MakeSlice(v.Type(), 0, 0)
		element := reflect.New(v.Type().Elem()).Elem()
		ok := elements(raw, func(raw []byte) bool {
			ok := setField(element, raw)
			list = reflect.Append(list, element)
			return ok
		})
		v.Set(list)
		return ok
	case reflect.String:
		if raw[0] != '"' {
			return false
		}
		v.SetString(unquote(raw[1 : len(raw)-1]))
		return true
	case reflect.Bool:
		v.SetBool(raw[0] == 't')
		return raw[0] == 't' || raw[0] == 'f'
	case reflect.Int64:
		n, ok := plainInt(raw)
		v.SetInt(n)
		return ok
	}
	return false
}

func formOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return formOf(t.Elem())
	case reflect.Slice:
		return "a list, each element " + formOf(t.Elem())
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	}
	return fmt.Sprintf("an integer from 0 to %d, in digits alone", int64(MaxInt))
}
