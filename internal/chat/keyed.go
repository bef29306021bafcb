package chat

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"minichat"
	"minichat/internal/store"
)

// A key is long enough not to meet another by chance, and short enough to keep
// for ever.
const (
	minKey = 16
	maxKey = 64
)

// keyed is a request with a key: whatever happens to the connection, it takes
// effect once.
type keyed struct {
	room, key string
	digest    []byte
	// run judges and makes the event; nil without an error: nothing to do. It
	// writes nothing, and may be run more than once.
	run func(ctx context.Context, tx *store.Tx, p place) (*minichat.Event, error)
}

// digest tells two bodies of requests apart, kind being the type of the request.
func digest(kind string, body any) ([]byte, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("digest of a %s: %w", kind, err)
	}
	said := make([]byte, 0, len(kind)+1+len(b))
	h := sha256.Sum256(append(append(append(said, kind...), ' '), b...))
	return h[:], nil
}

func checkKey(key string) error {
	if len(key) < minKey || len(key) > maxKey || !minichat.IsID(key) {
		return minichat.FieldError(minichat.BadField, "key", "A key has %d to %d of the characters A-Z a-z 0-9 _ -.", minKey, maxKey)
	}
	return nil
}

// do runs a keyed request once, or gives the first answer again.
func (c *Chat) do(ctx context.Context, u minichat.User, k keyed) (Result, error) {
	if err := checkKey(k.key); err != nil {
		return Result{}, err
	}
	if limited := c.allow(u); limited != nil {
		// A retry of what is done already costs no message: it is answered.
		if old, err := c.st.FindKey(ctx, u.ID, k.key); err == nil && old != nil {
			return again(old, k.digest)
		}
		return Result{}, limited
	}
	var res Result
	err := c.st.Write(ctx, func(tx *store.Tx) error {
		var err error
		res, err = k.once(ctx, tx, u.ID)
		return err
	})
	if err != nil {
		return Result{}, err
	}
	return res, nil
}

// once does the request, unless its key says that it was done before. Nearly all
// are new, so the key is looked up only where something is in the way; else it
// is for the database to say, as the event comes in, that the key is new.
func (k keyed) once(ctx context.Context, tx *store.Tx, user string) (Result, error) {
	ev, err := k.event(ctx, tx, user)
	if err != nil || ev == nil {
		return k.before(ctx, tx, user, err)
	}
	switch err := tx.Append(ctx, ev, k.digest); {
	case errors.Is(err, store.ErrKeyUsed):
		return k.before(ctx, tx, user, err)
	case err != nil:
		return Result{}, fmt.Errorf("append a %s: %w", ev.Kind, err)
	}
	res := Result{Seq: ev.Seq, ID: ev.ID, At: ev.At}
	if e, ok := ev.Body.(minichat.EditBody); ok {
		res.Rev = e.Rev
	}
	return res, nil
}

// before answers as the same request was answered before; if there was none, it
// answers err.
func (k keyed) before(ctx context.Context, tx *store.Tx, user string, err error) (Result, error) {
	old, failed := tx.FindKey(ctx, user, k.key)
	switch {
	case failed != nil:
		return Result{}, fmt.Errorf("look for the key: %w", failed)
	case old == nil:
		return Result{}, err
	}
	return again(old, k.digest)
}

// event judges and makes the event.
func (k keyed) event(ctx context.Context, tx *store.Tx, user string) (*minichat.Event, error) {
	p, err := placeOf(ctx, tx, user, k.room)
	if err != nil {
		return nil, err
	}
	ev, err := k.run(ctx, tx, p)
	if err != nil || ev == nil {
		return nil, err
	}
	ev.Room, ev.By, ev.Key = k.room, user, k.key
	return ev, nil
}

func again(old *store.KeyRow, digest []byte) (Result, error) {
	if !bytes.Equal(old.Digest, digest) {
		return Result{}, minichat.FieldError(minichat.Conflict, "key", "This key was used for something else. Take a new one.")
	}
	return Result{Seq: old.Seq, ID: old.ID, At: old.At, Rev: old.Rev, Dup: true}, nil
}
