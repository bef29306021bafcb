package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// lookEvery is how often the files are compared with what is served.
const lookEvery = 5 * time.Second

// Files is a certificate with its key in two PEM files. New files are taken up
// when they are whole; until then the old pair goes on.
type Files struct {
	cert, key string
	log       *slog.Logger
	serving   atomic.Pointer[tls.Certificate]

	mu   sync.Mutex
	seen [2][]byte // what the files held when they were last judged
	due  time.Time // when they must be judged again, for they were not valid yet; zero: never

	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// OpenFiles reads the pair. host is what people call the server, "" when not
// known: a certificate that is not for it is served all the same, with a warning.
func OpenFiles(cert, key, host string, log *slog.Logger) (*Files, error) {
	f := &Files{cert: cert, key: key, log: log}
	pair, _, err := f.read()
	if err != nil {
		return nil, err
	}
	f.serving.Store(pair)
	if until := pair.Leaf.NotAfter; time.Now().After(until) {
		log.Error("the certificate has expired; browsers refuse it. Renew it, and the new files are taken up", "file", cert, "expired", date(until))
	}
	if err := pair.Leaf.VerifyHostname(host); host != "" && err != nil {
		log.Warn("the certificate is not for the host of --public-url; browsers refuse it there", "file", cert, "host", host, "err", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	f.cancel = cancel
	f.wg.Go(func() { f.look(ctx) })
	return f, nil
}

// read reads both files and judges them; changed is false when they are what
// was judged last, unless its time has come since.
func (f *Files) read() (pair *tls.Certificate, changed bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var now [2][]byte
	var missing error
	for i, name := range []string{f.cert, f.key} {
		if now[i], err = os.ReadFile(name); err != nil {
			missing, now[i] = err, []byte(err.Error()) // told once
		}
	}
	early := f.due.IsZero() || time.Now().Before(f.due)
	if early && bytes.Equal(now[0], f.seen[0]) && bytes.Equal(now[1], f.seen[1]) {
		return nil, false, nil
	}
	f.seen, f.due = now, time.Time{}
	if missing != nil {
		return nil, true, missing
	}
	made, err := tls.X509KeyPair(now[0], now[1])
	if err != nil {
		return nil, true, fmt.Errorf("%s and %s are not two PEM files that belong together: %w", f.cert, f.key, err)
	}
	if from := made.Leaf.NotBefore; time.Now().Before(from) {
		f.due = from
	}
	return &made, true, nil
}

// look takes up new files until ctx ends.
func (f *Files) look(ctx context.Context) {
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			f.Reload()
		}
	}
}

// Reload takes up the files now, if they have changed, and logs what came of it.
func (f *Files) Reload() {
	pair, changed, err := f.read()
	if !changed {
		return
	}
	until := f.Expires()
	if err == nil {
		err = useless(pair, until)
	}
	if err != nil {
		f.log.Error("the new certificate cannot be used; the old one goes on", "err", err, "until", date(until))
		return
	}
	f.serving.Store(pair)
	f.log.Info("a new certificate is served", "file", f.cert, "until", date(pair.Leaf.NotAfter))
}

// useless refuses a pair that browsers would refuse now, while the old one works.
func useless(pair *tls.Certificate, oldUntil time.Time) error {
	now := time.Now()
	switch {
	case now.After(oldUntil):
		return nil // nothing to lose
	case now.After(pair.Leaf.NotAfter):
		return fmt.Errorf("it expired on %s", date(pair.Leaf.NotAfter))
	case now.Before(pair.Leaf.NotBefore):
		return fmt.Errorf("it is valid from %s on", date(pair.Leaf.NotBefore))
	}
	return nil
}

// Config serves the pair that is the present one at each handshake.
func (f *Files) Config() *tls.Config {
	return config(func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return f.serving.Load(), nil })
}

// Expires is when the present certificate does.
func (f *Files) Expires() time.Time { return f.serving.Load().Leaf.NotAfter }

// Close ends the looking.
func (f *Files) Close() error {
	f.cancel()
	f.wg.Wait()
	return nil
}
