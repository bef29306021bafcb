package main

import (
	"fmt"
	"slices"
	"strings"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints a script that completes the commands and flags of this very program.
func (c *completionCommand) Run(w *world) error {
	write := map[string]func([]spot) string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}[c.Shell]
	_, err := fmt.Fprint(w.stdout, write(spots(w.root)))
	return err
}

// spot is a place on the command line: after which words, and what may follow.
type spot struct {
	path   string // "user add"; "" is the program itself
	words  []*word
	flags  []*setting
	values []string // of the first argument that is one of a few
}

// spots is w and everything below it.
func spots(w *word) []spot {
	at := spot{path: w.path, flags: slices.Clone(w.flags)}
	if w.unsaid != nil { // its flags work without its word
		at.flags = append(at.flags, w.unsaid.flags...)
	}
	if len(w.args) > 0 {
		at.values = w.args[0].enum
	}
	var below []spot
	for _, inner := range w.words {
		if inner.hidden {
			continue
		}
		at.words = append(at.words, inner)
		below = append(below, spots(inner)...)
	}
	return append([]spot{at}, below...)
}

// short is the first sentence of a help text.
func short(help string) string {
	first, _, _ := strings.Cut(help, ". ")
	return strings.TrimSuffix(first, ".")
}

// quoted is s for a shell, between single quotes.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// quotedFish is s for fish, where a backslash counts between single quotes.
func quotedFish(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}

// paths is every place but the first, as patterns of a shell's case.
func paths(all []spot) string {
	var names []string
	for _, s := range all[1:] {
		names = append(names, quoted(s.path))
	}
	return strings.Join(names, "|")
}

func bashCompletion(all []spot) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Completion of minichat for bash; made by: minichat completion bash
_minichat() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path= words= flags= word next
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    next=${path:+$path }$word
    case $next in %s) path=$next ;; esac
  done
  case "$path $prev" in
`, paths(all))
	for _, s := range all {
		for _, f := range s.flags {
			if f.enum != nil {
				fmt.Fprintf(&b, "    %s) COMPREPLY=($(compgen -W %s -- \"$cur\")); return ;;\n", quoted(s.path+" --"+f.name), quoted(strings.Join(f.enum, " ")))
			} else if !f.isBool() {
				fmt.Fprintf(&b, "    %s) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n", quoted(s.path+" --"+f.name))
			}
		}
	}
	b.WriteString("  esac\n  case $path in\n")
	for _, s := range all {
		words, flags := slices.Clone(s.values), []string{}
		for _, n := range s.words {
			words = append(words, n.name)
		}
		for _, f := range s.flags {
			flags = append(flags, "--"+f.name)
		}
		fmt.Fprintf(&b, "    %s) words=%s flags=%s ;;\n", quoted(s.path), quoted(strings.Join(words, " ")), quoted(strings.Join(flags, " ")))
	}
	b.WriteString(`  esac
  case $cur in -*) words=$flags ;; esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _minichat minichat
`)
	return b.String()
}

func zshCompletion(all []spot) string {
	var b strings.Builder
	fmt.Fprintf(&b, `#compdef minichat
# Completion of minichat for zsh; made by: minichat completion zsh
_minichat() {
  local at= word next
  local -a choices flags
  for word in "${(@)words[2,CURRENT-1]}"; do
    next="${at:+$at }$word"
    case $next in %s) at=$next ;; esac
  done
  case "$at ${words[CURRENT-1]}" in
`, strings.ReplaceAll(paths(all), " ", "\\ "))
	for _, s := range all {
		for _, f := range s.flags {
			if f.enum != nil {
				fmt.Fprintf(&b, "    %s) compadd -- %s; return ;;\n", quoted(s.path+" --"+f.name), strings.Join(f.enum, " "))
			} else if !f.isBool() {
				fmt.Fprintf(&b, "    %s) _files; return ;;\n", quoted(s.path+" --"+f.name))
			}
		}
	}
	b.WriteString("  esac\n  case $at in\n")
	described := func(name, help string) string {
		return " " + quoted(strings.ReplaceAll(name, ":", `\:`)+":"+short(help))
	}
	for _, s := range all {
		fmt.Fprintf(&b, "    %s)\n      choices=(", quoted(s.path))
		for _, v := range s.values {
			b.WriteString(" " + quoted(v))
		}
		for _, n := range s.words {
			b.WriteString(described(n.name, n.help))
		}
		b.WriteString(" )\n      flags=(")
		for _, f := range s.flags {
			b.WriteString(described("--"+f.name, f.help))
		}
		b.WriteString(" ) ;;\n")
	}
	b.WriteString(`  esac
  if [[ $PREFIX == -* ]]; then
    _describe flag flags
  elif (( $#choices )); then
    _describe command choices
  else
    _files
  fi
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _minichat "$@"; else compdef _minichat minichat; fi
`)
	return b.String()
}

func fishCompletion(all []spot) string {
	var b strings.Builder
	b.WriteString("# Completion of minichat for fish; made by: minichat completion fish\nfunction __minichat_at\n  set -l at ''\n")
	b.WriteString("  for word in (commandline -opc)[2..-1]\n    set -l next (string trim -- \"$at $word\")\n    switch $next\n      case")
	for _, s := range all[1:] {
		b.WriteString(" " + quotedFish(s.path))
	}
	b.WriteString("\n        set at $next\n    end\n  end\n  test \"$at\" = \"$argv[1]\"\nend\n")
	for _, s := range all {
		here := "complete -c minichat -n " + quotedFish("__minichat_at "+quotedFish(s.path))
		for _, v := range s.values {
			fmt.Fprintf(&b, "%s -f -a %s\n", here, v)
		}
		for _, n := range s.words {
			fmt.Fprintf(&b, "%s -f -a %s -d %s\n", here, n.name, quotedFish(short(n.help)))
		}
		for _, f := range s.flags {
			fmt.Fprintf(&b, "%s -l %s -d %s", here, f.name, quotedFish(short(f.help)))
			switch {
			case f.enum != nil:
				fmt.Fprintf(&b, " -x -a %s", quotedFish(strings.Join(f.enum, " ")))
			case !f.isBool():
				b.WriteString(" -r")
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}
