//go:build !linux

package socket

import "errors"

// ring is a call that sends to many sockets, which only Linux has.
type ring struct{}

func newRing(uint32) (*ring, error) { return nil, errors.ErrUnsupported }

func (r *ring) send([]*Conn, []byte, []int32) error { return errors.ErrUnsupported }

func (r *ring) close() {}
