package bus

import "sync"

// Memory returns the bus of a single node. Subscribers are called in the order
// in which they subscribed, on the publisher's goroutine.
func Memory() Bus { return &memory{} }

type memory struct {
	mu     sync.RWMutex
	closed bool
	subs   []*subscriber
}

type subscriber struct{ fn func(Message) }

func (b *memory) Publish(m Message) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, s := range b.subs {
		s.fn(m)
	}
}

func (b *memory) Subscribe(fn func(Message)) (cancel func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := &subscriber{fn}
	if !b.closed {
		b.subs = append(b.subs, s)
	}
	return func() { b.remove(s) }
}

func (b *memory) remove(s *subscriber) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, x := range b.subs {
		if x == s {
			b.subs = append(b.subs[:i:i], b.subs[i+1:]...)
			return
		}
	}
}

func (b *memory) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed, b.subs = true, nil
	return nil
}
