package minichat

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Skeleton returns what is left of a name when looks alone count: two names with
// the same skeleton can be taken for each other. It is compared, never shown.
func Skeleton(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = norm.NFKD.String(strings.ToLower(norm.NFKD.String(s))) // full-width, mathematical and ligated letters
	var b strings.Builder
	for _, r := range s {
		switch {
		case isInvisible(r):
		case alike[r] != 0:
			b.WriteRune(alike[r])
		default:
			b.WriteRune(r)
		}
	}
	return norm.NFC.String(b.String())
}

// alike maps lower-case letters, without their marks, to the Latin letter that they look like. Names
// of one alphabet alone pass CheckName, so only whole words of these matter.
var alike = map[rune]rune{
	// Digits and signs.
	'0': 'o', '1': 'l', '|': 'l', '$': 's', 'ı': 'i', 'ȷ': 'j', 'ɑ': 'a', 'ɡ': 'g', 'ɩ': 'i', 'ʟ': 'l', 'ɴ': 'n',
	'ꜱ': 's', 'ᴀ': 'a', 'ᴄ': 'c', 'ᴅ': 'd', 'ᴇ': 'e', 'ᴍ': 'm', 'ᴏ': 'o', 'ᴜ': 'u', 'ᴠ': 'v', 'ᴡ': 'w', 'ᴢ': 'z', 'ʏ': 'y', 'ʀ': 'r', 'ɪ': 'i',
	// Cyrillic.
	'а': 'a', 'в': 'b', 'ѵ': 'v', 'г': 'r', 'ԁ': 'd', 'е': 'e', 'һ': 'h', 'і': 'i', 'ј': 'j', 'к': 'k', 'ӏ': 'l',
	'м': 'm', 'н': 'h', 'п': 'n', 'о': 'o', 'р': 'p', 'ԛ': 'q', 'ѕ': 's', 'с': 'c', 'т': 't', 'у': 'y', 'ү': 'y', 'ԝ': 'w', 'х': 'x', 'ѡ': 'w', 'ь': 'b', 'ʙ': 'b',
	// Greek.
	'α': 'a', 'β': 'b', 'γ': 'y', 'ε': 'e', 'η': 'n', 'ι': 'i', 'κ': 'k', 'μ': 'u', 'ν': 'v', 'ο': 'o', 'ρ': 'p', 'σ': 'o',
	'ς': 'c', 'τ': 't', 'υ': 'u', 'χ': 'x', 'ω': 'w', 'ϲ': 'c', 'ϳ': 'j',
	// Armenian.
	'օ': 'o', 'ո': 'n', 'ս': 'u', 'հ': 'h', 'ց': 'g', 'զ': 'q', 'լ': 'l', 'ա': 'w',
	// Cherokee small letters and Lisu capitals, which have no lower case.
	'ꭺ': 'a', 'ꭼ': 'e', 'ꭰ': 'd', 'ꮃ': 'w', 'ꮇ': 'm', 'ꮍ': 'y', 'ꭵ': 'i', 'ꮪ': 's', 'ꮯ': 'c', 'ꮲ': 'p', 'ꮮ': 'l',
	'ꓐ': 'b', 'ꓑ': 'p', 'ꓓ': 'd', 'ꓔ': 't', 'ꓖ': 'g', 'ꓗ': 'k', 'ꓙ': 'j', 'ꓚ': 'c', 'ꓜ': 'z', 'ꓝ': 'f', 'ꓟ': 'm', 'ꓠ': 'n', 'ꓡ': 'l',
	'ꓢ': 's', 'ꓣ': 'r', 'ꓦ': 'v', 'ꓧ': 'h', 'ꓪ': 'w', 'ꓫ': 'x', 'ꓬ': 'y', 'ꓮ': 'a', 'ꓰ': 'e', 'ꓲ': 'i', 'ꓳ': 'o', 'ꓴ': 'u',
}

// families are the scripts that one name may hold together.
var families = [][]*unicode.RangeTable{
	{unicode.Latin, unicode.Han, unicode.Hiragana, unicode.Katakana},
	{unicode.Latin, unicode.Han, unicode.Hangul},
	{unicode.Latin, unicode.Han, unicode.Bopomofo},
}

// mixesScripts says whether the letters of s belong to no one script or family.
func mixesScripts(s string) bool {
	for _, f := range families {
		if allIn(s, f...) {
			return false
		}
	}
	for _, r := range s {
		if unicode.IsLetter(r) && !unicode.Is(unicode.Common, r) {
			return !allIn(s, scriptOf(r))
		}
	}
	return false
}

func allIn(s string, scripts ...*unicode.RangeTable) bool {
	for _, r := range s {
		if unicode.IsLetter(r) && !unicode.In(r, scripts...) && !unicode.In(r, unicode.Common, unicode.Inherited) {
			return false
		}
	}
	return true
}

func scriptOf(r rune) *unicode.RangeTable {
	for _, t := range unicode.Scripts {
		if unicode.Is(t, r) {
			return t
		}
	}
	return unicode.Common
}

// hidesSomething finds characters without ink where they do no work. A joiner
// works between the parts of an emoji and in scripts that join letters, a
// selector after the sign whose look it selects.
func hidesSomething(s string) bool {
	before := rune(' ')
	for _, r := range s {
		if isInvisible(r) && !worksAfter(r, before) {
			return true
		}
		before = r
	}
	return false
}

func worksAfter(r, before rune) bool {
	switch r {
	case 0x200C, joiner:
		letter := unicode.In(before, unicode.L, unicode.M) && !isInvisible(before)
		return isPicture(before) || before == emojiStyle ||
			letter && !unicode.In(before, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Han, unicode.Inherited)
	case emojiStyle, textStyle:
		return isPicture(before) || before >= '0' && before <= '9' || before == '#' || before == '*'
	}
	return false
}
