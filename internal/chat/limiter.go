package chat

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"minichat"
)

const limiterKeys = 10_000 // people whose tokens are counted at most

// limiter is one token bucket for each person.
type limiter struct {
	rate  rate.Limit
	burst int

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

// newLimiter makes one that lets everything pass when perSecond is 0.
func newLimiter(perSecond, burst int64) *limiter {
	return &limiter{rate: rate.Limit(perSecond), burst: int(max(1, burst)), buckets: map[string]*rate.Limiter{}}
}

// take takes a token of key, or says how long to wait, in ms.
func (l *limiter) take(key string, now time.Time) (wait int64) {
	if l.rate == 0 {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[key]
	if b == nil {
		if len(l.buckets) >= limiterKeys {
			l.shrink(now)
		}
		b = rate.NewLimiter(l.rate, l.burst)
		l.buckets[key] = b
	}
	if b.AllowN(now, 1) {
		return 0
	}
	missing := 1 - b.TokensAt(now)
	return max(1, int64(math.Ceil(missing/float64(l.rate)*1000)))
}

// shrink forgets the full buckets: a new one says the same.
func (l *limiter) shrink(now time.Time) {
	for key, b := range l.buckets {
		if b.TokensAt(now) >= float64(l.burst) {
			delete(l.buckets, key)
		}
	}
}

// allow counts one request against u's rate. The lab's people share one author
// and are counted at their entrance.
func (c *Chat) allow(u minichat.User) error {
	if u.ID == minichat.LabUser {
		return nil
	}
	wait := c.posts.take(u.ID, time.UnixMilli(c.now()))
	if wait == 0 {
		return nil
	}
	e := minichat.Errorf(minichat.RateLimited, "You are sending faster than this server allows. Wait a moment.")
	e.RetryMS = wait
	return e
}
