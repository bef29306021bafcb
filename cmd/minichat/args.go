package main

import (
	"fmt"
	"strings"
)

// wordsFirst moves the flags behind the words, so that a command's own flags may
// also stand before its name. "--" and what follows it stay at the end.
func wordsFirst(w *word, args []string) ([]string, error) {
	takesValue := map[string]bool{"-h": false, "--help": false}
	w.collect(takesValue)
	var names, flags, rest []string
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
			rest = args[i:]
			i = len(args)
		case !strings.HasPrefix(a, "-") || a == "-":
			names = append(names, a)
		default:
			name, _, _ := strings.Cut(a, "=")
			value, known := takesValue[name]
			if !known {
				return nil, fmt.Errorf("there is no flag %s", name)
			}
			flags = append(flags, a)
			if value && a == name && i+1 < len(args) {
				i++
				flags = append(flags, args[i])
			}
		}
	}
	return append(append(names, flags...), rest...), nil
}

// collect notes every flag, as written, and whether its value follows it.
func (w *word) collect(takesValue map[string]bool) {
	for _, s := range w.flags {
		takesValue["--"+s.name] = !s.isBool()
	}
	for _, inner := range w.words {
		inner.collect(takesValue)
	}
}
