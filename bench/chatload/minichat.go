package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// minichat is MiniChat's own wire, subprotocol minichat.v1.
type minichat struct{ run string }

// runID keeps the keys of this run apart from those of any other.
func runID() string {
	return fmt.Sprintf("%012x", uint64(time.Now().UnixMilli())<<8^uint64(os.Getpid()))[:12]
}

func (minichat) Target(*Member) string  { return "/api/v1/socket" }
func (minichat) Headers(*Member) string { return "Sec-WebSocket-Protocol: minichat.v1\r\n" }

const (
	helloSaid = iota
	watchSaid
)

// Join says hello with the token, then watches; with a cursor hello does both.
func (minichat) Join(m *Member, in []byte) ([]byte, bool, error) {
	switch {
	case in == nil:
		m.Step, m.ID = helloSaid, max(m.ID, 2) // keys are never used again, on a new connection neither
		out := `{"type":"hello","n":1,"token":"` + m.Token + `","device":"chatload","rooms":false`
		if m.Cursor > 0 {
			m.Step = watchSaid
			out += `,"epoch":"` + m.Epoch + `","cursors":[["` + m.Name + `",` + strconv.FormatInt(m.Cursor, 10) + `,"` + m.LastID + `"]]`
		}
		return []byte(out + "}"), false, nil
	case isType(in, "error"), isType(in, "reset"), isType(in, "bye"):
		return nil, false, fmt.Errorf("minichat: %.200s", in)
	case isType(in, "welcome"):
		m.Epoch = field(in, `"epoch":"`)
		if !m.Watch {
			return nil, true, nil
		}
		if m.Step == helloSaid {
			m.Step = watchSaid
			return []byte(`{"type":"watch","n":2,"room":"` + m.Name + `"}`), false, nil
		}
	case isType(in, "synced"):
		return nil, true, nil
	}
	return nil, false, nil
}

// Publish writes a post whose key is of this run, connection and number.
func (d minichat) Publish(dst []byte, m *Member, body []byte) []byte {
	m.ID++
	dst = append(dst, `{"type":"post","n":`...)
	dst = strconv.AppendInt(dst, int64(m.ID), 10)
	dst = append(dst, `,"room":"`...)
	dst = append(dst, m.Name...)
	dst = append(dst, `","key":"`...)
	dst = append(dst, d.run...)
	n := len(dst)
	dst = append(dst, "00000000000000000000"...) // 32 characters with the run's 12
	digits(dst[n:n+8], int64(m.Idx))
	digits(dst[n+8:n+20], int64(m.ID))
	dst = append(dst, `","text":"`...)
	dst = append(dst, body...)
	return append(dst, `"}`...)
}

func (minichat) Control(_ *Member, in []byte) ([]byte, error) {
	if isType(in, "error") || isType(in, "bye") || isType(in, "gone") {
		return nil, fmt.Errorf("minichat: %.200s", in)
	}
	return nil, nil
}

const okStart = `{"type":"ok","n":`

func (minichat) Ack(in []byte) (int, bool) {
	if !bytes.HasPrefix(in, []byte(okStart)) {
		return 0, false
	}
	n, d := leadingNumber(in[len(okStart):])
	return int(n), d > 0
}

func (minichat) Remember(m *Member, in []byte) {
	m.Cursor = lastNumber(in, `"seq":`, m.Cursor)
	if i := bytes.LastIndex(in, []byte(`"seq":`)); i >= 0 {
		m.LastID = field(in[i:min(len(in), i+64)], `"id":"`)
	}
}

// isType reads the type, which MiniChat writes first.
func isType(in []byte, name string) bool {
	const start = `{"type":"`
	return len(in) > len(start)+len(name) && string(in[:len(start)]) == start &&
		string(in[len(start):len(start)+len(name)]) == name && in[len(start)+len(name)] == '"'
}
