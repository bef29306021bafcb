package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"minichat"
	"minichat/internal/store"
)

// inside calls the store in a process of its own, pinned as the server is, on a
// fresh copy of the seed.
func (b *bench) inside(ctx context.Context, what string, args ...string) (measurement, error) {
	dir, err := os.MkdirTemp(b.dir, "inside-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(filepath.Join(dir, "d"), os.DirFS(b.seed.data)); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args = append([]string{"-c", "0", self, "inside", what, "-data", filepath.Join(dir, "d")}, args...)
	cmd := exec.CommandContext(ctx, "taskset", args...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("inside %s: %w", what, err)
	}
	var m measurement
	err = json.Unmarshal(out, &m)
	return m, err
}

// inside is the other process.
func inside(args []string) error {
	fs := flag.NewFlagSet("inside", flag.ExitOnError)
	data := fs.String("data", "", "data folder")
	batch := fs.Int("batch", 1, "posts in a transaction")
	messages := fs.Int("messages", 0, "messages in the store")
	fs.Parse(args[1:])
	ctx := context.Background()
	st, err := store.Open(ctx, "sqlite:"+filepath.Join(*data, "minichat.db"), store.Options{})
	if err != nil {
		return err
	}
	defer st.Close()
	var m measurement
	switch args[0] {
	case "posts":
		m, err = insidePosts(ctx, st, *batch)
	case "last50":
		m, err = insideLast50(ctx, st, *messages)
	default:
		err = fmt.Errorf("nothing is called %q", args[0])
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(m)
}

var text100 = strings.Repeat("0123456789", 10)

// post is every statement of a post over the wire.
func post(ctx context.Context, tx *store.Tx, room, user string) error {
	ev := &minichat.Event{Room: room, Kind: minichat.KindMessage, By: user, Key: minichat.NewID(32),
		Body: minichat.MessageBody{Text: text100, Rev: 1}}
	if _, err := tx.GetUser(ctx, ev.By); err != nil {
		return err
	}
	if _, _, err := tx.GetPlace(ctx, room, ev.By); err != nil {
		return err
	}
	return tx.Append(ctx, ev, []byte(text100[:32]))
}

// pairs lists rooms whose name begins so, each with a member.
func pairs(ctx context.Context, st *store.Store, prefix string) (rooms, users []string, err error) {
	heads, err := st.Heads(ctx)
	if err != nil {
		return nil, nil, err
	}
	for id := range heads {
		r, err := st.GetRoom(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		if !strings.HasPrefix(r.Name, prefix) {
			continue
		}
		members, err := st.MemberIDs(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		rooms, users = append(rooms, id), append(users, members[0])
	}
	return rooms, users, nil
}

// insidePosts writes for five seconds, so many posts a transaction.
func insidePosts(ctx context.Context, st *store.Store, batch int) (measurement, error) {
	rooms, users, err := pairs(ctx, st, "posts ")
	if err != nil {
		return nil, err
	}
	n, began := 0, time.Now()
	for time.Since(began) < 5*time.Second {
		err := st.Write(ctx, func(tx *store.Tx) error {
			for i := range batch {
				if err := post(ctx, tx, rooms[(n+i)%len(rooms)], users[(n+i)%len(users)]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		n += batch
	}
	return measurement{"inside posts/s": float64(n) / time.Since(began).Seconds(), "batch": float64(batch)}, nil
}

func insideLast50(ctx context.Context, st *store.Store, messages int) (measurement, error) {
	rooms, users, err := pairs(ctx, st, "rooms ")
	if err != nil {
		return nil, err
	}
	began := time.Now()
	for n := 0; n < messages; n += 2000 {
		err := st.Write(ctx, func(tx *store.Tx) error {
			for range 2000 {
				k := rand.IntN(len(rooms))
				if err := post(ctx, tx, rooms[k], users[k]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	filled := time.Since(began)
	runtime.GC()
	var took []time.Duration
	for range 5000 {
		t := time.Now()
		if _, _, _, err := st.ListEvents(ctx, rooms[rand.IntN(len(rooms))], nil, nil, 50, 0); err != nil {
			return nil, err
		}
		took = append(took, time.Since(t))
	}
	slices.Sort(took)
	ms := func(q float64) float64 { return float64(took[int(q*float64(len(took)))]) / 1e6 }
	return measurement{"messages": float64(messages), "p50 ms": ms(.5), "p99 ms": ms(.99), "fill/s": float64(messages) / filled.Seconds()}, nil
}

func last50(messages int) func(*bench) measurement {
	return func(b *bench) measurement { return b.last50(messages) }
}

func (b *bench) last50(messages int) measurement {
	m, err := b.inside(context.Background(), "last50", "-messages", strconv.Itoa(messages))
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
	return m
}
