package bench

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// Words tells the report to a person, with the notes behind it.
func (r *Report) Words() string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line := func(what, format string, args ...any) { fmt.Fprintf(t, "%s\t%s\n", what, fmt.Sprintf(format, args...)) }
	if r.Lone != (Latency{}) {
		line("One message by itself", "is on disk and answered after %s.", r.Lone)
	}
	if r.PostsPerSec > 0 {
		line("Messages at most", "%s a second are kept; each is answered after %s.", count(r.PostsPerSec), r.Posts)
	}
	if r.Deliver != (Latency{}) {
		line(fmt.Sprintf("A room of %d", r.Connections), "at %.3g messages a second: each has it after %s.", r.Rate, r.Deliver)
	}
	if r.DeliveredSec > 0 {
		line("Deliveries at most", "%s a second.", count(r.DeliveredSec))
	}
	if r.IdleBytes > 0 {
		line("A silent connection", "takes %.1f KB of the server's memory, and about 5 KB of the system's.", r.IdleBytes/1024)
	}
	t.Flush()
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "\n%s", n)
	}
	if len(r.Notes) > 0 {
		b.WriteByte('\n')
	}
	return b.String()
}

// String says it in words.
func (l Latency) String() string {
	return fmt.Sprintf("%s (99 of 100: %s)", brief(l.Median), brief(l.P99))
}

func brief(d time.Duration) string {
	ms := float64(d) / 1e6
	switch {
	case ms < 10:
		return fmt.Sprintf("%.2g ms", ms)
	case ms < 1000:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.1f s", ms/1000)
}

// count groups the digits of a large number by threes.
func count(v float64) string {
	s := fmt.Sprintf("%.0f", v)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
