package doctor

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"time"

	"minichat/internal/store"
)

// facts are what the database says, for the groups that come later.
type facts struct {
	id     string
	secret []byte // by which a server shows that it is of this database; nil: none yet
}

// wholeWithin is how long the pages of the database are read at most.
const wholeWithin = time.Minute

// checkDatabase looks at the database without changing it.
func checkDatabase(ctx context.Context, v *visit) {
	look, err := store.OpenLook(v.Config.Database)
	if errors.Is(err, fs.ErrNotExist) {
		if v.Folder.Marked == "" {
			v.ok("database.open", "none yet; the first start makes %s", v.Config.DatabaseFile())
		}
		return
	}
	const mend = "run as the user of the server; if the file is damaged, restore a backup: minichat restore"
	if err != nil {
		v.fail("database.open", mend, "%s cannot be looked at: %v", v.Config.DatabaseFile(), err)
		return
	}
	defer look.Close()
	f, err := look.Facts(ctx)
	if err != nil {
		v.fail("database.open", mend, "%s cannot be read: %v", v.Config.DatabaseFile(), err)
		return
	}
	v.facts.id = f.ID
	if v.facts.secret, err = look.Secret(ctx, store.ProofSecret); err != nil {
		v.warn("database.open", mend, "a setting cannot be read: %v", err)
	}
	v.ok("database.open", "%s, schema %d", v.Config.DatabaseFile(), f.Schema)
	checkBelongs(v, f.ID)
	checkSQLite(v, f)
	checkWhole(ctx, v, look)
}

func checkBelongs(v *visit, id string) {
	switch marked := v.Folder.Marked; {
	case marked == "" || marked == id:
		v.ok("database.id", "%s", id)
	default:
		v.fail("database.id", "mount the disk that belongs to this database, or use the folder that goes with it (--data, --database)",
			"the volume is marked for the database %s, this one is %s", marked, id)
	}
}

func checkSQLite(v *visit, f store.Facts) {
	if f.OldSQLite {
		v.fail("database.sqlite", "install a newer MiniChat", "SQLite %s in this program can lose what was written", f.SQLite)
	} else {
		v.ok("database.sqlite", "SQLite %s", f.SQLite)
	}
	switch {
	case f.Synchronous != "2":
		v.fail("database.sync", "install the MiniChat of its makers: this one does not wait for the disk", "a commit does not wait for the disk (synchronous is %s)", f.Synchronous)
	case f.Journal != "wal":
		v.warn("database.sync", "start the server: it sets the mode", "the journal is %q and not yet a write-ahead log", f.Journal)
	default:
		v.ok("database.sync", "write-ahead log, an fsync at each commit (WAL, FULL)")
	}
}

func checkWhole(ctx context.Context, v *visit, look *store.Look) {
	ctx, cancel := context.WithTimeout(ctx, wholeWithin)
	defer cancel()
	began := time.Now()
	faults, err := look.QuickCheck(ctx)
	switch {
	case ctx.Err() != nil:
		v.warn("database.whole", "look at a quiet hour: minichat verify", "reading all pages takes longer than %s; none of those read is broken", about(wholeWithin))
	case err != nil:
		v.fail("database.whole", "stop the server, keep a copy of the folder, restore a backup: minichat restore", "%v", err)
	case len(faults) > 0:
		v.fail("database.whole", "stop the server, keep a copy of the folder, restore a backup: minichat restore", "pages are broken: %s", strings.Join(faults, "; "))
	default:
		v.ok("database.whole", "all pages are in order (%s)", about(time.Since(began)))
	}
}
