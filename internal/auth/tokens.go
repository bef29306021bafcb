package auth

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"minichat"
	"minichat/internal/store"
)

const (
	maxTokenName = 64  // letters
	maxTokens    = 100 // a person
)

// Token is a bearer token without its secret.
type Token struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	CreatedAt int64  `json:"created_at"`
	UsedAt    int64  `json:"used_at,omitempty"`
}

// Tokens lists the asker's bearer tokens.
func (a *Auth) Tokens(ctx context.Context, me Identity) ([]Token, error) {
	rows, err := a.st.ListTokens(ctx, me.User.ID)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	list := make([]Token, 0, len(rows))
	for _, t := range rows {
		list = append(list, Token{ID: t.ID, Name: t.Name, CreatedAt: t.CreatedAt, UsedAt: t.SeenAt})
	}
	return list, nil
}

// NewToken makes a bearer token of the asker. The secret is shown once.
func (a *Auth) NewToken(ctx context.Context, me Identity, name string) (id, secret string, err error) {
	return a.makeToken(ctx, me.User.ID, name)
}

func (a *Auth) makeToken(ctx context.Context, user, name string) (id, secret string, err error) {
	name, err = tokenName(name)
	if err != nil {
		return "", "", err
	}
	secret, hash := newSecret()
	row := store.Token{ID: minichat.NewID(22), User: user, Name: name, CreatedAt: a.now()}
	err = a.st.Write(ctx, func(tx *store.Tx) error {
		u, err := tx.GetUser(ctx, user)
		if err != nil {
			return fmt.Errorf("read the user: %w", err)
		}
		if u == nil || u.Disabled {
			return errUnauthenticated()
		}
		old, err := tx.ListTokens(ctx, user)
		if err != nil {
			return fmt.Errorf("list tokens: %w", err)
		}
		if len(old) >= maxTokens {
			return minichat.Errorf(minichat.TooMany, "There are already %d tokens. End one first.", maxTokens)
		}
		return tx.InsertToken(ctx, row, hash)
	})
	if err != nil {
		return "", "", fmt.Errorf("make a token: %w", err)
	}
	return row.ID, secret, nil
}

func tokenName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return "", minichat.FieldError(minichat.Empty, "name", "Give the token a name.")
	}
	if !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxTokenName {
		return "", minichat.FieldError(minichat.TooLong, "name", "A token's name has at most %d letters.", maxTokenName)
	}
	return minichat.CheckText("name", name, 4*maxTokenName)
}

// EndToken ends a bearer token of the asker at once, open sockets included.
func (a *Auth) EndToken(ctx context.Context, me Identity, id string) error {
	err := a.st.Write(ctx, func(tx *store.Tx) error {
		t, err := tx.GetToken(ctx, id)
		if err != nil {
			return fmt.Errorf("read the token: %w", err)
		}
		if t == nil || t.User != me.User.ID {
			return minichat.Errorf(minichat.NotFound, "There is no such token.")
		}
		_, err = tx.DeleteToken(ctx, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("end a token: %w", err)
	}
	a.publishEnd(me.User.ID, id, codeToken, "This token was ended.")
	return nil
}
