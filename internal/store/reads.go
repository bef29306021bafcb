package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// statements are prepared once per text and kept.
type statements struct {
	prepare func(context.Context, string) (*sql.Stmt, error)
	mu      sync.RWMutex
	byText  map[string]*statement
}

// statement is prepared. What its text names decides what a Tx does about what
// it keeps in memory: see memory.go.
type statement struct {
	*sql.Stmt
	ends   bool // may find where a room ends
	places bool // may, if it changes anything, change who is who and where
	parts  bool // may, if it changes anything, end somebody's access
}

func newStatements(prepare func(context.Context, string) (*sql.Stmt, error)) *statements {
	return &statements{prepare: prepare, byText: map[string]*statement{}}
}

func (s *statements) get(text string) (*statement, error) {
	s.mu.RLock()
	stmt := s.byText[text]
	s.mu.RUnlock()
	if stmt != nil {
		return stmt, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if stmt := s.byText[text]; stmt != nil {
		return stmt, nil
	}
	// A caller's context must not decide about what later callers share.
	made, err := s.prepare(context.Background(), text)
	if err != nil {
		return nil, err
	}
	stmt = &statement{Stmt: made, ends: namesRooms(text), places: namesPlaces(text), parts: endsAccess(text)}
	s.byText[text] = stmt
	return stmt, nil
}

// close closes all of them; the first error counts.
func (s *statements) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var first error
	for text, stmt := range s.byText {
		if err := stmt.Close(); err != nil && first == nil {
			first = err
		}
		delete(s.byText, text)
	}
	return first
}

// reads are the read methods, on the pool (Store) or inside a transaction (Tx).
type reads struct {
	st *statements
	d  dialect
	tx *Tx // nil outside a transaction

	readers *readers // nil inside a transaction

	mended bool // the caller mends what a statement says about the ends of rooms
}

// detach keeps a caller that gives up from breaking a transaction that it
// shares with others.
func (r reads) detach(ctx context.Context) context.Context {
	if r.tx != nil {
		return context.Background()
	}
	return ctx
}

// fail maps a database error to what may be told, and remembers it.
func (r reads) fail(err error) error {
	err = r.d.mapError(err)
	if r.tx != nil && r.tx.failed == nil {
		r.tx.failed = err
	}
	return err
}

// get returns the statement, and sees to it that it finds what the transaction
// still held in memory.
func (r reads) get(ctx context.Context, query string) (*statement, error) {
	stmt, err := r.st.get(query)
	if err == nil && r.tx != nil && stmt.ends && !r.mended {
		err = r.tx.settle(ctx)
	}
	return stmt, err
}

// row scans the one row of a query into dest; false when there is none.
func (r reads) row(ctx context.Context, query string, args []any, dest ...any) (bool, error) {
	if r.tx == nil {
		return r.ask(ctx, query, args, dest)
	}
	stmt, err := r.get(ctx, query)
	if err != nil {
		return false, r.fail(err)
	}
	err = stmt.QueryRowContext(r.detach(ctx), args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, r.fail(err)
	}
	return true, nil
}

// ask has the readers answer.
func (r reads) ask(ctx context.Context, query string, args, dest []any) (bool, error) {
	a := r.readers.ask()
	if err := a.set(ctx, query, args, len(dest)); err != nil {
		return false, err
	}
	if !r.readers.read(ctx, a) {
		return false, ctx.Err()
	}
	defer r.readers.forget(a)
	if a.err != nil {
		return false, r.d.mapError(a.err)
	}
	if !a.found {
		return false, nil
	}
	for i, value := range a.row {
		if err := assign(dest[i], value); err != nil {
			return false, fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return true, nil
}

// errStop ends rows early, without an error.
var errStop = errors.New("stop")

// rows calls scan for each row of a query until it returns an error or errStop.
func (r reads) rows(ctx context.Context, query string, args []any, scan func(*sql.Rows) error) error {
	stmt, err := r.get(ctx, query)
	if err != nil {
		return r.fail(err)
	}
	rows, err := stmt.QueryContext(r.detach(ctx), args...)
	if err != nil {
		return r.fail(err)
	}
	defer rows.Close() // its error is in rows.Err
	for rows.Next() {
		if err := scan(rows); err == errStop {
			return nil
		} else if err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return r.fail(err)
	}
	return nil
}

// listOf returns all rows of a query; fields are where the columns of one go.
func listOf[T any](ctx context.Context, r reads, query string, args []any, fields func(*T) []any) (list []T, err error) {
	err = r.rows(ctx, query, args, func(rows *sql.Rows) error {
		var one T
		if err := rows.Scan(fields(&one)...); err != nil {
			return err
		}
		list = append(list, one)
		return nil
	})
	return list, err
}

// column returns the first column of a query.
func (r reads) column(ctx context.Context, query string, args ...any) ([]string, error) {
	return listOf(ctx, r, query, args, func(s *string) []any { return []any{s} })
}

// oneOf writes "column IN ($n, …)" for a list that is not empty. Lists are
// padded to powers of two by repeating their last element, so that only a few
// texts of each query are ever prepared.
func oneOf(column string, list []string, args []any) (string, []any) {
	size := 1
	for size < len(list) {
		size *= 2
	}
	var b strings.Builder
	b.WriteString(column)
	b.WriteString(" IN (")
	for i := range size {
		if i > 0 {
			b.WriteByte(',')
		}
		args = append(args, list[min(i, len(list)-1)])
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(len(args)))
	}
	b.WriteByte(')')
	return b.String(), args
}

// maxList is how many elements of a list go into one query.
const maxList = 512
