package main

import "strings"

// scenario is one load. The generator's modes are in chatload.
type scenario struct {
	name, what string
	load       string                   // arguments of chatload; "" when the bench does it itself
	rooms      string                   // of the seed: one for all of so many, a room for each ten, …
	against    string                   // servers, when none are named
	rounds     int                      // in how many rounds the classroom original, which is slow, takes part; 0: all
	own        func(*bench) measurement // for MiniChat alone, without chatload
}

// anchors are the servers that the goals name.
const anchors = "c-epoll minichat centrifuge-history centrifugo c-epoll-100 hub"

var scenarios = []scenario{
	{name: "start", what: "start of MiniChat on an empty folder and on one with 10,000 people", against: "minichat", own: starts},
	{name: "f1k", what: "1,000 in one room, 20 messages/s from 10 of them: every message travels alone", rooms: "f1k",
		load: "fanout -n 1000 -senders 10 -rate 20 -dur 8s -warm 1s", against: anchors + " lab"},
	{name: "f1k-full", what: "the same room saturated: 10 senders with 8 messages outstanding each", rooms: "f1k",
		load: "fanout -n 1000 -senders 10 -window 8 -dur 4s -warm 1s", against: anchors + " lab"},
	{name: "f10k-full", what: "10,000 in one room, saturated: 10 messages outstanding", rooms: "f10k",
		load: "fanout -n 10000 -senders 10 -window 1 -dur 5s -warm 1s", against: anchors},
	{name: "rooms", what: "1,000 rooms of 10, saturated: one sender in each with 1 message outstanding", rooms: "rooms",
		load: "fanout -n 10000 -rooms 1000 -senders 1000 -window 1 -dur 4s -warm 1s", against: anchors},
	{name: "ten", what: "10 in one room, 20 messages/s: what a message takes that nothing delays", rooms: "f10",
		load: "fanout -n 10 -senders 10 -rate 20 -dur 5s -warm 1s", against: "c-epoll minichat hub"},
	{name: "ten-busy", what: "10 in one room, 500 messages/s: most come within a pause of the last", rooms: "f10",
		load: "fanout -n 10 -senders 10 -rate 500 -dur 5s -warm 1s", against: "c-epoll minichat hub"},
	{name: "idle", what: "10,000 in one room say nothing but pings", rooms: "f10k",
		load: "idle -n 10000 -dur 8s", against: "c-epoll minichat centrifuge-history centrifugo hub"},
	{name: "idle-tls", what: "the same over TLS in the process", rooms: "f10k",
		load: "idle -n 10000 -dur 4s -tls", against: "minichat-tls"},
	{name: "storm", what: "10,000 in one room are cut off and return at once; 5 messages were missed; until one more message has reached all", rooms: "f10k",
		load: "storm -n 10000 -senders 1 -par 4000 -missed 5", against: "c-epoll minichat centrifuge-history centrifugo hub lab", rounds: 1},
	{name: "posts", what: "64 connections with 8 posts outstanding each, in 16 rooms that nobody watches", rooms: "posts",
		load: "acks -n 64 -rooms 16 -window 8 -dur 5s -warm 1s", against: "minichat"},
	{name: "lone", what: "one post at a time, turn by turn with a bare append + fdatasync", rooms: "posts",
		load: "lone -n 1 -dur 4s", against: "minichat"},
	{name: "last50", what: "the last 50 events of one of 1,000 rooms, 1,000,000 messages in the store", against: "minichat", own: last50(1_000_000)},
	{name: "last50-10m", what: "the same with 10,000,000 messages", against: "minichat", own: last50(10_000_000)},
}

func names() []string {
	var list []string
	for _, s := range scenarios {
		list = append(list, s.name)
	}
	return list
}

// servers are those that were asked for, or else the scenario's own.
func (s *scenario) servers(asked []string) []string {
	if len(asked) > 0 && s.own == nil {
		return asked
	}
	return strings.Fields(s.against)
}
