package minichat

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestDefaultLimitsByName(t *testing.T) {
	b, err := json.Marshal(DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]int64
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]int64{
		"frame_bytes": 65536, "hello_bytes": 4096, "text_bytes": 16384, "files_per_message": 10,
		"mentions_per_message": 100, "reactions_per_message": 50, "json_depth": 16, "watched_rooms": 1000,
		"connections_per_user": 10, "unanswered_requests": 64, "posts_per_second": 20, "post_burst": 40,
		"bad_frames_per_minute": 100, "unready_connections_per_address": 8192, "connections_per_address": 0,
		"rooms_per_user": 10000, "signin_failures_per_minute": 10, "signin_failures_per_minute_per_address": 100,
		"alt_bytes": 1000, "file_bytes": 1 << 30, "files_bytes_per_user": 10 << 30,
		"files_bytes_total": 100 << 30, "unused_files_per_user": 1000, "file_grace_s": 86400, "upload_ttl_s": 86400, "lab_connections_per_address": 500,
		"lab_posts_per_second": 5, "lab_posts_per_second_per_address": 50, "lab_history": 10000,
	}
	for name, w := range want {
		if g, ok := got[name]; !ok || g != w {
			t.Errorf("%s: got %d (there: %t), want %d", name, g, ok, w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %d limits, want %d", len(got), len(want))
	}
}

func TestLimitsSet(t *testing.T) {
	names := LimitNames()
	if !slices.Contains(names, "text_bytes") {
		t.Errorf("text_bytes is missing among %v", names)
	}
	for i, name := range names {
		var l Limits
		if err := l.Set(name, int64(i+1)); err != nil {
			t.Errorf("Set(%s): %v", name, err)
		}
		b, _ := json.Marshal(l)
		var set map[string]int64
		_ = json.Unmarshal(b, &set) // just marshalled
		for other, v := range set {
			want := int64(0)
			if other == name {
				want = int64(i + 1)
			}
			if v != want {
				t.Errorf("after Set(%s, %d): %s = %d, want %d", name, i+1, other, v, want)
			}
		}
	}
}

func TestLimitsSetRefuses(t *testing.T) {
	l := DefaultLimits()
	for _, c := range []struct {
		name  string
		value int64
	}{{"text_bytes", -1}, {"Text_Bytes", 1}, {"", 1}, {"nothing", 1}} {
		if l.Set(c.name, c.value) == nil {
			t.Errorf("Set(%q, %d) was taken", c.name, c.value)
		}
	}
	if l != DefaultLimits() {
		t.Errorf("a refused Set changed something: %+v", l)
	}
}
