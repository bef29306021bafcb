package store

import (
	"context"
	"fmt"

	"minichat"
)

// Token is a bearer token of a bot or a program, kept as a hash alone.
type Token struct {
	ID        string
	User      string
	Name      string
	CreatedAt int64
	SeenAt    int64
}

const tokenColumns = `t.id, t.user_id, t.name, t.created_at, t.seen_at`

func tokenFields(t *Token) []any {
	return []any{&t.ID, &t.User, &t.Name, &t.CreatedAt, &t.SeenAt}
}

// GetTokenByHash returns the token with that hash and its user, disabled or not;
// nil, nil: none.
func (r reads) GetTokenByHash(ctx context.Context, hash []byte) (*Token, *minichat.User, error) {
	t, u := new(Token), new(minichat.User)
	found, err := r.row(ctx, `SELECT `+tokenColumns+`, `+userColumns+`
		FROM tokens t JOIN users u ON u.id = t.user_id WHERE t.hash = $1`,
		[]any{hash}, append(tokenFields(t), userFields(u)...)...)
	if err != nil {
		return nil, nil, fmt.Errorf("get token by hash: %w", err)
	}
	if !found {
		return nil, nil, nil
	}
	return t, u, nil
}

// GetToken returns the token with that id; nil: none.
func (r reads) GetToken(ctx context.Context, id string) (*Token, error) {
	t := new(Token)
	found, err := r.row(ctx, `SELECT `+tokenColumns+` FROM tokens t WHERE t.id = $1`, []any{id}, tokenFields(t)...)
	if err != nil {
		return nil, fmt.Errorf("get token: %w", err)
	}
	if !found {
		return nil, nil
	}
	return t, nil
}

// ListTokens returns user's tokens, everybody's for "", the oldest first.
func (r reads) ListTokens(ctx context.Context, user string) ([]Token, error) {
	list, err := listOf(ctx, r, `SELECT `+tokenColumns+` FROM tokens t WHERE $1 = '' OR t.user_id = $1 ORDER BY t.created_at, t.id`,
		[]any{user}, tokenFields)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return list, nil
}

// InsertToken adds a token with that hash.
func (tx *Tx) InsertToken(ctx context.Context, t Token, hash []byte) error {
	_, err := tx.exec(ctx, `INSERT INTO tokens (id, hash, user_id, name, created_at, seen_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		t.ID, hash, t.User, t.Name, t.CreatedAt, t.SeenAt)
	if err != nil {
		return fmt.Errorf("insert token: %w", err)
	}
	return nil
}

// SetTokenSeen notes a use of the token.
func (tx *Tx) SetTokenSeen(ctx context.Context, id string, at int64) error {
	if _, err := tx.exec(ctx, `UPDATE tokens SET seen_at = $2 WHERE id = $1`, id, at); err != nil {
		return fmt.Errorf("set token seen: %w", err)
	}
	return nil
}

// DeleteToken ends a token; false: there was none.
func (tx *Tx) DeleteToken(ctx context.Context, id string) (bool, error) {
	n, err := tx.exec(ctx, `DELETE FROM tokens WHERE id = $1`, id)
	if err != nil {
		return false, fmt.Errorf("delete token: %w", err)
	}
	return n > 0, nil
}

// DeleteTokens ends all tokens of user and returns their ids.
func (tx *Tx) DeleteTokens(ctx context.Context, user string) ([]string, error) {
	ids, err := tx.column(ctx, `SELECT id FROM tokens WHERE user_id = $1`, user)
	if err == nil {
		_, err = tx.exec(ctx, `DELETE FROM tokens WHERE user_id = $1`, user)
	}
	if err != nil {
		return nil, fmt.Errorf("delete tokens: %w", err)
	}
	return ids, nil
}
