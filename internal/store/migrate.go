package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// migrate brings the schema up to what this program knows, and refuses one that
// is newer. Two processes may start at the same time: whoever comes second finds
// the work done.
func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return fmt.Errorf("find the migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	const tries = 3
	for try := 1; ; try++ {
		err := migrateOnce(ctx, db, p)
		if err == nil || try == tries || errors.As(err, new(*NewerSchemaError)) {
			return err
		}
	}
}

func migrateOnce(ctx context.Context, db *sql.DB, p *goose.Provider) error {
	sources := p.ListSources()
	known := sources[len(sources)-1].Version
	var there int64
	// Fails on an empty database; what else is wrong, Up says.
	err := db.QueryRowContext(ctx, `SELECT MAX(version_id) FROM goose_db_version`).Scan(&there)
	if err == nil && there == known {
		return nil
	}
	if err == nil && there > known {
		return &NewerSchemaError{there: there, known: known}
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bring the schema up to %d: %w", known, err)
	}
	return nil
}

// NewerSchemaError says that a newer program wrote the database, in a sentence for a person.
type NewerSchemaError struct{ there, known int64 }

func (e *NewerSchemaError) Error() string {
	return fmt.Sprintf("The database was written by a newer MiniChat (schema %d, this one knows %d). "+
		"Start the newer version, or restore a backup.", e.there, e.known)
}
