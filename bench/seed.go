package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"minichat"
	"minichat/internal/protocol"
	"minichat/internal/store"
)

const people = 10_000

// seed is a data folder with 10,000 people, each with a token of his own, and
// the rooms of the scenarios. Every run of MiniChat begins with a copy of it.
type seed struct {
	data  string
	rooms map[string]string // name of a set of rooms -> file of their IDs
	frame int               // bytes of a live event with a text of 100 bytes
}

// sets are the rooms of the scenarios.
var sets = []struct {
	name         string
	rooms, first int // rooms, and how many people are spread over them
}{{"f10", 1, 10}, {"f1k", 1, 1000}, {"f10k", 1, people}, {"rooms", 1000, people}, {"posts", 16, 64}}

// fill makes the folder: the first person by the command line, as people do, the
// others by the same statements in large transactions.
func (b *bench) fill(ctx context.Context) (*seed, error) {
	s := &seed{data: filepath.Join(b.dir, "seed"), rooms: map[string]string{}, frame: frameBytes(minichat.NewID(12))}
	for _, set := range sets {
		s.rooms[set.name] = filepath.Join(b.dir, set.name)
	}
	if b.has("tokens") {
		return s, nil
	}
	add := exec.CommandContext(ctx, filepath.Join(b.dir, "minichat"), "user", "add", "bench", "--role", "owner", "--data", s.data)
	if err := output(add, ""); err != nil {
		return nil, err
	}
	st, err := store.Open(ctx, "sqlite:"+filepath.Join(s.data, "minichat.db"), store.Options{})
	if err != nil {
		return nil, err
	}
	p := &populace{st: st, at: time.Now().UnixMilli()}
	err = p.addPeople(ctx)
	for _, set := range sets {
		if err == nil {
			err = p.addRooms(ctx, set.name, set.rooms, set.first, s.rooms[set.name])
		}
	}
	if err = errors.Join(err, st.Close()); err != nil {
		return nil, err
	}
	return s, os.WriteFile(filepath.Join(b.dir, "tokens"), []byte(strings.Join(p.tokens, "\n")), 0o600)
}

type populace struct {
	st            *store.Store
	at            int64
	users, tokens []string
}

func (p *populace) addPeople(ctx context.Context) error {
	return p.st.Write(ctx, func(tx *store.Tx) error {
		p.users, p.tokens = nil, nil
		for i := range people {
			u := minichat.User{ID: minichat.NewID(12), Handle: fmt.Sprintf("p%05d", i), Role: minichat.Member, CreatedAt: p.at}
			u.Name, u.Color = "Person "+u.Handle[1:], minichat.ColorOf(u.ID)
			secret := minichat.NewID(43)
			hash := sha256.Sum256([]byte(secret))
			p.users, p.tokens = append(p.users, u.ID), append(p.tokens, secret)
			if err := errors.Join(tx.InsertUser(ctx, u, "", ""),
				tx.InsertToken(ctx, store.Token{ID: minichat.NewID(22), User: u.ID, Name: "bench", CreatedAt: p.at}, hash[:])); err != nil {
				return err
			}
		}
		return nil
	})
}

// addRooms makes rooms and spreads the first n people over them as chatload
// spreads its connections.
func (p *populace) addRooms(ctx context.Context, name string, rooms, n int, file string) error {
	var ids []string
	err := p.st.Write(ctx, func(tx *store.Tx) error {
		ids = nil
		for i := range rooms {
			r := minichat.Room{ID: minichat.NewID(12), Kind: minichat.Private, Name: fmt.Sprintf("%s %d", name, i)}
			ids = append(ids, r.ID)
			if err := tx.InsertRoom(ctx, r, p.users[i]); err != nil {
				return err
			}
		}
		for i := range n {
			if err := tx.InsertMember(ctx, ids[i%rooms], p.users[i], minichat.Member, p.at); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, os.WriteFile(file, []byte(strings.Join(ids, "\n")), 0o600))
}

// frameBytes is how long the payload of a live event is: what the servers with
// raw frames send, to be compared with us.
func frameBytes(by string) int {
	ev := minichat.Event{Room: minichat.NewID(12), Seq: 10_000, ID: minichat.NewID(16), Kind: minichat.KindMessage, By: by,
		At: time.Now().UnixMilli(), Key: minichat.NewID(32), Body: minichat.MessageBody{Text: strings.Repeat("x", 100), Rev: 1}}
	return len(protocol.AppendEvent(nil, &ev))
}
