package main

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"

	"minichat/internal/config"
)

// pair is a certificate with its key; new files are taken up without a restart.
type pair struct {
	cert, key string

	mu     sync.Mutex
	loaded *tls.Certificate
	at     time.Time // when the certificate's file was last changed
	looked time.Time
}

func loadPair(cfg *config.Config) (*pair, error) {
	p := &pair{cert: cfg.CertFile, key: cfg.KeyFile}
	if err := p.load(); err != nil {
		return nil, fmt.Errorf("--tls (MINICHAT_TLS): the certificate %s and the key %s do not work (%w); give two PEM files that belong together", p.cert, p.key, err)
	}
	return p, nil
}

func (p *pair) load() error {
	info, err := os.Stat(p.cert)
	if err != nil {
		return err
	}
	c, err := tls.LoadX509KeyPair(p.cert, p.key)
	if err != nil {
		return err
	}
	p.loaded, p.at = &c, info.ModTime()
	return nil
}

// get is asked for each handshake; it looks at the files every ten seconds and
// keeps the old pair while the new one is not whole.
func (p *pair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.looked) > 10*time.Second {
		p.looked = time.Now()
		if info, err := os.Stat(p.cert); err == nil && !info.ModTime().Equal(p.at) {
			_ = p.load() // half written: next time
		}
	}
	return p.loaded, nil
}
