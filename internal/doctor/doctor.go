// Package doctor looks at everything that a server stands on, with the server's
// own settings, and says of each thing whether it is in order, what was seen and
// how to mend it. It works beside a running server and without one, and takes
// back whatever it tries.
package doctor

import (
	"context"
	"crypto/x509"
	"fmt"
	"strings"
	"time"
	"unicode"

	"minichat/internal/config"
)

// Status is the outcome of one check.
type Status string

const (
	OK      Status = "ok"
	Warning Status = "warning" // works, but will hurt, or could not be judged
	Failing Status = "failing" // something that MiniChat promises does not work
)

// Finding is what one check found.
type Finding struct {
	ID     string `json:"id"` // never changes its meaning, docs/operations.md lists all
	Status Status `json:"status"`
	Seen   string `json:"seen"`
	Mend   string `json:"mend,omitempty"` // a command or a setting; "" when nothing is wrong
}

// Folder is what is known of the data folder's lock and marker.
type Folder struct {
	Marked  string // id of the database in the marker; "": none
	MarkErr error
	Held    bool   // somebody holds the lock
	PID     string // of who held it last
	Base    string // where that server was; "": a command held it
}

// Options of a Run.
type Options struct {
	Config *config.Config
	Folder Folder
	Idle   time.Duration // for how long a socket through the public address is left silent

	// Token makes a bearer token for a silence that is longer than a server waits
	// for a hello, and says how to end it. nil: such a silence cannot be tried.
	Token func(context.Context) (token string, end func() error, err error)

	// Backups says when the newest backup was taken, zero when there is none.
	Backups func(context.Context) (time.Time, error)

	Roots *x509.CertPool // whom to believe at the public address; nil: the system's

	Tell func(Finding) // called for each finding, as it is found
}

// visit is one Run: what the checks share.
type visit struct {
	Options
	facts  facts
	clocks []reading // of others
}

// groups is everything that is looked at, in order: a later group knows what an
// earlier one has seen.
var groups = []struct {
	limit time.Duration
	run   func(context.Context, *visit)
}{
	{time.Minute, checkDisk},
	{2 * time.Minute, checkDatabase},
	{10 * time.Second, checkSystem},
	{30 * time.Second, checkAddress},
	{10 * time.Second, checkTLS},
	{4 * time.Minute, checkOutside},
	{2 * time.Minute, checkBucket},
	{time.Minute, checkBackup},
	{10 * time.Second, checkClock},
}

// Run looks at everything and returns the findings.
func Run(ctx context.Context, o Options) []Finding {
	var found []Finding
	tell := o.Tell
	o.Tell = func(f Finding) {
		found = append(found, f)
		if tell != nil {
			tell(f)
		}
	}
	v := &visit{Options: o}
	for _, g := range groups {
		inner, cancel := context.WithTimeout(ctx, g.limit+o.Idle)
		g.run(inner, v)
		cancel()
		if ctx.Err() != nil {
			break
		}
	}
	return found
}

func (v *visit) ok(id, seen string, args ...any)         { v.add(id, OK, "", seen, args) }
func (v *visit) warn(id, mend, seen string, args ...any) { v.add(id, Warning, mend, seen, args) }
func (v *visit) fail(id, mend, seen string, args ...any) { v.add(id, Failing, mend, seen, args) }

// add tells of a finding, on one line whatever an error says.
func (v *visit) add(id string, status Status, mend, seen string, args []any) {
	v.Tell(Finding{ID: id, Status: status, Seen: line(fmt.Sprintf(seen, args...)), Mend: line(mend)})
}

// line makes one line of s, without what would steer a terminal.
func line(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// about is a time span for people.
func about(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + about(-d)
	case d < time.Millisecond:
		return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond))
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f minutes", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f hours", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}

// size is a number of bytes for people.
func size(n uint64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	}
	return fmt.Sprintf("%d MiB", n>>20)
}
