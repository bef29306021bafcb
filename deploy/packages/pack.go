package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb"
	"github.com/goreleaser/nfpm/v2/files"
	_ "github.com/goreleaser/nfpm/v2/rpm"
)

// installed is what the packages take from the checkout, besides the program.
var installed = []struct {
	from, to string
	mode     os.FileMode
	kind     string
}{
	{"deploy/volume/minichat-data", "/usr/lib/minichat/minichat-data", 0o755, files.TypeFile},
	{"deploy/packages/minichat-upgrade", "/usr/sbin/minichat-upgrade", 0o755, files.TypeFile},
	{"deploy/systemd/minichat.service", "/usr/lib/systemd/system/minichat.service", 0o644, files.TypeFile},
	{"deploy/systemd/minichat-data.service", "/usr/lib/systemd/system/minichat-data.service", 0o644, files.TypeFile},
	{"deploy/systemd/minichat.sysusers", "/usr/lib/sysusers.d/minichat.conf", 0o644, files.TypeFile},
	{"deploy/systemd/minichat.tmpfiles", "/usr/lib/tmpfiles.d/minichat.conf", 0o644, files.TypeFile},
	{"deploy/systemd/minichat.sysctl", "/usr/lib/sysctl.d/60-minichat.conf", 0o644, files.TypeFile},
	{"deploy/systemd/minichat.env", "/etc/minichat/minichat.env", 0o640, files.TypeConfigNoReplace},
}

// architectures are what the formats call them.
var architectures = map[string]map[string]string{
	"deb": {"amd64": "amd64", "arm64": "arm64"},
	"rpm": {"amd64": "x86_64", "arm64": "aarch64"},
}

// pack writes the deb or the rpm.
func (r *release) pack(t target, format string) error {
	dir, err := os.MkdirTemp("", "minichat-stage-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	contents, err := r.contents(t, dir)
	if err != nil {
		return err
	}
	packager, err := nfpm.Get(format)
	if err != nil {
		return err
	}
	scripts := filepath.Join(r.source, "deploy", "packages", "scripts")
	info := nfpm.WithDefaults(&nfpm.Info{
		Name: "minichat", Arch: t.arch, Platform: "linux", Version: r.version, Release: "1", MTime: r.at, DisableGlobbing: true,
		Section: "net", Priority: "optional", Maintainer: "MiniChat maintainers <minichat@localhost>", License: "MIT",
		Description: "Group chat with file sharing in one program\nRooms, direct conversations, files and a page for the browser, on a machine of your own.",
		Overridables: nfpm.Overridables{
			Depends: []string{"systemd", "e2fsprogs", "util-linux"}, Recommends: []string{"ca-certificates"}, Contents: contents,
			Scripts: nfpm.Scripts{
				PostInstall: filepath.Join(scripts, "postinstall"), PreRemove: filepath.Join(scripts, "preremove"), PostRemove: filepath.Join(scripts, "postremove"),
			},
			RPM: nfpm.RPM{BuildHost: "minichat", Summary: "Group chat with file sharing in one program", Packager: "MiniChat maintainers"},
			Deb: nfpm.Deb{Compression: "gzip"},
		},
	})
	if err := nfpm.PrepareForPackager(info, format); err != nil {
		return err
	}
	var body bytes.Buffer
	if err := packager.Package(info, &body); err != nil {
		return err
	}
	arch := architectures[format][t.arch]
	name := fmt.Sprintf("minichat_%s_%s.deb", r.version, arch)
	if format == "rpm" {
		name = fmt.Sprintf("minichat-%s-1.%s.rpm", r.version, arch)
	}
	return r.write(name, body.Bytes())
}

// contents lays out in dir what is made, and names it beside what is in the checkout.
func (r *release) contents(t target, dir string) (files.Contents, error) {
	info := func(mode os.FileMode) *files.ContentFileInfo {
		return &files.ContentFileInfo{Mode: mode, MTime: r.at, Owner: "root", Group: "root"}
	}
	list := files.Contents{{Source: r.programs[t], Destination: "/usr/bin/minichat", FileInfo: info(0o755)}}
	for _, f := range r.extras {
		to, body := "/usr/"+f.path, f.body
		if filepath.Ext(to) == ".1" {
			to, body = to+".gz", compressed(body)
		}
		from := filepath.Join(dir, filepath.Base(f.path)+"-"+filepath.Base(filepath.Dir(f.path)))
		if err := os.WriteFile(from, body, 0o600); err != nil {
			return nil, err
		}
		list = append(list, &files.Content{Source: from, Destination: to, FileInfo: info(f.mode)})
	}
	for _, f := range installed {
		list = append(list, &files.Content{Source: filepath.Join(r.source, filepath.FromSlash(f.from)), Destination: f.to, Type: f.kind, FileInfo: info(f.mode)})
	}
	return list, nil
}
