// Package protocol is the wire of docs/protocol.md, both ways: Decode reads
// what clients send, strictly, and the Append functions write what the server
// sends. It holds no rule about who may do what and does no I/O.
package protocol

// Subprotocol is the WebSocket subprotocol that a client must ask for.
const Subprotocol = "minichat.v1"

// Version is the v of a welcome.
const Version = 1

// MaxInt is the largest integer on the wire, 2^53-1: every language that reads
// JSON numbers as doubles holds it exactly.
const MaxInt = 1<<53 - 1

// MaxPull is the most events that one pull or page may ask for.
const MaxPull = 200

// DefaultPull is how many events a page holds when nobody asks.
const DefaultPull = 50
