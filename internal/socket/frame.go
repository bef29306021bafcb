package socket

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// Opcodes of RFC 6455, section 5.2.
const (
	opContinue = 0x0
	opText     = 0x1
	opBinary   = 0x2
	opClose    = 0x8
	opPing     = 0x9
	opPong     = 0xA
)

const (
	maxControl = 125 // bytes of a control frame's payload
	maxHeader  = FrameOverhead + 4
	maxFrags   = 256 // frames of one message
)

// FrameOverhead is how many bytes a frame of ours takes beside its payload, at
// most; a peer's has four more, its mask.
const FrameOverhead = 10

// AppendText appends payload as one whole text frame, as a server sends it.
func AppendText(dst, payload []byte) []byte {
	dst = slices.Grow(dst, FrameOverhead+len(payload))
	return append(appendHeader(dst, opText, len(payload)), payload...)
}

func appendHeader(dst []byte, op byte, size int) []byte {
	dst = append(dst, 0x80|op)
	switch {
	case size <= 125:
		return append(dst, byte(size))
	case size <= 0xFFFF:
		return binary.BigEndian.AppendUint16(append(dst, 126), uint16(size))
	}
	return binary.BigEndian.AppendUint64(append(dst, 127), uint64(size))
}

func appendClose(dst []byte, code int, reason string) []byte {
	if code == 0 {
		return appendHeader(dst, opClose, 0)
	}
	reason = clip(reason, maxControl-2)
	dst = appendHeader(dst, opClose, 2+len(reason))
	dst = binary.BigEndian.AppendUint16(dst, uint16(code))
	return append(dst, reason...)
}

// clip cuts s to at most n bytes, at a rune's edge.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}

// header is what stands before a client's payload.
type header struct {
	op   byte
	fin  bool
	size int64
	key  uint32 // little-endian mask
}

func (h header) control() bool { return h.op >= opClose }

// parseHeader reads a header off b. n is its length, or 0 when b holds only a
// part of one; what can be judged of the part is judged.
func parseHeader(b []byte) (h header, n int, fail *violation) {
	if len(b) < 2 {
		return h, 0, nil
	}
	h.op, h.fin = b[0]&0x0F, b[0]&0x80 != 0
	short := b[1] & 0x7F
	if fail = checkHeader(b[0], b[1], h, short); fail != nil {
		return h, 0, fail
	}
	at := 2
	switch short {
	case 126:
		if len(b) < 4 {
			return h, 0, nil
		}
		h.size, at = int64(binary.BigEndian.Uint16(b[2:])), 4
	case 127:
		if len(b) < 10 {
			return h, 0, nil
		}
		size := binary.BigEndian.Uint64(b[2:])
		if size>>63 != 0 {
			return h, 0, errTooBig
		}
		h.size, at = int64(size), 10
	default:
		h.size = int64(short)
	}
	if at == 4 && h.size < 126 || at == 10 && h.size <= 0xFFFF {
		return h, 0, &violation{1002, "length not in its shortest form"}
	}
	if len(b) < at+4 {
		return h, 0, nil
	}
	h.key = binary.LittleEndian.Uint32(b[at:])
	return h, at + 4, nil
}

func checkHeader(b0, b1 byte, h header, short byte) *violation {
	switch {
	case b0&0x70 != 0:
		return &violation{1002, "reserved bit set"}
	case h.op == opBinary:
		return &violation{1003, "text frames only"}
	case h.op > opPong || h.op > opBinary && h.op < opClose:
		return &violation{1002, "unknown opcode"}
	case b1&0x80 == 0:
		return &violation{1002, "frame without mask"}
	case h.control() && (!h.fin || short > maxControl):
		return &violation{1002, "control frame too long or in parts"}
	}
	return nil
}

// frameSize is the length of the whole server frame that b begins with.
func frameSize(b []byte) int {
	switch short := int(b[1] & 0x7F); short {
	case 126:
		return 4 + int(binary.BigEndian.Uint16(b[2:]))
	case 127:
		return 10 + int(binary.BigEndian.Uint64(b[2:]))
	default:
		return 2 + short
	}
}

// unmask takes the mask off b, the part of a payload that begins at offset at.
func unmask(b []byte, key uint32, at int64) {
	key = bits.RotateLeft32(key, -8*int(at&3))
	wide := uint64(key)<<32 | uint64(key)
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^wide)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= byte(key >> (8 * (i & 3)))
	}
}

// validCode reports whether a peer may close with code (section 7.4).
func validCode(code int) bool {
	switch {
	case code >= 3000 && code <= 4999, code >= 1007 && code <= 1014, code >= 1000 && code <= 1003:
		return true
	}
	return false
}
