package doctor

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Signatures are refused by a bucket when the clocks differ by a quarter of an
// hour; links that live a minute suffer before.
const (
	skewNoticed = 20 * time.Second
	skewHurts   = 3 * time.Minute
)

// reading is how far ahead of ours the clock of somebody else is.
type reading struct {
	of    string
	ahead time.Duration
}

// readClock notes the Date of an answer, which is only known to the second.
func (v *visit) readClock(of string, h http.Header, asked time.Time) {
	at, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	middle := asked.Add(time.Since(asked) / 2)
	v.clocks = append(v.clocks, reading{of, at.Add(500 * time.Millisecond).Sub(middle)})
}

// checkClock judges this machine's clock by what answered meanwhile. Nobody else
// is asked.
func checkClock(_ context.Context, v *visit) {
	if len(v.clocks) == 0 {
		v.ok("clock", "nobody to compare it with: there is no bucket and no --public-url that answers")
		return
	}
	var worst time.Duration
	var seen []string
	said := map[string]bool{}
	for _, r := range v.clocks {
		if d := r.ahead.Abs(); d > worst {
			worst = d
		}
		if !said[r.of] {
			said[r.of] = true
			seen = append(seen, fmt.Sprintf("that of %s is %s", r.of, apart(r.ahead)))
		}
	}
	const mend = "let this machine keep the time: timedatectl set-ntp true (chrony or systemd-timesyncd)"
	text := strings.Join(seen, ", ")
	switch {
	case worst > skewHurts:
		v.fail("clock", mend, "the clocks differ: %s. Messages get wrong times, and a bucket may refuse what is signed", text)
	case worst > skewNoticed:
		v.warn("clock", mend, "the clocks differ: %s", text)
	default:
		v.ok("clock", "%s", text)
	}
}

func apart(ahead time.Duration) string {
	switch {
	case ahead.Abs() < 2*time.Second:
		return "the same"
	case ahead > 0:
		return about(ahead) + " ahead"
	}
	return about(-ahead) + " behind"
}
