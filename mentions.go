package minichat

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// FindMentions returns the handles that text names by @handle at a word's start,
// outside code: lower case, each once, in order. "all" and "here" are among
// them; whether a handle is anybody's is for the caller to find out. It takes
// time linear in the text, whatever stands in it.
func FindMentions(text string) []string {
	if strings.IndexByte(text, '@') < 0 {
		return nil
	}
	f := finder{seen: map[string]bool{}}
	eachParagraph(text, f.paragraph)
	return f.found
}

type finder struct {
	found []string
	seen  map[string]bool
}

// eachParagraph calls fn with each stretch of lines between blank lines and
// fenced code: no code span reaches beyond one.
func eachParagraph(text string, fn func(string)) {
	from, fence := 0, ""
	for at := 0; at < len(text); {
		end := at + strings.IndexByte(text[at:], '\n') + 1
		if end == at {
			end = len(text)
		}
		line := text[at:end]
		mark, rest := cutFence(line)
		switch {
		case fence != "":
			if strings.HasPrefix(mark, fence) && strings.TrimSpace(rest) == "" {
				fence = ""
			}
			from = end
		case mark != "":
			fn(text[from:at])
			fence, from = mark, end
		case strings.TrimSpace(line) == "":
			fn(text[from:at])
			from = end
		}
		at = end
	}
	fn(text[from:])
}

// cutFence returns the ``` or ~~~ that a line begins with, "" if none, and what
// follows it. Backticks with more of them later in the line are a code span.
func cutFence(line string) (mark, rest string) {
	line = strings.TrimLeft(line, " ")
	if len(line) < 3 || line[0] != '`' && line[0] != '~' {
		return "", ""
	}
	n := runLength(line, 0)
	if n < 3 || line[0] == '`' && strings.IndexByte(line[n:], '`') >= 0 {
		return "", ""
	}
	return line[:n], line[n:]
}

// runLength counts how often s[i] stands there in a row.
func runLength(s string, i int) int {
	n := 1
	for i+n < len(s) && s[i+n] == s[i] {
		n++
	}
	return n
}

func (f *finder) paragraph(s string) {
	if strings.IndexByte(s, '@') < 0 {
		return
	}
	ticks := findTicks(s)
	for i := 0; i < len(s); {
		switch s[i] {
		case '\\':
			i++
			if i < len(s) && s[i] < utf8.RuneSelf && unicode.In(rune(s[i]), unicode.P, unicode.S) {
				i++ // an escaped sign is a plain one
			}
		case '`':
			n := runLength(s, i)
			i += n
			if end := ticks.after(i, n); end > 0 {
				i = end
			}
		case '@':
			i = f.mention(s, i)
		default:
			i++
		}
	}
}

// ticks holds where runs of backticks of each length begin, ascending. A run
// closes a code span only if it is as long as the one that opened it.
type ticks map[int][]int

func findTicks(s string) ticks {
	t := ticks{}
	for i := 0; i < len(s); {
		if s[i] != '`' {
			i++
			continue
		}
		n := runLength(s, i)
		t[n] = append(t[n], i)
		i += n
	}
	return t
}

// after returns the end of the first run of n backticks at i or later, 0 if
// there is none. i only ever grows, so what lies behind it is dropped.
func (t ticks) after(i, n int) int {
	runs := t[n]
	for len(runs) > 0 && runs[0] < i {
		runs = runs[1:]
	}
	t[n] = runs
	if len(runs) == 0 {
		return 0
	}
	return runs[0] + n
}

// mention adds what the @ at i names, if anything, and returns where to go on.
func (f *finder) mention(s string, i int) int {
	from := i + 1
	end := from
	for end < len(s) && isMentionByte(s[end]) {
		end++
	}
	next, _ := utf8.DecodeRuneInString(s[end:])
	handle := strings.ToLower(strings.TrimRight(s[from:end], "._-"))
	if !isHandle(handle) || !startsWord(s[:i]) || next == '@' || isWordRune(next) {
		return max(end, from)
	}
	if !f.seen[handle] {
		f.seen[handle] = true
		f.found = append(f.found, handle)
	}
	return end
}

func isMentionByte(c byte) bool {
	return isHandleEdge(c) || isHandleInner(c) || c >= 'A' && c <= 'Z'
}

func isWordRune(r rune) bool {
	return r != utf8.RuneError && unicode.In(r, unicode.L, unicode.N, unicode.M)
}

// startsWord says whether a word may start after s: not within an address
// (ana@example.org, a.b+@c) or a link (/@ana).
func startsWord(s string) bool {
	r, size := utf8.DecodeLastRuneInString(s)
	if slices.Contains([]rune{'_', '-', '.', '+', '=', '&', '%'}, r) {
		r, _ = utf8.DecodeLastRuneInString(s[:len(s)-size])
		return !isWordRune(r)
	}
	return !isWordRune(r) && r != '@' && r != '/'
}
