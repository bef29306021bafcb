package main

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	helpWidth  = 80
	helpIndent = 32 // of what a flag is for
)

// usage is what --help prints of a word.
func (w *word) usage() string {
	var b strings.Builder
	b.WriteString("Usage: minichat")
	if w.path != "" {
		b.WriteString(" " + w.path)
	}
	for _, s := range w.args {
		fmt.Fprintf(&b, " <%s>", s.name)
	}
	if len(w.words) > 0 {
		b.WriteString(" <command>")
	}
	fmt.Fprintf(&b, " [flags]\n\n%s\n", wrapped(w.help, 0))
	if len(w.args) > 0 {
		b.WriteString("\nArguments:\n")
		for _, s := range w.args {
			b.WriteString(row("<"+s.name+">", s.help, helpIndent))
		}
	}
	if len(w.words) > 0 {
		b.WriteString("\nCommands:\n")
		for _, leaf := range w.leaves() {
			b.WriteString(row(leaf.path, leaf.help, 19))
		}
	}
	b.WriteString("\nFlags:\n" + row("-h, --help", "Show this.", helpIndent))
	for _, s := range w.flags {
		help := s.help
		if s.env != "" {
			help = strings.TrimSuffix(help, ".") + " ($" + s.env + ")."
		}
		b.WriteString(row(s.form(), help, helpIndent))
	}
	if len(w.words) > 0 {
		fmt.Fprintf(&b, "\nMore of a command: minichat %s --help\n", strings.TrimSpace(w.path+" <command>"))
	}
	return b.String()
}

// leaves are the commands below w that --help shows.
func (w *word) leaves() (list []*word) {
	for _, inner := range w.words {
		switch {
		case inner.hidden:
		case len(inner.words) > 0:
			list = append(list, inner.leaves()...)
		default:
			list = append(list, inner)
		}
	}
	return list
}

// form is a flag with what follows it.
func (s *setting) form() string {
	switch {
	case s.isBool():
		return "--" + s.name
	case s.placeholder != "":
		return "--" + s.name + " " + s.placeholder
	case s.enum != nil:
		return "--" + s.name + " " + strings.Join(s.enum, "|")
	}
	return "--" + s.name + " " + strings.ToUpper(s.name)
}

// row is a name and its text beside it, or below it where it is long.
func row(name, text string, indent int) string {
	name = "  " + name
	text = wrapped(text, indent)
	if pad := indent - utf8.RuneCountInString(name); pad >= 2 {
		return name + strings.Repeat(" ", pad) + text + "\n"
	}
	return name + "\n" + strings.Repeat(" ", indent) + text + "\n"
}

// wrapped breaks text for a terminal; all lines but the first are indented.
func wrapped(text string, indent int) string {
	var b strings.Builder
	at := indent
	for i, piece := range strings.Fields(text) {
		n := utf8.RuneCountInString(piece)
		switch {
		case i == 0:
		case at+1+n > helpWidth:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			at = indent
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(piece)
		at += n
	}
	return b.String()
}
