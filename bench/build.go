package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// prepare builds the generator and the servers that are wanted, and fills a data
// folder. What cannot be built takes no part, and it is said why.
func (b *bench) prepare(ctx context.Context, only, servers []string) error {
	if err := b.goBuild(ctx, "chatload", "chatload"); err != nil {
		return err
	}
	wanted := []string{"minichat"}
	for _, sc := range scenarios {
		if slices.Contains(only, sc.name) {
			wanted = append(wanted, sc.servers(servers)...)
		}
	}
	b.built = map[string]bool{}
	done := map[string]error{}
	for _, name := range wanted {
		if b.built[name] {
			continue
		}
		c, err := contenderCalled(name)
		if err != nil {
			return err
		}
		if _, ok := done[c.builds]; !ok {
			done[c.builds] = builds[c.builds](b, ctx)
			if err := done[c.builds]; err != nil {
				fmt.Fprintf(os.Stderr, "bench: without %s: %v\n", name, err)
			}
		}
		b.built[name] = done[c.builds] == nil
	}
	if err := done["minichat"]; err != nil {
		return err
	}
	var err error
	b.seed, err = b.fill(ctx)
	return err
}

var builds = map[string]func(*bench, context.Context) error{
	"minichat":   (*bench).buildMinichat,
	"limits":     func(b *bench, ctx context.Context) error { return b.goBuild(ctx, "limits", "limits") },
	"centrifuge": func(b *bench, ctx context.Context) error { return b.goBuild(ctx, "centrifuge", "centrifuge") },
	"centrifugo": (*bench).buildCentrifugo,
	"c-epoll": func(b *bench, ctx context.Context) error {
		if b.has("bcast") {
			return nil
		}
		return output(exec.CommandContext(ctx, "cc", "-O2", "-o", filepath.Join(b.dir, "bcast"), "limits/c/bcast.c"), here())
	},
	"lab": func(b *bench, ctx context.Context) error {
		if b.labFile == "" {
			return errors.New("the classroom's server.py is not here")
		}
		abs, err := filepath.Abs(b.labFile)
		if err != nil {
			return err
		}
		b.labFile = abs
		return output(exec.CommandContext(ctx, "/usr/bin/python3", "-c", "import flask, gevent, geventwebsocket, flask_sockets, flask_cors, boto3"), "")
	},
}

// here is the folder of this program: the bench is run from the project's root
// or from its own folder.
func here() string {
	if st, err := os.Stat("bench/chatload"); err == nil && st.IsDir() {
		return "bench"
	}
	return "."
}

// has reports whether something was made in the scratch folder by an earlier run.
func (b *bench) has(name string) bool {
	_, err := os.Stat(filepath.Join(b.dir, name))
	return err == nil
}

func (b *bench) goBuild(ctx context.Context, module, name string) error {
	if b.has(name) {
		return nil
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(b.dir, name), ".")
	return output(cmd, filepath.Join(here(), module))
}

func (b *bench) buildMinichat(ctx context.Context) error {
	if b.has("minichat") {
		return nil
	}
	root, err := filepath.Abs(filepath.Join(here(), ".."))
	if here() == "bench" {
		root, err = filepath.Abs(".")
	}
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(b.dir, "minichat"), "./cmd/minichat")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	return errors.Join(output(cmd, root), b.makeCertificate())
}

func output(cmd *exec.Cmd, dir string) error {
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(cmd.Path), err, out)
	}
	return nil
}

// makeCertificate writes a certificate that lives as long as a run may.
func (b *bench) makeCertificate() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	t := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	cert, err1 := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	der, err2 := x509.MarshalECPrivateKey(key)
	return errors.Join(err1, err2,
		os.WriteFile(filepath.Join(b.dir, "cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600),
		os.WriteFile(filepath.Join(b.dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600))
}
