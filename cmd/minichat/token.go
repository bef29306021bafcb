package main

import (
	"context"
	"fmt"

	"minichat/internal/auth"
)

type tokenWords struct {
	New tokenNew `cmd:"" help:"Make a bearer token for somebody. It is printed this once."`
}

type tokenNew struct {
	besides
	Name  string `arg:"" help:"The handle of somebody who is there already."`
	Label string `default:"command line" help:"What the token is called in the list of tokens (${default})."`
}

// Run prints a new token, and nothing else, on standard output.
func (c *tokenNew) Run(w *world) error {
	return c.withAuth(w, func(ctx context.Context, a *auth.Auth) error {
		secret, err := a.AddToken(ctx, c.Name, c.Label)
		if err != nil {
			return err
		}
		w.say("A token for %s. It is shown this once; whoever has it acts as %s.", c.Name, c.Name)
		_, err = fmt.Fprintln(w.stdout, secret)
		return err
	})
}
