package minichat

import (
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	zeroWidth = "\u200b"
	rightLeft = "\u202e"
)

func TestCheckTextKeeps(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"hello", "hello"},
		{"  two  spaces \n", "  two  spaces \n"},
		{"a\r\nb\tc", "a\nb\tc"},
		{"e\u0301", "é"},
		{"<img onerror=x> </script> {{7*7}}", "<img onerror=x> </script> {{7*7}}"},
		{"left " + rightLeft + "thgir", "left " + rightLeft + "thgir"},
		{"👩🏽‍❤️‍💋‍👨🏿", "👩🏽‍❤️‍💋‍👨🏿"},
		{"x" + strings.Repeat("\u0331", 8), "x" + strings.Repeat("\u0331", 8)},
		{"\ufffd", "\ufffd"},
	} {
		got, err := CheckText("text", c.in, 100)
		if err != nil || got != c.want {
			t.Errorf("CheckText(%q) = %q, %v; want %q", c.in, got, err, c.want)
		}
	}
}

func TestCheckTextRefuses(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     Code
	}{
		{"nothing", "", Empty},
		{"spaces", " \t\n\u3000\u00a0", Empty},
		{"zero-width", zeroWidth + "\u200d\ufeff\u2060\ufe0f\u3164\u2800" + rightLeft, Empty},
		{"a byte too long", strings.Repeat("x", 101), TooLong},
		{"letters of two bytes", strings.Repeat("é", 51), TooLong},
		{"NUL", "a\x00b", BadField},
		{"a lone return", "a\rb", BadField},
		{"escape", "\x1b[31m", BadField},
		{"delete", "a\x7f", BadField},
		{"C1", "a\u0085b", BadField},
		{"a non-character", "a\ufdd0", BadField},
		{"another", "a\U0001ffff", BadField},
		{"marks", "x" + strings.Repeat("\u0331", 9), TooManyMarks},
		{"marks with joiners", "x" + strings.Repeat("\u0331\u0331\u200d", 5), TooManyMarks},
		{"bytes that are not UTF-8", "a\xff", BadUTF8},
	} {
		got, err := CheckText("text", c.in, 100)
		if CodeOf(err) != c.want || got != "" {
			t.Errorf("%s: got %q, %v; want %s", c.name, got, err, c.want)
			continue
		}
		if e := err.(*Error); e.Field != "text" {
			t.Errorf("%s: field %q, want text", c.name, e.Field)
		}
	}
}

func TestCheckTextLimit(t *testing.T) {
	exactly := strings.Repeat("x", 16384)
	if _, err := CheckText("text", exactly, 16384); err != nil {
		t.Errorf("16 KiB: %v", err)
	}
	if _, err := CheckText("text", exactly+"x", 16384); CodeOf(err) != TooLong {
		t.Errorf("16 KiB + 1: %v, want %s", err, TooLong)
	}
	if _, err := CheckText("text", strings.Repeat("x", 1<<20), 0); err != nil {
		t.Errorf("1 MiB without a limit: %v", err)
	}
}

// What was accepted once is accepted again, unchanged: an edit sends it back.
func FuzzCheckText(f *testing.F) {
	for _, s := range []string{"hello", "e\u0301", "a\r\nb", "x" + strings.Repeat("\u0301", 9), "\xff", "\r\r\n", "👍"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := CheckText("text", s, 1000)
		if err != nil {
			return
		}
		if again, err := CheckText("text", got, 1000); err != nil || again != got {
			t.Errorf("%q became %q, then %q, %v", s, got, again, err)
		}
		if !utf8.ValidString(got) || len(got) > 1000 {
			t.Errorf("%q is not valid or too long", got)
		}
	})
}

func TestCheckEmoji(t *testing.T) {
	for _, s := range []string{
		"👍", "👍🏽", "❤", "❤️", "☎️", "©️", "🇫🇷", "1️⃣", "#⃣", "👩‍💻", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🏴‍☠️",
		"👩🏽‍❤️‍💋‍👨🏿", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🫠", "‼️", "↔️", "⌚", "🀄",
	} {
		if err := CheckEmoji(s); err != nil {
			t.Errorf("CheckEmoji(%q): %v", s, err)
		}
	}
	for _, s := range []string{
		"", " ", "a", "1", "#", "ok", "👍👍", "👍 ", "👍a", "🇫", "🇫🇷🇩", "\u200d", "👩\u200d", "\ufe0f", "\u20e3", "é", "\xff",
		"<b>", ":+1:", "🏴󠁧󠁢", "👍" + strings.Repeat("\u0331", 3), strings.Repeat("👍", 1250), "👍" + strings.Repeat("\ufe0f", 100),
	} {
		if err := CheckEmoji(s); CodeOf(err) != BadField {
			t.Errorf("CheckEmoji(%.40q) = %v, want %s", s, err, BadField)
		}
	}
}
