package protocol

import (
	"strconv"
	"unicode/utf8"
)

const hex = "0123456789abcdef"

// appendString appends s as a JSON string. Bytes that are not UTF-8 become
// U+FFFD, so that the output is always valid.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(append(dst, s[from:i]...), "\uFFFD"...)
				from = i + 1
			}
			i += size
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = appendEscape(append(dst, s[from:i]...), c)
		i++
		from = i
	}
	return append(append(dst, s[from:]...), '"')
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}

// The field functions append ,"name":value. name is written as it is.

func appendName(dst []byte, name string) []byte {
	return append(append(append(dst, `,"`...), name...), `":`...)
}

func appendStringField(dst []byte, name, value string) []byte {
	return appendString(appendName(dst, name), value)
}

func appendIntField(dst []byte, name string, value int64) []byte {
	return strconv.AppendInt(appendName(dst, name), value, 10)
}

func appendBoolField(dst []byte, name string, value bool) []byte {
	return strconv.AppendBool(appendName(dst, name), value)
}

func appendListField(dst []byte, name string, list []string) []byte {
	return appendStrings(appendName(dst, name), list)
}

func appendStrings(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, s)
	}
	return append(dst, ']')
}

// Those that leave out what is empty.

func appendStringIf(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	return appendStringField(dst, name, value)
}

func appendIntIf(dst []byte, name string, value int64) []byte {
	if value == 0 {
		return dst
	}
	return appendIntField(dst, name, value)
}

func appendTrueIf(dst []byte, name string, value bool) []byte {
	if !value {
		return dst
	}
	return appendBoolField(dst, name, true)
}

func appendListIf(dst []byte, name string, list []string) []byte {
	if len(list) == 0 {
		return dst
	}
	return appendListField(dst, name, list)
}
