package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"

	"minichat"
	"minichat/internal/auth"
)

type userWords struct {
	Add      userAdd      `cmd:"" help:"Add somebody, also to the channel that every new person joins."`
	List     userList     `cmd:"" help:"List everybody: handle, role, name."`
	Disable  userDisable  `cmd:"" help:"Keep somebody out: open connections close within a second."`
	Enable   userEnable   `cmd:"" help:"Let somebody in again who was disabled."`
	Password userPassword `cmd:"" help:"Set somebody's password. All sessions of that person end."`
}

type userAdd struct {
	besides
	Name          string `arg:"" help:"The handle: a-z 0-9 . _ - and at most 32 of them."`
	Role          string `enum:"owner,admin,member" default:"member" help:"owner, admin or member (${default})."`
	FullName      string `name:"name" placeholder:"NAME" help:"The name that others see; the handle when left out."`
	PasswordStdin bool   `help:"Read the password from standard input: one line."`
}

// Run adds a person.
func (c *userAdd) Run(w *world) error {
	password := ""
	if c.PasswordStdin || isTerminal(w.stdin) {
		var err error
		if password, err = readPassword(w, c.PasswordStdin, "Password for "+c.Name+" (empty: none): "); err != nil {
			return err
		}
	}
	return c.withAuth(w, func(ctx context.Context, a *auth.Auth) error {
		u, err := a.AddUser(ctx, auth.Person{Handle: c.Name, Name: c.FullName, Password: password}, minichat.Role(c.Role))
		if err != nil {
			return err
		}
		w.say("Added %s (%s).", u.Handle, u.Role)
		if password == "" {
			w.say("Without a password nobody can sign in as %s; a token works: minichat token new %s. Set one with: minichat user password %s", u.Handle, u.Handle, u.Handle)
		}
		return nil
	})
}

type userList struct{ besides }

// Run lists everybody on standard output.
func (c *userList) Run(w *world) error {
	return c.withAuth(w, func(ctx context.Context, a *auth.Auth) error {
		people, err := a.ListUsers(ctx)
		if err != nil {
			return err
		}
		t := tabwriter.NewWriter(w.stdout, 0, 0, 2, ' ', 0)
		for _, u := range people {
			state := ""
			if u.Disabled {
				state = "disabled"
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", u.Handle, u.Role, u.Name, state)
		}
		return t.Flush()
	})
}

type userDisable struct {
	besides
	Name string `arg:"" help:"The handle."`
}

// Run disables a person.
func (c *userDisable) Run(w *world) error {
	return c.withAuth(w, func(ctx context.Context, a *auth.Auth) error {
		if err := a.Disable(ctx, c.Name); err != nil {
			return err
		}
		w.say("Disabled %s.", c.Name)
		return nil
	})
}

type userEnable struct {
	besides
	Name string `arg:"" help:"The handle."`
}

// Run lets a person in again.
func (c *userEnable) Run(w *world) error {
	return c.withAuth(w, func(ctx context.Context, a *auth.Auth) error {
		if err := a.Enable(ctx, c.Name); err != nil {
			return err
		}
		w.say("Enabled %s.", c.Name)
		return nil
	})
}

type userPassword struct {
	besides
	Name          string `arg:"" help:"The handle."`
	PasswordStdin bool   `help:"Read the password from standard input: one line."`
}

// Run sets a password.
func (c *userPassword) Run(w *world) error {
	password, err := readPassword(w, c.PasswordStdin, "New password for "+c.Name+": ")
	if err != nil {
		return err
	}
	return c.withAuth(w, func(ctx context.Context, a *auth.Auth) error {
		if err := a.SetPassword(ctx, c.Name, password); err != nil {
			return err
		}
		w.say("Set the password of %s; all sessions have ended.", c.Name)
		return nil
	})
}

func isTerminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// readPassword reads one line: from a program when fromProgram is set, else from
// the person at the terminal, without showing it.
func readPassword(w *world, fromProgram bool, prompt string) (string, error) {
	if fromProgram {
		line, err := bufio.NewReader(w.stdin).ReadString('\n')
		line = strings.TrimRight(line, "\r\n")
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the password: %w", err)
		}
		if line == "" {
			return "", errors.New("there was no password on standard input. Write one line to it")
		}
		return line, nil
	}
	if !isTerminal(w.stdin) {
		return "", errors.New("there is no terminal to ask for the password. Use --password-stdin and write one line to standard input")
	}
	fmt.Fprint(w.stderr, prompt)
	b, err := term.ReadPassword(int(w.stdin.(*os.File).Fd()))
	w.say("")
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return string(b), nil
}
