package main

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/pflag"
)

// A command is a struct with a method Run: its fields are its flags, in the order
// of --help. Tags say more:
//
//	cmd:""          the field is a command, or a group of them
//	arg:""          it is an argument, which must be given
//	help:"…"        what it is for; ${default} stands for its default
//	default:"…"     its value when nothing is given; of a command: the word may be left out
//	env:"…"         the variable of the environment that is asked before the default
//	placeholder:"…" what stands for the value in --help
//	enum:"a,b"      the only values
//	name:"…"        its name, where that is not the field's
//	hidden:""       --help does not show it
//
// Nothing here looks up a method by its name: that would keep the linker from
// leaving out what nobody calls, a fifth of the program.

// word is a command, or a group of them.
type word struct {
	name, help string
	hidden     bool
	path       string // "user add"; "" is the program itself
	words      []*word
	unsaid     *word // of words: what is meant when none is given
	args       []*setting
	flags      []*setting
	set        *pflag.FlagSet     // the flags, as they are read
	run        func(*world) error // nil: a group
}

// setting is a flag or an argument.
type setting struct {
	name, help, placeholder, env string
	enum                         []string
	value                        pflag.Value
}

// isBool reports whether the flag stands without a value.
func (s *setting) isBool() bool { return s.value.Type() == "bool" }

// newWord makes a word of a struct; command is a pointer to it.
func newWord(name, path string, tag reflect.StructTag, command any) *word {
	_, hidden := tag.Lookup("hidden")
	w := &word{name: name, path: path, help: tag.Get("help"), hidden: hidden, set: newSet()}
	if c, ok := command.(interface{ Run(*world) error }); ok {
		w.run = c.Run
	}
	w.take(reflect.ValueOf(command).Elem())
	return w
}

// take adds the fields of a struct.
func (w *word) take(fields reflect.Value) {
	for i := range fields.NumField() {
		f, at := fields.Type().Field(i), fields.Field(i)
		if !f.IsExported() && !f.Anonymous {
			continue // the command's own
		}
		name := f.Tag.Get("name")
		if name == "" {
			name = dashed(f.Name)
		}
		_, isWord := f.Tag.Lookup("cmd")
		_, isArg := f.Tag.Lookup("arg")
		switch {
		case isWord:
			inner := newWord(name, strings.TrimSpace(w.path+" "+name), f.Tag, at.Addr().Interface())
			w.words = append(w.words, inner)
			if _, ok := f.Tag.Lookup("default"); ok {
				w.unsaid = inner
			}
		case f.Anonymous:
			w.take(at)
		case isArg:
			w.args = append(w.args, newSetting(newSet(), name, f.Tag, at.Addr().Interface()))
		default:
			w.flags = append(w.flags, newSetting(w.set, name, f.Tag, at.Addr().Interface()))
		}
	}
}

func newSet() *pflag.FlagSet {
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	set.Usage = func() {} // --help is answered before
	return set
}

// newSetting makes one of a field, puts the default there and adds it to set.
func newSetting(set *pflag.FlagSet, name string, tag reflect.StructTag, field any) *setting {
	s := &setting{name: name, placeholder: tag.Get("placeholder"), env: tag.Get("env"), value: valueIn(set, name, field)}
	if enum := tag.Get("enum"); enum != "" {
		s.enum = strings.Split(enum, ",")
	}
	standard, ok := tag.Lookup("default")
	if ok {
		if err := s.value.Set(standard); err != nil {
			panic(fmt.Sprintf("the default of %s: %v", name, err))
		}
	}
	s.help = strings.ReplaceAll(tag.Get("help"), "${default}", standard)
	return s
}

// valueIn adds a field to set and is what reads it.
func valueIn(set *pflag.FlagSet, name string, field any) pflag.Value {
	switch p := field.(type) {
	case *string:
		set.StringVar(p, name, "", "")
	case *bool:
		set.BoolVar(p, name, false, "")
	case *int:
		set.IntVar(p, name, 0, "")
	case *int64:
		set.Int64Var(p, name, 0, "")
	case *float64:
		set.Float64Var(p, name, 0, "")
	case *time.Duration:
		set.DurationVar(p, name, 0, "")
	case *[]string:
		set.StringSliceVar(p, name, nil, "")
	default:
		panic(fmt.Sprintf("a flag cannot be a %T", field))
	}
	return set.Lookup(name).Value
}

// dashed is the name of a field as flags are written: PublicURL is public-url.
func dashed(name string) string {
	var b strings.Builder
	lower := false // the letter before
	for _, r := range name {
		if unicode.IsUpper(r) && lower {
			b.WriteByte('-')
		}
		lower = unicode.IsLower(r)
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// parse finds out what args ask for and fills in its fields, or gives the text for
// --help and no command.
func (w *word) parse(args []string) (chosen *word, help string, err error) {
	if args, err = wordsFirst(w, args); err != nil {
		return nil, "", err
	}
	for len(w.words) > 0 {
		switch {
		case len(args) > 0 && !strings.HasPrefix(args[0], "-"):
			inner := w.find(args[0])
			if inner == nil {
				return nil, "", fmt.Errorf("there is no command %q%s", strings.TrimSpace(w.path+" "+args[0]), w.meant(args[0]))
			}
			w, args = inner, args[1:]
		case asksHelp(args):
			return nil, w.usage(), nil
		case w.unsaid == nil:
			return nil, "", fmt.Errorf("%s needs one more word: %s", w.path, strings.Join(w.names(), ", "))
		default:
			w = w.unsaid
		}
	}
	if asksHelp(args) {
		return nil, w.usage(), nil
	}
	return w, "", w.fill(args)
}

func asksHelp(args []string) bool {
	for _, a := range args {
		switch a {
		case "--":
			return false
		case "-h", "--help":
			return true
		}
	}
	return false
}

func (w *word) find(name string) *word {
	if i := slices.IndexFunc(w.words, func(inner *word) bool { return inner.name == name }); i >= 0 {
		return w.words[i]
	}
	return nil
}

// meant guesses which word was meant: the first that begins the same.
func (w *word) meant(name string) string {
	for _, inner := range w.words {
		if !inner.hidden && len(name) >= 2 && strings.HasPrefix(inner.name, name[:2]) {
			return fmt.Sprintf("; did you mean %q", strings.TrimSpace(w.path+" "+inner.name))
		}
	}
	return ""
}

// names are the words that --help shows.
func (w *word) names() (list []string) {
	for _, inner := range w.words {
		if !inner.hidden {
			list = append(list, inner.name)
		}
	}
	return list
}

// fill sets the fields of a command: from args, else from the environment.
func (w *word) fill(args []string) error {
	if err := w.set.Parse(args); err != nil {
		return err
	}
	for _, s := range w.flags {
		if text, ok := os.LookupEnv(s.env); ok && s.env != "" && !w.set.Changed(s.name) {
			if err := s.value.Set(text); err != nil {
				return fmt.Errorf("%s=%q: %w", s.env, text, err)
			}
		}
	}
	given := w.set.Args()
	for i, s := range w.args {
		if i == len(given) {
			return fmt.Errorf("%s needs <%s>: %s", w.path, s.name, s.help)
		}
		if err := s.value.Set(given[i]); err != nil {
			return fmt.Errorf("<%s>: %w", s.name, err)
		}
	}
	if len(given) > len(w.args) {
		return fmt.Errorf("%s does not take %q", w.path, given[len(w.args)])
	}
	for _, s := range w.flags {
		if err := s.check("--" + s.name); err != nil {
			return err
		}
	}
	for _, s := range w.args {
		if err := s.check("<" + s.name + ">"); err != nil {
			return err
		}
	}
	return nil
}

// check refuses a value that is none of the few that there are.
func (s *setting) check(as string) error {
	if s.enum == nil || slices.Contains(s.enum, s.value.String()) {
		return nil
	}
	return fmt.Errorf("%s: %q is none of %s", as, s.value.String(), strings.Join(s.enum, ", "))
}
