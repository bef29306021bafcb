package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// tables is what was measured, by scenario, server and round.
type tables struct {
	rows map[string]map[string]map[int]*result
}

func collect(rows []row) *tables {
	t := &tables{rows: map[string]map[string]map[int]*result{}}
	for i := range rows {
		r := &rows[i]
		if t.rows[r.Scenario] == nil {
			t.rows[r.Scenario] = map[string]map[int]*result{}
		}
		if t.rows[r.Scenario][r.Server] == nil {
			t.rows[r.Scenario][r.Server] = map[int]*result{}
		}
		t.rows[r.Scenario][r.Server][r.Round] = &r.Result
	}
	return t
}

// values are a server's figures, a round each.
func (t *tables) values(scenario, server string, of figure) []float64 {
	return t.ratios(scenario, server, "", of)
}

// ratios are a server's figures divided by another's of the same round.
func (t *tables) ratios(scenario, server, against string, of figure) []float64 {
	var list []float64
	for round, r := range t.rows[scenario][server] {
		v := of(r)
		if against != "" {
			other := t.rows[scenario][against][round]
			if other == nil || other.void() || of(other) <= 0 {
				continue
			}
			v /= of(other)
		}
		if v > 0 && !r.void() {
			list = append(list, v)
		}
	}
	return list
}

// void reports whether something went wrong, so that no figure counts.
func (r *result) void() bool {
	for _, bad := range []string{"FAULTY", "REFUSED", "NOT"} {
		if strings.HasPrefix(r.Verdict, bad+" ") || strings.HasPrefix(r.Verdict, bad+":") {
			return true
		}
	}
	return false
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	if len(s) == 0 {
		return 0
	}
	if len(s)%2 == 0 {
		return (s[len(s)/2-1] + s[len(s)/2]) / 2
	}
	return s[len(s)/2]
}

// short writes a number with the two or three digits that count.
func short(v float64) string {
	digits := 3
	for x := v; x >= 10 && digits > 0; x /= 10 {
		digits--
	}
	for x := v; x > 0 && x < .1; x *= 10 {
		digits++
	}
	s := strconv.FormatFloat(v, 'f', min(max(digits-1, 0), 5), 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

func spread(v []float64) string {
	if len(v) == 0 {
		return "–"
	}
	if len(v) == 1 {
		return short(v[0])
	}
	return fmt.Sprintf("%s (%s–%s)", short(median(v)), short(slices.Min(v)), short(slices.Max(v)))
}

// column is one column of a scenario's table.
type column struct {
	head string
	of   figure
}

var columns = map[string][]column{
	"fanout": {{"CPU µs/delivery", cpuPerDelivery}, {"deliveries/s", func(r *result) float64 { return r.DelivPerSec }},
		{"bytes each", func(r *result) float64 { return r.BytesPerDeliv }}, {"deliveries a read", func(r *result) float64 { return r.DelivPerRead }},
		{"p50 ms", func(r *result) float64 { return r.P50ms }}, {"p99 ms", func(r *result) float64 { return r.P99ms }},
		{"generator's core", func(r *result) float64 { return r.GenCores }}},
	"idle": {{"KB RSS a connection", rssPerConn}, {"MB RSS before", func(r *result) float64 { return r.RSSKBBase / 1024 }},
		{"KB slab a connection, both ends", func(r *result) float64 { return r.SlabPerConn }},
		{"CPU µs to connect", func(r *result) float64 { return r.ConnCPUus }}, {"cores while idle", func(r *result) float64 { return r.IdleCores }}},
	"storm": {{"all served, ms", servedMs}, {"all connected, ms", func(r *result) float64 { return r.AllUpMs }},
		{"CPU µs a return", func(r *result) float64 { return r.UsPerReconnect }}, {"attempts that failed", func(r *result) float64 { return r.Retries }}},
	"acks": {{"acked/s", func(r *result) float64 { return r.AcksPerSec }}, {"CPU µs each", func(r *result) float64 { return r.SrvUsPerAck }},
		{"p50 ms", func(r *result) float64 { return r.P50ms }}, {"p99 ms", func(r *result) float64 { return r.P99ms }},
		{"posts a transaction", own("batch")}, {"in the process, posts/s", own("inside posts/s")}},
	"lone": {{"ack p50 ms", func(r *result) float64 { return r.P50ms }}, {"p99 ms", func(r *result) float64 { return r.P99ms }},
		{"append + fdatasync p50 ms", func(r *result) float64 { return r.AppendP50ms }}, {"p99 ms", func(r *result) float64 { return r.AppendP99ms }}},
}

func printTables(w io.Writer, rows []row) {
	t := collect(rows)
	printGoals(w, t)
	for _, sc := range scenarios {
		if t.rows[sc.name] == nil {
			continue
		}
		fmt.Fprintf(w, "\n**%s**: %s.", sc.name, sc.what)
		if sc.load != "" {
			fmt.Fprintf(w, " `chatload %s`", sc.load)
		}
		fmt.Fprint(w, "\n\n")
		if sc.own != nil {
			t.printOwn(w, sc)
			continue
		}
		t.printScenario(w, sc)
	}
}

func (t *tables) printScenario(w io.Writer, sc scenario) {
	mode, _, _ := strings.Cut(sc.load, " ")
	cols := columns[mode]
	fmt.Fprint(w, "| server |")
	for _, c := range cols {
		fmt.Fprintf(w, " %s |", c.head)
	}
	fmt.Fprintf(w, " MiniChat is |\n|%s\n", strings.Repeat("---|", len(cols)+2))
	for _, c := range contenders {
		if t.rows[sc.name][c.name] == nil {
			continue
		}
		fmt.Fprintf(w, "| %s |", c.name)
		for i, col := range cols {
			v := t.values(sc.name, c.name, col.of)
			if i == 0 {
				fmt.Fprintf(w, " %s |", spread(v))
			} else {
				fmt.Fprintf(w, " %s |", short(median(v)))
			}
		}
		fmt.Fprintf(w, " %s%s |\n", t.versus(sc.name, c.name, cols[0].of), t.faults(sc.name, c.name))
	}
}

func (t *tables) versus(scenario, server string, of figure) string {
	v := t.ratios(scenario, subject(scenario), server, of)
	if server == subject(scenario) || len(v) == 0 {
		return ""
	}
	return spread(v) + " ×"
}

// faults are the verdicts that void a figure.
func (t *tables) faults(scenario, server string) string {
	seen := map[string]bool{}
	for _, r := range t.rows[scenario][server] {
		if v := r.Verdict; r.void() || strings.Contains(v, ":") {
			head, _, _ := strings.Cut(v, ":")
			seen[strings.ToLower(head)] = true
		}
	}
	var list []string
	for v := range seen {
		list = append(list, v)
	}
	slices.Sort(list)
	if len(list) == 0 {
		return ""
	}
	return " " + strings.Join(list, ", ")
}

func (t *tables) printOwn(w io.Writer, sc scenario) {
	names := map[string]bool{}
	for _, r := range t.rows[sc.name]["minichat"] {
		for n := range r.Own {
			names[n] = true
		}
	}
	var sorted []string
	for n := range names {
		sorted = append(sorted, n)
	}
	slices.Sort(sorted)
	fmt.Fprintf(w, "| %s |\n|%s\n|", strings.Join(sorted, " | "), strings.Repeat("---|", len(sorted)))
	for _, n := range sorted {
		fmt.Fprintf(w, " %s |", spread(t.values(sc.name, "minichat", own(n))))
	}
	fmt.Fprintln(w)
}
