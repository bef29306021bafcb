package minichat

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxFilename is in bytes: below every file system's limit, with room for a
// browser's " (1)".
const maxFilename = 200

// CleanFilename returns a name that is safe to show and to save under: the last
// part of a path, without control, direction and zero-width characters, at most
// 200 bytes with its extension kept, and none that Windows takes for a device or
// a shell for somebody's home. Quotes and all letters stay. There is always one.
func CleanFilename(s string) string {
	s = norm.NFC.String(strings.Map(cleanRune, strings.ToValidUTF8(s, "_")))
	s = s[strings.LastIndexAny(s, `/\`)+1:]
	s = trimName(cutName(trimName(s)))
	if s == "" {
		return "file"
	}
	if s[0] == '~' || isDevice(s) {
		s = trimName(cutName("_" + s))
	}
	return s
}

func cleanRune(r rune) rune {
	switch {
	case r == '\n', r == '\r', r == '\t', unicode.IsSpace(r):
		return ' '
	case unicode.IsControl(r), isNonCharacter(r):
		return -1
	case r == joiner, r == emojiStyle, r == 0x200C:
		return r // they make emoji and join letters, and reorder nothing
	case isInvisible(r):
		return -1
	}
	return r
}

// trimName takes away what Windows drops silently, and spaces before.
func trimName(s string) string {
	s = strings.TrimRight(strings.TrimLeft(s, " "), ". ")
	if !isVisible(s) {
		return ""
	}
	return s
}

// cutName shortens s to maxFilename bytes between two runes, before the
// extension if there is a short one.
func cutName(s string) string {
	if len(s) <= maxFilename {
		return s
	}
	ext := ""
	if dot := strings.LastIndexByte(s, '.'); dot > 0 && len(s)-dot <= 20 {
		ext = s[dot:]
	}
	end := maxFilename - len(ext)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + ext
}

// isDevice: names that mean a device on Windows, with whatever extension.
func isDevice(s string) bool {
	base, _, _ := strings.Cut(s, ".")
	base = strings.ToUpper(strings.TrimRight(base, " "))
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$":
		return true
	}
	number, isPort := strings.CutPrefix(base, "COM")
	if !isPort {
		number, isPort = strings.CutPrefix(base, "LPT")
	}
	return isPort && utf8.RuneCountInString(number) == 1 && strings.Contains("0123456789¹²³", number)
}

// inline lists the media types that a page may show by itself; all others are
// only ever downloaded.
var inline = map[string]string{
	"image/png": "image", "image/jpeg": "image", "image/gif": "image", "image/webp": "image",
	"audio/mpeg": "audio", "audio/mp4": "audio", "audio/aac": "audio", "audio/flac": "audio",
	"audio/ogg": "audio", "application/ogg": "audio", "audio/webm": "audio", "audio/wave": "audio",
	"audio/wav": "audio", "audio/x-wav": "audio",
	"video/mp4": "video", "video/webm": "video", "video/ogg": "video", "video/quicktime": "video",
	"application/pdf": "pdf",
}

// FileKind says how a page may show a file of the media type that the server
// found by looking at it: "image", "audio", "video" or "pdf"; "" means not at
// all, only as a download. Pictures that can hold a script are never shown.
func FileKind(mediaType string) string {
	mediaType, _, _ = strings.Cut(mediaType, ";")
	return inline[strings.ToLower(strings.TrimSpace(mediaType))]
}
