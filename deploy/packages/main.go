// Packages builds what MiniChat is handed out as: archives, deb, rpm, a
// container image, bills of materials and checksums. Nothing but the module
// cache is needed, and the same commit gives the same bytes.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// target is a system that the program is built for.
type target struct{ os, arch string }

func (t target) String() string { return t.os + "-" + t.arch }

var targets = []target{{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"}}

// release is one run of the builder.
type release struct {
	source  string // the top of the checkout
	out     string
	version string
	at      time.Time // of the commit: no file is younger

	programs map[target]string // where the compiled ones are
	extras   []file            // for every archive and package: manual, completions, licences
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: deploy/packages/build [VERSION [FOLDER]]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := build(ctx, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "packages:", err)
		os.Exit(1)
	}
}

// versions are those that deb, rpm and Go sort alike.
var versions = regexp.MustCompile(`^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[a-z0-9]+(\.[a-z0-9]+)*)?$`)

func build(ctx context.Context, version, out string) error {
	r, err := newRelease(ctx, version, out)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "minichat-packages-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := r.compile(ctx, dir, targets); err != nil {
		return err
	}
	return r.assemble(ctx)
}

func newRelease(ctx context.Context, version, out string) (*release, error) {
	if !versions.MatchString(version) {
		return nil, fmt.Errorf("%q is no version; use one such as 1.2.0 or 1.2.0-rc.1", version)
	}
	source, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return nil, err
	}
	r := &release{source: source, out: out, version: version, programs: map[target]string{}}
	if entries, err := os.ReadDir(out); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("the folder %s is not empty; what is in it would be taken for part of the release", out)
	}
	epoch := os.Getenv("SOURCE_DATE_EPOCH")
	if epoch == "" {
		b, err := exec.CommandContext(ctx, "git", "-C", source, "log", "-1", "--format=%ct").Output()
		if err != nil {
			return nil, fmt.Errorf("ask git when the commit was made: %w. Outside of a checkout, set SOURCE_DATE_EPOCH", err)
		}
		epoch = strings.TrimSpace(string(b))
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("SOURCE_DATE_EPOCH: %q is no number of seconds", epoch)
	}
	r.at = time.Unix(seconds, 0).UTC()
	return r, nil
}

// compile builds the program for each target into dir.
func (r *release) compile(ctx context.Context, dir string, targets []target) error {
	for _, t := range targets {
		name := filepath.Join(dir, t.String(), "minichat")
		if t.os == "windows" {
			name += ".exe"
		}
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false",
			"-ldflags", "-s -w -buildid= -X main.version="+r.version, "-o", name, "./cmd/minichat")
		cmd.Dir, cmd.Stderr = r.source, os.Stderr
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+t.os, "GOARCH="+t.arch,
			"GOFLAGS=-mod=readonly", "GOWORK=off", "GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=", "GOTOOLCHAIN=local")
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("build for %s: %w", t, err)
		}
		r.programs[t] = name
	}
	return nil
}

// assemble writes everything that is made of the programs.
func (r *release) assemble(ctx context.Context) error {
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	if err := r.findExtras(ctx); err != nil {
		return err
	}
	for t := range r.programs {
		err := errors.Join(r.archive(t), r.bill(t))
		if t.os == "linux" {
			err = errors.Join(err, r.pack(t, "deb"), r.pack(t, "rpm"))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
	}
	return errors.Join(r.image(), r.sums())
}

// findExtras asks the program itself for its manual and its completions.
func (r *release) findExtras(ctx context.Context) error {
	program, ok := r.programs[target{runtime.GOOS, runtime.GOARCH}]
	if !ok {
		return fmt.Errorf("no program was built that runs here (%s/%s)", runtime.GOOS, runtime.GOARCH)
	}
	for _, made := range []struct {
		path string
		args []string
	}{
		{"share/man/man1/minichat.1", []string{"man"}},
		{"share/bash-completion/completions/minichat", []string{"completion", "bash"}},
		{"share/zsh/vendor-completions/_minichat", []string{"completion", "zsh"}},
		{"share/fish/vendor_completions.d/minichat.fish", []string{"completion", "fish"}},
	} {
		body, err := exec.CommandContext(ctx, program, made.args...).Output()
		if err != nil {
			return fmt.Errorf("minichat %s: %w", strings.Join(made.args, " "), err)
		}
		r.extras = append(r.extras, file{made.path, 0o644, body})
	}
	licences, err := r.licences(ctx)
	r.extras = append(r.extras, file{"share/doc/minichat/copyright", 0o644, licences})
	return err
}
