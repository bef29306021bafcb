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
	wrote  bool              // any call of the batch did
}

// Now is the server's clock, in milliseconds since 1970 UTC.
func (tx *Tx) Now() int64 { return tx.now() }

// exec runs a statement that changes rows and returns how many it changed.
func (tx *Tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	stmt, err := tx.st.get(query)
	if err != nil {
		return 0, tx.fail(err)
	}
	result, err := stmt.ExecContext(tx.detach(ctx), args...)
	if err != nil {
		return 0, tx.fail(err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, tx.fail(err)
	}
	tx.run.wrote = tx.run.wrote || n > 0
	return n, nil
}

// returning runs a statement that changes at most one row and returns of it.
func (tx *Tx) returning(ctx context.Context, query string, args []any, dest ...any) (bool, error) {
	changed, err := tx.row(ctx, query, args, dest...)
	tx.run.wrote = tx.run.wrote || changed
	return changed, err
}
