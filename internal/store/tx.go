package store

import (
	"context"

	"minichat"
)

// Tx is the transaction that fn of Write runs in. Its reads see what was
// written before in the same transaction, by other calls too. It ends with fn.
type Tx struct {
	reads
	now    func() int64
	events []*minichat.Event // appended, for OnCommit
	memory memory

	parted bool // somebody's access may have ended
	wiped  bool // something was deleted for good

	// Of the call whose fn runs now:
	wrote  bool
	failed error // the first statement that failed: the transaction cannot go on
}

// newTx begins with what the transactions before it remembered.
func newTx(st *statements, d dialect, now func() int64, m memory) *Tx {
	if len(m.ends) > remembered {
		m.clear() // the places, too: their heads stand in ends
	}
	tx := &Tx{now: now, reads: reads{st: st, d: d}, memory: m}
	tx.reads.tx = tx
	return tx
}

// Now is the server's clock, in milliseconds since 1970 UTC.
func (tx *Tx) Now() int64 { return tx.now() }

// exec runs a statement that changes rows and returns how many it changed.
func (tx *Tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	stmt, err := tx.get(ctx, query)
	if err != nil {
		return 0, tx.fail(err)
	}
	if stmt.places {
		if err := tx.forget(ctx); err != nil {
			return 0, tx.fail(err)
		}
	}
	return tx.run(ctx, stmt, args)
}

// execKept is exec for a statement after which the memory is as true as before,
// or is mended by the caller.
func (tx *Tx) execKept(ctx context.Context, query string, args ...any) (int64, error) {
	stmt, err := tx.st.get(query)
	if err != nil {
		return 0, tx.fail(err)
	}
	return tx.run(ctx, stmt, args)
}

func (tx *Tx) run(ctx context.Context, stmt *statement, args []any) (int64, error) {
	result, err := stmt.ExecContext(tx.detach(ctx), args...)
	if err != nil {
		return 0, tx.fail(err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, tx.fail(err)
	}
	tx.wrote = tx.wrote || n > 0
	tx.parted = tx.parted || n > 0 && stmt.parts
	return n, nil
}

// returning runs a statement that changes at most one row and returns of it.
// The statement must not be one that names places.
func (tx *Tx) returning(ctx context.Context, query string, args []any, dest ...any) (bool, error) {
	changed, err := tx.row(ctx, query, args, dest...)
	tx.wrote = tx.wrote || changed
	return changed, err
}
