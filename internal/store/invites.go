package store

import (
	"context"
	"fmt"

	"minichat"
)

// Invite lets people in, as often as Uses says.
type Invite struct {
	ID        string
	By        string
	Role      minichat.Role // of whoever comes by it
	Uses      int64         // left
	CreatedAt int64
	ExpiresAt int64
}

const inviteColumns = `id, by_user, role, uses, created_at, expires_at`

func inviteFields(i *Invite) []any {
	return []any{&i.ID, &i.By, &i.Role, &i.Uses, &i.CreatedAt, &i.ExpiresAt}
}

// GetInviteByHash returns the invite whose token has that hash, usable or not;
// nil: none.
func (r reads) GetInviteByHash(ctx context.Context, hash []byte) (*Invite, error) {
	i := new(Invite)
	found, err := r.row(ctx, `SELECT `+inviteColumns+` FROM invites WHERE hash = $1`, []any{hash}, inviteFields(i)...)
	if err != nil {
		return nil, fmt.Errorf("get invite: %w", err)
	}
	if !found {
		return nil, nil
	}
	return i, nil
}

// ListInvites returns the invites that can be used at now, the newest first.
func (r reads) ListInvites(ctx context.Context, now int64) ([]Invite, error) {
	list, err := listOf(ctx, r, `SELECT `+inviteColumns+` FROM invites WHERE uses > 0 AND expires_at > $1 ORDER BY created_at DESC, id`,
		[]any{now}, inviteFields)
	if err != nil {
		return nil, fmt.Errorf("list invites: %w", err)
	}
	return list, nil
}

// InsertInvite adds an invite whose token has that hash.
func (tx *Tx) InsertInvite(ctx context.Context, i Invite, hash []byte) error {
	_, err := tx.exec(ctx, `INSERT INTO invites (id, hash, by_user, role, uses, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, i.ID, hash, i.By, string(i.Role), i.Uses, i.CreatedAt, i.ExpiresAt)
	if err != nil {
		return fmt.Errorf("insert invite: %w", err)
	}
	return nil
}

// UseInvite takes one use of the invite and returns it; nil when it cannot be
// used at now, for whatever reason.
func (tx *Tx) UseInvite(ctx context.Context, hash []byte, now int64) (*Invite, error) {
	i := new(Invite)
	used, err := tx.returning(ctx, `UPDATE invites SET uses = uses - 1 WHERE hash = $1 AND uses > 0 AND expires_at > $2
		RETURNING `+inviteColumns, []any{hash, now}, inviteFields(i)...)
	if err != nil {
		return nil, fmt.Errorf("use invite: %w", err)
	}
	if !used {
		return nil, nil
	}
	return i, nil
}

// DeleteInvite revokes an invite; false: there was none.
func (tx *Tx) DeleteInvite(ctx context.Context, id string) (bool, error) {
	n, err := tx.exec(ctx, `DELETE FROM invites WHERE id = $1`, id)
	if err != nil {
		return false, fmt.Errorf("delete invite: %w", err)
	}
	return n > 0, nil
}
