package main

import (
	"fmt"
	"io"
)

// figure reads one number off a result; what is measured less is better.
type figure func(r *result) float64

func cpuPerDelivery(r *result) float64 { return r.SrvUsPerDeliv }
func servedMs(r *result) float64       { return r.ServedMs }
func rssPerConn(r *result) float64     { return r.RSSPerConn }

func own(name string) figure { return func(r *result) float64 { return r.Own[name] } }

// goal is one promise: at most so much, or so many times what another server
// needs in the same round.
type goal struct {
	what, scenario, unit string
	of                   figure
	against              string // "" for a bound of its own
	bound                float64
	atLeast              bool
}

var goals = []goal{
	{"CPU per delivery, 1,000 in one room, 20 messages/s", "f1k", "×", cpuPerDelivery, "c-epoll", 1.25, false},
	{"", "f1k", "×", cpuPerDelivery, "centrifuge-history", .5, false},
	{"the same room saturated", "f1k-full", "×", cpuPerDelivery, "c-epoll", 1.5, false},
	{"", "f1k-full", "×", cpuPerDelivery, "centrifuge-history", .15, false},
	{"", "f1k-full", "×", cpuPerDelivery, "centrifugo", .15, false},
	{"", "f1k-full", "×", cpuPerDelivery, "lab", 1. / 40, false},
	{"10,000 in one room, saturated", "f10k-full", "×", cpuPerDelivery, "c-epoll", 1.3, false},
	{"", "f10k-full", "×", cpuPerDelivery, "centrifuge-history", .1, false},
	{"", "f10k-full", "×", cpuPerDelivery, "centrifugo", .1, false},
	{"1,000 rooms of 10, saturated", "rooms", "×", cpuPerDelivery, "c-epoll", 2, false},
	{"", "rooms", "×", cpuPerDelivery, "centrifuge-history", .5, false},
	{"", "rooms", "×", cpuPerDelivery, "centrifugo", .5, false},
	{"memory per idle connection, plain TCP", "idle", "KB", rssPerConn, "", 1.5, false},
	{"memory per idle connection, TLS in the process", "idle-tls", "KB", rssPerConn, "", 14, false},
	{"memory at start, empty folder", "start", "MB", own("again MB"), "", 25, false},
	{"start to first answer", "start", "ms", own("again ms"), "", 100, false},
	{"binary, stripped", "start", "MB", own("binary MB"), "", 30, false},
	{"10,000 cut off, all back with resume, all served", "storm", "×", servedMs, "centrifuge-history", .5, false},
	{"", "storm", "×", servedMs, "centrifugo", .5, false},
	{"", "storm", "×", servedMs, "lab", 1. / 50, false},
	{"durable posts/s over the wire, of the same statements in the process", "posts", "×",
		func(r *result) float64 { return r.AcksPerSec / r.Own["inside posts/s"] }, "", .5, true},
	{"ack of a lone durable post, median, of a bare append + fdatasync", "lone", "×",
		func(r *result) float64 { return r.P50ms / r.AppendP50ms }, "", 3, false},
	{"ack of a lone durable post, p99", "lone", "ms", func(r *result) float64 { return r.P99ms }, "", 5, false},
	{"last 50 events of a room at 1,000,000 messages, p99", "last50", "ms", own("p99 ms"), "", 1, false},
	{"last 50 events of a room at 10,000,000 messages, p99", "last50-10m", "ms", own("p99 ms"), "", 2, false},
}

// subject is who the goals are about in a scenario.
func subject(scenario string) string {
	if scenario == "idle-tls" {
		return "minichat-tls"
	}
	return "minichat"
}

func printGoals(w io.Writer, t *tables) {
	fmt.Fprintln(w, "\n| what | goal | measured, median (lowest–highest) | held |\n|---|---|---|---|")
	for _, g := range goals {
		of := ""
		if g.against != "" {
			of = " of " + g.against
		}
		values := t.ratios(g.scenario, subject(g.scenario), g.against, g.of)
		if len(values) == 0 {
			continue
		}
		word, held := "at most ", median(values) <= g.bound
		if g.atLeast {
			word, held = "at least ", median(values) >= g.bound
		}
		answer := "yes"
		if !held {
			answer = "**no**"
		}
		fmt.Fprintf(w, "| %s | %s%s %s%s | %s %s | %s |\n", g.what, word, short(g.bound), g.unit, of, spread(values), g.unit, answer)
	}
}
