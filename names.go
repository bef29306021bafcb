package minichat

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Longest names, in letters (code points).
const (
	maxNameLetters  = 64
	maxTopicLetters = 256
	maxHandle       = 32
)

// CheckHandle says whether s may be a handle: [a-z0-9._-], 1 to 32 of them,
// beginning and ending with a letter or digit (a full stop after @ana ends the
// sentence, not the handle). bad_name or name_reserved.
func CheckHandle(s string) error {
	if !isHandle(s) {
		return FieldError(BadName, "handle", "A handle has 1 to %d of a-z, 0-9, full stop, _ and -, and begins and ends with a letter or digit.", maxHandle)
	}
	if isReserved(Skeleton(s)) || looksReserved(s) {
		return FieldError(NameReserved, "handle", "This handle is kept for MiniChat itself. Choose another.")
	}
	return nil
}

func isHandle(s string) bool {
	if len(s) == 0 || len(s) > maxHandle || !isHandleEdge(s[0]) || !isHandleEdge(s[len(s)-1]) {
		return false
	}
	for i := range len(s) {
		if !isHandleEdge(s[i]) && !isHandleInner(s[i]) {
			return false
		}
	}
	return true
}

func isHandleEdge(c byte) bool  { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }
func isHandleInner(c byte) bool { return c == '.' || c == '_' || c == '-' }

// CheckName returns a person's display name as it is kept: NFC, trimmed, single
// spaces. Errors: bad_name, name_reserved, too_many_marks, and name_confusable
// for what could pass for another name (mixed scripts, hidden characters).
func CheckName(s string) (string, error) {
	s, ok := cleanLine(s)
	if n := utf8.RuneCountInString(s); !ok || n == 0 || n > maxNameLetters {
		return "", FieldError(BadName, "name", "A name has 1 to %d letters, on one line.", maxNameLetters)
	}
	if hidesSomething(s) {
		return "", FieldError(NameConfusable, "name", "This name holds a character that cannot be seen. Type it anew.")
	}
	if !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
		return "", FieldError(BadName, "name", "A name needs a letter or digit.")
	}
	if hasTooManyMarks(s) {
		return "", FieldError(TooManyMarks, "name", "One letter may carry %d marks at most.", maxMarks)
	}
	if mixesScripts(s) {
		return "", FieldError(NameConfusable, "name", "This name mixes letters of different alphabets. Use one.")
	}
	if err := checkReserved(s); err != nil {
		return "", err
	}
	return s, nil
}

func checkReserved(s string) error {
	switch {
	case isReserved(strings.ToLower(s)):
		return FieldError(NameReserved, "name", "This name is kept for MiniChat itself. Choose another.")
	case isReserved(Skeleton(s)), looksReserved(s):
		return FieldError(NameConfusable, "name", "This name looks like one that is kept for MiniChat itself. Choose another.")
	}
	return nil
}

// CheckRoomName returns a room's name as it is kept: NFC, trimmed, on one line.
// Two rooms may look alike; a room's name is a label, not a proof of anything.
func CheckRoomName(s string) (string, error) {
	s, ok := cleanLine(s)
	if n := utf8.RuneCountInString(s); !ok || n > maxNameLetters || !isVisible(s) || hidesSomething(s) {
		return "", FieldError(BadName, "name", "A room's name has 1 to %d letters, on one line.", maxNameLetters)
	}
	if hasTooManyMarks(s) {
		return "", FieldError(TooManyMarks, "name", "One letter may carry %d marks at most.", maxMarks)
	}
	return s, nil
}

// CheckTopic returns a room's topic as it is kept; "" is no topic. Errors:
// bad_field, too_long, too_many_marks.
func CheckTopic(s string) (string, error) {
	s, ok := cleanLine(s)
	if !ok {
		return "", FieldError(BadField, "topic", "A topic is one line of text.")
	}
	if n := utf8.RuneCountInString(s); n > maxTopicLetters {
		return "", FieldError(TooLong, "topic", "This topic has %d letters. It may have %d.", n, maxTopicLetters)
	}
	if hasTooManyMarks(s) {
		return "", FieldError(TooManyMarks, "topic", "One letter may carry %d marks at most.", maxMarks)
	}
	if !isVisible(s) {
		return "", nil
	}
	return s, nil
}

// reserved names would let somebody pass for the server, for everybody, or for
// nobody, or stand for something in a URL.
var reserved = []string{ // sorted
	"admin", "administrator", "all", "anonymous", "api", "channel", "current", "deleted", "everybody",
	"everyone", "here", "lab", "me", "minichat", "moderator", "nobody", "null", "official",
	"operator", "owner", "room", "root", "security", "server", "setup", "support", "system",
	"undefined", "unknown", "webmaster",
}

func isReserved(s string) bool {
	_, found := slices.BinarySearch(reserved, s)
	return found
}

// looksReserved finds adm1n and admln. Only words of five letters and more are
// compared so loosely: Ali is not all.
func looksReserved(s string) bool {
	loose := strings.NewReplacer("l", "i", "1", "i", "|", "i", ".", "", "_", "", "-", "", " ", "")
	s = loose.Replace(Skeleton(s))
	return len(s) >= 5 && slices.ContainsFunc(reserved, func(w string) bool { return loose.Replace(w) == s })
}
