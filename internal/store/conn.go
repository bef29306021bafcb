package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
)

// conn is a connection that keeps the statements that the readers run on it.
type conn struct {
	driverConn
	kept map[string]stmt
}

// driverConn is what database/sql makes use of.
type driverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type stmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

func newConn(made driver.Conn) (*conn, error) {
	able, ok := made.(driverConn)
	if !ok {
		return nil, fmt.Errorf("the database's driver has too few methods: %T", made)
	}
	return &conn{driverConn: able, kept: map[string]stmt{}}, nil
}

// Close closes the statements, too.
func (c *conn) Close() error {
	var errs []error
	for _, st := range c.kept {
		errs = append(errs, st.Close())
	}
	clear(c.kept)
	return errors.Join(append(errs, c.driverConn.Close())...)
}

// get prepares a statement, once.
func (c *conn) get(query string) (stmt, error) {
	if st := c.kept[query]; st != nil {
		return st, nil
	}
	made, err := c.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	st, ok := made.(stmt)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the database's driver has too few methods: %T", made), made.Close())
	}
	c.kept[query] = st
	return st, nil
}

func (c *conn) exec(query string) error {
	st, err := c.get(query)
	if err == nil {
		_, err = st.ExecContext(context.Background(), nil)
	}
	return err
}

// answer answers all that was asked, in one transaction. It began after they
// asked: so each sees what was committed before.
func (c *conn) answer(batch []*ask) (err error) {
	answered := 0
	defer func() {
		if p := recover(); p != nil {
			answer(batch[answered:], fmt.Errorf("panic in a read: %v\n%s", p, debug.Stack()))
			err = driver.ErrBadConn
		}
	}()
	if len(batch) > 1 {
		if err := c.exec("BEGIN"); err != nil {
			answer(batch, err)
			return driver.ErrBadConn
		}
	}
	for _, a := range batch {
		if a.err = a.ctx.Err(); a.err == nil {
			a.found, a.err = c.row(a.query, a.args, a.row)
		}
		answered++
		a.done <- struct{}{}
	}
	if len(batch) > 1 && c.exec("COMMIT") != nil {
		return driver.ErrBadConn
	}
	return nil
}

// row reads the one row of a query; false when there is none.
func (c *conn) row(query string, args []driver.NamedValue, row []driver.Value) (found bool, err error) {
	st, err := c.get(query)
	if err != nil {
		return false, err
	}
	rows, err := st.QueryContext(context.Background(), args)
	if err != nil {
		return false, err
	}
	err = rows.Next(row)
	if end := rows.Close(); err == nil {
		err = end
	}
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	return err == nil, err
}
