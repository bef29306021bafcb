package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"

	"minichat"
)

// OWASP's smallest argon2id setting: an instance of 1 GiB lives through as many
// sign-ins at once as its hasher allows.
const (
	argonMemory  = 19 * 1024 // KiB
	argonTime    = 2
	argonThreads = 1
	argonKey     = 32
	argonSalt    = 16

	minPassword = 8    // bytes
	maxPassword = 1024 // bytes
)

// hasher bounds how many passwords are hashed at the same time.
type hasher struct {
	slots   chan struct{}
	unknown string // compared with when there is no such person, so that it costs the same
}

func newHasher(slots int) *hasher {
	h := &hasher{slots: make(chan struct{}, slots)}
	salt := make([]byte, argonSalt)
	key := make([]byte, argonKey)
	rand.Read(salt)
	rand.Read(key)
	h.unknown = phc(salt, key)
	return h
}

// hash returns the PHC string of password; ctx ends the wait for a slot.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, argonSalt)
	rand.Read(salt)
	key, err := h.key(ctx, password, salt, argonTime, argonMemory, argonThreads, argonKey)
	if err != nil {
		return "", err
	}
	return phc(salt, key), nil
}

// verify reports whether password is that of the PHC string. For an empty one
// it does the same work and says no.
func (h *hasher) verify(ctx context.Context, encoded, password string) (bool, error) {
	known := encoded != ""
	if !known {
		encoded = h.unknown
	}
	p, err := parsePHC(encoded)
	if err != nil {
		return false, err
	}
	key, err := h.key(ctx, password, p.salt, p.time, p.memory, p.threads, uint32(len(p.key)))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(key, p.key) == 1 && known, nil
}

func (h *hasher) key(ctx context.Context, password string, salt []byte, time, memory uint32, threads uint8, size uint32) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to hash a password: %w", ctx.Err())
	}
	defer func() { <-h.slots }()
	return argon2.IDKey([]byte(password), salt, time, memory, threads, size), nil
}

func phc(salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		argonMemory, argonTime, argonThreads, b64.EncodeToString(salt), b64.EncodeToString(key))
}

type phcParts struct {
	memory, time uint32
	threads      uint8
	salt, key    []byte
}

func parsePHC(s string) (phcParts, error) {
	var p phcParts
	var version int
	f := strings.Split(s, "$")
	if len(f) != 6 || f[1] != "argon2id" {
		return p, fmt.Errorf("password hash: not argon2id")
	}
	if _, err := fmt.Sscanf(f[2], "v=%d", &version); err != nil || version != argon2.Version {
		return p, fmt.Errorf("password hash: version %q", f[2])
	}
	if _, err := fmt.Sscanf(f[3], "m=%d,t=%d,p=%d", &p.memory, &p.time, &p.threads); err != nil {
		return p, fmt.Errorf("password hash: parameters %q: %w", f[3], err)
	}
	var err error
	if p.salt, err = base64.RawStdEncoding.DecodeString(f[4]); err != nil {
		return p, fmt.Errorf("password hash: salt: %w", err)
	}
	if p.key, err = base64.RawStdEncoding.DecodeString(f[5]); err != nil {
		return p, fmt.Errorf("password hash: key: %w", err)
	}
	// A row that somebody wrote by hand must not take the machine's memory.
	if p.memory < 8 || p.memory > 256*1024 || p.time < 1 || p.time > 16 || p.threads < 1 || len(p.key) < 16 || len(p.key) > 64 {
		return p, fmt.Errorf("password hash: parameters %q out of range", f[3])
	}
	return p, nil
}

// checkPassword judges the length only, before anything is hashed.
func checkPassword(field, password string) error {
	if len(password) < minPassword {
		return minichat.FieldError(minichat.BadField, field, "Choose a password of at least %d characters.", minPassword)
	}
	return checkPasswordMax(field, password)
}

func checkPasswordMax(field, password string) error {
	if len(password) > maxPassword {
		return minichat.FieldError(minichat.TooLong, field, "A password has at most %d bytes.", maxPassword)
	}
	return nil
}
