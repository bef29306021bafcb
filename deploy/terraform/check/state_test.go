package check

import (
	"encoding/json"
	"testing"
)

// thing is a resource as it stands in the state.
type thing struct {
	Type, Name string
	Values     map[string]any
}

// things is all that a stack has made, by type.
func (l *life) things(t *testing.T, typ string) (all []thing) {
	t.Helper()
	type module struct {
		Resources    []thing
		ChildModules []json.RawMessage `json:"child_modules"`
	}
	var state struct {
		Values struct {
			RootModule json.RawMessage `json:"root_module"`
		}
	}
	if err := json.Unmarshal([]byte(terraform(t, l.dir(t), "show", "-json")), &state); err != nil {
		t.Fatal(err)
	}
	var walk func(json.RawMessage)
	walk = func(raw json.RawMessage) {
		var m module
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		for _, r := range m.Resources {
			if r.Type == typ {
				all = append(all, r)
			}
		}
		for _, child := range m.ChildModules {
			walk(child)
		}
	}
	walk(state.Values.RootModule)
	if len(all) == 0 {
		t.Fatalf("%s has no %s", l.stack, typ)
	}
	return all
}

// in is the objects of a list within a thing.
func in(v map[string]any, name string) (all []map[string]any) {
	list, _ := v[name].([]any)
	for _, e := range list {
		all = append(all, e.(map[string]any))
	}
	return all
}

// texts is a list of texts within a thing.
func texts(v map[string]any, name string) (all []string) {
	list, _ := v[name].([]any)
	for _, e := range list {
		all = append(all, e.(string))
	}
	return all
}
