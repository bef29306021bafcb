// Command bench puts MiniChat, whole and as people run it, beside what else can
// deliver a chat message on the same machine: the least that C can do, bare Go
// hubs, Centrifugo and its engine, the classroom original. Servers take turns
// within each round; what counts are ratios within a round. README.md in this
// folder tells how to run it and holds the figures.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// bench is one run: what was built, where, and what came of it.
type bench struct {
	dir     string // for programs and data; removed at the end
	labFile string // the classroom's server.py; "" if there is none here
	profile string // folder for CPU profiles of MiniChat; "" for none
	raw     io.Writer
	built   map[string]bool
	seed    *seed
	rows    []row
}

// row is one server under one scenario in one round.
type row struct {
	Scenario, Server string
	Round            int
	Result           result
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "inside" {
		exit(inside(os.Args[2:]))
	}
	rounds := flag.Int("rounds", 3, "rounds; each runs every server once under every scenario")
	only := flag.String("scenarios", strings.Join(names(), ","), "scenarios, comma separated")
	servers := flag.String("servers", "", "servers, comma separated; else those that each scenario names. All: "+strings.Join(serverNames(), ","))
	raw := flag.String("json", "", "append each result to this file")
	table := flag.String("table", "", "measure nothing: print the tables of such a file")
	lab := flag.String("lab", "../shared/bench/lab/server.py", "the classroom's server.py, which is not part of this project")
	dir := flag.String("dir", os.TempDir(), "where the scratch folder is made; must be a disk, not memory")
	keep := flag.String("keep", "", "a scratch folder that stays: what is built there already is used as it is")
	prof := flag.String("pprof", "", "write profiles of MiniChat to this folder (which runs with --debug-listen then)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if *table != "" {
		exit(printFile(*table))
	}
	b := &bench{profile: *prof, raw: io.Discard, dir: *keep}
	if _, err := os.Stat(*lab); err == nil {
		b.labFile = *lab
	} else {
		fmt.Fprintf(os.Stderr, "bench: %s is not here, so there will be no figures of the classroom original\n", *lab)
	}
	if *raw != "" {
		f, err := os.OpenFile(*raw, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			exit(err)
		}
		defer f.Close()
		b.raw = f
	}
	exit(b.run(ctx, *dir, *rounds, strings.Split(*only, ","), split(*servers)))
}

func split(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func (b *bench) run(ctx context.Context, dir string, rounds int, only, servers []string) (err error) {
	for _, name := range only {
		if !slices.Contains(names(), name) {
			return fmt.Errorf("no scenario %q; there are: %s", name, strings.Join(names(), " "))
		}
	}
	if b.dir != "" {
		if err := os.MkdirAll(b.dir, 0o700); err != nil {
			return err
		}
	} else if b.dir, err = os.MkdirTemp(dir, "minichat-bench-"); err != nil {
		return err
	} else {
		defer os.RemoveAll(b.dir)
	}
	if err := b.prepare(ctx, only, servers); err != nil {
		return err
	}
	for round := range rounds {
		for _, sc := range scenarios {
			if !slices.Contains(only, sc.name) {
				continue
			}
			for _, name := range sc.servers(servers) {
				if !b.built[name] || sc.rounds > 0 && round >= sc.rounds && name == "lab" {
					continue
				}
				r, err := b.once(ctx, sc, name)
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err != nil {
					fmt.Fprintf(os.Stderr, "bench: %s, %s, round %d: %v\n", sc.name, name, round+1, err)
					continue
				}
				b.note(row{sc.name, name, round + 1, *r})
			}
		}
	}
	printTables(os.Stdout, b.rows)
	return nil
}

func (b *bench) note(r row) {
	b.rows = append(b.rows, r)
	json.NewEncoder(b.raw).Encode(r)
}

func printFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	var rows []row
	for dec := json.NewDecoder(f); ; {
		var r row
		if err := dec.Decode(&r); err == io.EOF {
			break
		} else if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		rows = append(rows, r)
	}
	printTables(os.Stdout, rows)
	return nil
}
