package auth

import (
	"context"
	"fmt"

	"minichat"
	"minichat/internal/store"
)

// What follows is for the command line: whoever holds the data folder is
// not judged.

// AddUser makes a person, or a bot when the password is "": then only a token
// lets it in.
func (a *Auth) AddUser(ctx context.Context, p Person, role minichat.Role) (minichat.User, error) {
	if role.Rank() == 0 {
		return minichat.User{}, minichat.FieldError(minichat.BadField, "role", "There is no role %q. Choose owner, admin, member or guest.", role)
	}
	if err := p.check(false); err != nil {
		return minichat.User{}, err
	}
	n, err := a.newPerson(ctx, p, role)
	if err != nil {
		return minichat.User{}, fmt.Errorf("hash a password: %w", err)
	}
	var u minichat.User
	err = a.st.Write(ctx, func(tx *store.Tx) error {
		if err := judgeFree(ctx, tx, p.Handle, p.Name); err != nil {
			return err
		}
		var err error
		u, err = insertPerson(ctx, tx, n)
		return err
	})
	if err != nil {
		return minichat.User{}, fmt.Errorf("add a user: %w", err)
	}
	return u, nil
}

// ListUsers lists everybody by handle, disabled people too.
func (a *Auth) ListUsers(ctx context.Context) ([]minichat.User, error) {
	var all []minichat.User
	after := ""
	for {
		page, err := a.st.ListUsers(ctx, store.UserQuery{After: after, Limit: 200, Disabled: true})
		if err != nil {
			return nil, fmt.Errorf("list users: %w", err)
		}
		if len(page) == 0 {
			return all, nil
		}
		all = append(all, page...)
		after = page[len(page)-1].Handle
	}
}

func (a *Auth) byHandle(ctx context.Context, handle string) (*minichat.User, error) {
	u, err := a.st.GetUserByHandle(ctx, handle)
	if err != nil {
		return nil, fmt.Errorf("look for the handle: %w", err)
	}
	if u == nil || u.ID == minichat.LabUser {
		return nil, minichat.FieldError(minichat.NotFound, "handle", "Nobody has the handle %q.", handle)
	}
	return u, nil
}

// SetPassword sets somebody's password and ends all of his sessions.
func (a *Auth) SetPassword(ctx context.Context, handle, password string) error {
	if err := checkPassword("password", password); err != nil {
		return err
	}
	u, err := a.byHandle(ctx, handle)
	if err != nil {
		return err
	}
	phc, err := a.hasher.hash(ctx, password)
	if err != nil {
		return fmt.Errorf("hash a password: %w", err)
	}
	return a.setPassword(ctx, u.ID, "", phc, "")
}

// Enable lets somebody in again who was disabled.
func (a *Auth) Enable(ctx context.Context, handle string) error {
	u, err := a.byHandle(ctx, handle)
	if err != nil {
		return err
	}
	err = a.st.Write(ctx, func(tx *store.Tx) error {
		now, err := tx.GetUser(ctx, u.ID)
		if err != nil {
			return fmt.Errorf("read the user: %w", err)
		}
		now.Disabled = false
		return tx.UpdateUser(ctx, *now, "")
	})
	if err != nil {
		return fmt.Errorf("enable a user: %w", err)
	}
	return nil
}

// Disable keeps somebody out from now on. The last owner cannot be disabled.
func (a *Auth) Disable(ctx context.Context, handle string) error {
	u, err := a.byHandle(ctx, handle)
	if err != nil {
		return err
	}
	err = a.st.Write(ctx, func(tx *store.Tx) error {
		now, err := tx.GetUser(ctx, u.ID)
		if err != nil {
			return fmt.Errorf("read the user: %w", err)
		}
		if now.Disabled {
			return nil
		}
		was := *now
		now.Disabled = true
		if err := tx.KeepAnOwner(ctx, was, *now); err != nil {
			return err
		}
		if err := tx.UpdateUser(ctx, *now, ""); err != nil {
			return fmt.Errorf("update the user: %w", err)
		}
		_, err = tx.DeleteSessions(ctx, u.ID, "")
		return err
	})
	if err != nil {
		return fmt.Errorf("disable a user: %w", err)
	}
	a.publishEnd(u.ID, "", codeDisabled, "This account was disabled.")
	return nil
}

// AddToken makes a bearer token of the user with this handle.
func (a *Auth) AddToken(ctx context.Context, handle, name string) (secret string, err error) {
	u, err := a.byHandle(ctx, handle)
	if err != nil {
		return "", err
	}
	_, secret, err = a.makeToken(ctx, u.ID, name)
	return secret, err
}

// AddInvite makes an invite in the name of an owner.
func (a *Auth) AddInvite(ctx context.Context, n NewInvite) (Invite, string, error) {
	people, err := a.ListUsers(ctx)
	if err != nil {
		return Invite{}, "", err
	}
	for _, u := range people {
		if u.Role == minichat.Owner && !u.Disabled {
			return a.makeInvite(ctx, u.ID, n)
		}
	}
	return Invite{}, "", minichat.Errorf(minichat.NotFound, "There is no owner yet. Open the setup link, or run: minichat user add NAME --role owner")
}
