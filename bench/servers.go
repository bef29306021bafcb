package main

import (
	"fmt"
	"strings"
)

// contender is one server that can be put under load.
type contender struct {
	name, what string
	builds     string // what must be built for it: a key of builds
	dialect    string
	tokens     string // file of the scratch folder with a token for each person; "" where nobody signs in
	ourSize    bool   // raw frames as long as MiniChat's events, not 100 bytes
	command    string
}

// ADDR, PORT, DATA, BIN and LAB are filled in at the start. The limits on one
// person are lifted because a test sends in a second what a person does in a day.
const serveMinichat = "BIN/minichat serve --listen ADDR --data DATA --limit posts_per_second=0 --limit connections_per_user=0 --limit unanswered_requests=0 --limit unready_connections_per_address=0"

var contenders = []contender{
	{"minichat", "MiniChat whole: its wire, sign-in by token, SQLite on disk, fsync before ack", "minichat", "minichat", "tokens", false, serveMinichat},
	{"minichat-tls", "the same with TLS in the process", "minichat", "minichat", "tokens", false, serveMinichat + " --tls BIN/cert.pem,BIN/key.pem"},
	{"c-epoll", "plain C on epoll, frames as long as MiniChat's", "c-epoll", "raw", "", true, "BIN/bcast PORT"},
	{"c-epoll-100", "the same, frames of 100 bytes", "c-epoll", "raw", "", false, "BIN/bcast PORT"},
	{"hub", "a bare Go hub with a pause of 1 ms", "limits", "raw", "", true, "BIN/limits -impl hub -flush 1ms -addr ADDR"},
	{"epoll", "a raw epoll loop in Go", "limits", "raw", "", true, "BIN/limits -impl epoll -addr ADDR"},
	{"gorilla", "gorilla/websocket, prepared messages", "limits", "raw", "", true, "BIN/limits -impl gorilla -addr ADDR"},
	{"gorilla-chan", "gorilla/websocket, a queue and a writer per connection", "limits", "raw", "", true, "BIN/limits -impl gorilla-chan -addr ADDR"},
	{"coder", "coder/websocket", "limits", "raw", "", true, "BIN/limits -impl coder -addr ADDR"},
	{"gws", "lxzan/gws, Broadcaster", "limits", "raw", "", true, "BIN/limits -impl gws -addr ADDR"},
	{"gobwas", "gobwas/ws, compiled frames", "limits", "raw", "", true, "BIN/limits -impl gobwas -addr ADDR"},
	{"centrifuge", "Centrifugo's engine, JSON, no history", "centrifuge", "centrifugo", "", false, "BIN/centrifuge -addr ADDR"},
	{"centrifuge-history", "Centrifugo's engine, JSON, history in memory with recovery", "centrifuge", "centrifugo", "", false, "BIN/centrifuge -history -addr ADDR"},
	{"centrifugo", "Centrifugo whole: sign-in by JWT, JSON, history in memory with recovery", "centrifugo", "centrifugo", "jwts", false, "BIN/centrifugo -c BIN/centrifugo.json -a 127.0.0.1 -p PORT"},
	{"lab", "the classroom original (Flask, gevent)", "lab", "raw", "", false, "/usr/bin/python3 lab/run_lab.py LAB DATA/history.txt"},
}

// labPort is written in the classroom's file.
const labPort = 8000

func serverNames() []string {
	var list []string
	for _, c := range contenders {
		list = append(list, c.name)
	}
	return list
}

func contenderCalled(name string) (*contender, error) {
	for i := range contenders {
		if contenders[i].name == name {
			return &contenders[i], nil
		}
	}
	return nil, fmt.Errorf("no server %q; there are: %s", name, strings.Join(serverNames(), " "))
}

func (c *contender) args(b *bench, port int, data string) []string {
	return strings.Fields(strings.NewReplacer("BIN", b.dir, "ADDR", fmt.Sprintf("127.0.0.1:%d", port),
		"PORT", fmt.Sprint(port), "DATA", data, "LAB", b.labFile).Replace(c.command))
}
