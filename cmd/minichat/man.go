package main

import (
	"fmt"
	"strings"
)

type manCommand struct{}

// Run prints the manual page, which is made of what --help is made of.
func (manCommand) Run(w *world) error {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH MINICHAT 1 \"\" %s \"User commands\"\n", roffQuoted("minichat "+versionName()))
	b.WriteString(".SH NAME\nminichat \\- group chat with file sharing in one program\n")
	b.WriteString(".SH SYNOPSIS\n.B minichat\n[\\fICOMMAND\\fR] [\\fIFLAGS\\fR]\n")
	fmt.Fprintf(&b, ".SH DESCRIPTION\n%s\n.PP\nFlags may stand before or after the words of a command. Each setting of the server is also a variable of the environment; a flag wins.\n", roff(w.root.help))
	b.WriteString(".SH COMMANDS\n")
	manCommands(&b, w.root)
	b.WriteString(".SH EXIT STATUS\n0: it worked. 1: it failed, and a sentence on standard error says why. 2: the command line cannot be understood.\n")
	b.WriteString(".SH FILES\n")
	for _, f := range [][2]string{
		{"/etc/minichat/minichat.env", "the settings of the service, where it was installed by a package"},
		{"/var/lib/minichat", "its data"},
	} {
		fmt.Fprintf(&b, ".TP\n.I %s\n%s\n", f[0], f[1])
	}
	b.WriteString(".SH SEE ALSO\n.BR systemctl (1),\n.BR journalctl (1)\n")
	_, err := fmt.Fprint(w.stdout, b.String())
	return err
}

// manCommands writes every command below w.
func manCommands(b *strings.Builder, w *word) {
	for _, leaf := range w.leaves() {
		fmt.Fprintf(b, ".SS %s\n%s\n", roffQuoted(leaf.path), roff(leaf.help))
		for _, s := range leaf.args {
			fmt.Fprintf(b, ".TP\n.I %s\n%s\n", roff(strings.ToUpper(s.name)), roff(s.help))
		}
		for _, s := range leaf.flags {
			fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(s.form()), roff(s.help))
			if s.env != "" {
				fmt.Fprintf(b, "Environment: %s.\n", roff(s.env))
			}
		}
	}
}

// roff is text for the page: no character of it is an instruction.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "\n", " ").Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	var b strings.Builder
	for _, r := range s {
		if r < 128 {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\[u%04X]`, r)
		}
	}
	return b.String()
}

func roffQuoted(s string) string { return `"` + strings.ReplaceAll(roff(s), `"`, `\(dq`) + `"` }
