package auth

import (
	"sync"

	"minichat"
)

const (
	failureWindow = 60_000 // ms
	failureKeys   = 20_000 // accounts and addresses remembered at most
)

// failures counts failed sign-ins of the last minute, by account and by
// address. An attempt counts as failed until it is taken back, so that many at
// the same time cannot slip past.
type failures struct {
	mu   sync.Mutex
	seen map[string][]int64 // times, ascending
}

func newFailures() *failures { return &failures{seen: map[string][]int64{}} }

// add counts one attempt under key, or says how long to wait (ms) when there
// were limit of them within a minute. A limit of 0 lets everything pass.
func (f *failures) add(key string, limit, now int64) (wait int64) {
	if limit == 0 {
		return 0
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	times := recent(f.seen[key], now)
	if int64(len(times)) >= limit {
		f.seen[key] = times
		return max(1, times[0]+failureWindow-now)
	}
	if len(f.seen) >= failureKeys {
		f.shrink(now)
	}
	f.seen[key] = append(times, now)
	return 0
}

// undo takes back one attempt counted at the time at: it was no failure.
func (f *failures) undo(key string, at int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	times := f.seen[key]
	for i, t := range times {
		if t == at {
			times = append(times[:i], times[i+1:]...)
			break
		}
	}
	if len(times) == 0 {
		delete(f.seen, key)
		return
	}
	f.seen[key] = times
}

// shrink forgets what is over, and when nothing is, half of the keys: the
// memory stays bounded whatever is tried.
func (f *failures) shrink(now int64) {
	for key, times := range f.seen {
		if len(recent(times, now)) == 0 {
			delete(f.seen, key)
		}
	}
	for key := range f.seen {
		if len(f.seen) < failureKeys/2 {
			return
		}
		delete(f.seen, key)
	}
}

// recent is what counts of times now. One that is still to come, by more than calls
// at the same time differ, is of before the clock was put back.
func recent(times []int64, now int64) []int64 {
	for len(times) > 0 && (times[0] <= now-failureWindow || times[0] > now+1000) {
		times = times[1:]
	}
	return times
}

func errTooOften(wait int64) error {
	e := minichat.Errorf(minichat.RateLimited, "Too many failed attempts. Wait a minute and try again.")
	e.RetryMS = wait
	return e
}
