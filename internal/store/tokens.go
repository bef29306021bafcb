package store

import (
	"context"
	"database/sql"
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

// GetTokenIn is GetTokenByHash with the user's place in a room, in one read; of
// the token only ID, User and SeenAt are set, of the room what is asked for by who
// judges and watches: ID, Kind, Archived, Head and Floor. Who is not in the room
// gets none.
func (r reads) GetTokenIn(ctx context.Context, hash []byte, room string) (*Token, *minichat.User, *minichat.Room, *minichat.Membership, error) {
	var row struct {
		t                     Token
		u                     minichat.User
		r                     minichat.Room
		m                     minichat.Membership
		id, kind, role        sql.NullString
		archived, head, floor sql.NullInt64
	}
	found, err := r.row(ctx, `SELECT t.id, t.seen_at, `+userColumns+`, m.role, r.id, r.kind, r.archived, r.head, r.floor
		FROM tokens t JOIN users u ON u.id = t.user_id
		LEFT JOIN members m ON m.room = $2 AND m.user_id = t.user_id LEFT JOIN rooms r ON r.id = m.room WHERE t.hash = $1`,
		[]any{hash, room}, append(append([]any{&row.t.ID, &row.t.SeenAt}, userFields(&row.u)...),
			&row.role, &row.id, &row.kind, &row.archived, &row.head, &row.floor)...)
	if err != nil {
		return nil, nil, nil, nil, fmt.Errorf("get token and place: %w", err)
	}
	if !found {
		return nil, nil, nil, nil, nil
	}
	row.t.User = row.u.ID
	if !row.id.Valid {
		return &row.t, &row.u, nil, nil, nil
	}
	row.r = minichat.Room{ID: row.id.String, Kind: minichat.Kind(row.kind.String), Archived: row.archived.Int64 != 0, Head: row.head.Int64, Floor: row.floor.Int64}
	row.m = minichat.Membership{Room: row.id.String, User: row.u.ID, Role: minichat.Role(row.role.String)}
	return &row.t, &row.u, &row.r, &row.m, nil
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
	var list []Token
	err := r.rows(ctx, `SELECT `+tokenColumns+` FROM tokens t WHERE $1 = '' OR t.user_id = $1 ORDER BY t.created_at, t.id`,
		[]any{user}, func(rows *sql.Rows) error {
			var t Token
			if err := rows.Scan(tokenFields(&t)...); err != nil {
				return err
			}
			list = append(list, t)
			return nil
		})
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
