package minichat

import "unicode/utf8"

// maxEmojiBytes has room for the longest sequence in use (two people, a heart
// and a skin tone each: 35 bytes).
const maxEmojiBytes = 64

// CheckEmoji says whether s is one emoji: a picture with its selector and skin
// tone, several of them joined, a flag or a key cap. Anything else is bad_field.
func CheckEmoji(s string) error {
	if len(s) > 0 && len(s) <= maxEmojiBytes && utf8.ValidString(s) {
		if rest, ok := cutEmoji([]rune(s)); ok && len(rest) == 0 {
			return nil
		}
	}
	return FieldError(BadField, "emoji", "This is not one emoji.")
}

const (
	joiner       = 0x200D
	textStyle    = 0xFE0E
	emojiStyle   = 0xFE0F
	keyCap       = 0x20E3
	blackFlag    = 0x1F3F4
	firstTag     = 0xE0020
	lastTag      = 0xE007E
	endTag       = 0xE007F
	firstTone    = 0x1F3FB
	lastTone     = 0x1F3FF
	firstLetterA = 0x1F1E6 // of the pairs that make flags
	lastLetterZ  = 0x1F1FF
)

// cutEmoji takes one emoji off the front of r.
func cutEmoji(r []rune) (rest []rune, ok bool) {
	switch {
	case isRegion(r[0]):
		if len(r) < 2 || !isRegion(r[1]) {
			return r, false
		}
		return r[2:], true
	case r[0] == '#' || r[0] == '*' || r[0] >= '0' && r[0] <= '9':
		return cutKeyCap(r[1:])
	}
	for {
		if rest, ok = cutPicture(r); !ok {
			return r, false
		}
		if len(rest) < 2 || rest[0] != joiner {
			return rest, true
		}
		r = rest[1:]
	}
}

func isRegion(r rune) bool { return r >= firstLetterA && r <= lastLetterZ }

func cutKeyCap(r []rune) ([]rune, bool) {
	if len(r) > 0 && r[0] == emojiStyle {
		r = r[1:]
	}
	if len(r) == 0 || r[0] != keyCap {
		return r, false
	}
	return r[1:], true
}

// cutPicture takes one picture with its selector, tone and tags.
func cutPicture(r []rune) ([]rune, bool) {
	if !isPicture(r[0]) {
		return r, false
	}
	flag := r[0] == blackFlag
	r = r[1:]
	for len(r) > 0 && (r[0] == emojiStyle || r[0] == textStyle || r[0] >= firstTone && r[0] <= lastTone) {
		r = r[1:]
	}
	if !flag || len(r) == 0 || r[0] < firstTag || r[0] > lastTag {
		return r, true
	}
	for len(r) > 0 && r[0] >= firstTag && r[0] <= lastTag {
		r = r[1:]
	}
	if len(r) == 0 || r[0] != endTag {
		return r, false
	}
	return r[1:], true
}

// isPicture is a little wider than Unicode's property Emoji: it takes whole
// blocks, so that next year's emoji pass too.
func isPicture(r rune) bool {
	switch r {
	case 0xA9, 0xAE, 0x203C, 0x2049, 0x2122, 0x2139, 0x3030, 0x303D, 0x3297, 0x3299:
		return true
	}
	return r >= 0x2190 && r <= 0x21FF || r >= 0x2300 && r <= 0x23FF || r == 0x24C2 ||
		r >= 0x25A0 && r <= 0x27BF || r >= 0x2900 && r <= 0x297F || r >= 0x2B00 && r <= 0x2BFF ||
		r >= 0x1F000 && r <= 0x1FAFF && !isRegion(r)
}
