package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"minichat"
)

const userColumns = `u.id, u.handle, u.name, u.color, u.avatar, u.role, u.bot, u.disabled, u.created_at`

// userFields are where userColumns go.
func userFields(u *minichat.User) []any {
	return []any{&u.ID, &u.Handle, &u.Name, &u.Color, &u.Avatar, &u.Role, &u.Bot, &u.Disabled, &u.CreatedAt}
}

// GetUser returns the person with that id; nil: none.
func (r reads) GetUser(ctx context.Context, id string) (*minichat.User, error) {
	return r.getUser(ctx, `SELECT `+userColumns+` FROM users u WHERE u.id = $1`, id)
}

// GetUserByHandle returns the person with that handle; nil: none.
func (r reads) GetUserByHandle(ctx context.Context, handle string) (*minichat.User, error) {
	return r.getUser(ctx, `SELECT `+userColumns+` FROM users u WHERE u.handle = $1`, handle)
}

func (r reads) getUser(ctx context.Context, query, arg string) (*minichat.User, error) {
	u := new(minichat.User)
	found, err := r.row(ctx, query, []any{arg}, userFields(u)...)
	if err != nil {
		return nil, fmt.Errorf("get user: %w", err)
	}
	if !found {
		return nil, nil
	}
	return u, nil
}

// FindSkeleton returns the id of whose name looks like skeleton, "" for nobody.
func (r reads) FindSkeleton(ctx context.Context, skeleton string) (string, error) {
	var id string
	if _, err := r.row(ctx, `SELECT id FROM users WHERE skeleton = $1`, []any{skeleton}, &id); err != nil {
		return "", fmt.Errorf("find skeleton: %w", err)
	}
	return id, nil
}

// CountOwners counts the owners who are not disabled, and those of them who can
// sign in, for they are no bots.
func (r reads) CountOwners(ctx context.Context) (all, people int64, err error) {
	_, err = r.row(ctx, `SELECT COUNT(*), COALESCE(SUM(1 - bot), 0) FROM users WHERE role = 'owner' AND disabled = 0`, nil, &all, &people)
	if err != nil {
		return 0, 0, fmt.Errorf("count owners: %w", err)
	}
	return all, people, nil
}

// KeepAnOwner refuses a change of a user that would leave no owner, or none who
// can sign in: conflict.
func (tx *Tx) KeepAnOwner(ctx context.Context, was, is minichat.User) error {
	owns := func(u minichat.User) bool { return u.Role == minichat.Owner && !u.Disabled }
	if !owns(was) || owns(is) {
		return nil
	}
	all, people, err := tx.CountOwners(ctx)
	if err != nil || people > 1 || was.Bot && all > 1 {
		return err
	}
	return minichat.Errorf(minichat.Conflict, "This is the last owner. Make another owner first.")
}

// UserQuery chooses people. With IDs it is they; else a part of the directory.
type UserQuery struct {
	IDs      []string // at most 512
	Text     string   // part of handle or name, without regard to case
	After    string   // handle
	Limit    int      // 0: no limit
	Disabled bool     // also those who are disabled
}

// ListStrangers returns the ids of the guests who are in no room with user.
func (r reads) ListStrangers(ctx context.Context, user string) ([]string, error) {
	list, err := r.column(ctx, `SELECT u.id FROM users u WHERE u.role = '`+string(minichat.Guest)+`' AND u.disabled = 0 AND u.id <> $1 AND NOT EXISTS
		(SELECT 1 FROM members a JOIN members b ON b.room = a.room WHERE a.user_id = u.id AND b.user_id = $1)`, user)
	if err != nil {
		return nil, fmt.Errorf("list strangers: %w", err)
	}
	return list, nil
}

// ListUsers returns people by their handle. The lab's author is only among IDs.
func (r reads) ListUsers(ctx context.Context, q UserQuery) ([]minichat.User, error) {
	where, args := `u.id <> '`+minichat.LabUser+`' AND u.handle > $1`, []any{q.After}
	if q.IDs != nil {
		if len(q.IDs) == 0 {
			return nil, nil
		}
		where, args = oneOf("u.id", q.IDs[:min(len(q.IDs), maxList)], nil)
	}
	if q.Text != "" {
		args = append(args, "%"+escapeLike(fold(q.Text))+"%")
		where += ` AND u.folded LIKE $` + strconv.Itoa(len(args)) + ` ESCAPE '\'`
	}
	if !q.Disabled {
		where += ` AND u.disabled = 0`
	}
	if q.Limit > 0 {
		args = append(args, q.Limit)
		where += ` ORDER BY u.handle LIMIT $` + strconv.Itoa(len(args))
	} else {
		where += ` ORDER BY u.handle`
	}
	list, err := listOf(ctx, r, `SELECT `+userColumns+` FROM users u WHERE `+where, args, userFields)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return list, nil
}

// escapeLike makes s stand for itself in a LIKE with the escape \.
func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

// GetPassword returns the hash that SetPassword kept, "" for none.
func (r reads) GetPassword(ctx context.Context, user string) (string, error) {
	var hash string
	if _, err := r.row(ctx, `SELECT hash FROM passwords WHERE user_id = $1`, []any{user}, &hash); err != nil {
		return "", fmt.Errorf("get password: %w", err)
	}
	return hash, nil
}

// InsertUser adds a person with the hash of a password ("" for none). Conflict
// when the handle or a skeleton that is not "" is taken.
func (tx *Tx) InsertUser(ctx context.Context, u minichat.User, password, skeleton string) error {
	_, err := tx.exec(ctx, `INSERT INTO users
		(id, handle, name, folded, skeleton, color, avatar, role, bot, disabled, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		u.ID, u.Handle, u.Name, fold(u.Handle+" "+u.Name), orNull(skeleton), u.Color, u.Avatar, string(u.Role),
		truth(u.Bot), truth(u.Disabled), u.CreatedAt)
	if err == nil && password != "" {
		err = tx.SetPassword(ctx, u.ID, password)
	}
	if err != nil {
		return fmt.Errorf("insert user: %w", err)
	}
	return nil
}

// UpdateUser sets all but id, handle and the time of making. skeleton "" leaves
// the one there is.
func (tx *Tx) UpdateUser(ctx context.Context, u minichat.User, skeleton string) error {
	_, err := tx.exec(ctx, `UPDATE users SET name = $2, folded = $3, skeleton = COALESCE($4, skeleton), color = $5,
		avatar = $6, role = $7, bot = $8, disabled = $9 WHERE id = $1`,
		u.ID, u.Name, fold(u.Handle+" "+u.Name), orNull(skeleton), u.Color, u.Avatar, string(u.Role),
		truth(u.Bot), truth(u.Disabled))
	if err != nil {
		return fmt.Errorf("update user: %w", err)
	}
	return nil
}

// SetPassword keeps the hash of a password.
func (tx *Tx) SetPassword(ctx context.Context, user, hash string) error {
	_, err := tx.exec(ctx, `INSERT INTO passwords (user_id, hash) VALUES ($1, $2)
		ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash`, user, hash)
	if err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	return nil
}

// EnsureLab makes the row of the lab's author when there is none.
func (tx *Tx) EnsureLab(ctx context.Context) error {
	_, err := tx.exec(ctx, `INSERT INTO users (id, handle, name, folded, color, avatar, role, bot, disabled, created_at)
		VALUES ($1, $1, $2, $1, $3, '', $4, 0, 0, $5) ON CONFLICT (id) DO NOTHING`,
		minichat.LabUser, "Lab", minichat.ColorOf(minichat.LabUser), string(minichat.Guest), tx.Now())
	if err != nil {
		return fmt.Errorf("make the lab's author: %w", err)
	}
	return nil
}

// orNull keeps "" out of unique columns.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
