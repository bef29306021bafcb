package auth

import (
	"context"
	"fmt"
	"strings"

	"minichat"
	"minichat/internal/proxy"
	"minichat/internal/store"
)

// Login is the body of a sign-in.
type Login struct {
	Handle   string `json:"handle" need:"true"`
	Password string `json:"password" need:"true"`
	Cookie   bool   `json:"cookie"`
}

// NewPassword is the body of a change of one's password.
type NewPassword struct {
	Old string `json:"old" need:"true"`
	New string `json:"new" need:"true"`
}

func errWrong() error {
	return minichat.Errorf(minichat.Unauthenticated, "The handle or the password is wrong.")
}

// SignIn makes a session for who knows the password. A handle that nobody has, a
// disabled person and a wrong password get one answer after the same work. After
// too many failures for the account or the address it answers rate_limited
// before any work.
func (a *Auth) SignIn(ctx context.Context, l Login, f From) (Signed, error) {
	if err := checkPasswordMax("password", l.Password); err != nil {
		return Signed{}, err
	}
	handle := strings.ToLower(strings.TrimSpace(l.Handle))
	undo, err := a.attempt(handle, f.Addr)
	if err != nil {
		return Signed{}, err
	}
	u, phc, err := a.account(ctx, handle)
	if err != nil {
		undo()
		return Signed{}, err
	}
	ok, err := a.hasher.verify(ctx, phc, l.Password)
	if err != nil {
		undo()
		return Signed{}, fmt.Errorf("verify a password: %w", err)
	}
	if !ok || u == nil || u.Disabled {
		return Signed{}, errWrong()
	}
	undo()
	return a.openSession(ctx, *u, phc, f)
}

// attempt counts a failure for the account and the address; undo takes it back.
func (a *Auth) attempt(handle, addr string) (undo func(), err error) {
	now := a.now()
	account, address := "h "+handle, "a "+proxy.Network(addr)
	if len(handle) > 64 {
		account = "h" // nobody's; and a long name costs no memory
	}
	if wait := a.failures.add(address, a.limits.SigninFailuresPerMinuteIP, now); wait > 0 {
		return nil, errTooOften(wait)
	}
	if wait := a.failures.add(account, a.limits.SigninFailuresPerMinute, now); wait > 0 {
		a.failures.undo(address, now)
		return nil, errTooOften(wait)
	}
	return func() {
		a.failures.undo(address, now)
		a.failures.undo(account, now)
	}, nil
}

func (a *Auth) account(ctx context.Context, handle string) (*minichat.User, string, error) {
	u, err := a.st.GetUserByHandle(ctx, handle)
	if err != nil {
		return nil, "", fmt.Errorf("look for the handle: %w", err)
	}
	if u == nil {
		return nil, "", nil
	}
	phc, err := a.st.GetPassword(ctx, u.ID)
	if err != nil {
		return nil, "", fmt.Errorf("read the password's hash: %w", err)
	}
	return u, phc, nil
}

// openSession inserts the session unless the person was disabled, or the
// password changed, while it was being verified.
func (a *Auth) openSession(ctx context.Context, u minichat.User, phc string, f From) (Signed, error) {
	s, secret, hash := a.newSession(u.ID, f)
	err := a.st.Write(ctx, func(tx *store.Tx) error {
		now, err := tx.GetUser(ctx, u.ID)
		if err != nil {
			return fmt.Errorf("read the user: %w", err)
		}
		present, err := tx.GetPassword(ctx, u.ID)
		if err != nil {
			return fmt.Errorf("read the password's hash: %w", err)
		}
		if now == nil || now.Disabled || present != phc {
			return errWrong()
		}
		return tx.InsertSession(ctx, s, hash)
	})
	if err != nil {
		return Signed{}, fmt.Errorf("open a session: %w", err)
	}
	return Signed{Identity: Identity{User: u, Session: s.ID, Kind: KindSession}, Token: secret, ExpiresAt: s.ExpiresAt}, nil
}

// ChangePassword ends every other session of the asker. Bearer tokens stay: they
// are ended one by one.
func (a *Auth) ChangePassword(ctx context.Context, me Identity, p NewPassword) error {
	if err := checkPasswordMax("old", p.Old); err != nil {
		return err
	}
	if err := checkPassword("new", p.New); err != nil {
		return err
	}
	undo, err := a.attempt(me.User.Handle, "")
	if err != nil {
		return err
	}
	old, err := a.st.GetPassword(ctx, me.User.ID)
	if err != nil {
		undo()
		return fmt.Errorf("read the password's hash: %w", err)
	}
	ok, err := a.hasher.verify(ctx, old, p.Old)
	if err != nil {
		undo()
		return fmt.Errorf("verify the old password: %w", err)
	}
	if !ok {
		return minichat.FieldError(minichat.Forbidden, "old", "The old password is wrong.")
	}
	undo()
	phc, err := a.hasher.hash(ctx, p.New)
	if err != nil {
		return fmt.Errorf("hash the new password: %w", err)
	}
	keep := ""
	if me.Kind == KindSession {
		keep = me.Session
	}
	return a.setPassword(ctx, me.User.ID, old, phc, keep)
}

// setPassword ends all sessions but keep. old, when not "", must still be the
// password's hash: of two changes at once the second is refused.
func (a *Auth) setPassword(ctx context.Context, user, old, phc, keep string) error {
	var ended []string
	err := a.st.Write(ctx, func(tx *store.Tx) error {
		present, err := tx.GetPassword(ctx, user)
		if err != nil {
			return fmt.Errorf("read the password's hash: %w", err)
		}
		if old != "" && present != old {
			return minichat.Errorf(minichat.Conflict, "The password has just been changed elsewhere.")
		}
		if err := tx.SetPassword(ctx, user, phc); err != nil {
			return fmt.Errorf("set the password: %w", err)
		}
		if err := endBot(ctx, tx, user); err != nil {
			return err
		}
		ended, err = tx.DeleteSessions(ctx, user, keep)
		return err
	})
	if err != nil {
		return fmt.Errorf("change a password: %w", err)
	}
	for _, id := range ended {
		a.publishEnd(user, id, codeSession, "The password was changed.")
	}
	return nil
}

// endBot makes a person of a bot that has got a password.
func endBot(ctx context.Context, tx *store.Tx, user string) error {
	u, err := tx.GetUser(ctx, user)
	if err != nil {
		return fmt.Errorf("read the user: %w", err)
	}
	if u == nil || !u.Bot {
		return nil
	}
	u.Bot = false
	return tx.UpdateUser(ctx, *u, "")
}
