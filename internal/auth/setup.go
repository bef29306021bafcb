package auth

import (
	"context"
	"crypto/subtle"
	"fmt"

	"minichat"
	"minichat/internal/store"
)

// settingSetup holds the setup link's secret until there is an owner. It is kept
// as it is, for it has to be printed again at each start; whoever can read the
// database then could as well write an owner into it.
const settingSetup = "setup_token"

// Entry is the body of a setup or a join.
type Entry struct {
	Token    string `json:"token" need:"true"`
	Handle   string `json:"handle" need:"true"`
	Name     string `json:"name"`
	Password string `json:"password" need:"true"`
	Cookie   bool   `json:"cookie"`
}

func (e Entry) person() Person { return Person{Handle: e.Handle, Name: e.Name, Password: e.Password} }

func errInvalid() error {
	return minichat.FieldError(minichat.InvalidOrExpired, "token", "This link is used up, too old or wrong. Ask for a new one.")
}

// SetupToken returns the secret that makes the owner, "" once there is one.
func (a *Auth) SetupToken(ctx context.Context) (string, error) {
	var token string
	err := a.st.Write(ctx, func(tx *store.Tx) error {
		owners, _, err := tx.CountOwners(ctx)
		if err != nil {
			return fmt.Errorf("count owners: %w", err)
		}
		if token, err = tx.GetSetting(ctx, settingSetup); err != nil {
			return fmt.Errorf("read the setup secret: %w", err)
		}
		if owners > 0 {
			token = ""
			return nil
		}
		if token != "" {
			return nil
		}
		token, _ = newSecret()
		return tx.SetSetting(ctx, settingSetup, token)
	})
	if err != nil {
		return "", fmt.Errorf("setup token: %w", err)
	}
	return token, nil
}

// Setup makes the owner, the channel general and a session. Of many at the same
// time one wins, the others get invalid_or_expired.
func (a *Auth) Setup(ctx context.Context, e Entry, f From) (Signed, error) {
	if err := a.judgeSetup(ctx, a.st, e.Token); err != nil {
		return Signed{}, err
	}
	return a.enter(ctx, e, minichat.Owner, f, func(tx *store.Tx) error { return a.judgeSetup(ctx, tx, e.Token) })
}

type setupReads interface {
	CountOwners(ctx context.Context) (all, people int64, err error)
	GetSetting(ctx context.Context, name string) (string, error)
}

func (a *Auth) judgeSetup(ctx context.Context, r setupReads, token string) error {
	owners, _, err := r.CountOwners(ctx)
	if err != nil {
		return fmt.Errorf("count owners: %w", err)
	}
	want, err := r.GetSetting(ctx, settingSetup)
	if err != nil {
		return fmt.Errorf("read the setup secret: %w", err)
	}
	if owners > 0 || want == "" || subtle.ConstantTimeCompare([]byte(want), []byte(token)) != 1 {
		return errInvalid()
	}
	return nil
}

// Join makes a member from an invite and a session. An invite with one use left
// has one winner, whoever else tries at the same time.
func (a *Auth) Join(ctx context.Context, e Entry, f From) (Signed, error) {
	if !isSecret(e.Token) {
		return Signed{}, errInvalid()
	}
	hash := hashSecret(e.Token)
	i, err := a.st.GetInviteByHash(ctx, hash)
	if err != nil {
		return Signed{}, fmt.Errorf("look for an invite: %w", err)
	}
	if i == nil || i.Uses < 1 || i.ExpiresAt <= a.now() {
		return Signed{}, errInvalid()
	}
	return a.enter(ctx, e, minichat.Member, f, func(tx *store.Tx) error {
		used, err := tx.UseInvite(ctx, hash, a.now())
		if err == nil && used == nil {
			err = errInvalid()
		}
		return err
	})
}

// enter makes the person and a session in one transaction; admit is asked in it,
// after everything else has been judged.
func (a *Auth) enter(ctx context.Context, e Entry, role minichat.Role, f From, admit func(*store.Tx) error) (Signed, error) {
	p := e.person()
	if err := p.check(true); err != nil {
		return Signed{}, err
	}
	if err := judgeFree(ctx, a.st, p.Handle, p.Name); err != nil {
		return Signed{}, err // before the costly hash; judged again below
	}
	n, err := a.newPerson(ctx, p, role)
	if err != nil {
		return Signed{}, fmt.Errorf("hash a password: %w", err)
	}
	s, secret, hash := a.newSession(n.id, f)
	var u minichat.User
	err = a.st.Write(ctx, func(tx *store.Tx) error {
		if err := judgeFree(ctx, tx, p.Handle, p.Name); err != nil {
			return err
		}
		if err := admit(tx); err != nil {
			return err
		}
		var err error
		if u, err = insertPerson(ctx, tx, n); err != nil {
			return err
		}
		return tx.InsertSession(ctx, s, hash)
	})
	if err != nil {
		return Signed{}, fmt.Errorf("make a person: %w", err)
	}
	return Signed{Identity: Identity{User: u, Session: s.ID, Kind: KindSession}, Token: secret, ExpiresAt: s.ExpiresAt}, nil
}
