package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"minichat/internal/auth"
	"minichat/internal/config"
)

type inviteWords struct {
	New inviteNew `cmd:"" help:"Make a link that lets people in. It is printed this once."`
}

type inviteNew struct {
	besides
	PublicURL string `env:"MINICHAT_PUBLIC_URL" placeholder:"URL" help:"What the link begins with; the running server's address when left out."`
	Uses      int64  `default:"1" help:"How many people it lets in (${default})."`
	Expires   string `default:"7d" placeholder:"TIME" help:"How long it works: 30m, 12h, 7d (${default})."`
}

// Run prints a new invite's link, and nothing else, on standard output.
func (c *inviteNew) Run(w *world) error {
	cfg, err := c.Place.Check(config.Address{Listen: ":8000", PublicURL: c.PublicURL})
	if err != nil {
		return err
	}
	base := cfg.Base()
	if _, running := readHolder(cfg.Data); c.PublicURL == "" && running != "" {
		base = running
	}
	lasts, err := duration(c.Expires)
	if err != nil {
		return fmt.Errorf("--expires: %q is no time; use 30m, 12h or 7d", c.Expires)
	}
	if c.Uses < 1 {
		return fmt.Errorf("--uses: %d is below 1", c.Uses)
	}
	seconds := int64(lasts / time.Second)
	return c.withAuth(w, func(ctx context.Context, a *auth.Auth) error {
		invite, secret, err := a.AddInvite(ctx, auth.NewInvite{Uses: &c.Uses, ExpiresS: &seconds})
		if err != nil {
			return err
		}
		w.say("An invite for %d, until %s.", invite.Uses, time.UnixMilli(invite.ExpiresAt).Format(time.RFC1123))
		_, err = fmt.Fprintf(w.stdout, "%s/#join=%s\n", base, secret)
		return err
	})
}

// duration reads Go's durations, and days.
func duration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil || n == 0 {
			return 0, fmt.Errorf("%q is no number of days", days)
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	d, err := time.ParseDuration(s)
	if err == nil && d < time.Second {
		err = fmt.Errorf("%v is too short", d)
	}
	return d, err
}
