package main

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"

	"minichat/internal/config"
)

// How much of one value the log takes. What is wrong is told longer than what
// strangers sent.
const (
	mostOfValue = 256
	mostOfFault = 4096
)

// newLog writes lines that stay lines: what is in them neither begins another
// nor steers the terminal of who reads it.
func newLog(cfg *config.Config, to io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{ReplaceAttr: tame}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(to, o))
	}
	return slog.New(slog.NewTextHandler(to, o))
}

// tame makes texts short and plain. Numbers, times and levels are so.
func tame(_ []string, a slog.Attr) slog.Attr {
	most := mostOfValue
	switch a.Key {
	case "err", "error", "stack", "panic", slog.MessageKey:
		most = mostOfFault
	}
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(plain(a.Value.String(), most))
	case slog.KindAny:
		switch v := a.Value.Any().(type) {
		case error:
			a.Value = slog.StringValue(plain(v.Error(), most))
		case fmt.Stringer:
			if _, level := v.(slog.Level); !level {
				a.Value = slog.StringValue(plain(v.String(), most))
			}
		}
	}
	return a
}

// plain cuts s and spells what cannot be seen. Line breaks stay for a stack: both
// formats escape them.
func plain(s string, most int) string {
	cut := len(s) > most
	if cut {
		s = strings.ToValidUTF8(s[:most], "")
	}
	if strings.IndexFunc(s, unseen) >= 0 || !utf8.ValidString(s) {
		var b strings.Builder
		for _, r := range s {
			if unseen(r) {
				fmt.Fprintf(&b, "\\u%04x", r)
				continue
			}
			b.WriteRune(r)
		}
		s = b.String()
	}
	if cut {
		s += "…"
	}
	return s
}

// unseen are control and direction characters, but for those that the formats
// themselves escape.
func unseen(r rune) bool {
	return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029')
}
