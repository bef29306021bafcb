package main

import (
	"strings"

	"github.com/alecthomas/kong"
)

// wordsFirst moves the flags behind the words, so that a command's own flags may
// also stand before its name. "--" and what follows it stay at the end.
func wordsFirst(model *kong.Application, args []string) []string {
	takesValue := map[string]bool{}
	collect(model.Node, takesValue)
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
			flags = append(flags, a)
			if takesValue[a] && i+1 < len(args) {
				i++
				flags = append(flags, args[i])
			}
		}
	}
	return append(append(names, flags...), rest...)
}

// collect notes every flag, as written, that is followed by its value.
func collect(n *kong.Node, takesValue map[string]bool) {
	for _, f := range n.Flags {
		if !f.IsBool() {
			takesValue["--"+f.Name] = true
		}
	}
	for _, child := range n.Children {
		collect(child, takesValue)
	}
}
