// Command chatload puts the same chat load on different servers over loopback
// and reports what the server spent on it. One thread, epoll, one shared buffer,
// hand-rolled frames: it must cost less than what it measures. Linux only.
//
//	chatload fanout|idle|storm|acks|lone -dialect raw -addr 127.0.0.1:8000 -pid <server pid> ...
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type options struct {
	mode, addr, dialect  string
	pids                 []int
	n, rooms, senders    int
	rate                 float64
	window, payload, par int
	warm, dur, ping      time.Duration
	cores                float64
	label, json          string
	hold, tls            bool
	missed               int
	tokenFile, roomFile  string
	appendTo             string
	target               syscall.SockaddrInet4
	tokens, roomIDs      []string
}

func parseFlags(args []string) *options {
	o := &options{mode: args[0]}
	fs := flag.NewFlagSet(o.mode, flag.ExitOnError)
	pids := fs.String("pid", "", "server pid(s), comma separated; children are counted")
	fs.StringVar(&o.addr, "addr", "127.0.0.1:8000", "server (loopback only)")
	fs.StringVar(&o.dialect, "dialect", "raw", "protocol: raw, centrifugo or minichat")
	fs.IntVar(&o.n, "n", 1000, "connections in all")
	fs.IntVar(&o.rooms, "rooms", 1, "rooms; connections are spread evenly")
	fs.IntVar(&o.senders, "senders", 10, "senders in all (spread over the rooms)")
	fs.Float64Var(&o.rate, "rate", 50, "messages per second in all (open loop)")
	fs.IntVar(&o.window, "window", 0, "closed loop: messages a sender keeps out; overrides -rate")
	fs.DurationVar(&o.dur, "dur", 10*time.Second, "length of the measurement")
	fs.DurationVar(&o.warm, "warm", time.Second, "warm-up")
	fs.IntVar(&o.payload, "size", 100, "bytes of a message's text; in the raw dialect that is the frame")
	fs.IntVar(&o.par, "par", 256, "handshakes under way at once")
	fs.DurationVar(&o.ping, "ping", 25*time.Second, "idle: WebSocket ping by the client, 0 for none")
	fs.Float64Var(&o.cores, "srvcores", 1, "cores the server may use (pin it); only for the verdict")
	fs.StringVar(&o.label, "label", "", "name of the server in the output")
	fs.StringVar(&o.json, "json", "", "append the result to this file")
	fs.BoolVar(&o.hold, "hold", false, "idle: after measuring stay until stdin closes")
	fs.BoolVar(&o.tls, "tls", false, "idle: over TLS")
	fs.IntVar(&o.missed, "missed", 0, "storm: messages said while the others are away")
	fs.StringVar(&o.tokenFile, "tokens", "", "file of bearer tokens, one a line; connection i takes line i")
	fs.StringVar(&o.roomFile, "room-ids", "", "file of the rooms' names, one a line; r0, r1, … without it")
	fs.StringVar(&o.appendTo, "append", "", "lone: file of the bare append + fdatasync")
	fs.Parse(args[1:])
	for _, s := range strings.Split(*pids, ",") {
		if v, err := strconv.Atoi(s); err == nil {
			o.pids = append(o.pids, v)
		}
	}
	o.check()
	return o
}

func (o *options) check() {
	host, port, err := net.SplitHostPort(o.addr)
	ip := net.ParseIP(host).To4()
	if err != nil || ip == nil || !ip.IsLoopback() {
		fatal("only 127.x.x.x addresses are allowed")
	}
	o.target.Port, _ = strconv.Atoi(port)
	copy(o.target.Addr[:], ip)
	if dialects[o.dialect] == nil {
		fatal("no dialect " + o.dialect)
	}
	o.tokens, o.roomIDs = lines(o.tokenFile), lines(o.roomFile)
	var lim syscall.Rlimit
	syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim)
	lim.Cur = lim.Max
	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &lim)
	if uint64(o.n)+64 > lim.Cur {
		fatal(fmt.Sprintf("-n %d: only %d file descriptors a process here; run several", o.n, lim.Cur))
	}
}

func lines(file string) []string {
	if file == "" {
		return nil
	}
	b, err := os.ReadFile(file)
	must(err)
	return strings.Fields(string(b))
}

func main() {
	if len(os.Args) < 2 {
		fatal("usage: chatload fanout|idle|storm|acks|lone [flags]")
	}
	o := parseFlags(os.Args[1:])
	r := &result{Label: o.label, Mode: o.mode, Dialect: o.dialect, N: o.n, Rooms: o.rooms, Rate: o.rate, Window: o.window, Size: o.payload}
	if o.tls {
		idleTLS(o, r)
	} else {
		plain(o, r)
	}
	report(r)
	if o.json != "" {
		f, err := os.OpenFile(o.json, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		must(err)
		must(json.NewEncoder(f).Encode(r))
		must(f.Close())
	}
	if o.hold {
		os.Stdin.Read(make([]byte, 1))
	}
}

// plain runs a mode over plain TCP, on one thread and without collecting garbage.
func plain(o *options, r *result) {
	runtime.GOMAXPROCS(1)
	runtime.LockOSThread()
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(3 << 30)
	e := newEngine(dialects[o.dialect](), o.target, o.addr, o.n, o.payload)
	snd := e.people(o)
	r.Senders = len(snd)
	run := modes[o.mode]
	if run == nil {
		fatal("unknown mode " + o.mode)
	}
	run(e, o, r, snd)
	r.ClosedByServer = e.closed
	if e.closed > 0 && e.joinErr != nil {
		r.Verdict += "; connections were closed: " + e.joinErr.Error()
	}
	if e.refused != nil {
		r.Verdict = "REFUSED: " + e.refused.Error()
	}
	if o.hold {
		return
	}
	for i := range e.conns {
		e.drop(&e.conns[i], true)
	}
}

var modes = map[string]func(*engine, *options, *result, []int){
	"fanout": fanout, "idle": idle, "storm": storm, "acks": acks, "lone": lone,
}

// people gives each connection its room and token, and returns the senders.
func (e *engine) people(o *options) (snd []int) {
	each := max(1, o.senders/o.rooms) // senders per room
	if o.mode == "idle" {
		each = 0
	}
	for i := range e.conns {
		c := &e.conns[i]
		room := i % o.rooms
		c.m = o.member(i)
		if k := i / o.rooms; k < each {
			c.sender = int32(k)
			snd = append(snd, i)
		}
		c.last = make([]uint32, each)
		c.m.Room = room
	}
	return snd
}

// member is who connection i is.
func (o *options) member(i int) Member {
	room := i % o.rooms
	m := Member{Idx: i, Room: room, Name: "r" + strconv.Itoa(room), Watch: o.mode != "acks" && o.mode != "lone"}
	if room < len(o.roomIDs) {
		m.Name = o.roomIDs[room]
	}
	if len(o.tokens) > 0 {
		m.Token = o.tokens[i%len(o.tokens)]
	}
	return m
}

func must(err error) {
	if err != nil {
		fatal(err.Error())
	}
}

func fatal(s string) {
	fmt.Fprintln(os.Stderr, "chatload:", s)
	os.Exit(1)
}
