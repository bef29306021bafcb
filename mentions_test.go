package minichat

import (
	"slices"
	"strings"
	"testing"
)

func TestFindMentions(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"hello", ""}, {"@", ""}, {"@ ana", ""}, {"@ana", "ana"}, {"hi @ana, @Ben and @ANA.", "ana ben"},
		{"@all @here", "all here"}, {"@ana.b-c_d:", "ana.b-c_d"}, {"thanks @ana.", "ana"}, {"@ana... @ben_", "ana ben"},
		{"(@ana) \"@ben\" *@cid* _@dan_ ~@eva~ >@fay", "ana ben cid dan eva fay"}, {"@ana's", "ana"}, {"@ana,@ben", "ana ben"},
		{"ana@example.org a.b+@c x/@y https://a.example/@ana @@ana", ""}, {"@ana@example.org", ""}, {"@josé", ""}, {"é@ana", ""},
		{"a_@b a-@b", ""}, {"@-ana @.ana @_ana", ""}, {"@" + strings.Repeat("a", 32), strings.Repeat("a", 32)}, {"@" + strings.Repeat("a", 33), ""},
		{`\@ana`, ""}, {`\\@ana`, "ana"}, {`\n@ana`, ""}, {"日本@ana", ""}, {"@ana日", ""}, {"\n@ana\n@ben", "ana ben"},
		// Code.
		{"`@ana` @ben", "ben"}, {"``@ana ` @cid`` @ben", "ben"}, {"` @ana", "ana"}, {"`a`` @ana", "ana"}, {"``a` @ana", "ana"},
		{"`a\n@ana` @ben", "ben"}, {"`a\n\n@ana`", "ana"}, {"\\`@ana`", "ana"}, {"\\`` @ana `", ""},
		{"```\n@ana\n```\n@ben", "ben"}, {"```go\n@ana\n\n@cid\n```\n@ben", "ben"}, {"~~~\n@ana\n```\n~~~\n@ben", "ben"},
		{"```\n@ana", ""}, {"````\n@ana\n```\n@cid\n````\n@ben", "ben"}, {"```\n@ana\n``` x\n@cid", ""}, {"```a`b\n@ana", "ana"},
		{"x `y\n```\n@ana\n```\n` @ben", "ben"}, {"a\r\n```\r\n@ana\r\n```\r\n@ben", "ben"}, {"```@ana``` @ben", "ben"},
	} {
		if got := strings.Join(FindMentions(c.text), " "); got != c.want {
			t.Errorf("FindMentions(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}

func TestFindMentionsInOrderOnce(t *testing.T) {
	got := FindMentions("@cid @ana @cid @ben @Ana")
	if want := []string{"cid", "ana", "ben"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Many runs of backticks that nothing closes, and many signs that name nobody:
// what comes after them is still found.
func TestFindMentionsManyRuns(t *testing.T) {
	var b strings.Builder
	for n := 1; b.Len() < 1<<20; n++ {
		b.WriteString(strings.Repeat("`", n) + "x")
	}
	text := b.String() + strings.Repeat("@", 1<<20) + strings.Repeat("\\`", 1<<19) + " @ana"
	if got := FindMentions(text); !slices.Equal(got, []string{"ana"}) {
		t.Errorf("got %v, want [ana]", got)
	}
}

func FuzzFindMentions(f *testing.F) {
	for _, s := range []string{"@ana", "`@a` @b", "```\n@a\n```", "\\@a", "@a@b", "é@a", "`` ` @a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := FindMentions(s)
		for i, h := range got {
			if !isHandle(h) || slices.Contains(got[:i], h) {
				t.Errorf("FindMentions(%q) = %q: bad or double %q", s, got, h)
			}
			if !strings.Contains(strings.ToLower(s), "@"+h) {
				t.Errorf("FindMentions(%q): @%s stands nowhere", s, h)
			}
		}
	})
}
