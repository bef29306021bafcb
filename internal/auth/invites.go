package auth

import (
	"context"
	"fmt"

	"minichat"
	"minichat/internal/store"
)

const (
	defaultInviteUses    = 1
	defaultInviteSeconds = 7 * 24 * 3600
	maxInviteUses        = 10_000
	maxInviteSeconds     = 366 * 24 * 3600
)

// NewInvite is the body of the making of an invite; nil fields take the
// defaults, one use within seven days.
type NewInvite struct {
	Uses     *int64 `json:"uses"`
	ExpiresS *int64 `json:"expires_s"`
}

// Invite lets somebody make himself an account, Uses times more.
type Invite struct {
	ID        string `json:"id"`
	By        string `json:"by"`
	Uses      int64  `json:"uses"`
	CreatedAt int64  `json:"created_at"`
	ExpiresAt int64  `json:"expires_at"`
}

// NewInvite makes an invite as u, who must be an admin. The secret is shown once.
func (a *Auth) NewInvite(ctx context.Context, u minichat.User, n NewInvite) (Invite, string, error) {
	if err := minichat.Can(u, minichat.ManageInvites, minichat.Subject{}); err != nil {
		return Invite{}, "", err
	}
	return a.makeInvite(ctx, u.ID, n)
}

func (a *Auth) makeInvite(ctx context.Context, by string, n NewInvite) (Invite, string, error) {
	uses, err := between("uses", n.Uses, defaultInviteUses, maxInviteUses)
	if err != nil {
		return Invite{}, "", err
	}
	seconds, err := between("expires_s", n.ExpiresS, defaultInviteSeconds, maxInviteSeconds)
	if err != nil {
		return Invite{}, "", err
	}
	now := a.now()
	row := store.Invite{ID: minichat.NewID(22), By: by, Role: minichat.Member, Uses: uses, CreatedAt: now, ExpiresAt: now + seconds*1000}
	secret, hash := newSecret()
	err = a.st.Write(ctx, func(tx *store.Tx) error {
		if err := judgeAdmin(ctx, tx, by); err != nil {
			return err
		}
		return tx.InsertInvite(ctx, row, hash)
	})
	if err != nil {
		return Invite{}, "", fmt.Errorf("make an invite: %w", err)
	}
	return invite(row), secret, nil
}

func invite(r store.Invite) Invite {
	return Invite{ID: r.ID, By: r.By, Uses: r.Uses, CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt}
}

func between(field string, v *int64, otherwise, most int64) (int64, error) {
	if v == nil {
		return otherwise, nil
	}
	if *v < 1 || *v > most {
		return 0, minichat.FieldError(minichat.BadField, field, "Give a number from 1 to %d.", most)
	}
	return *v, nil
}

// judgeAdmin asks again inside the transaction: the role may just have gone.
func judgeAdmin(ctx context.Context, tx *store.Tx, user string) error {
	u, err := tx.GetUser(ctx, user)
	if err != nil {
		return fmt.Errorf("read the user: %w", err)
	}
	if u == nil {
		return errUnauthenticated()
	}
	return minichat.Can(*u, minichat.ManageInvites, minichat.Subject{})
}

// Invites lists those that still work.
func (a *Auth) Invites(ctx context.Context, u minichat.User) ([]Invite, error) {
	if err := minichat.Can(u, minichat.ManageInvites, minichat.Subject{}); err != nil {
		return nil, err
	}
	rows, err := a.st.ListInvites(ctx, a.now())
	if err != nil {
		return nil, fmt.Errorf("list invites: %w", err)
	}
	list := make([]Invite, 0, len(rows))
	for _, r := range rows {
		list = append(list, invite(r))
	}
	return list, nil
}

// RevokeInvite ends an invite at once.
func (a *Auth) RevokeInvite(ctx context.Context, u minichat.User, id string) error {
	if err := minichat.Can(u, minichat.ManageInvites, minichat.Subject{}); err != nil {
		return err
	}
	err := a.st.Write(ctx, func(tx *store.Tx) error {
		if err := judgeAdmin(ctx, tx, u.ID); err != nil {
			return err
		}
		found, err := tx.DeleteInvite(ctx, id)
		if err == nil && !found {
			err = minichat.Errorf(minichat.NotFound, "There is no such invite.")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("revoke an invite: %w", err)
	}
	return nil
}
