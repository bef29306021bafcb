package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"minichat"
	"minichat/internal/auth"
	"minichat/internal/bench"
	"minichat/internal/config"
)

type benchCommand struct {
	Server      string  `placeholder:"URL" help:"A running server of yours, such as https://chat.example.org. Without it one is started on this machine, on a scratch folder."`
	Token       string  `placeholder:"TOKEN" help:"With --server: a bearer token (minichat token new NAME)."`
	Connections int     `default:"1000" placeholder:"N" help:"How many people watch the room (${default}); at most 10000."`
	Rate        float64 `default:"20" placeholder:"R" help:"Messages a second for the time that a delivery takes (${default}); at most 1000."`
	Seconds     int     `default:"5" placeholder:"S" help:"How long each load lasts (${default}); at most 60."`
}

func (c *benchCommand) check() error {
	switch {
	case c.Connections < 1 || c.Connections > 10_000:
		return errors.New("--connections is 1 to 10000: one program cannot be more people than that. Run it on several machines for more")
	case !(c.Rate >= .1 && c.Rate <= 1000):
		return errors.New("--rate is 0.1 to 1000 messages a second")
	case c.Seconds < 1 || c.Seconds > 60:
		return errors.New("--seconds is 1 to 60")
	case c.Server != "" && c.Token == "":
		return errors.New("--server needs a --token. Make one on the server: minichat token new NAME")
	case c.Server == "" && c.Token != "":
		return errors.New("--token goes with --server")
	}
	return nil
}

// Run measures a server and says in words what it can carry.
func (c *benchCommand) Run(w *world) (err error) {
	if err := c.check(); err != nil {
		return err
	}
	o := bench.Options{Server: c.Server, Token: c.Token, Connections: c.Connections, Rate: c.Rate, For: time.Duration(c.Seconds) * time.Second}
	if c.Server == "" {
		s, err := startScratch(w)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.end()) }()
		o.Server, o.Token = s.url, s.token
		w.say("Measuring a server of this program's own, %s, %d CPUs. It shares them with what puts the load on it.", o.Server, runtime.NumCPU())
	} else {
		w.say("Measuring %s. People there will notice: it is put under all the load that it takes.", o.Server)
	}
	w.say("This takes about %d seconds.", 4*c.Seconds+5)
	r, err := bench.Run(w.ctx, o)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(w.stdout, r.Words())
	return err
}

// scratch is a server in a process of its own, on a folder that goes with it.
type scratch struct {
	dir, url, token string
	cmd             *exec.Cmd
}

func startScratch(w *world) (_ *scratch, err error) {
	s := &scratch{}
	if s.dir, err = os.MkdirTemp("", "minichat-bench-"); err != nil {
		return nil, fmt.Errorf("make a scratch folder: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.end())
		}
	}()
	place := besides{config.Place{Data: s.dir}}
	err = place.withAuth(w, func(ctx context.Context, a *auth.Auth) error {
		if _, err := a.AddUser(ctx, auth.Person{Handle: "bench"}, minichat.Owner); err != nil {
			return err
		}
		s.token, err = a.AddToken(ctx, "bench", "bench")
		return err
	})
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	s.url = "http://" + address
	// One person is everybody here, so the limits on one person are lifted.
	s.cmd = exec.CommandContext(w.ctx, self, "serve", "--data", s.dir, "--listen", address,
		"--limit", "posts_per_second=0", "--limit", "connections_per_user=0")
	// The settings of a real server, its database above all, are none of this one's.
	s.cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "MINICHAT_") })
	if err := s.cmd.Start(); err != nil {
		s.cmd = nil
		return nil, fmt.Errorf("start the server: %w", err)
	}
	return s, s.await(w.ctx)
}

// freeAddress is one that nothing listens on at the moment.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

// await waits until the server answers.
func (s *scratch) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/healthz", nil)
		if err != nil {
			return err
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			return res.Body.Close()
		}
		select {
		case <-ctx.Done():
			return errors.New("the server that was to be measured did not start within 20 seconds")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (s *scratch) end() error {
	if s.cmd != nil {
		s.cmd.Process.Kill() // nothing in its folder is wanted
		s.cmd.Wait()
	}
	return os.RemoveAll(s.dir)
}
